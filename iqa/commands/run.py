"""From the photos that a command line names to printed answers."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain

from .. import image
from ..batch import Progress, each, reason
from ..errors import ArgumentError, IQAError
from ..sources import Source, find
from ..table import Column, Record, csv_file, json_list, printable, table
from .answers import Command
from .enhance import Targets


def run_photos(command: Command, options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a photo failed, after every photo has been answered in the order it was given.

    Raises:
        IQAError: no photo was found, or the CSV file cannot be made; nothing was done.
    """
    sources = find_photos(options, command.leave_out)
    options.targets = Targets(options.photos)
    columns = command.columns(options)
    progress = Progress()
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
            failed += complain(record)
            for write in writers:
                write(record)
            progress.show(f"{done} done, {failed} failed")
        progress.clear()
    return 1 if failed else 0


def find_photos(options: argparse.Namespace, leave_out: str | None = None) -> Iterator[Source]:
    """The photos, after a look whether there is one at all."""
    found = find(options.photos, image.EXTENSIONS, recursive=options.recursive, leave_out=leave_out)
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


def complain(record: Record) -> bool:
    """Whether the photo failed; the reason goes to the error stream."""
    if record.error is None:
        return False
    name = record.file if repr(record.file) not in record.error else ""
    print(printable(": ".join(filter(None, ("iqa", name, record.error)))), file=sys.stderr)
    return True
