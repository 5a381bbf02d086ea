"""What a run learns from, as files: to be looked at, and to be checked for labels that can be told without looking.

    python -m training.samples RUN --out DIR --count 2000
    python -m eval.run confounds DIR

Comes in: the folder of a run that has finished an epoch. Goes out: DIR/NAME.png, the pictures as the network gets them
before they are resized, and DIR/labels.csv with file, scene and the targets: `label` of classes, else one column each.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from iqa.errors import ArgumentError, IQAError, OutputExistsError
from iqa.manifest import Output

from . import checkpoint, recipe, resume
from .recipe import Arrays, Recipe

TABLE = "labels.csv"


def written(run: Path, out: Path, count: int) -> int:
    """How many samples of the training side of a run then lie in `out`, spread evenly over it.

    Args:
        run: its folder. out: a new one. count: at most.

    Raises:
        ArgumentError: no such run, or a count below 1. OutputExistsError: `out` is there.
        IQAError: the photos of the run are not there, or others now.
    """
    if count < 1:
        raise ArgumentError(f"--count {count}: accepted 1 or more.")
    if out.exists():
        raise OutputExistsError(f"{out} is there already and was left as it is. Name another --out.")
    made = recipe.get(checkpoint.about(run, resume.read_settings(run))[0])
    settings, facts = resume.resumed(made, run, lambda was: was)
    split = made.data(Path(facts.folder), settings)
    resume.same_data(run, facts, split)
    pool, groups = split.train, split.train.groups
    places = np.unique(np.linspace(0, len(pool) - 1, min(count, len(pool))).round().astype(int))
    out.mkdir(parents=True)
    rows = []
    for place in places.tolist():
        sample = pool.sample(place, np.random.default_rng((settings.seed, place)))
        name = f"{place:06}.png"
        Image.fromarray(sample.image).save(out / name, compress_level=1)
        rows.append({"file": name, "scene": groups[place], **told(made, sample.target)})
    with (out / TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def told(made: Recipe, target: Arrays) -> dict[str, str | float]:
    """The targets of a sample as columns; pictures among them are left out."""
    found: dict[str, str | float] = {}
    for output in made.outputs:
        if output.name in target and output.kind == "scores":
            found |= _columns(output, target[output.name])
    return found


def _columns(output: Output, values: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> dict[str, str | float]:
    if output.activation == "softmax":
        return {"label": output.labels[int(values.argmax())]}
    return {name: round(float(value), 6) for name, value in zip(output.labels, values, strict=True)}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = argparse.ArgumentParser("python -m training.samples", description="Writes what a run learns from.")
    parser.add_argument("run", type=Path, metavar="RUN", help="what training.run was given as --out")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--count", type=int, default=1000, help="samples, at most (default: %(default)s)")
    args = parser.parse_args(argv)
    try:
        count = written(args.run, args.out, args.count)
    except (IQAError, OSError) as error:
        print(f"training.samples: {error}", file=sys.stderr)
        return 1
    print(f"{count} samples: {args.out / TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
