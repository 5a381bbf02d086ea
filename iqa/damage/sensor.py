"""What too few or too many photons do: grain and wrong exposure, in linear light."""

import numpy as np

from ..srgb import from_linear, to_linear
from .frame import Picture

SHOT_NOISE = 0.02
"""Variance per unit of linear light, at severity 1."""
READ_NOISE = 0.02
"""Standard deviation in linear light, at severity 1."""
STOPS_UNDER = 4.5
STOPS_OVER = 3.0


def noise(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """Sensor noise: Poisson-Gaussian in linear light.

    Reference: Foi, Trimeche, Katkovnik and Egiazarian 2008, doi:10.1109/TIP.2008.2001399.
    """
    light = to_linear(image)
    sigma = severity * np.sqrt(SHOT_NOISE * light + READ_NOISE**2)
    return from_linear(light + sigma * rng.standard_normal(light.shape, dtype=np.float32))


def underexposure(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Too little light: fewer stops, as a shorter exposure gives."""
    return from_linear(to_linear(image) * np.float32(2.0 ** (-STOPS_UNDER * severity)))


def overexposure(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """Too much light: more stops, highlights clip."""
    return from_linear(to_linear(image) * np.float32(2.0 ** (STOPS_OVER * severity)))
