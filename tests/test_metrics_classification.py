"""eval.metrics.classification and calibration: worked examples, bounds, and unknown instead of zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval.metrics import (
    accuracy,
    auc,
    balanced_accuracy,
    brier,
    confusion_matrix,
    expected_calibration_error,
    false_alarm_rate,
    macro_f1,
    per_class,
    reliability,
    wilson,
)
from iqa.errors import ArgumentError, UnknownNameError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)

LABELS = ("bad", "normal", "good")
# scikit-learn's manual, classification_report: three classes, five rows.
TRUE, PRED = [0, 1, 2, 2, 2], [0, 0, 2, 2, 1]


def test_the_confusion_matrix_has_the_truth_in_its_rows() -> None:
    matrix = confusion_matrix(["bad", "good", "good", "good"], ["bad", "good", "bad", "normal"], LABELS)
    assert matrix.tolist() == [[1, 0, 0], [0, 0, 0], [1, 1, 1]]
    with pytest.raises(UnknownNameError, match="Did you mean 'good'"):
        confusion_matrix(["god"], ["good"], LABELS)
    with pytest.raises(ArgumentError, match="1 true and 2 predicted"):
        confusion_matrix(["bad"], ["bad", "bad"], LABELS)
    with pytest.raises(ArgumentError, match="hold one twice"):
        confusion_matrix([0], [0], [0, 1, 0])


def test_per_class_figures_equal_the_published_report() -> None:
    zero, one, two = per_class(confusion_matrix(TRUE, PRED, [0, 1, 2]), ["class 0", "class 1", "class 2"])
    assert (zero.precision, zero.recall, round(zero.f1, 2), zero.support) == (0.5, 1.0, 0.67, 1)
    assert (one.precision, one.recall, one.f1, one.support) == (0.0, 0.0, 0.0, 1)
    assert (two.precision, round(two.recall, 2), two.f1, two.support) == (1.0, 0.67, 0.8, 3)
    assert two.recall_interval == wilson(2, 3)
    assert two.precision_interval == wilson(2, 2)


def test_averages_equal_the_published_examples() -> None:
    # scikit-learn's manual: f1_score(average="macro") and balanced_accuracy_score.
    assert macro_f1(confusion_matrix([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], range(3))) == pytest.approx(4 / 15)
    assert balanced_accuracy(confusion_matrix([0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1], range(2))) == 0.625
    assert accuracy(confusion_matrix(TRUE, PRED, range(3))).rate == 0.6


def test_absent_classes_do_not_count_and_are_not_zero() -> None:
    matrix = confusion_matrix(["bad", "good"], ["bad", "good"], LABELS)
    assert (macro_f1(matrix), balanced_accuracy(matrix)) == (1.0, 1.0)
    absent = per_class(matrix, LABELS)[1]
    assert np.isnan([absent.precision, absent.recall, absent.f1]).all()
    said_only = confusion_matrix(["bad", "bad"], ["bad", "normal"], LABELS)
    assert macro_f1(said_only) == pytest.approx((2 / 3 + 0) / 2), "a class that is only predicted costs F1"
    assert balanced_accuracy(said_only) == 0.5


@STEADY
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_class_figures_are_bounded_and_ignore_the_names(rows: list[tuple[int, int]]) -> None:
    true, pred = zip(*rows, strict=True)
    matrix = confusion_matrix(true, pred, [0, 1, 2])
    renamed = confusion_matrix(true, pred, [2, 0, 1])
    assert matrix.sum() == len(rows)
    for figure in (macro_f1, balanced_accuracy):
        assert 0 <= figure(matrix) <= 1
        assert figure(renamed) == pytest.approx(figure(matrix))
    perfect = confusion_matrix(true, true, [0, 1, 2])
    assert (macro_f1(perfect), balanced_accuracy(perfect), accuracy(perfect).rate) == (1.0, 1.0, 1.0)


def test_false_alarms_are_counted_among_the_clear_only() -> None:
    matrix = confusion_matrix(["good"] * 50 + ["bad"] * 9, ["good"] * 48 + ["bad", "normal"] + ["good"] * 9, LABELS)
    found = false_alarm_rate(matrix, LABELS, "good")
    assert (found.rate, found.count, found.total) == (0.04, 2, 50)
    assert found.interval == wilson(2, 50)
    assert np.isnan(false_alarm_rate(matrix, LABELS, "normal").rate)
    with pytest.raises(UnknownNameError, match="sharp"):
        false_alarm_rate(matrix, LABELS, "sharp")


def test_auc_of_the_published_example_and_its_mirror() -> None:
    # scikit-learn's manual, roc_auc_score.
    assert auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]) == 0.75
    assert auc([-0.1, -0.4, -0.35, -0.8], [0, 0, 1, 1]) == 0.25
    assert auc([1, 1, 1, 1], [0, 1, 1, 0]) == 0.5
    assert np.isnan(auc([1, 2, 3], [1, 1, 1]))
    with pytest.raises(ArgumentError, match="hold 2 in row 1"):
        auc([1, 2, 3], [1, 2, 0])


@STEADY
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=3, max_size=40))
def test_auc_is_the_mann_whitney_statistic(rows: list[tuple[int, int]]) -> None:
    score, positive = np.array(rows, dtype=float).T
    ones, zeros = score[positive == 1], score[positive == 0]
    if len(ones) and len(zeros):
        expected = stats.mannwhitneyu(ones, zeros).statistic / (len(ones) * len(zeros))
        assert auc(score, positive) == pytest.approx(expected, abs=1e-12)
    else:
        assert np.isnan(auc(score, positive))


def test_calibration_of_a_hand_counted_case() -> None:
    # Two bins: (.2, .4; half right) and (.8, .8, .9; two of three right). Gaps .2 and 1/6, weights 2/5 and 3/5.
    confidence, correct = [0.2, 0.4, 0.8, 0.8, 0.9], [0, 1, 1, 1, 0]
    low, high = reliability(confidence, correct, bins=2)
    assert (low.n, low.confidence, low.accuracy) == (2, pytest.approx(0.3), 0.5)
    assert (high.n, high.confidence, high.accuracy) == (3, pytest.approx(2.5 / 3), pytest.approx(2 / 3))
    assert high.interval == wilson(2, 3)
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx(0.4 * 0.2 + 0.6 / 6)


def test_the_bins_hold_their_upper_edge_and_zero_is_in_the_first() -> None:
    table = reliability([0.0, 0.5, 1.0], [0, 1, 1], bins=2)
    assert [row.n for row in table] == [2, 1]
    assert [row.n for row in reliability([0.0, 0.5, 1.0], [0, 1, 1])] == [1] + [0] * 6 + [1] + [0] * 6 + [1]
    assert np.isnan(reliability([0.9, 0.9, 0.9], [1, 1, 1])[0].accuracy)


@STEADY
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=3, max_size=60), st.booleans())
def test_every_case_is_in_one_bin_and_the_order_does_not_matter(rows: list[tuple[int, int]], adaptive: bool) -> None:
    confidence, correct = np.array(rows, dtype=float).T
    confidence = confidence / 20
    table = reliability(confidence, correct, adaptive=adaptive)
    assert sum(row.n for row in table) == len(rows)
    error = expected_calibration_error(confidence, correct, adaptive=adaptive)
    assert 0 <= error <= 1
    assert error == pytest.approx(expected_calibration_error(confidence[::-1], correct[::-1], adaptive=adaptive))
    assert error >= abs(confidence.mean() - correct.mean()) - 1e-12


def test_adaptive_bins_hold_equal_numbers() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.beta(8, 2, 600)
    table = reliability(confidence, rng.random(600) < confidence, adaptive=True)
    assert len(table) == 15
    assert {row.n for row in table} <= {39, 40, 41}


def test_honest_confidence_has_a_small_error_and_a_boast_a_large_one() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.5, 1.0, 20_000)
    right = rng.random(20_000) < confidence
    assert expected_calibration_error(confidence, right) < 0.015
    assert expected_calibration_error(np.full(20_000, 0.99), right) == pytest.approx(0.24, abs=0.02)


def test_brier_of_the_published_example_and_its_ends() -> None:
    # scikit-learn's manual, brier_score_loss: 0.0375 for one class of two, hence twice that for both.
    p = np.array([0.1, 0.9, 0.8, 0.3])
    assert brier(np.stack([1 - p, p], axis=1), [0, 1, 1, 0]) == pytest.approx(0.075)
    assert brier(np.eye(3), [0, 1, 2]) == 0.0
    assert brier(np.eye(3), [1, 2, 0]) == 2.0
    assert brier(np.full((5, 4), 0.25), [0, 1, 2, 3, 0]) == 0.75


@pytest.mark.parametrize(
    ("probabilities", "true", "said"),
    [
        ([[0.5, 0.6]], [0], "row 0"),
        ([[1.2, -0.2]], [0], "row 0"),
        ([[np.nan, 1.0]], [0], "row 0"),
        ([[0.5, 0.5]], [2], "0 to 1"),
        ([[0.5, 0.5]], [0.0], "whole numbers"),
        ([0.5, 0.5], [0, 1], "shape"),
        ([[0.5, 0.5]], [0, 1], "2 true classes"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities: list[object], true: list[float], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        brier(probabilities, true)


def test_what_is_no_confidence_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"span \[0.5, 80\]"):
        reliability([0.5, 80, 0.7], [1, 0, 1])
    with pytest.raises(ArgumentError, match=r"outcomes hold 0\.5"):
        reliability([0.5, 0.8, 0.7], [1, 0.5, 1])
    with pytest.raises(ArgumentError, match="0 bins"):
        reliability([0.5, 0.8, 0.7], [1, 0, 1], bins=0)
