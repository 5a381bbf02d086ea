"""Which frame of a burst to keep: all frames ranked, best first, with the reason; no file is ever touched."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import quality
from .errors import ArgumentError
from .estimator import Estimator
from .frames import Seen, seen, witnesses
from .measures import ANALYSIS_PIXELS

ESTIMATORS, DEFAULT = quality.ESTIMATORS, quality.DEFAULT
MIN_FRAMES, MAX_FRAMES = 2, 50
FRAME_SIDE = quality.READ_SIDE
"""Longer side, px, to which frames are read: as for their score alone, and few enough pixels that 50 fit in memory."""
DECIDES = 0.1
"""Difference of a network's scores from which it decides alone; between closer frames what is measured counts too."""
WEIGHTS = {"sharpness": 0.11, "in_focus": 0.09, "good_exposure": 0.09, "low_noise": 0.04, "low_compression": 0.15}
"""What the logarithm of a factor counts beside the score. Chosen, as DECIDES, on bursts of photos that none of the
networks was trained on (DESIGN.md). Compression is seen at native resolution alone: it counts in bursts whose frames
were all compared as they were read."""
MOST_LOST = {"low_compression": 0.1}
"""What a factor can cost at most: lost highlights, which cannot be had back, must be able to cost more than blocks. On
the bursts that the weights were chosen on, any bound from .05 on gives the same."""
TOO_CLOSE = 0.02
"""Difference of score, or of score and measures together, below which frames are called equal: what saving a frame once
more, or a shift by a few pixels, can move."""
NAMED = {"sharpness": 0.04, "in_focus": 0.7, "good_exposure": 0.15, "low_noise": 0.08, "low_compression": 0.1}
"""What the logarithm of a factor must differ by to be named as a reason beside a network's score: of sharpness and of
noise it moves a classical score by TOO_CLOSE; of exposure it is about half a stop, more than the ripples of a coarse
saving, which reach white, can move; half the probability of a focus; a tenth of the compression."""
NAMED_CLASSICAL = {**NAMED, "good_exposure": 0.08}
"""The same for the classical score, whose factor of exposure is another one: each moves it by TOO_CLOSE."""
SMALLEST = 0.25
"""Share of the largest frame's pixels (at most ANALYSIS_PIXELS) below which a frame is too small to compare."""

TOO_SMALL = "too small to compare"
NOTES = {
    "sharpness": "less sharp",
    "good_exposure": "exposure is worse",
    "low_noise": "noisier",
    "low_compression": "more compressed",
}
UNFOCUSED = {
    "defocused_object_portrait": "subject out of focus",
    "defocused_blurred": "out of focus",
    "motion_blurred": "moved",
}
"""What is said of a focus that lags by what matters, by the likeliest fault: it is then below one half."""
SOFT_TOO = "it is less out of focus"
"""What is said instead of REASONS["in_focus"] of a best frame that is more likely soft or moved than not."""
REASONS = {
    "sharpness": "it is sharper",
    "in_focus": "its subject is in focus and still",
    "good_exposure": "it is better exposed",
    "low_noise": "it is less noisy",
    "low_compression": "it is less compressed",
}
PRICES = {
    "sharpness": "it is less sharp",
    "in_focus": "its subject is less in focus",
    "good_exposure": "its exposure is worse",
    "low_noise": "it is noisier",
    "low_compression": "it is more compressed",
}
"""What is said of a frame that is kept although it is weaker there than the next."""


@dataclass(frozen=True)
class Frame:
    """One frame in its place.

    Attributes:
        index: position in the upload, from 0.
        name: name as given.
        rank: 1 = best.
        score: quality in [0, 1], higher is better, of the frame at the scale that all frames of this burst share. A
            frame too small to compare stands behind the others and never scores above them.
        margin_to_next: score minus that of the next frame; above -2 * DECIDES, and negative only where the measures put
            two frames in order whose scores hardly differ; None for the last.
        factors: by name in WEIGHTS, in [0, 1], higher is better, as in `iqa.frames`; those that could be told.
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
        ranking: the frames, best first: by falling score; where scores differ by less than DECIDES, with the measures.
        too_close: True when the first two differ too little, in score and measures together: either may be kept. A
            frame that cannot be told from the first stands second.
        margin: score of the first frame minus that of the second; above -DECIDES.
        decided_by: the factors in which the best frame leads, strongest first; empty when too close.
        sentence: the verdict in words.
        model: who made the scores.
        beside: the networks that were asked for the factors as well; none where the frames are too small for them.
    """

    ranking: tuple[Frame, ...]
    too_close: bool
    margin: float
    decided_by: tuple[str, ...]
    sentence: str
    model: Estimator
    beside: tuple[Estimator, ...] = ()

    @property
    def best(self) -> Frame:
        """The first frame of the ranking."""
        return self.ranking[0]


