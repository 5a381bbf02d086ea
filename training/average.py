"""The mean of the weights of runs that grew from one start: often better than each of them, at no cost in use.

    python -m training.average RUN RUN [RUN ...] --out OUT

OUT then is the folder of a run that can be measured, exported and started from, but not resumed. Runs that began from
different starts have no common mean: their metric, which is printed beside that of the mean, tells.

Reference: M. Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", 2022, doi:10.48550/arXiv.2203.05482.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from eval.machine import commit
from iqa.errors import ArgumentError, OutputExistsError

from . import checkpoint, command, resume, validate
from .checkpoint import Trained

State = dict[str, Tensor]


def mean(weights: Sequence[State]) -> State:
    """The mean of every tensor of numbers; whole numbers, such as counts of batches, are those of the first.

    Raises:
        ArgumentError: they are not the weights of one network.
    """
    first = weights[0]
    shapes = {name: tensor.shape for name, tensor in first.items()}
    if any({name: tensor.shape for name, tensor in other.items()} != shapes for other in weights[1:]):
        raise ArgumentError("The runs have networks of different shapes; accepted: runs of one recipe and one --size.")
    return {
        name: torch.stack([other[name].double() for other in weights]).mean(0).to(tensor.dtype)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in first.items()
    }


def average(runs: Sequence[Path], out: Path, data: Path | None = None) -> str:
    """What was made, as text; `out` then holds the mean of the best networks of `runs`.

    Args:
        runs: two or more folders of runs of one recipe with the same validation photos.
        out: folder to make.
        data: folder of the photos, when it moved.

    Raises:
        ArgumentError: fewer than two runs, one that was calibrated, or runs that do not fit.
        OutputExistsError: `out` is there.
        IQAError: the photos are not those of the runs.
    """
    if len(runs) < 2:
        raise ArgumentError(f"Found {len(runs)} run; accepted: two or more.")
    if resume.taken(out):
        raise OutputExistsError(f"{out} is there already. Name another --out.")
    resume.writable(out, "--out")
    trained = [_opened(run) for run in runs]
    _alike(runs, trained)
    state = mean([each.net.net.state_dict() for each in trained])
    first, last = trained[0], trained[-1]
    photos = validate.photos_of(runs[-1], last, data)
    values = [validate.answers(each, photos).metric(each) for each in trained]
    first.net.net.load_state_dict(state)
    value = validate.answers(first, photos).metric(first)
    sources = dict.fromkeys(row for each in trained for row in each.trained_on)
    changed = {
        "trained_on": [asdict(row) for row in sources],
        "averaged": [hashlib.sha256((run / checkpoint.BEST).read_bytes()).hexdigest() for run in runs],
        "commit": commit("training"),
    }
    out.mkdir(parents=True, exist_ok=True)
    resume.write_settings(out, resume.read_settings(runs[-1]) | changed)
    kept = {"metric": first.recipe.metric.name, "value": value}
    checkpoint.write(out / checkpoint.BEST, state, {**last.state, **changed, **kept})
    alone = ", ".join(f"{run} {part:.4f}" for run, part in zip(runs, values, strict=True))
    return f"{first.recipe.metric.name} on {len(photos)} validation photos: {alone}; the mean {value:.4f}: {out}"


def _opened(run: Path) -> Trained:
    if not run.is_dir():
        raise ArgumentError(f"{run} is no folder; accepted: what training.run was given as --out.")
    trained = checkpoint.best(run)
    if told := resume.calibrated_by(trained.state):
        raise ArgumentError(f"{run} went through {told} already; accepted: runs before it.")
    return trained


def _alike(runs: Sequence[Path], trained: Sequence[Trained]) -> None:
    first = trained[0]
    for run, each in zip(runs[1:], trained[1:], strict=True):
        if each.recipe.name != first.recipe.name:
            raise ArgumentError(f"{run} is of {each.recipe.name}, {runs[0]} of {first.recipe.name}; accepted: one.")
        if each.recipe.inputs(each.settings) != first.recipe.inputs(first.settings):
            raise ArgumentError(f"{run} and {runs[0]} see photos in different ways (size, padding or normalization).")
        if resume.facts_of(run).validation != resume.facts_of(runs[0]).validation:
            raise ArgumentError(
                f"{run} and {runs[0]} have different validation photos: what one is validated on, the other may have "
                "learned. Accepted: runs with one --seed on one data set."
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = command.parser("average", "The mean of the weights of runs.", several=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    args = parser.parse_args(argv)
    return command.said("average", lambda: average(args.run, args.out, args.data))


if __name__ == "__main__":
    sys.exit(main())
