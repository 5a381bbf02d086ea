"""The best of a whole card: grouped, ranked and listed; no photo is moved, changed or deleted."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from .. import answer, cull, image
from ..batch import Progress
from ..errors import ArgumentError, IQAError
from ..image import ImageInfo
from ..output import new_file
from ..ranking import CARD_COLUMNS, failed_records, group_records
from ..sources import Source
from ..table import Record, Write, csv_file, table, to_json
from .run import check_target, complain, find_photos

LEGEND = "score: comparable within its group; a photo alone has none. A failed file is kept, too."


class _File:
    """A photo of the command line."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        return str(self._source.path)

    def info(self) -> ImageInfo:
        """What the header tells. Raises IQAError."""
        if self._source.error is not None:
            raise IQAError(self._source.error)
        return image.info(self._source.path)

    def pixels(self, max_side: int) -> NDArray[np.uint8]:
        """RGB uint8 (H, W, 3). Raises ImageError."""
        return image.load(self._source.path, max_side=max_side)


def cull_photos(options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a file could not be read; every file stands in the answer, best of each group first.

    Raises:
        IQAError: no photo was found, or the CSV file or the list cannot be made; nothing was done.
    """
    progress = Progress()
    _check_targets(options)
    files = [_File(source) for source in find_photos(options, progress)]
    if options.list is not None:
        _check_lines(files)
    with ExitStack() as stack:
        # Opened before anything is read: a name that is taken must not cost the work.
        listed = None
        if options.list is not None:
            listed = stack.enter_context(new_file(options.list, overwrite=options.overwrite, text=True))
        writers: list[Write] = []
        if options.csv is not None:
            writers.append(stack.enter_context(csv_file(CARD_COLUMNS, options.csv, overwrite=options.overwrite)))
        if not options.json:
            writers.append(stack.enter_context(table(CARD_COLUMNS, sys.stdout, LEGEND)))

        def show(records: Sequence[Record]) -> None:
            progress.clear()
            for record in records:
                for write in writers:
                    write(record)

        found = cull.choose(
            files, keep=options.keep, gap_s=options.gap, model=options.model, jobs=options.jobs,
            progress=lambda what, done, total: progress.show(f"{what}: {done} of {total}"),
            see=lambda ranked, _: show(group_records(ranked)),
        )  # fmt: skip
        show(failed_records(found))
        if listed is not None:
            listed.writelines(os.fsencode(choice.name) + b"\n" for choice in found.choices if choice.keep)
    for choice in found.failed:
        complain(choice.name, choice.error or "")
    print(to_json(answer.selection(found)) if options.json else found.sentence)
    return 1 if found.failed else 0


def _check_targets(options: argparse.Namespace) -> None:
    """Nothing; ArgumentError when the list would replace a photo, or the CSV file."""
    if options.list is None:
        return
    check_target(options.list, options.photos, "--list")
    if options.csv is not None and os.path.realpath(options.list) == os.path.realpath(options.csv):
        raise ArgumentError(f"--list and --csv both name {str(options.list)!r}. Give each its own file.")


def _check_lines(files: Sequence[_File]) -> None:
    """Nothing; ArgumentError when a name would not stay on one line of the list."""
    broken = next((file.name for file in files if "\n" in file.name or "\r" in file.name), None)
    if broken is not None:
        raise ArgumentError(f"--list has a name per line, and {broken!r} has a line break in it. Rename it first.")
