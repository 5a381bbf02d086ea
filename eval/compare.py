"""Two or more reports on the same cases: ``python -m eval.run compare A.json B.json [C.json ...]``.

Every pair of reports, and with one report its model against its baselines, is judged on the cases that both answered,
by the paired bootstrap; all p-values that are shown are corrected together after Holm.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from iqa.errors import ArgumentError, IQAError

from .benchmark import MODEL, Comparison, finite
from .evidence import Evidence, evidence
from .metrics import METRICS, holm, mean, paired_bootstrap
from .metrics.checks import MIN_ROWS
from .shown import direction

ALPHA = 0.05
"""Level of the tests, that of the 95 % intervals."""
SAME = ("benchmark", "data set", "split", "labels_sha256")


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: a name, and its rows with the columns of the comparisons."""

    name: str
    rows: pd.DataFrame


@dataclass(frozen=True)
class Result:
    """One comparison.

    Attributes:
        first, second: who.
        metric: key of METRICS.
        values: of the first and of the second, on the shared rows.
        difference: first minus second, signed; None when the metric is undefined.
        low, high: its interval.
        p: two-sided, of no difference; p_holm: corrected over everything shown.
        n: rows both answered; left_out: rows that only one, or none, answered.
        units: independent units: groups where the comparison has them, else rows.
        verdict: in words.
    """

    first: str
    second: str
    metric: str
    values: tuple[float | None, float | None]
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    n: int
    left_out: int
    units: int
    verdict: str


def compare(found: Sequence[Evidence], *, resamples: int | None = None, seed: int | None = None) -> tuple[Result, ...]:
    """Every comparison of the kind between every two reports, in the order given.

    Args:
        found: two reports or more of one benchmark on the same cases; or one, against its baselines.
        resamples, seed: of the bootstrap; None = those of the first report.

    Raises:
        ArgumentError: the reports are not on the same cases and labels, or there is nothing to compare.
    """
    require_same(found)
    options, kind = found[0].report.options, found[0].kind
    pairs = list(_between(found) if len(found) > 1 else _baselines(found[0]))
    if not pairs:
        lack = "a baseline in their CSV" if kind.comparisons else "a figure that is compared case by case"
        raise ArgumentError(f"Nothing to compare: {kind.name} reports lack {lack}.")
    raw = [
        _one(comparison, first, second, resamples or options.resamples, options.seed if seed is None else seed)
        for comparison, first, second in pairs
    ]
    known = [result.p for result in raw if result.p is not None]
    corrected = iter(holm(known))
    return tuple(_told(result if result.p is None else replace(result, p_holm=next(corrected))) for result in raw)


def require_same(found: Sequence[Evidence]) -> None:
    """Nothing when all reports are on the same cases with the same labels.

    Raises:
        ArgumentError: what differs, and in which report.
    """
    first = found[0]
    for other in found[1:]:
        for name, a, b in zip(SAME, _identity(first), _identity(other), strict=True):
            if a != b:
                raise ArgumentError(
                    f"{first.path} and {other.path} cannot be compared: their {name} differ ({a} and {b}). "
                    "Score both on the same cases: same data set, split and limit."
                )


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: the comparisons are printed.

    Raises:
        IQAError: not a report, reports on different cases, or data that is needed and not given.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run compare", description="Compare reports case by case.")
    parser.add_argument("report", type=Path, nargs="+", help="JSON file of a report; one alone: against its baselines")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the data set, for reports without labels")
    parser.add_argument("--resamples", type=int, help="of the bootstrap (default: as in the first report)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.resamples is not None and options.resamples < 1:
        raise ArgumentError(f"Asked for {options.resamples} resamples; accepted: 1 or more.")
    found = [evidence(path, options.data) for path in options.report]
    results = compare(found, resamples=options.resamples)
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2, allow_nan=False))
    else:
        data = found[0].report.data
        print(f"{data.title}, {data.split}: first minus second, 95 % interval of the paired bootstrap, p after Holm\n")
        print("\n\n".join(map(_words, results)))
    return 0


def _identity(found: Evidence) -> tuple[str, str, str, str]:
    data = found.report.data
    return found.report.benchmark, data.name, data.split, data.labels_sha256


def _between(found: Sequence[Evidence]) -> Iterator[tuple[Comparison, Side, Side]]:
    names = [str(one.report.model) for one in found]
    sides = [
        Side(name if names.count(name) == 1 else f"{name} ({one.path})", one.rows)
        for name, one in zip(names, found, strict=True)
    ]
    for first, second in combinations(sides, 2):
        for comparison in found[0].kind.comparisons:
            yield comparison, first, second


