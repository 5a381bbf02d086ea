"""Agreement on classes: the confusion matrix and what is read off it, each share with its interval."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from iqa.errors import ArgumentError, UnknownNameError

from .checks import clean_pair
from .intervals import Interval, wilson

Matrix = NDArray[np.int64]


@dataclass(frozen=True)
class ClassReport:
    """One class of a confusion matrix; every share is in [0, 1], higher is better.

    Attributes:
        label: the class.
        precision: right among those called so; NaN when none was.
        recall: right among those that are so; NaN when none is.
        f1: 2 TP / (2 TP + FP + FN); NaN when the class neither occurs nor is predicted.
        support: rows that are of the class.
        predicted: rows that are called so.
        precision_interval: Wilson, 95 %.
        recall_interval: Wilson, 95 %.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int
    precision_interval: Interval
    recall_interval: Interval


@dataclass(frozen=True)
class Rate:
    """A share of counted cases with its Wilson interval; NaN when there is none to count."""

    rate: float
    count: int
    total: int
    interval: Interval


def confusion_matrix(true: Sequence[Hashable], pred: Sequence[Hashable], labels: Sequence[Hashable]) -> Matrix:
    """Counts (classes, classes): row = the true class, column = the predicted class, in the order of `labels`.

    Raises:
        ArgumentError: unequal lengths, no rows, or a label listed twice.
        UnknownNameError: a class that `labels` does not list.
    """
    place = {label: index for index, label in enumerate(labels)}
    if len(place) != len(labels):
        raise ArgumentError(f"The labels {list(labels)} hold one twice.")
    if len(true) != len(pred) or not len(true):
        raise ArgumentError(
            f"Found {len(true)} true and {len(pred)} predicted classes; they must be as many, 1 or more."
        )
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for actual, said in zip(true, pred, strict=True):
        for label in (actual, said):
            if label not in place:
                raise UnknownNameError("class", str(label), map(str, labels))
        matrix[place[actual], place[said]] += 1
    return matrix


def accuracy(matrix: Matrix) -> Rate:
    """The share of all rows on the diagonal, higher is better."""
    return _rate(int(np.trace(matrix)), int(matrix.sum()))


def per_class(matrix: Matrix, labels: Sequence[Hashable]) -> tuple[ClassReport, ...]:
    """Precision, recall and F1 of each class in the order of `labels`."""
    right, support, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return tuple(
        ClassReport(
            label=str(label),
            precision=_share(right[i], predicted[i]),
            recall=_share(right[i], support[i]),
            f1=_share(2 * right[i], support[i] + predicted[i]),
            support=int(support[i]),
            predicted=int(predicted[i]),
            precision_interval=wilson(int(right[i]), int(predicted[i])),
            recall_interval=wilson(int(right[i]), int(support[i])),
        )
        for i, label in enumerate(labels)
    )


def macro_f1(matrix: Matrix) -> float:
    """The mean F1 over the classes that occur or are predicted, in [0, 1], higher is better; NaN without rows."""
    used = matrix.sum(axis=0) + matrix.sum(axis=1)
    kept = used > 0
    return float(np.mean(2 * np.diag(matrix)[kept] / used[kept])) if kept.any() else np.nan


def balanced_accuracy(matrix: Matrix) -> float:
    """The mean recall over the classes that occur, in [0, 1], higher is better, 1 / classes by chance."""
    support = matrix.sum(axis=1)
    present = support > 0
    return float(np.mean(np.diag(matrix)[present] / support[present])) if present.any() else np.nan


def mean_recall(hits: ArrayLike, codes: ArrayLike) -> float:
    """`balanced_accuracy` from the rows, where a hit may be a share: equal candidates are guessed among.

    Unchecked, because the bootstrap calls it once per resample.

    Args:
        hits: per row, 1 where the class is named right, 0 where not.
        codes: per row, the place of the true class, from 0 up.
    """
    index = np.asarray(codes).astype(np.intp)
    support = np.bincount(index)
    present = support > 0
    return float(np.mean(np.bincount(index, weights=np.asarray(hits))[present] / support[present]))


def false_alarm_rate(matrix: Matrix, labels: Sequence[Hashable], clear: Hashable) -> Rate:
    """The share of rows of class `clear` that are called anything else, such as sharp photos called blurred.

    Lower is better.

    Raises:
        UnknownNameError: `clear` is not among the labels.
    """
    if clear not in labels:
        raise UnknownNameError("class", str(clear), map(str, labels))
    row = matrix[list(labels).index(clear)]
    return _rate(int(row.sum() - row[list(labels).index(clear)]), int(row.sum()))


def auc(score: ArrayLike, positive: ArrayLike) -> float:
    """The area under the ROC curve, in [0, 1], higher is better, 0.5 by chance; NaN when a side is empty.

    Equal to the chance that a positive gets a higher score than a negative, equal scores counting one half.

    Args:
        score: per row, higher = more likely positive.
        positive: per row, 1 or 0.

    Raises:
        ArgumentError: see `clean_pair`; or a row of `positive` that is neither 0 nor 1.

    Reference: J. A. Hanley, B. J. McNeil, 1982, doi:10.1148/radiology.143.1.7063747.
    """
    values, side = clean_pair(score, positive, names=("scores", "positives"))
    require_binary(side, "positives")
    ones = int(side.sum())
    zeros = len(side) - ones
    if not ones or not zeros:
        return np.nan
    ranks = stats.rankdata(values)[side == 1].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * zeros))


def require_binary(values: NDArray[np.float64], name: str) -> None:
    """Nothing, or ArgumentError when a value is neither 0 nor 1."""
    wrong = np.flatnonzero((values != 0) & (values != 1))
    if wrong.size:
        raise ArgumentError(f"The {name} hold {values[wrong[0]]:g} in row {wrong[0]}; accepted: 0 or 1.")


def _share(part: np.int64, whole: np.int64) -> float:
    return float(part / whole) if whole else np.nan


def _rate(count: int, total: int) -> Rate:
    return Rate(count / total if total else np.nan, count, total, wilson(count, total))
