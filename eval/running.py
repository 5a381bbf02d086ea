"""Cases to rows on several processes: in order, resumable; a case that fails is a row with its reason."""

import math
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection
from types import TracebackType

import cv2
import numpy as np

from iqa.batch import AHEAD, Progress, reason
from iqa.errors import ArgumentError, IQAError

from . import ONE_THREAD
from .benchmark import Case, Cell, Row, Scorer
from .partial import Partial
from .report import FIXED


@dataclass(frozen=True)
class Scored:
    """The outcome of a run.

    Attributes:
        rows: of the per-image CSV, in the order of the cases: key, error, facts, computed cells.
        asked: cases.
        failed: (key, sentence) of those without an answer.
    """

    rows: list[Row]
    asked: int
    failed: tuple[tuple[str, str], ...]

    @property
    def scored(self) -> int:
        """Cases with an answer."""
        return self.asked - len(self.failed)


@dataclass
class Answer:
    """What a worker sends back: the computed cells, or why there are none. As a block it keeps the reason itself.

    An error is sent as its sentence, because an exception with arguments of its own cannot be sent between processes.
    """

    rows: list[Row] = field(default_factory=list)
    error: str = ""

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        if error is not None:
            self.error = reason(error)  # raises what is no failure but a wish to stop
        return error is not None


def score(cases: Sequence[Case], scorer: Scorer, partial: Partial, *, jobs: int, title: str = "") -> Scored:
    """The rows of all cases, scored in `jobs` processes of one thread each; they do not depend on `jobs`.

    What is in `partial` is not scored again, and what is scored is added to it, case by case.

    Args:
        cases: with unique keys.
        scorer: picklable; one copy per process.
        partial: opened for these cases; the caller removes it when the report is written.
        title: in front of the progress line.

    Raises:
        ArgumentError: a key stands twice, or fewer than 1 job.
        IQAError: a worker process died.
    """
    if len({case.key for case in cases}) < len(cases):
        raise ArgumentError("Two cases have one key; every case of a benchmark has its own.")
    if jobs < 1:
        raise ArgumentError(f"Found {jobs} jobs; accepted: 1 or more.")
    rows: list[Row] = []
    failed: list[tuple[str, str]] = []
    count = _Count(title, len(cases), len(partial.done))
    with closing(_answers(cases, scorer, partial, jobs)) as answers:
        for done, (case, answer) in enumerate(answers, 1):
            rows += [_row(case, cells, answer.error) for cells in answer.rows or [{}]]
            if answer.error:
                failed.append((case.key, answer.error))
            count.show(done, len(failed))
    count.progress.clear()
    return Scored(rows, len(cases), tuple(failed))


def _row(case: Case, cells: Row, error: str) -> Row:
    return {**dict(zip(FIXED, (case.key, error), strict=True)), **case.facts, **cells}


def _answers(
    cases: Sequence[Case], scorer: Scorer, partial: Partial, jobs: int
) -> Generator[tuple[Case, Answer], None, None]:
    """(case, answer) of every case, in order; at most AHEAD cases per process are started in advance."""
    waiting: deque[tuple[Case, Answer | Future[Answer]]] = deque()
    with _pool(scorer, jobs) as pool:
        for case in cases:
            lost = [path.name for path in case.paths if not path.is_file()]
            if case.key in partial.done:
                waiting.append((case, Answer(partial.done[case.key])))
            elif lost:
                waiting.append((case, Answer(error=f"The data set lists {lost[0]!r}, but the file is not there.")))
            else:
                waiting.append((case, pool.submit(_work, case)))
            while waiting and (len(waiting) >= AHEAD * jobs or _ready(waiting[0][1])):
                yield _finished(*waiting.popleft(), partial)
        while waiting:
            yield _finished(*waiting.popleft(), partial)


def _ready(answer: Answer | Future[Answer]) -> bool:
    return isinstance(answer, Answer) or answer.done()


def _finished(case: Case, found: Answer | Future[Answer], partial: Partial) -> tuple[Case, Answer]:
    """Waits for the answer and keeps it, unless it is a failure: that is tried again next time."""
    if isinstance(found, Answer):
        return case, found
    try:
        answer = found.result()
    except BrokenProcessPool as error:
        raise IQAError(
            f"A process died at or near {case.key!r}, perhaps for want of memory. What is done is kept: the same "
            "command goes on from there; with --jobs 1 it needs least memory."
        ) from error
    return case, answer if answer.error else Answer(partial.add(case, answer.rows))


@contextmanager
def _pool(scorer: Scorer, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes (not forked: a fork copies locks that threads hold) with one thread each; none outlives us."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # read when a process imports NumPy, before it knows our call
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(scorer,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_here: list[Scorer] = []
"""In a worker: the scorer of this process."""


def _begin(scorer: Scorer) -> None:
    """Prepares a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    threading.Thread(target=_follow_parent, daemon=True).start()
    cv2.setNumThreads(1)
    _here[:] = [scorer]


def _follow_parent() -> None:
    """Ends the worker when its parent was killed; it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(case: Case) -> Answer:
    """Scores a case in a worker."""
    with Answer() as answer:
        found = _here[0](case)
        rows = found if isinstance(found, list) else [found]
        answer.rows = [{name: plain(cell) for name, cell in row.items()} for row in rows]
    answer.error = _without_folders(answer.error, case)
    return answer


def plain(cell: Cell | np.generic) -> Cell:
    """A cell as JSON and CSV keep it: no NumPy scalars, yes and no as 1 and 0, None for NaN."""
    value: Cell = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(value, bool):
        return int(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _without_folders(text: str, case: Case) -> str:
    """The sentence with files by name: where this machine keeps them is nobody's business."""
    for path in case.paths:
        text = text.replace(f"{path.parent}{os.sep}", "")
    return text


class _Count:
    """The progress line: how many are done, how fast, how long it will take."""

    def __init__(self, title: str, asked: int, before: int) -> None:
        self.progress, self._title, self._asked, self._before = Progress(), title, asked, before
        self._start = time.monotonic()

    def show(self, done: int, failed: int) -> None:
        rate = max(done - self._before, 0) / max(time.monotonic() - self._start, 1e-3)
        left = f", {_span((self._asked - done) / rate)} left" if rate > 0 else ""
        trouble = f", {failed} failed" if failed else ""
        self.progress.show(f"{self._title}: {done:,} of {self._asked:,}{trouble}, {rate:.1f} per second{left}")


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