def _baselines(found: Evidence) -> Iterator[tuple[Comparison, Side, Side]]:
    """The model against every baseline that has a column of its own in the CSV."""
    model = Side(str(found.report.model), found.rows)
    for comparison in found.kind.comparisons:
        judged = (f.who for f in found.report.summary.figures if f.metric == comparison.metric and f.who != MODEL)
        for name in dict.fromkeys(judged):
            # A column named like the baseline holds its predictions, which only a target makes comparable.
            column = name if comparison.target is not None else f"{name.replace(' ', '_')}_{comparison.column}"
            if column in found.rows:
                yield comparison, model, Side(name, found.rows.assign(**{comparison.column: found.rows[column]}))


def _one(comparison: Comparison, first: Side, second: Side, resamples: int, seed: int) -> Result:
    rows, lost = _shared(comparison, first, second)
    ours, theirs = rows["first"].to_numpy(np.float64), rows["second"].to_numpy(np.float64)
    target = ours if comparison.target is None else rows["target"].to_numpy(np.float64)
    groups = None if comparison.group is None else rows["group"].astype(str).to_numpy()
    statistic = _statistic(comparison)
    if len(rows) < MIN_ROWS or (groups is not None and len(set(groups)) < MIN_ROWS):
        raise ArgumentError(
            f"{first.name} and {second.name} share {len(rows)} answered cases"
            f"{'' if groups is None else f' in {len(set(groups))} groups'}; a comparison needs {MIN_ROWS} of each."
        )
    found = paired_bootstrap(statistic, ours, theirs, target, groups=groups, n=resamples, seed=seed)
    low, high = finite(found.interval.low), finite(found.interval.high)
    return Result(
        first=first.name,
        second=second.name,
        metric=comparison.metric,
        values=(finite(statistic(ours, target)), finite(statistic(theirs, target))),
        difference=finite(found.estimate),
        low=low,
        high=high,
        p=finite(found.p),
        p_holm=None,
        n=len(rows),
        left_out=lost,
        units=found.interval.n,
        verdict="",
    )


def _shared(comparison: Comparison, first: Side, second: Side) -> tuple[pd.DataFrame, int]:
    """Columns first, second, target, group of the rows that both answered, and how many rows are left out."""
    identity = ["key", "part"] if "part" in first.rows and "part" in second.rows else ["key"]
    shared = {"target": comparison.target, "group": comparison.group}
    for side in (first, second):
        wanted = [*identity, comparison.column, *(name for name in shared.values() if name is not None)]
        missing = [name for name in wanted if name not in side.rows]
        if missing:
            raise IQAError(f"The CSV of {side.name} has no column {', '.join(missing)}. Score again with this version.")
    extra = {name: first.rows[column] for name, column in shared.items() if column is not None}
    left = first.rows[identity].assign(first=first.rows[comparison.column], **extra)
    right = second.rows[identity].assign(second=second.rows[comparison.column])
    every = left.merge(right, on=identity, how="outer", sort=False)
    values = ["first", "second", *(["target"] if comparison.target is not None else [])]
    rows = every.dropna(subset=values)
    return rows, len(every) - len(rows)


def _statistic(comparison: Comparison) -> Callable[..., float]:
    """From (column, target) to the number; the plain function where there is one, which resamples much faster."""
    if comparison.target is None:

        def mean_of(column: ArrayLike, _: ArrayLike) -> float:
            return mean(column)

        return mean_of
    metric = METRICS[comparison.metric]
    return metric if metric.field else metric.function  # type: ignore[return-value]


def _told(result: Result) -> Result:
    """The result with its verdict: by the interval, and where that names a better one, by the corrected p-value too."""
    if result.low is None or result.high is None:
        return replace(result, verdict="undefined")
    if result.low <= 0 <= result.high:
        return replace(result, verdict="cannot be told apart")
    better = (result.low > 0) == (METRICS[result.metric].direction == "higher")
    verdict = f"{result.first if better else result.second} is better"
    if result.p_holm is None or result.p_holm >= ALPHA:
        verdict += ", taken alone; not after the correction for all that is compared here"
    return replace(result, verdict=verdict)


def _words(result: Result) -> str:
    left = f", {result.left_out} left out" if result.left_out else ""
    units = "" if result.units == result.n else f" in {result.units} groups"
    lines = [
        f"{result.first}  against  {result.second}",
        f"  {result.metric} ({direction(result.metric)}): {_text(result.values[0])} and "
        f"{_text(result.values[1])} on {result.n:,} cases{units}{left}",
    ]
    if result.difference is not None:
        lines.append(
            f"  difference {result.difference:+.3f} [{_text(result.low, '+')}, {_text(result.high, '+')}], "
            f"p {_p(result.p)}, after Holm {_p(result.p_holm)}"
        )
    return "\n".join([*lines, f"  {result.verdict}"])


def _text(value: float | None, sign: str = "") -> str:
    return "undefined" if value is None else f"{value:{sign}.3f}"


def _p(value: float | None) -> str:
    return "undefined" if value is None else "< .001" if value < 0.001 else f"{value:.3f}"
