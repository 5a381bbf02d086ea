"""Makes the confidence of trained classes mean what it says, and finds from where on an answer is certain.

    python -m training.temperature RUN

Networks learn how often each class was shown to them, and the most frequent one wins where they doubt. So one
temperature for all logits and one number for each class are found as if every class were as frequent as any other, and
the least confidence is the one from which at most ERROR of such answers are wrong: all on the validation photos of the
run; best.safetensors is written anew, and the exported manifest holds that confidence as the threshold of each class.
Printed is what this is worth on photos that it was not found on: in two halves, split by group.

Reference: C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural networks", 2017,
doi:10.48550/arXiv.1706.04599 (temperature); A. Alexandari, A. Kundaje and A. Shrikumar, "Maximum likelihood with
bias-corrected calibration is hard-to-beat at label shift adaptation", 2020, doi:10.48550/arXiv.1901.06852; Y. Geifman
and R. El-Yaniv, "Selective classification for deep neural networks", 2017, doi:10.48550/arXiv.1705.08500.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from torch import nn

from eval.metrics import expected_calibration_error
from iqa.errors import ArgumentError, IQAError
from iqa.manifest import Output

from . import checkpoint, command, resume, validate
from .checkpoint import Trained
from .conformal import halves

ERROR = 0.05
"""Share of the answers that count as certain which may be wrong."""
FEWEST = 100
"""Validation photos from which a share of 5 % can be found."""

Logits = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Scale:
    """What is done to logits: divided by the temperature, then one number per class is added, (classes,) of sum 0."""

    temperature: float
    shift: Logits

    def __call__(self, logits: Logits) -> Logits:
        """The calibrated logits of (photos, classes)."""
        return np.asarray(logits / self.temperature + self.shift)


def even(codes: Codes) -> Codes:
    """Rows that hold each class as often as the most frequent one: those of the others are repeated in turn."""
    counts = np.bincount(codes)
    return np.concatenate([np.resize(np.nonzero(codes == k)[0], counts.max()) for k in np.nonzero(counts)[0]])


def fitted(logits: Logits, codes: Codes) -> Scale:
    """By which the true classes (photos,) are likeliest, every class counted alike; logits: (photos, classes)."""
    rows = even(codes)

    def scale(values: Logits) -> Scale:
        return Scale(float(np.exp(values[0])), values[1:] - values[1:].mean())

    def loss(values: Logits) -> float:
        return -float(log_softmax(scale(values)(logits[rows]), axis=1)[np.arange(len(rows)), codes[rows]].mean())

    return scale(minimize(loss, np.zeros(1 + logits.shape[1])).x)


def least(logits: Logits, codes: Codes) -> float:
    """The least confidence from which on at most ERROR of the answers are wrong, [0, 1]; 1 where there is none.

    Every class counts alike; one more answer counts as wrong than was seen, with the weight of the rarest class.
    Rounded up to three digits, so that what it lets through is what was counted.
    """
    chances = softmax(logits, axis=1)
    sure, weight = chances.max(axis=1), 1.0 / np.bincount(codes)[codes]
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], (weight * (chances.argmax(axis=1) != codes))[order]
    held = np.cumsum(wrong) + weight.max() <= ERROR * (np.cumsum(weight[order]) + weight.max())
    held &= np.append(sure[1:] < sure[:-1], True)  # all answers of one confidence are let through, or none
    places = np.nonzero(held)[0]
    return float(np.ceil(1e3 * sure[places[-1]]) / 1e3) if len(places) else 1.0


def worth(logits: Logits, codes: Codes, one: NDArray[np.bool_]) -> dict[str, float]:
    """As learned (`..._before`), and what is found on each half measured on the other; every class counts alike.

    `ece`: expected calibration error, lower is better; `recall`: mean over the classes; `least_recall`: of the class
    that is found least; `certain`: share of the answers; `error`: share of these that are wrong; each in [0, 1].
    """
    said, held = np.empty(logits.shape), np.empty(len(codes))
    for test in (one, ~one):
        scale = fitted(logits[~test], codes[~test])
        said[test] = softmax(scale(logits[test]), axis=1)
        held[test] = least(scale(logits[~test]), codes[~test])
    rows = even(codes)
    certain = (said.max(axis=1) >= held)[rows]
    wrong = (said.argmax(axis=1) != codes)[rows][certain]
    before, after = (_figures(chances, codes, rows) for chances in (softmax(logits, axis=1), said))
    return {
        **{f"{name}_before": value for name, value in before.items()},
        **after,
        "certain": float(certain.mean()),
        "error": float(wrong.mean()) if len(wrong) else 0.0,
    }


def _figures(chances: Logits, codes: Codes, rows: Codes) -> dict[str, float]:
    right = chances.argmax(axis=1) == codes
    recalls = [float(right[codes == k].mean()) for k in np.unique(codes)]
    error = expected_calibration_error(chances.max(axis=1)[rows], right[rows].astype(float))
    return {"ece": float(error), "recall": float(np.mean(recalls)), "least_recall": min(recalls)}


def calibrated(run: Path, data: Path | None = None) -> str:
    """What was found, as text; the best checkpoint of `run` then has that scale and threshold.

    Args:
        run: the folder of a run of a recipe with one softmax output; one that was stopped cannot be gone on with then.
        data: folder of the photos that it was trained on; None = where they were.

    Raises:
        ArgumentError: no run, other outputs, or one that was calibrated already.
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
        scale = fitted(logits, codes)
        told: dict[str, Any] = {"temperature": scale.temperature, "shift": scale.shift.tolist(), "photos": len(codes)}
        told["least"] = least(scale(logits), codes)
        told |= worth(logits, codes, halves(photos.groups, trained.settings.seed))
        with torch.no_grad():
            layer = last_layer(trained.net.net, output)
            for values in layer.parameters():
                values.div_(scale.temperature)
            layer.bias.add_(torch.tensor(scale.shift, dtype=torch.float32))
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


def _said(told: dict[str, Any]) -> str:
    shift = ", ".join(f"{value:+.2f}" for value in told["shift"])
    return (
        f"{told['photos']} validation photos, every class counted alike. Temperature {told['temperature']:.3f}, shift "
        f"of the logits {shift}; certain from {told['least']:.3f}. Found on one half, measured on the other: mean "
        f"recall {told['recall']:.3f} (as learned {told['recall_before']:.3f}), the least of a class "
        f"{told['least_recall']:.3f} ({told['least_recall_before']:.3f}), expected calibration error {told['ece']:.3f} "
        f"({told['ece_before']:.3f}); {told['certain']:.3f} of the answers certain, of these {told['error']:.3f} wrong "
        f"(promised {ERROR})."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    return command.done("temperature", "Calibrates the classes of a run.", calibrated, argv)


if __name__ == "__main__":
    sys.exit(main())
