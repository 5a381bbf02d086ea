"""Whether an exported file answers as the network it was made of: pictures to try, differences, what is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iqa.errors import IQAError
from iqa.manifest import Output
from iqa.model import Answer
from iqa.preprocess import Full, InputSpec, full_padding, to_input
from iqa.probe import probe_image

from .nets import Activated

Picture = NDArray[np.uint8]
ONNX, ROUNDING, CORE_ML = 1e-4, 5e-3, 5e-3
"""Largest difference, as a share of the output's range: of an ONNX file from a network with the same weights; of that
file from the network whose weights were not yet rounded to float16; of a Core ML package, which rounds as well.

Half a step of the last digit that is shown (a score of 0.73) is 5e-3: up to there rounding costs at most that digit.
"""


@dataclass(frozen=True)
class Parity:
    """How far answers lie apart, as shares of the range of each output (0.01 = one hundredth of [0, 1]).

    Attributes:
        what: which file against which.
        answers: that were compared; pictures that are also answered as one batch count twice.
        largest, mean: absolute difference over all numbers of all answers.
        spread: how far the answers to different pictures lie apart; next to nothing would prove next to nothing.
        limit: what `largest` may be.
    """

    what: str
    answers: int
    largest: float
    mean: float
    spread: float
    limit: float


def pictures() -> list[Picture]:
    """Drawn pictures of several sizes, lights and textures; the first three agree in size, to be answered as one batch.

    Two are all black and all white: a graph that leaves its range does so at the ends.
    """
    rng = np.random.default_rng(20)
    same = [probe_image(240, 320, seed) for seed in (1, 2, 3)]
    smooth = np.kron(rng.integers(0, 256, (6, 8, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    dark = (probe_image(200, 150, 4) // 16).astype(np.uint8)
    noise = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    return [*same, smooth, dark, noise, np.zeros((60, 80, 3), np.uint8), np.full((75, 50, 3), 255, np.uint8)]


def torch_answer(net: Activated, spec: InputSpec, picture: Picture) -> Answer:
    """Label -> answer of the network itself, in the shapes of iqa.model."""
    views = [torch.from_numpy(view) for view in to_input(picture, spec).values()]
    with torch.inference_mode():
        return _unpacked(net(*views), net.outputs, spec, picture.shape)


def _unpacked(found: Sequence[Tensor], outputs: Sequence[Output], spec: InputSpec, shape: Sequence[int]) -> Answer:
    answer: Answer = {}
    for output, values in zip(outputs, found, strict=True):
        row = values[0].numpy()
        if output.kind == "scores":
            answer |= {label: np.array(value) for label, value in zip(output.labels, row, strict=True)}
        else:
            full = next(view for view in spec.views if isinstance(view, Full))
            (top, _), (left, _) = full_padding(shape[0], shape[1], full)
            answer[output.labels[0]] = row[:, top : top + shape[0], left : left + shape[1]].transpose(1, 2, 0)
    return answer


def compared(
    what: str,
    found: Sequence[Answer],
    wanted: Sequence[Answer],
    outputs: Sequence[Output],
    limit: float,
    *,
    advice: str = "",
) -> Parity:
    """The differences between answers to the same pictures, label by label.

    Args:
        what: which file against which; advice: what to do about a difference above the limit.
        found, wanted: answer for answer.
        outputs: of both, with their ranges.
        limit: what the largest difference may be.

    Raises:
        IQAError: one is not finite, or the largest difference is above the limit; the label is named.
    """
    span = {label: output.high - output.low for output in outputs for label in output.labels}
    apart: dict[str, NDArray[Any]] = {
        label: np.concatenate(
            [np.abs(np.float64(a[label]) - np.float64(b[label])).ravel() for a, b in zip(found, wanted, strict=True)]
        )
        / span[label]
        for label in span
    }
    worst = max(apart, key=lambda label: np.nan_to_num(apart[label], nan=np.inf).max())
    largest = float(np.nan_to_num(apart[worst], nan=np.inf).max())
    if not largest <= limit:
        raise IQAError(
            f"{what}: {worst!r} differs by {largest:.2g} of its range in one of {len(found)} answers; accepted: at "
            f"most {limit:g}. Nothing was exported.{' ' if advice else ''}{advice}"
        )
    every = np.concatenate(list(apart.values()))
    spread = max(float(np.ptp([np.mean(answer[label]) for answer in wanted])) / span[label] for label in span)
    return Parity(what, len(found), largest, float(every.mean()), spread, limit)


def refuse_broken(net: Activated) -> None:
    """Nothing, when every weight is a number.

    Raises:
        IQAError: one is NaN or infinite; the first tensor is named.
    """
    tensors: Mapping[str, Tensor] = net.net.state_dict()
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise IQAError(
            f"{len(broken)} of {len(tensors)} tensors hold NaN or infinity, the first is {broken[0]}; such a network "
            "is not exported. Train again with a lower --lr."
        )
