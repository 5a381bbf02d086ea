"""Answers as text: an aligned table for people, JSON and CSV for programs; each is written record by record."""

import csv
import io
import json
import math
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from .estimator import Estimator
from .output import new_file

GAP = "  "
ONE_IS_BEST, ZERO_IS_NONE = ("0 to 1", "1=best"), ("0 to 1", "0=none")
"""Last lines of a heading: range and direction."""
NAME_WIDTH = 12
"""Least cells for the name of the photo; columns that leave it less are left out on a narrow terminal."""


@dataclass(frozen=True)
class Column:
    """A column of the table and of CSV; the photo's name always stands last in the table, where it may be long.

    Attributes:
        key: of the value in ``Record.values``; the heading in CSV.
        heading: lines above the column in the table, the last one its unit or direction; empty = only in CSV.
        digits: decimals of a float in the table.
        words: width of a column of words, which is aligned left; 0 = numbers, aligned right.
    """

    key: str
    heading: tuple[str, ...] = ()
    digits: int = 3
    words: int = 0

    @property
    def width(self) -> int:
        """Width in cells."""
        return max(self.words, *map(len, self.heading))

    def aligned(self, text: str) -> str:
        """The text padded to the width of the column."""
        return text.ljust(self.width) if self.words else text.rjust(self.width)


@dataclass(frozen=True)
class Record:
    """What is said of one photo.

    Attributes:
        file: the photo's name as it was given.
        model: who made the answer; None when the photo failed.
        answer: keys and values of its JSON object, beside ``file`` and ``model``.
        values: by the key of the columns, for the table and CSV.
        label: what stands in the last column of the table instead of the name, uncut.
        error: why there is no answer; None when there is one.
    """

    file: str
    model: Estimator | None = None
    answer: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    label: str = ""
    error: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The photo's JSON object: ``file``, ``model`` and the answer, or ``file``, ``model`` null and ``error``."""
        source = {"file": self.file, "model": None if self.model is None else self.model.as_dict()}
        return {**source, **(self.answer if self.error is None else {"error": self.error})}


Write = Callable[[Record], None]


def plain(value: object) -> object:
    """The value as JSON can hold it: numpy numbers as Python's, NaN and infinity as None, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    item = getattr(value, "item", None)
    number = item() if callable(item) else value
    return None if isinstance(number, float) and not math.isfinite(number) else number


def to_json(value: object) -> str:
    """The value on one line of ASCII; a byte of a name that is not UTF-8 appears as ``\\udcXX``, as Python reads it."""
    return json.dumps(plain(value), allow_nan=False)


def printable(text: str, encoding: str | None = None) -> str:
    """The text on one line: what a terminal would act on, or cannot show, is written as an escape."""
    shown = "".join(c if c.isprintable() else _escape(c) for c in text)
    return shown.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")


def _escape(character: str) -> str:
    """How Python writes the character, or the byte of a file name that is not UTF-8."""
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else character.encode("unicode_escape").decode("ascii")


def shorten(text: str, width: int) -> str:
    """The text cut in its middle to at most ``width`` cells of a terminal; of its end more is kept."""
    if sum(map(_cells, text)) <= width:
        return text
    head = max(0, width - 3) // 3
    return f"{_fit(text, head)}...{_fit(text[::-1], width - 3 - head)[::-1]}"


def _cells(character: str) -> int:
    """Cells of a terminal that a character takes: an East Asian wide one takes two."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(text: str, width: int) -> str:
    """The longest beginning of the text that takes at most ``width`` cells."""
    used = 0
    for position, character in enumerate(text):
        used += _cells(character)
        if used > width:
            return text[:position]
    return text


def _cell(value: object, column: Column) -> str:
    value = plain(value)
    if value is None:
        return "?"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{column.digits}f}" if isinstance(value, float) else str(value)


