"""How far local brightness statistics are from those of a clean photo: the 36 features of BRISQUE, by moment matching.

Implemented from the paper: A. Mittal, A. K. Moorthy, A. C. Bovik, "No-reference image quality assessment in the spatial
domain", 2012, doi:10.1109/TIP.2012.2214050.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from iqa.measures import analysis_luma

Plane = NDArray[np.float32]

WINDOW, SIGMA_PX = 7, 7 / 6
"""Side of the window of the local mean and deviation, and the Gaussian in it."""
STABILIZER = 1.0
"""Added to the local deviation, in grey levels: flat areas stay finite."""
SCALES = 2
SHAPES = (0.2, 10.0)
"""Range of the shape parameter: 2 is Gaussian, 1 Laplacian, 10 almost uniform."""
FEATURES = 18 * SCALES
_STEP = 0.001


def features(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """FEATURES numbers, float64, always finite: per scale the fits of the field and of its four neighbor products.

    Per scale: shape and variance of the generalized Gaussian; then, for the products with the right, lower, lower right
    and lower left neighbor, shape, mean, left variance and right variance of the asymmetric one. The first scale is
    the analysis scale, each further one half as large.

    Args:
        image: RGB uint8 (H, W, 3).
    """
    luma = analysis_luma(image)
    found: list[float] = []
    for scale in range(SCALES):
        if scale:
            height, width = luma.shape
            size = (max(1, width // 2), max(1, height // 2))
            luma = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        field = normalized(luma)
        found += symmetric(field)
        for pair in (
            (field[:, :-1], field[:, 1:]),
            (field[:-1], field[1:]),
            (field[:-1, :-1], field[1:, 1:]),
            (field[:-1, 1:], field[1:, :-1]),
        ):
            found += asymmetric(pair[0] * pair[1])
    return np.array(found)


def normalized(luma: Plane) -> Plane:
    """The luma less its local mean, over its local deviation (MSCN coefficients), float32 of the same shape."""
    mean = cv2.GaussianBlur(luma, (WINDOW, WINDOW), SIGMA_PX)
    square = cv2.GaussianBlur(luma * luma, (WINDOW, WINDOW), SIGMA_PX)
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    return np.asarray((luma - mean) / (deviation + np.float32(STABILIZER)), dtype=np.float32)


def symmetric(values: Plane) -> tuple[float, float]:
    """(shape, variance) of the generalized Gaussian of zero mean with the moments of the values.

    Reference: K. Sharifi, A. Leon-Garcia, 1995, doi:10.1109/76.370213.
    """
    size, total, squares = _moments(values)
    if squares == 0:
        return SHAPES[1], 0.0
    return _shape((total / size) ** 2 / (squares / size)), squares / size


def asymmetric(values: Plane) -> tuple[float, float, float, float]:
    """(shape, mean, left variance, right variance) of the asymmetric generalized Gaussian with the values' moments.

    Reference: N.-E. Lasmar, Y. Stitou, Y. Berthoumieu, 2009, doi:10.1109/ICIP.2009.5414404; the mean as in BRISQUE.
    """
    size, total, squares = _moments(values)
    if squares == 0:
        return SHAPES[1], 0.0, 0.0, 0.0
    right = np.asarray(cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO)[1])
    above = float(cv2.norm(right, cv2.NORM_L2SQR))
    count = int(np.count_nonzero(right))
    left_variance = max(squares - above, 0.0) / max(size - count, 1)
    right_variance = above / max(count, 1)
    skew = np.sqrt(left_variance / right_variance) if right_variance > 0 else np.inf
    # (s^3 + 1)(s + 1) / (s^2 + 1)^2 is the same for s and 1 / s, and 1 at either end.
    skew = min(skew, 1 / skew) if skew > 0 else 0.0
    ratio = (total / size) ** 2 / (squares / size)
    shape = _shape(ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2)
    spread = np.sqrt(right_variance) - np.sqrt(left_variance)
    mean = spread * gamma(2 / shape) / np.sqrt(gamma(1 / shape) * gamma(3 / shape))
    return shape, float(mean), left_variance, right_variance


def _moments(values: Plane) -> tuple[int, float, float]:
    """Number of values, sum of their magnitudes, and sum of their squares."""
    if values.size == 0:
        return 0, 0.0, 0.0
    return values.size, float(cv2.norm(values, cv2.NORM_L1)), float(cv2.norm(values, cv2.NORM_L2SQR))


def _shape(ratio: float) -> float:
    """The shape whose E|x|^2 / E[x^2] is the ratio, within SHAPES; the ratio rises with the shape."""
    shapes, ratios = _table()
    return float(np.interp(ratio, ratios, shapes))


@cache
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shapes = np.arange(SHAPES[0], SHAPES[1] + _STEP / 2, _STEP)
    return shapes, gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))
