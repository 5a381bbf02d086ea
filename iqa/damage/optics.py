"""Blur as lenses, hands and subjects make it: in linear light, with sizes relative to the frame."""

import numpy as np

from .. import psf
from ..srgb import from_linear, to_linear
from .frame import Picture, frame_size

DEFOCUS_RADIUS = 0.012
"""Radius of the circle of confusion at severity 1, of the frame's size."""
MOTION_LENGTH = 0.05
"""Length of a smear or path at severity 1, of the frame's size."""
BLADES = (5, 6, 7, 8, 9)
"""Of the diaphragms that lenses have."""


def defocus(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Lens out of focus: the whole frame spread by a disc."""
    return from_linear(psf.convolve(to_linear(image), psf.disc(severity * DEFOCUS_RADIUS * frame_size(image))))


def polygon_defocus(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Lens out of focus and stopped down: spread by the polygon that the blades of its diaphragm leave open."""
    blades, angle = int(rng.choice(BLADES)), float(rng.uniform(0.0, 360.0))
    kernel = psf.polygon(severity * DEFOCUS_RADIUS * frame_size(image), blades, angle)
    return from_linear(psf.convolve(to_linear(image), kernel))


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
