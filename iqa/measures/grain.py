"""Grain: the noise of a camera's file, which its processing has smoothed and made coarse."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .noise import LUMA_MAX, MASK, low_chi_square

WINDOW_PX = 7
STEP_PX = (4, 2)
"""Between the windows, at full and at half size: as many of both."""
LEVELS = 8
"""Of brightness, with as many windows each: the noise of a sensor grows with the light, and a dark wall is not the
whole photo."""
FLAT_SHARE = 0.05
COARSE = 15.0
"""Weight of what half the size shows, where white noise has a fiftieth of its power. Chosen so that neither kind is far
off: the medians are .83 of the true sigma on 60 real photos (eval's `ccnoise`) and 1.25 of white noise made on 40 (by a
script beside the project; 1.15 without texture)."""
MARGIN = 2.0
"""Grey levels to black and white: closer by, clipping hides noise."""
_LOW = low_chi_square(WINDOW_PX, FLAT_SHARE)


def grain_sigma(luma: NDArray[np.float32]) -> float:
    """Standard deviation of noise of any grain where the photo is flat, in grey levels (0..255); >= 0, lower is better.

    At full and at half size, at each of LEVELS of brightness, the power of the flattest windows; the mean over the
    levels. Half the size shows what demosaicing, noise reduction and JPEG have left of the noise of a camera, which
    `noise_sigma` hardly sees. Fine texture everywhere cannot be told from it: only an upper bound there.

    Args:
        luma: float32 (h, w), 0..255, at any scale: the answer is the noise at that scale.

    Reference: the noise as a function of brightness follows Liu, Freeman, Szeliski and Kang 2006,
    doi:10.1109/CVPR.2006.207; the mask Immerkaer 1996, doi:10.1006/cviu.1996.0060.
    """
    half = np.asarray(cv2.pyrDown(luma), dtype=np.float32)
    fine, coarse = (_power(image, step) for image, step in zip((luma, half), STEP_PX, strict=True))
    return float(np.sqrt(fine + COARSE * coarse))


def _power(luma: NDArray[np.float32], step: int) -> float:
    """Mean square of the noise that MASK sees, over the levels of brightness."""
    residual = cv2.filter2D(luma, cv2.CV_32F, MASK)
    window = (WINDOW_PX, WINDOW_PX)
    power, mean = (cv2.blur(part, window)[::step, ::step].ravel() for part in (residual * residual, luma))
    power = power.clip(min=0)  # running sums leave a little less than 0 where nothing is left
    unclipped = (mean >= MARGIN) & (mean <= LUMA_MAX - MARGIN)
    if unclipped.mean() > FLAT_SHARE / 2:
        power, mean = power[unclipped], mean[unclipped]
    levels = np.array_split(power[np.argsort(mean)], min(LEVELS, power.size))
    return float(np.mean([np.quantile(level, FLAT_SHARE) for level in levels])) / _LOW
