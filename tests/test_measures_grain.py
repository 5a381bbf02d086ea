"""Promises of iqa.measures.grain."""

import cv2
import numpy as np
import pytest
from photos import NAMES, dihedral, noisy, photo

from iqa.measures import analysis_luma, grain_sigma, noise_sigma


def coarse(luma: np.ndarray, sigma: float, grain_px: float) -> np.ndarray:
    """With noise of that standard deviation, smoothed as cameras do."""
    noise = np.random.default_rng(2).standard_normal(luma.shape).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), grain_px)
    return np.clip(luma + sigma * noise / noise.std(), 0, 255)


@pytest.mark.parametrize("sigma", [5, 10, 20])
@pytest.mark.parametrize("name", NAMES)
def test_white_noise_is_measured_within_half_of_it(name, sigma):
    assert 0.7 * sigma < grain_sigma(analysis_luma(noisy(photo(name), sigma))) < 1.5 * sigma


@pytest.mark.parametrize("grain_px", [0.7, 1.0, 1.3])
def test_smoothed_noise_is_seen_where_the_finest_scale_shows_little_of_it(grain_px):
    seen = coarse(np.full((300, 400), 128, np.float32), 6.0, grain_px)
    assert noise_sigma(seen) < 3.0
    assert 3.0 < grain_sigma(seen) < 9.0


@pytest.mark.parametrize("grain_px", [0.5, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_grows_with_sigma(name, grain_px):
    luma = analysis_luma(photo(name))
    values = [grain_sigma(coarse(luma, sigma, grain_px)) for sigma in (1, 2, 4, 8, 16)]
    assert values == sorted(values)


def test_noise_that_grows_with_the_light_counts_where_most_of_the_photo_is():
    """The flattest windows of the whole photo are the dark ones; a twentieth of it is dark and quiet here."""
    luma = np.full((400, 400), 180, np.float32)
    luma[:, :40] = 20
    seen = luma + np.random.default_rng(3).normal(0, np.where(luma > 100, 8, 1), luma.shape).astype(np.float32)
    assert noise_sigma(seen) < 2.0
    assert grain_sigma(seen) == pytest.approx(8, rel=0.4)


@pytest.mark.parametrize("name", NAMES)
def test_orientation_hardly_changes_it(name):
    luma = analysis_luma(noisy(photo(name), 6))
    assert [grain_sigma(turned) for turned in dihedral(luma)] == pytest.approx([grain_sigma(luma)] * 8, rel=0.05)


def test_clipped_places_do_not_count():
    luma = np.random.default_rng(4).normal(128, 10, (300, 300)).astype(np.float32)
    whole = grain_sigma(luma)
    luma[:150] = 255
    assert grain_sigma(luma) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (2000, 3)])
def test_odd_sizes_give_a_finite_sigma(size):
    luma = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    assert 0 <= grain_sigma(luma) < 2000


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_flat_photo_has_no_noise(level):
    assert grain_sigma(np.full((40, 50), level, np.float32)) == pytest.approx(0.0, abs=1e-3)


def test_a_ramp_has_no_noise():
    y, x = np.mgrid[:200, :300]
    assert grain_sigma((0.3 * x + 0.4 * y + 20).astype(np.float32)) < 0.01
