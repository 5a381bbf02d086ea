"""Quantization: the steps in which a JPEG encoder left the coefficients of 8 x 8 blocks, still seen in the pixels."""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

from .compression import BLOCK_PX
from .scale import luminance

# ITU-T T.81, table K.1, the low frequencies: steps of luma at IJG quality 50.
TABLE_50 = np.array([[16, 11, 10, 16], [12, 12, 14, 19], [14, 13, 16, 24], [14, 17, 22, 29]])
FREQUENCIES = tuple((row, column) for row in range(4) for column in range(4) if 0 < row + column < 5)
"""(row, column) of the coefficients that are looked at: the lowest, which are seldom all zero."""
QUALITIES = range(1, 98)
"""Above, all of these steps are 1."""
LARGEST_STEP = 255
ROUNDING = 0.45
"""Standard deviation, grey levels, that 8-bit pixels in three channels leave on a coefficient."""
STRAY = 0.05
"""Share of the coefficients that may lie anywhere: of clipped pixels, of a second saving."""
BIN = 0.1
LARGEST = 500.0
"""Grey levels; coefficients are counted in bins of BIN, absolute, up to LARGEST."""
MOST_BLOCKS, FEWEST_BLOCKS, FEWEST_LEVELS = 8192, 16, 72
PLACE_PX, STARTS = 1024, 2
"""Side of the middle, px, in which the edges of blocks are looked for; so many rows and columns are tried."""
MOST_EQUAL = 0.3
"""Share of the coefficients of a frequency that may fall into one bin."""
PROOF = 60.0
"""Least logarithm of how much likelier the steps of a standard table must be than none."""
EXPLAINED = 0.5
"""Least share that these steps explain of what they would if all coefficients lay at them."""
CLEAR, LEAST, COARSE, LEAST_COARSE = 5.0, 6, 4, 2
"""A frequency is clear from so much of that logarithm; so many must be, or so few with steps of COARSE and more."""
FREE_EXPLAINED, FREE_LEAST, FREE_COUNT = 0.8, 8, 50
"""Of a table that is not a standard one so many frequencies must have a step of their own that explains that much, each
by so many coefficients away from 0: of 12 x 254 free steps some fit by chance, as on a wrong grid."""
STANDARD = 0.7
"""Share of what the best steps of each frequency by itself explain, from which a standard table is taken for right."""
NOT_SEEN = (False, 0.0, 0)


def quantized_quality(image: NDArray[np.uint8]) -> int | None:
    """IJG quality, 1 to 97, higher is better, of the JPEG saving whose steps the pixels still show; None: none is seen.

    The coefficients of a saved photo lie at multiples of the table's steps, within the rounding of its pixels. Seen as
    long as little has changed the pixels since: not after resizing, noise or another codec, not where colors were
    converted (CMYK, a profile other than sRGB) or brightened, though by a little or evenly that may look like another
    quality. A crop moves the grid, which is looked for. Of two savings the last is told, or one before it that was very
    much coarser. Steps of 1 cannot be told from none, so that None is said from about 95 on. Of a table that is not a
    standard one the quality is that of the standard table nearest in scale; of a soft photo saved with such a table
    None. Not judged are blocks with a channel at 0 or 255, and what has fewer than FEWEST_LEVELS of luma then:
    drawings, photos in fog or in the dark.

    Args:
        image: RGB uint8 (H, W, 3) at its own pixels, turned by quarter turns or mirrored at most.

    Reference: Fan & de Queiroz 2003, Identification of bitmap compression history: JPEG detection and quantizer
    estimation, doi:10.1109/TIP.2002.807361 (the likelihood of the steps); the standard tables as hypotheses are ours.
    """
    found = max(map(_explained, _counts(image)), default=NOT_SEEN)
    return None if found == NOT_SEEN else found[-1]


