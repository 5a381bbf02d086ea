"""The ranking of a burst, or of a card, as rows of a table or a CSV file: the same on the command line and the page."""

from collections.abc import Sequence

from .burst import WEIGHTS, BurstAnswer
from .cull import Choice, Ranked, Selection
from .quality import WEIGHTS as FACTORS
from .table import ONE_IS_BEST, Column, Record

AND = " + "
"""Between the names in one cell."""
COLUMNS = (
    Column("rank", ("rank", "", "1=best")),
    Column("score", ("score", *ONE_IS_BEST)),
    Column("margin_to_next", ("ahead", "of next", "")),
    *(Column(name, (name.replace("_", " "), *ONE_IS_BEST) if name in FACTORS else ()) for name in WEIGHTS),
    Column("note"),
    Column("beside"),
)
CARD_COLUMNS = (
    Column("group", ("group", "", "")),
    Column("rank", ("rank", "", "1=best")),
    Column("keep", ("keep", "", ""), words=4),
    Column("score", ("score", *ONE_IS_BEST)),
    Column("why"),
    Column("too_close"),
    Column("margin_to_next", ("ahead", "of next", "")),
    *(Column(name) for name in WEIGHTS),
    Column("captured"),
    Column("beside"),
)


def records(found: BurstAnswer | None, failed: Sequence[tuple[str, str]] = ()) -> list[Record]:
    """The frames, best first, then the files that could not be read; for `iqa.table.csv_file` with COLUMNS.

    Args:
        found: the ranking; None when fewer than two frames could be read.
        failed: name and sentence of each file that could not be read.
    """
    frames, model = (found.ranking, found.model) if found else ((), None)
    made = []
    for frame in frames:
        label = f"{frame.name} ({frame.note})" if frame.note else frame.name
        values = {"rank": frame.rank, "score": frame.score, "note": frame.note, **frame.factors, "beside": asked(found)}
        # Nobody follows the last: that is not something that cannot be told.
        values["margin_to_next"] = "" if frame.margin_to_next is None else frame.margin_to_next
        made.append(Record(frame.name, model, {}, values, label))
    return [*made, *(Record(name, error=sentence) for name, sentence in failed)]


def asked(found: BurstAnswer | None) -> str:
    """The networks that told factors beside the score, such as "blur-type 1.1.0 + degradations 1.1.0"; "" for none."""
    return AND.join(map(str, found.beside)) if found else ""


def group_records(found: Ranked) -> list[Record]:
    """The photos of a group of a card, best first; for `iqa.table.csv_file` with CARD_COLUMNS."""
    return [_card_record(choice, found) for choice in found.choices]


def card_records(found: Selection) -> list[Record]:
    """All photos of a card, group by group, then the files that could not be read; none is left out."""
    rows = [record for ranked in found.groups for record in group_records(ranked)]
    return [*rows, *failed_records(found)]


def failed_records(found: Selection) -> list[Record]:
    """The files of a card that could not be read: they are kept, because they were not judged."""
    return [_card_record(choice, None) for choice in found.failed]


def _card_record(choice: Choice, ranked: Ranked | None) -> Record:
    values = {
        **choice.factors,
        "group": "" if ranked is None else ranked.number,
        "rank": "" if choice.rank is None else choice.rank,
        "keep": "yes" if choice.keep else "no",
        "score": "" if choice.score is None else choice.score,
        "why": choice.why,
        "too_close": "" if ranked is None or ranked.found is None else "yes" if ranked.too_close else "no",
        "margin_to_next": "" if choice.margin_to_next is None else choice.margin_to_next,
        "captured": "" if choice.captured is None else choice.captured.isoformat(),
        "beside": "" if ranked is None else asked(ranked.found),
    }
    compared = ranked is not None and ranked.found is not None
    label = f"{choice.name} ({choice.why})" if compared else choice.name
    model = ranked.found.model if ranked is not None and ranked.found is not None else None
    return Record(choice.name, model, {}, values, label, choice.error)
