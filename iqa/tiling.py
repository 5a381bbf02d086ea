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
    """Where a tile is read and which part of it is kept, in px of the photo continued to multiples of the view's.

    Attributes:
        read: (rows, columns) that the network is given; begins before the photo and ends behind it by the margin.
        kept: (rows, columns) that its answer is used for; the kept parts of all tiles cover the photo once.
    """

    read: tuple[slice, slice]
    kept: tuple[slice, slice]


def margin(view: Full) -> int:
    """How far a tile reaches beyond what is kept of it, px: the context of the view, rounded up to its multiple."""
    return math.ceil(view.context_px / view.multiple) * view.multiple


def tiles(height: int, width: int, view: Full) -> Iterator[Tile]:
    """The tiles of a photo of (height, width) px, multiples of the view's; one where the view takes it whole."""
    edge = margin(view)
    rows, columns = _kept_sides(height, width, view, edge)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            kept = (slice(top, min(top + rows, height)), slice(left, min(left + columns, width)))
            read = [slice(part.start - edge, part.stop + edge) for part in kept]
            yield Tile((read[0], read[1]), kept)


def _kept_sides(height: int, width: int, view: Full, edge: int) -> tuple[int, int]:
    """Sides of what a tile is kept for: the whole photo, full rows of it, or squares, in this order."""
    if (height + 2 * edge) * (width + 2 * edge) <= view.max_pixels:
        return height, width
    square = math.isqrt(view.max_pixels) - 2 * edge
    rows, columns = view.max_pixels // (width + 2 * edge) - 2 * edge, width
    if rows < square // 2:
        rows = columns = square
    rows, columns = (max(view.multiple, side // view.multiple * view.multiple) for side in (rows, columns))
    return rows, columns


def rendered(model: Model, image: Pixels, finish: Finish) -> Pixels:
    """The picture that a network with one image output makes of a photo of any size, RGB uint8 (H, W, 3).

    The photo is continued by its mirror image as far as a pixel looks, so that none at its border sees the nothing
    behind it. Memory beside photo and picture depends on the view's ``max_pixels`` alone, but for copies of the frame.

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
    alone, edge = replace(spec, views=(view,)), margin(view)
    feed = to_input(image, replace(spec, views=frames)) if frames else {}
    pads = full_padding(image.shape[0], image.shape[1], view)
    size = [side + sum(pad) for side, pad in zip(image.shape[:2], pads, strict=True)]
    padded = np.pad(image, (*((a + edge, b + edge) for a, b in pads), (0, 0)), mode="reflect")
    out = np.empty((*size, 3), np.uint8)
    inner = slice(edge, -edge or None)
    for tile in tiles(size[0], size[1], view):
        rows, columns = (slice(part.start + edge, part.stop + edge) for part in tile.read)
        given = padded[rows, columns]
        answer = model.run({**feed, **to_input(given, alone)}, 1)
        values = next(values for output, values in answer if output.kind == "image")[0].transpose(1, 2, 0)
        out[tile.kept] = finish(given[inner, inner], values[inner, inner])
    (top, _), (left, _) = pads
    return np.ascontiguousarray(out[top : top + image.shape[0], left : left + image.shape[1]])
