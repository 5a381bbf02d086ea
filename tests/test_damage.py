"""iqa.damage: severity 0 is the photo itself, more severity is further away, nothing depends on chance but the rng."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from iqa import damage, psf
from iqa.errors import ArgumentError, UnknownNameError
from iqa.measures import blockiness
from iqa.srgb import from_linear, to_linear
from tests.photos import NAMES, photo

PHOTO = np.ascontiguousarray(photo("coffee")[::2, ::2])
LADDER = (0.2, 0.4, 0.6, 0.8, 1.0)


def small(name: str) -> np.ndarray:
    image = photo(name)
    return np.asarray(cv2.resize(image, (448, 448 * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA))


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((a.astype(np.float64) - b) ** 2))


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_severity_zero_returns_the_photo_exactly(name: str) -> None:
    out = damage.apply(name, PHOTO, 0.0, np.random.default_rng(0))
    assert np.array_equal(out, PHOTO)
    assert out is not PHOTO


@pytest.mark.parametrize("name", damage.DAMAGES)
@pytest.mark.parametrize("seed", range(3))
def test_distance_to_the_photo_grows_with_severity(name: str, seed: int) -> None:
    steps = [distance(damage.apply(name, PHOTO, s, np.random.default_rng(seed)), PHOTO) for s in LADDER]
    assert steps == sorted(steps)
    assert steps[0] > 0


@pytest.mark.parametrize("name", damage.DAMAGES)
@pytest.mark.parametrize("source", NAMES)
def test_psnr_falls_with_severity_on_every_photo(name: str, source: str) -> None:
    clean = small(source)
    psnr = [cv2.PSNR(damage.apply(name, clean, s, np.random.default_rng(11)), clean) for s in LADDER]
    assert all(after < before for before, after in pairwise(psnr))
    assert psnr[0] < 60


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_the_generator_is_left_alike_by_every_severity(name: str) -> None:
    states = []
    for severity in LADDER:
        rng = np.random.default_rng(3)
        damage.apply(name, PHOTO, severity, rng)
        states.append(rng.bit_generator.state)
    assert all(state == states[0] for state in states)


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_result_is_a_picture_of_the_same_size_and_repeats_with_the_seed(name: str) -> None:
    before = PHOTO.copy()
    first, again = (damage.apply(name, PHOTO, 0.7, np.random.default_rng(5)) for _ in range(2))
    assert first.dtype == np.uint8
    assert first.shape == PHOTO.shape
    assert np.array_equal(first, again)
    assert np.array_equal(PHOTO, before)


@pytest.mark.parametrize("name", damage.DAMAGES)
@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 90, 3), (90, 3, 3)])
def test_tiny_and_narrow_pictures_survive(name: str, shape: tuple[int, int, int]) -> None:
    image = np.full(shape, 90, np.uint8)
    assert damage.apply(name, image, 1.0, np.random.default_rng(0)).shape == shape


@pytest.mark.parametrize("name", ["defocus", "polygon_defocus", "motion", "shake"])
def test_blur_keeps_the_mean_light(name: str) -> None:
    blurred = damage.apply(name, PHOTO, 1.0, np.random.default_rng(1))
    assert to_linear(blurred).mean() == pytest.approx(to_linear(PHOTO).mean(), rel=0.02)


def test_one_stop_of_underexposure_halves_the_light() -> None:
    darker = damage.apply("underexposure", PHOTO, 1.0 / damage.STOPS_UNDER, np.random.default_rng(0))
    assert to_linear(darker).mean() == pytest.approx(to_linear(PHOTO).mean() / 2, rel=0.01)


@pytest.mark.parametrize("level", [60, 128, 188])
@pytest.mark.parametrize("severity", [0.1, 0.3])
def test_noise_variance_follows_poisson_gaussian(level: int, severity: float) -> None:
    gray = np.full((300, 300, 3), level, np.uint8)
    noisy = to_linear(damage.apply("noise", gray, severity, np.random.default_rng(2)))
    light = float(to_linear(gray[:1, :1])[0, 0, 0])
    expected = severity * np.sqrt(damage.SHOT_NOISE * light + damage.READ_NOISE**2)
    assert noisy.std() == pytest.approx(expected, rel=0.02)
    assert noisy.mean() == pytest.approx(light, rel=0.01)


def test_subject_defocus_leaves_the_corners_alone() -> None:
    out = damage.apply("subject_defocus", PHOTO, 1.0, np.random.default_rng(0))
    assert np.array_equal(out[:20, :20], PHOTO[:20, :20])
    assert not np.array_equal(out[90:110, 140:160], PHOTO[90:110, 140:160])


def test_linear_motion_smears_along_its_angle() -> None:
    kernel = psf.line(20.0, 30.0)
    rows, columns = np.nonzero(kernel > kernel.max() / 10)
    angle = np.rad2deg(np.arctan2(-(rows[-1] - rows[0]), columns[-1] - columns[0])) % 180
    assert angle == pytest.approx(30.0, abs=6.0)


@pytest.mark.parametrize(
    "kernel",
    [
        psf.disc(0.0),
        psf.disc(7.3),
        psf.line(31.0, 77.0),
        psf.line(0.0, 0.0),
        psf.shake(23.0, np.random.default_rng(0)),
        psf.polygon(0.0, 5, 0.0),
        psf.polygon(9.4, 3, 12.0),
        psf.polygon(6.6, 8, 100.0),
    ],
)
def test_kernels_have_odd_sides_and_sum_one(kernel: np.ndarray) -> None:
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)


def test_disc_area_is_that_of_a_circle() -> None:
    kernel = psf.disc(10.0)
    assert 1.0 / kernel.max() == pytest.approx(np.pi * 100.0, rel=0.01)


@pytest.mark.parametrize("blades", [3, 5, 6, 9])
def test_polygon_has_the_area_of_its_disc_and_its_center(blades: int) -> None:
    kernel = psf.polygon(10.0, blades, 17.0)
    assert 1.0 / kernel.max() == pytest.approx(np.pi * 100.0, rel=0.01)
    place = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum(axis=0) @ place == pytest.approx(0.0, abs=0.02)
    assert kernel.sum(axis=1) @ place == pytest.approx(0.0, abs=0.02)


def test_polygon_repeats_after_one_blade_and_not_before() -> None:
    start, turned, half = (psf.polygon(12.0, 5, angle) for angle in (0.0, 72.0, 36.0))
    assert np.abs(start - turned).max() < 1e-4
    assert np.abs(start - half).sum() > 0.1


def test_many_blades_make_a_disc() -> None:
    disc, polygon = psf.disc(8.0), psf.polygon(8.0, 60, 0.0)
    reach = min(len(disc), len(polygon)) // 2
    cut = [
        k[len(k) // 2 - reach : len(k) // 2 + reach + 1, len(k) // 2 - reach : len(k) // 2 + reach + 1]
        for k in (disc, polygon)
    ]
    assert np.abs(cut[0] - cut[1]).sum() < 0.01


def test_two_blades_are_no_diaphragm() -> None:
    with pytest.raises(ArgumentError, match="3 or more"):
        psf.polygon(5.0, 2, 0.0)


def test_webp_leaves_no_grid_of_blocks_and_jpeg_does() -> None:
    clean = photo("coffee")
    jpeg, webp = (
        damage.apply(name, clean, 0.9, np.random.default_rng(0)) for name in ("compression", "compression_webp")
    )
    assert blockiness(jpeg) > 0.3
    assert blockiness(webp) < blockiness(jpeg) / 3


def test_a_picture_too_long_for_its_codec_is_refused() -> None:
    long = np.zeros((1, 16_384, 3), np.uint8)
    with pytest.raises(ArgumentError, match="16383 px"):
        damage.apply("compression_webp", long, 0.5, np.random.default_rng(0))


def test_srgb_round_trip_is_exact_on_every_level() -> None:
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(from_linear(to_linear(levels)), levels)


def test_srgb_middle_gray_is_the_published_value() -> None:
    assert float(to_linear(np.array([188], np.uint8))[0]) == pytest.approx(0.50289, abs=1e-5)


def test_unknown_damage_names_the_nearest_and_substitutes_nothing() -> None:
    with pytest.raises(UnknownNameError, match="'motion'"):
        damage.apply("motoin", PHOTO, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_severity_outside_its_range_is_refused(severity: float) -> None:
    with pytest.raises(ArgumentError, match=r"\[0, 1\]"):
        damage.apply("noise", PHOTO, severity, np.random.default_rng(0))
