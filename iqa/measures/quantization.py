"""Quantization: the steps in which a JPEG encoder left the coefficients of 8 x 8 blocks, still seen in the pixels."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from .compression import BLOCK_PX
from .scale import luminance

# ITU-T T.81, table K.1, the low frequencies: steps of luma at IJG quality 50.
TABLE_50 = np.array([[16, 11, 10, 16], [12, 12, 14, 19], [14, 13, 16, 24], [14, 17, 22, 29]])
FREQUENCIES = tuple((row, column) for row in range(4) for column in range(4) if 0 < row + column < 5)
"""(row, column) of the coefficients that are looked at: the lowest, which are seldom all zero."""
QUALITIES = range(1, 100)
LARGEST_STEP = 255
ROUNDING = 0.45
"""Standard deviation, grey levels, that 8-bit pixels in three channels leave on a coefficient."""
STRAY = 0.05
"""Share of the coefficients that may lie anywhere: of clipped pixels, of a second saving."""
BIN = 0.1
LARGEST = 500.0
"""Grey levels; coefficients are counted in bins of BIN, absolute, up to LARGEST."""
MOST_BLOCKS, FEWEST_BLOCKS, FEWEST_LEVELS = 8192, 16, 72
MOST_EQUAL = 0.3
"""Share of the coefficients of a frequency that may fall into one bin."""
PROOF, FREE_PROOF = 60.0, 300.0
"""Least logarithm of how much likelier the steps of a standard table, or of each frequency by itself, must be than
none: of 12 x 254 free steps some fit by chance."""
STANDARD = 0.7
"""Share of what the best steps of each frequency by itself explain, from which a standard table is taken for right."""


def quantized_quality(image: NDArray[np.uint8]) -> int | None:
    """IJG quality, 1 to 99, higher is better, of the JPEG saving that the pixels went through; None: none is seen.

    The coefficients of a saved photo lie at multiples of the table's steps, within the rounding of its pixels. Seen as
    long as little has changed the pixels since: not after resizing, noise or another codec, not where colors were
    converted (CMYK, a profile other than sRGB), and not where the grid no longer starts at a corner. Of two savings on
    one grid the last is told, or one before it that was very much coarser. Steps of 1 cannot be told from none, so that
    None is said from about 97 on. Of a table that is not a standard one the quality is that of the standard table
    nearest in scale. A drawn picture can have steps of its own, a photo in few levels is not judged.

    Args:
        image: RGB uint8 (H, W, 3) at its own pixels, turned by quarter turns or mirrored at most.

    Reference: Fan & de Queiroz 2003, Identification of bitmap compression history: JPEG detection and quantizer
    estimation, doi:10.1109/TIP.2002.807361 (the likelihood of the steps); the standard tables as hypotheses are ours.
    """
    gain, quality = max(map(_explained, _counts(image)), default=(0.0, 0))
    return quality if gain > 0.0 else None


def _counts(image: NDArray[np.uint8]) -> Iterator[NDArray[np.float64]]:
    """Histograms of coefficients (frequency, bin) for each grid that starts at a corner.

    Of a frequency most of whose coefficients are one and the same, as in a drawn pattern, nothing is counted: those of
    a saved photo are spread around each step by the rounding of its pixels.
    """
    height, width = image.shape[:2]
    bins, least = round(LARGEST / BIN), round(1.0 / BIN)
    for top in {0, height % BLOCK_PX}:
        for left in {0, width % BLOCK_PX}:
            blocks = _blocks(image[top:, left:])
            if len(blocks) < FEWEST_BLOCKS:
                continue
            places = np.minimum(np.abs(dctn(blocks, axes=(1, 2), norm="ortho")) / BIN, bins - 1).astype(np.intp)
            counted = np.array([np.bincount(places[:, row, column], minlength=bins) for row, column in FREQUENCIES])
            counted[:, :least] = 0  # near 0, whatever the step
            drawn = counted.max(axis=1) > MOST_EQUAL * np.maximum(counted.sum(axis=1), 1)
            yield np.where(drawn[:, None], 0, counted).astype(np.float64)


def _blocks(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma of blocks (n, 8, 8), at most MOST_BLOCKS, evenly over the picture, no two equal; of a drawn picture none.

    A channel that is clipped moves the coefficients off their steps; levels that are few stand in steps themselves.
    """
    rows, columns = (side // BLOCK_PX for side in image.shape[:2])
    whole = image[: rows * BLOCK_PX, : columns * BLOCK_PX]
    tiled = whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX, 3).swapaxes(1, 2).reshape(-1, BLOCK_PX, BLOCK_PX, 3)
    free = np.flatnonzero((tiled.min(axis=(1, 2, 3)) > 0) & (tiled.max(axis=(1, 2, 3)) < 255))
    if len(free) < FEWEST_BLOCKS:
        return np.zeros((0, BLOCK_PX, BLOCK_PX), np.float32)
    if len(free) > MOST_BLOCKS:
        free = free[np.linspace(0, len(free) - 1, MOST_BLOCKS).astype(np.intp)]
    chosen = luminance(tiled[free].reshape(-1, BLOCK_PX, 3)).reshape(-1, BLOCK_PX, BLOCK_PX)
    chosen = np.unique(chosen.round(2), axis=0)
    levels = np.count_nonzero(np.bincount(chosen.astype(np.uint8).ravel()))
    return np.asarray(chosen if levels >= FEWEST_LEVELS else chosen[:0])


