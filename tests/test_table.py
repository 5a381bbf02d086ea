"""Promises of iqa.table: aligned, readable on narrow terminals, and values that every program can read."""

import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iqa.commands.answers import COMMANDS
from iqa.commands.arguments import _parser
from iqa.estimator import Estimator
from iqa.table import Column, Record, json_list, plain, printable, shorten, table, to_json

COLUMNS = (Column("one", ("one", "0 to 1")), Column("word", ("word", ""), words=6), Column("two", ("length", "px"), 1))
MODEL = Estimator("toy", "1.2.3")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(Terminal):
    def isatty(self) -> bool:
        return False


def printed(stream: io.StringIO, *records: Record, columns: tuple[Column, ...] = COLUMNS) -> list[str]:
    with table(columns, stream, "legend") as write:
        for record in records:
            write(record)
    return stream.getvalue().splitlines()


def record(name: str, **values: object) -> Record:
    return Record(name, MODEL, values=values)


def test_columns_are_aligned_whatever_the_values() -> None:
    rows = printed(Pipe(), record("a", one=0.5, word="abc", two=3.14), record("b", one=None, word="", two=123.4))
    assert [line.rindex(name) for line, name in zip(rows[3:5], "ab", strict=True)] == [rows[0].index("file")] * 2
    assert rows[3].split() == ["0.500", "abc", "3.1", "a"]
    assert rows[4].split() == ["?", "123.4", "b"]


def test_the_end_names_the_estimator_and_counts_the_failed() -> None:
    rows = printed(Pipe(), record("a"), Record("b", error="why"))
    assert rows[-3:] == ["legend", "Estimator: toy 1.2.3.", "2 photos, 1 failed."]
    assert rows[4].split() == ["-", "-", "-", "b", "(failed)"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_table_leaves_room_for_names_in_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = COMMANDS[name].columns(_parser(name).parse_args(["x.jpg"]))
    rows = printed(Terminal(), record("a" * 200), columns=columns)
    table_rows = rows[: rows.index("")]
    assert max(map(len, table_rows)) <= 80
    assert not any("too narrow" in row for row in rows)


def test_a_narrow_terminal_gets_fewer_columns_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    rows = printed(Terminal(), record("a very long name of a photo.jpg", one=0.5, word="abc", two=3.0))
    assert max(map(len, rows[: rows.index("")])) <= 30
    assert "The terminal is too narrow for: two." in rows


def test_names_are_whole_when_they_go_to_a_file() -> None:
    assert printed(Pipe(), record("a" * 500))[2 + 1].endswith("a" * 500)


@given(st.text(max_size=40), st.integers(4, 60))
def test_a_shortened_name_fits_and_keeps_its_end(text: str, width: int) -> None:
    short = shorten(text, width)
    assert len(short) <= max(width, len(text) if short == text else width)
    assert short == text or text.endswith(short.partition("...")[2])


def test_wide_letters_count_twice() -> None:
    assert shorten("写" * 10, 20) == "写" * 10
    assert shorten("写" * 11, 20) == "写写...写写写写写写"


@given(st.text())
def test_what_is_printed_is_one_line_without_controls(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text, "ascii").isascii()


def test_a_byte_that_is_not_utf8_is_shown_as_that_byte() -> None:
    assert printable(b"a\xff.jpg".decode("utf-8", "surrogateescape")) == r"a\xff.jpg"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf")])
def test_json_never_holds_nan(value: float) -> None:
    assert to_json({"a": [value], "b": {"c": value}}) == '{"a": [null], "b": {"c": null}}'


def test_numpy_numbers_become_those_of_python() -> None:
    made = plain({"f": np.float32(0.5), "i": np.int64(3), "b": np.bool_(True), "t": (1, 2)})
    assert made == {"f": 0.5, "i": 3, "b": True, "t": [1, 2]}
    assert [type(value) for value in made.values()] == [float, int, bool, list]  # type: ignore[attr-defined]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_json_list_is_whole_and_has_a_line_per_photo(count: int) -> None:
    stream = Pipe()
    with json_list(stream) as write:
        for number in range(count):
            write(record(f"{number}.jpg"))
    assert [row["file"] for row in json.loads(stream.getvalue())] == [f"{number}.jpg" for number in range(count)]
    assert len(stream.getvalue().splitlines()) == (count + 2 if count else 1)


def test_the_table_says_that_its_overall_is_the_rated_one() -> None:
    for words, first in (([], ""), (["--weights", "rated"], "rated")):
        columns = COMMANDS["degradations"].columns(_parser("degradations").parse_args(["x.jpg", *words]))
        assert columns[0].heading[:2] == (first, "overall")
    located = COMMANDS["degradations"].columns(_parser("degradations").parse_args(["x.jpg", "--locate-watermark"]))
    assert [column.key for column in located[1:3]] == ["watermark", "watermark_box"]
