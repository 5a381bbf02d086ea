"""What is wrong with a photo: a severity per degradation, and the evidence for each."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError
from .estimator import Estimator, require
from .factors import exposure_factor
from .measures import (
    Exposure,
    analysis_luma,
    blockiness,
    clipped_masks,
    color_cast,
    correct_cast,
    edge_width,
    exposure,
    noise_sigma,
    sharpness_map,
)
from .resize import reduced

CLASSICAL = Estimator("classical-degradations", "1.0.0")
ESTIMATORS = ("classical",)
NAMES = ("color_cast", "blurriness", "watermark", "noise", "exposure", "compression")
WEIGHTS = {"color_cast": 0.2, "blurriness": 0.3, "watermark": 0.25, "noise": 0.25}
"""overall = 1 - sum of weight x severity; exposure and compression are shown but are not part of the formula."""

LEAST_EXPOSED = 0.02
"""Fraction of the pixels that must be neither black nor white for color and noise to be judged."""
PREVIEW_SIDE = 1024
SHADOW_MARK, HIGHLIGHT_MARK = (40, 90, 255), (255, 40, 40)


@dataclass(frozen=True)
class Ramp:
    """From a measure to a severity: 0 up to ``none``, 1 from ``severe`` on, linear (or in the logarithm) between."""

    none: float
    severe: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Severity in [0, 1] of a value of the measure."""
        low, high, x = self.none, self.severe, value
        if self.logarithmic:
            low, high, x = np.log(low), np.log(high), np.log(max(value, 1e-9))
        return float(np.clip((x - low) / (high - low), 0.0, 1.0))


CAST = Ramp(8.0, 28.0)  # Delta E_ab of the light
BLUR = Ramp(1.2, 3.5, logarithmic=True)  # edge width, px at analysis scale
NOISE = Ramp(2.5, 15.0, logarithmic=True)  # sigma, grey levels
EXPOSURE = Ramp(0.2, 0.9)  # 1 - exposure factor
BLOCKS = Ramp(0.12, 0.9)  # blockiness
JPEG = Ramp(-75.0, -10.0)  # minus the JPEG quality of the file


@dataclass(frozen=True)
class Evidence:
    """What the severities were read from.

    Attributes:
        illuminant: (r, g, b) of the estimated light in linear light, the largest is 1.
        cast_delta_e: Delta E_ab of that light from neutral, 0 = neutral.
        corrected: uint8 (h, w, 3) preview with the cast taken out.
        noise_sigma: standard deviation of the noise in grey levels, at analysis scale.
        edge_width_px: Gaussian sigma of the strong edges in px, at analysis scale.
        sharpness_map: float32 (gh, gw) in [0, 1], 1 = sharp, NaN = no texture to judge.
        clipped: uint8 (h, w, 3) preview, lost shadows blue and lost highlights red.
        clipped_shadows: fraction of the pixels, [0, 1].
        clipped_highlights: fraction of the pixels, [0, 1].
        mean_luminance: [0, 1].
        blockiness: strength of the 8x8 grid of JPEG, 0 = none.
        jpeg_quality: quality the file was saved with, 1..100; None when unknown.
    """

    illuminant: tuple[float, float, float]
    cast_delta_e: float
    corrected: NDArray[np.uint8]
    noise_sigma: float
    edge_width_px: float
    sharpness_map: NDArray[np.float32]
    clipped: NDArray[np.uint8]
    clipped_shadows: float
    clipped_highlights: float
    mean_luminance: float
    blockiness: float
    jpeg_quality: int | None


@dataclass(frozen=True)
class DegradationAnswer:
    """The degradations of one photo.

    Attributes:
        severities: per name in NAMES, [0, 1], 0 = none; None = this estimator cannot tell.
        overall: [0, 1], higher is better; 1 - sum of WEIGHTS x severity.
        overall_without: names in WEIGHTS that could not be told and were counted as 0.
        evidence: what the severities were read from.
        model: who made the answer.
    """

    severities: dict[str, float | None]
    overall: float
    overall_without: tuple[str, ...]
    evidence: Evidence
    model: Estimator


