"""eval.metrics.bursts: hits and regret counted by hand; a constant is chance; people are judged like models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import burst_picks
from iqa.errors import ArgumentError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)

# Two bursts of four and three frames; the best frames are a2 and b0.
SERIES = ["a"] * 4 + ["b"] * 3
VALUE = [1.0, 2.0, 6.0, 3.0, 5.0, 1.0, 0.0]
PRED = [0.1, 0.9, 0.8, 0.2, 0.7, 0.3, 0.1]


def test_hits_and_regret_of_a_hand_counted_case() -> None:
    found = burst_picks(PRED, VALUE, SERIES)
    assert (found.model.top1, found.model.top2, found.model.top3) == (0.5, 1.0, 1.0)
    assert found.model.regret == (4.0 + 0.0) / 2, "a1 was picked for a2"
    assert found.random.top1 == pytest.approx((1 / 4 + 1 / 3) / 2)
    assert found.random.top2 == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert found.random.top3 == pytest.approx((3 / 4 + 1) / 2)
    assert found.random.regret == pytest.approx((6 - 3 + 5 - 2) / 2)
    assert (found.series, found.frames, found.skipped, found.human) == (2, 7, 0, None)
    assert (found.names, found.hits) == (("a", "b"), (0.0, 1.0))


@STEADY
@given(
    st.lists(st.integers(0, 3), min_size=7, max_size=7).filter(lambda v: len(set(v[:4])) > 1 and len(set(v[4:])) > 1)
)
def test_a_constant_scores_exactly_as_chance(value: list[int]) -> None:
    found = burst_picks([0.5] * 7, value, SERIES)
    assert found.model == found.random
    assert found.random.top1 <= found.random.top2 <= found.random.top3 <= 1


def test_equal_predictions_are_drawn_from() -> None:
    # The best frame is one of two that share the highest prediction, and of three that share the second place.
    tied = burst_picks([9, 9, 1, 0], [0, 1, 0, 0], ["a"] * 4)
    assert (tied.model.top1, tied.model.top2, tied.model.regret) == (0.5, 1.0, 0.5)
    second = burst_picks([9, 5, 5, 5], [0, 0, 0, 1], ["a"] * 4)
    assert (second.model.top1, second.model.top2) == (0.0, pytest.approx(1 / 3))
    assert second.model.top3 == pytest.approx(2 / 3)


def test_any_of_several_best_frames_is_a_hit() -> None:
    assert burst_picks([1, 2, 3], [4, 0, 4], ["a"] * 3).model.top1 == 1.0
    assert burst_picks([1, 3, 2], [4, 0, 4], ["a"] * 3).model.top1 == 0.0


def test_series_without_a_choice_are_counted_not_scored() -> None:
    found = burst_picks([1, 2, 3, 4, 5], [1, 1, 7, 0, 1], ["same", "same", "single", "two", "two"])
    assert (found.series, found.skipped, found.frames) == (1, 2, 2)
    assert found.model.top1 == 1.0
    assert np.isnan(burst_picks([1, 2, 3], [1, 1, 1], ["a"] * 3).model.top1)


def test_the_human_row_is_one_voter_against_the_others() -> None:
    # Votes 3, 1, 1: a voter for the first leaves 2, 1, 1 and agrees; one for another leaves 3, 0, 1 and does not.
    votes = [3, 1, 1]
    human = burst_picks([1, 2, 3], votes, ["a"] * 3, votes=votes).human
    assert human is not None
    assert human.top1 == pytest.approx(3 / 5)
    assert human.regret == pytest.approx(3 - (9 + 1 + 1) / 5)
    assert np.isnan(human.top2)
    # Votes 1, 1: the other voter always names the other frame.
    pair = burst_picks([1, 2, 3], [1, 1, 0], ["a"] * 3, votes=[1, 1, 0]).human
    assert pair is not None
    assert pair.top1 == 0.0
    assert burst_picks([1, 2, 3], [1, 0, 0], ["a"] * 3, votes=[1, 0, 0]).human is None, "one voter has no others"


def test_reversed_predictions_pick_the_worst() -> None:
    rng = np.random.default_rng(1)
    series = np.repeat(np.arange(60), 5)
    value = rng.normal(size=300)
    pred = value + 0.3 * rng.normal(size=300)
    right, wrong = burst_picks(pred, value, series), burst_picks(-pred, value, series)
    assert right.model.top1 > 0.6 > right.random.top1 > 0.15 > wrong.model.top1
    assert right.model.regret < right.random.regret < wrong.model.regret
    shifted = burst_picks(np.roll(pred, 1), value, series)
    assert shifted.model.top1 < 0.4


def test_bad_columns_are_refused() -> None:
    with pytest.raises(ArgumentError, match="2 series names for 3 frames"):
        burst_picks([1, 2, 3], [1, 2, 3], ["a", "a"])
    with pytest.raises(ArgumentError, match=r"row 1 are 0\.5"):
        burst_picks([1, 2, 3], [1, 2, 3], ["a"] * 3, votes=[1, 0.5, 2])
    with pytest.raises(ArgumentError, match="values hold nan"):
        burst_picks([1, 2, 3], [1, np.nan, 3], ["a"] * 3)