def estimator(model: str = DEFAULT) -> Estimator:
    """Who scores the frames; that network and those asked beside it are loaded and proven for ``rank``.

    Raises:
        UnknownNameError: no such estimator. ModelError, ManifestError: as ``rank``.
    """
    scorer = quality.estimator(model)
    witnesses(model)
    return scorer


def rank(
    frames: Sequence[NDArray[np.uint8]],
    *,
    names: Sequence[str] | None = None,
    model: str = DEFAULT,
    progress: Callable[[int, int], None] | None = None,
) -> BurstAnswer:
    """The frames of one burst, best first.

    All frames are scored and measured at the size of the smallest, so that resolution alone decides nothing; a frame
    with less than SMALLEST of the pixels of the largest (a thumbnail that slipped in) is ranked last. Each place goes,
    among the frames whose score is within DECIDES of the highest that is left, to the one with the highest score and
    measures together, to which two more networks add what they see (`iqa.frames`); a frame that cannot be told from the
    first stands second; the classical score, made of measures, stands alone. Equals are ordered by a hash of the
    pixels: the answer does not depend on the order of the upload.

    Args:
        frames: 2 to 50 pictures, RGB uint8 (H, W, 3), of any sizes.
        names: a name per frame; "frame 1", "frame 2", ... when left out.
        model: name of the estimator of quality.
        progress: called with (frames done, frames in all).

    Raises:
        ArgumentError: fewer than 2 or more than 50 frames, or names that do not match them.
        UnknownNameError: no such estimator.
        ModelError, ManifestError: its model, or one asked beside it, is not here, altered or broken.
    """
    labels = _labels(frames, names)
    sizes = [min(ANALYSIS_PIXELS, frame.shape[0] * frame.shape[1]) for frame in frames]
    small = [size < SMALLEST * max(sizes) for size in sizes]
    judged = seen(frames, small, model, progress)
    factors = [one.factors for one in judged]
    least = min(one.answer.quality for one, too_small in zip(judged, small, strict=True) if not too_small)
    scores = [min(one.answer.quality, least) if small[i] else one.answer.quality for i, one in enumerate(judged)]
    falling = sorted(range(len(frames)), key=lambda i: (small[i], -scores[i], _fingerprint(frames[i]), labels[i], i))
    order = falling
    if model in quality.NETWORKS:
        sums = [_sum(score, measures) for score, measures in zip(scores, factors, strict=True)]
        order = _rival_second(_order([i for i in falling if not small[i]], scores, sums), scores, sums)
        order += [i for i in falling if small[i]]
    best, named = factors[order[0]], NAMED if model in quality.NETWORKS else NAMED_CLASSICAL
    ranking = tuple(
        Frame(
            index=i,
            name=labels[i],
            rank=place + 1,
            score=scores[i],
            margin_to_next=scores[i] - scores[order[place + 1]] if place + 1 < len(order) else None,
            factors=factors[i],
            note=TOO_SMALL if small[i] else _note(best, judged[i], named),
        )
        for place, i in enumerate(order)
    )
    found = _verdict(ranking, small[order[1]], judged[0].answer.model)
    return replace(found, beside=witnesses(model) if "in_focus" in best else ())


def _note(best: Mapping[str, float], frame: Seen, named: Mapping[str, float]) -> str:
    """What is weaker than in the best frame, in words; empty where nothing is."""
    weaker = _leads(best, frame.factors, named)
    if "in_focus" in weaker:
        weaker = [name for name in weaker if name != "sharpness"]  # that is said
    return ", ".join(UNFOCUSED[frame.blurred] if name == "in_focus" else NOTES[name] for name in weaker)


