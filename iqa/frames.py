"""What is said of each frame of a burst, at the size that all of them share: its score, its factors, its blur.

Comes in: the frames. Goes out: what `iqa.burst` ranks them by.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import blur, degradations, quality
from .estimator import Estimator
from .factors import tones_factor
from .measures import ANALYSIS_PIXELS
from .ramps import measured_compression
from .resize import reduced

LEFT = 0.1
"""Of a factor that the severest noise or compression leaves: a network can be wrong."""
LEAST_SIDE = max(blur.LEARNED_LEAST, degradations.LEARNED_LEAST)
"""Shorter side, px, of the frames below which the networks of blur and degradations are not asked: of none, then."""


@dataclass(frozen=True)
class Seen:
    """One frame, as it was judged.

    Attributes:
        answer: its score.
        factors: each in [0, 1], higher is better. Beside a network's score `good_exposure` is iqa.factors.tones_factor,
            which holds frames of one scene against each other. `in_focus`, the probability that its subject is in focus
            and still, where a network tells it; `low_compression` where no frame of the burst was reduced.
        blurred: what is wrong with the focus if it is wrong, one of blur.SELECTABLE; "" where that is not told.
    """

    answer: quality.QualityAnswer
    factors: dict[str, float]
    blurred: str = ""


def witnesses(model: str) -> tuple[Estimator, ...]:
    """The networks that are asked beside that of quality, loaded and proven; none beside the classical score.

    Raises:
        ModelError, ManifestError: one is not here, altered or broken; nothing takes its place.
    """
    return (blur.estimator(), degradations.estimator()) if model in quality.NETWORKS else ()


def seen(
    frames: Sequence[NDArray[np.uint8]],
    small: Sequence[bool],
    model: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[Seen]:
    """All frames at the size of the smallest that is large enough; of a `small` one what is measured alone.

    Args:
        frames: RGB uint8 (H, W, 3).
        small: which frames are too small to compare; not all of them.
        model: name of the estimator of quality; with a network, those of blur and degradations are asked as well.
        progress: called with (frames done, frames in all).

    Raises:
        As `burst.rank`.
    """
    fair = [frame for frame, too_small in zip(frames, small, strict=True) if not too_small]
    side = min(max(frame.shape[:2]) for frame in fair)
    pixels = min(ANALYSIS_PIXELS, *(frame.shape[0] * frame.shape[1] for frame in fair))
    # None was reduced while it was read, or is now.
    native = side < quality.READ_SIDE and all(max(frame.shape[:2]) == side for frame in fair)
    narrowest = min(min(frame.shape[:2]) * side / max(frame.shape[:2]) for frame in fair)
    looked_at = model in quality.NETWORKS and narrowest >= LEAST_SIDE

    def judge(frame: NDArray[np.uint8], too_small: bool) -> Seen:
        shown = reduced(frame, side)
        answer = quality.score(shown, model=model, pixels=pixels)
        measured = dict(answer.factors)
        if model in quality.NETWORKS:
            measured["good_exposure"] = tones_factor(shown)
        if not looked_at or too_small:
            return Seen(answer, measured | ({"low_compression": _left(measured_compression(shown))} if native else {}))
        return _looked_at(shown, answer, measured, native)

    found: list[Seen] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for one in pool.map(judge, frames, small):
            found.append(one)
            if progress is not None:
                progress(len(found), len(frames))
    return found


def _looked_at(
    shown: NDArray[np.uint8], answer: quality.QualityAnswer, measured: Mapping[str, float], native: bool
) -> Seen:
    """What was measured, less the noise that a network finds, and what two networks see of compression and focus."""
    copy = degradations.analysis_copy(shown)
    severities = degradations.predict([copy])[0]
    factors = {**measured, "low_noise": measured["low_noise"] * _left(severities["noise"])}
    if native:
        # A copy has lost the blocks. Where a network sees them, a measure of them would only take a soft frame's side.
        blocks = severities["compression"] if copy is shown else None
        factors["low_compression"] = _left(measured_compression(shown, blocks))
    chances = blur.predict(shown)
    likeliest = max(blur.SELECTABLE, key=chances.__getitem__)
    return Seen(answer, {"in_focus": chances["sharp"], **factors}, likeliest)


def _left(severity: float) -> float:
    return max(1.0 - severity, LEFT)
