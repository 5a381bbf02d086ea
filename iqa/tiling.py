"""A photo of any size through a network that is given it at its own size: tile by tile, as if in one pass.

Tiles begin and end at multiples of what the network halves its input by, overlap by as far as one of its pixels looks,
and all of them come with the same small copies of the whole frame; so they agree with one pass but for rounding.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .model import Model
from .preprocess import Full, full_padding, to_input

Pixels = NDArray[np.uint8]
Finish = Callable[[Pixels, NDArray[np.float32]], Pixels]


@dataclass(frozen=True)
class Tile:
    """Where a tile is read and which part of it is kept, in px of the padded photo.

    Attributes:
        read: (rows, columns) that the network is given.
        kept: (rows, columns) that its answer is used for; the kept parts of all tiles cover the photo once.
    """

    read: tuple[slice, slice]
    kept: tuple[slice, slice]


def tiles(height: int, width: int, view: Full) -> Iterator[Tile]:
    """The tiles of a padded photo of (height, width) px, multiples of the view's; one where the view takes it whole."""
    margin = math.ceil(view.context_px / view.multiple) * view.multiple
    rows, columns = _kept_sides(height, width, view, margin)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            kept = (slice(top, min(top + rows, height)), slice(left, min(left + columns, width)))
            read = [
                slice(max(0, part.start - margin), min(side, part.stop + margin))
                for part, side in zip(kept, (height, width), strict=True)
            ]
            yield Tile((read[0], read[1]), kept)


def _kept_sides(height: int, width: int, view: Full, margin: int) -> tuple[int, int]:
    """Sides of what a tile is kept for: the whole photo, full rows of it, or squares, in this order."""
    if height * width <= view.max_pixels:
        return height, width
    square = math.isqrt(view.max_pixels)
    rows = view.max_pixels // width - 2 * margin
    if width > 2 * square or rows < square // 2:
        rows = square - 2 * margin
        columns = rows
    else:
        columns = width
    return tuple(max(view.multiple, side // view.multiple * view.multiple) for side in (rows, columns))  # type: ignore[return-value]


def rendered(model: Model, image: Pixels, finish: Finish) -> Pixels:
    """The picture that a network with one image output makes of a photo of any size, RGB uint8 (H, W, 3).

    Memory beside photo and picture depends on the view's ``max_pixels`` alone, but for the copies of the frame.

    Args:
        model: its views are one Full and any number of Whole ones.
        image: RGB uint8 (H, W, 3).
        finish: (pixels of a tile, the network's answer for them, float32 (h, w, 3)) to the pixels of the picture.

    Raises:
        ArgumentError, ModelError: as ``Model.predict``.
    """
    spec = model.manifest.input
    view = next(view for view in spec.views if isinstance(view, Full))
    frames = tuple(other for other in spec.views if other is not view)
    feed = to_input(image, replace(spec, views=frames)) if frames else {}
    pads = full_padding(image.shape[0], image.shape[1], view)
    padded = np.pad(image, (*pads, (0, 0)), mode="reflect") if np.any(pads) else image
    out = np.empty_like(padded)
    for tile in tiles(padded.shape[0], padded.shape[1], view):
        given = padded[tile.read]
        answer = model.run({**feed, **to_input(given, replace(spec, views=(view,)))}, 1)
        values = next(values for output, values in answer if output.kind == "image")[0].transpose(1, 2, 0)
        inner = tuple(
            slice(kept.start - read.start, kept.stop - read.start)
            for kept, read in zip(tile.kept, tile.read, strict=True)
        )
        out[tile.kept] = finish(given[inner], values[inner])
    (top, _), (left, _) = pads
    return out[top : top + image.shape[0], left : left + image.shape[1]]
