"""Confidence intervals in closed form, and the correction for testing many models at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from iqa.errors import ArgumentError

from .checks import clean, require_level


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes:
        low: lower end, in the unit of the metric; NaN when the metric is undefined.
        high: upper end.
        n: independent units behind it: rows, or groups when rows of a group go together.
        method: how it was made, in words.
        level: confidence, such as 0.95.
        resamples: bootstrap resamples; 0 for a closed form.
        undefined: resamples on which the metric does not exist; they are left out and counted here.
    """

    low: float
    high: float
    n: int
    method: str
    level: float = 0.95
    resamples: int = 0
    undefined: int = 0

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def fisher_plcc(r: float, n: int, *, level: float = 0.95) -> Interval:
    """The interval of a Pearson correlation of n rows by Fisher's z, with variance 1 / (n - 3).

    Assumes independent rows; matches `scipy.stats.pearsonr(...).confidence_interval()` to rounding.

    Raises:
        ArgumentError: r outside [-1, 1], fewer than 4 rows, or a level outside (0, 1).

    Reference: R. A. Fisher, "On the probable error of a coefficient of correlation deduced from a small sample", 1921.
    """
    return _by_z(r, n, variance=1.0, lost=3, level=level, method="Fisher z")


def bonett_wright_srcc(r: float, n: int, *, level: float = 0.95) -> Interval:
    """The interval of a Spearman correlation of n rows by z with variance (1 + r^2 / 2) / (n - 3).

    Raises:
        ArgumentError: as `fisher_plcc`.

    Reference: D. G. Bonett, T. A. Wright, "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations", 2000, doi:10.1007/BF02294183.
    """
    return _by_z(r, n, variance=1.0 + r * r / 2.0, lost=3, level=level, method="Bonett-Wright z")


def fieller_krcc(r: float, n: int, *, level: float = 0.95) -> Interval:
    """The interval of a Kendall correlation of n rows by z with variance 0.437 / (n - 4).

    The constant holds for bivariate normal data and correlations below about .8; the bootstrap needs neither.

    Raises:
        ArgumentError: as `fisher_plcc`, with at least 5 rows.

    Reference: E. C. Fieller, H. O. Hartley, E. S. Pearson, "Tests for rank correlation coefficients. I", 1957,
    doi:10.1093/biomet/44.3-4.470.
    """
    return _by_z(r, n, variance=0.437, lost=4, level=level, method="Fieller z")


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share of n independent trials, within [0, 1]; NaN when n is 0.

    Raises:
        ArgumentError: fewer successes than 0 or more than n, or a level outside (0, 1).

    Reference: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927,
    doi:10.1080/01621459.1927.10502953.
    """
    require_level(level)
    if not 0 <= successes <= n:
        raise ArgumentError(f"Found {successes} successes in {n} trials; accepted: 0 to the number of trials.")
    if n == 0:
        return Interval(np.nan, np.nan, 0, "Wilson score", level)
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Interval(float(found.low), float(found.high), n, "Wilson score", level)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values corrected for testing all of them, in the given order, each in [0, 1].

    Below alpha after the correction means: the chance of any false claim in the family is below alpha.

    Raises:
        ArgumentError: a value that is not finite or outside [0, 1].

    Reference: S. Holm, "A simple sequentially rejective multiple test procedure", 1979, https://www.jstor.org/stable/4615733.
    """
    p = clean(np.asarray(p_values, dtype=np.float64), "p-values", least=0)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise ArgumentError(f"The p-values span [{p.min():g}, {p.max():g}]; accepted: [0, 1].")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(corrected.tolist())


def _by_z(r: float, n: int, *, variance: float, lost: int, level: float, method: str) -> Interval:
    require_level(level)
    if n <= lost:
        raise ArgumentError(f"An interval by {method} needs more than {lost} rows; found {n}.")
    if math.isnan(r):
        return Interval(np.nan, np.nan, n, method, level)
    if not -1.0 <= r <= 1.0:
        raise ArgumentError(f"The correlation is {r:g}; accepted: -1 to 1.")
    if abs(r) == 1.0:
        return Interval(r, r, n, method, level)
    reach = stats.norm.ppf((1 + level) / 2) * math.sqrt(variance / (n - lost))
    return Interval(math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach), n, method, level)
