"""What every damage shares: the type of a picture, and the length that relative sizes refer to."""

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""


def frame_size(image: Picture) -> float:
    """Root of the pixel count: the length, in pixels, that relative sizes refer to."""
    return float(np.sqrt(image.shape[0] * image.shape[1]))
