"""Promises of iqa.measures.compression."""

import io

import numpy as np
import pytest
import skimage.data
from photos import NAMES, blurred, dihedral, noisy, photo
from PIL import Image

from iqa.measures import blockiness


def jpeg(image, quality, **options):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality, **options)
    return np.asarray(Image.open(stream))


@pytest.mark.parametrize("name", NAMES)
def test_blocks_grow_as_the_quality_falls(name):
    values = [blockiness(jpeg(photo(name), quality)) for quality in (90, 80, 70, 50, 30, 20, 10)]
    assert values == sorted(values)
    assert values[-1] > 0.7
    assert values[0] < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_never_compressed_has_no_blocks(name):
    for image in (photo(name), noisy(photo(name), 10), blurred(photo(name), 3)):
        assert blockiness(image) < 0.03


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "text"])
def test_texture_and_text_have_no_blocks(name):
    assert blockiness(np.repeat(getattr(skimage.data, name)()[..., None], 3, axis=2)) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_quality_98_is_as_good_as_none(name):
    assert blockiness(jpeg(photo(name), 98)) == pytest.approx(blockiness(photo(name)), abs=0.02)


def test_blocks_of_a_known_step_read_by_the_formula():
    """8x8 blocks that differ by 8 at every border, flat inside: 8 / 0.5 in each direction, on average over rows."""
    rows, columns = np.indices((64, 64)) // 8
    checker = 100 + 8 * ((rows + columns) % 2)
    image = np.repeat(checker[..., None], 3, axis=2).astype(np.uint8)
    assert blockiness(image) == pytest.approx(8 / 0.5, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_crop_keeps_the_blocks(name):
    image = jpeg(photo(name), 25)
    for top, left in ((1, 0), (3, 5), (7, 7)):
        assert blockiness(image[top:, left:]) == pytest.approx(blockiness(image), rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_orientation_does_not_change_the_blocks(name):
    image = jpeg(photo(name), 40)
    assert [blockiness(turned) for turned in dihedral(image)] == pytest.approx([blockiness(image)] * 8, rel=1e-5)


def test_stripes_of_the_same_period_in_one_direction_are_not_blocks():
    image = photo("astronaut")
    image[:, ::8] //= 2
    assert blockiness(image) < 0.1


def test_a_large_photo_is_judged_by_its_center():
    image = jpeg(np.tile(photo("coffee"), (5, 4, 1)), 30)
    middle = image[(2000 - 1536) // 2 :, (2400 - 1536) // 2 :][:1536, :1536]
    assert blockiness(image) == pytest.approx(blockiness(middle), rel=1e-6)


def test_grey_files_and_fine_chroma_read_alike():
    image = photo("camera")
    values = [blockiness(jpeg(image, 30, subsampling=mode)) for mode in (0, 2)]
    assert values[0] == pytest.approx(values[1], rel=0.05)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 3000), (24, 24), (25, 25), (4000, 20)])
def test_odd_sizes_give_a_finite_value(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert 0 <= blockiness(image) < 1


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_photo_has_no_blocks(level):
    assert blockiness(np.full((100, 120, 3), level, np.uint8)) == pytest.approx(0.0, abs=1e-6)
