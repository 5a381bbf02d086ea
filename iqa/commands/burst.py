"""The frames of one burst, ranked: read at a common scale, printed as a table or as one JSON object."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .. import burst, image
from ..batch import Progress, each, reason
from ..errors import ArgumentError, IQAError
from ..sources import Source
from ..table import Column, Record, csv_file, table, to_json
from .answers import ONE_IS_BEST
from .run import complain, find_photos

COLUMNS = (
    Column("rank", ("rank", "", "1=best")),
    Column("score", ("score", *ONE_IS_BEST)),
    Column("margin_to_next", ("ahead", "of next", "")),
    *(Column(name, (name, *ONE_IS_BEST)) for name in ("sharpness", "exposure", "noise")),
    Column("note"),
)


def rank_burst(options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a frame could not be read; the readable ones are ranked if there are at least two.

    Raises:
        IQAError: fewer than 2 or more than 50 frames were named, or the CSV file cannot be made.
    """
    sources = list(islice(find_photos(options), burst.MAX_FRAMES + 1))
    if not burst.MIN_FRAMES <= len(sources) <= burst.MAX_FRAMES:
        count = f"more than {burst.MAX_FRAMES}" if len(sources) > burst.MAX_FRAMES else str(len(sources))
        raise ArgumentError(f"A burst has {burst.MIN_FRAMES} to {burst.MAX_FRAMES} frames, found {count}.")
    with ExitStack() as stack:
        write_csv = None
        if options.csv is not None:
            write_csv = stack.enter_context(csv_file(COLUMNS, options.csv, overwrite=options.overwrite))
        frames, failed = _read(sources, options.jobs)
        answer = None
        if len(frames) >= burst.MIN_FRAMES:
            answer = burst.rank(list(frames.values()), names=list(frames), model=options.model)
        records = [*_records(answer), *failed]
        if write_csv is not None:
            for record in records:
                write_csv(record)
        if answer is None:
            print("iqa: fewer than 2 frames can be read; there is nothing to rank.", file=sys.stderr)
        if options.json:
            print(to_json(_object(answer, records, failed)))
        elif answer is not None:
            with table(COLUMNS, sys.stdout, answer.sentence) as write:
                for record in records:
                    write(record)
    return 1 if failed else 0


def _read(sources: Sequence[Source], jobs: int) -> tuple[dict[str, NDArray[np.uint8]], list[Record]]:
    """(frames by name, records of those that could not be read)."""
    progress = Progress()
    frames: dict[str, NDArray[np.uint8]] = {}
    failed = []
    with closing(each(_load, sources, jobs=jobs)) as loaded:
        for source, future in loaded:
            error = future.exception()
            if error is None:
                frames[str(source.path)] = future.result()
            else:
                progress.clear()
                failed.append(Record(str(source.path), error=reason(error)))
                complain(failed[-1])
            progress.show(f"{len(frames) + len(failed)} of {len(sources)} frames read")
    progress.clear()
    return frames, failed


def _load(source: Source) -> NDArray[np.uint8]:
    if source.error is not None:
        raise IQAError(source.error)
    return image.load(source.path, max_side=burst.FRAME_SIDE)


def _records(answer: burst.BurstAnswer | None) -> list[Record]:
    """The frames, best first."""
    if answer is None:
        return []
    records = []
    for frame in answer.ranking:
        said = {
            "rank": frame.rank,
            "score": frame.score,
            "margin_to_next": frame.margin_to_next,
            "factors": frame.factors,
            "note": frame.note,
        }
        label = f"{frame.name} ({frame.note})" if frame.note else frame.name
        values = {**said, **frame.factors}
        if frame.margin_to_next is None:
            values["margin_to_next"] = ""  # nobody follows: not something that cannot be told
        records.append(Record(frame.name, answer.model, said, values, label))
    return records


def _object(answer: burst.BurstAnswer | None, records: Sequence[Record], failed: Sequence[Record]) -> dict[str, object]:
    """The JSON object; best, too_close and model are null when fewer than two frames could be read."""
    return {
        "best": answer and answer.best.name,
        "too_close": answer and answer.too_close,
        "margin": answer and answer.margin,
        "sentence": answer and answer.sentence,
        "model": answer and answer.model.as_dict(),
        "ranking": [{"file": r.file, **r.answer} for r in records if r.error is None],
        "failed": [r.as_dict() for r in failed],
    }
