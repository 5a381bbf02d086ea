"""The command line of what is done to runs: RUN and, if its photos moved, --data; one report or one error.

`said` is how such a command ends, with or without a run.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from iqa.errors import IQAError

from .devices import keep_memory


def parser(name: str, description: str, *, several: bool = False) -> argparse.ArgumentParser:
    """Of ``python -m training.NAME``: `run`, a path or several, and `data`, a path or None."""
    made = argparse.ArgumentParser(f"python -m training.{name}", description=description)
    nargs = "+" if several else None
    made.add_argument("run", type=Path, nargs=nargs, metavar="RUN", help="what training.run was given as --out")
    moved = f"the folder of photos that the run{'s were' if several else ' was'} trained on, if it moved"
    made.add_argument("--data", type=Path, help=moved)
    return made


def said(name: str, work: Callable[[], str]) -> int:
    """Exit code: 0 where what `work` gives is printed, 1 for an error that its sentence explains."""
    keep_memory()
    try:
        print(work())
    except IQAError as error:
        print(f"training.{name}: {error}", file=sys.stderr)
        return 1
    return 0


def done(
    name: str, description: str, work: Callable[[Path, Path | None], str], argv: Sequence[str] | None = None
) -> int:
    """Exit code of `work`, given the run and where its photos are now, None = where they were."""
    args = parser(name, description).parse_args(argv)
    return said(name, lambda: work(args.run, args.data))
