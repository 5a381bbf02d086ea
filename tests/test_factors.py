"""iqa.factors: each factor falls with its own fault, and stays on its scale."""

import numpy as np
import pytest
from photos import NAMES, blurred, noisy, photo

from iqa import damage
from iqa.factors import exposure_factor, factors, noise_factor, sharpness_factor, tones_factor
from iqa.measures import exposure


@pytest.mark.parametrize("name", NAMES)
def test_each_factor_falls_with_its_own_fault(name: str) -> None:
    clean = factors(photo(name))
    assert factors(blurred(photo(name), 3))["sharpness"] < clean["sharpness"]
    assert factors(photo(name) // 6)["good_exposure"] < clean["good_exposure"]
    assert factors(noisy(photo(name), 20))["low_noise"] < clean["low_noise"]


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_a_picture_without_content_has_factors_on_the_scale(level: int) -> None:
    found = factors(np.full((40, 60, 3), level, np.uint8))
    assert all(0.0 <= value <= 1.0 for value in found.values())


def test_the_scales_end_where_they_are_said_to() -> None:
    assert sharpness_factor(0.65, 150.0, 0.45) == pytest.approx(1.0)
    assert sharpness_factor(1.5, 150.0, 0.45) == pytest.approx(0.5)
    assert noise_factor(0.0, 0.5) == 1.0
    assert noise_factor(0.035 * 255 * 0.5, 0.5) == pytest.approx(0.5)
    middle = exposure(np.full((40, 60, 3), 150, np.uint8))
    assert exposure_factor(middle) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "astronaut"])
def test_of_frames_of_one_scene_the_tones_are_best_where_the_light_fits(name: str) -> None:
    rng = np.random.default_rng(0)
    for kind in ("underexposure", "overexposure"):
        ladder = [tones_factor(damage.apply(kind, photo(name), severity, rng)) for severity in (0.3, 0.5, 0.8)]
        assert [tones_factor(photo(name)), *ladder] == sorted([tones_factor(photo(name)), *ladder], reverse=True)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_tones_of_a_flat_picture_are_on_the_scale(level: int) -> None:
    assert 0.0 <= tones_factor(np.full((40, 60, 3), level, np.uint8)) <= 1.0
