"""iqa.burst with a network: the score first, what is measured where scores hardly differ, and the reason in words."""

import inspect

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import NAMES, blurred, photo

from iqa import burst, cull, damage, frames, quality
from iqa.burst import BurstAnswer
from iqa.estimator import Estimator
from iqa.factors import exposure_factor, factors, tones_factor
from iqa.measures import exposure
from iqa.quality import QualityAnswer
from iqa.resize import reduced

Pixels = NDArray[np.uint8]
EVEN = {"sharpness": 0.8, "good_exposure": 0.8, "low_noise": 0.8}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[float, dict[str, float]]]:
    """Score and factors by the grey level of a flat frame: what the network is made to say of it."""
    answers: dict[int, tuple[float, dict[str, float]]] = {}

    def score(image: Pixels, **_: object) -> QualityAnswer:
        value, changed = answers[int(image[0, 0, 0])]
        return QualityAnswer(value, "Good", None, EVEN | changed, {}, Estimator("quality", "1.0.0", "0" * 64))

    def tones(image: Pixels) -> float:
        return (EVEN | answers[int(image[0, 0, 0])][1])["good_exposure"]

    monkeypatch.setattr(quality, "score", score)
    monkeypatch.setattr(frames, "tones_factor", tones)
    return answers


def ranked(told: dict[int, tuple[float, dict[str, float]]], **frames: tuple[float, dict[str, float]]) -> BurstAnswer:
    """The ranking of flat frames of which that is said."""
    told.update(enumerate(frames.values()))
    return burst.rank([np.full((60, 80, 3), level, np.uint8) for level in range(len(frames))], names=list(frames))


def order(answer: BurstAnswer) -> list[str]:
    return [frame.name for frame in answer.ranking]


def test_the_network_ranks_unless_another_is_named() -> None:
    for function in (burst.rank, cull.choose):
        assert inspect.signature(function).parameters["model"].default == quality.DEFAULT == "quality"
    assert burst.rank([photo("coffee")] * 2).model == quality.estimator("quality")


def test_a_clear_difference_of_score_decides_whatever_is_measured(told: dict) -> None:
    answer = ranked(told, soft=(0.70, {"sharpness": 0.1}), sharp=(0.70 - burst.DECIDES - 0.01, {}))
    assert order(answer) == ["soft", "sharp"]
    assert not answer.too_close
    assert answer.sentence == "Keep soft: 0.11 better in quality than sharp, though it is less sharp."


@pytest.mark.parametrize("factor", ["sharpness", "good_exposure", "low_noise"])
def test_between_close_scores_the_measures_decide_and_are_the_reason(told: dict, factor: str) -> None:
    answer = ranked(told, worse=(0.70, {factor: 0.2}), better=(0.69, {}))
    assert order(answer) == ["better", "worse"]
    assert not answer.too_close
    assert answer.decided_by == (factor,)
    assert burst.REASONS[factor] in answer.sentence
    assert answer.ranking[1].note == burst.NOTES[factor]
    assert -burst.DECIDES < answer.margin < 0
    assert "its quality is about that of worse, but" in answer.sentence


def test_what_the_kept_frame_is_worse_at_is_told_as_well(told: dict) -> None:
    answer = ranked(told, dark=(0.70, {"good_exposure": 0.4}), soft=(0.70, {"sharpness": 0.3}))
    assert order(answer) == ["dark", "soft"]
    assert answer.sentence == (
        "Keep dark: its quality is about that of soft, but it is sharper, though its exposure is worse."
    )
    clear = ranked(told, noisy=(0.90, {"low_noise": 0.3}), calm=(0.70, {}))
    assert clear.sentence == "Keep noisy: 0.20 better in quality than calm, though it is noisier."
    assert set(burst.PRICES) == set(burst.WEIGHTS)


def test_the_strongest_compression_costs_no_more_than_much_lost_light(
    told: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "measured_compression", lambda _: 1.0 if _[0, 0, 0] == 0 else 0.0)
    lost = {"good_exposure": 0.2}
    assert order(ranked(told, blocks=(0.80, {}), burnt=(0.73, lost))) == ["blocks", "burnt"]
    assert order(ranked(told, blocks=(0.80, {}), fine=(0.73, {}))) == ["fine", "blocks"]


