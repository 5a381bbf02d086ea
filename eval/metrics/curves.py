"""Behavior along a scale: falling scores as damage grows, and falling risk as the unsure cases are left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import clean_pair


@dataclass(frozen=True)
class Ladder:
    """How scores behave as a damage grows step by step.

    Attributes:
        not_rising: share of steps on which the score does not rise, in [0, 1], higher is better.
        rises: steps on which it rises by more than the margin.
        monotone: share of ladders without such a rise, in [0, 1], higher is better.
        drop: mean of the first score minus the last, in the unit of the score, higher is better.
        steps: steps in all.
        ladders: ladders in all.
    """

    not_rising: float
    rises: int
    monotone: float
    drop: float
    steps: int
    ladders: int


@dataclass(frozen=True)
class RiskCoverage:
    """Mean loss of the most confident share of the cases, for every share.

    Attributes:
        coverage: (n,) shares 1/n ... 1.
        risk: (n,) mean loss at that coverage, in the unit of the losses.
        aurc: mean of the risks over all coverages, lower is better.
        best: the same for a confidence that orders the losses perfectly; aurc is never below.
        excess: aurc - best, at least 0, lower is better.
    """

    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]
    aurc: float
    best: float
    excess: float


def ladder(scores: ArrayLike, *, margin: float = 0.0) -> Ladder:
    """Whether scores fall, or at least stay, along each row.

    Args:
        scores: (ladders, levels), one photo a row, damage growing to the right, higher = better quality. For a severity
            give its negative.
        margin: a rise of this size or less is no rise in `rises` and `monotone`; `not_rising` has no margin.

    Raises:
        ArgumentError: not a table of at least one row and two columns, or a cell that is NaN or infinite.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise ArgumentError(f"The ladders have shape {table.shape}; accepted: (ladders, levels) with 2 levels or more.")
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        raise ArgumentError(f"Ladder {bad[0][0]} holds {table[tuple(bad[0])]} at level {bad[0][1]}; leave it out.")
    if margin < 0:
        raise ArgumentError(f"The margin is {margin:g}; accepted: 0 or more.")
    step = np.diff(table, axis=1)
    rises = step > margin
    return Ladder(
        not_rising=float(np.mean(step <= 0)),
        rises=int(rises.sum()),
        monotone=float(np.mean(~rises.any(axis=1))),
        drop=float(np.mean(table[:, 0] - table[:, -1])),
        steps=step.size,
        ladders=len(table),
    )


def risk_coverage(confidence: ArrayLike, loss: ArrayLike) -> RiskCoverage:
    """The risk-coverage curve and the area under it.

    Equal confidences come in no order: each carries the mean loss of its ties, the expectation over all orders.

    Args:
        confidence: per case, higher = surer.
        loss: per case, such as 1 for wrong and 0 for right.

    Raises:
        ArgumentError: see `clean_pair`.

    Reference: Y. Geifman, R. El-Yaniv, "Selective classification for deep neural networks", 2017, arXiv:1705.08500;
    excess: Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation", 2019, arXiv:1805.08206.
    """
    sure, lost = clean_pair(confidence, loss, names=("confidences", "losses"))
    _, tie, sizes = np.unique(-sure, return_inverse=True, return_counts=True)
    expected = np.repeat(np.bincount(tie, weights=lost) / sizes, sizes)
    drawn = np.arange(1, len(lost) + 1)
    risk = np.cumsum(expected) / drawn
    best = float(np.mean(np.cumsum(np.sort(lost)) / drawn))
    aurc = float(risk.mean())
    return RiskCoverage(drawn / len(lost), risk, aurc, best, max(0.0, aurc - best))
