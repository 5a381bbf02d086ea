"""Compression: the visible 8x8 grid of JPEG."""

import numpy as np
from numpy.typing import NDArray

from .scale import luminance

BLOCK_PX = 8
LARGEST_PX = 1536
"""The coder treats the whole frame alike: its center of this size says enough, and 12 MP cost no more than 2."""
UNSEEN_STEP = 0.5
"""Grey levels added to the mean step inside blocks: a grid fainter than that in a flat sky is not seen."""


def _center(length: int) -> slice:
    """The middle LARGEST_PX of a side, or one more, so that as much is cut on the left as on the right."""
    margin = max(0, (length - LARGEST_PX) // 2)
    return slice(margin, length - margin)


def _grid_excess(luma: NDArray[np.float32]) -> float:
    """By how much the steps between columns stand out at one phase of the 8 px period, relative to the others; >= 0."""
    if luma.shape[1] <= 3 * BLOCK_PX:
        return 0.0
    steps = np.abs(np.diff(luma, axis=1)).mean(axis=0, dtype=np.float64)
    phases = np.sort([steps[phase::BLOCK_PX].mean() for phase in range(BLOCK_PX)])
    # Against the second highest: of eight equal phases one is always the highest, but rarely by much.
    return float((phases[-1] - phases[-2]) / (phases[-2] + UNSEEN_STEP))


def blockiness(image: NDArray[np.uint8]) -> float:
    """Strength of the 8x8 block grid, >= 0; 0 = none, 0.1 = first seen, above 0.5 plain; lower is better.

    Geometric mean over the two directions of the excess of the luma steps across the block borders over those inside
    the blocks. The phase of the grid is searched, so flips and crops do not matter; any later resizing hides the grid.
    A texture of period 8 px in both directions (or a divisor's multiple, such as pixel art) reads as blocks.

    Args:
        image: RGB uint8 (H, W, 3) at native resolution; 0 when a side is 24 px or shorter.

    Reference: Wang, Sheikh & Bovik 2002, No-reference perceptual quality assessment of JPEG compressed images,
    doi:10.1109/ICIP.2002.1038064 (mean border step against inner step; the phase search is ours).
    """
    height, width = image.shape[:2]
    luma = luminance(image[_center(height), _center(width)])
    return float(np.sqrt(_grid_excess(luma) * _grid_excess(luma.T)))
