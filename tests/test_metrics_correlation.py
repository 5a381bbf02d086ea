"""eval.metrics.correlation: equal to SciPy and to published examples, signed, and undefined rather than zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from eval.metrics import METRICS, clean_pair, krcc, mae, outlier_ratio, percentile_95, plcc, rmse, srcc, why_undefined
from iqa.errors import ArgumentError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)

# C. Zaiontz / Wikipedia, "Spearman's rank correlation coefficient": IQ and hours of television; rho = -29/165.
IQ = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
HOURS = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
# F. J. Anscombe, "Graphs in statistical analysis", 1973, data set I: r = .816.
ANSCOMBE_X = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0]
ANSCOMBE_Y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
CORRELATIONS = (srcc, plcc, krcc)

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two columns with many ties, neither constant."""
    n = draw(st.integers(3, 40))
    column = st.lists(st.integers(-6, 6), min_size=n, max_size=n).filter(lambda values: len(set(values)) > 1)
    return np.array(draw(column), dtype=float), np.array(draw(column), dtype=float)


def brute_tau(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Tau-b from its definition, all pairs."""
    sx, sy = (np.sign(np.subtract.outer(v, v)) for v in (x, y))
    return float((sx * sy).sum() / np.sqrt((sx**2).sum() * (sy**2).sum()))


@STEADY
@given(pairs())
def test_correlations_agree_with_scipy_to_1e_12(pair: Pair) -> None:
    x, y = pair
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert krcc(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


@STEADY
@given(pairs())
def test_correlations_agree_with_their_definitions_on_ties(pair: Pair) -> None:
    x, y = pair
    assert plcc(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert srcc(x, y) == pytest.approx(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1], abs=1e-12)
    assert krcc(x, y) == pytest.approx(brute_tau(x, y), abs=1e-12)


@STEADY
@given(pairs())
@pytest.mark.parametrize("metric", CORRELATIONS)
def test_reversing_the_predictions_reverses_the_sign(metric, pair: Pair) -> None:
    x, y = pair
    assert metric(-x, y) == pytest.approx(-metric(x, y), abs=1e-12)
    assert metric(y, x) == pytest.approx(metric(x, y), abs=1e-12)
    assert -1 <= metric(x, y) <= 1


@STEADY
@given(pairs())
@pytest.mark.parametrize("metric", [srcc, krcc])
def test_rank_correlations_ignore_increasing_maps(metric, pair: Pair) -> None:
    x, y = pair
    assert metric(np.exp(x / 3) + x, y) == pytest.approx(metric(x, y), abs=1e-12)


@STEADY
@given(pairs(), st.floats(0.1, 50), st.floats(-100, 100))
def test_linear_correlation_ignores_linear_maps(pair: Pair, scale: float, shift: float) -> None:
    x, y = pair
    assert plcc(scale * x + shift, y) == pytest.approx(plcc(x, y), abs=1e-9)


def test_published_examples() -> None:
    assert srcc(IQ, HOURS) == pytest.approx(-29 / 165, abs=1e-12)
    assert plcc(ANSCOMBE_X, ANSCOMBE_Y) == pytest.approx(0.816, abs=5e-4)
    # SciPy's manual, kendalltau.
    assert krcc([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) == pytest.approx(-np.sqrt(2) / 3, abs=1e-12)


@pytest.mark.parametrize("metric", CORRELATIONS)
@pytest.mark.parametrize(("pred", "mos"), [([0.5] * 4, [1, 2, 3, 4]), ([1, 2, 3, 4], [3.0] * 4), ([0.0] * 4, [1] * 4)])
def test_a_constant_has_no_correlation_and_a_reason(metric, pred: list[float], mos: list[float]) -> None:
    assert np.isnan(metric(pred, mos))
    assert "constant" in str(why_undefined(pred, mos))


def test_a_spread_below_float64_has_ranks_but_no_linear_correlation() -> None:
    pred = 1e6 + np.array([0.0, 1.0, 2.0]) * 1.2e-10
    assert srcc(pred, [1, 2, 3]) == 1.0
    assert np.isnan(plcc(pred, [1, 2, 3]))
    assert "float64" in str(why_undefined(pred, [1, 2, 3]))
    assert why_undefined([1, 2, 3], [1, 2, 4]) is None


def test_errors_are_in_the_unit_of_the_targets() -> None:
    assert rmse([1, 2, 6], [1, 2, 3]) == pytest.approx(np.sqrt(3), abs=1e-12)
    assert mae([1, 2, 6], [1, 4, 3]) == pytest.approx(5 / 3, abs=1e-12)
    assert rmse([10, 20, 60], [10, 20, 30]) == pytest.approx(10 * rmse([1, 2, 6], [1, 2, 3]), abs=1e-12)


def test_an_outlier_is_further_off_than_twice_its_own_spread() -> None:
    pred, mos = [1.0, 2.0, 3.0, 4.0], [1.0, 2.5, 4.0, 8.0]
    assert outlier_ratio(pred, mos, [0.5] * 4) == 0.25, "an error of exactly the limit is inside"
    assert outlier_ratio(pred, mos, [0.5, 0.1, 0.5, 9.0]) == 0.25
    assert outlier_ratio(pred, mos, [0.5] * 4, multiple=0.9) == 0.75
    with pytest.raises(ArgumentError, match=r"row 1 is -0\.1"):
        outlier_ratio(pred, mos, [0.5, -0.1, 0.5, 0.5])


@pytest.mark.parametrize("metric", CORRELATIONS)
def test_a_shift_by_one_row_is_seen(metric) -> None:
    rng = np.random.default_rng(5)
    mos = rng.uniform(1, 5, 200)
    pred = mos + rng.normal(0, 0.3, 200)
    assert metric(pred, mos) > 0.75
    assert abs(metric(np.roll(pred, 1), mos)) < 0.2


@pytest.mark.parametrize(
    ("pred", "mos", "said"),
    [
        ([1.0, np.nan, 3.0], [1, 2, 3], "predictions hold nan in row 1"),
        ([1.0, 2.0, 3.0], [np.inf, 2, np.nan], "targets hold inf in row 0 and 1 more"),
        ([1, 2, 3, 4], [1, 2, 3], "3 targets for 4 predictions"),
        ([1, 2], [1, 2], "2 rows"),
        ([[1], [2], [3]], [1, 2, 3], r"shape \(3, 1\)"),
        (["1", "2", "3"], [1, 2, 3], "real numbers"),
        ([1, None, 3], [1, 2, 3], "object values"),
        ([1j, 2j, 3j], [1, 2, 3], "complex128"),
    ],
)
def test_bad_columns_are_refused_with_the_row(pred: list[object], mos: list[object], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        clean_pair(pred, mos)
    with pytest.raises(ArgumentError, match=said):
        srcc(pred, mos)


def test_95_percent_of_a_column_do_not_exceed_the_percentile() -> None:
    assert percentile_95(np.arange(101.0)) == 95.0
    assert percentile_95([0.0, 1.0, 2.0]) == pytest.approx(1.9)
    with pytest.raises(ArgumentError):
        percentile_95([0.0, np.nan])


@pytest.mark.parametrize("name", ["srcc", "plcc", "krcc", "rmse", "mae", "plcc_mapped", "rmse_mapped", "pair_accuracy"])
def test_the_table_says_which_way_is_better(name: str) -> None:
    rng = np.random.default_rng(2)
    mos = rng.uniform(1, 5, 80)
    near, far = (mos + rng.normal(0, noise, 80) for noise in (0.1, 2.0))
    metric = METRICS[name]
    good, bad = metric(near, mos), metric(far, mos)
    assert metric.low <= min(good, bad)
    assert max(good, bad) <= metric.high
    assert good > bad if metric.direction == "higher" else good < bad
