"""Promises of iqa.measures.direction."""

from itertools import pairwise

import numpy as np
import pytest
from photos import NAMES, blurred, defocused, dihedral, moved, noisy, photo
from scipy import ndimage

from iqa.measures import Direction, analysis_luma, directional_blur

ANGLES = (0, 25, 60, 90, 140)


def measured(image) -> Direction:
    return directional_blur(analysis_luma(image))


def away(angle: float, other: float) -> float:
    """Distance of two directions in degrees, [0, 90]."""
    return abs((angle - other + 90) % 180 - 90)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [30, 60])
def test_angle_and_length_of_a_linear_motion_are_found(name, length):
    for angle in ANGLES:
        found = measured(moved(photo(name), length, angle))
        assert away(found.angle_deg, angle) <= 2
        assert found.length_px == pytest.approx(length, abs=1)
        assert found.strength > 0.9


@pytest.mark.parametrize("name", [name for name in NAMES if name != "rocket"])
def test_a_short_motion_is_found_too(name):
    for angle in ANGLES:
        found = measured(moved(photo(name), 15, angle))
        assert away(found.angle_deg, angle) <= 10
        assert found.length_px == pytest.approx(15, rel=0.3)
        assert found.strength > 0.7


@pytest.mark.parametrize("name", ["astronaut", "motorcycle"])
def test_a_motion_is_found_through_noise(name):
    for angle in ANGLES:
        found = measured(noisy(moved(photo(name), 30, angle), 3))
        assert away(found.angle_deg, angle) <= 10
        assert found.length_px == pytest.approx(30, rel=0.3)


@pytest.mark.parametrize("name", NAMES)
def test_a_curved_shake_is_found_roughly(name):
    """A bent path leaves no echo; the edges alone must answer."""
    t = np.linspace(-1, 1, 400)
    x, y = 12 * t, 6 * t + 3 * t**2  # mean direction: down to the right, 27 degrees below the x axis
    kernel, _, _ = np.histogram2d(y, x, bins=(np.arange(-15.5, 16), np.arange(-15.5, 16)))
    smear = ndimage.gaussian_filter(kernel, 0.6)
    image = np.stack([ndimage.convolve(c, smear / smear.sum()) for c in np.moveaxis(photo(name) * 1.0, 2, 0)], axis=-1)
    found = measured(np.rint(image).astype(np.uint8))
    assert away(found.angle_deg, 153) < 25
    assert found.strength > 0.35
    assert 8 < found.length_px < 50


@pytest.mark.parametrize("name", NAMES)
def test_strength_grows_with_the_motion(name):
    values = [measured(moved(photo(name), length, 0)).strength for length in (0.1, 8, 15, 30)]
    assert all(after >= before - 0.02 for before, after in pairwise(values)), values
    assert values[-1] > values[0] + 0.5


@pytest.mark.parametrize("name", NAMES)
def test_sharp_photos_and_round_blurs_have_no_direction(name):
    image = photo(name)
    for other in (image, noisy(image, 8), blurred(image, 3), defocused(image, 5), defocused(image, 10)):
        assert measured(other).strength < 0.3


def test_stripes_are_content_and_not_motion():
    stripes = photo("chelsea")
    stripes[:, (np.arange(stripes.shape[1]) // 9) % 2 == 0] //= 3
    assert measured(stripes).strength < 0.5
    assert measured(moved(stripes, 20, 30)).strength > 0.6
    assert away(measured(moved(stripes, 20, 30)).angle_deg, 30) <= 10


@pytest.mark.parametrize("name", ["astronaut", "motorcycle", "camera", "rocket"])
def test_a_repeated_pattern_is_not_an_echo(name):
    height, width = photo(name).shape[:2]
    tile = photo(name)[height // 2 - 50 : height // 2 + 50, width // 2 - 70 : width // 2 + 70]
    assert measured(np.tile(tile, (6, 6, 1))).strength < 0.3


def test_the_angle_counts_counter_clockwise_as_seen():
    image = moved(photo("astronaut"), 20, 30)
    assert away(measured(image).angle_deg, 30) <= 4
    assert away(measured(np.ascontiguousarray(image[:, ::-1])).angle_deg, 150) <= 4
    assert away(measured(np.ascontiguousarray(np.rot90(image))).angle_deg, 120) <= 4


@pytest.mark.parametrize("name", NAMES)
def test_orientation_changes_the_angle_alone(name):
    for image in (photo(name), moved(photo(name), 20, 25)):
        all_of_them = [directional_blur(turned) for turned in dihedral(analysis_luma(image))]
        assert [d.strength for d in all_of_them] == pytest.approx([all_of_them[0].strength] * 8, abs=1e-4)
        assert [d.length_px for d in all_of_them] == pytest.approx([all_of_them[0].length_px] * 8, rel=1e-3)
        angle = all_of_them[0].angle_deg
        for found, expected in zip(all_of_them, [angle, -angle, -angle, angle], strict=False):
            assert away(found.angle_deg, expected) < 0.1 or found.strength < 0.05
        for found, expected in zip(all_of_them[4:], [90 - angle, angle - 90, angle - 90, 90 - angle], strict=True):
            assert away(found.angle_deg, expected) < 0.1 or found.strength < 0.05


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 500), (2000, 30), (9, 4000)])
def test_odd_sizes_give_a_valid_direction(size):
    found = directional_blur(np.random.default_rng(0).uniform(0, 255, size).astype(np.float32))
    assert 0 <= found.strength <= 1
    assert 0 <= found.angle_deg < 180
    assert found.length_px >= 0


def test_a_flat_photo_has_no_direction():
    assert directional_blur(np.full((300, 400), 99, np.float32)) == Direction(0.0, 0.0, 0.0)
