"""What is wrong with a photo: a severity per degradation, the overall, and the evidence for each."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from . import jpeg_looks
from .errors import ArgumentError, ManifestError, UnknownNameError
from .estimator import Estimator, require
from .evidence import LOOKS, Evidence, measured
from .factors import exposure_factor
from .measures import Exposure, analysis_luma, exposure, grain_sigma, luminance, sharpness_map
from .measures.scale import analysis_size
from .networks import network
from .ramps import BLOCKS, BLUR, CAST, EXPOSURE, JPEG, NOISE, SAVED

if TYPE_CHECKING:
    from .model import Model

CLASSICAL = Estimator("classical-degradations", "1.0.0")
NETWORKS = ("degradations",)
"""Names of models whose folder gives the severities of NAMES, and `noise_sigma` in grey levels at analysis scale."""
ESTIMATORS = (*NETWORKS, "classical")
DEFAULT = ESTIMATORS[0]
NAMES = ("color_cast", "blurriness", "watermark", "noise", "exposure", "compression")
SIGMA = "noise_sigma"

Severities = dict[str, float | None]


@dataclass(frozen=True)
class Formula:
    """overall = intercept - sum of weight x severity, clipped to [0, 1]; no weight is negative, so that it is monotone.

    Attributes:
        intercept: the overall of a photo without degradations, [0, 1].
        weights: by name, 0 or more; what is not named does not count.
    """

    intercept: float
    weights: Mapping[str, float]


WEIGHTS = {"color_cast": 0.2, "blurriness": 0.3, "watermark": 0.25, "noise": 0.25}
"""overall = 1 - sum of weight x severity; exposure and compression are shown but are not part of the formula."""
DOCUMENTED = Formula(1.0, WEIGHTS)
RATED_WEIGHTS = {
    by: Formula(**row)
    for by, row in json.loads(Path(__file__).with_name("rated_overall.json").read_text(encoding="utf-8")).items()
}
"""By estimator (its name and version): fitted to BIQ2021's training ratings; from training/rated_overall.py."""
WEIGHTINGS = ("documented", "rated")

LEAST_EXPOSED = 0.02
"""Fraction of the pixels that must be neither black nor white for color and noise to be judged."""
LEARNED_LEAST = 160
"""Shorter side, px, of what a network is shown, below which it tells no watermark, noise and compression: it learned
from larger photos alone, and takes the edges of an icon for marks."""
NATIVE = ("blurriness", "noise", "compression")
"""What a network tells of the middle of a larger photo at its own pixels, too: a smaller copy has less of it."""


@dataclass(frozen=True)
class DegradationAnswer:
    """The degradations of one photo.

    Attributes:
        severities: per name in NAMES, [0, 1], 0 = none; None = this estimator cannot tell.
        overall: [0, 1], higher is better; see ``formula``; None where nothing that counts in it could be told.
        overall_weights: which weights it was made with, one of WEIGHTINGS.
        overall_without: names that count in it but could not be told, and were taken as 0.
        evidence: what the severities were read from.
        model: who made the answer.
    """

    severities: Severities
    overall: float | None
    overall_weights: str
    overall_without: tuple[str, ...]
    evidence: Evidence
    model: Estimator


def overall(severities: Mapping[str, float | None], by: Formula = DOCUMENTED) -> float:
    """The overall; the documented one is 1 - (0.2 color_cast + 0.3 blurriness + 0.25 watermark + 0.25 noise).

    Args:
        severities: by name, [0, 1] or None; an unknown one counts as 0, because unknown is not bad.
        by: the intercept and the weights.

    Returns:
        [0, 1], higher is better.
    """
    lost = sum(weight * (severities[name] or 0.0) for name, weight in by.weights.items())
    return float(np.clip(by.intercept - lost, 0.0, 1.0))


def formula(weights: str, by: Estimator) -> Formula:
    """The formula of the overall: ``documented``, or ``rated`` as fitted to people's ratings for that estimator.

    Raises:
        UnknownNameError: not one of WEIGHTINGS. ArgumentError: no weights were fitted for that estimator.
    """
    if weights not in WEIGHTINGS:
        raise UnknownNameError("weights", weights, WEIGHTINGS)
    if weights == "documented":
        return DOCUMENTED
    if str(by) not in RATED_WEIGHTS:
        fitted = ", ".join(RATED_WEIGHTS) or "none yet"
        raise ArgumentError(
            f"No weights were fitted to people's ratings for {by}; they exist for: {fitted}. "
            "Ask for the weights 'documented', or fit them: python -m training.rated_overall --help."
        )
    return RATED_WEIGHTS[str(by)]


