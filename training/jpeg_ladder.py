"""The ladder of iqa/jpeg_looks.json: what a network answers of clean photos saved at known JPEG qualities.

    python -m training.jpeg_ladder --data PHOTOS

Data: clean photos that the network did not learn from, such as its validation photos: of a folder, at analysis scale.
Each is saved at QUALITIES with halved chroma; a step of the ladder is the median answer at a quality. The first step is
the highest quality whose median is above what UNHARMED of the photos as they are are answered: above that quality a
compressed photo cannot be told from a clean one. Prints the row, and the error on the photos of the other half when the
ladder is made of one half alone, both ways.
Time: 51 photos in 2 min on two cores.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iqa import damage, degradations
from iqa.errors import ArgumentError
from iqa.image import EXTENSIONS, load
from iqa.jpeg_looks import read

from . import command

QUALITIES = tuple(range(90, 5, -5))
UNHARMED = 0.98
"""Share of the clean photos whose answer lies below the first step."""
FEWEST = 20
DIGITS = 3
BATCH = 6

Answers = NDArray[np.float64]
"""(photos, 1 + qualities): of the photo as it is, then at QUALITIES."""
Ladder = list[tuple[float, int]]


def answers(paths: Sequence[Path], model: str) -> Answers:
    """What the network of that name answers; raises what `load` and `predict` raise."""
    return np.array([_answers(path, model) for path in paths])


def _answers(path: Path, model: str) -> list[float]:
    copy = degradations.analysis_copy(load(path))
    saved = [damage.saved(copy, "JPEG", quality=quality, subsampling="4:2:0") for quality in QUALITIES]
    pictures = [copy, *saved]
    parts = [degradations.predict(pictures[at : at + BATCH], model) for at in range(0, len(pictures), BATCH)]
    return [said["compression"] for part in parts for said in part]


def ladder(found: Answers) -> Ladder:
    """Steps of rising severity and falling quality; raises ArgumentError where no quality stands out."""
    medians, clean = np.median(found[:, 1:], axis=0), float(np.quantile(found[:, 0], UNHARMED))
    steps: Ladder = []
    for quality, median in zip(QUALITIES, medians, strict=True):
        severity = round(float(median), DIGITS)
        if severity > max(clean, steps[-1][0] if steps else 0.0):
            steps.append((severity, quality))
    if len(steps) < 2:
        raise ArgumentError("The network answers compressed photos as it does clean ones; accepted: one that tells.")
    return steps


def error(found: Answers, steps: Ladder) -> tuple[float, float]:
    """(median absolute error of the quality where one is told, share of the saved photos of which one is told)."""
    pairs = [pair for row in found[:, 1:] for pair in zip(row, QUALITIES, strict=True)]
    told = [(read(float(severity), steps), quality) for severity, quality in pairs]
    off = [abs(one - quality) for one, quality in told if one is not None]
    return float(np.median(off)), len(off) / len(told)


def fitted(paths: Sequence[Path], model: str) -> str:
    """The row, and what it is worth; raises ArgumentError for fewer than FEWEST photos."""
    if len(paths) < FEWEST:
        raise ArgumentError(f"Found {len(paths)} photos; accepted: {FEWEST} or more.")
    found, by = answers(paths, model), degradations.estimator(model)
    worth = [error(found[side::2], ladder(found[1 - side :: 2])) for side in (0, 1)]
    off, told = (float(np.mean(values)) for values in zip(*worth, strict=True))
    return (
        f"{by}: {len(paths)} photos at qualities {QUALITIES[0]} to {QUALITIES[-1]}. Found on one half, measured on the "
        f"other: told of {told:.2f} of them, median absolute error {off:.1f}.\n"
        f"{json.dumps(str(by))}: {json.dumps(ladder(found))}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = argparse.ArgumentParser("python -m training.jpeg_ladder", description="Fits iqa/jpeg_looks.json.")
    parser.add_argument("--data", type=Path, required=True, help="folder of clean photos that were not learned from")
    parser.add_argument("--model", choices=degradations.NETWORKS, default=degradations.NETWORKS[0])
    args = parser.parse_args(argv)
    paths = sorted(path for path in args.data.rglob("*") if path.suffix.lower() in EXTENSIONS)
    return command.said("jpeg_ladder", lambda: fitted(paths, args.model))


if __name__ == "__main__":
    sys.exit(main())
