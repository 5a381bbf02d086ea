"""From the photos that a command line names to printed answers."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path

from .. import image
from ..batch import Progress, each, reason
from ..errors import ArgumentError, IQAError
from ..sources import Source, find
from ..table import Column, Record, csv_file, json_list, printable, table
from .answers import Command
from .enhance import Targets, identity


def run_photos(command: Command, options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a photo failed, after every photo has been answered in the order it was given.

    Raises:
        IQAError: no photo was found, or the CSV file cannot be made; nothing was done.
    """
    progress = Progress()
    sources = find_photos(options, progress, command.leave_out)
    options.targets = Targets(options.photos)
    columns = command.columns(options)
    done = failed = 0

    def answer(source: Source) -> Record:
        if source.error is not None:
            raise IQAError(source.error)
        return command.run(source, options)

    with ExitStack() as stack:
        writers = _writers(stack, columns, options, command.legend)
        for source, future in stack.enter_context(closing(each(answer, sources, jobs=options.jobs))):
            progress.clear()
            error = future.exception()
            record = future.result() if error is None else Record(str(source.path), error=reason(error))
            done += 1
            if record.error is not None:
                failed += 1
                complain(record.file, record.error)
            for write in writers:
                write(record)
            progress.show(f"{done} done, {failed} failed")
        progress.clear()
    return 1 if failed else 0


def check_target(target: Path, photos: Iterable[Path], option: str) -> None:
    """Nothing; ``option`` is the one that named the file to write.

    Raises:
        ArgumentError: the file to write is one of the photos to read, or is named like a photo.
    """
    if target.suffix.lower() in image.EXTENSIONS:
        raise ArgumentError(f"{option} {str(target)!r} has the name of a photo. Name the file to write first.")
    place, file = os.path.realpath(target), identity(target)
    for photo in photos:
        if os.path.realpath(photo) == place or (file is not None and identity(photo) == file):
            raise ArgumentError(f"{option} {str(target)!r} is itself one of the photos. Name another file to write.")


def find_photos(options: argparse.Namespace, progress: Progress, leave_out: str | None = None) -> Iterator[Source]:
    """The photos, after a look whether there is one at all; what is named and not done is said on the error stream.

    Raises:
        ArgumentError: there is none.
    """

    def tell(sentence: str) -> None:
        progress.clear()
        print(printable(f"iqa: {sentence}"), file=sys.stderr)

    found = find(options.photos, image.EXTENSIONS, recursive=options.recursive, leave_out=leave_out, tell=tell)
    first = next(found, None)
    if first is None:
        names = ", ".join(printable(repr(str(path))) for path in options.photos)
        hint = "" if options.recursive else " Add --recursive to look into the folders inside."
        raise ArgumentError(f"No photo found in {names}; looked for {', '.join(sorted(image.EXTENSIONS))}.{hint}")
    return chain([first], found)


def _writers(
    stack: ExitStack, columns: Sequence[Column], options: argparse.Namespace, legend: str
) -> list[Callable[[Record], None]]:
    """What each record is given to; CSV first, because opening it may fail before anything was printed."""
    writers = []
    if options.csv is not None:
        writers.append(stack.enter_context(csv_file(columns, options.csv, overwrite=options.overwrite)))
    shown = json_list(sys.stdout) if options.json else table(columns, sys.stdout, legend)
    return [*writers, stack.enter_context(shown)]


def complain(file: str, error: str) -> None:
    """Says on the error stream why a photo failed."""
    name = file if repr(file) not in error else ""
    print(printable(": ".join(filter(None, ("iqa", name, error)))), file=sys.stderr)
