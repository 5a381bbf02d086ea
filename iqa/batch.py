"""Many photos: done on a few threads, answered in order, in bounded memory; no photo stops the others."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TextIO, TypeVar

import cv2

from .errors import IQAError

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""Photos per thread that are started before the first of them is answered."""


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads of one computation: what OMP_NUM_THREADS says, as for NumPy, where it says a number; else `cores`."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(said), cores()) if said.isdecimal() and int(said) > 0 else cores()


def each(function: Callable[[T], R], items: Iterable[T], *, jobs: int) -> Generator[tuple[T, Future[R]], None, None]:
    """(item, finished future) for every item, in the order of the items, whatever order they finish in.

    Only AHEAD items per thread are taken from ``items`` in advance. When the caller stops early, what has not started
    never starts.
    """
    waiting: deque[tuple[T, Future[R]]] = deque()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(max(1, cores() // jobs))  # else each of our threads would start as many as there are cores
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="iqa")
    try:
        for item in items:
            waiting.append((item, pool.submit(function, item)))
            while len(waiting) >= AHEAD * jobs or (waiting and waiting[0][1].done()):
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(threads)


def _finished(waiting: deque[tuple[T, Future[R]]]) -> tuple[T, Future[R]]:
    item, future = waiting.popleft()
    future.exception()  # waits; what it was is for the caller to judge
    return item, future


def reason(error: BaseException) -> str:
    """Why a photo has no answer, in a sentence.

    Raises:
        BaseException: the error itself, when it is no failure but a wish to stop.
    """
    if not isinstance(error, Exception):
        raise error
    if isinstance(error, IQAError):
        return str(error)
    if isinstance(error, MemoryError):
        return "Not enough memory for this photo. Give fewer photos at once (--jobs 1), or a smaller copy."
    if isinstance(error, OSError):
        return f"Could not read or write: {error.strerror or error}."
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"An error in iqa itself, {kind}: {error}. Please report it with this photo."


class Progress:
    """A line on a terminal that says how far the work is; silent when the stream is none."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._on = self._stream.isatty()
        self._next = 0.0
        self._shown = False

    def show(self, text: str) -> None:
        """Replaces the line, at most ten times a second."""
        now = time.monotonic()
        if self._on and now >= self._next:
            self._next, self._shown = now + 0.1, True
            print(f"\r\x1b[K{text}", end="", file=self._stream, flush=True)

    def clear(self) -> None:
        """Removes the line, so that something else can be printed."""
        if self._shown:
            self._shown = False
            print("\r\x1b[K", end="", file=self._stream, flush=True)
