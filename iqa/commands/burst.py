"""The frames of one burst, ranked: read at a common scale, printed as a table or as one JSON object."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .. import answer, burst, image
from ..batch import Progress, each, reason
from ..errors import ArgumentError, IQAError
from ..ranking import COLUMNS, asked, records
from ..sources import Source
from ..table import csv_file, table, to_json
from .run import complain, find_photos

ORDER = (
    f"Scores that differ by less than {burst.DECIDES} are put in order by score and factors together: the next frame "
    "may have the higher one."
)


def rank_burst(options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a frame could not be read; the readable ones are ranked if there are at least two.

    Raises:
        IQAError: fewer than 2 or more than 50 frames were named, or the CSV file cannot be made.
    """
    progress = Progress()
    sources = list(islice(find_photos(options, progress), burst.MAX_FRAMES + 1))
    if not burst.MIN_FRAMES <= len(sources) <= burst.MAX_FRAMES:
        count = f"more than {burst.MAX_FRAMES}" if len(sources) > burst.MAX_FRAMES else str(len(sources))
        raise ArgumentError(f"A burst has {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames, found {count}.")
    with ExitStack() as stack:
        write_csv = None
        if options.csv is not None:
            write_csv = stack.enter_context(csv_file(COLUMNS, options.csv, overwrite=options.overwrite))
        frames, failed = _read(sources, options.jobs, progress)
        found = None
        if len(frames) >= burst.MIN_FRAMES:
            found = burst.rank(list(frames.values()), names=list(frames), model=options.model)
        rows = records(found, failed)
        if write_csv is not None:
            for row in rows:
                write_csv(row)
        if found is None:
            print("iqa: fewer than 2 frames can be read; there is nothing to rank.", file=sys.stderr)
        if options.json:
            print(to_json(answer.burst(found, failed)))
        elif found is not None:
            lines = [found.sentence]
            if found.beside:
                lines.append(f"Asked beside the score: {asked(found)}.")
            if any((frame.margin_to_next or 0.0) < 0.0 for frame in found.ranking):
                lines.append(ORDER)
            with table(COLUMNS, sys.stdout, "\n".join(lines)) as write:
                for row in rows:
                    write(row)
    return 1 if failed else 0


def _read(
    sources: Sequence[Source], jobs: int, progress: Progress
) -> tuple[dict[str, NDArray[np.uint8]], list[tuple[str, str]]]:
    """(frames by name, name and reason of those that could not be read)."""
    frames: dict[str, NDArray[np.uint8]] = {}
    failed = []
    with closing(each(_load, sources, jobs=jobs)) as loaded:
        for source, future in loaded:
            error = future.exception()
            if error is None:
                frames[str(source.path)] = future.result()
            else:
                progress.clear()
                failed.append((str(source.path), reason(error)))
                complain(*failed[-1])
            progress.show(f"{len(frames) + len(failed)} of {len(sources)} frames read")
    progress.clear()
    return frames, failed


def _load(source: Source) -> NDArray[np.uint8]:
    if source.error is not None:
        raise IQAError(source.error)
    return image.load(source.path, max_side=burst.FRAME_SIDE)