def test_the_classical_score_names_an_exposure_that_moves_it() -> None:
    base = (photo("camera") * 0.6).astype(np.uint8)
    answer = burst.rank([base, (base * 0.88).astype(np.uint8)], model="classical", names=["light", "dark"])
    assert answer.decided_by[0] == "good_exposure"
    assert "it is better exposed" in answer.sentence


def test_a_score_that_measures_outweigh_is_told_as_it_is(told: dict) -> None:
    answer = ranked(told, worse=(0.78, {"sharpness": 0.2}), better=(0.70, {}))
    assert answer.sentence.startswith("Keep better: its quality is 0.08 below that of worse, but it is sharper")
    equal = ranked(told, one=(0.78, {"sharpness": 0.4}), other=(0.70, {}))
    assert equal.too_close
    assert "differ by 0.080 of quality, and what is measured makes up for it." in equal.sentence


def test_each_place_is_decided_among_the_frames_near_the_highest_score_left(told: dict) -> None:
    """A chain of scores, each close to the next, does not let the last of it win."""
    step = 0.8 * burst.DECIDES
    soft, softer = {"sharpness": 0.5}, {"sharpness": 0.1}
    answer = ranked(told, a=(0.8, softer), b=(0.8 - step, soft), c=(0.8 - 2 * step, {}))
    assert order(answer) == ["b", "a", "c"]
    assert [frame.rank for frame in answer.ranking] == [1, 2, 3]
    assert answer.ranking[0].margin_to_next == pytest.approx(-step)
    assert answer.ranking[1].margin_to_next == pytest.approx(2 * step)


def test_frames_close_in_score_and_measures_are_too_close_to_call(told: dict) -> None:
    answer = ranked(told, a=(0.700, {}), b=(0.699, {"sharpness": 0.79}))
    assert answer.too_close
    assert answer.decided_by == ()
    assert "Keep the one whose moment you prefer" in answer.sentence
    choices = cull.choices(answer)
    assert all(choice.why.startswith(cull.TOO_CLOSE) for choice in choices)


def test_a_frame_that_cannot_be_told_from_the_best_stands_second(told: dict) -> None:
    near = 0.8 - burst.DECIDES - 0.005
    answer = ranked(told, a=(0.80, {"sharpness": 0.5}), b=(0.79, {"sharpness": 0.5}), c=(near, {}))
    assert order(answer) == ["a", "b", "c"]
    assert answer.too_close
    assert "a and b differ" in answer.sentence


def test_what_the_measures_did_not_decide_is_not_said_of_them(told: dict) -> None:
    answer = ranked(told, a=(0.745, {}), b=(0.70, {"sharpness": 0.81}))
    assert answer.sentence == "Keep a: 0.05 better in quality than b; no single measure says why."
    three = ranked(told, a=(0.70, {}), b=(0.70, {}), c=(0.69, {}))
    assert cull.choices(three)[2].why.startswith("hardly to be told from ")


def test_blocks_count_only_where_no_frame_was_reduced() -> None:
    small, large = photo("coffee"), np.zeros((100, burst.FRAME_SIDE, 3), np.uint8)
    assert "low_compression" in burst.rank([small, small]).best.factors
    assert "low_compression" not in burst.rank([small, np.ascontiguousarray(small[:-4, :-4])]).best.factors
    assert "low_compression" not in burst.rank([large, large]).best.factors