def _shown(columns: Sequence[Column], width: int | None) -> list[Column]:
    """The columns of the table that leave room for a name; at least one."""
    shown = [column for column in columns if column.heading]
    while width and len(shown) > 1 and sum(c.width + len(GAP) for c in shown) + NAME_WIDTH > width:
        shown.pop()
    return shown


def _header(columns: Sequence[Column]) -> list[str]:
    """The lines above the table: names, units and directions, and a rule."""
    height = max(len(column.heading) for column in columns)
    headings = [("",) * (height - len(column.heading)) + column.heading for column in columns]
    lines = []
    for line in range(height):
        cells = [column.aligned(heading[line]) for column, heading in zip(columns, headings, strict=True)]
        lines.append(GAP.join([*cells, "file" if line == 0 else ""]).rstrip())
    return [*lines, GAP.join(["-" * column.width for column in columns] + ["-" * NAME_WIDTH])]


@contextmanager
def table(columns: Sequence[Column], stream: TextIO, legend: str = "") -> Iterator[Write]:
    """A function that prints a record as a row; the header comes before the first, estimators and counts at the end.

    On a terminal names are cut to its width, and columns for which it is too narrow are left out and said so.

    Args:
        columns: in the order of their importance.
        stream: where to print; each row is flushed.
        legend: a line below the table that explains its columns.
    """
    width = shutil.get_terminal_size().columns if stream.isatty() else None
    shown = _shown(columns, width)
    room = None if not width else max(NAME_WIDTH, width - sum(column.width + len(GAP) for column in shown))
    models: dict[str, None] = {}
    done = failed = 0

    def write(record: Record) -> None:
        nonlocal done, failed
        if not done:
            print(*_header(shown), sep="\n", file=stream)
        done += 1
        failed += record.error is not None
        broken = record.error is not None
        cells = [column.aligned("-" if broken else _cell(record.values.get(column.key), column)) for column in shown]
        name = printable(record.label or record.file, stream.encoding) + (" (failed)" if broken else "")
        if record.model is not None:
            models[str(record.model)] = None
        print(*cells, name if room is None or record.label else shorten(name, room), sep=GAP, file=stream, flush=True)

    yield write
    hidden = [column.key for column in columns if column.heading and column not in shown]
    notes = [
        legend,
        f"The terminal is too narrow for: {', '.join(hidden)}." if hidden else "",
        f"Estimator: {', '.join(models)}." if models else "",
        f"{done} {'photo' if done == 1 else 'photos'}{f', {failed} failed' if failed else ''}.",
    ]
    print("", *filter(None, notes), sep="\n", file=stream, flush=True)


@contextmanager
def json_list(stream: TextIO) -> Iterator[Write]:
    """A function that prints a record as one object, on a line of its own, of a list that is closed at the end."""
    opening = "["

    def write(record: Record) -> None:
        nonlocal opening
        print(opening, to_json(record.as_dict()), sep="\n", end="", file=stream, flush=True)
        opening = ","

    yield write
    print("[]" if opening == "[" else "\n]", file=stream, flush=True)


@contextmanager
def csv_file(columns: Sequence[Column], path: Path, *, overwrite: bool) -> Iterator[Write]:
    """A function that writes a record as a row of a UTF-8 CSV file; the file gets its name when all are written.

    Raises:
        OutputExistsError: the file exists and ``overwrite`` is False, or it is no text. IQAError: it cannot be written.
    """
    keys = [column.key for column in columns]
    names = ["file", *keys, "model_name", "model_version", "model_sha256", "error"]
    with new_file(path, overwrite=overwrite, text=True) as raw:
        text = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="", write_through=True)
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()

        def write(record: Record) -> None:
            about = {} if record.model is None else {f"model_{k}": v for k, v in record.model.as_dict().items()}
            values = {key: plain(record.values.get(key)) for key in keys}
            writer.writerow({"file": record.file, **values, **about, "error": record.error})

        yield write
