"""iqa.degradations by a network, a stand-in: one pass at analysis scale, and what is said beside it."""

import json
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from photos import noisy, photo
from PIL import Image

import api
from eval import benchmarks
from iqa import answer, degradations, evidence, jpeg_looks
from iqa import model as models
from iqa.__main__ import main
from iqa.degradations import NAMES, Formula
from iqa.errors import ArgumentError, ManifestError, UnknownNameError
from iqa.evidence import STANDS_FOR
from iqa.measures import analysis_luma, grain_sigma
from iqa.model import Model
from tabs import degradations as tab
from tabs.upload import Photo
from tests import toy_degradations as stand_in
from tests import toy_models as toys

Pixels = NDArray[np.uint8]
COFFEE = photo("coffee")
NAME = degradations.NETWORKS[0]
assess = partial(degradations.assess, model=NAME)


@pytest.fixture(autouse=True)
def network(toy: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in in the place of the published network, and a ladder as if it had been fitted for it."""
    monkeypatch.setattr(degradations, "network", lambda name: {"degradations": toy}[name])
    monkeypatch.setitem(jpeg_looks.LADDERS, str(toy.estimator), [(0.1, 80), (1.0, 10)])


@pytest.fixture
def rated(monkeypatch: pytest.MonkeyPatch, toy: Model) -> Formula:
    """Weights as if they had been fitted for the stand-in."""
    weights = dict(zip(NAMES, (0.1, 0.4, 0.0, 0.2, 0.3, 0.5), strict=True))
    monkeypatch.setitem(degradations.RATED_WEIGHTS, str(toy.estimator), Formula(0.7, weights))
    return degradations.RATED_WEIGHTS[str(toy.estimator)]


def as_png(picture: Pixels) -> bytes:
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_network_answers_unless_the_closed_form_is_named(toy: Model) -> None:
    assert degradations.ESTIMATORS == ("degradations", "classical")
    assert degradations.ESTIMATORS[0] == degradations.DEFAULT
    assert degradations.assess(COFFEE).model == assess(COFFEE).model == degradations.estimator() == toy.estimator
    assert degradations.assess(COFFEE, model="classical").model == degradations.CLASSICAL


def test_all_six_severities_are_those_of_the_network() -> None:
    found, said = assess(COFFEE), stand_in.severities_of(COFFEE)
    assert found.severities == pytest.approx({name: said[name] for name in NAMES}, abs=1e-5)
    assert found.overall == degradations.overall(found.severities)
    assert (found.overall_weights, found.overall_without) == ("documented", ())


def test_the_rest_of_the_evidence_is_measured() -> None:
    found, classical = assess(COFFEE).evidence, assess(COFFEE, model="classical").evidence
    for name in ("illuminant", "cast_delta_e", "edge_width_px", "clipped_shadows", "mean_luminance", "blockiness"):
        assert getattr(found, name) == getattr(classical, name)
    assert found.noise_sigma != classical.noise_sigma
    assert (classical.jpeg_quality_estimated, found.watermark_box, found.watermark_map) == (None, None, None)


def textured(level: float) -> Pixels:
    """A picture with texture, of which the stand-in says that level (of 1) of compression."""
    scene = np.full((180, 270, 3), round(255 * level), np.uint8)
    scene[40:80, 60:120] += np.random.default_rng(0).integers(0, 2, (40, 60, 1), dtype=np.uint8) * 30
    return scene


def test_of_an_icon_neither_marks_nor_grain_nor_blocks_are_told() -> None:
    least = degradations.LEARNED_LEAST
    for height, told in ((least, True), (least - 1, False)):
        found = assess(np.resize(COFFEE, (height, 2 * least, 3)))
        unknown = {name for name, value in found.severities.items() if value is None}
        assert unknown == (set() if told else {"watermark", "noise", "compression"})


def test_sigma_is_half_the_network_and_half_what_flat_places_show() -> None:
    """In logarithms: the network knows texture from noise, flat places the noise of cameras."""
    said, shown = stand_in.severities_of(COFFEE)["noise_sigma"], grain_sigma(analysis_luma(COFFEE))
    assert assess(COFFEE).evidence.noise_sigma == pytest.approx((said * shown) ** 0.5, rel=1e-4)
    assert shown != pytest.approx(said, rel=0.1)


def test_strong_grain_of_which_a_network_says_too_little_is_severe_all_the_same() -> None:
    grain = noisy(COFFEE, 50.0)
    found, measured = assess(grain), assess(grain, model="classical")
    said = stand_in.severities_of(grain)
    assert said["noise_sigma"] < found.evidence.noise_sigma
    assert said["noise"] < found.severities["noise"] == measured.severities["noise"] == 1.0


def test_without_anything_that_counts_there_is_no_overall() -> None:
    assert assess(np.zeros((180, 240, 3), np.uint8)).overall is None
    assert assess(np.full((180, 240, 3), 128, np.uint8)).overall is not None


def test_a_number_without_its_severity_is_null() -> None:
    black = answer.degradations(assess(np.zeros((180, 240, 3), np.uint8)))["evidence"]
    assert [black[name] for name in STANDS_FOR] == [None] * len(STANDS_FOR)
    icon = answer.degradations(assess(np.ascontiguousarray(COFFEE[:120])))["evidence"]
    assert [name for name in STANDS_FOR if icon[name] is None] == ["noise_sigma"]
    plain, found = answer.degradations(assess(COFFEE))["evidence"], assess(COFFEE).evidence
    assert {name: plain[name] for name in STANDS_FOR} == {name: getattr(found, name) for name in STANDS_FOR}


@pytest.mark.parametrize(("level", "quality"), [(0.1, 80), (0.55, 45), (0.9, 18)])
def test_the_estimated_jpeg_quality_is_the_ladder_read_backwards(level: float, quality: int) -> None:
    found = assess(textured(level))
    assert found.severities["compression"] == pytest.approx(level, abs=0.02)
    assert found.evidence.jpeg_quality_estimated == pytest.approx(quality, abs=2)
    enlarged = cv2.resize(textured(level), (1200, 800), interpolation=cv2.INTER_NEAREST)
    close = stand_in.severities_of(degradations.middle(enlarged))["compression"]
    assert assess(enlarged).evidence.jpeg_quality_estimated == jpeg_looks.read(close, [(0.1, 80), (1.0, 10)])
    assert assess(textured(0.05), jpeg_quality=12).evidence.jpeg_quality_estimated is None  # too little to say


@pytest.mark.parametrize(
    ("level", "unknown"),
    [
        (0, {"color_cast", "blurriness", "watermark", "noise", "compression"}),
        (128, {"blurriness", "watermark", "compression"}),
        (255, {"color_cast", "blurriness", "watermark", "noise", "compression"}),
    ],
)
def test_of_a_picture_without_content_is_told_what_can_be(level: int, unknown: set[str]) -> None:
    found = assess(np.full((180, 240, 3), level, np.uint8))
    assert {name for name, value in found.severities.items() if value is None} == unknown
    assert set(found.overall_without) == unknown & set(degradations.WEIGHTS)
    assert found.evidence.jpeg_quality_estimated is None


def test_a_network_of_other_labels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = models.load_model(toys.write_model(tmp_path, toys.luminance()))
    monkeypatch.setattr(degradations, "network", lambda _: other)
    for ask in (partial(degradations.estimator, NAME), partial(assess, COFFEE)):
        with pytest.raises(ManifestError, match=r"found the outputs quality; accepted: color_cast, .*, noise_sigma"):
            ask()


def test_rated_weights_count_all_that_was_fitted_and_stay_in_range(rated: Formula) -> None:
    found = assess(COFFEE, weights="rated")
    lost = sum(rated.weights[name] * (found.severities[name] or 0) for name in NAMES)
    assert found.overall == pytest.approx(0.7 - lost)
    assert found.overall_weights == "rated"
    assert degradations.overall(dict.fromkeys(NAMES, 1.0), rated) == 0.0
    assert assess(np.full((180, 240, 3), 128, np.uint8), weights="rated").overall_without == (
        "blurriness",
        "compression",
    )  # a watermark counts for nothing in these weights


def test_more_of_any_degradation_never_raises_the_overall(rated: Formula) -> None:
    rng = np.random.default_rng(0)
    for rule in (degradations.DOCUMENTED, rated):
        for name in NAMES:
            less = dict(zip(NAMES, rng.random(6).tolist(), strict=True))
            more = less | {name: 1.0}
            assert degradations.overall(more, rule) <= degradations.overall(less, rule)


def test_weights_that_were_not_fitted_or_do_not_exist_are_refused() -> None:
    with pytest.raises(ArgumentError, match=f"No weights were fitted to people's ratings for {degradations.CLASSICAL}"):
        assess(COFFEE, weights="rated", model="classical")
    with pytest.raises(UnknownNameError, match="documented"):
        assess(COFFEE, weights="fitted")


def test_every_fitted_row_is_monotone_and_names_all_severities() -> None:
    for by, rule in degradations.RATED_WEIGHTS.items():
        assert set(rule.weights) == set(NAMES), by
        assert min(rule.weights.values()) >= 0
        assert 0 <= rule.intercept <= 1


@pytest.mark.parametrize("model", degradations.ESTIMATORS)
def test_benchmarks_name_the_estimator_that_answers(model: str) -> None:
    assert benchmarks.get("damage").estimator(model) == degradations.estimator(model)
    assert benchmarks.get("noise").estimator(model) == degradations.estimator(model)
    assert model in benchmarks.get("noise").models()


def test_command_line_and_api_tell_what_iqa_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rated: Formula
) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(textured(0.5)).save(path, quality=97)  # its mean green is .51
    call = ["degradations", str(path), "--model", NAME]
    assert main([*call, "--json"]) == 0
    (typed,) = json.loads(capsys.readouterr().out)
    with TestClient(api.create()) as client:
        sent = client.post("/api/v1/degradations/assess", files={"file": (path.name, path.read_bytes())}).json()
    assert {**typed, "file": ""} == {**sent, "file": ""}
    assert (typed["evidence"]["jpeg_quality"], typed["evidence"]["jpeg_quality_estimated"]) == (97, 49)
    assert (typed["overall_weights"], typed["evidence"]["watermark_box"]) == ("documented", None)
    assert main([*call, "--json", "--weights", "rated"]) == 0
    (fitted,) = json.loads(capsys.readouterr().out)
    assert fitted["overall_weights"] == "rated"
    assert fitted["overall"] == pytest.approx(degradations.overall(typed, rated))
    assert main([*call, "--csv", str(tmp_path / "a.csv")]) == 0
    head, row = (line.split(",") for line in (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines())
    told = dict(zip(head, row, strict=True))
    assert (told["jpeg_quality"], told["jpeg_quality_estimated"], told["overall_weights"]) == ("97", "49", "documented")
    assert told["overall_without"] == " ".join(typed["overall_without"])
    assert [float(told[f"illuminant_{name}"]) for name in "rgb"] == typed["evidence"]["illuminant"]


def test_weights_that_were_not_fitted_are_said_before_any_photo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["degradations", str(tmp_path / "none.jpg"), "--weights", "rated", "--model", "classical"]) == 2
    assert "No weights were fitted" in capsys.readouterr().err


def test_the_tab_shows_no_number_of_what_a_black_frame_cannot_tell(tmp_path: Path) -> None:
    path = tmp_path / "black.png"
    Image.fromarray(np.zeros((180, 240, 3), np.uint8)).save(path)
    *_, facts = tab.judge(Photo(path, path.name))
    assert facts.count("cannot tell") >= len(STANDS_FOR)
    assert not any(unit in facts for unit in (" ΔE", " grey levels"))


def test_the_tab_shows_the_estimated_quality_beside_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(textured(0.5)).save(path, quality=97)
    numbers, _, severities, *_, mark, facts = tab.judge(Photo(path, path.name))
    assert numbers["evidence"]["jpeg_quality_estimated"] == 49
    assert "49 of 100" in facts
    assert "97 of 100" in facts
    assert "Overall of color cast, blurriness, watermark and noise: " in severities
    assert "cannot tell" not in severities
    assert mark.visible is False


def test_previews_mark_with_the_colors_of_the_evidence() -> None:
    image = np.full((100, 100, 3), 120, np.uint8)
    image[:50, :50] = 0
    assert tuple(assess(image).evidence.clipped[25, 25]) == evidence.SHADOW_MARK
