"""Whether a confidence of 80 % is right in 80 % of the cases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import Column, clean_pair, require_rows
from .classification import require_binary
from .intervals import Interval, wilson

BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """The cases of one range of confidence, low < confidence <= high.

    Attributes:
        low: lower edge; 0 itself is in the first bin.
        high: upper edge.
        n: cases.
        confidence: their mean confidence; NaN when there are none.
        accuracy: share that is right; NaN when there are none.
        interval: Wilson, of the accuracy.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    interval: Interval


def reliability(
    confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS, adaptive: bool = False
) -> tuple[ReliabilityBin, ...]:
    """The reliability table: one row per range of confidence.

    Args:
        confidence: per case, the probability given to the answer, in [0, 1].
        correct: per case, 1 or 0.
        bins: ranges.
        adaptive: ranges of equal numbers of cases, where ties allow, instead of equal width.

    Raises:
        ArgumentError: see `clean_pair`; confidences outside [0, 1]; `correct` other than 0 and 1; fewer than 1 bin.

    Reference: A. Niculescu-Mizil, R. Caruana, 2005, doi:10.1145/1102351.1102430; adaptive: K. Nguyen, B. O'Connor,
    2015, doi:10.18653/v1/D15-1182.
    """
    p, right = _checked(confidence, correct)
    if bins < 1:
        raise ArgumentError(f"Asked for {bins} bins; accepted: 1 or more.")
    edges = _equal_counts(p, bins) if adaptive else np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, p, side="left") - 1, 0, len(edges) - 2)
    table = []
    for i, (low, high) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        inside = index == i
        n, hits = int(inside.sum()), int(right[inside].sum())
        shown = (float(p[inside].mean()), hits / n) if n else (np.nan, np.nan)
        table.append(ReliabilityBin(low, high, n, *shown, wilson(hits, n)))
    return tuple(table)


def expected_calibration_error(
    confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS, adaptive: bool = False
) -> float:
    """The mean gap between confidence and accuracy over the bins, by cases, in [0, 1], lower is better.

    Raises:
        ArgumentError: see `reliability`.

    Reference: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks", 2017,
    arXiv:1706.04599 (15 bins of equal width); adaptive: as `reliability`.
    """
    filled = [row for row in reliability(confidence, correct, bins=bins, adaptive=adaptive) if row.n]
    total = sum(row.n for row in filled)
    return sum(row.n * abs(row.confidence - row.accuracy) for row in filled) / total


def brier(probabilities: ArrayLike, true: ArrayLike) -> float:
    """The mean squared distance between the probabilities and the truth, in [0, 2], lower is better.

    Summed over all classes as Brier did; the two-class figure that counts one class only is half of it.

    Args:
        probabilities: (n, classes), each row adding up to 1.
        true: (n,) index of the true class.

    Raises:
        ArgumentError: another shape, a row that is no distribution, or an index that is no class.

    Reference: G. W. Brier, "Verification of forecasts expressed in terms of probability", 1950.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    truth = np.asarray(true)
    if p.ndim != 2 or p.shape[1] < 2 or not len(p):
        raise ArgumentError(f"The probabilities have shape {p.shape}; accepted: (n, classes) with 2 classes or more.")
    if truth.ndim != 1 or truth.dtype.kind not in "iu":
        raise ArgumentError(f"The true classes are {truth.dtype} of shape {truth.shape}; accepted: (n,) whole numbers.")
    require_rows(truth, len(p), "true classes", "rows of probabilities")
    # Softmax in float32 leaves sums about 1e-6 from 1.
    bad = np.flatnonzero(~((p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) < 1e-4)))
    if bad.size:
        raise ArgumentError(f"The probabilities of row {bad[0]} are {p[bad[0]].tolist()}; they must add up to 1.")
    if truth.min() < 0 or truth.max() >= p.shape[1]:
        raise ArgumentError(f"The true classes span {truth.min()} to {truth.max()}; accepted: 0 to {p.shape[1] - 1}.")
    return float(np.mean(np.sum((p - np.eye(p.shape[1])[truth]) ** 2, axis=1)))


def _checked(confidence: ArrayLike, correct: ArrayLike) -> tuple[Column, Column]:
    p, right = clean_pair(confidence, correct, names=("confidences", "outcomes"))
    require_binary(right, "outcomes")
    if p.min() < 0 or p.max() > 1:
        raise ArgumentError(f"The confidences span [{p.min():g}, {p.max():g}]; accepted: [0, 1].")
    return p, right


def _equal_counts(p: Column, bins: int) -> NDArray[np.float64]:
    """Edges at the quantiles; equal confidences stay together, so there may be fewer bins than asked for."""
    edges = np.unique(np.quantile(p, np.linspace(0.0, 1.0, bins + 1), method="inverted_cdf"))
    return edges if len(edges) > 1 else np.array([0.0, 1.0])
