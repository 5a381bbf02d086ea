"""Promises of iqa.measures.scale."""

import numpy as np
import pytest
from photos import dihedral, photo
from skimage.color import rgb2ycbcr

from iqa.measures.scale import ANALYSIS_PIXELS, analysis_luma, analysis_size, luminance


def test_luminance_agrees_with_the_weights_of_bt601():
    image = photo("coffee")
    assert np.abs(luminance(image) - image @ np.array([0.299, 0.587, 0.114])).max() < 1e-4


def test_luminance_agrees_with_scikit_image_up_to_the_video_range():
    image = photo("chelsea")
    studio = rgb2ycbcr(image)[..., 0]  # 16..235
    assert np.abs(luminance(image) - (studio - 16) * 255 / 219).max() < 2e-3


def test_luminance_is_float32_from_0_to_255():
    ends = luminance(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))
    assert ends.dtype == np.float32
    assert ends[0] == pytest.approx([0, 255], abs=1e-4)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((768, 1024), (768, 1024)), ((3000, 4000), (768, 1024)), ((4000, 3000), (1024, 768)), ((2, 3), (2, 3))],
)
def test_analysis_size_keeps_the_aspect_and_never_enlarges(size, expected):
    assert analysis_size(*size) == expected


@pytest.mark.parametrize("size", [(1, 900_000), (7, 300_001), (1001, 1003), (65_000, 40)])
def test_analysis_size_stays_within_the_limit_at_any_aspect(size):
    height, width = analysis_size(*size)
    assert 0.9 * ANALYSIS_PIXELS <= height * width <= ANALYSIS_PIXELS
    assert analysis_size(*size[::-1]) == (width, height)


@pytest.mark.parametrize("size", [(1003, 1507), (1000, 1500), (40, 30_000)])
def test_orientation_does_not_change_the_luma(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for turned, expected in zip(dihedral(image), dihedral(analysis_luma(image)), strict=True):
        assert np.abs(analysis_luma(turned) - expected).max() < 1e-4


def test_area_averaging_keeps_the_mean_and_averages_blocks():
    image = photo("astronaut")
    blocks = luminance(image).astype(np.float64).reshape(256, 2, 256, 2).mean(axis=(1, 3))
    assert np.abs(analysis_luma(image, 256 * 256) - blocks).max() < 1e-3
