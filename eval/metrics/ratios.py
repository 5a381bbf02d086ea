"""Agreement of positive quantities whose error grows with their size, such as the strength of noise."""

import numpy as np
from numpy.typing import ArrayLike

from iqa.errors import ArgumentError

from .checks import Column, clean_pair


def factor_error(estimate: ArrayLike, true: ArrayLike) -> float:
    """The factor by which an estimate is typically off, at least 1, lower is better: exp(median |ln(estimate / true)|).

    Half of the estimates are within this factor of the truth, too high or too low. An estimate of 0 is off by an
    infinite factor.

    Raises:
        ArgumentError: see `clean_pair`; a true value that is not above 0; or an estimate below 0.
    """
    ratio = _ratios(estimate, true)
    with np.errstate(divide="ignore"):
        return float(np.exp(np.median(np.abs(np.log(ratio)))))


def median_ratio(estimate: ArrayLike, true: ArrayLike) -> float:
    """The median of estimate / true: 1 is right, above 1 too high; it has no better direction.

    Raises:
        ArgumentError: as `factor_error`.
    """
    return float(np.median(_ratios(estimate, true)))


def _ratios(estimate: ArrayLike, true: ArrayLike) -> Column:
    x, y = clean_pair(estimate, true, names=("estimates", "true values"))
    if y.min() <= 0 or x.min() < 0:
        raise ArgumentError(
            f"The true values start at {y.min():g} and the estimates at {x.min():g}; accepted: above 0, and 0 or more."
        )
    return x / y
