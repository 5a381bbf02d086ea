"""iqa.blur by its network, the default: what it says of known blur, and that it cannot tell, what is refused."""

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import NAMES, moved, photo

from iqa import blur, damage, model
from iqa import manifest as manifests
from iqa.errors import ManifestError

Pixels = NDArray[np.uint8]
INSTALLED = model.MODELS / blur.DEFAULT


def harmed(name: str, harm: str, severity: float) -> Pixels:
    return damage.apply(harm, photo(name), severity, np.random.default_rng(1))


def test_the_network_answers_unless_another_is_named() -> None:
    manifest = manifests.read(INSTALLED)
    answer = blur.classify(photo("coffee"))
    assert answer.model.as_dict() == {"name": "blur-type", "version": manifest.version, "sha256": manifest.sha256}
    assert answer.model == blur.estimator()
    assert blur.classify(photo("coffee"), model="classical").model == blur.CLASSICAL == blur.estimator("classical")


@pytest.mark.parametrize("name", NAMES)
def test_photos_in_focus_are_sharp(name: str) -> None:
    answer = blur.classify(photo(name))
    assert answer.blur_type == "sharp"
    assert answer.motion is None
    assert np.isnan(answer.motion_map).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("harm", "expected"), [("defocus", "defocused_blurred"), ("motion", "motion_blurred")])
def test_strong_blur_of_the_frame_is_told(name: str, harm: str, expected: str) -> None:
    answer = blur.classify(harmed(name, harm, 0.9))
    assert answer.blur_type == expected
    assert answer.confidence == max(answer.probabilities.values()) == answer.probabilities[expected]
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", ["noise", "underexposure", "compression"])
def test_what_is_no_blur_stays_sharp(name: str, harm: str) -> None:
    assert blur.classify(harmed(name, harm, 0.4)).blur_type == "sharp"


@pytest.mark.parametrize("name", ["astronaut", "coffee", "motorcycle"])
def test_a_moved_photo_has_an_angle_and_a_map_along_it(name: str) -> None:
    answer = blur.classify(moved(photo(name), 14.0, 30.0))
    assert answer.blur_type == "motion_blurred"
    assert answer.motion is not None
    assert answer.motion.angle_deg == pytest.approx(30.0, abs=10.0)
    assert answer.motion.length_px == pytest.approx(14.0, rel=0.5)
    found = answer.motion_map[np.isfinite(answer.motion_map)]
    assert found.size > 0.05 * answer.motion_map.size
    assert np.median(np.abs((found - 30.0 + 90.0) % 180.0 - 90.0)) < 20.0


def test_a_mirror_image_is_judged_alike() -> None:
    image = harmed("coffee", "motion", 0.5)
    other = blur.classify(np.ascontiguousarray(image[:, ::-1]))
    assert other.probabilities == pytest.approx(blur.classify(image).probabilities, abs=0.02)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_photo_without_texture_cannot_be_told(level: int) -> None:
    answer = blur.classify(np.full((120, 160, 3), level, np.uint8))
    assert not answer.certain
    assert "no texture" in answer.reason


def test_an_answer_below_its_threshold_is_not_certain_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo("chelsea")
    sure = blur.classify(image)
    said = blur._learned(image, blur.DEFAULT)
    high = dict.fromkeys(blur.BLUR_TYPES, sure.confidence + 1e-6)
    monkeypatch.setattr(blur, "_learned", lambda *_: blur._Said(said.chances, high, said.reasons, said.model))
    unsure = blur.classify(image)
    assert (sure.certain, unsure.certain) == (True, False)
    assert unsure.reason.startswith("The evidence is weak")
    assert unsure.probabilities == sure.probabilities


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (300, 2, 3), (2100, 3000, 3)])
def test_any_size_gets_an_answer(shape: tuple[int, int, int]) -> None:
    answer = blur.classify(np.full(shape, 128, np.uint8))
    assert answer.blur_type in blur.BLUR_TYPES
    assert not answer.certain


def test_a_model_of_another_task_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blur, "NETWORKS", ("quality",))
    monkeypatch.setattr(blur, "ESTIMATORS", ("quality", "classical"))
    with pytest.raises(ManifestError, match="one softmax over sharp"):
        blur.classify(photo("coffee"), model="quality")


@pytest.mark.parametrize(("height", "width", "narrow"), [(64, 600, False), (63, 600, True), (200, 4000, True)])
def test_a_strip_narrower_than_what_was_learned_from_is_never_certain(height: int, width: int, narrow: bool) -> None:
    """The last one is shown at 51 x 1024 px."""
    strip = np.resize(photo("coffee"), (height, width, 3))
    answer = blur.classify(strip)
    assert (answer.reason == blur.NARROW) == narrow
    assert not (narrow and answer.certain)
    assert blur.classify(strip, model="classical").reason != blur.NARROW
