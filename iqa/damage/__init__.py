"""Synthetic degradations: pure functions (image, severity, rng) -> image, one table.

Sizes are relative to the frame (to the root of its pixel count), so that one severity looks the same on every copy of a
photo. Optical and sensor effects act in linear light.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import ArgumentError, UnknownNameError
from .codec import compression, compression_webp, jpeg_quality, saved
from .color import CAST_STRENGTH, cast_gains, color_cast, light_gains
from .frame import Picture, frame_size
from .marks import LAYOUTS, Mark, blend, place, watermark
from .optics import DEFOCUS_RADIUS, MOTION_LENGTH, defocus, motion, polygon_defocus, shake, subject_defocus
from .sensor import READ_NOISE, SHOT_NOISE, STOPS_OVER, STOPS_UNDER, noise, overexposure, underexposure
from .stamps import CONTENTS

__all__ = [
    "CAST_STRENGTH",
    "CONTENTS",
    "DAMAGES",
    "DEFOCUS_RADIUS",
    "LAYOUTS",
    "MOTION_LENGTH",
    "READ_NOISE",
    "SHOT_NOISE",
    "STOPS_OVER",
    "STOPS_UNDER",
    "Damage",
    "Mark",
    "Picture",
    "apply",
    "blend",
    "cast_gains",
    "frame_size",
    "jpeg_quality",
    "light_gains",
    "place",
    "saved",
]


@dataclass(frozen=True)
class Damage:
    """A row of the table: name, function, and what a severity of 1 means."""

    name: str
    function: Callable[[Picture, float, np.random.Generator], Picture]
    meaning: str


def apply(name: str, image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """The picture with one damage of the table.

    Args:
        name: a key of DAMAGES.
        image: RGB uint8 (H, W, 3); not modified.
        severity: [0, 1]; 0 returns a copy of the input exactly, 1 is what the row's meaning says.
        rng: source of everything random (angle, grain, place). The same state gives the same defect at every severity.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        UnknownNameError: no such damage. ArgumentError: severity outside [0, 1], or a picture that a codec cannot hold.
    """
    if name not in DAMAGES:
        raise UnknownNameError("damage", name, DAMAGES)
    if not 0.0 <= severity <= 1.0:
        raise ArgumentError(f"Severity {severity} is outside [0, 1]; 0 is none, 1 is the strongest.")
    return image.copy() if severity == 0.0 else DAMAGES[name].function(image, severity, rng)


DAMAGES: dict[str, Damage] = {
    row.name: row
    for row in (
        Damage("defocus", defocus, "circle of confusion of 1.2 % of the frame's size in radius"),
        Damage("polygon_defocus", polygon_defocus, "the same area of confusion, shaped by 5 to 9 blades"),
        Damage("subject_defocus", subject_defocus, "defocus on the middle of the frame only"),
        Damage("motion", motion, "smear of 5 % of the frame's size"),
        Damage("shake", shake, "random path 5 % of the frame's size long"),
        Damage("noise", noise, "shot noise of 0.14 of full scale at white, read noise of 0.02, in linear light"),
        Damage("underexposure", underexposure, "4.5 stops too dark"),
        Damage("overexposure", overexposure, "3 stops too bright"),
        Damage("color_cast", color_cast, "log gains 0.64 from grey: such as daylight of 4,200 K taken for 6,500 K"),
        Damage("compression", compression, "JPEG quality 4"),
        Damage("compression_webp", compression_webp, "WebP quality 0"),
        Damage("watermark", watermark, "opacity of 0.8"),
    )
}
