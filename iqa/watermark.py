"""Where a watermark is: what of a photo has to be hidden for the network to see less of one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from .degradations import ESTIMATORS, NETWORKS, DegradationAnswer, analysis_copy, predict
from .errors import ArgumentError
from .estimator import require
from .evidence import Box

FOUND = 0.5
"""Severity, as shown with two digits, from which a watermark is looked for unless told otherwise."""
SHORTER, LONGER = 6, 8
"""Cells along the shorter side, and at most along the longer one: 36 to 48 passes of the network."""
MARGIN = 0.25
"""By this share of a cell more is hidden on each side of it, fading out: a mark does not end at a cell."""
COARSE_PX = 8
"""Pixels of a cell in the copy from which what hides it is made: so smooth that no letter of a mark is left in it."""
LEAST_FALL = 0.2
"""Fall in log-odds below which no cell says anything: where none falls by it, the mark is taken to be everywhere."""
HALF = 0.5
BATCH = 8
"""Copies that are in memory at the same time."""
CERTAINTY = 1e-6
"""Severities are kept this far from 0 and 1, where log-odds have no end."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class WatermarkMap:
    """Where the watermark of a photo is.

    Attributes:
        heat: float32 (gh, gw) in [0, 1]: by how much the log-odds of the watermark fall when a cell of the frame is
            hidden, over the largest fall; 0 = not at all. Below 1 everywhere where no cell alone makes a difference.
        box: (x0, y0, x1, y1) in px of the photo, the last two excluded: around the cells above half of the maximum;
            the frame where no cell alone makes a difference, as with a mark that is repeated all over it.
    """

    heat: NDArray[np.float32]
    box: Box


def watermark_map(image: Pixels, *, model: str = NETWORKS[0]) -> WatermarkMap:
    """Where the network sees the watermark of a photo, and a box around it; dozens of passes, some seconds.

    Cell by cell of a grid of 6 x 6 to 8 x 6 the photo is continued from its surroundings into the cell and a quarter of
    one around it, and what the severity falls by is what the cell showed of the mark. Of a photo without a watermark
    it says where the network sees the little that it sees.

    Args:
        image: RGB uint8 (H, W, 3).
        model: one of iqa.degradations.NETWORKS.

    Raises:
        ArgumentError: the closed form, which sees no watermark. UnknownNameError: no such estimator.
        ModelError, ManifestError: the model is not here, altered or broken.

    Reference: Zeiler & Fergus 2014, Visualizing and understanding convolutional networks,
    doi:10.1007/978-3-319-10590-1_53 (occlusion, there by a gray square); what hides a cell is a normalized convolution
    of its surroundings, Knutsson & Westin 1993, doi:10.1109/CVPR.1993.341081.
    """
    check(model)
    copy = analysis_copy(image)
    rows, columns = _grid(*copy.shape[:2])
    pictures = chain([copy], _hidden(copy, rows, columns))
    severities: list[float] = []
    while together := list(islice(pictures, BATCH)):
        severities += [said["watermark"] for said in predict(together, model)]
    odds = logit(np.clip(severities, CERTAINTY, 1.0 - CERTAINTY))
    falls = np.maximum(odds[0] - odds[1:], 0.0).reshape(len(rows) - 1, len(columns) - 1)
    heat = (falls / max(float(falls.max()), LEAST_FALL)).astype(np.float32)
    return WatermarkMap(heat, _box(heat, image.shape[0], image.shape[1]))


def located(
    image: Pixels, found: DegradationAnswer, *, model: str = NETWORKS[0], least: float = FOUND
) -> DegradationAnswer:
    """The answer with the place of the watermark in its evidence; as it was where the severity is None or too low.

    Args:
        image: the photo that the answer is about.
        found: what `iqa.degradations.assess` said of it.
        model: who said it; raises as `watermark_map`.
        least: severity, [0, 1], as shown with two digits, from which one is looked for.
    """
    severity = found.severities["watermark"]
    if severity is None or round(severity, 2) < least:
        return found
    check(model)
    place = watermark_map(image, model=model)
    return replace(found, evidence=replace(found.evidence, watermark_map=place.heat, watermark_box=place.box))


def check(model: str) -> None:
    """Nothing, when that estimator sees watermarks; raises as `watermark_map` where it does not."""
    require(model, ESTIMATORS)
    if model not in NETWORKS:
        raise ArgumentError(
            f"The estimator {model!r} sees no watermark, and so none can be located; accepted: {', '.join(NETWORKS)}."
        )


def _grid(height: int, width: int) -> tuple[list[int], list[int]]:
    """Where the rows and the columns of cells begin, in px, and where the last of them ends."""
    shorter, longer = sorted((height, width))
    along = min(LONGER, max(SHORTER, round(SHORTER * longer / shorter)))
    counts = (SHORTER, along) if height <= width else (along, SHORTER)
    return _edges(height, counts[0]), _edges(width, counts[1])


def _edges(length: int, count: int) -> list[int]:
    count = min(count, length)
    return [round(length * i / count) for i in range(count + 1)]


def _hidden(copy: Pixels, rows: list[int], columns: list[int]) -> Iterator[Pixels]:
    """The photo with one cell after another hidden, row by row."""
    height, width = copy.shape[:2]
    small = (min(width, COARSE_PX * (len(columns) - 1)), min(height, COARSE_PX * (len(rows) - 1)))
    coarse = cv2.resize(copy, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    for top, bottom in pairwise(rows):
        down = _cover(height, top, bottom)
        for left, right in pairwise(columns):
            across = _cover(width, left, right)
            cover = np.outer(down, across)
            fill = cv2.resize(_continued(coarse, cover), (width, height), interpolation=cv2.INTER_LINEAR)
            part = np.ix_(np.flatnonzero(down), np.flatnonzero(across))
            share, hidden = cover[part][..., None], copy.copy()
            hidden[part] = np.rint(copy[part] * (1.0 - share) + fill[part] * share).astype(np.uint8)
            yield hidden


def _cover(length: int, start: int, end: int) -> NDArray[np.float32]:
    """(length,) along a side: 1 inside the cell, falling to 0 a quarter of one outside."""
    margin = max(1.0, MARGIN * (end - start))
    center = np.arange(length) + 0.5
    outside = np.maximum(np.maximum(start - center, center - end), 0.0)
    return np.asarray(np.clip(1.0 - outside / margin, 0.0, 1.0), dtype=np.float32)


def _continued(coarse: NDArray[np.float32], cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """The coarse copy smoothed over what is not covered, so that its surroundings go on under the cover."""
    size = (coarse.shape[1], coarse.shape[0])
    known = cv2.resize((cover <= 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    known = np.where(known > 0.999, 1.0, 1e-6).astype(np.float32)  # a trace everywhere: nothing is divided by 0
    weight = cv2.GaussianBlur(known, (0, 0), COARSE_PX / 2)
    smooth = cv2.GaussianBlur(coarse * known[..., None], (0, 0), COARSE_PX / 2)
    return np.asarray(smooth / weight[..., None], dtype=np.float32)


def _box(heat: NDArray[np.float32], height: int, width: int) -> Box:
    """Around the cells above half of the maximum; the frame where no cell alone makes a difference."""
    if heat.max() < 1.0:
        return 0, 0, width, height
    rows, columns = np.nonzero(heat > HALF)
    down, across = heat.shape
    return (
        int(columns.min() * width / across),
        int(rows.min() * height / down),
        int(np.ceil((columns.max() + 1) * width / across)),
        int(np.ceil((rows.max() + 1) * height / down)),
    )