def _sum(score: float, factors: Mapping[str, float]) -> float:
    """Score and measures together; a difference counts as one of score."""
    counted = {name: WEIGHTS[name] * _log(factor) for name, factor in factors.items()}
    return score + sum(max(value, -MOST_LOST.get(name, math.inf)) for name, value in counted.items())


def _log(factor: float) -> float:
    return math.log(max(factor, quality.FLOOR))


def _order(falling: Sequence[int], scores: Sequence[float], sums: Sequence[float]) -> list[int]:
    """The frames, best first; ``falling`` has them by falling score."""
    order: list[int] = []
    left = list(falling)
    while left:
        near = [i for i in left if i == left[0] or scores[left[0]] - scores[i] < DECIDES]
        order.append(max(near, key=lambda i: sums[i]))  # of equals the first
        left.remove(order[-1])
    return order


def _rival_second(order: Sequence[int], scores: Sequence[float], sums: Sequence[float]) -> list[int]:
    """The order, in second place the first frame of those that cannot be told from the best, if there is any."""
    best, *others = order
    equal = [i for i in others if scores[best] - scores[i] < DECIDES and abs(sums[best] - sums[i]) < TOO_CLOSE]
    return [best, *equal[:1], *(i for i in others if i not in equal[:1])]


def _verdict(ranking: tuple[Frame, ...], alone: bool, model: Estimator) -> BurstAnswer:
    """The answer; ``alone``: no other frame could be compared with the first."""
    first, second = ranking[:2]
    margin = first.score - second.score
    if alone:
        sentence = f"Keep {first.name}: the others are too small to compare ({second.name} among them)."
        return BurstAnswer(ranking, False, margin, (), sentence, model)
    clear = margin >= (TOO_CLOSE if model == quality.CLASSICAL else DECIDES)
    ahead = (
        margin if model == quality.CLASSICAL else _sum(first.score, first.factors) - _sum(second.score, second.factors)
    )
    if not clear and ahead < TOO_CLOSE:
        alike = "less than can be told apart" + ("" if model == quality.CLASSICAL else ", and measure alike")
        if abs(margin) >= TOO_CLOSE:
            alike = "and what is measured makes up for it"
        sentence = (
            f"Too close to call: {first.name} and {second.name} differ by {abs(margin):.3f} of quality, {alike}. "
            "Keep the one whose moment you prefer."
        )
        return BurstAnswer(ranking, True, margin, (), sentence, model)
    named = NAMED_CLASSICAL if model == quality.CLASSICAL else NAMED
    counted = quality.WEIGHTS if model == quality.CLASSICAL else WEIGHTS  # it counts nothing else
    leads = tuple(name for name in _leads(first.factors, second.factors, named) if name in counted)
    lags = [name for name in _leads(second.factors, first.factors, named) if name in counted]
    reasons = dict(REASONS) if first.factors.get("in_focus", 1.0) >= 0.5 else {**REASONS, "in_focus": SOFT_TOO}
    reason, price = _listed([reasons[name] for name in leads]), _listed([PRICES[name] for name in lags])
    though = f", though {price}" if price else ""
    if clear or ahead <= margin:
        because = f", because {reason}" if reason else "" if price else "; no single measure says why"
        sentence = f"Keep {first.name}: {margin:.2f} better in quality than {second.name}{because}{though}."
    else:
        level = "about" if abs(margin) < TOO_CLOSE else f"{abs(margin):.2f} {'above' if margin > 0 else 'below'}"
        more = f"but {reason}" if reason else "but in sum it measures better"
        more = more.replace("but", "and", 1) if margin >= TOO_CLOSE else more
        sentence = f"Keep {first.name}: its quality is {level} that of {second.name}, {more}{though}."
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


def _listed(sentences: Sequence[str]) -> str:
    *others, last = sentences or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _leads(first: Mapping[str, float], second: Mapping[str, float], named: Mapping[str, float]) -> list[str]:
    """Factors told of both in which the first is ahead by what matters, strongest first."""
    gains = {name: (_log(first[name]) - _log(second[name])) / named[name] for name in first if name in second}
    return sorted((name for name in gains if gains[name] > 1.0), key=lambda name: -gains[name])