def test_a_frame_saved_coarsely_loses_to_its_original_at_the_same_score(told: dict) -> None:
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.repeat(rng.integers(60, 190, (12, 16), dtype=np.uint8), 8, axis=0), 8, axis=1)
    pictures = [np.ascontiguousarray(np.dstack([grey] * 3)) for grey in (blocks, blurred(blocks, 4.0))]
    for picture, level in zip(pictures, (1, 2), strict=True):
        picture[0, 0, 0] = level
    told.update({1: (0.5, {}), 2: (0.5, {})})
    answer = burst.rank(pictures, names=["coarse", "fine"])
    assert order(answer) == ["fine", "coarse"]
    assert answer.decided_by == ("low_compression",)
    assert answer.ranking[1].note == "more compressed"


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network says one and the same of every frame, with the factors that are measured."""

    def score(image: Pixels, **_: object) -> QualityAnswer:
        return QualityAnswer(0.7, "Good", None, factors(image), {}, Estimator("quality", "1.0.0", "0" * 64))

    monkeypatch.setattr(quality, "score", score)


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize(("name", "damaged"), [("coffee", "overexposure"), ("chelsea", "underexposure")])
def test_of_two_exposures_that_score_alike_the_one_with_more_tones_is_kept(name: str, damaged: str) -> None:
    worse = damage.apply(damaged, photo(name), 0.4, np.random.default_rng(0))
    answer = burst.rank([worse, photo(name)], names=["worse", "better"])
    assert order(answer) == ["better", "worse"]
    assert "good_exposure" in answer.decided_by
    assert "exposure is worse" in answer.ranking[1].note


@pytest.mark.usefixtures("alike")
def test_a_dark_scene_that_is_brightened_until_it_loses_light_is_not_better_exposed() -> None:
    scene = damage.apply("underexposure", photo("coffee"), 0.4, np.random.default_rng(0))
    scene[60:200, 60:240] = photo("coffee")[60:200, 60:240] // 6 + 205  # a window
    bright = damage.apply("overexposure", scene, 0.4, np.random.default_rng(0))
    assert exposure_factor(exposure(bright)) > exposure_factor(exposure(scene))  # by which it was kept before
    assert tones_factor(bright) < tones_factor(scene) - 0.1
    assert "exposure is worse" in burst.rank([bright, scene]).ranking[1].note


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize("saved_at", [45, 60, 85])
def test_frames_that_one_encoder_saved_do_not_differ_by_it_however_exposed(saved_at: int) -> None:
    frames = [photo("astronaut"), damage.apply("overexposure", photo("astronaut"), 0.45, np.random.default_rng(0))]
    saved = [damage.saved(frame, "JPEG", quality=saved_at, subsampling="4:2:0") for frame in frames]
    one, other = (frame.factors["low_compression"] for frame in burst.rank(saved).ranking)
    assert burst.WEIGHTS["low_compression"] * abs(np.log(one / other)) < burst.TOO_CLOSE


@pytest.mark.usefixtures("alike")
def test_of_two_savings_that_score_alike_the_finer_one_is_kept() -> None:
    coarse, fine = (damage.saved(photo("coffee"), "JPEG", quality=quality) for quality in (70, 92))
    answer = burst.rank([coarse, fine], names=["coarse", "fine"])
    assert order(answer) == ["fine", "coarse"]
    assert answer.decided_by == ("low_compression",)


def test_a_loser_that_scores_as_high_is_not_said_to_be_below_the_best(told: dict) -> None:
    why = cull.choices(ranked(told, worse=(0.70, {"sharpness": 0.4}), better=(0.69, {})))[1].why
    assert why == "less sharp: scores as high, but measures worse"


@pytest.mark.parametrize("name", NAMES)
def test_the_sharp_frame_is_kept_and_the_blurred_one_is_called_less_sharp(name: str) -> None:
    answer = burst.rank([blurred(photo(name), 3), photo(name)], names=["soft", "sharp"])
    assert order(answer) == ["sharp", "soft"]
    assert not answer.too_close
    assert {"less sharp", *burst.UNFOCUSED.values()} & set(answer.ranking[1].note.split(", "))


def test_a_frame_scores_in_its_burst_as_it_does_alone() -> None:
    frames = [photo("coffee"), blurred(photo("coffee"), 3)]
    answer = burst.rank(frames)
    assert [frame.score for frame in answer.ranking] == [
        quality.score(frame, explain=False).quality for frame in frames
    ]


def test_frames_are_scored_at_the_size_of_the_smallest() -> None:
    large, small = photo("coffee"), np.ascontiguousarray(photo("coffee")[::2, ::2])
    answer = burst.rank([large, blurred(small, 2)], names=["large", "small"])
    expected = quality.score(reduced(large, max(small.shape)), explain=False).quality
    assert {frame.name: frame.score for frame in answer.ranking}["large"] == pytest.approx(expected, abs=1e-6)
