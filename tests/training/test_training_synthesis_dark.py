"""Photos made dark: less light, and the noise of a sensor."""

import numpy as np
import pytest

from iqa.measures import analysis_luma, laplacian_variance
from iqa.srgb import to_linear
from tests.photos import photo
from training.synthesis import READ, SHOT, darkened, sensor_noise

PHOTO = photo("astronaut")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(12))
def test_a_darkened_photo_has_less_light_or_is_left_alone(seed: int) -> None:
    dark = darkened(PHOTO, rng(seed))
    assert np.array_equal(dark, PHOTO) or to_linear(dark).mean() < 0.5 * to_linear(PHOTO).mean()


def test_darkening_brings_noise_as_brightening_shows() -> None:
    flat = np.full((128, 128, 3), 140, np.uint8)
    pictures = [darkened(flat, rng(seed)) for seed in range(30)]
    noisy = [laplacian_variance(analysis_luma(picture)) for picture in pictures if picture.mean() < 139]
    assert len(noisy) > 20
    assert np.mean(np.array(noisy) > 0) > 0.7


def test_the_noise_of_a_sensor_is_coarser_than_a_pixel_and_grows_with_light() -> None:
    light = np.full((256, 256, 3), 0.05, np.float32)
    noise = sensor_noise(light, 1.0, rng())
    assert abs(noise.mean()) < 2e-4
    assert 0.3 * READ < noise.std() < np.sqrt(SHOT * 0.05 + READ**2)
    beside = [np.corrcoef(noise[:, 1:, c].ravel(), noise[:, :-1, c].ravel())[0, 1] for c in range(3)]
    assert min(beside) > 0.15
    assert beside[1] < min(beside[0], beside[2])
    assert sensor_noise(light * 4, 1.0, rng()).std() > 1.2 * noise.std()
    assert np.abs(sensor_noise(light, 0.0, rng())).max() < 1e-5
