"""How good a photo is: a score in [0, 1], its category and range, and the factors beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, ManifestError
from .estimator import Estimator, require
from .factors import factors
from .measures import ANALYSIS_PIXELS
from .networks import network

if TYPE_CHECKING:
    from .model import Model

CLASSICAL = Estimator("classical-quality", "1.1.0")
NETWORKS = ("quality", "frame-scorer")
"""Names of models whose folder gives ``quality``, and ``quality_low`` and ``quality_high`` where it knows its range."""
ESTIMATORS = (*NETWORKS, "classical")
DEFAULT = ESTIMATORS[0]

WEIGHTS = {"sharpness": 0.5, "good_exposure": 0.25, "low_noise": 0.25}
"""Exponents of the classical score: the weighted geometric mean, so that one hopeless factor spoils the photo."""
FLOOR = 0.005
"""Least value of a factor in it, so that one hopeless factor does not hide the others."""
READ_SIDE = 2000
"""Longer side, px, to which a photo is reduced while it is read for its score, wherever that is asked for: two readings
would be two scores. Every estimator reduces it further (the measures those of 5:1 and more excepted), and a
12-megapixel JPEG decodes at half its size (4000 px)."""
ENDS = ("quality_low", "quality_high")


@dataclass(frozen=True)
class Category:
    """A row of the five-category scale; a quality of ``low`` belongs to it, ``high`` to the next (1.0 to the last)."""

    name: str
    low: float
    high: float
    meaning: str


CATEGORIES = (
    Category("Excellent", 0.8, 1.0, "next to nothing to object to"),
    Category("Good", 0.6, 0.8, "minor flaws"),
    Category("Fair", 0.4, 0.6, "flaws that one notices"),
    Category("Poor", 0.2, 0.4, "serious flaws"),
    Category("Very Poor", 0.0, 0.2, "severe flaws"),
)


@dataclass(frozen=True)
class QualityAnswer:
    """The quality of one photo.

    Attributes:
        quality: [0, 1], higher is better.
        category: name of its row in CATEGORIES.
        interval: (low, high) around it: 90 % of the photos that people rated have their rating inside theirs (on photos
            like those of the training set); widened where it would not hold the score; None where the estimator gives
            none.
        factors: sharpness, good_exposure, low_noise; each in [0, 1], higher is better; empty when not asked for. What
            the classical score is made of; measured beside the score of a network, which has its own reasons.
        weights: the exponents by which the factors were combined; empty for a network.
        model: who made the answer.
    """

    quality: float
    category: str
    interval: tuple[float, float] | None
    factors: dict[str, float]
    weights: dict[str, float]
    model: Estimator


def category(quality: float) -> str:
    """Name of the category of a quality in [0, 1].

    Raises:
        ArgumentError: quality outside [0, 1].
    """
    if not 0.0 <= quality <= 1.0:
        raise ArgumentError(f"Quality {quality} is outside [0, 1]; 0 is worst, 1 is best.")
    return next(row.name for row in CATEGORIES if quality >= row.low)


def score(
    image: NDArray[np.uint8], *, model: str = DEFAULT, pixels: int = ANALYSIS_PIXELS, explain: bool = True
) -> QualityAnswer:
    """The quality of a photo, and what can be measured of it.

    Args:
        image: RGB uint8 (H, W, 3), read with ``max_side=READ_SIDE``.
        model: name of the estimator, one of ESTIMATORS.
        pixels: most pixels of the copy whose factors are measured; photos that are compared share it.
        explain: False leaves out the factors of a network's answer, which take longer than the network.

    Raises:
        UnknownNameError: no such estimator.
        ModelError, ManifestError: its model is not here, altered or broken; nothing takes its place.
    """
    require(model, ESTIMATORS)
    if model in NETWORKS:
        return _learned(image, model, factors(image, pixels) if explain else {})
    measured = factors(image, pixels)
    quality = combined(measured)
    return QualityAnswer(quality, category(quality), None, measured, dict(WEIGHTS), CLASSICAL)


def combined(measured: Mapping[str, float]) -> float:
    """The classical score: the geometric mean of the factors by WEIGHTS, [0, 1], higher is better."""
    return float(np.prod([max(measured[name], FLOOR) ** weight for name, weight in WEIGHTS.items()]))


def estimator(model: str = DEFAULT) -> Estimator:
    """Who answers to that name; a network is loaded and proven by its probe, so that ``score`` can use it.

    Raises:
        As ``score``.
    """
    require(model, ESTIMATORS)
    return _network(model).estimator if model in NETWORKS else CLASSICAL


def _learned(image: NDArray[np.uint8], name: str, measured: dict[str, float]) -> QualityAnswer:
    answering = _network(name)
    said = {label: float(value) for label, value in answering.predict(image).items()}
    quality = said["quality"]
    ends = None
    if ENDS[0] in said:  # learned apart from the score, so that a range may miss it by a little
        ends = (min(said[ENDS[0]], quality), max(said[ENDS[1]], quality))
    return QualityAnswer(quality, category(quality), ends, measured, {}, answering.estimator)


def _network(name: str) -> "Model":
    """The session for that name; raises ManifestError where its answers are not those of a quality model."""
    found = network(name)
    labels = {label for output in found.manifest.outputs for label in output.labels}
    if "quality" not in labels or len(labels & set(ENDS)) == 1:
        raise ManifestError(
            f"Model {name!r}: found the outputs {', '.join(sorted(labels))}; accepted: quality, alone or with "
            f"{' and '.join(ENDS)}."
        )
    return found
