"""A smaller copy of a picture by area averaging: the only one, so that every reduced copy has the same size."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray


def reduced(pixels: NDArray[np.uint8], max_side: int) -> NDArray[np.uint8]:
    """The picture, its longer side at most `max_side` pixels; the same array, not a copy, when it is small enough.

    Area averaging keeps the mean level and shows no moire. Never enlarges; a side is at least 1 pixel.

    Args:
        pixels: uint8 (H, W) or (H, W, C).
        max_side: pixels, 1 or more.
    """
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer <= max_side:
        return pixels
    size = (max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer)))
    return cast(NDArray[np.uint8], cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
