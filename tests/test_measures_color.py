"""Promises of iqa.measures.color."""

import numpy as np
import pytest
from photos import NAMES, dihedral, photo
from skimage.color import rgb2lab

from iqa.measures import ColorCast, color_cast, colorfulness, correct_cast
from iqa.srgb import from_linear, to_linear

BLUE = (0.65, 1.0, 1.4)
LIGHTS = [(1.5, 1.0, 0.6), BLUE, (0.85, 1.2, 0.85), (1.2, 0.8, 1.2)]
NEUTRAL = ("astronaut", "rocket", "motorcycle", "camera")
"""The other two photos are warm by themselves: a table of wood, a ginger cat."""
COOL = ("astronaut", "camera")


def lit(image, light):
    """The photo under another light, at about the same luminance."""
    gain = np.asarray(light, np.float32) / np.float32(np.dot(light, (0.2126, 0.7152, 0.0722)))
    return from_linear(to_linear(image) * gain)


def lab_of_grey(light):
    """(a, b) of an 18 % grey under a light, by scikit-image."""
    grey = 0.18 * np.asarray(light) / np.dot(light, (0.2126, 0.7152, 0.0722))
    encoded = 1.055 * grey ** (1 / 2.4) - 0.055
    return rgb2lab(encoded.reshape(1, 1, 3))[0, 0, 1:]


@pytest.mark.parametrize(
    ("name", "light"),
    [(n, light) for n in NEUTRAL for light in LIGHTS if light != BLUE or n in COOL],
)
def test_the_cast_of_a_colored_light_is_found(name, light):
    """Blue light on the warm foregrounds of rocket and motorcycle looks neutral: nothing in the pixels tells."""
    cast = color_cast(lit(photo(name), light))
    a, b = lab_of_grey(light)
    assert np.hypot(cast.a - a, cast.b - b) < 0.6 * np.hypot(a, b)
    assert cast.a * a + cast.b * b > 0.9 * np.hypot(a, b) * cast.magnitude * np.cos(np.radians(40))


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_photo_in_neutral_light_has_little_cast(name):
    assert color_cast(photo(name)).magnitude < 5


@pytest.mark.parametrize("name", NEUTRAL)
@pytest.mark.parametrize("light", LIGHTS)
def test_the_cast_grows_with_the_color_of_the_light(name, light):
    values = [color_cast(lit(photo(name), np.asarray(light) ** power)).magnitude for power in (0.5, 1.0, 1.5)]
    assert values == sorted(values)


@pytest.mark.parametrize("name", NAMES)
def test_lab_shift_agrees_with_scikit_image(name):
    cast = color_cast(photo(name))
    assert (cast.a, cast.b) == pytest.approx(tuple(lab_of_grey(cast.illuminant)), abs=0.1)
    assert cast.magnitude == pytest.approx(np.hypot(cast.a, cast.b))
    assert cast.illuminant[1] == 1.0


def test_a_large_colored_object_is_not_a_cast():
    image = photo("camera")
    image[60:400, 60:400] = image[60:400, 60:400] * np.array([1.0, 0.35, 0.2])
    assert color_cast(image).magnitude < 6
    assert np.hypot(*rgb2lab(image).mean(axis=(0, 1))[1:]) > 15  # the mean color alone would call it one


@pytest.mark.parametrize("name", NEUTRAL)
@pytest.mark.parametrize("light", LIGHTS)
def test_the_correction_brings_the_photo_back(name, light):
    image, cast_image = photo(name), lit(photo(name), light)
    corrected = correct_cast(cast_image, color_cast(cast_image))
    assert corrected.dtype == np.uint8
    assert corrected.shape == image.shape
    before, after = (np.abs(x - image.astype(float)).mean() for x in (cast_image, corrected))
    assert after < before


def test_the_correction_of_a_known_light_is_von_kries():
    image = photo("astronaut") // 2 + 20  # nothing clips
    light = (1.3, 1.0, 0.8)
    cast = ColorCast(0.0, 0.0, 0.0, light)
    restored = correct_cast(lit(image, light), cast).astype(float)
    ratio = to_linear(restored.astype(np.uint8)) / to_linear(image)
    assert ratio.reshape(-1, 3).mean(axis=0) == pytest.approx([ratio.mean()] * 3, rel=0.01)


def test_no_cast_leaves_the_photo_as_it_is():
    image = photo("chelsea")
    assert np.array_equal(correct_cast(image, ColorCast(0.0, 0.0, 0.0, (1.0, 1.0, 1.0))), image)


@pytest.mark.parametrize("name", NAMES)
def test_orientation_does_not_change_the_color(name):
    image = photo(name)
    for turned in dihedral(image):
        assert colorfulness(turned) == pytest.approx(colorfulness(image), rel=1e-6)
        assert color_cast(turned).magnitude == pytest.approx(color_cast(image).magnitude, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 3000), (300, 2)])
def test_grey_photos_have_neither_cast_nor_color(level, size):
    image = np.full((*size, 3), level, np.uint8)
    assert color_cast(image) == ColorCast(0.0, 0.0, 0.0, (1.0, 1.0, 1.0))
    assert colorfulness(image) == 0.0


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 3000)])
def test_odd_sizes_give_a_finite_cast(size):
    cast = color_cast(np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8))
    assert np.isfinite([cast.a, cast.b, cast.magnitude, *cast.illuminant]).all()
    assert min(cast.illuminant) > 0


def test_colorfulness_of_red_and_green_agrees_with_the_formula_by_hand():
    """Half red, half green: rg is +-255 (mean 0, sd 255), yb is 127.5 throughout: 255 + 0.3 * 127.5."""
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :, 0] = image[2:, :, 1] = 255
    assert colorfulness(image) == pytest.approx(255 + 0.3 * 127.5)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_colorfulness_falls_as_the_color_is_taken_out(name):
    image = photo(name).astype(float)
    grey = image.mean(axis=2, keepdims=True)
    values = [colorfulness(np.rint(grey + share * (image - grey)).astype(np.uint8)) for share in (1, 0.7, 0.4, 0.1, 0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.5
