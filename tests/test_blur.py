"""iqa.blur in closed form: the four types, an honest "cannot tell", and motion in pixels of the photo given."""

from functools import partial

import numpy as np
import pytest
from photos import photo

from iqa import blur, damage
from iqa.errors import UnknownNameError

PHOTOS = ("astronaut", "coffee", "chelsea", "motorcycle")
judged = partial(blur.classify, model="classical")


def classify(name: str, harm: str, severity: float, seed: int = 1) -> blur.BlurAnswer:
    return judged(damage.apply(harm, photo(name), severity, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", PHOTOS)
def test_probabilities_are_a_distribution_and_the_top_one_is_the_type(name: str) -> None:
    answer = classify(name, "defocus", 0.6)
    assert tuple(answer.probabilities) == blur.BLUR_TYPES
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-9)
    assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[answer.blur_type]


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_in_focus_are_sharp(name: str) -> None:
    assert judged(photo(name)).blur_type == "sharp"


@pytest.mark.parametrize("name", PHOTOS)
def test_strong_defocus_is_whole_frame_defocus(name: str) -> None:
    assert classify(name, "defocus", 0.9).blur_type == "defocused_blurred"


@pytest.mark.parametrize("name", PHOTOS)
def test_strong_motion_is_motion_with_an_angle_and_a_length(name: str) -> None:
    answer = classify(name, "motion", 0.7)
    assert answer.blur_type == "motion_blurred"
    assert answer.motion is not None
    assert 0.0 <= answer.motion.angle_deg < 180.0
    assert answer.motion.length_px > 0.0


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("harm", ["defocus", "motion"])
def test_sharp_gets_less_likely_as_blur_grows(name: str, harm: str) -> None:
    chances = [classify(name, harm, s).probabilities["sharp"] for s in (0.0, 0.3, 0.7)]
    assert chances[0] > chances[1] > chances[2]


def test_motion_length_is_given_in_pixels_of_the_photo() -> None:
    small = damage.apply("motion", photo("coffee"), 0.7, np.random.default_rng(1))
    large = np.ascontiguousarray(small.repeat(4, axis=0).repeat(4, axis=1))
    one, four = judged(small).motion, judged(large).motion
    assert one is not None
    assert four is not None
    assert four.length_px == pytest.approx(4 * one.length_px, rel=0.35)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_photo_without_texture_cannot_be_told(level: int) -> None:
    answer = judged(np.full((120, 160, 3), level, np.uint8))
    assert not answer.certain
    assert "no texture" in answer.reason
    assert np.isnan(answer.sharpness_map).all()


@pytest.mark.parametrize("blur_type", blur.SELECTABLE)
def test_detected_means_the_asked_type_is_the_top_prediction(blur_type: str) -> None:
    answer = classify("coffee", "motion", 0.7)
    found = blur.detect(answer, blur_type)
    assert found.detected == (answer.blur_type == blur_type)
    assert found.confidence == answer.confidence
    assert found.blur_type_probability == answer.probabilities[blur_type]


@pytest.mark.parametrize("asked", ["sharp", "motion", "blurry"])
def test_only_the_three_blur_types_can_be_asked_for(asked: str) -> None:
    with pytest.raises(UnknownNameError, match="defocused_object_portrait"):
        blur.detect(judged(photo("coffee")), asked)


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize("name", ["coffee", "chelsea"])
def test_the_answer_is_the_same_in_all_eight_orientations(name: str, turn: int) -> None:
    """Motion apart, whose angle turns with the photo."""
    image = damage.apply("defocus", photo(name), 0.3, np.random.default_rng(0))
    turned = np.ascontiguousarray(np.rot90(image[:, ::-1] if turn >= 4 else image, turn % 4))
    assert judged(turned).probabilities == pytest.approx(judged(image).probabilities, abs=2e-3)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (300, 2, 3)])
def test_tiny_and_narrow_photos_get_an_answer(shape: tuple[int, int, int]) -> None:
    assert judged(np.full(shape, 128, np.uint8)).blur_type in blur.BLUR_TYPES
