"""Promises of iqa.batch: in order, in bounded memory, and no item stops the others."""

import io
import threading
import time

import pytest

from iqa import batch
from iqa.batch import AHEAD, Progress, each, reason
from iqa.errors import ImageError, IQAError


def test_answers_come_in_the_order_of_the_items() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0.0)
        return number * number

    found = [(item, future.result()) for item, future in each(slow_first, range(20), jobs=3)]
    assert found == [(number, number * number) for number in range(20)]


@pytest.mark.parametrize(("said", "expected"), [("1", 1), ("0", 3), ("", 3), ("two", 3), ("999", 3)])
def test_a_computation_has_the_threads_that_numpy_is_told_and_never_more_than_cores(
    said: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "cores", lambda: 3)
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert batch.threads() == expected


def test_two_items_are_done_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=5)
    for _, future in each(lambda _: meeting.wait(), range(4), jobs=2):
        future.result()


def test_only_a_few_items_are_taken_in_advance() -> None:
    taken = []

    def endless() -> object:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    answers = each(lambda number: number, endless(), jobs=2)
    for number in range(100):
        assert next(answers)[0] == number
        assert len(taken) <= number + 1 + AHEAD * 2
    answers.close()


def test_what_has_not_started_never_starts_after_a_stop() -> None:
    started = []

    def work(number: int) -> None:
        started.append(number)
        time.sleep(0.01)

    answers = each(work, range(1000), jobs=2)
    next(answers)
    answers.close()
    assert len(started) <= 4


def test_an_error_belongs_to_its_item() -> None:
    def odd(number: int) -> int:
        if number == 1:
            raise ValueError("one")
        return number

    errors = [future.exception() for _, future in each(odd, range(3), jobs=2)]
    assert [str(error) if error else None for error in errors] == [None, "one", None]


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (ImageError(asked="load 'a'", found="b", accepted="c", action="d"), "Could not load 'a': b."),
        (IQAError("a sentence"), "a sentence"),
        (MemoryError(), "Not enough memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ZeroDivisionError("x"), "builtins.ZeroDivisionError: x. Please report"),
    ],
)
def test_every_failure_has_a_sentence(error: Exception, part: str) -> None:
    assert part in reason(error)


def test_a_wish_to_stop_is_no_failure_of_a_photo() -> None:
    with pytest.raises(KeyboardInterrupt):
        reason(KeyboardInterrupt())


def test_progress_is_shown_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        progress = Progress(stream)
        progress.clear()
        progress.show("3 done")
        progress.clear()
    assert pipe.getvalue() == ""
    assert terminal.getvalue() == "\r\x1b[K3 done\r\x1b[K"
