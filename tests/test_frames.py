"""iqa.frames: what two more networks say of the frames of a burst, and what the ranking makes of it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import blurred, photo

from iqa import answer, blur, burst, degradations, frames, networks, quality
from iqa.errors import ModelError
from iqa.estimator import Estimator
from iqa.frames import LEAST_SIDE, LEFT, seen
from iqa.quality import QualityAnswer

Pixels = NDArray[np.uint8]
MEASURED = {"sharpness": 0.8, "good_exposure": 0.8, "low_noise": 0.8}
SIDE = LEAST_SIDE + 10


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, float]]:
    """By the grey level of a flat frame what the networks are made to say: types of blur and severities.

    All frames score the same.
    """
    said: dict[int, dict[str, float]] = {}

    def chances(image: Pixels, *_: object) -> dict[str, float]:
        given = said[int(image[0, 0, 0])]
        return {name: given.get(name, 0.9 if name == "sharp" else 0.0) for name in blur.BLUR_TYPES}

    def severities(copies: list[Pixels], *_: object) -> list[dict[str, float]]:
        return [{name: said[int(one[0, 0, 0])].get(name, 0.0) for name in degradations.NAMES} for one in copies]

    scored = QualityAnswer(0.7, "Good", None, MEASURED, {}, Estimator("quality", "1.0.0", "0" * 64))
    monkeypatch.setattr(quality, "score", lambda *_, **__: scored)
    monkeypatch.setattr(frames, "tones_factor", lambda _: 0.8)
    monkeypatch.setattr(blur, "predict", chances)
    monkeypatch.setattr(degradations, "predict", severities)
    return said


def flat(level: int, height: int = SIDE, width: int = SIDE + 20) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def of(told: dict[int, dict[str, float]], **said: dict[str, float]) -> burst.BurstAnswer:
    """The ranking of flat frames that score alike, of which the networks say that."""
    told.update(enumerate(said.values()))
    return burst.rank([flat(level) for level in range(len(said))], names=list(said))


@pytest.mark.parametrize(("factor", "fault"), [("low_noise", "noise"), ("low_compression", "compression")])
def test_a_degradation_takes_its_share_of_a_factor_and_leaves_a_tenth(told: dict, factor: str, fault: str) -> None:
    told.update({0: {}, 1: {fault: 0.25}, 2: {fault: 1.0}})
    clean, some, most = (one.factors for one in seen([flat(level) for level in range(3)], [False] * 3, "quality"))
    assert some[factor] == pytest.approx(0.75 * clean[factor])
    assert most[factor] == pytest.approx(LEFT * clean[factor])
    assert {name for name in clean if clean[name] != some[name]} == {factor}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("defocused_object_portrait", "subject out of focus"),
        ("defocused_blurred", "out of focus"),
        ("motion_blurred", "moved"),
    ],
)
def test_of_frames_that_score_alike_the_one_in_focus_is_kept(told: dict, kind: str, word: str) -> None:
    found = of(told, soft={"sharp": 0.05, kind: 0.9}, sharp={})
    assert [frame.name for frame in found.ranking] == ["sharp", "soft"]
    assert found.decided_by == ("in_focus",)
    assert burst.REASONS["in_focus"] in found.sentence
    assert found.ranking[1].note == word
    assert found.ranking[0].factors["in_focus"] == 0.9


def test_a_frame_out_of_focus_is_not_called_less_sharp_as_well() -> None:
    found = burst.rank([blurred(photo("chelsea"), 4), photo("chelsea")])
    assert {"sharpness", "in_focus"} <= set(found.decided_by)
    assert found.ranking[1].note.startswith(tuple(burst.UNFOCUSED.values()))
    assert "less sharp" not in found.ranking[1].note
    assert "it is sharper" in found.sentence


def test_several_reasons_are_listed_as_in_a_sentence(told: dict) -> None:
    found = of(told, worse={"sharp": 0.2, "noise": 0.5, "compression": 0.5}, better={})
    reasons = [burst.REASONS[name] for name in found.decided_by]
    assert len(reasons) == 3
    assert found.sentence.endswith(f"but {reasons[0]}, {reasons[1]} and {reasons[2]}.")


def test_a_focus_that_is_only_less_certain_is_not_called_wrong(told: dict) -> None:
    found = of(told, sure={"sharp": 1.0}, unsure={"sharp": 0.501, "motion_blurred": 0.4})
    assert (found.best.name, found.ranking[1].note) == ("sure", "")
    assert of(told, sure={"sharp": 0.96}, unsure={"sharp": 0.95}).too_close


def test_of_frames_that_are_all_soft_none_is_called_in_focus(told: dict) -> None:
    found = of(told, softer={"sharp": 0.008, "defocused_blurred": 0.9}, soft={"sharp": 0.02, "defocused_blurred": 0.9})
    assert found.best.name == "soft"
    assert found.sentence.endswith(f"but {burst.SOFT_TOO}.")
    assert found.ranking[1].note == "out of focus"


def test_blocks_are_not_read_off_a_copy_that_has_lost_them(told: dict) -> None:
    told.update({0: {"compression": 0.9}})
    large = [flat(0, 900, 1000)] * 2
    assert seen(large, [False] * 2, "quality")[0].factors["low_compression"] == pytest.approx(1.0, abs=1e-3)
    small = [flat(0)] * 2
    assert seen(small, [False] * 2, "quality")[0].factors["low_compression"] == pytest.approx(LEFT, abs=1e-3)


def test_a_measure_of_blocks_does_not_count_where_a_network_sees_them(told: dict) -> None:
    told.update({0: {}})
    cells = np.random.default_rng(0).integers(60, 190, (24, 30), dtype=np.uint8)
    blocks = np.ascontiguousarray(np.dstack([np.kron(cells, np.ones((8, 8), np.uint8))] * 3))
    blocks[0, 0] = 0  # what `told` is asked by
    for picture, expected in (
        (blocks, 1.0),
        (np.ascontiguousarray(blocks[:100]), LEFT),
    ):  # the smaller is not looked at
        assert seen([picture] * 2, [False] * 2, "quality")[0].factors["low_compression"] == pytest.approx(expected)


def test_a_noisy_frame_is_called_so(told: dict) -> None:
    found = of(told, noisy={"noise": 0.5}, clean={})
    assert found.best.name == "clean"
    assert found.ranking[1].note == burst.NOTES["low_noise"]


def test_who_was_asked_beside_the_score_is_told(told: dict) -> None:
    found = of(told, a={}, b={"noise": 0.9})
    assert found.beside == (blur.estimator(), degradations.estimator())
    assert answer.burst(found)["beside"] == [one.as_dict() for one in found.beside]


def test_frames_too_small_for_the_networks_are_ranked_without_them(told: dict) -> None:
    told.update({0: {}, 1: {}})
    narrow = [flat(level, height=LEAST_SIDE - 1) for level in range(2)]
    found = burst.rank(narrow)
    assert found.beside == ()
    assert all("in_focus" not in frame.factors for frame in found.ranking)
    assert answer.burst(found)["beside"] == []


def test_a_thumbnail_beside_the_frames_is_not_looked_at(told: dict) -> None:
    told.update({0: {}, 1: {}, 2: {}})
    found = burst.rank([flat(0), flat(1), flat(2, 40, 40)])
    assert ["in_focus" in frame.factors for frame in found.ranking] == [True, True, False]
    assert found.ranking[-1].note == burst.TOO_SMALL


def test_the_classical_score_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a network was asked")

    for module in (blur, degradations):
        monkeypatch.setattr(module, "predict", refuse)
    found = burst.rank([photo("coffee"), blurred(photo("coffee"), 3)], model="classical")
    assert found.beside == ()
    assert frames.witnesses("classical") == ()


def test_a_network_that_is_not_here_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> object:
        if name == "blur-type":
            raise ModelError("not here")
        return loaded(name)

    loaded = networks.network
    monkeypatch.setattr(blur, "network", load)
    with pytest.raises(ModelError, match="not here"):
        burst.estimator()
    assert burst.estimator("classical") == quality.estimator("classical")


def test_the_published_networks_tell_a_sharp_frame_from_an_unsharp_one() -> None:
    sharp, soft = seen([photo("chelsea"), blurred(photo("chelsea"), 4)], [False, False], "quality")
    assert sharp.factors["in_focus"] > 2 * soft.factors["in_focus"]
    assert set(sharp.factors) == set(burst.WEIGHTS)
