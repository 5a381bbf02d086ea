"""The note under a table of results: how its numbers are to be read, and nothing that is not so for them."""

from collections.abc import Iterator, Sequence

from .baselines import meaning
from .benchmark import MODEL, Figure
from .metrics import METRICS
from .report import Report

NONE = "–"
GROUPS = "over groups"
"""What the method of an interval says when related cases are drawn together."""


def note(shown: Sequence[Report], kind: str, used: Sequence[Figure]) -> str:
    """One paragraph of Markdown.

    Args:
        shown: the reports of the table; used: its figures.
    """
    sentences = [
        "↑ higher is better, ↓ lower is better",
        *_intervals(shown, used),
        *_counted(shown, used),
        *_scales(shown, used),
        *_judged(shown, kind, used),
        *(f"{r.data.title}: {len(r.failed):,} of {r.asked:,} cases failed" for r in shown if r.failed),
    ]
    return f"*{'; '.join(dict.fromkeys(sentences))}.*"  # reports of one data set say the same


def _intervals(shown: Sequence[Report], used: Sequence[Figure]) -> Iterator[str]:
    methods = ", ".join(dict.fromkeys(figure.method for figure in used if figure.low is not None))
    levels = ", ".join(dict.fromkeys(f"{report.options.level:.0%}".replace("%", " %") for report in shown))
    if methods:
        yield f"in brackets the {levels} interval ({methods})"
    if any(figure.value is None for figure in used):
        yield f"{NONE} undefined, as is the correlation of a constant"
    if any(figure.undefined and figure.low is None for figure in used):
        yield "no interval where a figure does not exist on more than 5 % of the resamples"


def _counted(shown: Sequence[Report], used: Sequence[Figure]) -> Iterator[str]:
    """What n is: that of the method by which the interval of the figure was made."""
    methods = [figure.method for figure in used if figure.low is not None]
    grouped = [GROUPS in method for method in methods]
    cases = ", ".join(dict.fromkeys(f"{report.scored:,} cases of {report.data.title}" for report in shown))
    if grouped and all(grouped):
        yield f"n counts groups of related cases, which are drawn together, in {cases}"
    elif any(grouped):
        yield f"n counts groups of related cases where the interval is drawn over groups, else cases; in {cases}"
    else:
        yield f"n counts cases: {cases}"


def _scales(shown: Sequence[Report], used: Sequence[Figure]) -> Iterator[str]:
    """The published scales, where a figure is in the unit of the MOS."""
    if any(METRICS[figure.metric].unit == "MOS" for figure in used):
        for report in shown:
            if report.data.scale is not None:
                low, high = report.data.scale
                turned = ", lower is better, turned round" if report.data.direction.startswith("lower") else ""
                yield f"the MOS of {report.data.title}, published on {low:g}..{high:g}{turned}, stands on 0..1"
    for report in shown:
        if report.data.read:
            yield f"{report.data.title} was read from {report.data.read}"


def _judged(shown: Sequence[Report], kind: str, used: Sequence[Figure]) -> Iterator[str]:
    """What each baseline says, and which models no rating has shaped by fitting."""
    for who in dict.fromkeys(figure.who for figure in used if figure.who != MODEL):
        if meaning(kind, who):
            yield f"`{who}` is {meaning(kind, who)}"
    closed = dict.fromkeys(str(report.model) for report in shown if report.model.sha256 is None)
    if closed:
        verb = "has" if len(closed) == 1 else "have"
        yield f"{', '.join(closed)} {verb} not been fitted to any rating; a person chose the constants"
