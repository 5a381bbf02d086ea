"""The figures of the watermark benchmark: marked apart from unmarked, what a threshold does, where marks are."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from ..benchmark import MODEL, Figure, Options
from ..metrics import auc
from ..metrics.checks import MIN_ROWS
from ._parts import average, over_groups, share

CLEAN, MARKED, LETTERED, DAMAGED = "clean", "marked", "lettering", "damaged"
"""Kinds of pictures; the marked ones are the positives."""
DETECTED = 0.5
"""Severity from which a watermark counts as found: the default threshold of the manifest."""
JUDGED: Mapping[str, str] = {MODEL: "answer", "laplacian": "laplacian"}
"""Who is judged to the column of the answers; the baseline is what edges that a mark adds would say."""


def separation(rows: pd.DataFrame, options: Options, undefined: dict[str, str]) -> Iterator[Figure]:
    """ROC AUC of all marks against all others, against each kind alone, and of each severity and layout.

    Args:
        rows: with `kind`, `positive`, `severity`, `layout` and the columns of JUDGED, NaN where nothing is answered.
        undefined: takes the reason for each figure without a value.
    """
    for who, column in JUDGED.items():
        for part, frame in _contrasts(rows):
            yield _area(frame, column, part, options, undefined, who=who)


def _contrasts(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    marked, others = rows[rows["positive"] == 1], rows[rows["positive"] == 0]
    yield "all", rows
    for kind in (CLEAN, LETTERED, DAMAGED):
        yield f"against {kind}", pd.concat([marked, others[others["kind"] == kind]])
    for column in ("severity", "layout"):
        for value in dict.fromkeys(marked[column]):
            yield f"{column} {value}", pd.concat([marked[marked[column] == value], others])


def _area(
    rows: pd.DataFrame, column: str, part: str, options: Options, undefined: dict[str, str], *, who: str
) -> Figure:
    """With the interval over groups: pictures of one photo are drawn together."""
    told = rows[rows[column].notna()]
    n, answers = rows["group"].nunique(), told[column].astype(float)
    value = auc(answers, told["positive"]) if len(told) >= MIN_ROWS else np.nan
    if np.isnan(value):
        undefined[f"auc of {who}, {part}"] = "It cannot tell." if told.empty else "One side has no answer."
        return Figure.of("auc", np.nan, None, n=n, part=part, who=who)
    interval = over_groups(auc, [answers, told["positive"]], list(told["group"]), options)
    return Figure.of("auc", value, interval, n=told["group"].nunique(), part=part, who=who)


def detection(rows: pd.DataFrame, options: Options, undefined: dict[str, str]) -> Iterator[Figure]:
    """Share of the marked pictures found, and of each kind of the others mistaken for marked, at DETECTED.

    A picture without an answer is neither. Of one kind there is one picture per photo, and Wilson's interval holds.
    """
    if rows["answer"].isna().all():
        undefined["recall, mistaken"] = "This model cannot tell whether there is a watermark."
        return
    alarm = rows["answer"].astype(float) >= DETECTED
    marked = rows[rows["positive"] == 1]
    parts = {"all": marked} | {
        f"{column} {value}": marked[marked[column] == value]
        for column in ("severity", "layout")
        for value in dict.fromkeys(marked[column])
    }
    for part, frame in parts.items():
        yield average("recall", alarm[frame.index], list(frame["group"]), options, part=part)
    others = rows[rows["positive"] == 0]
    yield average("mistaken", alarm[others.index], list(others["group"]), options, part="all")
    for name in dict.fromkeys(others["part"]):
        hits = alarm[others.index[others["part"] == name]]
        yield share("mistaken", hits.to_numpy(), options, part=f"negative {name}")


def pointing(rows: pd.DataFrame, options: Options) -> Iterator[Figure]:
    """Of the marks found, the share whose hottest cell of the map shows some of the mark; by chance that of all cells.

    Reference: Zhang et al. 2018, Top-down neural attention by excitation backprop, doi:10.1007/s11263-017-1059-x (the
    pointing game; there with the hottest pixel of a photo and 15 px of tolerance).
    """
    if "pointed" not in rows:
        return
    found = rows[rows["pointed"].notna()]
    for part, frame in [("all", found), *((f"layout {name}", part) for name, part in found.groupby("layout"))]:
        for who, column in {MODEL: "pointed", "random": "covered"}.items() if len(frame) else ():
            yield average("pointed", frame[column].astype(float), list(frame["group"]), options, part=part, who=who)
