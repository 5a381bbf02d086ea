"""Agreement on pairs: who is better, and what panel of people would make as few mistakes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import Column, clean_pair, require_rows

# Two MOS on the five-point scale that differ by more than this are ranked alike by 95 % of repeated tests (TR-21-550).
DISTINCT_MOS = 0.5
# People in an ad-hoc test, and the false-ranking rate it does not exceed (NRMetricFramework, ci_calc).
PANELS = ((12, 0.0325), (9, 0.0395), (6, 0.056), (3, 0.0765), (2, 0.0995), (1, 0.1285))


@dataclass(frozen=True)
class PairAccuracy:
    """How often the better of two images gets the higher prediction.

    Attributes:
        accuracy: share in [0, 1], higher is better, 0.5 by chance; NaN without pairs.
        pairs: compared pairs; those of equal MOS are not among them.
        tied: pairs of equal prediction; each counts as half right.
        low: the pairs' MOS differences are at least this,
        high: and below this.
    """

    accuracy: float
    pairs: int
    tied: int
    low: float = 0.0
    high: float = np.inf


@dataclass(frozen=True)
class PairClasses:
    """Shares of all pairs by what people and the predictions conclude; the five add up to 1.

    Attributes:
        correct_ranking: both see the same image as better.
        correct_tie: neither sees a difference.
        false_tie: people see a difference, the predictions do not.
        false_distinction: the predictions see a difference, people do not.
        false_ranking: they disagree about which is better.
        pairs: compared pairs.
    """

    correct_ranking: float
    correct_tie: float
    false_tie: float
    false_distinction: float
    false_ranking: float
    pairs: int


@dataclass(frozen=True)
class Panel:
    """The size of an ad-hoc human panel that the predictions are worth.

    Attributes:
        people: largest panel whose false-ranking rate is not lower; 0 = worse than one person; None = cannot tell.
        false_ranking: share of pairs ranked the other way round, in [0, 1], lower is better.
        threshold: difference of predictions that counts as one, 1 % of their range to one digit.
        reason: why `people` is None, as a sentence; else empty.
    """

    people: int | None
    false_ranking: float
    threshold: float
    reason: str = ""


def pair_accuracy(
    pred: ArrayLike, mos: ArrayLike, *, groups: Sequence[Any] | NDArray[Any] | None = None
) -> PairAccuracy:
    """The share of pairs of unequal MOS that the predictions order right; equal predictions count one half.

    Args:
        groups: when given, only pairs inside a group are compared: bursts, versions of one photo.

    Raises:
        ArgumentError: see `clean_pair`.
    """
    return pair_accuracy_by_difference(pred, mos, (0.0, np.inf), groups=groups)[0]


def pair_accuracy_by_difference(
    pred: ArrayLike,
    mos: ArrayLike,
    edges: Sequence[float],
    *,
    groups: Sequence[Any] | NDArray[Any] | None = None,
) -> tuple[PairAccuracy, ...]:
    """The pair accuracy for each range of MOS difference, edges[i] <= difference < edges[i + 1].

    Pairs of equal MOS are in no range. Memory stays at n, time grows as n^2: 0.1 s for 2,000 rows.

    Raises:
        ArgumentError: see `clean_pair`; or edges that do not rise from 0 or more.
    """
    x, y = clean_pair(pred, mos)
    bounds = np.asarray(edges, dtype=np.float64)
    if bounds.ndim != 1 or len(bounds) < 2 or bounds[0] < 0 or not (np.diff(bounds) > 0).all():
        raise ArgumentError(f"The edges are {list(edges)}; accepted: at least two rising numbers from 0 up.")
    bins = len(bounds) - 1
    right, pairs, tied = np.zeros(bins), np.zeros(bins, dtype=np.int64), np.zeros(bins, dtype=np.int64)
    for dx, dy in _pairs(x, y, groups):
        size = np.abs(dy)
        index = np.searchsorted(bounds, size, side="right") - 1
        used = (size > 0) & (index >= 0) & (index < bins)
        agree, index = (np.sign(dx) * np.sign(dy))[used], index[used]
        right += np.bincount(index, weights=(agree + 1) / 2, minlength=bins)
        pairs += np.bincount(index, minlength=bins)
        tied += np.bincount(index[agree == 0], minlength=bins)
    return tuple(
        PairAccuracy(float(right[i] / pairs[i]) if pairs[i] else np.nan, int(pairs[i]), int(tied[i]), low, high)
        for i, (low, high) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    )


def pair_classes(
    pred: ArrayLike, mos: ArrayLike, *, threshold: float = 0.0, distinct: float = DISTINCT_MOS
) -> PairClasses:
    """The NTIA classes of all pairs.

    People see a difference where the MOS differ by more than `distinct`; the predictions do where they differ by
    `threshold` or more, and never where they are equal. Higher predictions mean better; the sign is not adjusted.

    Args:
        threshold: in the unit of the predictions, at least 0.
        distinct: in the unit of the MOS, at least 0; the default is for a scale of 1 to 5.

    Raises:
        ArgumentError: see `clean_pair`; or a negative threshold.

    Reference: M. H. Pinson, "Confidence intervals for subjective tests and objective metrics that assess image, video,
    speech, or audiovisual quality", NTIA TR-21-550, 2020; as in NTIA/NRMetricFramework, without its change of sign.
    """
    x, y = clean_pair(pred, mos)
    if threshold < 0 or distinct < 0:
        raise ArgumentError(f"The thresholds are {threshold:g} and {distinct:g}; accepted: 0 or more.")
    counts = np.zeros(9, dtype=np.int64)
    for dx, dy in _pairs(x, y, None):
        metric = np.sign(dx) * (np.abs(dx) >= threshold)
        people = np.sign(dy) * (np.abs(dy) > distinct)
        counts += np.bincount((3 * (people + 1) + metric + 1).astype(np.intp), minlength=9)
    table, total = counts.reshape(3, 3), int(counts.sum())  # rows: people, columns: metric; worse, tie, better
    return PairClasses(
        correct_ranking=float((table[0, 0] + table[2, 2]) / total),
        correct_tie=float(table[1, 1] / total),
        false_tie=float((table[0, 1] + table[2, 1]) / total),
        false_distinction=float((table[1, 0] + table[1, 2]) / total),
        false_ranking=float((table[0, 2] + table[2, 0]) / total),
        pairs=total,
    )


def panel_size(pred: ArrayLike, mos: ArrayLike, *, scale: tuple[float, float] = (1.0, 5.0)) -> Panel:
    """The ad-hoc panel with the same false-ranking rate: 12, 9, 6, 3, 2, 1 or 0 people.

    Args:
        scale: ends of the MOS scale, worst and best; the rates of the panels were measured on 1 to 5.

    Raises:
        ArgumentError: see `clean_pair`; or a scale that does not rise.

    Reference: as `pair_classes`; NTIA/NRMetricFramework, ci_calc, whose threshold and rates these are.
    """
    x, y = clean_pair(pred, mos)
    low, high = scale
    if not low < high:
        raise ArgumentError(f"The MOS scale is {scale}; accepted: (worst, best) with best above worst.")
    span = np.ptp(x)
    if span == 0:
        return Panel(None, np.nan, 0.0, f"Every prediction is {x[0]:g}: nothing is ranked.")
    threshold = float(f"{span / 100:.0e}")
    # The scale moves to the MOS's own, not the MOS to 1 ... 5: their differences keep their exact values.
    found = pair_classes(x, y, threshold=threshold, distinct=DISTINCT_MOS * (high - low) / 4)
    if found.false_tie + found.correct_tie > 0.5:
        reason = "More than half of the pairs differ by less than 1 % of the predictions' range."
        return Panel(None, found.false_ranking, threshold, reason)
    return Panel(people_worth(found.false_ranking), found.false_ranking, threshold)


def people_worth(false_ranking: float) -> int:
    """The largest panel whose false-ranking rate is not lower, 0 to 12 people; fewer as the rate rises."""
    return next((size for size, rate in PANELS if false_ranking <= rate), 0)


def _pairs(x: Column, y: Column, groups: Sequence[Any] | NDArray[Any] | None) -> Iterator[tuple[Column, Column]]:
    """Differences of both columns, each pair once, one row against all later rows at a time."""
    labels = None if groups is None else np.asarray(groups)
    if labels is not None:
        require_rows(labels, len(x), "groups", "rows")
    for row in range(len(x) - 1):
        later = slice(row + 1, None)
        dx, dy = x[later] - x[row], y[later] - y[row]
        if labels is not None:
            same = labels[later] == labels[row]
            dx, dy = dx[same], dy[same]
        yield dx, dy
