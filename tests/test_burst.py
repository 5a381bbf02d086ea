"""iqa.burst: the undamaged frame first, whatever the order of the upload."""

from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from photos import photo

from iqa import burst, damage, quality
from iqa.errors import ArgumentError, UnknownNameError
from iqa.resize import reduced

Pixels = NDArray[np.uint8]
rank = partial(burst.rank, model="classical")
"""For what is said of the classical estimator, or of any."""


HARMS = {
    "defocus": 0.3,
    "motion": 0.4,
    "shake": 0.4,
    "noise": 0.5,
    "underexposure": 0.5,
    "overexposure": 0.5,
}
"""Not compression: the classical score has no factor for it."""


def frames(name: str = "coffee") -> dict[str, Pixels]:
    rng = np.random.default_rng(3)
    harmed = {harm: damage.apply(harm, photo(name), severity, rng) for harm, severity in HARMS.items()}
    return {"clean": photo(name), **harmed}


@pytest.mark.parametrize("name", ["astronaut", "camera", "chelsea", "coffee", "motorcycle"])
def test_the_undamaged_frame_is_best(name: str) -> None:
    made = frames(name)
    answer = rank(list(made.values()), names=list(made))
    assert answer.best.name == "clean"
    assert not answer.too_close
    assert "clean" in answer.sentence


@pytest.mark.parametrize("name", ["astronaut", "camera", "chelsea", "coffee", "motorcycle"])
@pytest.mark.parametrize("severity", [0.3, 0.5, 0.7, 1.0])
def test_too_much_light_never_wins_against_the_right_exposure(name: str, severity: float) -> None:
    """Not for the night photo: it gains by more light."""
    washed = damage.apply("overexposure", photo(name), severity, np.random.default_rng(0))
    answer = rank([washed, photo(name)], names=["washed out", "right"])
    assert answer.too_close or answer.best.name == "right"


@pytest.mark.parametrize("side", [1, 64, 160])
def test_a_thumbnail_among_the_frames_is_last_and_changes_nothing_else(side: int) -> None:
    sharp = np.ascontiguousarray(photo("coffee").repeat(2, axis=0).repeat(2, axis=1))
    soft = damage.apply("defocus", sharp, 0.6, np.random.default_rng(0))
    thumbnail = reduced(sharp, side)
    without = rank([soft, sharp], names=["soft", "sharp"])
    answer = rank([thumbnail, soft, sharp], names=["thumbnail", "soft", "sharp"])
    assert [frame.name for frame in answer.ranking] == ["sharp", "soft", "thumbnail"]
    assert answer.margin == without.margin
    assert answer.ranking[-1].note == "too small to compare"
    assert answer.ranking[-1].score <= answer.ranking[1].score
    alone = rank([thumbnail, sharp], names=["thumbnail", "sharp"])
    assert alone.best.name == "sharp"
    assert not alone.too_close
    assert "too small" in alone.sentence


@pytest.mark.parametrize(("seed", "model"), [(0, "quality"), *((seed, "classical") for seed in range(4))])
def test_the_order_of_the_upload_changes_nothing(seed: int, model: str) -> None:
    made = frames()
    first = burst.rank(list(made.values()), names=list(made), model=model)
    order = np.random.default_rng(seed).permutation(len(made))
    names = [list(made)[i] for i in order]
    again = burst.rank([made[name] for name in names], names=names, model=model)
    assert [(f.name, f.rank, f.score, f.margin_to_next, f.note) for f in again.ranking] == [
        (f.name, f.rank, f.score, f.margin_to_next, f.note) for f in first.ranking
    ]
    assert again.sentence == first.sentence
    assert [names[f.index] for f in again.ranking] == [f.name for f in again.ranking]


def test_ranks_scores_and_margins_fit_together() -> None:
    made = frames()
    answer = rank(list(made.values()))
    scores = [frame.score for frame in answer.ranking]
    assert scores == sorted(scores, reverse=True)
    assert [frame.rank for frame in answer.ranking] == list(range(1, len(made) + 1))
    for frame, following in zip(answer.ranking, answer.ranking[1:], strict=False):
        assert frame.margin_to_next == pytest.approx(frame.score - following.score, abs=1e-12)
    assert answer.ranking[-1].margin_to_next is None
    assert answer.ranking[0].note == ""


def test_the_classical_score_gives_no_reason_that_it_does_not_count() -> None:
    good = photo("coffee")
    coded = cv2.imencode(".jpg", damage.apply("underexposure", good, 0.8, np.random.default_rng(0)), [1, 5])[1]
    answer = burst.rank([good, cv2.imdecode(coded, 1)], model="classical")
    assert "good_exposure" in answer.decided_by
    assert set(answer.decided_by) <= set(quality.WEIGHTS)


@pytest.mark.parametrize("model", quality.ESTIMATORS)
def test_equal_frames_are_too_close_to_call(model: str) -> None:
    answer = burst.rank([photo("coffee"), photo("coffee").copy()], names=["b", "a"], model=model)
    assert answer.too_close
    assert answer.margin == 0.0
    assert [frame.name for frame in answer.ranking] == ["a", "b"]
    assert "Too close to call" in answer.sentence


def test_the_note_names_what_is_weaker() -> None:
    made = frames()
    notes = {frame.name: frame.note for frame in rank(list(made.values()), names=list(made)).ranking}
    assert "less sharp" in notes["defocus"]
    assert "noisier" in notes["noise"]
    assert "exposure is worse" in notes["underexposure"]


def test_frames_of_other_size_and_orientation_are_accepted() -> None:
    clean = photo("coffee")
    turned = np.ascontiguousarray(np.rot90(damage.apply("defocus", clean, 0.5, np.random.default_rng(0))))
    small = np.ascontiguousarray(damage.apply("motion", clean, 0.8, np.random.default_rng(0))[::2, ::2])
    answer = rank([turned, small, clean], names=["turned", "small", "clean"])
    assert answer.best.name == "clean"


def test_progress_counts_every_frame_once() -> None:
    seen: list[tuple[int, int]] = []
    rank([photo("coffee")] * 3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("count", [0, 1, 51])
def test_too_few_and_too_many_frames_are_refused(count: int) -> None:
    with pytest.raises(ArgumentError, match=f"2 to 50 frames; {count} came"):
        rank([np.zeros((8, 8, 3), np.uint8)] * count)


def test_names_must_match_the_frames() -> None:
    with pytest.raises(ArgumentError, match="2 frames came with 1 names"):
        rank([photo("coffee")] * 2, names=["only"])


def test_an_unknown_estimator_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="classical"):
        burst.rank([photo("coffee")] * 2, model="koniq")
