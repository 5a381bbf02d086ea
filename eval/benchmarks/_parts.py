"""What the summaries share: the rows with an answer, the parts that are told apart, and their figures and intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from iqa.errors import ArgumentError

from ..benchmark import MODEL, Case, Figure, Options
from ..metrics import Interval, bootstrap, mean, wilson
from ..metrics.resampling import MIN_UNITS, Statistic


def chosen(table: pd.DataFrame, options: Options) -> pd.DataFrame:
    """The rows of the split that was asked for: without one the test rows, or all where the set has no test split.

    Rows that are already cut stay as they are.

    Raises:
        ArgumentError: the set has no such split.
    """
    wanted = options.split or ("test" if (table["split"] == "test").any() else "all")
    rows = table if wanted == "all" else table[table["split"] == wanted]
    if rows.empty:
        found = ", ".join(sorted(set(table["split"]) - {""})) or "none"
        raise ArgumentError(f"Asked for the split {wanted!r}; this data set has {found}. Accepted: these and all.")
    return rows


def spread(cases: list[Case], options: Options) -> list[Case]:
    """At most `limit` of the cases, evenly spread over the list."""
    if options.limit is None or options.limit >= len(cases):
        return cases
    places = np.linspace(0, len(cases) - 1, options.limit).round().astype(int)
    return [cases[place] for place in places]


def answered(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that have an answer; the others carry the reason in `error`."""
    return rows[rows["error"] == ""]


def parts(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """("all", all rows), then ("subset x", its rows) in the order of the names, where there are several subsets."""
    found = [("all", rows)]
    names = sorted(set(rows["subset"])) if "subset" in rows else []
    if len(names) > 1:
        found += [(f"subset {name or 'none'}", rows[rows["subset"] == name]) for name in names]
    return found


def within(part: str, inner: str) -> str:
    """The name of a part of a part."""
    return inner if part == "all" else f"{part}, {inner}"


def over_groups(statistic: Statistic, arrays: Sequence[ArrayLike], groups: Sequence[str], options: Options) -> Interval:
    """The bootstrap interval over groups; NaN, with the reason, with few groups, which say little about the spread."""
    units = len(set(groups))
    if units < MIN_UNITS:  # said here, because the bootstrap refuses fewer than three rows
        return Interval(np.nan, np.nan, units, f"no interval: fewer than {MIN_UNITS} groups", options.level)
    return bootstrap(statistic, arrays, groups, options.resamples, seed=options.seed, level=options.level)


def share(metric: str, hits: Sequence[bool] | ArrayLike, options: Options, *, part: str, who: str = MODEL) -> Figure:
    """A share of independent rows, with Wilson's interval; undefined without rows."""
    found = np.asarray(hits, dtype=bool)
    n, count = len(found), int(found.sum())
    interval = wilson(count, n, level=options.level) if n else None
    return Figure.of(metric, count / n if n else np.nan, interval, n=n, part=part, who=who)


def average(
    metric: str, values: ArrayLike, groups: Sequence[str], options: Options, *, part: str, who: str = MODEL
) -> Figure:
    """The mean of a column, with the bootstrap interval over groups."""
    column = np.asarray(values, dtype=np.float64)
    interval = over_groups(mean, [column], groups, options)
    return Figure.of(metric, float(column.mean()), interval, n=len(set(groups)), part=part, who=who)


def ends(interval: Interval | None) -> dict[str, object] | None:
    """An interval as it stands in the details of a report; None without one."""
    if interval is None or np.isnan(interval.low):
        return None
    return {"low": interval.low, "high": interval.high, "n": interval.n, "method": interval.method}
