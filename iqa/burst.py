"""Which frame of a burst to keep: all frames ranked, best first, with the reason; no file is ever touched."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import quality
from .errors import ArgumentError
from .estimator import Estimator
from .measures import ANALYSIS_PIXELS

MIN_FRAMES, MAX_FRAMES = 2, 50
FRAME_SIDE = 2048
"""Longer side, px, to which frames may be read: more than is measured, and few enough that 50 fit in memory."""
TOO_CLOSE = 0.02
"""Difference of score below which the first two frames are called equal: what saving a frame once more can move."""

NOTES = {"sharpness": "less sharp", "exposure": "exposure is worse", "noise": "noisier"}


@dataclass(frozen=True)
class Frame:
    """One frame in its place.

    Attributes:
        index: position in the upload, from 0.
        name: name as given.
        rank: 1 = best.
        score: quality in [0, 1], higher is better, measured on the scale that all frames of this burst share.
        margin_to_next: score minus that of the next frame, >= 0; None for the last.
        factors: sharpness, exposure, noise in [0, 1], higher is better.
        note: what is weaker than in the best frame; empty for the best.
    """

    index: int
    name: str
    rank: int
    score: float
    margin_to_next: float | None
    factors: dict[str, float]
    note: str


@dataclass(frozen=True)
class BurstAnswer:
    """All frames of a burst, best first.

    Attributes:
        ranking: the frames by falling score; the first is the best.
        too_close: True when the first two differ by less than TOO_CLOSE: either may be kept.
        margin: difference of score between the first two frames.
        decided_by: the factors in which the best frame leads, strongest first; empty when too close.
        sentence: the verdict in words.
        model: who made the scores.
    """

    ranking: tuple[Frame, ...]
    too_close: bool
    margin: float
    decided_by: tuple[str, ...]
    sentence: str
    model: Estimator

    @property
    def best(self) -> Frame:
        """The first frame of the ranking."""
        return self.ranking[0]


def rank(
    frames: Sequence[NDArray[np.uint8]],
    *,
    names: Sequence[str] | None = None,
    model: str = "classical",
    progress: Callable[[int, int], None] | None = None,
) -> BurstAnswer:
    """The frames of one burst, best first.

    All frames are measured at the size of the smallest, so that resolution alone decides nothing. Equal scores are
    ordered by a hash of the pixels: the answer does not depend on the order of the upload.

    Args:
        frames: 2 to 50 pictures, RGB uint8 (H, W, 3), of any sizes.
        names: a name per frame; "frame 1", "frame 2", ... when left out.
        model: name of the estimator of quality.
        progress: called with (frames done, frames in all).

    Raises:
        ArgumentError: fewer than 2 or more than 50 frames, or names that do not match them.
        UnknownNameError: no such estimator.
    """
    labels = _labels(frames, names)
    pixels = min(ANALYSIS_PIXELS, *(frame.shape[0] * frame.shape[1] for frame in frames))
    answers: list[quality.QualityAnswer] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for answer in pool.map(lambda frame: quality.score(frame, model=model, pixels=pixels), frames):
            answers.append(answer)
            if progress is not None:
                progress(len(answers), len(frames))
    order = sorted(range(len(frames)), key=lambda i: (-answers[i].quality, _fingerprint(frames[i]), labels[i], i))
    ranking = tuple(_frame(place, order, answers, labels) for place in range(len(order)))
    margin = ranking[0].score - ranking[1].score
    too_close = margin < TOO_CLOSE
    decided_by = () if too_close else tuple(_leads(ranking[0].factors, ranking[1].factors))
    return BurstAnswer(
        ranking, too_close, margin, decided_by, _sentence(ranking, margin, too_close, decided_by), answers[0].model
    )


def _labels(frames: Sequence[NDArray[np.uint8]], names: Sequence[str] | None) -> list[str]:
    if not MIN_FRAMES <= len(frames) <= MAX_FRAMES:
        raise ArgumentError(
            f"A burst has {MIN_FRAMES} to {MAX_FRAMES} frames; {len(frames)} came. Give more than one, or split them."
        )
    if names is not None and len(names) != len(frames):
        raise ArgumentError(f"{len(frames)} frames came with {len(names)} names; give one name per frame.")
    return list(names) if names is not None else [f"frame {i + 1}" for i in range(len(frames))]


def _fingerprint(frame: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(frame).data).hexdigest()


def _frame(place: int, order: list[int], answers: list[quality.QualityAnswer], labels: list[str]) -> Frame:
    index = order[place]
    answer, best = answers[index], answers[order[0]]
    following = answers[order[place + 1]].quality if place + 1 < len(order) else None
    return Frame(
        index=index,
        name=labels[index],
        rank=place + 1,
        score=answer.quality,
        margin_to_next=None if following is None else answer.quality - following,
        factors=answer.factors,
        note=", ".join(NOTES[name] for name in _leads(best.factors, answer.factors)) if place else "",
    )


def _leads(first: dict[str, float], second: dict[str, float]) -> list[str]:
    """Factors in which the first is ahead by what matters in the score, strongest first."""

    def gain(name: str) -> float:
        return quality.WEIGHTS[name] * float(np.log(max(first[name], quality.FLOOR) / max(second[name], quality.FLOOR)))

    return sorted((name for name in quality.WEIGHTS if gain(name) > TOO_CLOSE), key=gain, reverse=True)


def _sentence(ranking: tuple[Frame, ...], margin: float, too_close: bool, decided_by: tuple[str, ...]) -> str:
    first, second = ranking[:2]
    if too_close:
        return (
            f"Too close to call: {first.name} and {second.name} differ by {margin:.3f} of quality, "
            f"less than the {TOO_CLOSE} that can be told apart. Keep the one whose moment you prefer."
        )
    reason = " and ".join(decided_by) or "the sum of small differences"
    return f"Keep {first.name}: {margin:.2f} better in quality than {second.name}, decided by {reason}."
