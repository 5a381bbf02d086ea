"""Agreement of predictions with people's scores: signed rank and linear correlation, and errors on the MOS scale.

A correlation of a constant column does not exist. It is NaN here, never 0, and `why_undefined` says why; no sign is
ever dropped, so a model whose direction is reversed shows a negative number.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from iqa.errors import ArgumentError

from .checks import Column, clean, clean_pair, require_rows

# Below this share of its own mean a spread is rounding noise of float64 (the limit of scipy.stats.pearsonr).
_LOST_SPREAD = 1e-13


def why_undefined(pred: ArrayLike, target: ArrayLike) -> str | None:
    """The reason why the correlations are NaN, as a sentence; None when they are defined."""
    x, y = clean_pair(pred, target)
    for column, name in ((x, "prediction"), (y, "target")):
        if _flat(column):
            return f"Every {name} is {column[0]:g}: a constant has no order and no correlation."
        if _lost(column):
            return f"The {name}s differ by less than float64 resolves around {column[0]:g}: no linear correlation."
    return None


def srcc(pred: ArrayLike, target: ArrayLike) -> float:
    """Spearman's rank correlation, in [-1, 1], higher is better; NaN when a column is constant.

    Ties get the mean of their ranks. Unchanged by any strictly increasing map of either column.

    Raises:
        ArgumentError: see `clean_pair`.

    Reference: C. Spearman, "The proof and measurement of association between two things", 1904, doi:10.2307/1412159.
    """
    x, y = clean_pair(pred, target)
    if _flat(x) or _flat(y):
        return np.nan
    return float(stats.spearmanr(x, y).statistic)


def plcc(pred: ArrayLike, target: ArrayLike) -> float:
    """Pearson's linear correlation, in [-1, 1], higher is better; NaN when a column is constant.

    Of the raw predictions; see `mapping.mapped` for the customary figure after the logistic.

    Raises:
        ArgumentError: see `clean_pair`.

    Reference: K. Pearson, "Note on regression and inheritance in the case of two parents", 1895,
    doi:10.1098/rspl.1895.0041.
    """
    x, y = clean_pair(pred, target)
    if _lost(x) or _lost(y):
        return np.nan
    return float(stats.pearsonr(x, y).statistic)


def krcc(pred: ArrayLike, target: ArrayLike) -> float:
    """Kendall's rank correlation tau-b, in [-1, 1], higher is better; NaN when a column is constant.

    Raises:
        ArgumentError: see `clean_pair`.

    Reference: M. G. Kendall, "The treatment of ties in ranking problems", 1945, doi:10.1093/biomet/33.3.239.
    """
    x, y = clean_pair(pred, target)
    if _flat(x) or _flat(y):
        return np.nan
    return float(stats.kendalltau(x, y, variant="b").statistic)


def rmse(pred: ArrayLike, target: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of the targets, at least 0, lower is better.

    Raises:
        ArgumentError: see `clean_pair`.
    """
    x, y = clean_pair(pred, target)
    return float(np.sqrt(np.mean((x - y) ** 2)))


def mae(pred: ArrayLike, target: ArrayLike) -> float:
    """Mean absolute error, in the unit of the targets, at least 0, lower is better.

    Raises:
        ArgumentError: see `clean_pair`.
    """
    x, y = clean_pair(pred, target)
    return float(np.mean(np.abs(x - y)))


def outlier_ratio(pred: ArrayLike, target: ArrayLike, spread: ArrayLike, *, multiple: float = 2.0) -> float:
    """Share of rows whose error is greater than `multiple` times that row's spread, in [0, 1], lower is better.

    Args:
        spread: per row, the standard deviation of the single votes (VQEG phase I), or their standard error
            (ITU-T P.1401, multiple 1.96); on the scale of the targets, at least 0.
        multiple: how many spreads a prediction may be away.

    Raises:
        ArgumentError: see `clean_pair`; or a spread is negative.

    Reference: VQEG, "Final report on the validation of objective models of video quality assessment", 2000, metric 5;
    ITU-T P.1401, 2020.
    """
    x, y = clean_pair(pred, target)
    allowed = clean(spread, "spreads")
    require_rows(allowed, len(x), "spreads", "predictions")
    if allowed.min() < 0:
        raise ArgumentError(f"The spread in row {allowed.argmin()} is {allowed.min():g}; accepted: 0 or more.")
    return float(np.mean(np.abs(x - y) > multiple * allowed))


def mean(values: ArrayLike) -> float:
    """The mean of one column, in its unit: of per-image PSNR, of hits, of losses; made for `bootstrap`.

    Raises:
        ArgumentError: see `clean`.
    """
    return float(clean(values).mean())


def median(values: ArrayLike) -> float:
    """The median of one column, in its unit; made for `bootstrap`.

    Raises:
        ArgumentError: see `clean`.
    """
    return float(np.median(clean(values)))


def percentile_95(values: ArrayLike) -> float:
    """The value that 95 % of one column do not exceed, in its unit, interpolated; made for `bootstrap`.

    Raises:
        ArgumentError: see `clean`.
    """
    return float(np.percentile(clean(values), 95))


def _flat(column: Column) -> bool:
    return bool(column.min() == column.max())


def _lost(column: Column) -> bool:
    center = column.mean()
    return _flat(column) or bool(np.linalg.norm(column - center) < _LOST_SPREAD * abs(center))
