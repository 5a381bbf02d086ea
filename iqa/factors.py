"""What a score is made of, measured: sharpness, exposure and noise as factors in [0, 1], higher is better."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .measures import (
    ANALYSIS_PIXELS,
    Exposure,
    analysis_luma,
    edge_width,
    exposure,
    laplacian_variance,
    luminance,
    noise_sigma,
)

SMOOTHING_PX = 1.0
"""Gaussian sigma in front of the Laplacian: without it the grain of a photo counts as detail."""
NOISE_GAIN = 0.1119
"""Variance of the smoothed Laplacian per unit of white-noise variance: the sum of that kernel's squares."""


def factors(image: NDArray[np.uint8], pixels: int = ANALYSIS_PIXELS) -> dict[str, float]:
    """sharpness, good_exposure and low_noise of a photo, each in [0, 1], higher is better.

    Args:
        image: RGB uint8 (H, W, 3).
        pixels: most pixels of the copy that is measured; photos that are compared share it.
    """
    luma = analysis_luma(image, pixels)
    tones, sigma = exposure(image), noise_sigma(luma)
    energy = detail_energy(luma, sigma)
    return {
        "sharpness": sharpness_factor(edge_width(luma), energy, tones.mean_luminance),
        "good_exposure": exposure_factor(tones),
        "low_noise": noise_factor(sigma, tones.mean_luminance),
    }


def detail_energy(luma: NDArray[np.float32], sigma: float) -> float:
    """Laplacian variance of the smoothed luma less what noise of that sigma adds to it, grey levels squared, >= 0."""
    smooth = np.asarray(cv2.GaussianBlur(luma, (0, 0), SMOOTHING_PX), dtype=np.float32)
    return max(0.0, laplacian_variance(smooth) - NOISE_GAIN * sigma**2)


def sharpness_factor(width_px: float, energy: float, mean_luminance: float) -> float:
    """How much fine detail there is, reduced to half of it where even the sharpest edges are wide.

    Detail: 1 from an energy of 150 grey levels squared on, 0 up to 0.2, after scaling to a mean luminance of 0.45 (by
    its power 1.3, at most doubled), because light stretches contrasts. Edges: narrow up to 0.65 px (Gaussian sigma at
    analysis scale), wide from 1.5 px on, where a curved shake stops widening them. Linear in the logarithm between.
    Narrow edges count in full from a detail of 0.85 on and not below 0.55: a smear leaves the edges along its path.
    """
    steady = energy * min(2.0, (0.45 / max(mean_luminance, 1e-6)) ** 1.3)
    hardly = 0.02 * min(1.0, max(steady, 1e-6) / 0.2) ** 0.1  # so that the last of the detail still counts
    detail = float(np.clip(np.log(max(steady, 1e-6) / 0.2) / np.log(150.0 / 0.2), hardly, 1.0))
    narrow = float(np.clip(np.log(1.5 / max(width_px, 1e-6)) / np.log(1.5 / 0.65), 0.0, 1.0))
    trusted = float(np.clip((detail - 0.55) / 0.3, 0.0, 1.0))
    return detail * (0.5 + 0.5 * narrow * trusted)


def exposure_factor(tones: Exposure) -> float:
    """1 for middle tones and nothing clipped; falls with darkness, glare, lost highlights and saturated channels."""
    dark = np.clip(tones.mean_luminance / 0.38, 0.0, 1.0)
    glare = np.clip((1.0 - tones.mean_luminance) / 0.26, 0.0, 1.0)
    return float(dark * glare * (1.0 - tones.clipped_highlights) * (1.0 - tones.saturated))


def tones_factor(image: NDArray[np.uint8]) -> float:
    """How much of the range of tones a frame uses without losing light ones, [0, 1]; for frames of one scene.

    The level of the lightest tones (the 99.5th percentile of luma, 1 = white) over (1 + s / .01)^.2, s being the share
    of pixels with a channel at its upper end: of two frames that differ in exposure the brighter one has the higher
    level, until it loses light; near 1 where the lightest tones just reach white. Of two scenes it tells nothing: fog
    has no white. Of a scene with lamps, which are lost at any exposure, or before a bright sky, it says little about
    the rest; lost shadows do not count. Softness and noise move it a little, too.
    """
    lightest = float(np.quantile(luminance(image), 0.995)) / 255.0
    return float(lightest / (1.0 + exposure(image).saturated / 0.01) ** 0.2)


def noise_factor(sigma: float, mean_luminance: float) -> float:
    """1 for a clean photo, falling with the noise (grey levels) relative to the light of the photo."""
    relative = sigma / (255.0 * max(mean_luminance, 0.02))
    return float(1.0 / (1.0 + (relative / 0.035) ** 2))
