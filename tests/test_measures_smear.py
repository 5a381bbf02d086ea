"""iqa.measures.smear_map: stronger where the photo moved than where it is out of focus, and along the motion."""

import cv2
import numpy as np
import pytest
from photos import blurred, moved, photo

from iqa.measures import analysis_luma, sharpness_map, smear_map

PHOTOS = ("astronaut", "coffee", "motorcycle")


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0])
def test_a_moved_photo_is_smeared_along_its_motion(name: str, angle: float) -> None:
    luma = analysis_luma(moved(photo(name), 12.0, angle))
    smear, judged = smear_map(luma), np.isfinite(sharpness_map(luma))
    off = np.abs((smear.angle_deg - angle + 90.0) % 180.0 - 90.0)[judged]
    assert np.median(smear.strength[judged]) > 0.3
    assert np.median(off) < 20.0


@pytest.mark.parametrize("name", PHOTOS)
def test_a_moved_half_stands_out_from_one_out_of_focus(name: str) -> None:
    image = photo(name)
    half = image.shape[1] // 2
    both = blurred(image, 3.0)
    both[:, :half] = moved(image, 12.0, 20.0)[:, :half]
    strength = smear_map(analysis_luma(both)).strength
    edge = strength.shape[1] // 2
    assert np.median(strength[:, : edge - 3]) > np.median(strength[:, edge + 3 :]) + 0.1


def test_the_map_turns_with_the_photo() -> None:
    luma = analysis_luma(moved(photo("coffee"), 12.0, 30.0))
    smear, flipped = smear_map(luma), smear_map(np.ascontiguousarray(luma[:, ::-1]))
    np.testing.assert_allclose(flipped.strength, smear.strength[:, ::-1], atol=0.02)
    clear = smear.strength[:, ::-1] > 0.2
    off = np.abs((flipped.angle_deg + smear.angle_deg[:, ::-1] + 90.0) % 180.0 - 90.0)
    assert off[clear].max() < 5.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (120, 160)])
def test_a_flat_or_tiny_photo_is_not_smeared(shape: tuple[int, int]) -> None:
    luma = np.full(shape, 90.0, np.float32)
    smear = smear_map(luma)
    assert smear.strength.shape == sharpness_map(luma).shape
    assert not smear.strength.any()


def test_blur_of_all_directions_has_none() -> None:
    rings = np.hypot(*np.mgrid[-128:128, -128:128]).astype(np.float32)
    luma = cv2.GaussianBlur(127.5 + 100.0 * np.sign(np.sin(rings / 8.0)), (0, 0), 3.0)
    assert np.median(smear_map(luma.astype(np.float32)).strength) < 0.15
