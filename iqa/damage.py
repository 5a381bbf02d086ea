"""Synthetic degradations: pure functions (image, severity, rng) -> image, one table.

Sizes are relative to the frame (to the root of its pixel count), so that one severity looks the same on every copy of a
photo. Optical and sensor effects act in linear light.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from . import psf
from .errors import ArgumentError, UnknownNameError
from .srgb import from_linear, to_linear

Picture = NDArray[np.uint8]

DEFOCUS_RADIUS = 0.012  # of the frame's size, at severity 1
MOTION_LENGTH = 0.05
SHOT_NOISE = 0.02  # variance per unit of linear light, at severity 1
READ_NOISE = 0.02  # standard deviation in linear light, at severity 1
STOPS_UNDER = 4.5
STOPS_OVER = 3.0
CAST_GAIN = 0.9  # largest difference of two channel gains, natural logarithm
WATERMARK_WORDS = ("SAMPLE", "PREVIEW", "© PHOTO", "PROOF", "DRAFT", "DO NOT COPY")


@dataclass(frozen=True)
class Damage:
    """A row of the table: name, function, and what a severity of 1 means."""

    name: str
    function: Callable[[Picture, float, np.random.Generator], Picture]
    meaning: str


def frame_size(image: Picture) -> float:
    """Root of the pixel count: the length, in pixels, that relative sizes refer to."""
    return float(np.sqrt(image.shape[0] * image.shape[1]))


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
        UnknownNameError: no such damage. ArgumentError: severity outside [0, 1].
    """
    if name not in DAMAGES:
        raise UnknownNameError("damage", name, DAMAGES)
    if not 0.0 <= severity <= 1.0:
        raise ArgumentError(f"Severity {severity} is outside [0, 1]; 0 is none, 1 is the strongest.")
    return image.copy() if severity == 0.0 else DAMAGES[name].function(image, severity, rng)


def defocus(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Lens out of focus: the whole frame spread by a disc."""
    return from_linear(psf.convolve(to_linear(image), psf.disc(severity * DEFOCUS_RADIUS * frame_size(image))))


def subject_defocus(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Focus behind the subject: an ellipse in the middle is soft, the background stays as it was."""
    height, width = image.shape[:2]
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    inside = np.clip((1.0 - np.hypot(x / 0.62, y / 0.85)) / 0.15, 0.0, 1.0).astype(np.float32)[..., None]
    light = to_linear(image)
    soft = psf.convolve(light, psf.disc(severity * DEFOCUS_RADIUS * frame_size(image)))
    return from_linear(inside * soft + (1.0 - inside) * light)


def motion(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Steady movement in a random direction."""
    kernel = psf.line(severity * MOTION_LENGTH * frame_size(image), float(rng.uniform(0.0, 180.0)))
    return from_linear(psf.convolve(to_linear(image), kernel))


def shake(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Unsteady hand: the frame spread along a random path."""
    return from_linear(psf.convolve(to_linear(image), psf.shake(severity * MOTION_LENGTH * frame_size(image), rng)))


def noise(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Sensor noise: Poisson-Gaussian in linear light.

    Reference: Foi, Trimeche, Katkovnik and Egiazarian 2008, doi:10.1109/TIP.2008.2001399.
    """
    light = to_linear(image)
    sigma = severity * np.sqrt(SHOT_NOISE * light + READ_NOISE**2)
    return from_linear(light + sigma * rng.standard_normal(light.shape, dtype=np.float32))


def underexposure(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Too little light: fewer stops, as a shorter exposure gives."""
    return from_linear(to_linear(image) * np.float32(2.0 ** (-STOPS_UNDER * severity)))


def overexposure(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Too much light: more stops, highlights clip."""
    return from_linear(to_linear(image) * np.float32(2.0 ** (STOPS_OVER * severity)))


def color_cast(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Wrong white balance: gains per channel, along or off the daylight locus, luminance about kept."""
    warmth, tint = rng.choice((-1.0, 1.0)), float(rng.normal(scale=0.35))
    gains = np.exp(0.5 * CAST_GAIN * severity * np.array([warmth, tint, -warmth])).astype(np.float32)
    gains = gains / np.float32(gains @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32))
    return from_linear(to_linear(image) * gains)


def compression(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """JPEG at a quality from 90 (severity just above 0) down to 4, chroma halved."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=round(90 - 86 * severity), subsampling="4:2:0")
    return np.asarray(Image.open(buffer).convert("RGB"))


def watermark(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """A translucent text, in a corner, across the middle or tiled; severity is its opacity and size."""
    height, width = image.shape[:2]
    layer = Image.new("L", (width, height), 0)
    size = frame_size(image) * (0.035 + 0.06 * severity)
    font = ImageFont.load_default(max(6.0, size))
    draw, text = ImageDraw.Draw(layer), str(rng.choice(WATERMARK_WORDS))
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    room = (max(0.0, width - right), max(0.0, height - bottom))
    for x, y in _places(str(rng.choice(("corner", "center", "tiled"))), room, (right - left, bottom - top), rng):
        draw.text((x, y), text, fill=255, font=font)
    shade = 255.0 if rng.random() < 0.7 else 0.0
    alpha = (np.asarray(layer, dtype=np.float32) / 255.0 * (0.12 + 0.68 * severity))[..., None]
    return np.asarray(np.rint(image * (1.0 - alpha) + shade * alpha), dtype=np.uint8)


def _places(
    kind: str, room: tuple[float, float], box: tuple[float, float], rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Upper left corners of the texts of one watermark."""
    if kind == "center":
        return [(room[0] / 2, room[1] / 2)]
    if kind == "corner":
        x, y = (0.02 if rng.random() < 0.5 else 0.98), (0.02 if rng.random() < 0.5 else 0.98)
        return [(x * room[0], y * room[1])]
    step = (1.6 * box[0] + 1.0, 3.0 * box[1] + 1.0)
    rows = np.arange(0.0, room[1] + step[1], step[1])
    return [(float(x), float(y)) for y in rows for x in np.arange(0.0, room[0] + step[0], step[0])]


DAMAGES: dict[str, Damage] = {
    row.name: row
    for row in (
        Damage("defocus", defocus, "circle of confusion of 1.2 % of the frame's size in radius"),
        Damage("subject_defocus", subject_defocus, "the same on the middle of the frame only"),
        Damage("motion", motion, "smear of 5 % of the frame's size"),
        Damage("shake", shake, "random path 5 % of the frame's size long"),
        Damage("noise", noise, "shot noise of 0.14 of full scale at white, read noise of 0.02, in linear light"),
        Damage("underexposure", underexposure, "4.5 stops too dark"),
        Damage("overexposure", overexposure, "3 stops too bright"),
        Damage("color_cast", color_cast, "red and blue gains apart by a factor of 2.5"),
        Damage("compression", compression, "JPEG quality 4"),
        Damage("watermark", watermark, "opacity of 0.8"),
    )
}
