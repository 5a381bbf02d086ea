"""Promises of iqa.measures.exposure."""

import colorsys

import numpy as np
import pytest
from photos import NAMES, dihedral, photo
from skimage.color import rgb2hsv

from iqa.measures import brightness, clipped_masks, contrast, exposure, luminance


def flat(level: int, size: tuple[int, int] = (40, 50)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def test_a_hand_made_photo_has_the_exposure_counted_by_hand():
    image = np.concatenate([flat(0, (10, 40)), flat(100, (10, 40)), flat(200, (10, 40)), flat(255, (10, 40))])
    tones = exposure(image)
    assert tones.mean_luminance == pytest.approx(555 / 4 / 255, abs=1e-6)
    assert (tones.clipped_shadows, tones.clipped_highlights, tones.saturated) == (0.25, 0.25, 0.25)


def test_one_channel_at_its_end_is_saturated_but_no_lost_highlight():
    image = np.concatenate([np.full((10, 10, 3), (255, 30, 0), np.uint8), flat(128, (30, 10))])
    tones = exposure(image)
    assert (tones.saturated, tones.clipped_highlights, tones.clipped_shadows) == (0.25, 0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_more_light_raises_mean_and_highlights_and_lowers_shadows(name):
    steps = [exposure(np.clip(photo(name) * gain, 0, 255).astype(np.uint8)) for gain in (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)]
    assert [s.mean_luminance for s in steps] == sorted(s.mean_luminance for s in steps)
    assert [s.saturated for s in steps] == sorted(s.saturated for s in steps)
    assert [s.clipped_highlights for s in steps] == sorted(s.clipped_highlights for s in steps)
    assert [s.clipped_shadows for s in steps] == sorted((s.clipped_shadows for s in steps), reverse=True)


def test_a_saturated_color_is_neither_black_nor_white():
    image = np.array([[[255, 0, 0], [0, 0, 255], [255, 255, 0], [2, 2, 2], [253, 254, 255], [3, 0, 0]]], np.uint8)
    shadows, highlights = clipped_masks(image)
    assert shadows.tolist() == [[False, False, False, True, False, False]]
    assert highlights.tolist() == [[False, False, False, False, True, False]]


def test_masks_have_the_share_that_exposure_tells():
    image = photo("rocket")
    shadows, highlights = clipped_masks(image)
    tones = exposure(image)
    assert shadows.dtype == highlights.dtype == np.bool_
    assert shadows.shape == highlights.shape == image.shape[:2]
    assert (shadows.mean(), highlights.mean()) == (tones.clipped_shadows, tones.clipped_highlights)


def test_contrast_of_half_black_half_white_is_one():
    luma = np.zeros((10, 10), np.float32)
    luma[:5] = 255
    assert contrast(luma) == pytest.approx(1.0)


def test_contrast_is_twice_the_rms_contrast_of_peli():
    luma = luminance(photo("camera"))
    assert contrast(luma) == pytest.approx(2 * np.std(luma.astype(np.float64) / 255), rel=1e-6)


@pytest.mark.parametrize("gain", [0.8, 0.5, 0.1, 0.0])
def test_contrast_shrinks_with_the_tones(gain):
    luma = luminance(photo("coffee"))
    assert contrast(luma * np.float32(gain)) == pytest.approx(gain * contrast(luma), rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_brightness_agrees_with_the_hsv_value_of_scikit_image(name):
    assert brightness(photo(name)) == pytest.approx(10 * rgb2hsv(photo(name))[..., 2].mean(), abs=1e-9)


def test_brightness_agrees_with_the_standard_library():
    value = colorsys.rgb_to_hsv(30 / 255, 200 / 255, 90 / 255)[2]
    assert brightness(np.array([[[30, 200, 90]]], np.uint8)) == pytest.approx(10 * value)


@pytest.mark.parametrize("name", NAMES)
def test_orientation_does_not_change_the_exposure(name):
    image = photo(name)
    for turned in dihedral(image):
        assert vars(exposure(turned)) == pytest.approx(vars(exposure(image)), rel=1e-6)
        assert brightness(turned) == pytest.approx(brightness(image), rel=1e-9)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 5000)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_photos_of_any_size_are_at_their_level(size, level):
    tones = exposure(flat(level, size))
    assert tones.mean_luminance == pytest.approx(level / 255, abs=1e-6)
    assert tones.saturated == (level == 255)
    assert contrast(luminance(flat(level, size))) == 0.0
    assert brightness(flat(level, size)) == pytest.approx(level / 25.5)
