"""A procedural picture whose answer travels with every model, so that a broken set-up shows before it misjudges."""

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError

BLOCKS = 4  # an image answer is pinned by the means of 4 x 4 blocks of its three channels
_STEPS = ((0x9E3779B97F4A7C15, 30), (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31))


def _hash(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for factor, shift in _STEPS:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)  # wraps modulo 2**64, as it should
    return values >> np.uint64(40)


def probe_image(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """RGB uint8 (height, width, 3): gradients, edges, texture and color patches, one in each quarter.

    Integer arithmetic alone, so every platform and library version draws the same picture for the same arguments.

    Raises:
        ArgumentError: a side outside 16 to 4096, or a seed outside 0 to 2**32 - 1.

    Reference: the texture is a hash of the pixel's number after Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195.
    """
    if not (16 <= height <= 4096 and 16 <= width <= 4096 and 0 <= seed < 2**32):
        raise ArgumentError(
            f"No probe of {height} x {width}, seed {seed}; accepted: sides 16 to 4096, seed 0 to 2**32 - 1."
        )
    y, x, channel = np.indices((height, width, 3), dtype=np.uint64, sparse=True)
    start = np.uint64(seed << 32)
    gradient = (x * np.uint64(255 * 2) // np.uint64(width) + y * (channel + np.uint64(1))) % np.uint64(256)
    edges = (((x // np.uint64(5)) ^ (y // np.uint64(7)) ^ ((x + y) // np.uint64(11))) & np.uint64(1)) * np.uint64(200)
    texture = _hash(start + (y * np.uint64(width) + x) * np.uint64(3) + channel) % np.uint64(256)
    rows, columns = y * np.uint64(8) // np.uint64(height), x * np.uint64(8) // np.uint64(width)
    patches = _hash(start + np.uint64(2**31) + rows * np.uint64(24) + columns * np.uint64(3) + channel) % np.uint64(256)
    top, left = y < np.uint64(height // 2), x < np.uint64(width // 2)
    upper = np.where(left, gradient, edges + np.uint64(28))
    lower = np.where(left, texture, patches)
    picture: NDArray[np.uint8] = np.where(top, upper, lower).astype(np.uint8)
    return picture


def summary(answer: NDArray[np.float32]) -> list[float]:
    """The numbers that pin an answer in a probe: a score itself; an image's 4 x 4 block means, channel by channel."""
    if answer.ndim == 0:
        return [float(answer)]
    planes = answer.astype(np.float64).transpose(2, 0, 1)
    rows = (band for plane in planes for band in np.array_split(plane, BLOCKS))
    return [float(block.mean()) for band in rows for block in np.array_split(band, BLOCKS, axis=1)]