def _counts(image: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
    """Histograms of coefficients (frequency, bin) for each of the `_grids`.

    Of a frequency most of whose coefficients are one and the same, as in a drawn pattern, nothing is counted: those of
    a saved photo are spread around each step by the rounding of its pixels, but where little more than one coefficient
    is left of a block, as of a soft photo.
    """
    bins, least = round(LARGEST / BIN), round(1.0 / BIN)
    for top, left in _grids(image):
        blocks = _blocks(image[top:, left:])
        if len(blocks) < FEWEST_BLOCKS:
            continue
        places = np.minimum(np.abs(dctn(blocks, axes=(1, 2), norm="ortho")) / BIN, bins - 1).astype(np.intp)
        counted = np.array([np.bincount(places[:, row, column], minlength=bins) for row, column in FREQUENCIES])
        counted[:, :least] = 0  # near 0, whatever the step
        drawn = counted.max(axis=1) > MOST_EQUAL * np.maximum(counted.sum(axis=1), 1)
        yield np.where(drawn[:, None], 0, counted).astype(np.float32)


def _grids(image: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """(top, left) of the first block: for a grid from a corner, and where a crop may have left it."""
    height, width = image.shape[:2]
    if min(height, width) < 2 * BLOCK_PX:
        return []
    corners = product((0, height % BLOCK_PX), (0, width % BLOCK_PX))
    top, left = ((side - min(side, PLACE_PX)) // 2 // BLOCK_PX * BLOCK_PX for side in (height, width))
    green = image[top : top + PLACE_PX, left : left + PLACE_PX, 1].astype(np.int16)
    return sorted({*corners, *product(_starts(green), _starts(green.T))})


def _starts(levels: NDArray[np.int16]) -> list[int]:
    """The likeliest STARTS of the BLOCK_PX rows at which blocks may start: there levels jump by more than around."""
    jumps = np.abs(np.diff(levels, axis=0)).mean(axis=1)
    more = jumps[1:-1] - (jumps[:-2] + jumps[2:]) / 2
    places = (np.arange(len(more)) + 2) % BLOCK_PX
    found = np.bincount(places, more, BLOCK_PX) / np.maximum(np.bincount(places, minlength=BLOCK_PX), 1)
    return [int(place) for place in np.argsort(-found, kind="stable")[:STARTS]]


def _blocks(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luma of blocks (n, 8, 8), at most MOST_BLOCKS, evenly over the picture, no two equal; of a drawn picture none.

    A channel that is clipped moves the coefficients off their steps; levels that are few stand in steps themselves.
    """
    rows, columns = (side // BLOCK_PX for side in image.shape[:2])
    whole = image[: rows * BLOCK_PX, : columns * BLOCK_PX]
    tiled = whole.reshape(rows, BLOCK_PX, columns, BLOCK_PX, 3).swapaxes(1, 2)
    places = np.linspace(0, rows * columns - 1, min(rows * columns, MOST_BLOCKS)).astype(np.intp)
    taken = tiled[places // max(columns, 1), places % max(columns, 1)]
    free = taken[(taken.min(axis=(1, 2, 3)) > 0) & (taken.max(axis=(1, 2, 3)) < 255)]
    if len(free) < FEWEST_BLOCKS:
        return np.zeros((0, BLOCK_PX, BLOCK_PX), np.float32)
    chosen = luminance(free.reshape(-1, BLOCK_PX, 3)).reshape(-1, BLOCK_PX, BLOCK_PX)
    sums = chosen.reshape(len(chosen), -1) @ np.sqrt(np.arange(2.0, 2.0 + BLOCK_PX**2))  # equal for equal blocks
    chosen = chosen[np.unique(sums.round(3), return_index=True)[1]]
    levels = np.count_nonzero(np.bincount(chosen.astype(np.uint8).ravel()))
    return np.asarray(chosen if levels >= FEWEST_LEVELS else chosen[:0])


def _explained(counts: NDArray[np.float32]) -> tuple[bool, float, int]:
    """(whether by a standard table, how much likelier its steps are than none, the quality), or NOT_SEEN."""
    gains = counts @ _gains().T  # frequency, step
    each = np.arange(len(FREQUENCIES))
    standard = np.array([gains[each, table].sum() for table in _tables()])
    right = int(standard.argmax())
    free = gains.argmax(axis=1)
    own = (gains[each, free] >= FREE_EXPLAINED * _most(counts, free)) & (_away(counts, free) > FREE_COUNT) & (free > 1)
    table = _tables()[right]
    told = standard[right] >= max(PROOF, EXPLAINED * _most(counts, table).sum())
    clear = gains[each, table] >= CLEAR
    told &= bool(clear.sum() >= LEAST or (clear & (table >= COARSE)).sum() >= LEAST_COARSE)
    if told and (own.sum() < FREE_LEAST or standard[right] >= STANDARD * gains.max(axis=1).sum()):
        # Neighbors that share the low steps, in whichever orientation: the middle one.
        equal = np.unique(np.flatnonzero(standard == standard[right]) % len(QUALITIES))
        return True, float(standard[right]), QUALITIES[int(equal[len(equal) // 2])]
    if own.sum() < FREE_LEAST:
        return NOT_SEEN
    base = np.array([TABLE_50[place] for place in FREQUENCIES])
    scale = float(np.median(100.0 * free[own] / base[own]))
    quality = (200.0 - scale) / 2 if scale <= 100 else 5000.0 / scale
    return False, float(gains.max(axis=1).sum()), round(np.clip(quality, QUALITIES[0], QUALITIES[-1]))


@cache
def _tables() -> NDArray[np.intp]:
    """(2 x qualities, frequency): the steps of each quality, for photos as they were saved and then turned by 90."""
    qualities = np.array(QUALITIES)[:, None]
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    bases = [[TABLE_50[place] for place in places] for places in (FREQUENCIES, [(x, y) for y, x in FREQUENCIES])]
    return np.concatenate([np.clip((np.array(base) * scale + 50) // 100, 1, LARGEST_STEP) for base in bases])


@cache
def _gains() -> NDArray[np.float32]:
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
    return gains.astype(np.float32)


def _away(counts: NDArray[np.float32], steps: NDArray[np.intp]) -> NDArray[np.float64]:
    """(frequency,): how many coefficients lie nearer to another multiple of their step than to 0."""
    at = (np.arange(counts.shape[1] - 1) + 0.5) * BIN
    return np.asarray((counts[:, :-1] * (at > steps[:, None] / 2)).sum(axis=1), dtype=np.float64)


def _most(counts: NDArray[np.float32], steps: NDArray[np.intp]) -> NDArray[np.float64]:
    """(frequency,): what the steps would gain in the mean, if all those coefficients were rounded to multiples."""
    density = np.maximum(steps, 1) / (ROUNDING * np.sqrt(2 * np.pi))
    return _away(counts, steps) * np.where(steps > 1, np.maximum(np.log(density) - 0.5, 0.0), 0.0)
