"""The ranking of a burst as rows of a table or a CSV file: one format for the command line and for the page."""

from collections.abc import Sequence

from .burst import BurstAnswer
from .quality import WEIGHTS
from .table import ONE_IS_BEST, Column, Record

COLUMNS = (
    Column("rank", ("rank", "", "1=best")),
    Column("score", ("score", *ONE_IS_BEST)),
    Column("margin_to_next", ("ahead", "of next", "")),
    *(Column(name, (name.replace("_", " "), *ONE_IS_BEST)) for name in WEIGHTS),
    Column("note"),
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
        values = {"rank": frame.rank, "score": frame.score, "note": frame.note, **frame.factors}
        # Nobody follows the last: that is not something that cannot be told.
        values["margin_to_next"] = "" if frame.margin_to_next is None else frame.margin_to_next
        made.append(Record(frame.name, model, {}, values, label))
    return [*made, *(Record(name, error=sentence) for name, sentence in failed)]
