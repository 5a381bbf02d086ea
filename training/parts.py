"""What most recipes are made of: the view of the frame, a grid of native crops, one row of scores, two phases."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from iqa.manifest import Output
from iqa.preprocess import InputSpec, Native, Whole

from . import nets
from .recipe import Phase, Settings

HEAD_THEN_ALL = (Phase("head", frozen=True), Phase("all", frozen=False))
"""A new head on features that are kept, then everything, best at a lower rate: large steps undo pretraining.

Reference: J. Howard and S. Ruder, "Universal language model fine-tuning for text classification", 2018,
doi:10.18653/v1/P18-1031, sections 3.2 and 3.3.
"""


def frame(settings: Settings, fit: Literal["pad", "shrink", "squash"] = "pad", side: int | None = None) -> Whole:
    """The view `frame`: the whole photo in a square of `side` px (`settings.size` unless told).

    Args:
        settings: of the run; ``extra["pixels"]`` is how pixels are normalized.
        fit: "pad" keeps the aspect, with 0 around; "shrink" never enlarges as well; "squash" fills the square.
        side: px.
    """
    side = settings.size if side is None else side
    return Whole(
        name="frame",
        height=side,
        width=side,
        fit=fit,
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **nets.pixels(settings),
    )


def shrunk(settings: Settings) -> InputSpec:
    """`frame` alone, its aspect kept and never enlarged: the photo lies in the square, 0 around it."""
    return InputSpec(views=(frame(settings, "shrink"),))


def whole(settings: Settings) -> InputSpec:
    """`frame` alone, its aspect kept: the `inputs` of a recipe that looks at the photo once."""
    return InputSpec(views=(frame(settings),))


def grid(settings: Settings) -> tuple[int, int]:
    """(rows, columns) of ``extra["crops"]``, such as 2x2."""
    rows, columns = (int(part) for part in settings.extra["crops"].split("x"))
    return rows, columns


def crops(settings: Settings, side: int) -> Native:
    """The view `crops`: squares of `side` px at native resolution, as many as `grid` says."""
    rows, columns = grid(settings)
    normal = nets.pixels(settings)
    return Native(name="crops", height=side, width=side, rows=rows, columns=columns, **normal)


def scores(
    name: str, labels: Sequence[str], activation: Literal["sigmoid", "expectation"] = "sigmoid"
) -> tuple[Output, ...]:
    """One output of scores in [0, 1], higher is better."""
    return (_output(name, labels, direction="higher is better", unit="score", activation=activation),)


def severities(name: str, labels: Sequence[str], threshold: float) -> tuple[Output, ...]:
    """One output of severities in [0, 1], 0 = none, each detected from `threshold` on."""
    least = dict.fromkeys(labels, threshold)
    told = {"direction": "0 = none", "unit": "severity", "activation": "sigmoid", "thresholds": least}
    return (_output(name, labels, **told),)


def classes(name: str, labels: Sequence[str], thresholds: Mapping[str, float] | None = None) -> tuple[Output, ...]:
    """One output of probabilities of classes, of sum 1; `thresholds`: from which one counts as detected."""
    told = {"direction": "higher is likelier", "unit": "probability", "activation": "softmax"}
    return (_output(name, labels, **told, thresholds=dict(thresholds or {})),)


def _output(name: str, labels: Sequence[str], **told: Any) -> Output:
    return Output(name=name, kind="scores", labels=tuple(labels), low=0.0, high=1.0, **{"thresholds": {}, **told})
