"""Makes trained severities the likelier side of a doubt: as often too large as too small, instead of right on average.

    python -m training.medians RUN

Cross entropy teaches the mean of what a severity may be. Where a network doubts whether there is any damage, that is a
severity that no such photo has, above 0 for every photo of which little can be said; the median is 0 there. Each
severity gets the slope and the shift of its logit with the least absolute error on the validation photos of the run;
best.safetensors is written anew. What rises everywhere changes no order: rank correlations and ROC AUC stay. A run
damages photos far more often than photographers do: its samples are weighed as if one photo in ten had that damage.
Printed is what this is worth on photos that it was not found on: in two halves, split by group. A severity that was
moved stays so; after `training.level_heads` those are moved again that it taught anew.

Reference: R. Koenker and G. Bassett, "Regression quantiles", 1978, doi:10.2307/1913643 (least absolute error and the
median).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from iqa.errors import ArgumentError, IQAError

from . import checkpoint, command, resume, validate
from .checkpoint import Trained
from .conformal import halves
from .nets import Scorer

OUTPUT = "severities"
FEWEST = 10
"""Validation photos with a damage, and without it, in each half."""
PRIOR = 0.1
"""Share of the photos in use that have a given damage: an assumption, and less than in what is learned from, 0.27."""
_SLOPES, _SHIFTS = (0.2, 5.0), (-5.0, 5.0)
_AT_END = "; at the end of the range, so that another one may be better"
_STARTS = ((1.0, 0.0), (2.0, 0.0), (2.0, -1.0))
"""Slope and shift: absolute error has more than one valley."""

Column = NDArray[np.float64]


def weights(severities: Column) -> Column:
    """Of each photo, sum 1: those with the damage PRIOR together; all alike where there are none with or without."""
    damaged = severities > 0
    share = PRIOR if 0 < damaged.sum() < len(damaged) else float(damaged.mean())
    each = np.where(damaged, share / max(1, damaged.sum()), (1 - share) / max(1, (~damaged).sum()))
    return np.asarray(each, np.float64)


def fitted(logits: Column, severities: Column) -> tuple[float, float]:
    """(slope, shift) of the logit with the least weighed absolute error; both (photos,), severities in [0, 1]."""
    weight = weights(severities)

    def error(values: Column) -> float:
        return float((weight * np.abs(expit(values[0] * logits + values[1]) - severities)).sum())

    found = [minimize(error, start, method="Nelder-Mead", bounds=[_SLOPES, _SHIFTS]) for start in _STARTS]
    slope, shift = min(found, key=lambda one: float(one.fun)).x
    return float(slope), float(shift)


def worth(logits: Column, severities: Column, one: NDArray[np.bool_]) -> dict[str, float]:
    """As learned (`..._before`), and what is found on each half measured on the other.

    `error`: absolute error, weighed; `none`: mean answer where the severity is 0; each in [0, 1], lower is better.
    """
    said, weight = np.empty(len(logits)), weights(severities)
    for test in (one, ~one):
        slope, shift = fitted(logits[~test], severities[~test])
        said[test] = expit(slope * logits[test] + shift)
    told = {}
    for end, answers in (("_before", expit(logits)), ("", said)):
        told["error" + end] = float((weight * np.abs(answers - severities)).sum())
        told["none" + end] = float(answers[severities == 0].mean())
    return told


def moved(run: Path, data: Path | None = None) -> str:
    """What was found, as text; the best checkpoint of `run` then has these slopes and shifts.

    Args:
        run: the folder of a run of a recipe with severities; one that was stopped cannot be gone on with then.
        data: folder of the photos that it was trained on; None = where they were.

    Raises:
        ArgumentError: no run, no severities, or all of them were moved already (those that were, stay as they are).
        IQAError: other photos than those of the run, or fewer than FEWEST with or without a damage in a half of them.
    """
    if not run.is_dir():
        raise ArgumentError(f"{run} is no folder; accepted: what training.run was given as --out.")
    trained = checkpoint.best(run)
    names, net = _named(trained)
    before = trained.state.get(OUTPUT, {})
    if not set(names) - set(before):
        raise ArgumentError(f"The severities of {run} were moved already: {before}.")
    with resume.alone(run):
        photos = validate.photos_of(run, trained, data)
        found = validate.answers(trained, photos)
        one = halves(photos.groups, trained.settings.seed)
        told: dict[str, dict[str, float]] = {}
        for k, name in enumerate(names):
            if name in before:
                continue
            logits, severities = (part[OUTPUT][:, k].astype(float) for part in (found.raw, found.target))
            known = np.isfinite(severities)
            _enough(name, severities, one)
            slope, shift = fitted(logits[known], severities[known])
            net.rescale(OUTPUT, k, slope, shift)
            told[name] = {"slope": slope, "shift": shift, **worth(logits[known], severities[known], one[known])}
        checkpoint.write(run / checkpoint.BEST, net.state_dict(), {**trained.state, OUTPUT: {**before, **told}})
    return _said(told, len(photos))


def _enough(name: str, severities: Column, one: NDArray[np.bool_]) -> None:
    for half in (one, ~one):
        counts = int((severities[half] > 0).sum()), int((severities[half] == 0).sum())
        if min(counts) < FEWEST:
            raise IQAError(
                f"Half of the validation photos: {counts[0]} with and {counts[1]} without {name}; accepted: {FEWEST} "
                "or more of each."
            )


def _named(trained: Trained) -> tuple[Sequence[str], Scorer]:
    """The names of the severities, and the network; raises ArgumentError for one without."""
    net = trained.net.net
    for output in trained.recipe.outputs:
        if output.name == OUTPUT and isinstance(net, Scorer):
            return output.labels, net
    raise ArgumentError(f"{trained.recipe.name} has no {OUTPUT}; accepted: a run of a recipe that gives them.")


def _said(told: dict[str, dict[str, Any]], photos: int) -> str:
    rows = [
        f"{name}: {row['slope']:.2f} times the logit {row['shift']:+.2f}; error {row['error']:.3f} "
        f"({row['error_before']:.3f}), answer where there is none {row['none']:.3f} ({row['none_before']:.3f})"
        f"{_AT_END if row['slope'] in _SLOPES or row['shift'] in _SHIFTS else ''}"
        for name, row in told.items()
    ]
    return "\n".join([f"{photos} validation photos. Found on one half, measured on the other (as learned):", *rows])


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    return command.done("medians", "Makes severities medians.", moved, argv)


if __name__ == "__main__":
    sys.exit(main())
