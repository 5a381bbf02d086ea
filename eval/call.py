"""What can be typed after ``python -m eval.run DATASET``."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from iqa.batch import cores

from .benchmarks import MADE_FROM_PHOTOS
from .datasets.dataset import SPLITS
from .metrics.resampling import RESAMPLES

OUT = Path("reports")
PLACES = ("--data", "--out", "--plots")
"""Options whose value is a folder."""
DESCRIPTION = """Scores the cases of a data set and writes a report: OUT/DATASET/MODEL.json with every figure and what
is needed to repeat it, and MODEL.csv with a row per case. When a run is interrupted, the same command goes on from
there."""
EPILOG = """exit code: 0 = done; 1 = a case failed, the report is written and names it; 2 = the call is wrong;
3 = the data is absent; 130 = interrupted"""


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The choices: dataset, data, model, split, limit, out, overwrite, jobs, seed, resamples, ...

    Raises:
        SystemExit: by argparse, 2 for a wrong call.
    """
    # Options are written whole, so that `public` knows which of them name a folder.
    parser = argparse.ArgumentParser(
        prog="python -m eval.run", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False
    )
    parser.add_argument("dataset", metavar="DATASET", help="what to score: a name that `python -m eval.run ls` lists")
    what, how = parser.add_argument_group("what is scored"), parser.add_argument_group("how, and what is written")
    what.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of the data set, or the one above it; for "
        f"{', '.join(MADE_FROM_PHOTOS)} any folder of clean photos (default: $IQA_DATA/DATASET, then data/DATASET)",
    )
    what.add_argument("--download", action="store_true", help="fetch the data set from its mirror when it is absent")
    what.add_argument("--title", metavar="TEXT", help="what the report calls the data (default: its published title)")
    help_model = "estimator to judge, or for ratings the folder of a model (default: %(default)s)"
    what.add_argument("--model", default="classical", metavar="NAME", help=help_model)
    what.add_argument("--split", choices=(*SPLITS, "all"), help="part (default: test where the set has one, else all)")
    what.add_argument("--limit", type=_at_least(1), metavar="N", help="N cases, evenly spread over the list, to try")
    how.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="folder of reports (default: %(default)s)")
    how.add_argument("--overwrite", action="store_true", help="replace an older report")
    how.add_argument("--without-labels", action="store_true", help="leave published labels out of the CSV")
    how.add_argument("--plots", type=Path, nargs="?", const=Path(), metavar="DIR", help="draw PNG too (by the report)")
    how.add_argument("--jobs", type=_at_least(1), default=cores(), metavar="N", help="processes (default: %(default)s)")
    how.add_argument("--seed", type=_at_least(0), default=0, metavar="N", help="of all chance (default: %(default)s)")
    how.add_argument(
        "--resamples", type=_at_least(1), default=RESAMPLES, metavar="N", help="of the bootstrap (default: %(default)s)"
    )
    return parser.parse_args(arguments)


def public(words: Sequence[str]) -> list[str]:
    """The words of a command line without the folders of this machine: of the PLACES only the last part."""
    found = []
    for before, word in zip(["", *words], words, strict=False):
        option, equals, value = word.partition("=")
        if option in PLACES and equals:
            found.append(f"{option}={_last(value)}")
        else:
            found.append(_last(word) if before in PLACES and not word.startswith("-") else word)
    return found


def _last(place: str) -> str:
    return Path(place).name or place


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"found {number}, accepted: {least} or more")
        return number

    whole.__name__ = "whole number"  # argparse says: invalid whole number value
    return whole
