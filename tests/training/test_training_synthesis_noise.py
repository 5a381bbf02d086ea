"""The noise of a damaged photo: measured as the benchmark does, left by what follows, and never a new one."""

from functools import partial

import numpy as np
import pytest

from iqa import damage
from iqa.measures import analysis_luma, noise_sigma
from tests.photos import photo
from training import marks
from training.synthesis import Step, developed, grain

PHOTO = np.ascontiguousarray(photo("astronaut")[:256, 80:400])
GREY = np.full((256, 256, 3), 128, np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sigma(*steps: Step, image: np.ndarray = PHOTO) -> float:
    return developed(image, steps, rng())[1]


def test_noise_alone_is_the_difference_from_the_photo_as_the_benchmark_takes_it() -> None:
    picture, found = developed(PHOTO, [Step("noise", "noise", 0.5)], rng())
    assert np.array_equal(picture, damage.apply("noise", PHOTO, 0.5, rng()))
    assert found == pytest.approx((analysis_luma(picture) - analysis_luma(PHOTO)).std(dtype=np.float64), abs=1e-9)


def test_it_is_what_the_closed_form_finds_where_it_can_see_it() -> None:
    picture, found = developed(GREY, [Step("noise", "noise", 0.5)], rng())
    assert found == pytest.approx(noise_sigma(analysis_luma(picture)), rel=0.1)


@pytest.mark.parametrize("name", ["noise", "grain"])
def test_it_grows_with_the_severity(name: str) -> None:
    found = [sigma(Step("noise", name, severity)) for severity in (0.1, 0.3, 0.6, 1.0)]
    assert found == sorted(set(found))
    assert 0.25 < found[0] < found[-1] < 40


def test_no_other_damage_counts_as_noise_and_a_codec_takes_noise_away() -> None:
    others = [Step("blurriness", "defocus", 0.5), Step("exposure", "underexposure", 0.5)]
    later = [Step("watermark", "watermark", 0.8), Step("compression", "compression", 0.6)]
    assert sigma(*others, *later) == 0.0
    noise = Step("noise", "noise", 0.2)
    assert sigma(noise, later[1], image=GREY) < 0.8 * sigma(noise, image=GREY)
    assert sigma(noise, later[0]) == pytest.approx(sigma(noise), rel=0.3), "the mark itself is no noise"


def test_what_follows_is_drawn_as_if_nobody_had_measured() -> None:
    steps = [Step("noise", "noise", 0.3), Step("watermark", "watermark", 0.7), Step("compression", "compression", 0.2)]
    one, image = rng(), PHOTO
    for step in steps:
        apply = marks.watermark if step.damage == "watermark" else partial(damage.apply, step.damage)
        image = apply(image, step.severity, one)
    assert np.array_equal(developed(PHOTO, steps, rng())[0], image)


def test_grain_is_coarser_than_noise_from_pixel_to_pixel() -> None:
    def neighbors(image: np.ndarray) -> float:
        luma = analysis_luma(image)
        return float(np.corrcoef(luma[:, 1:].ravel(), luma[:, :-1].ravel())[0, 1])

    assert abs(neighbors(damage.apply("noise", GREY, 0.5, rng()))) < 0.05
    assert np.mean([neighbors(grain(GREY, 1.0, rng(seed))) for seed in range(8)]) > 0.4
    assert np.array_equal(grain(GREY, 1.0, rng(3)), grain(GREY, 1.0, rng(3)))
    assert np.abs(grain(PHOTO, 0.0, rng()).astype(int) - PHOTO).max() <= 1