def overall(severities: dict[str, float | None]) -> float:
    """The documented overall: 1 - (0.2 color_cast + 0.3 blurriness + 0.25 watermark + 0.25 noise).

    Args:
        severities: by name, [0, 1] or None; an unknown one counts as 0, because unknown is not bad.

    Returns:
        [0, 1], higher is better.
    """
    return 1.0 - sum(weight * (severities[name] or 0.0) for name, weight in WEIGHTS.items())


def assess(image: NDArray[np.uint8], *, jpeg_quality: int | None = None, model: str = "classical") -> DegradationAnswer:
    """The severities of six degradations, the overall, and the evidence.

    Args:
        image: RGB uint8 (H, W, 3).
        jpeg_quality: quality of the JPEG file the image came from, 1..100, where it is known (iqa.image.info).
        model: name of the estimator, one of ESTIMATORS.

    Raises:
        ArgumentError: jpeg_quality outside 1..100. UnknownNameError: no such estimator.
    """
    require(model, ESTIMATORS)
    if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
        raise ArgumentError(f"JPEG quality {jpeg_quality} is outside 1..100.")
    tones = exposure(image)
    evidence = _evidence(image, tones, jpeg_quality)
    texture = bool(np.isfinite(evidence.sharpness_map).any())
    exposed = tones.clipped_shadows + tones.clipped_highlights < 1.0 - LEAST_EXPOSED
    severities: dict[str, float | None] = {
        "color_cast": CAST(evidence.cast_delta_e) if exposed else None,
        "blurriness": BLUR(evidence.edge_width_px) if texture else None,
        "watermark": None,
        "noise": NOISE(evidence.noise_sigma) if exposed else None,
        "exposure": EXPOSURE(1.0 - exposure_factor(tones)),
        "compression": max(BLOCKS(evidence.blockiness), 0.0 if jpeg_quality is None else JPEG(-jpeg_quality)),
    }
    unknown = tuple(name for name in WEIGHTS if severities[name] is None)
    return DegradationAnswer(severities, overall(severities), unknown, evidence, CLASSICAL)


def estimator(model: str = "classical") -> Estimator:
    """Who answers to that name; raises UnknownNameError when nobody does."""
    require(model, ESTIMATORS)
    return CLASSICAL


def _evidence(image: NDArray[np.uint8], tones: Exposure, jpeg_quality: int | None) -> Evidence:
    luma = analysis_luma(image)
    cast = color_cast(image)
    preview = reduced(image, PREVIEW_SIDE)
    largest = max(cast.illuminant)
    red, green, blue = (value / largest for value in cast.illuminant)
    return Evidence(
        illuminant=(red, green, blue),
        cast_delta_e=cast.magnitude,
        corrected=correct_cast(preview, cast),
        noise_sigma=noise_sigma(luma),
        edge_width_px=edge_width(luma),
        sharpness_map=sharpness_map(luma),
        clipped=_mark_clipped(image, preview),
        clipped_shadows=tones.clipped_shadows,
        clipped_highlights=tones.clipped_highlights,
        mean_luminance=tones.mean_luminance,
        blockiness=blockiness(image),
        jpeg_quality=jpeg_quality,
    )


def _mark_clipped(image: NDArray[np.uint8], preview: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The preview dimmed to grey, clipped shadows blue, clipped highlights red."""
    grey = cv2.cvtColor(cv2.cvtColor(preview, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    marked = (0.6 * grey).astype(np.float32)
    for mask, color in zip(clipped_masks(image), (SHADOW_MARK, HIGHLIGHT_MARK), strict=True):
        size = (preview.shape[1], preview.shape[0])
        part = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
        marked = marked * (1.0 - part) + np.array(color, np.float32) * part
    return np.rint(marked).astype(np.uint8)
