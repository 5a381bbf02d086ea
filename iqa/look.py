"""What a photo looks like from afar: whether two photos show one scene, however they were exposed or focused."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .resize import reduced

READ_SIDE = 192
"""Longer side, px, to which a photo may be read for its look."""
SIDE = 48
"""Longer side, px, of the pattern: at that size a blurred frame differs little from a sharp one."""
SURROUND_PX = 4.0
"""Gaussian sigma, px, of what counts as the surround of a pixel of the pattern."""
OFFSET = 8.0
"""Grey levels added before the logarithm, under which exposure is a shift: noise in the dark must not dominate."""
WEAK = 0.02
"""Variance, log2 units squared, below which contrast is no longer raised to that of the rest."""
FLAT = 0.02
"""Standard deviation of the pattern below which there is nothing to recognize."""
OVERLAP = 0.6
"""Share of each side that two frames must have in common: a pan may take the rest out of view."""
BINS, HUES = 24, (0.1, 0.65)
"""Bins per axis of the color histogram, and the range of r and g (shares of r + g + b) that they cover."""
DARK, BRIGHT = 12, 250
"""Grey levels outside of which a pixel has lost its color."""
SHAPE_WEIGHT, COLOR_WEIGHT = 5 / 7, 2 / 7
"""Chosen by trial on real series, beside sizes 32 to 64, surrounds of 4 and 6 px and a share of color of 0 to 3 / 8."""


@dataclass(frozen=True)
class Look:
    """What is remembered of a photo, about 12 kB.

    Attributes:
        pattern: float32 (h, w), longer side SIDE: log luminance against its surround, in local standard deviations.
        color: float32 (BINS, BINS), square root of the shares of the colors; all 0 when every pixel has lost its color.
    """

    pattern: NDArray[np.float32]
    color: NDArray[np.float32]


def look(image: NDArray[np.uint8]) -> Look:
    """The look of a photo: hardly changed by exposure, moderate blur, noise or size.

    Args:
        image: RGB uint8 (H, W, 3), upright; READ_SIDE px are enough.
    """
    small = reduced(image, SIDE).astype(np.float32)
    tones = np.log2(small.mean(axis=2) + OFFSET)
    detail = tones - cv2.GaussianBlur(tones, (0, 0), SURROUND_PX)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), SURROUND_PX) + WEAK)
    return Look((detail / spread).astype(np.float32), _colors(small))


def _colors(small: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = small.max(axis=2)
    known = small[(peak > DARK) & (peak < BRIGHT)]
    shares = (known[:, :2] + OFFSET / 2) / (known.sum(axis=1, keepdims=True) + 1.5 * OFFSET)
    counts, *_ = np.histogram2d(shares[:, 0], shares[:, 1], bins=BINS, range=[HUES, HUES])
    smooth = np.asarray(cv2.GaussianBlur(counts.astype(np.float32), (0, 0), 1.0), dtype=np.float32)
    return np.asarray(np.sqrt(smooth / max(float(smooth.sum()), 1.0)), dtype=np.float32)


def similarity(first: Look, second: Look) -> float:
    """How alike two photos look, in about [-0.5, 1]; 1 = the same, unrelated photos below 0.6; symmetric.

    5 / 7 of it is the best correlation of a part of one pattern (OVERLAP of each side: the middle, or one of the four
    edges) with any place in the other, so that a pan or a subject that moves costs little; 2 / 7 is the Bhattacharyya
    coefficient of the colors. A photo without pattern (a clear sky, a lens cap) is like no other: nothing of it can be
    recognized.
    """
    if min(float(first.pattern.std()), float(second.pattern.std())) < FLAT:
        return 0.0
    shape = max(_found(first.pattern, second.pattern), _found(second.pattern, first.pattern))
    return SHAPE_WEIGHT * shape + COLOR_WEIGHT * float(np.sum(first.color * second.color))


def _found(part_of: NDArray[np.float32], whole: NDArray[np.float32]) -> float:
    """Highest normalized correlation of a part of one pattern with a place in the other, [-1, 1]."""
    height, width = (max(1, round(OVERLAP * side)) for side in part_of.shape)
    if height > whole.shape[0] or width > whole.shape[1]:
        return -1.0
    most_y, most_x = part_of.shape[0] - height, part_of.shape[1] - width
    mid_y, mid_x = most_y // 2, most_x // 2
    best = -1.0
    for y, x in ((mid_y, mid_x), (0, mid_x), (most_y, mid_x), (mid_y, 0), (mid_y, most_x)):
        part = np.ascontiguousarray(part_of[y : y + height, x : x + width])
        if float(part.std()) >= FLAT:  # OpenCV calls a part without pattern a perfect match
            best = max(best, float(cv2.matchTemplate(whole, part, cv2.TM_CCOEFF_NORMED).max()))
    return best
