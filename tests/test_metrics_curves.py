"""eval.metrics.curves: ladders and risk-coverage, counted by hand and bounded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import ladder, risk_coverage
from iqa.errors import ArgumentError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)


def test_a_ladder_of_a_hand_counted_case() -> None:
    found = ladder([[0.9, 0.7, 0.7, 0.3], [0.8, 0.82, 0.5, 0.6]], margin=0.05)
    assert found.not_rising == 4 / 6
    assert (found.rises, found.steps, found.ladders) == (1, 6, 2)
    assert found.monotone == 0.5
    assert found.drop == pytest.approx((0.6 + 0.2) / 2)
    assert ladder([[0.9, 0.7, 0.7, 0.3], [0.8, 0.82, 0.5, 0.6]]).rises == 2


@STEADY
@given(st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=1, max_size=6))
def test_reversing_a_ladder_turns_falls_into_rises(rows: list[list[float]]) -> None:
    up, down = ladder(rows), ladder(-np.array(rows))
    assert down.drop == pytest.approx(-up.drop)
    assert up.rises + round(up.not_rising * up.steps) == up.steps
    assert ladder(np.sort(rows, axis=1)[:, ::-1]).monotone == 1.0


@pytest.mark.parametrize(
    ("scores", "said"),
    [([1, 2, 3], "shape"), ([[1], [2]], "2 levels"), ([[1, 2], [np.nan, 3]], "Ladder 1 holds nan at level 0")],
)
def test_bad_ladders_are_refused(scores: list[object], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        ladder(scores)
    with pytest.raises(ArgumentError, match="margin"):
        ladder([[1, 2]], margin=-0.1)


def test_risk_coverage_of_a_hand_counted_case() -> None:
    # Sure to unsure: right, wrong, right, wrong; risks 0, 1/2, 1/3, 1/2. At best: 0, 0, 1/3, 1/2.
    found = risk_coverage([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1])
    np.testing.assert_allclose(found.risk, [0, 1 / 2, 1 / 3, 1 / 2])
    np.testing.assert_allclose(found.coverage, [0.25, 0.5, 0.75, 1.0])
    assert found.aurc == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.best == pytest.approx((1 / 3 + 1 / 2) / 4)
    assert found.excess == pytest.approx(1 / 8)


def test_a_constant_confidence_has_the_overall_risk_everywhere() -> None:
    found = risk_coverage([0.5] * 8, [1, 0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_allclose(found.risk, 0.25)


@STEADY
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1)), min_size=3, max_size=40))
def test_the_area_is_bounded_by_the_best_and_worst_order_and_ignores_the_order_of_rows(
    rows: list[tuple[int, int]],
) -> None:
    sure, loss = np.array(rows, dtype=float).T
    found = risk_coverage(sure, loss)
    worst = risk_coverage(loss, loss)
    assert found.best - 1e-12 <= found.aurc <= worst.aurc + 1e-12
    assert found.risk[-1] == pytest.approx(loss.mean())
    backwards = risk_coverage(sure[::-1], loss[::-1])
    np.testing.assert_allclose(backwards.risk, found.risk, atol=1e-12)
    assert risk_coverage(-loss, loss).excess == pytest.approx(0.0, abs=1e-12)
