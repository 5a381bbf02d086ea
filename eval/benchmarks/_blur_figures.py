"""The figures of a classification into blur types: shares with intervals, ranking, calibration, confusion."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..benchmark import MODEL, Figure, Options
from ..metrics import (
    Interval,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    mean,
    mean_recall,
    per_class,
    reliability,
    risk_coverage,
    wilson,
)
from ..metrics.calibration import BINS
from ..metrics.checks import MIN_ROWS, Column
from ..metrics.resampling import Statistic
from ._parts import ends, over_groups, share, within

SHARP, BLURRED = "sharp", "blurry"
"""The two classes of a list that does not tell the kinds of blur apart."""
SURE = 0.5
"""Probability above which the half-size copy of a blurred photo counts as wrongly called sharp."""
COVERAGES = (0.5, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class Judged:
    """Answers beside the truth, row by row.

    Attributes:
        classes: in the order of the columns of `chances`; the first is SHARP.
        true, said: class names.
        chances: float64 (n, classes), rows add up to 1.
        certain: False where the answer was "cannot tell".
        half_sharp: probability that the copy at half size is sharp.
        laplacian: variance of the Laplacian, the baseline: higher is sharper.
        groups: the scene of each photo.
    """

    classes: tuple[str, ...]
    true: tuple[str, ...]
    said: tuple[str, ...]
    chances: Column
    certain: NDArray[np.bool_]
    half_sharp: Column
    laplacian: Column
    groups: tuple[str, ...]

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Where the answer is the truth."""
        return np.array([true == said for true, said in zip(self.true, self.said, strict=True)])

    @cached_property
    def confidence(self) -> Column:
        """The probability of the class that was named."""
        return self.chances[np.arange(len(self.said)), self.said_codes]

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The true class as its place in `classes`."""
        return np.array([self.classes.index(name) for name in self.true], dtype=np.int64)

    @cached_property
    def said_codes(self) -> NDArray[np.int64]:
        """The class that was named as its place in `classes`."""
        return np.array([self.classes.index(name) for name in self.said], dtype=np.int64)

    @property
    def present(self) -> list[str]:
        """The classes that occur."""
        return [name for name in self.classes if name in self.true]


def shares(judged: Judged, part: str, options: Options) -> list[Figure]:
    """Accuracy, macro accuracy over the classes present, recall of each, false alarms, half size, and "cannot tell".

    Their intervals are Wilson's, because the bootstrap has none where every answer is right; those of the bootstrap
    over scenes stand in the details.
    """
    right, true = judged.right, np.array(judged.true)
    figures = [share("accuracy", right, options, part=part)]
    by_class = {name: right[true == name] for name in judged.present}
    if len(by_class) > 1:
        figures.append(_macro(list(by_class.values()), part, options))
        for name, hits in by_class.items():
            figures.append(share("accuracy", hits, options, part=within(part, f"class {name}")))
    if SHARP in by_class:
        figures.append(share("false_alarm_rate", ~by_class[SHARP], options, part=part))
    if (blurred := true != SHARP).any():
        figures.append(share("half_size_sharp", judged.half_sharp[blurred] > SURE, options, part=part))
    figures.append(share("cannot_tell", ~judged.certain, options, part=part))
    if 0 < judged.certain.sum() < len(right):
        figures.append(share("accuracy", right[judged.certain], options, part=within(part, "certain answers")))
    return figures


def calibrated(judged: Judged, part: str, options: Options) -> list[Figure]:
    """Ranking of blurred above sharp, calibration, and selective risk; with the baselines' figures beside them."""
    figures = _constant(judged, part, options)
    if len(judged.true) < MIN_ROWS:
        return figures
    blurred, right = (judged.codes != 0).astype(np.float64), judged.right.astype(np.float64)
    sure = judged.confidence
    place = np.clip(np.searchsorted(_EDGES, sure, side="left") - 1, 0, BINS - 1)
    squares = np.sum((judged.chances - np.eye(len(judged.classes))[judged.codes]) ** 2, axis=1)
    rows: list[tuple[str, str, Statistic, list[Column]]] = [
        ("auc", MODEL, _auc, [1.0 - judged.chances[:, 0], blurred]),
        ("auc", "laplacian", _auc, [-judged.laplacian, blurred]),
        ("ece", MODEL, _binned_gap, [sure - right, place.astype(np.float64)]),
        ("brier", MODEL, mean, [squares]),
        ("aurc", MODEL, _aurc, [sure, 1.0 - right]),
        ("macro_f1", MODEL, _macro_f1, [judged.codes.astype(np.float64), judged.said_codes.astype(np.float64)]),
    ]
    for metric, who, statistic, arrays in rows:
        interval, n = over_groups(statistic, arrays, judged.groups, options), len(set(judged.groups))
        figures.append(Figure.of(metric, statistic(*arrays), interval, n=n, part=part, who=who))
    return figures


