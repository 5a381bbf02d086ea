"""Makes the range of a trained score hold: moves its two ends until validation photos lie inside as often as promised.

    python -m training.conformal RUN

A network with a curve (training.curve) gets the one that brings its score closest to the ratings of these photos; the
ends are on it, too.
Quantiles that were learned are too narrow, because they were learned on the photos they describe. The ends are moved
apart by one number each, found on the validation photos of the run, before the sigmoid; best.safetensors is written
anew. Printed is what the promise is worth on photos that the number was not found on: in two halves, split by group.

Reference: Y. Romano, E. Patterson and E. Candes, "Conformalized quantile regression", 2019,
doi:10.48550/arXiv.1905.03222.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eval.datasets import group_split
from iqa.errors import ArgumentError, IQAError

from . import checkpoint, command, curve, resume, validate
from .curve import Curve

OUTPUT, SCORE, COVERAGE = "range", "quality", 0.9
_TAIL = (1.0 - COVERAGE) / 2.0
FEWEST = 100
"""Validation photos from which an end that 5 % lie beyond can be found."""

Column = NDArray[np.float64]
Values = tuple[float, float, float]


def moves(ends: Column, ratings: Column, values: Values = curve.NONE) -> tuple[float, float]:
    """(what is added to the lower end, to the upper end) in logits, so that 5 % of the ratings lie beyond each.

    Args:
        ends: (photos, 2) logits of the lower and the upper end.
        ratings: (photos,) in [0, 1].
        values: of the curve that the ends then are on.
    """
    truth = curve.straight(ratings, values)
    rank = min(1.0, (1.0 - _TAIL) * (1.0 + 1.0 / len(truth)))  # of finite samples
    low = -float(np.quantile(ends[:, 0] - truth, rank, method="higher"))
    return low, float(np.quantile(truth - ends[:, 1], rank, method="higher"))


def coverage(
    ends: Column, ratings: Column, moved: tuple[float, float], values: Values = curve.NONE
) -> tuple[float, float]:
    """(share of ratings inside, median width of the range in [0, 1]), the moved ends on the curve of these values."""
    low, high = (curve.bent(ends[:, side] + moved[side], values) for side in (0, 1))
    return float(np.mean((low <= ratings) & (ratings <= high))), float(np.median(high - low))


def halves(groups: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Per photo, whether it is in the first half; no group in both."""
    import pandas as pd

    table = pd.DataFrame({"group": list(groups)})
    return (group_split(table, {"train": 0.5, "validation": 0.5}, seed) == "train").to_numpy()


def last_layer(net: nn.Module) -> nn.Linear:
    """The layer whose two outputs are the ends; raises ArgumentError for a network without a range."""
    heads = getattr(net, "heads", {})
    if OUTPUT not in heads:
        raise ArgumentError(f"The network has no output {OUTPUT!r}; accepted: a run of a recipe that gives one.")
    layer: nn.Linear = heads[OUTPUT][0][-1]
    return layer


def rmse(logits: Column, ratings: Column, values: Values = curve.NONE) -> float:
    """Of the score on the curve of these values, in [0, 1]."""
    return float(np.sqrt(np.mean((curve.bent(logits, values) - ratings) ** 2)))


def conformal(run: Path, data: Path | None = None) -> str:
    """What was found, as text; the best checkpoint of `run` then gives ranges that hold on its validation photos.

    Its score is on its best curve, too, where the network has one.

    Args:
        run: the folder of a run; one that was stopped cannot be gone on with then.
        data: folder of the photos that it was trained on; None = where they were.

    Raises:
        ArgumentError: no run, a network without a range, or one whose ends were moved already.
        IQAError: other photos than those of the run, or fewer than FEWEST of them for validation.
    """
    if not run.is_dir():
        raise ArgumentError(f"{run} is no folder; accepted: what training.run was given as --out.")
    trained = checkpoint.best(run)
    if "range" in trained.state:
        raise ArgumentError(f"The ends of {run} were moved already, by {trained.state['range']['moved']} logits.")
    layer = last_layer(trained.net.net)
    with resume.alone(run):
        photos = validate.photos_of(run, trained, data)
        if len(photos) < FEWEST:
            raise IQAError(
                f"{len(photos)} validation photos; accepted: {FEWEST} or more, of which 5 % are beyond each end."
            )
        found = validate.answers(trained, photos)
        one = halves(photos.groups, trained.settings.seed)
        ends, logits, ratings = (
            column.astype(float) for column in (found.raw[OUTPUT], found.raw[SCORE][:, 0], found.target[SCORE][:, 0])
        )
        bend = getattr(trained.net.net, "curve", None)
        moved, values = _fitted(ends, logits, ratings, isinstance(bend, Curve))
        worth = _worth(ends, logits, ratings, one, isinstance(bend, Curve))
        told = {"moved": list(moved), "curve": list(values), "photos": len(ratings), **worth}
        with torch.no_grad():
            layer.bias.add_(torch.tensor(moved, dtype=torch.float32))
            if isinstance(bend, Curve):
                bend.values.copy_(torch.tensor(values))
        checkpoint.write(run / checkpoint.BEST, trained.net.net.state_dict(), {**trained.state, "range": told})
    return _said(told)


def _said(told: dict[str, Any]) -> str:
    low, high = told["moved"]
    slope, shift, top = told["curve"]
    return (
        f"{told['photos']} validation photos. As learned: {told['coverage_before']:.3f} inside, median width "
        f"{told['width_before']:.3f}, RMSE {told['rmse_before']:.4f}. Ends moved by {low:+.3f} and {high:+.3f} logits; "
        f"the score is {top:.3f} times the sigmoid of {slope:.3f} logits {shift:+.3f}. Found on one half, measured on "
        f"the other: {told['coverage']:.3f} inside (promised {COVERAGE}), median width {told['width']:.3f}, RMSE "
        f"{told['rmse']:.4f}."
    )


def _fitted(ends: Column, logits: Column, ratings: Column, curved: bool) -> tuple[tuple[float, float], Values]:
    values = curve.best(logits, ratings) if curved else curve.NONE
    return moves(ends, ratings, values), values


def _worth(ends: Column, logits: Column, ratings: Column, one: NDArray[np.bool_], curved: bool) -> dict[str, float]:
    """As learned, and what is found on each half measured on the other one."""
    held = []
    for test in (one, ~one):
        moved, values = _fitted(ends[~test], logits[~test], ratings[~test], curved)
        held.append((*coverage(ends[test], ratings[test], moved, values), rmse(logits[test], ratings[test], values)))
    inside, width, error = (float(np.mean(values)) for values in zip(*held, strict=True))
    before, narrow = coverage(ends, ratings, (0.0, 0.0))
    return {
        "coverage": inside,
        "coverage_before": before,
        "width": width,
        "width_before": narrow,
        "rmse": error,
        "rmse_before": rmse(logits, ratings),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    return command.done("conformal", "Makes the range of a score hold.", conformal, argv)


if __name__ == "__main__":
    sys.exit(main())
