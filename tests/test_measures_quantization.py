"""measures.quantized_quality: the JPEG quality that pixels were saved with, by the steps of their coefficients."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from iqa import damage
from iqa.damage import Picture
from iqa.measures import quantized_quality
from tests.photos import NAMES, blurred, photo


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [10, 35, 60, 77, 90, 94])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_the_quality_is_that_of_the_saving(name: str, quality: int, subsampling: str) -> None:
    found = quantized_quality(damage.saved(photo(name), "JPEG", quality=quality, subsampling=subsampling))
    assert found == pytest.approx(quality, abs=1)  # neighbors round to the same low steps


def test_quarter_turns_and_mirror_images_change_nothing() -> None:
    saved = damage.saved(np.ascontiguousarray(photo("coffee")[:-3, :-5]), "JPEG", quality=70, subsampling="4:2:0")
    turned = [np.rot90(saved, turns) for turns in range(4)]
    assert {quantized_quality(np.ascontiguousarray(x)) for one in turned for x in (one, one[:, ::-1])} == {70}


def _noisy(image: Picture) -> Picture:
    return damage.apply("noise", image, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("name", sorted({*NAMES} - {"rocket"}))  # that one went through a JPEG before
def test_of_pixels_that_were_not_saved_so_nothing_is_said(name: str) -> None:
    clean, saved = photo(name), damage.saved(photo(name), "JPEG", quality=50)
    assert quantized_quality(clean) is None
    height, width = clean.shape[:2]
    half = (width // 2, height // 2)
    assert quantized_quality(cv2.resize(saved, half, interpolation=cv2.INTER_AREA)) is None
    for other in (_noisy(saved), damage.saved(_noisy(clean), "WEBP", quality=30)):
        assert quantized_quality(other) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("top", "left"), [(3, 5), (4, 4), (1, 1), (0, 6)])
def test_a_crop_shows_the_same_steps(name: str, top: int, left: int) -> None:
    for quality in (10, 30, 70, 90):
        for sigma in (0.0, 2.0):
            saved = damage.saved(blurred(photo(name), sigma), "JPEG", quality=quality, subsampling="4:2:0")
            assert quantized_quality(saved[top:-3, left:-1]) == pytest.approx(quality, abs=1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sigma", [1.5, 3.0, 8.0])
def test_of_a_soft_photo_another_grid_does_not_tell_another_quality(name: str, sigma: float) -> None:
    """Sides of 300 and 436 px leave 4: half a block is where the pixels of two blocks look like steps of one."""
    for quality in (12, 20, 30, 45, 60):
        saved = damage.saved(blurred(photo(name)[:300, :436], sigma), "JPEG", quality=quality, subsampling="4:2:0")
        assert quantized_quality(saved) in (None, *range(quality - 1, quality + 2))


def test_one_frequency_that_fits_proves_nothing() -> None:
    assert quantized_quality(damage.saved(photo("motorcycle") // 4, "JPEG", quality=50)) is None  # few levels


def test_a_large_photo_is_judged_by_some_of_its_blocks() -> None:
    large = np.tile(photo("coffee"), (6, 5, 1))[:2201, :2903]
    assert quantized_quality(large) is None
    assert quantized_quality(damage.saved(large, "JPEG", quality=66)[1:, 2:]) == 66


@pytest.mark.parametrize(("first", "then", "told"), [(60, 75, 75), (85, 60, 60), (95, 60, 60), (40, 95, 40)])
def test_of_two_savings_the_last_is_told_or_a_very_much_coarser_one(first: int, then: int, told: int) -> None:
    twice = damage.saved(damage.saved(photo("coffee"), "JPEG", quality=first), "JPEG", quality=then)
    assert quantized_quality(twice) == pytest.approx(told, abs=1)


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea", "rocket"])
@pytest.mark.parametrize("severity", [0.35, 0.65])
def test_clipped_channels_do_not_hide_it(name: str, severity: float) -> None:
    bright = damage.apply("overexposure", photo(name), severity, np.random.default_rng(0))
    for quality in (85, 60, 30):
        found = quantized_quality(damage.saved(bright, "JPEG", quality=quality, subsampling="4:2:0"))
        assert found == pytest.approx(quality, abs=1)


def test_another_table_is_told_by_its_scale() -> None:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    tables = [[12] * 64, [12] * 64]  # flat, as no standard one
    Image.fromarray(photo("coffee")).save(buffer, "JPEG", qtables=tables, subsampling=2)
    found = quantized_quality(np.asarray(Image.open(buffer).convert("RGB")))
    assert found is not None
    assert 45 <= found <= 75  # at quality 50 the low steps are 10 to 24


def _drawn() -> dict[str, NDArray[np.float64]]:
    down, across = np.mgrid[0:400, 0:600].astype(float)
    return {
        "stripes on a gradient": 60 + down / 4 + 40 * (across // 2 % 2),
        "checker on a gradient": 60 + down / 4 + 40 * ((down // 4 + across // 4) % 2),
        "ramps": 20 + across % 200,
        "one ramp": across / 3 + 10,
        "dither on a ramp": 40 + across / 4 + 10 * ((down // 2 + across // 2) % 2),
        "a photo in 64 levels": (photo("camera")[..., 0] // 4 * 4).astype(float),
    }


@pytest.mark.parametrize("name", _drawn())
def test_of_drawings_with_many_levels_nothing_is_said(name: str) -> None:
    assert quantized_quality(np.repeat(_drawn()[name].astype(np.uint8)[..., None], 3, axis=2)) is None


@pytest.mark.parametrize("cell", [1, 2, 4, 8, 16])
def test_of_drawn_patterns_and_flat_pictures_nothing_is_said(cell: int) -> None:
    board = np.kron(np.indices((160 // cell, 240 // cell)).sum(axis=0) % 2, np.ones((cell, cell)))
    levels = (60 + 100 * board).astype(np.uint8)
    assert quantized_quality(np.repeat(levels[..., None], 3, axis=2)) is None
    dots = np.kron(np.random.default_rng(cell).integers(0, 2, (160 // cell, 240 // cell)), np.ones((cell, cell)))
    assert quantized_quality(np.repeat((60 + 100 * dots)[..., None], 3, axis=2).astype(np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (7, 500), (20, 20)])
def test_of_very_small_pictures_nothing_is_said(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert quantized_quality(noise) is None
    assert quantized_quality(np.full((*shape, 3), 128, np.uint8)) is None
