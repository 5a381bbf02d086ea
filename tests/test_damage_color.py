"""iqa.damage.color: casts of equal strength, along the daylight locus and off it."""

import numpy as np
import pytest

from iqa import damage
from iqa.damage.color import KINDS, daylight
from iqa.measures.color import TO_XYZ
from iqa.srgb import to_linear

WARMER, GREENER, COOLER, MAGENTA = 0.0, np.pi / 2, np.pi, 3 * np.pi / 2


def strength(gains: np.ndarray) -> float:
    logs = np.log(gains)
    return float(np.linalg.norm(logs - logs.mean()))


@pytest.mark.parametrize(
    ("kelvin", "x", "y"),
    [(5003.0, 0.3457, 0.3585), (5503.0, 0.3324, 0.3474), (6504.0, 0.3127, 0.3290), (7504.0, 0.2990, 0.3149)],
)
def test_daylight_has_the_chromaticity_of_the_cie_illuminants(kelvin: float, x: float, y: float) -> None:
    assert daylight(np.array([kelvin]))[0] == pytest.approx([x, y], abs=2e-4)  # CIE 15: D50, D55, D65, D75


@pytest.mark.parametrize("severity", [0.25, 1.0])
def test_casts_of_one_severity_are_equally_strong(severity: float) -> None:
    found = [strength(damage.cast_gains(severity, np.random.default_rng(seed))) for seed in range(200)]
    assert found == pytest.approx([severity * damage.CAST_STRENGTH] * len(found), abs=1e-3)


def test_each_direction_has_its_colors() -> None:
    for angle, channels in ((WARMER, "rgb"), (COOLER, "bgr")):
        high, _, low = ("rgb".index(channel) for channel in channels)
        gains = damage.light_gains(1.0, angle)
        assert gains[high] > 1.2 * gains[1] > 1.4 * gains[low]
    green, magenta = damage.light_gains(1.0, GREENER), damage.light_gains(1.0, MAGENTA)
    assert green[1] > 1.5 * max(green[0], green[2])
    assert magenta[1] < min(magenta[0], magenta[2]) / 1.5


def chromaticity(gains: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ gains
    return xyz[:2] / xyz.sum()


@pytest.mark.parametrize("angle", [WARMER, COOLER])
def test_casts_along_the_locus_are_daylight_of_another_temperature(angle: float) -> None:
    locus = daylight(np.linspace(4000.0, 25000.0, 4000))
    white = chromaticity(np.ones(3)) - daylight(np.array([6504.0]))[0]  # sRGB rounds its white
    for severity in (0.3, 0.7, 1.0):
        light = chromaticity(damage.light_gains(severity, angle)) - white
        assert np.linalg.norm(locus - light, axis=1).min() < 6e-4


@pytest.mark.parametrize("angle", [GREENER, MAGENTA])
def test_casts_off_the_locus_are_no_daylight(angle: float) -> None:
    locus = daylight(np.linspace(4000.0, 25000.0, 4000))
    light = chromaticity(damage.light_gains(0.7, angle))
    assert np.linalg.norm(locus - light, axis=1).min() > 0.02


def test_a_cast_keeps_the_luminance_of_a_grey_and_severity_zero_is_no_cast() -> None:
    for seed in range(20):
        assert damage.cast_gains(0.8, np.random.default_rng(seed)) @ TO_XYZ[1] == pytest.approx(1.0, abs=1e-9)
        assert damage.cast_gains(0.0, np.random.default_rng(seed)) == pytest.approx(np.ones(3), abs=1e-9)


def test_the_gains_are_those_of_the_picture() -> None:
    gray = np.full((32, 32, 3), 120, np.uint8)
    out = damage.apply("color_cast", gray, 0.6, np.random.default_rng(4))
    gains = to_linear(out)[0, 0] / to_linear(gray)[0, 0]
    assert gains == pytest.approx(damage.cast_gains(0.6, np.random.default_rng(4)), rel=0.02)  # of 8 bits


def test_every_kind_of_cast_occurs() -> None:
    assert sum(KINDS.values()) == pytest.approx(1.0)
    gains = np.log([damage.cast_gains(1.0, np.random.default_rng(seed)) for seed in range(100)])
    tint, warmth = gains[:, 1] - (gains[:, 0] + gains[:, 2]) / 2, gains[:, 0] - gains[:, 2]
    for values in (tint, warmth):
        assert (values > 0.25).any()
        assert (values < -0.25).any()
