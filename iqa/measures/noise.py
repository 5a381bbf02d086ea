"""Noise: the standard deviation of what is left where the photo is flat."""

from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Immerkaer's difference of two Laplacians, scaled to unit gain on white noise; blind to straight edges and ramps."""
WINDOW_PX = 15
FLAT_SHARE = 0.05
"""The flattest twentieth of the photo is taken as noise alone: hardly any photo has less sky, wall or blur."""
CELL_PX = 4
"""The window statistics vary slowly: a quarter of the resolution keeps the order statistics cheap."""
LUMA_MAX = 255.0


def low_chi_square(windows_px: int, share: float) -> float:
    """Quantile ``share`` of the mean square of unit white noise after MASK in a square window (Wilson-Hilferty).

    MASK correlates its neighbors: each axis loses a factor 1 + 2 ((4/6)^2 + (1/6)^2) = 35/18 of the degrees of freedom.
    """
    freedom = windows_px**2 / (35 / 18) ** 2
    z = NormalDist().inv_cdf(share)
    return float((1 - 2 / (9 * freedom) + z * (2 / (9 * freedom)) ** 0.5) ** 3)


LOW_QUANTILE = low_chi_square(WINDOW_PX, FLAT_SHARE)


def noise_sigma(luma: NDArray[np.float32]) -> float:
    """Standard deviation of the noise in grey levels (0..255); >= 0, lower is better.

    The noise is taken to be white at the scale given; noise that was smoothed (denoised, strongly compressed) reads
    lower than it is. A photo that is fine texture everywhere (a lawn, edge to edge) cannot be told from noise.
    Windows near black or white are left out, because clipping hides their noise.

    Args:
        luma: float32 (h, w), 0..255, at any scale: the answer is the noise at that scale.

    Reference: Immerkaer 1996, Fast noise variance estimation, doi:10.1006/cviu.1996.0060 (the mask); the choice of the
    flattest windows with the bias of that choice taken out follows Liu, Tanaka & Okutomi 2013,
    doi:10.1109/TIP.2013.2283400.
    """
    height, width = luma.shape
    cells = (max(1, width // CELL_PX), max(1, height // CELL_PX))
    residual = cv2.filter2D(luma, cv2.CV_32F, MASK)
    window = (WINDOW_PX, WINDOW_PX)
    power = cv2.resize(cv2.blur(residual * residual, window), cells, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(cv2.blur(luma, window), cells, interpolation=cv2.INTER_AREA)
    sigma = 0.0
    for _ in range(3):  # the margin to black and white depends on the noise; it settles in two rounds
        unclipped = (mean >= 2 * sigma + 1) & (mean <= LUMA_MAX - 1 - 2 * sigma)
        usable = power[unclipped] if unclipped.mean() > FLAT_SHARE / 2 else power.ravel()
        sigma = float(np.sqrt(max(0.0, float(np.quantile(usable, FLAT_SHARE))) / LOW_QUANTILE))
    return sigma
