"""Promises of iqa.measures.noise."""

import numpy as np
import pytest
import skimage.data
from photos import NAMES, blurred, dihedral, noisy, photo
from scipy import signal

from iqa.measures import analysis_luma, noise_sigma


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [2, 5, 10, 20, 30])
def test_white_noise_is_measured_in_grey_levels(name, sigma):
    measured = noise_sigma(analysis_luma(noisy(photo(name), sigma)))
    assert measured == pytest.approx(sigma, rel=0.2) or measured == pytest.approx(sigma, abs=1.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_photo_is_not_called_noisy(name):
    assert noise_sigma(analysis_luma(photo(name))) < 1.5


@pytest.mark.parametrize(("texture", "limit"), [("brick", 1.0), ("text", 2.0), ("page", 1.0), ("gravel", 5.0)])
def test_texture_is_not_called_noise(texture, limit):
    """A lawn from edge to edge (skimage's grass, 9 levels) is the documented limit."""
    luma = getattr(skimage.data, texture)().astype(np.float32)
    assert noise_sigma(luma) < limit


@pytest.mark.parametrize("sigma", [3.0, 12.0])
def test_pure_noise_agrees_with_the_formula_of_immerkaer(sigma):
    plain = np.random.default_rng(1).normal(128, sigma, (400, 500)).astype(np.float32)
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    published = np.sqrt(np.pi / 2) / 6 * np.abs(signal.convolve2d(plain, mask, mode="valid")).mean()
    assert noise_sigma(plain) == pytest.approx(published, rel=0.04)
    assert noise_sigma(plain) == pytest.approx(sigma, rel=0.04)


@pytest.mark.parametrize("name", NAMES)
def test_noise_grows_with_sigma(name):
    values = [noise_sigma(analysis_luma(noisy(photo(name), s))) for s in (0, 1, 2, 4, 8, 16, 32)]
    assert values == sorted(values)


@pytest.mark.parametrize("name", NAMES)
def test_blur_takes_noise_away(name):
    values = [noise_sigma(analysis_luma(blurred(noisy(photo(name), 10), s))) for s in (0, 0.5, 1, 2)]
    assert values == sorted(values, reverse=True)


def test_noise_hidden_by_clipping_is_read_where_it_shows():
    image = photo("coffee")
    image[:200] = 0
    assert noise_sigma(analysis_luma(noisy(image, 10))) == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize("name", NAMES)
def test_orientation_does_not_change_the_noise(name):
    luma = analysis_luma(noisy(photo(name), 6))
    assert [noise_sigma(turned) for turned in dihedral(luma)] == pytest.approx([noise_sigma(luma)] * 8, rel=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (2000, 3)])
def test_odd_sizes_give_a_finite_sigma(size):
    luma = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    assert 0 <= noise_sigma(luma) < 256


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_flat_photo_has_no_noise(level):
    assert noise_sigma(np.full((40, 50), level, np.float32)) == pytest.approx(0.0, abs=1e-4)


def test_a_ramp_has_no_noise():
    y, x = np.mgrid[:200, :300]
    assert noise_sigma((0.3 * x + 0.4 * y + 20).astype(np.float32)) < 1e-3
