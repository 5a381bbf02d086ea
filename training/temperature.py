"""Makes the confidence of trained classes mean what it says, and finds from where on an answer is certain.

    python -m training.temperature RUN

The logits are divided by one temperature, which no order of classes depends on, and the least confidence is the one
from which at most ERROR of the answers are wrong: both found on the validation photos of the run; best.safetensors is
written anew, and the exported manifest holds that confidence as the threshold of each class. Printed is what both are
worth on photos that they were not found on: in two halves, split by group.

Reference: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks", 2017,
doi:10.48550/arXiv.1706.04599; Y. Geifman and R. El-Yaniv, "Selective classification for deep neural networks", 2017,
doi:10.48550/arXiv.1705.08500.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from torch import nn

from eval.metrics import expected_calibration_error
from iqa.errors import ArgumentError, IQAError
from iqa.manifest import Output

from . import checkpoint, resume, validate
from .checkpoint import Trained
from .conformal import halves
from .devices import keep_memory

ERROR = 0.05
"""Share of the answers that count as certain which may be wrong."""
RANGE = (0.05, 20.0)
"""Of temperatures that are looked at."""
FEWEST = 100
"""Validation photos from which a share of 5 % can be found."""

Logits = NDArray[np.float64]
Codes = NDArray[np.intp]


def temperature(logits: Logits, codes: Codes) -> float:
    """By which the logits (photos, classes) are divided so that the true classes (photos,) are likeliest."""

    def loss(log: float) -> float:
        return -float(log_softmax(logits / np.exp(log), axis=1)[np.arange(len(codes)), codes].mean())

    return float(np.exp(minimize_scalar(loss, bounds=tuple(np.log(RANGE)), method="bounded").x))


def least(logits: Logits, codes: Codes) -> float:
    """The least confidence from which on at most ERROR of the answers are wrong, [0, 1]; 1 where there is none.

    One more answer counts as wrong than was seen, for those that are not.

    Reference: A. Angelopoulos et al., "Conformal risk control", 2024, doi:10.48550/arXiv.2208.02814.
    """
    chances = softmax(logits, axis=1)
    order = np.argsort(-chances.max(axis=1), kind="stable")
    wrong = np.cumsum((chances.argmax(axis=1) != codes)[order])
    held = np.nonzero(wrong + 1 <= ERROR * np.arange(2, len(codes) + 2))[0]
    return float(chances.max(axis=1)[order[held[-1]]]) if len(held) else 1.0


def worth(logits: Logits, codes: Codes, one: NDArray[np.bool_]) -> dict[str, float]:
    """As learned, and what is found on each half measured on the other.

    `ece`: expected calibration error, lower is better; `certain`: share of the answers; `error`: share of these that
    are wrong; each in [0, 1].
    """
    said, certain = np.empty(len(codes)), np.zeros(len(codes), bool)
    for test in (one, ~one):
        by = temperature(logits[~test], codes[~test])
        from_here = least(logits[~test] / by, codes[~test])
        said[test] = softmax(logits[test] / by, axis=1).max(axis=1)
        certain[test] = said[test] >= from_here
    right = (logits.argmax(axis=1) == codes).astype(float)
    return {
        "ece_before": float(expected_calibration_error(softmax(logits, axis=1).max(axis=1), right)),
        "ece": float(expected_calibration_error(said, right)),
        "certain": float(certain.mean()),
        "error": float(1.0 - right[certain].mean()) if certain.any() else 0.0,
        "accuracy": float(right.mean()),
    }


def calibrated(run: Path, data: Path | None = None) -> str:
    """What was found, as text; the best checkpoint of `run` then has that temperature and threshold.

    Args:
        run: the folder of a finished run of a recipe with one softmax output.
        data: folder of the photos that it was trained on; None = where they were.

    Raises:
        ArgumentError: no finished run, other outputs, or one that was calibrated already.
        IQAError: other photos than those of the run, or fewer than FEWEST of them for validation.
    """
    if not run.is_dir():
        raise ArgumentError(f"{run} is no folder; accepted: what training.run was given as --out.")
    trained = checkpoint.best(run)
    if "certain" in trained.state:
        raise ArgumentError(f"{run} was calibrated already: {trained.state['certain']}.")
    output = only_classes(trained)
    with resume.alone(run):
        photos = validate.photos_of(run, trained, data)
        if len(photos) < FEWEST:
            raise IQAError(f"{len(photos)} validation photos; accepted: {FEWEST} or more.")
        found = validate.answers(trained, photos)
        logits, codes = found.raw[output.name].astype(float), found.target[output.name].argmax(axis=1)
        by = temperature(logits, codes)
        told = {"temperature": by, "least": round(least(logits / by, codes), 3), "photos": len(codes)}
        told |= worth(logits, codes, halves(photos.groups, trained.settings.seed))
        with torch.no_grad():
            for values in last_layer(trained.net.net, output).parameters():
                values.div_(by)
        checkpoint.write(run / checkpoint.BEST, trained.net.net.state_dict(), {**trained.state, "certain": told})
    return _said(told)


def only_classes(trained: Trained) -> Output:
    """The one output of a network of classes; raises ArgumentError for other networks."""
    outputs = trained.recipe.outputs
    if len(outputs) != 1 or outputs[0].activation != "softmax":
        raise ArgumentError(f"{trained.recipe.name} has no classes; accepted: a recipe with one softmax output.")
    return outputs[0]


def last_layer(net: nn.Module, output: Output) -> nn.Linear:
    """The layer whose outputs are the logits; both of its parameters scale them."""
    layer: nn.Linear = getattr(net, "heads", {})[output.name][0][-1]
    return layer


def _said(told: dict[str, float]) -> str:
    return (
        f"{told['photos']} validation photos, accuracy {told['accuracy']:.3f}. Temperature {told['temperature']:.3f}; "
        f"certain from {told['least']:.3f}. Found on one half, measured on the other: expected calibration error "
        f"{told['ece']:.3f} (as learned {told['ece_before']:.3f}), {told['certain']:.3f} of the answers certain, of "
        f"these {told['error']:.3f} wrong (promised {ERROR})."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = argparse.ArgumentParser("python -m training.temperature", description="Calibrates the classes of a run.")
    parser.add_argument("run", type=Path, metavar="RUN", help="what training.run was given as --out")
    parser.add_argument("--data", type=Path, help="the folder of photos that the run was trained on, if it moved")
    args = parser.parse_args(argv)
    keep_memory()
    try:
        print(calibrated(args.run, args.data))
    except IQAError as error:
        print(f"training.temperature: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
