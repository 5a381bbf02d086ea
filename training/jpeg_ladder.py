"""The ladder of iqa/jpeg_looks.json: what a network answers of clean photos saved at known JPEG qualities.

    python -m training.jpeg_ladder --data PHOTOS

Data: clean photos that the network did not learn from, such as its validation photos: a folder of the data set photos,
whose labels.csv may say by `group` which of them show the same, at analysis scale. Each is saved at QUALITIES with
halved chroma; a step of the ladder is the median answer at a quality. The first step is the highest quality whose
median is above what UNHARMED of the photos as they are are answered: above that quality a compressed photo cannot be
told from a clean one. Prints the row, and the error on the photos of the other half when the ladder is made of one half
alone, split by group, both ways; the interval is that of the bootstrap over groups.
Time: 51 photos in 2 min on two cores.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval import datasets
from eval.metrics import bootstrap, median
from iqa import damage, degradations
from iqa.errors import ArgumentError
from iqa.image import load
from iqa.jpeg_looks import read

from . import command
from .conformal import halves

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
    for quality, answer in zip(QUALITIES, medians, strict=True):
        severity = round(float(answer), DIGITS)
        if severity > max(clean, steps[-1][0] if steps else 0.0):
            steps.append((severity, quality))
    if len(steps) < 2:
        raise ArgumentError("The network answers compressed photos as it does clean ones; accepted: one that tells.")
    return steps


def errors(found: Answers, steps: Ladder) -> Answers:
    """(photos, qualities): absolute error of the quality that is told, NaN where none is."""
    told = [[read(float(severity), steps) for severity in row] for row in found[:, 1:]]
    return np.abs(np.array(told, np.float64) - np.array(QUALITIES, np.float64))


def fitted(folder: Path, model: str, seed: int = 0) -> str:
    """The row, and what it is worth; raises ArgumentError for fewer than FEWEST photos."""
    table = datasets.get("photos").load(folder)
    if len(table) < FEWEST:
        raise ArgumentError(f"Found {len(table)} photos; accepted: {FEWEST} or more.")
    found, by = answers([Path(path) for path in table["path"]], model), degradations.estimator(model)
    first, off = halves(list(table["group"]), seed), np.empty((len(found), len(QUALITIES)))
    off[first], off[~first] = errors(found[first], ladder(found[~first])), errors(found[~first], ladder(found[first]))
    groups = np.repeat(table["group"].to_numpy(), len(QUALITIES))[np.isfinite(off.ravel())]
    known = off[np.isfinite(off)]
    within = bootstrap(median, [known], list(groups), seed=seed)
    return (
        f"{by}: {len(table)} photos at qualities {QUALITIES[0]} to {QUALITIES[-1]}. Found on one half, measured on the "
        f"other: told of {len(known) / off.size:.2f} of them, median absolute error {np.median(known):.1f} "
        f"[{within.low:.1f}, {within.high:.1f}].\n{json.dumps(str(by))}: {json.dumps(ladder(found))}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = argparse.ArgumentParser("python -m training.jpeg_ladder", description="Fits iqa/jpeg_looks.json.")
    parser.add_argument("--data", type=Path, required=True, help="folder of clean photos that were not learned from")
    parser.add_argument("--model", choices=degradations.NETWORKS, default=degradations.NETWORKS[0])
    args = parser.parse_args(argv)
    return command.said("jpeg_ladder", lambda: fitted(args.data, args.model))


if __name__ == "__main__":
    sys.exit(main())
