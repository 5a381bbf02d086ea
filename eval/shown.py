"""A report as text: the figures with their intervals, who made them, and how many cases were asked, scored and lost."""

from collections.abc import Iterator, Sequence

from .benchmark import MODEL, Figure
from .metrics import METRICS
from .report import Report

PER_BLOCK = 4
"""Figures next to each other: what fits a terminal of 120 columns."""
MOST_FAILURES = 10
"""Failures that are listed by name; the report holds them all."""
_NONE, _WHOLE = "undefined", ("people",)


def shown(report: Report) -> str:
    """The text, lines ended by LF."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    head = f"{report.data.title}, {report.data.split}: {report.model}"
    yield f"{head}; intervals: {report.options.level:.0%}"
    metrics = list(dict.fromkeys(figure.metric for figure in report.summary.figures))
    for start in range(0, len(metrics), PER_BLOCK):
        yield ""
        yield from block(report.summary.figures, metrics[start : start + PER_BLOCK])
    yield ""
    if report.data.remark:
        yield f"note: {report.data.remark}"
    yield f"{report.asked:,} asked, {report.scored:,} scored, {len(report.failed):,} failed"
    for key, error in report.failed[:MOST_FAILURES]:
        yield f"  {key}: {error}"
    if len(report.failed) > MOST_FAILURES:
        yield f"  and {len(report.failed) - MOST_FAILURES:,} more, all in the report"


def block(figures: Sequence[Figure], metrics: Sequence[str]) -> list[str]:
    """A table of some metrics: a row per estimator and part, the model's parts first, then the baselines'."""
    used = sorted((figure for figure in figures if figure.metric in metrics), key=lambda figure: figure.who != MODEL)
    cells = {(figure.who, figure.part, figure.metric): figure for figure in used}
    table = [
        ["who", "part", "n", *(name.replace("_", " ") for name in metrics)],
        ["", "", "", *map(direction, metrics)],
    ]
    for who, part in dict.fromkeys((figure.who, figure.part) for figure in used):
        found = [cells.get((who, part, metric)) for metric in metrics]
        n = shared_n(found)
        table.append([who, part, "" if n is None else f"{n:,}", *(cell(figure, n) for figure in found)])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def direction(metric: str) -> str:
    """Which way is better, and the unit: ``lower is better, MOS, 0..1``."""
    told = unit(metric)
    return f"{METRICS[metric].direction} is better" + (f", {told}" if told else "")


def unit(metric: str) -> str:
    """The unit of a metric in words; a MOS stands on 0..1 whatever the published scale."""
    found = METRICS[metric].unit
    return "MOS, 0..1" if found == "MOS" else found


def shared_n(figures: Sequence[Figure | None]) -> int | None:
    """The n of all figures of a row; None where they differ, so that each has to name its own."""
    counts = {figure.n for figure in figures if figure is not None}
    return counts.pop() if len(counts) == 1 else None


def own_n(figure: Figure, shared: int | None) -> str:
    """`` (n 215)`` after a figure whose row shares no n."""
    return f" (n {figure.n:,})" if shared is None else ""


def cell(figure: Figure | None, n: int | None) -> str:
    """Value with interval; the sign always stands. With n None the cell names its own."""
    if figure is None:
        return ""
    if figure.value is None:
        return f"{_NONE}{own_n(figure, n)}"
    interval = "" if figure.low is None or figure.high is None else f" [{_number(figure.low)}, {_number(figure.high)}]"
    return f"{_number(figure.value, whole=METRICS[figure.metric].unit in _WHOLE)}{interval}{own_n(figure, n)}"


def _number(value: float, *, whole: bool = False) -> str:
    if whole:
        return f"{value:.0f}"
    return f"{value:.3f}" if -100 < value < 100 else f"{value:.4g}"
