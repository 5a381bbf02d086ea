"""What the closed-form estimate of the blur type looks at, and what each of it counts.

Comes in: a photo's luma and the maps measured on it. Goes out: seven numbers and their weights, for `iqa.blur`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .measures import Direction, edge_width

MIDDLE = 0.7
"""Radius of the middle of the frame, in halves of its sides: the same for a photo turned by a quarter."""
WEIGHTS = np.array(
    [
        [0.688, 0.744, -1.376, -0.056],  # best
        [2.391, -0.734, -1.278, -0.380],  # center
        [-1.007, 1.375, -0.816, 0.448],  # surround
        [-0.997, -0.622, 1.324, 0.295],  # width
        [0.281, -0.458, -1.287, 1.464],  # direction
        [0.167, -0.559, -0.845, 1.236],  # length
        [-0.236, 0.592, 0.028, -0.384],  # texture
        [-0.259, -0.735, 2.304, -1.310],  # bias
    ]
)
"""Log-odds per feature (rows as in Features, the last row is the bias) and type; from training/classical_blur.py."""


@dataclass(frozen=True)
class Features:
    """What the classical estimate looks at.

    Attributes:
        best: sharpness of the sharpest tenth of the frame, [0, 1].
        center: sharpness of the sharpest quarter of the middle, [0, 1].
        surround: the same of what is around it.
        width: natural logarithm of the edge width in px at analysis scale.
        direction: strength of the directional blur, [0, 1].
        length: natural logarithm of 1 + length of the smear in percent of the frame's size.
        texture: fraction of the map that could be judged, [0, 1].
    """

    best: float
    center: float
    surround: float
    width: float
    direction: float
    length: float
    texture: float

    def vector(self) -> tuple[float, ...]:
        """The seven numbers in the order of WEIGHTS."""
        return (self.best, self.center, self.surround, self.width, self.direction, self.length, self.texture)


def features(luma: NDArray[np.float32], local: NDArray[np.float32], direction: Direction) -> Features:
    """The features of a photo from its analysis luma, its sharpness map and its directional blur."""
    height, width = local.shape
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    middle = np.hypot(x, y) <= MIDDLE
    size = float(np.sqrt(luma.size))
    return Features(
        best=_upper(local, 90),
        center=_upper(local[middle], 75),
        surround=_upper(local[~middle], 75),
        width=float(np.log(max(edge_width(luma), 0.1))),
        direction=direction.strength,
        length=float(np.log1p(100.0 * direction.length_px / size)),
        texture=float(np.isfinite(local).mean()),
    )


def _upper(values: NDArray[np.float32], percentile: float) -> float:
    """A percentile of the values that are not NaN; 0 when there is none."""
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percentile)) if known.size else 0.0
