"""Wrong white balance: the gains of a light that the camera took for another."""

import numpy as np
from numpy.typing import NDArray

from ..measures.color import TO_XYZ
from ..srgb import from_linear, to_linear
from .frame import Picture

CAST_STRENGTH = 0.64
"""Length of the log gains less their mean at severity 1; along the daylight locus red and blue are then 2.4 apart."""
NEUTRAL_K = 6504.0
WARMEST_K, COOLEST_K = 4000.0, 25000.0
"""Ends of the range in which the CIE defines daylight."""
TINT_DUV = 0.06
"""Distance from the daylight locus, CIE 1960 uv, that goes with the ends of that range."""
LUMINANCE = TO_XYZ[1]
STEPS, REACH = 256, 1.8
"""Points on the way to the strongest light, and how far that lies; where daylight ends, only the tint goes on."""

KINDS = {"daylight": 0.4, "tint": 0.3, "mixed": 0.3}
"""Chance of a cast along the locus (warmer or cooler), off it (green or magenta), and of both at once."""


def daylight(kelvin: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1931 chromaticity (n, 2) of daylight of that correlated color temperature, 4,000 to 25,000 K.

    Reference: CIE 15:2018, Colorimetry, section 4.1 (the D series).
    """
    t = 1000.0 / kelvin
    low = 0.244063 + 0.09911 * t + 2.9678 * t**2 - 4.6070 * t**3
    high = 0.237040 + 0.24748 * t + 1.9018 * t**2 - 2.0064 * t**3
    x = np.where(kelvin <= 7000.0, low, high)
    return np.stack([x, -3.0 * x * x + 2.870 * x - 0.275], axis=-1)


def light_gains(severity: float, angle_rad: float) -> NDArray[np.float64]:
    """Gains (3,) of red, green, blue in linear light that a wrong white balance leaves, luminance of a grey kept.

    The wrong light lies on a straight ray from 6504 K in the plane of reciprocal temperature (steps in it look alike)
    and distance from the locus; the severity says how far, measured on the gains, so that all casts of one severity
    are equally strong.

    Args:
        severity: [0, 1].
        angle_rad: of the ray: 0 = warmer, pi / 2 = greener, pi = cooler, 3 pi / 2 = more magenta.
    """
    t = np.linspace(0.0, REACH, STEPS)
    neutral, end = 1e6 / NEUTRAL_K, 1e6 / (WARMEST_K if np.cos(angle_rad) > 0 else COOLEST_K)
    kelvin = 1e6 / (neutral + (end - neutral) * np.minimum(1.0, np.abs(np.cos(angle_rad)) * t))
    rgb = _linear_rgb(kelvin, TINT_DUV * np.sin(angle_rad) * t)
    logs = np.log(np.maximum(rgb / rgb[0], 1e-3))
    logs -= logs.mean(axis=1, keepdims=True)
    strength = np.maximum.accumulate(np.linalg.norm(logs, axis=1))
    at = np.interp(severity * CAST_STRENGTH, strength, t)
    gains = np.exp([np.interp(at, t, channel) for channel in logs.T])
    return np.asarray(gains / (gains @ LUMINANCE))


def cast_gains(severity: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """The gains of `color_cast` for the same severity and state of the generator: the light that explains the cast."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    quarter, off = int(rng.integers(4)), float(rng.uniform(-0.35, 0.35))
    angles = {"daylight": 2 * (quarter // 2), "tint": 2 * (quarter // 2) + 1, "mixed": quarter + 0.5 + off * 2 / np.pi}
    return light_gains(severity, np.pi / 2 * angles[kind])


def color_cast(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Wrong white balance: von Kries gains in linear light, along or off the daylight locus."""
    return from_linear(to_linear(image) * cast_gains(severity, rng).astype(np.float32))


def _linear_rgb(kelvin: NDArray[np.float64], duv: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear sRGB (n, 3) of lights of unit luminance, moved off the locus in CIE 1960 uv; positive is greener."""
    u, v = _uv(daylight(kelvin))
    warmer = np.clip(kelvin * 0.999, WARMEST_K, COOLEST_K)
    cooler = np.clip(kelvin * 1.001, WARMEST_K, COOLEST_K)
    (u1, v1), (u2, v2) = _uv(daylight(cooler)), _uv(daylight(warmer))
    length = np.hypot(u2 - u1, v2 - v1)
    u, v = u - duv * (v2 - v1) / length, v + duv * (u2 - u1) / length
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return np.asarray(np.stack([x / y, np.ones_like(x), (1 - x - y) / y], axis=-1) @ np.linalg.inv(TO_XYZ).T)


def _uv(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = xy[..., 0], xy[..., 1]
    bottom = -2 * x + 12 * y + 3
    return 4 * x / bottom, 6 * y / bottom
