"""A rising curve from what a network says to the scale that people rate on: found on validation photos, kept in it.

Ratings seldom reach the ends of their scale, and a network that learned their order as well spreads its answers
further; a curve that rises everywhere changes no order.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn

from iqa.errors import IQAError

_LEAST, _TOP = 0.5, 0.999
"""Between these lies the score that is never reached; above, half precision would not hold what is missing to 1."""
_SLOPES = (0.1, 10.0)

NONE = (1.0, 0.0, 1.0)
"""The curve that changes nothing."""
_EDGE = 1e-3
"""A rating of 0 or 1 has no finite logit."""

Column = NDArray[np.float64]


class Curve(nn.Module):
    """Logits -> logits, of one shape, of top * sigmoid(slope * x + shift); as they are while nothing was found.

    Attributes:
        values: (slope, shift, top), a buffer: (1, 0, 1) at first.
    """

    values: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("values", torch.tensor(NONE))

    def reset(self) -> None:
        """Nothing; logits then stay as they are."""
        self.values.copy_(torch.tensor(NONE))

    def forward(self, x: Tensor) -> Tensor:
        """The logits on the curve; strictly rising."""
        slope, shift, top = self.values.unbind()
        return top.log() - (1.0 - top + (-slope * x - shift).exp()).log()


def bent(logits: Column, values: Sequence[float] = NONE) -> Column:
    """The score in [0, 1] of logits as the network gives them, on the curve of these values."""
    slope, shift, top = values
    return np.asarray(top / (1.0 + np.exp(-slope * logits - shift)))


def straight(ratings: Column, values: Sequence[float] = NONE) -> Column:
    """The logits whose score on that curve is the rating; of one that it does not reach, those of its end."""
    slope, shift, top = values
    inside = np.clip(ratings / top, _EDGE, 1.0 - _EDGE)
    return np.asarray((np.log(inside / (1.0 - inside)) - shift) / slope)


def best(logits: Column, ratings: Column) -> tuple[float, float, float]:
    """(slope, shift, top) of the curve with the least squared error; both (photos,), ratings in [0, 1].

    Raises:
        IQAError: none is found: the score does not rise with the ratings.

    Reference: Video Quality Experts Group, "Final report on the validation of objective models of video quality
    assessment", 2000: a logistic between a model's answers and ratings.
    """

    def error(values: Column) -> float:
        return float(np.mean((bent(logits, values.tolist()) - ratings) ** 2))

    bounds = [_SLOPES, (None, None), (_LEAST, _TOP)]
    found = minimize(error, [1.0, 0.0, 0.95], method="L-BFGS-B", bounds=bounds)
    slope, shift, top = (float(value) for value in found.x)
    if not found.success or slope in _SLOPES:
        raise IQAError("No curve was found from the scores of the validation photos to their ratings: train longer.")
    return slope, shift, top
