"""The intervals of PLCC and RMSE after the mapping: the mapping is fitted anew on every resample.

A mapping that stayed as it was fitted would carry what it took from the rows into every resample, and the interval
would be too narrow and too high.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from .checks import Column, clean_pair
from .intervals import Interval
from .mapping import CENTER_MARGIN, SLOPES, Logistic
from .resampling import Groups, draws, few, percentile, unit_codes
from .weighted import Counts, srcc_of

REFITS = 500
"""Resamples, at most: each is a fit."""
MIN_ROWS = 100
"""Rows below which four fitted parameters leave no room for an interval."""
NAMES = ("plcc_mapped", "rmse_mapped")
_STEPS = 12
_STRAIGHT = 4.0
_LONGEST = 1.0
_FLAT = 1e-12


@dataclass(frozen=True)
class _Drawn:
    """The resamples: predictions that rise with the MOS, and MOS less its mean; weights add up to 1, (rows, resamples).

    `spread` is the variance of the MOS of each resample.
    """

    z: Counts
    rest: Counts
    weights: Counts
    spread: Column

    @classmethod
    def of(cls, z: Counts, y: Column, counts: Counts) -> "_Drawn":
        weights = counts / counts.sum(axis=0)
        rest = y[:, None] - y @ weights
        return cls(z, rest, weights, np.einsum("ij,ij,ij->j", weights, rest, rest))


def mapped_intervals(
    logistic: Logistic,
    pred: ArrayLike,
    mos: ArrayLike,
    groups: Groups | None = None,
    n: int = REFITS,
    *,
    seed: int,
    level: float = 0.95,
) -> dict[str, Interval]:
    """The percentile bootstrap intervals of `plcc_mapped` and `rmse_mapped`; NaN, with the reason, of few rows.

    Every resample is mapped by a logistic of its own, searched for from the one of all rows and rising or falling as
    the SRCC of the resample does.

    Args:
        logistic: fitted to all rows.
        n: resamples; never more than REFITS.

    Raises:
        ArgumentError: see `resampling.bootstrap`.
    """
    x, y = clean_pair(pred, mos)
    codes, size, grouped = unit_codes(groups, len(x)), min(n, REFITS), groups is not None
    if few(codes):
        return dict.fromkeys(NAMES, percentile(np.empty(0), codes, grouped=grouped, level=level))
    if len(x) < MIN_ROWS:
        reason = f"no interval: a mapping of fewer than {MIN_ROWS} rows"
        return dict.fromkeys(NAMES, Interval(np.nan, np.nan, int(codes.max()) + 1, reason, level))
    sign, found = srcc_of(x, y), []
    for counts in draws(codes, size, seed):
        found.append(refitted(logistic, x, y, counts, np.where(sign(counts) < 0, -1.0, 1.0)))
    values = np.concatenate(found, axis=1)
    intervals = (percentile(row, codes, grouped=grouped, level=level) for row in values)
    return {
        name: replace(interval, method=f"{interval.method}, {size} resamples, the mapping refitted in each")
        for name, interval in zip(NAMES, intervals, strict=True)
    }


def refitted(
    logistic: Logistic, x: Column, y: Column, counts: Counts, sign: NDArray[np.float64]
) -> NDArray[np.float64]:
    """PLCC and RMSE after a mapping of each resample, (2, resamples).

    Only the middle and the slope are searched for: the two levels that fit best follow from them by a straight line,
    whose correlation is the PLCC. The steps are those of Gauss and Newton, halved where they do not help.

    Args:
        counts: how often each row is drawn, (rows, resamples).
        sign: 1 where the mapping rises, -1 where it falls, (resamples,).

    Reference: L. Kaufman, "A variable projection method for solving separable nonlinear least squares problems", 1975,
    doi:10.1007/BF01932995.
    """
    scale = x.std()
    drawn = _Drawn.of(np.outer((x - x.mean()) / scale, sign), y, counts)
    spread = drawn.spread
    starts = ((logistic.beta3 - x.mean()) / scale, logistic.beta4 / scale), (0.0, _STRAIGHT)
    r = np.max([_climbed(drawn, sign * m, np.full(len(sign), s)) for m, s in starts], axis=0)
    r = np.clip(r, 0.0, 1.0)
    error = np.sqrt(np.maximum(spread * (1 - r * r), 0.0))
    defined = spread > _FLAT * y.var()
    return np.stack([np.where(defined, sign * r, np.nan), np.where(defined, error, np.nan)])


def _climbed(drawn: _Drawn, middle: Column, width: Column) -> Column:
    """The highest correlation of a curve with the MOS that is found from this start, for each resample."""
    slope = np.log(np.clip(width, *SLOPES))
    best, step_m, step_s = _along(drawn, middle, slope)
    low, high = drawn.z.min(axis=0) - CENTER_MARGIN, drawn.z.max(axis=0) + CENTER_MARGIN
    for _ in range(_STEPS):
        m, s = np.clip(middle + step_m, low, high), np.clip(slope + step_s, *np.log(SLOPES))
        fit, next_m, next_s = _along(drawn, m, s)
        better = fit > best
        middle, slope, best = np.where(better, m, middle), np.where(better, s, slope), np.where(better, fit, best)
        step_m, step_s = np.where(better, next_m, step_m / 2), np.where(better, next_s, step_s / 2)
    return best


def _along(drawn: _Drawn, middle: Column, slope: Column) -> tuple[Column, Column, Column]:
    """Correlation of the curve with the MOS for each resample, and the step of middle and log slope that raises it."""
    weights, width = drawn.weights, np.exp(slope)
    u = (drawn.z - middle) / width
    curve = expit(u)
    bend = curve * (1 - curve)
    columns = [curve, -bend / width, -bend * u]  # the curve, and what it changes with the middle and the log slope
    centered = [column - np.einsum("ij,ij->j", weights, column) for column in columns]
    weighted = [weights * column for column in centered]
    gram = np.array([[np.einsum("ij,ij->j", a, b) for b in centered] for a in weighted])
    on_mos = np.array([np.einsum("ij,ij->j", a, drawn.rest) for a in weighted])
    power = np.maximum(gram[0, 0], _FLAT)
    height = on_mos[0] / power
    fit = on_mos[0] / np.sqrt(power * np.maximum(drawn.spread, _FLAT**2))
    # The part of both changes that the levels cannot follow, against what is left of the MOS.
    normal = gram[1:, 1:] - gram[1:, :1] * gram[:1, 1:] / power
    left = on_mos[1:] - gram[1:, 0] * height
    (a, b), (_, d) = normal
    a, d = a + _FLAT + 1e-6 * a, d + _FLAT + 1e-6 * d
    bottom = np.maximum(a * d - b * b, _FLAT**2) * np.where(np.abs(height) > _FLAT, height, 1.0)
    step_m, step_s = (d * left[0] - b * left[1]) / bottom, (a * left[1] - b * left[0]) / bottom
    return fit, np.clip(step_m, -_LONGEST, _LONGEST), np.clip(step_s, -_LONGEST, _LONGEST)
