"""The illumination of a photo: how much light falls where, and the gain that brings a dark scene to a target exposure.

Everything large is computed in stripes of rows, so that memory does not grow with the photo.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

MAP_SIDE = 512  # long side of the copy on which the map is estimated; light varies slowly
MAP_RADIUS = 0.03  # window of the map's guided filter, as a share of the copy's long side
MAP_EPS = 1e-3  # variance (of values in [0, 1]) above which the filter keeps an edge
STRIPE_ROWS = 256
MAX_GAIN = 32.0  # five stops of encoded value: beyond, an 8-bit photo holds no picture to raise
TOE = 1 / 255  # light at which half of the gain is given
SHOULDER = 0.5  # in (0, 1]: slope kept just below white, where 0 would clip


@dataclass(frozen=True)
class Illumination:
    """The map at low resolution, as the coefficients of a guided filter: light = slope * max(R, G, B) + offset.

    Attributes:
        slope, offset: float32 (h, w).
        light: float32 (h, w), [0, 1], the map itself on the small copy.
        peak: float32 (h, w), [0, 1], max(R, G, B) on the small copy.
        luma: float32 (h, w), [0, 1], BT.601 luma on the small copy.
    """

    slope: Floats
    offset: Floats
    light: Floats
    peak: Floats
    luma: Floats


def box(values: Floats, radius: int) -> Floats:
    """The mean over a (2 * radius + 1)-sided window, float32 (h, w), edges mirrored."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def stripes(height: int, rows: int, margin: int) -> Iterator[tuple[slice, slice]]:
    """Pairs (rows to read, where in them the rows to write lie) that cover 0..height once."""
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start = max(top - margin, 0)
        yield slice(start, min(bottom + margin, height)), slice(top - start, bottom - start)


def _small(plane: Pixels) -> Floats:
    """The plane in [0, 1], area-averaged to MAP_SIDE; float first, because a dark photo lives in few levels."""
    height, width = plane.shape
    ratio = MAP_SIDE / max(height, width, MAP_SIDE)
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    small = cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, dtype=np.float32)


def illumination(image: Pixels) -> Illumination:
    """The illumination map of an RGB uint8 (H, W, 3) image.

    The first guess is max(R, G, B), as in LIME; a guided filter makes it smooth inside surfaces and keeps it sharp
    where the light changes. It is estimated on a small copy and its coefficients are enlarged (fast guided filter).

    Reference: X. Guo, Y. Li, H. Ling, LIME, IEEE TIP 2017, doi:10.1109/TIP.2016.2639450; K. He, J. Sun, X. Tang,
    Guided image filtering, IEEE TPAMI 2013, doi:10.1109/TPAMI.2012.213.
    """
    peak = _small(np.ascontiguousarray(image.max(axis=2)))
    luma = _small(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8))
    radius = max(1, round(MAP_RADIUS * max(peak.shape)))
    mean = box(peak, radius)
    variance: Floats = np.maximum(box(peak * peak, radius) - mean * mean, np.float32(0))
    sharp: Floats = variance / (variance + np.float32(MAP_EPS))
    offset = box(np.subtract(mean, sharp * mean), radius)
    slope = box(sharp, radius)
    light: Floats = np.clip(slope * peak + offset, np.float32(0), np.float32(1))
    return Illumination(slope, offset, light, peak, luma)


def enlarge_rows(small: Floats, shape: tuple[int, int], rows: slice) -> Floats:
    """Rows of the map enlarged to shape (height, width), bilinear, the same whichever stripe asks."""
    height, width = shape
    count = small.shape[0]
    at = np.clip((np.arange(rows.start, rows.stop) + 0.5) * (count / height) - 0.5, 0, count - 1)
    low = np.floor(at).astype(int)
    part = (at - low).astype(np.float32)[:, None]
    mixed = small[low] * (1 - part) + small[np.minimum(low + 1, count - 1)] * part
    wide = cv2.resize(mixed, (width, mixed.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, dtype=np.float32)


def gain(light: Floats, peak: Floats, lift: float) -> Floats:
    """The factor for R, G and B alike, in [1, lift]: near lift where it is dark, 1 where it is bright.

    The curve is lift * t / (1 + (lift - 1) * t) of the light t: it keeps black and white, and rises with slope lift
    from black. The second term holds every pixel's brightest channel at or below white, so that nothing clips and no
    hue shifts; it rises with the pixel, so that detail in the highlights stays. Light of about one level of 255 is
    rounding and compression, not picture: the toe leaves it in the dark.
    """
    floor = 1 + (lift - 1) * peak - (1 - SHOULDER) * (1 - peak)
    factor = lift / np.maximum(1 + (lift - 1) * light, floor)
    seen = light * light
    seen /= seen + TOE**2
    return np.asarray(1 + (factor - 1) * seen, dtype=np.float32)


def lift_for(scene: Illumination, mean: float, bright: float) -> float:
    """The lift in [1, MAX_GAIN] that brings the mean luma to mean, or the brightest 5 % of the peak to bright if less.

    Both in [0, 1]. The second bound keeps a few lit or pure-colored things in the dark from being washed out.
    """

    def short(lift: float) -> bool:
        factor = gain(scene.light, scene.peak, lift)
        return float((scene.luma * factor).mean()) < mean and float(np.percentile(scene.peak * factor, 95)) < bright

    if not short(1.0):
        return 1.0
    low, high = 0.0, math.log(MAX_GAIN)
    for _ in range(30):  # both rise with the lift: bisection on its logarithm
        middle = (low + high) / 2
        low, high = (middle, high) if short(math.exp(middle)) else (low, middle)
    return math.exp(high)
