"""Repeated splits by group, for data sets without an official split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import clean, clean_groups, require_rows

SPLITS = 10


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


def group_splits(
    groups: Sequence[Any] | NDArray[Any], n: int = SPLITS, *, test: float = 0.2, seed: int
) -> tuple[NDArray[np.bool_], ...]:
    """Masks (rows,) that are True on the test rows; no group is on both sides of a split.

    Args:
        groups: one label per row: reference photo, scene, burst, subject.
        n: splits, each drawn anew.
        test: share of the groups to test on, in (0, 1); at least one group and never all.

    Raises:
        ArgumentError: fewer than three groups, n below 1, or a share outside (0, 1).
    """
    codes = clean_groups(groups, len(groups))
    if n < 1 or not 0 < test < 1:
        raise ArgumentError(f"Asked for {n} splits with {test:g} to test on; accepted: 1 or more, a share in (0, 1).")
    total = int(codes.max()) + 1
    taken = min(max(1, round(test * total)), total - 1)
    rng = np.random.default_rng(seed)
    return tuple(np.isin(codes, rng.permutation(total)[:taken]) for _ in range(n))


def over_splits(
    statistic: Callable[..., float], arrays: Sequence[ArrayLike], masks: Sequence[NDArray[np.bool_]]
) -> Quartiles:
    """The median and quartiles of ``statistic`` on the test rows of each split.

    Raises:
        ArgumentError: no split, unequal lengths, NaN, or fewer than three test rows in a split.
    """
    columns = [clean(values, f"values of column {index}") for index, values in enumerate(arrays)]
    if not masks:
        raise ArgumentError("Found no split; accepted: at least one mask from group_splits.")
    for column in columns:
        require_rows(column, len(masks[0]), "values", "rows of the splits")
    values = [float(statistic(*(column[mask] for column in columns))) for mask in masks]
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return Quartiles(q1, median, q3, tuple(values))
