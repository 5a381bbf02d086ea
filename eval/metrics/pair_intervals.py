"""The bootstrap of figures of pairs: what is drawn is the photos, or their groups, and every pair follows from them.

Pairs share photos, so they are not independent: an interval that counted them as rows would be far too narrow.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import Column, clean_pair
from .intervals import Interval
from .ranking import DISTINCT_MOS
from .resampling import Groups, draws, few, percentile, unit_codes

RESAMPLES = 1_000
"""At most."""
MIN_RESAMPLES = 100
WORK = 10**11
"""Pairs times resamples, at most: some seconds."""
NAMES = ("pair_accuracy", "false_ranking")
_BLOCK = 256
Whole = NDArray[np.float32]


def pair_intervals(
    pred: ArrayLike,
    mos: ArrayLike,
    groups: Groups | None = None,
    n: int = RESAMPLES,
    *,
    threshold: float = 0.0,
    distinct: float = DISTINCT_MOS,
    seed: int,
    level: float = 0.95,
) -> dict[str, Interval]:
    """The percentile bootstrap intervals of `pair_accuracy` and of the false ranking of `pair_classes`.

    A pair counts as often as both photos were drawn together; a photo with itself is no pair. Resamples without a pair
    that differs are counted as undefined.

    Args:
        groups: whole groups are drawn; pairs are between all photos.
        n: resamples; never more than RESAMPLES, fewer for many rows, and no interval where fewer than 100 are left.
        threshold, distinct: as `pair_classes`; they stay as they are on every resample.

    Raises:
        ArgumentError: see `resampling.bootstrap`.
    """
    x, y = clean_pair(pred, mos)
    codes, grouped = unit_codes(groups, len(x)), groups is not None
    size = min(n, RESAMPLES, WORK // len(x) ** 2)
    if few(codes):
        return dict.fromkeys(NAMES, percentile(np.empty(0), codes, grouped=grouped, level=level))
    if size < min(n, MIN_RESAMPLES):
        reason = f"no interval: {len(x)} rows have too many pairs"
        return dict.fromkeys(NAMES, Interval(np.nan, np.nan, int(codes.max()) + 1, reason, level))
    counts = np.concatenate([part.astype(np.float32) for part in draws(codes, size, seed)], axis=1)
    values = _replicates(x, y, counts, threshold, distinct)
    intervals = (percentile(row, codes, grouped=grouped, level=level) for row in values)
    return {
        name: _told(replace(interval, method=f"{interval.method}, all pairs of each, {size} resamples"))
        for name, interval in zip(NAMES, intervals, strict=True)
    }


def _told(interval: Interval) -> Interval:
    """The interval; none where no resample differs from another, which would look like certainty."""
    if interval.low != interval.high:
        return interval
    return replace(interval, low=np.nan, high=np.nan, method="no interval: the same in every resample")


def _replicates(x: Column, y: Column, counts: Whole, threshold: float, distinct: float) -> NDArray[np.float64]:
    """Both figures of each resample, (2, resamples)."""
    sums = np.zeros((3, counts.shape[1]))
    for rows, tables in _tables(x, y, threshold, distinct):
        drawn = counts[rows].astype(np.float64)
        # Products of whole numbers below 2^24: exact in float32, whatever the order of the sum.
        sums += [np.einsum("ij,ij->j", drawn, table @ counts) for table in tables]
    right, unequal, wrong = sums
    n, same = counts.sum(axis=0, dtype=np.float64), np.einsum("ij,ij->j", counts, counts, dtype=np.float64)
    shares = np.stack([right, 2 * wrong]) / 2
    pairs = np.stack([unequal, n * n - same])
    found: NDArray[np.float64] = np.divide(shares, pairs, out=np.full_like(shares, np.nan), where=pairs > 0)
    return found


def _tables(
    x: Column, y: Column, threshold: float, distinct: float
) -> Iterator[tuple[slice, tuple[Whole, Whole, Whole]]]:
    """Some rows against all: twice the share that is right (0, 1, 2), whether the MOS differ, and falsely ranked."""
    for start in range(0, len(x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        dx, dy = x[rows, None] - x, y[rows, None] - y
        agree, unequal = np.sign(dx) * np.sign(dy), dy != 0
        wrong = (agree < 0) & (np.abs(dx) >= threshold) & (np.abs(dy) > distinct)
        yield (
            rows,
            (
                ((agree + 1) * unequal).astype(np.float32),
                unequal.astype(np.float32),
                wrong.astype(np.float32),
            ),
        )
