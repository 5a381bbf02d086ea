"""Looks that are no fault, made from any photo: night, fog, sunset, film tones, black and white, lettering, bokeh.

Each is what one severity is mistaken for; a network that has seen them with severity 0 stops crying wolf. One function
(image, mask or None, rng) -> image and one row each: another look is another row.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from iqa import damage, psf
from iqa.damage import Picture, frame_size, light_gains
from iqa.errors import ArgumentError
from iqa.measures import luminance
from iqa.srgb import from_linear, to_linear

from . import lettering
from .layers import Mask, layered


@dataclass(frozen=True)
class Look:
    """A row of the table: the function, what it is mistaken for, and whether it needs to know the subject."""

    function: Callable[[Picture, Mask | None, np.random.Generator], Picture]
    mistaken_for: str
    needs_mask: bool = False


def some(mask: Mask | None, rng: np.random.Generator) -> str:
    """Name of a look that can be made with or without a mask."""
    return str(rng.choice([name for name, look in LOOKS.items() if mask is not None or not look.needs_mask]))


def apply(name: str, image: Picture, mask: Mask | None, rng: np.random.Generator) -> Picture:
    """The photo with that look: RGB uint8 of the same size."""
    return LOOKS[name].function(image, mask, rng)


def night(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """Shadows and middle tones deep, lights as bright as they were: a power of linear light."""
    return from_linear(to_linear(image) ** np.float32(rng.uniform(1.4, 2.2)))


def fog(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """Airlight that grows with the distance, which grows toward the top of the frame.

    Reference: H. Koschmieder, "Theorie der horizontalen Sichtweite", 1924 (no DOI).
    """
    depth = np.linspace(1.0, float(rng.uniform(0.1, 0.6)), image.shape[0], dtype=np.float32)[:, None, None]
    through = np.exp(-np.float32(rng.uniform(0.4, 1.6)) * depth)
    return from_linear(to_linear(image) * through + np.float32(rng.uniform(0.4, 0.8)) * (1 - through))


def sunset(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """Warm light from the sky that fades toward the ground: the scene's own color, not the camera's."""
    share = np.linspace(1.0, 0.0, image.shape[0], dtype=np.float32)[:, None, None] ** np.float32(rng.uniform(0.7, 2.0))
    gains = light_gains(float(rng.uniform(0.3, 0.8)), float(rng.uniform(-0.2, 0.2))).astype(np.float32)
    return from_linear(to_linear(image) * (1 + share * (gains - 1)))


def film(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """Split toning and lifted blacks: shadows to one color, lights to its opposite, greys in the middle neutral."""
    tone = rng.normal(size=3)
    tone = (tone - tone.mean()) / max(1e-6, float(np.abs(tone - tone.mean()).max()))
    level = luminance(image)[..., None] / 255.0 - 0.5
    lifted = float(rng.uniform(0.0, 0.08)) * 255 * (0.5 - level)
    toned = image + float(rng.uniform(6, 16)) * 2 * level * tone + lifted
    return np.asarray(np.clip(np.rint(toned), 0, 255), dtype=np.uint8)


def monochrome(image: Picture, _: Mask | None, __: np.random.Generator) -> Picture:
    """Black and white."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def bokeh(image: Picture, mask: Mask | None, rng: np.random.Generator) -> Picture:
    """A background out of focus on purpose, the subject sharp."""
    if mask is None:
        raise ArgumentError("Bokeh needs a mask of the subject; without one take another look.")
    kernel = psf.disc(float(rng.uniform(0.3, 1.3)) * damage.DEFOCUS_RADIUS * frame_size(image))
    return from_linear(layered(to_linear(image), mask, None, kernel))


LOOKS = {
    "night": Look(night, "exposure"),
    "fog": Look(fog, "blurriness"),
    "sunset": Look(sunset, "color_cast"),
    "film": Look(film, "color_cast"),
    "monochrome": Look(monochrome, "color_cast"),
    "plate": Look(lettering.plate, "watermark"),
    "sign": Look(lettering.sign, "watermark"),
    "printed": Look(lettering.printed, "watermark"),
    "bokeh": Look(bokeh, "blurriness", needs_mask=True),
}