def assess(
    image: NDArray[np.uint8],
    *,
    jpeg_quality: int | None = None,
    model: str = DEFAULT,
    weights: str = "documented",
) -> DegradationAnswer:
    """The severities of six degradations, the overall, and the evidence.

    Where nothing can be judged a severity is None: color cast and noise without pixels between black and white,
    blurriness without texture; a network's watermark and compression without texture as well, which a mark or blocks
    would be, and both and noise of photos below LEARNED_LEAST; a watermark always in closed form.

    Args:
        image: RGB uint8 (H, W, 3), at its own size: blocks are seen there alone.
        jpeg_quality: quality of the JPEG file the image came from, 1..100, where it is known (iqa.image.info).
        model: name of the estimator, one of ESTIMATORS.
        weights: of the overall, one of WEIGHTINGS.

    Raises:
        ArgumentError: jpeg_quality outside 1..100, or weights that were not fitted for the model.
        UnknownNameError: no such estimator, or no such weights.
        ModelError, ManifestError: its model is not here, altered or broken; nothing takes its place.
    """
    require(model, ESTIMATORS)
    if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
        raise ArgumentError(f"JPEG quality {jpeg_quality} is outside 1..100.")
    by = estimator(model)
    rule = formula(weights, by)
    tones = exposure(image)
    seen = measured(image, tones, jpeg_quality)
    severities, seen = _learned(image, seen, model) if model in NETWORKS else (_classical(tones, seen), seen)
    severities |= dict.fromkeys(_untold(tones, seen))
    counted = [name for name, weight in rule.weights.items() if weight]
    unknown = tuple(name for name in counted if severities[name] is None)
    whole = overall(severities, rule) if len(unknown) < len(counted) else None
    return DegradationAnswer(severities, whole, weights, unknown, seen, by)


def estimator(model: str = DEFAULT) -> Estimator:
    """Who answers to that name; a network is loaded and proven by its probe, so that ``assess`` can use it.

    Raises:
        As ``assess``.
    """
    require(model, ESTIMATORS)
    return _network(model).estimator if model in NETWORKS else CLASSICAL


def analysis_copy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a network is given of a photo: at most ANALYSIS_PIXELS by area averaging; a smaller one as it is.

    Args:
        image: RGB uint8 (H, W, 3).
    """
    height, width = analysis_size(*image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def predict(copies: Sequence[NDArray[np.uint8]], model: str = NETWORKS[0]) -> list[dict[str, float]]:
    """What a network says of each photo: NAMES, [0, 1], 0 = none, and `noise_sigma` in grey levels.

    Args:
        copies: as ``analysis_copy`` gives them.
        model: one of NETWORKS.

    Raises:
        UnknownNameError: no such network. ModelError, ManifestError: as ``assess``.
    """
    require(model, NETWORKS)
    answers = _network(model).predict_batch(copies)
    return [{name: float(said[name]) for name in (*NAMES, SIGMA)} for said in answers]


def _classical(tones: Exposure, seen: Evidence) -> Severities:
    saved = 0.0 if seen.jpeg_quality is None else JPEG(-seen.jpeg_quality)
    return {
        "color_cast": CAST(seen.cast_delta_e),
        "blurriness": BLUR(seen.edge_width_px),
        "watermark": None,
        "noise": NOISE(seen.noise_sigma),
        "exposure": EXPOSURE(1.0 - exposure_factor(tones)),
        "compression": max(BLOCKS(seen.blockiness), saved),
    }


def middle(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a photo at its own pixels, of the size of its ``analysis_copy``.

    Args:
        image: RGB uint8 (H, W, 3).
    """
    (down, across), (height, width) = image.shape[:2], analysis_size(*image.shape[:2])
    top, left = (down - height) // 2, (across - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def _learned(image: NDArray[np.uint8], seen: Evidence, model: str) -> tuple[Severities, Evidence]:
    """The severities by the network of that name, noise and blocks with help of the closed form, and what it adds."""
    copy = analysis_copy(image)
    small = min(copy.shape[:2]) < LEARNED_LEAST
    tells = not small and _textured(seen.sharpness_map)
    said, *near = predict([copy, *(_near(image) if tells else ())], model)
    severities: Severities = {name: said[name] for name in NAMES}
    severities["noise"] = None if small else max(said["noise"], NOISE(seen.noise_sigma))  # too low of strong grain
    seen = replace(seen, noise_sigma=math.sqrt(said[SIGMA] * grain_sigma(luminance(copy))))
    saved = None if seen.jpeg_quality_estimated is None else SAVED(-seen.jpeg_quality_estimated)
    if not tells:
        return severities | {"watermark": None, "compression": None}, seen
    blocks = [one["compression"] for one in (said, *near)]
    if saved is None and (copy is image or near):
        looks = jpeg_looks.estimated(blocks[-1], _network(model).estimator)
        seen = replace(seen, jpeg_quality_estimated=looks, jpeg_quality_by=None if looks is None else LOOKS)
    if copy is not image:  # the copy has lost them
        blocks = [*blocks, BLOCKS(seen.blockiness)]
    severities["compression"] = max(*blocks, saved or 0.0)
    return severities, replace(seen, native={name: near[0][name] for name in NATIVE} if near else None)


def _near(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """The middle of a photo that is larger than its copy, where it has texture; else nothing."""
    part = middle(image)
    seen = part.shape != image.shape and _textured(sharpness_map(analysis_luma(part)))
    return (part,) if seen else ()


def _untold(tones: Exposure, seen: Evidence) -> tuple[str, ...]:
    """The names that no estimator can tell of such a photo."""
    exposed = tones.clipped_shadows + tones.clipped_highlights < 1.0 - LEAST_EXPOSED
    return (() if exposed else ("color_cast", "noise")) + (() if _textured(seen.sharpness_map) else ("blurriness",))


def _textured(sharpness: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(sharpness).any())


def _network(name: str) -> "Model":
    """The session for that name; raises ManifestError where its answers are not those of a model of degradations."""
    found = network(name)
    labels = {label for output in found.manifest.outputs for label in output.labels}
    if not labels >= {*NAMES, SIGMA}:
        raise ManifestError(
            f"Model {name!r}: found the outputs {', '.join(sorted(labels))}; accepted: {', '.join((*NAMES, SIGMA))}."
        )
    return found
