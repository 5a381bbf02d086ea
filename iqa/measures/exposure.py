"""Exposure: how light the photo is, what is lost at both ends, how much contrast there is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .scale import luminance

SHADOW_LEVEL = 2
"""Black: every channel at or below. sRGB 2 is 0.0006 of white in linear light, 10.7 stops down: nothing can be lifted,
and JPEG coding moves a true 0 by one or two levels."""
HIGHLIGHT_LEVEL = 253
"""White: every channel at or above, two levels below 255 for the same reason. One clipped channel alone is a saturated
color, not a lost highlight."""


@dataclass(frozen=True)
class Exposure:
    """Where the tones of a photo lie.

    Attributes:
        mean_luminance: [0, 1], mean BT.601 luma (gamma-encoded), 1 = white.
        clipped_shadows: [0, 1], fraction of the pixels that are black in all channels.
        clipped_highlights: [0, 1], fraction of the pixels that are white in all channels.
        saturated: [0, 1], fraction of the pixels with a channel at its upper end: lost color, and the first sign of
            too much light.
    """

    mean_luminance: float
    clipped_shadows: float
    clipped_highlights: float
    saturated: float


def _extremes(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(lowest, highest) of the three channels, uint8 (H, W) each."""
    red, green, blue = cv2.split(image)
    low, high = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
    return np.asarray(low, dtype=np.uint8), np.asarray(high, dtype=np.uint8)


def clipped_masks(image: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(shadows, highlights): bool (H, W) masks of the pixels that are black, or white, in all three channels.

    Args:
        image: RGB uint8 (H, W, 3).
    """
    low, high = _extremes(image)
    return high <= SHADOW_LEVEL, low >= HIGHLIGHT_LEVEL


def exposure(image: NDArray[np.uint8]) -> Exposure:
    """Tone statistics of the image at full size.

    Args:
        image: RGB uint8 (H, W, 3).

    Reference: luma as in ITU-R BT.601-7; the clipping thresholds are explained beside their names.
    """
    luma = luminance(image)
    low, high = _extremes(image)
    return Exposure(
        mean_luminance=min(1.0, float(luma.mean(dtype=np.float64)) / 255),
        clipped_shadows=float(np.mean(high <= SHADOW_LEVEL)),
        clipped_highlights=float(np.mean(low >= HIGHLIGHT_LEVEL)),
        saturated=float(np.mean(high >= HIGHLIGHT_LEVEL)),
    )


def contrast(luma: NDArray[np.float32]) -> float:
    """RMS contrast in [0, 1]: twice the standard deviation of luma / 255; 0 = flat, 1 = half black, half white.

    Args:
        luma: float32 (h, w), 0..255.

    Reference: Peli 1990, Contrast in complex images, doi:10.1364/JOSAA.7.002032 (there without the factor 2).
    """
    return float(np.clip(2.0 * luma.std(dtype=np.float64) / 255.0, 0.0, 1.0))


def brightness(image: NDArray[np.uint8]) -> float:
    """Mean HSV value in [0, 10]: 0 = black, 10 = every pixel has a channel at 255.

    The value of HSV is the highest channel (Smith 1978, doi:10.1145/965139.807361).

    Args:
        image: RGB uint8 (H, W, 3).
    """
    return float(_extremes(image)[1].mean(dtype=np.float64) / 25.5)
