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

SMALLEST = 0.25
"""Share of the largest frame's pixels (at most ANALYSIS_PIXELS) below which a frame is too small to compare."""

TOO_SMALL = "too small to compare"
NOTES = {"sharpness": "less sharp", "good_exposure": "exposure is worse", "low_noise": "noisier"}
REASONS = {"sharpness": "it is sharper", "good_exposure": "it is better exposed", "low_noise": "it is less noisy"}


@dataclass(frozen=True)
class Frame:
    """One frame in its place.

    Attributes:
        index: position in the upload, from 0.
        name: name as given.
        rank: 1 = best.
        score: quality in [0, 1], higher is better, measured on the scale that all frames of this burst share. A frame
            too small to compare stands behind the others and never scores above them.
        margin_to_next: score minus that of the next frame, >= 0; None for the last.
        factors: sharpness, good_exposure, low_noise in [0, 1], higher is better.
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

    All frames are measured at the size of the smallest, so that resolution alone decides nothing; a frame with less
    than SMALLEST of the pixels of the largest (a thumbnail that slipped in) is ranked last. Equal scores are ordered by
    a hash of the pixels: the answer does not depend on the order of the upload.

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
    sizes = [min(ANALYSIS_PIXELS, frame.shape[0] * frame.shape[1]) for frame in frames]
    small = [size < SMALLEST * max(sizes) for size in sizes]
    pixels = min(size for size, too_small in zip(sizes, small, strict=True) if not too_small)
    answers: list[quality.QualityAnswer] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for answer in pool.map(lambda frame: quality.score(frame, model=model, pixels=pixels), frames):
            answers.append(answer)
            if progress is not None:
                progress(len(answers), len(frames))
    least = min(answer.quality for answer, too_small in zip(answers, small, strict=True) if not too_small)
    scores = [min(answer.quality, least) if small[i] else answer.quality for i, answer in enumerate(answers)]
    order = sorted(range(len(frames)), key=lambda i: (small[i], -scores[i], _fingerprint(frames[i]), labels[i], i))
    factors = [answers[i].factors for i in order]
    ranking = tuple(
        Frame(
            index=i,
            name=labels[i],
            rank=place + 1,
            score=scores[i],
            margin_to_next=scores[i] - scores[order[place + 1]] if place + 1 < len(order) else None,
            factors=factors[place],
            note=TOO_SMALL if small[i] else ", ".join(NOTES[name] for name in _leads(factors[0], factors[place])),
        )
        for place, i in enumerate(order)
    )
    return _verdict(ranking, small[order[1]], answers[0].model)


def _verdict(ranking: tuple[Frame, ...], alone: bool, model: Estimator) -> BurstAnswer:
    """The answer; ``alone``: no other frame could be compared with the first."""
    first, second = ranking[:2]
    margin = first.score - second.score
    if alone:
        sentence = f"Keep {first.name}: the others are too small to compare ({second.name} among them)."
        return BurstAnswer(ranking, False, margin, (), sentence, model)
    if margin < TOO_CLOSE:
        sentence = (
            f"Too close to call: {first.name} and {second.name} differ by {margin:.3f} of quality, "
            f"less than the {TOO_CLOSE} that can be told apart. Keep the one whose moment you prefer."
        )
        return BurstAnswer(ranking, True, margin, (), sentence, model)
    leads = tuple(_leads(first.factors, second.factors))
    reason = " and ".join(REASONS[name] for name in leads) or "many small differences add up"
    sentence = f"Keep {first.name}: {margin:.2f} better in quality than {second.name}, because {reason}."
    return BurstAnswer(ranking, False, margin, leads, sentence, model)


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


def _leads(first: dict[str, float], second: dict[str, float]) -> list[str]:
    """Factors in which the first is ahead by what matters in the score, strongest first."""

    def gain(name: str) -> float:
        return quality.WEIGHTS[name] * float(np.log(max(first[name], quality.FLOOR) / max(second[name], quality.FLOOR)))

    return sorted((name for name in quality.WEIGHTS if gain(name) > TOO_CLOSE), key=gain, reverse=True)