def _explained(counts: NDArray[np.float64]) -> tuple[float, int]:
    """(how much likelier the best steps are than none, in nats, 0 without proof; the quality that they stand for)."""
    gains = counts @ _gains().T  # frequency, step
    standard = np.array([gains[np.arange(len(FREQUENCIES)), table].sum() for table in _tables()])
    most = float(gains.max(axis=1).sum())
    if standard.max() >= max(PROOF, STANDARD * most):
        # Neighbors that share the low steps, in whichever orientation: the middle one.
        equal = np.unique(np.flatnonzero(standard == standard.max()) % len(QUALITIES))
        return float(standard.max()), QUALITIES[int(equal[len(equal) // 2])]
    free, base = gains.argmax(axis=1), np.array([TABLE_50[place] for place in FREQUENCIES])
    if most < FREE_PROOF:
        return 0.0, 0
    scale = float(np.median(100.0 * free[free > 1] / base[free > 1]))
    quality = (200.0 - scale) / 2 if scale <= 100 else 5000.0 / scale
    return most, round(np.clip(quality, QUALITIES[0], QUALITIES[-1]))


@cache
def _tables() -> NDArray[np.intp]:
    """(2 x qualities, frequency): the steps of each quality, for photos as they were saved and then turned by 90."""
    qualities = np.array(QUALITIES)[:, None]
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    bases = [[TABLE_50[place] for place in places] for places in (FREQUENCIES, [(x, y) for y, x in FREQUENCIES])]
    return np.concatenate([np.clip((np.array(base) * scale + 50) // 100, 1, LARGEST_STEP) for base in bases])


@cache
def _gains() -> NDArray[np.float64]:
    """(step, bin): logarithm of how much likelier a coefficient is if it was rounded to multiples of that step.

    Without steps its density is taken as even over a step; a coefficient nearest to 0 says nothing, as those of photos
    lie there anyway. Steps of 0 and 1 gain nothing.
    """
    at = (np.arange(round(LARGEST / BIN)) + 0.5) * BIN
    gains = np.zeros((LARGEST_STEP + 1, len(at)))
    for step in range(2, LARGEST_STEP + 1):
        multiple = np.rint(at / step)
        off = (at - step * multiple) / ROUNDING
        ratio = step / (ROUNDING * np.sqrt(2 * np.pi)) * np.exp(-0.5 * off * off)
        gains[step] = np.where(multiple > 0, np.log((1.0 - STRAY) * ratio + STRAY), 0.0)
    gains[:, -1] = 0.0  # all that lies beyond
    return gains
