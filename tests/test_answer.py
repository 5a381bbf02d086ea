"""iqa.answer: one dictionary per answer, whatever sends it."""

import json
from dataclasses import fields

import numpy as np
import photos
import pytest

from iqa import answer, blur, burst, degradations, evidence, lowlight, quality
from iqa.table import to_json
from tabs import answer as page


@pytest.fixture(scope="module")
def moved() -> blur.BlurAnswer:
    """A photo with motion blur."""
    return blur.classify(photos.moved(photos.photo("coffee"), 30, 30))


def test_the_top_prediction_keeps_its_key_when_a_type_is_asked_for(moved: blur.BlurAnswer) -> None:
    whole = answer.blur(moved)
    for asked in blur.SELECTABLE:
        said = answer.blur(moved, blur.detect(moved, asked))
        assert {key: said[key] for key in whole} == whole
        assert said["asked_type"] == asked
        assert said["detected"] is (said["blur_type"] == asked)
        assert said["blur_type_probability"] == said["probabilities"][asked]
        assert said["confidence"] == max(said["probabilities"].values())


def test_motion_is_an_object_with_units_or_null(moved: blur.BlurAnswer) -> None:
    motion = answer.blur(moved)["motion"]
    assert set(motion) == {"angle_deg", "length_px"}
    assert motion["angle_deg"] == pytest.approx(30, abs=10)
    assert answer.blur(blur.classify(photos.photo("coffee")))["motion"] is None


def test_doubt_and_its_reason_are_told() -> None:
    said = answer.blur(blur.classify(np.full((64, 64, 3), 90, np.uint8)))
    assert said["certain"] is False
    assert "no texture" in said["reason"]


def test_every_number_of_the_evidence_is_told() -> None:
    found = degradations.assess(photos.photo("coffee"), jpeg_quality=80, model="classical")
    said = answer.degradations(found)
    pictures = {"corrected", "sharpness_map", "clipped", "watermark_map"}
    assert set(said["evidence"]) == {field.name for field in fields(evidence.Evidence)} - pictures
    assert said["evidence"]["jpeg_quality"] == 80
    assert [*said][: len(degradations.NAMES)] == list(degradations.NAMES)
    assert said["overall_weights"] == "documented"
    assert said["overall_without"] == ["watermark"]


def test_the_page_and_the_command_line_tell_the_same(moved: blur.BlurAnswer) -> None:
    score = quality.score(photos.photo("coffee"))
    assert page.quality("a.jpg", score) == answer.with_source("a.jpg", score.model, answer.quality(score))
    assert page.blur("a.jpg", moved) == answer.with_source("a.jpg", moved.model, answer.blur(moved))
    dark = lowlight.enhance(photos.photo("coffee") // 8)
    said = page.lowlight("a.jpg", dark, score, score)
    assert {key: said[key] for key in answer.lowlight(dark)} == answer.lowlight(dark)


def test_a_burst_without_two_readable_frames_has_nulls_and_its_failures() -> None:
    ranked = burst.rank([photos.photo("coffee"), photos.blurred(photos.photo("coffee"), 3)], names=["a", "b"])
    said, nothing = answer.burst(ranked), answer.burst(None, [("a.jpg", "It is empty.")])
    assert list(said) == list(nothing)
    assert (said["best"], [frame["file"] for frame in said["ranking"]], said["failed"]) == ("a", ["a", "b"], [])
    assert [nothing[key] for key in ("model", "best", "too_close", "margin", "sentence")] == [None] * 5
    assert nothing["failed"] == [{"file": "a.jpg", "model": None, "error": "It is empty."}]


def test_answers_are_json(moved: blur.BlurAnswer) -> None:
    said = [answer.blur(moved), answer.degradations(degradations.assess(photos.photo("coffee"), model="classical"))]
    assert json.loads(to_json(said)) == said
