"""iqa.resize: one smaller copy, of one size, that keeps the mean and is never larger."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iqa import image
from iqa.resize import reduced


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 80))
def test_the_longer_side_is_at_most_as_asked_and_no_side_vanishes(height: int, width: int, side: int) -> None:
    small = reduced(np.zeros((height, width, 3), np.uint8), side)
    assert max(small.shape[:2]) == min(side, max(height, width))
    assert min(small.shape[:2]) >= 1
    for stored, kept in zip((height, width), small.shape[:2], strict=True):
        assert abs(kept - stored * min(1, side / max(height, width))) <= 1


def test_area_averaging_gives_the_mean_of_the_covered_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    expected = pixels.reshape(10, 4, 15, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(reduced(pixels, 15), expected, atol=0.5)


@pytest.mark.parametrize("side", [60, 61, 10**6])
def test_a_picture_that_is_small_enough_is_given_back(side: int) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    assert reduced(pixels, side) is pixels


def test_grey_pictures_keep_their_shape() -> None:
    assert reduced(np.zeros((40, 60), np.uint8), 30).shape == (20, 30)


def test_the_loader_reduces_with_it() -> None:
    assert image.reduced is reduced
