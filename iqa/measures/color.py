"""Color: the cast of the light, its correction, and how colorful the photo is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..resize import reduced
from ..srgb import from_linear, to_linear

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Linear sRGB to CIE XYZ (IEC 61966-2-1); the middle row is luminance."""
MID_GREY = 0.18
"""The grey whose shift is reported: a cast is judged on middle tones."""
LONG_SIDE_PX = 256
"""A cast is a matter of large areas; light is averaged to this size in linear light."""
DARKEST, BRIGHTEST = 8, 253
"""Levels of the highest channel between which a color is trusted: below is noise, above is clipped."""
NEAR_GREY = 0.25
"""Radius of the nearly grey in log chroma: about 28 % between two channels."""


@dataclass(frozen=True)
class ColorCast:
    """A color cast.

    Attributes:
        a: shift along CIELAB a* (green - to red +) of an 18 % grey under the estimated light.
        b: shift along CIELAB b* (blue - to yellow +) of the same grey.
        magnitude: Delta E_ab = sqrt(a^2 + b^2) >= 0; 0 = neutral, below about 5 rarely noticed, above 15 plain.
        illuminant: (r, g, b) of the estimated light in linear light, g = 1; (1, 1, 1) = neutral.
    """

    a: float
    b: float
    magnitude: float
    illuminant: tuple[float, float, float]


def _log_chroma(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of linear rgb less its mean over the channels: 0 for every grey, whatever its brightness."""
    logs = np.log(np.maximum(light, 1e-4))
    return np.asarray(logs - logs.mean(axis=-1, keepdims=True))


def _minkowski(values: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Log chroma of the Minkowski mean of (n, 3) values."""
    mean = np.mean(values**power, axis=0) ** (1 / power)
    return _log_chroma(mean) if mean.max() > 0 else np.zeros(3)


def _near_grey(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log chroma of the pixels that are nearly grey, found by walking from neutral towards their mean."""
    chroma, weight = _log_chroma(colors), np.sqrt(colors.mean(axis=1))
    center = np.zeros(3)
    for _ in range(5):
        near = weight * np.exp(-0.5 * np.sum((chroma - center) ** 2, axis=1) / NEAR_GREY**2)
        if near.sum() < 1e-9:
            break
        center = near @ chroma / near.sum()
    return np.asarray(center)


def _estimates(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(4, 3) log chroma of the light by four estimators; zeros when no pixel is exposed well enough to tell."""
    image = reduced(image, 4 * LONG_SIDE_PX)
    size = reduced(image, LONG_SIDE_PX).shape[1::-1]
    small = np.asarray(cv2.resize(to_linear(image), size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    top = image.max(axis=2)
    exposed = ((top > DARKEST) & (top < BRIGHTEST)).astype(np.float32)
    usable = np.asarray(cv2.resize(exposed, size, interpolation=cv2.INTER_AREA) > 0.5)
    if not usable.any():
        return np.zeros((4, 3))
    smooth = cv2.GaussianBlur(small, (0, 0), 1.0)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, x, 1 - x, ksize=1) for x in (1, 0))
    inside = cv2.erode(usable.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    edges = np.sqrt(dx * dx + dy * dy)[inside if inside.any() else usable].astype(np.float64)
    colors = small[usable].astype(np.float64)
    return np.stack([_minkowski(colors, 6), _minkowski(edges, 6), _minkowski(edges, 1), _near_grey(colors)])


def color_cast(image: NDArray[np.uint8]) -> ColorCast:
    """Cast of the light over the whole image, with the light that explains it.

    Four estimates of the light are made in linear light: the Minkowski mean of the colors (Shades of Gray, p = 6) and
    of the color edges (gray-edge, p = 6 and p = 1), and the mean of the nearly grey pixels. The answer is their median,
    drawn towards neutral by as much as they disagree: one large colored object convinces the mean, not the edges.
    Clipped and nearly black pixels do not take part. A scene of one color alone cannot be told from a colored light.

    Args:
        image: RGB uint8 (H, W, 3).

    Reference: Finlayson & Trezzi 2004, Shades of gray and colour constancy; van de Weijer, Gevers & Gijsenij 2007,
    doi:10.1109/TIP.2007.901808; Gasparini & Schettini 2004, doi:10.1016/j.patcog.2003.12.007 (near-grey pixels).
    """
    estimates = _estimates(image)
    middle = np.median(estimates, axis=0)
    agreement = float(middle @ middle)
    spread = float(np.mean(np.sum((estimates - estimates.mean(axis=0)) ** 2, axis=1)))
    light = np.exp(middle * (agreement / (agreement + spread) if agreement > 0 else 0.0))
    x, y, z = np.cbrt(TO_XYZ @ (MID_GREY * light / (light @ TO_XYZ[1])) / TO_XYZ.sum(axis=1))
    a, b = float(500 * (x - y)), float(200 * (y - z))
    red, _, blue = (float(v) for v in light / light[1])
    return ColorCast(a, b, float(np.hypot(a, b)), (red, 1.0, blue))


def correct_cast(image: NDArray[np.uint8], cast: ColorCast) -> NDArray[np.uint8]:
    """The image with the cast taken out, RGB uint8: a preview.

    Each channel is divided by the light in linear light, at equal luminance of grey (von Kries 1902). What the cast
    has clipped stays lost.
    """
    inverse = 1.0 / np.asarray(cast.illuminant)
    gain = inverse / (inverse @ TO_XYZ[1])
    ramp = to_linear(np.arange(256, dtype=np.uint8))[:, None]
    table = from_linear((ramp * gain).astype(np.float32))
    return np.asarray(cv2.LUT(image, table.reshape(1, 256, 3)), dtype=np.uint8)


def colorfulness(image: NDArray[np.uint8]) -> float:
    """Hasler-Suesstrunk colorfulness; >= 0, 0 = grey; 15 slightly, 33 moderately, 45 averagely, 59 quite, 82 highly.

    Args:
        image: RGB uint8 (H, W, 3).

    Reference: Hasler & Suesstrunk 2003, Measuring colourfulness in natural images, doi:10.1117/12.477378 (the second
    metric, computed in opponent RGB, and the scale of its table).
    """
    red, green, blue = (plane.astype(np.float32) for plane in cv2.split(image))
    moments = [cv2.meanStdDev(plane) for plane in (red - green, 0.5 * (red + green) - blue)]
    (rg_mean, rg_std), (yb_mean, yb_std) = ((float(mean[0, 0]), float(std[0, 0])) for mean, std in moments)
    return float(np.hypot(rg_std, yb_std) + 0.3 * np.hypot(rg_mean, yb_mean))
