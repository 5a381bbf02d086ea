"""iqa.lowlight in closed form: dark photos come back, good ones are left alone, and nothing depends on size or side."""

import subprocess
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from photos import NAMES, dihedral, photo
from skimage.metrics import peak_signal_noise_ratio as psnr

from iqa import illumination, lowlight, relight
from iqa.errors import ArgumentError, UnknownNameError
from iqa.lowlight import need
from iqa.srgb import from_linear, to_linear

Pixels = NDArray[np.uint8]
enhance = partial(lowlight.enhance, model="classical")
LIT = ("astronaut", "coffee", "chelsea", "motorcycle", "camera")


def small(name: str) -> Pixels:
    image = photo(name)
    return np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))


def darkened(image: Pixels, stops: float, noise: float = 0.0, seed: int = 0) -> Pixels:
    """The photo with 2 ** stops less light and, if asked, Poisson-Gaussian noise of that variance per unit of light."""
    light = to_linear(image) * 2.0**-stops
    grain = np.random.default_rng(seed).normal(size=light.shape)
    return from_linear((light + grain * np.sqrt(noise * light + noise / 100)).astype(np.float32))


def luma(image: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2GRAY))


def apart(a: Pixels, b: Pixels) -> NDArray[np.int16]:
    return np.abs(a.astype(np.int16) - b)


DARK = darkened(small("coffee"), 3.5)
NIGHT = np.zeros((200, 300, 3), np.uint8)
cv2.circle(NIGHT, (150, 100), 30, (255, 250, 230), -1)


@pytest.mark.parametrize("force", [True, False])
def test_strength_zero_applies_nothing_and_says_so(force: bool) -> None:
    found = enhance(DARK, strength=0.0, force=force)
    assert not found.applied
    assert found.image is DARK
    assert found.mean_luminance_after == found.mean_luminance_before
    assert "strength of 0" in found.need.reason


def test_photo_at_the_target_has_nothing_to_raise_even_when_forced() -> None:
    bright = np.full((60, 80, 3), 200, np.uint8)
    found = enhance(bright, force=True)
    assert not found.applied
    assert found.image is bright
    assert "already as bright as the target; nothing to raise" in found.need.reason


def test_gate_names_the_luminance_below_which_a_photo_is_dark() -> None:
    for level, dark in ((0.9 * lowlight.DARK, True), (1.1 * lowlight.DARK, False)):
        answer = need(np.full((60, 80, 3), round(255 * level), np.uint8))
        assert answer.needed is dark
        assert f"below {lowlight.DARK:.2f}" in answer.reason


def test_result_changes_little_when_strength_changes_little() -> None:
    steps = [enhance(DARK, strength=s).image for s in np.linspace(0, 1, 21)]
    jumps = [apart(a, b).mean() for a, b in pairwise(steps)]
    assert max(jumps) < 8.0  # twenty steps of this photo's 3 stops: mean levels of 255
    near = enhance(DARK, strength=1e-4).image
    assert apart(near, DARK).max() <= 1


@pytest.mark.parametrize("name", LIT)
def test_brightness_rises_with_strength(name: str) -> None:
    dark = darkened(small(name), 4.0)
    means = [enhance(dark, strength=s, force=True).mean_luminance_after for s in np.linspace(0, 1, 9)]
    assert all(a < b for a, b in pairwise(means))


@pytest.mark.parametrize("name", LIT)
def test_gate_leaves_a_lit_photo_alone(name: str) -> None:
    image = small(name)
    found = enhance(image)
    assert not found.applied
    assert not found.need.needed
    assert "does not need" in found.need.reason
    assert found.image is image


@pytest.mark.parametrize("name", LIT)
def test_gate_says_yes_to_a_dark_photo(name: str) -> None:
    found = enhance(darkened(small(name), 4.0))
    assert found.applied
    assert found.need.needed
    assert found.mean_luminance_after > 2 * found.mean_luminance_before
    assert found.mean_luminance_after == pytest.approx(float(luma(found.image).mean()), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_darkness_and_headroom_grow_as_light_falls(name: str) -> None:
    ladder = [need(darkened(small(name), stops)) for stops in range(6)]
    for values in ([n.darkness for n in ladder], [n.headroom for n in ladder]):
        assert values == sorted(values)
        assert values[0] >= 0
        assert values[-1] <= 1
    assert [n.needed for n in ladder] == sorted(n.needed for n in ladder)


def test_lights_in_the_night_are_left_to_the_photographer() -> None:
    answer = need(NIGHT)
    assert answer.darkness > 0.5
    assert not answer.needed
    assert "meant to be dark" in answer.reason
    assert enhance(NIGHT, force=True).applied


@pytest.mark.parametrize("name", LIT)
def test_forced_on_a_lit_photo_it_barely_changes(name: str) -> None:
    image = small(name)
    found = enhance(image, force=True)
    assert found.applied is (found.mean_luminance_after > found.mean_luminance_before)
    assert apart(found.image, image).mean() / 255 < 0.06


@pytest.mark.parametrize("name", LIT)
@pytest.mark.parametrize("stops", [2.0, 3.0, 4.0, 5.0, 6.0])
def test_darkened_photo_comes_back_closer_to_the_original(name: str, stops: float) -> None:
    image = small(name)
    dark = darkened(image, stops)
    assert psnr(image, enhance(dark, force=True).image) > psnr(image, dark) + 1.0


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (17, 31), (255, 257), (40, 1600)])
def test_any_size_works(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 40, (*size, 3), dtype=np.uint8)
    before = image.copy()
    found = enhance(image, force=True)
    assert found.image.shape == image.shape
    assert found.image.dtype == np.uint8
    assert found.mean_luminance_after > found.mean_luminance_before
    assert np.array_equal(image, before)


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_stay_as_they_are(level: int) -> None:
    image = np.full((60, 80, 3), level, np.uint8)
    assert np.array_equal(enhance(image, force=True).image, image)


