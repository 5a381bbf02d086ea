"""The one scale at which sharpness and noise are measured, so that a 12 MP and a 1 MP copy of a photo agree."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

ANALYSIS_PIXELS = 786_432
"""1024 x 768: most photos are looked at near this size, and every measure takes milliseconds on it."""


def luminance(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """BT.601 luma of the gamma-encoded RGB: 0.299 R + 0.587 G + 0.114 B, not rounded.

    Args:
        image: RGB uint8 (H, W, 3).

    Returns:
        float32 (H, W) in [0, 255] grey levels, 255 = white.

    Reference: ITU-R BT.601-7. Matches ``cv2.cvtColor(float image, COLOR_RGB2GRAY)``, which computes it.
    """
    return np.asarray(cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY), dtype=np.float32)


def analysis_size(height: int, width: int, pixels: int = ANALYSIS_PIXELS) -> tuple[int, int]:
    """(height, width) of the copy that is measured: aspect kept, at most ``pixels`` in all, never enlarged.

    The shorter side is rounded first, so that a quarter turn of the photo turns the answer.
    """
    if height * width <= pixels:
        return height, width
    scale = math.sqrt(pixels / (height * width))
    shorter = max(1, round(min(height, width) * scale))
    longer = min(round(max(height, width) * scale), pixels // shorter)
    return (shorter, longer) if height <= width else (longer, shorter)


def analysis_luma(image: NDArray[np.uint8], pixels: int = ANALYSIS_PIXELS) -> NDArray[np.float32]:
    """Luma of the image, reduced by area averaging in floating point to at most ``pixels``.

    Flips and quarter turns of the photo change the result by less than 1e-4 grey levels beside turning it.

    Args:
        image: RGB uint8 (H, W, 3).
        pixels: the most pixels of the result.

    Returns:
        float32 (h, w) in [0, 255], h * w <= pixels; the full size when the image is small enough.
    """
    luma = luminance(image)
    height, width = analysis_size(luma.shape[0], luma.shape[1], pixels)
    if (height, width) == luma.shape:
        return luma
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