def detailed(judged: Judged, options: Options) -> dict[str, object]:
    """The confusion matrix and what is read off it, the reliability table, and the bootstrap over scenes."""
    matrix = confusion_matrix(judged.true, judged.said, judged.classes)
    right = judged.right.astype(np.float64)
    found: dict[str, object] = {
        "photos": len(judged.true),
        "scenes": len(set(judged.groups)),
        "confusion": {"classes": list(judged.classes), "rows are the truth": matrix.tolist()},
        "precision": {
            row.label: {"share": row.precision, "of": row.predicted}
            for row in per_class(matrix, judged.classes)
            if row.predicted
        },
        "over scenes": {
            "accuracy": ends(over_groups(mean, [right], judged.groups, options)),
            "balanced_accuracy": ends(over_groups(mean_recall, [right, judged.codes], judged.groups, options)),
        },
    }
    if len(judged.true) >= MIN_ROWS:
        table = [row for row in reliability(judged.confidence, judged.right.astype(np.float64)) if row.n]
        found["reliability"] = [
            {"low": row.low, "high": row.high, "n": row.n, "confidence": row.confidence, "accuracy": row.accuracy}
            for row in table
        ]
        curve = risk_coverage(judged.confidence, 1.0 - right)
        at = [math.ceil(coverage * len(right)) - 1 for coverage in COVERAGES]
        found["risk at coverage"] = {f"{c:g}": float(curve.risk[i]) for c, i in zip(COVERAGES, at, strict=True)}
    return found


def macro_interval(hits: Sequence[NDArray[np.bool_]], *, level: float = 0.95) -> Interval:
    """The interval of the mean recall: Wilson's of each class, put together for independent classes (MOVER).

    Unlike the bootstrap's it does not shrink to a point when every answer is right.

    Reference: G. Y. Zou, W. Huang, X. Zhang, "A note on confidence interval estimation for a linear function of
    binomial proportions", 2009, doi:10.1016/j.csda.2008.09.033.
    """
    recall = np.array([found.mean() for found in hits])
    each = [wilson(int(found.sum()), len(found), level=level) for found in hits]
    down = recall - [interval.low for interval in each]
    up = np.array([interval.high for interval in each]) - recall
    center, n = float(recall.mean()), sum(map(len, hits))
    low, high = center - float(np.hypot.reduce(down)) / len(hits), center + float(np.hypot.reduce(up)) / len(hits)
    return Interval(max(0.0, low), min(1.0, high), n, "Wilson score of each class, combined by MOVER", level)


def _macro(hits: list[NDArray[np.bool_]], part: str, options: Options, who: str = MODEL) -> Figure:
    value = float(np.mean([found.mean() for found in hits]))
    interval = macro_interval(hits, level=options.level)
    return Figure.of("balanced_accuracy", value, interval, n=interval.n, part=part, who=who)


def _constant(judged: Judged, part: str, options: Options) -> list[Figure]:
    """The answer that is always the most frequent class."""
    names, counts = np.unique(judged.true, return_counts=True)
    always = np.array(judged.true) == names[counts.argmax()]
    figures = [share("accuracy", always, options, part=part, who="constant")]
    if len(names) > 1:
        matrix = confusion_matrix(judged.true, [str(names[counts.argmax()])] * len(always), judged.classes)
        value = balanced_accuracy(matrix)
        figures.append(Figure.of("balanced_accuracy", value, None, n=len(always), part=part, who="constant"))
    return figures


_EDGES = np.linspace(0.0, 1.0, BINS + 1)


# The metrics of these names without their checks: the bootstrap calls them once per resample.
def _auc(score: Column, positive: Column) -> float:
    above, below = score[positive == 1], np.sort(score[positive == 0])
    if not len(above) or not len(below):
        return np.nan
    wins = np.searchsorted(below, above, side="left") + np.searchsorted(below, above, side="right")
    return float(wins.sum() / (2 * len(above) * len(below)))


def _binned_gap(gap: Column, place: Column) -> float:
    return float(np.abs(np.bincount(place.astype(np.intp), weights=gap)).sum() / len(gap))


def _macro_f1(codes: Column, said: Column) -> float:
    size = int(max(codes.max(), said.max())) + 1
    matrix = np.bincount((size * codes + said).astype(np.intp), minlength=size * size).reshape(size, size)
    return macro_f1(matrix)


def _aurc(confidence: Column, loss: Column) -> float:
    return risk_coverage(confidence, loss).aurc