def test_lights_are_never_clipped_and_keep_their_order() -> None:
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 3, axis=2)
    dark = np.full((600, 256, 3), 40, np.uint8)
    dark[:40] = ramp
    found = enhance(dark, force=True)
    out = found.image[5:20].mean(axis=(0, 2))
    assert found.mean_luminance_after > 2 * found.mean_luminance_before
    assert (np.diff(out) >= 0).all()
    assert (out[:240] < 254).all()


def test_gray_stays_gray() -> None:
    dark = darkened(small("camera"), 4.0)
    out = enhance(dark, force=True).image
    assert np.ptp(out, axis=2).max() <= 1


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_hue_does_not_shift(name: str) -> None:
    dark = darkened(small(name), 3.0)
    before, after = (cv2.cvtColor(x.astype(np.float32) / 255, cv2.COLOR_RGB2HSV) for x in (dark, enhance(dark).image))
    colored = (before[..., 1] > 0.3) & (before[..., 2] > 0.1)
    turn = np.abs((after[..., 0] - before[..., 0] + 180) % 360 - 180)[colored]
    assert colored.mean() > 0.05
    assert np.median(turn) < 3.0
    assert np.percentile(turn, 90) < 12.0


def test_dark_noise_does_not_grow_as_with_the_plain_gain() -> None:
    flat = np.full((200, 200, 3), 120, np.uint8)
    dark = darkened(flat, 4.0, noise=2e-4)
    found = enhance(dark, force=True)
    plain = found.mean_luminance_after / found.mean_luminance_before
    assert luma(found.image).std() < 0.5 * plain * luma(dark).std()


def test_noisy_dark_photo_comes_back_closer_than_without_denoising(monkeypatch: pytest.MonkeyPatch) -> None:
    image = small("astronaut")
    dark = darkened(image, 4.0, noise=2e-4)
    clean = psnr(image, enhance(dark, force=True).image)
    monkeypatch.setattr(relight, "_denoise", lambda raised, factor, sigmas: raised)
    assert clean > psnr(image, enhance(dark, force=True).image) + 0.5


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_noise_estimate_finds_the_noise_that_was_added(sigma: float) -> None:
    noise = np.random.default_rng(3).normal(0, sigma, (300, 300, 1))
    image = np.rint(60 + noise + np.zeros(3)).astype(np.uint8)  # the same in R, G and B: all of it in luma
    found = relight._noise(image)
    assert found[0] * 255 == pytest.approx(np.hypot(sigma, 0.29), rel=0.06)
    assert found[1] == found[2] == relight.LEVEL_SIGMA


def test_no_halo_beside_an_edge_of_light() -> None:
    image = np.full((240, 320, 3), 6, np.uint8)
    image[:, 160:] = 60
    out = enhance(image, force=True).image[120, :, 1].astype(float)
    assert np.abs(out[:150] - np.median(out[:150])).max() <= 0.08 * np.median(out[:150])
    assert np.abs(out[170:] - np.median(out[170:])).max() <= 0.08 * np.median(out[170:])


@pytest.mark.parametrize("rows", [1, 37, 64, 100])
def test_stripes_agree_with_the_whole(rows: int) -> None:
    scene = illumination.illumination(DARK)
    whole = relight.relit(DARK, scene, 8.0, rows_at_once=DARK.shape[0])
    assert apart(relight.relit(DARK, scene, 8.0, rows_at_once=rows), whole).max() <= 1


def test_flips_and_turns_change_nothing() -> None:
    dark = darkened(small("rocket")[:, :-1], 3.0, noise=1e-5)
    expected = dihedral(enhance(dark, force=True).image)
    for turned, wanted in zip(dihedral(dark), expected, strict=True):
        assert apart(enhance(np.asarray(turned, np.uint8), force=True).image, np.asarray(wanted, np.uint8)).max() <= 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_24_megapixels_stay_below_a_gigabyte() -> None:
    code = """
import numpy as np
from iqa.lowlight import enhance
image = np.full((4000, 6000, 3), 20, np.uint8)
assert enhance(image, model="classical").applied
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) * 1024 < 1e9  # not ru_maxrss, which a new process inherits from the one that starts it


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan")])
def test_strength_outside_its_range_is_refused(strength: float) -> None:
    with pytest.raises(ArgumentError, match="strength"):
        enhance(DARK, strength=strength)


@pytest.mark.parametrize("shape", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_rgb_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ArgumentError, match="RGB uint8"):
        need(np.zeros(shape, np.uint8))
    with pytest.raises(ArgumentError, match="RGB uint8"):
        enhance(np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]


def test_unknown_model_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="classical"):
        lowlight.enhance(DARK, model="classicl")


def test_the_answer_names_its_maker() -> None:
    assert enhance(DARK).model == lowlight.CLASSICAL
