"""Example photos, made at start from photographs that scikit-image ships, through our own degradations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from iqa import damage
from iqa.samples import PHOTOGRAPHS, photograph

Damages = tuple[tuple[str, float], ...]
SEED = 20261121


@dataclass(frozen=True)
class Example:
    """Something to click on: a caption, one file (several for a burst), and the picture that stands for it."""

    caption: str
    files: tuple[str, ...]
    thumbnail: str


@dataclass(frozen=True)
class Examples:
    """The examples of each tab."""

    burst: tuple[Example, ...]
    blur: tuple[Example, ...]
    degradations: tuple[Example, ...]
    lowlight: tuple[Example, ...]


TOO_CLOSE = "too close to call"
"""Words of the caption of a burst without a clear best frame."""

BURSTS: tuple[tuple[str, str, tuple[Damages, ...]], ...] = (
    (
        "Coffee: shaken, soft, dark, noisy",
        "coffee",
        (
            (("shake", 0.35),),
            (("noise", 0.45),),
            (),
            (("defocus", 0.3),),
            (("underexposure", 0.45),),
            (("motion", 0.4),),
        ),
    ),
    (
        "Cat: soft, shaken, too bright",
        "cat",
        ((("defocus", 0.5),), (("defocus", 0.25),), (), (("motion", 0.3),), (("overexposure", 0.6),)),
    ),
    (f"Motorcycle: {TOO_CLOSE}", "motorcycle", ((), (("noise", 0.02),), (("shake", 0.5),))),
)
BLURS: tuple[tuple[str, str, str, Damages], ...] = (
    ("Sharp", "sharp", "motorcycle", ()),
    ("All out of focus", "defocused_blurred", "astronaut", (("defocus", 0.9),)),
    ("Motion", "motion_blurred", "coffee", (("motion", 0.7),)),
    ("Sharp, in the dark", "sharp", "rocket", ()),
    ("Motion, strong", "motion_blurred", "cat", (("motion", 1.0),)),
    ("Subject out of focus", "defocused_object_portrait", "astronaut", (("subject_defocus", 0.8),)),
)
"""Caption, the type that it names, photograph, damages."""
DEGRADATIONS: tuple[tuple[str, str, str, Damages], ...] = (
    ("Clean", "", "motorcycle", ()),
    ("Color cast", "color_cast", "motorcycle", (("color_cast", 1.0),)),
    ("Watermark", "watermark", "cat", (("watermark", 0.9),)),
    ("Noise", "noise", "astronaut", (("noise", 0.7),)),
    ("Overexposed", "exposure", "cat", (("overexposure", 0.8),)),
    ("Compressed", "compression", "astronaut", (("compression", 0.9),)),
    ("Out of focus", "blurriness", "motorcycle", (("defocus", 0.8),)),
)
"""Caption, the degradation that it names, photograph, damages."""
LOWLIGHT: tuple[tuple[str, bool, str, Damages], ...] = (
    ("Coffee, far too dark", True, "coffee", (("underexposure", 0.65),)),
    ("Dark and noisy", True, "astronaut", (("underexposure", 0.6), ("noise", 0.12))),
    ("Motorcycle in the dark", True, "motorcycle", (("underexposure", 0.7),)),
    ("Night launch, left alone", False, "rocket", ()),
    ("Does not need it", False, "cat", ()),
)
"""Caption, whether it needs it, photograph, damages."""


def make(folder: Path) -> Examples:
    """The examples of all tabs, written as JPEG files under the folder.

    Args:
        folder: private and temporary; created by the caller, who removes it.

    Raises:
        ModuleNotFoundError: scikit-image is not installed.
    """
    sources = {name: photograph(name) for name in PHOTOGRAPHS}

    def write(name: str, damages: Damages, stem: str) -> str:
        rng = np.random.default_rng([SEED, len(damages), sum(stem.encode())])
        picture = sources[name]
        for kind, severity in damages:
            picture = damage.apply(kind, picture, severity, rng)
        path = folder / f"{stem}.jpg"
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        return str(path)

    def singles(tab: str, rows: Sequence[tuple[str, Any, str, Damages]]) -> tuple[Example, ...]:
        files = [write(name, damages, f"{tab}_{i}_{name}") for i, (*_, name, damages) in enumerate(rows, 1)]
        return tuple(Example(row[0], (file,), file) for row, file in zip(rows, files, strict=True))

    bursts = []
    for caption, name, frames in BURSTS:
        files = tuple(write(name, damages, f"{name}_{i}") for i, damages in enumerate(frames, 1))
        bursts.append(Example(f"{caption} ({len(files)} frames)", files, files[frames.index(())]))
    return Examples(tuple(bursts), singles("blur", BLURS), singles("degraded", DEGRADATIONS), singles("dark", LOWLIGHT))
