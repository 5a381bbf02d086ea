"""A metric over repeated splits, for data sets without an official split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import clean, require_rows


@dataclass(frozen=True)
class Quartiles:
    """The spread of a metric over splits.

    Attributes:
        q1: a quarter of the splits are at or below.
        median: the middle split.
        q3: three quarters are at or below.
        values: the metric on each split, in order; NaN where it is undefined, and then so are the quartiles.
    """

    q1: float
    median: float
    q3: float
    values: tuple[float, ...]


def over_splits(
    statistic: Callable[..., float], arrays: Sequence[ArrayLike], masks: Sequence[NDArray[np.bool_]]
) -> Quartiles:
    """The median and quartiles of ``statistic`` on the test rows of each split.

    Raises:
        ArgumentError: no split, unequal lengths, NaN, or fewer than three test rows in a split.
    """
    columns = [clean(values, f"values of column {index}") for index, values in enumerate(arrays)]
    if not masks:
        raise ArgumentError("Found no split; accepted: at least one mask of the test rows.")
    for column in columns:
        require_rows(column, len(masks[0]), "values", "rows of the splits")
    values = [float(statistic(*(column[mask] for column in columns))) for mask in masks]
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Quartiles(q1, median, q3, tuple(values))
