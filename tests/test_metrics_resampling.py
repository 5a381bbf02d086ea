"""eval.metrics.resampling: exact on every resample, as SciPy's bootstrap, with the coverage it claims."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from eval.metrics import (
    bonett_wright_srcc,
    bootstrap,
    bootstrap_all,
    correlation,
    fieller_krcc,
    fisher_plcc,
    krcc,
    mean,
    over_splits,
    paired_bootstrap,
    plcc,
    rmse,
    srcc,
)
from eval.metrics.weighted import WEIGHTED
from iqa.errors import ArgumentError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)

TWO_COLUMNS = [metric for metric in WEIGHTED if metric is not correlation.mean]


def correlated(n: int, seed: int, noise: float = 0.6) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, x + noise * rng.normal(size=n)


@STEADY
@given(st.integers(3, 40), st.integers(1, 8), st.integers(0, 10_000))
@pytest.mark.parametrize("metric", TWO_COLUMNS)
def test_counting_rows_equals_repeating_them_to_1e_12(metric, n: int, values: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, values, (2, n)) * 1.0
    counts = rng.integers(0, 3, (n, 5)) * 1.0
    counts[:3, :] += 1  # three rows at least, which the metric asks for
    fast = WEIGHTED[metric](x, y)(counts)
    for column, value in zip(counts.T, fast, strict=True):
        rows = np.repeat(np.arange(n), column.astype(int))
        assert value == pytest.approx(metric(x[rows], y[rows]), abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("metric", [srcc, plcc, krcc])
def test_a_resample_of_one_value_has_no_correlation_even_by_rounding(metric) -> None:
    x, y = correlated(60, 12)
    one_row_each = np.diag(np.tile([3.0, 7.0, 60.0], 20))
    assert np.isnan(WEIGHTED[metric](x, y)(one_row_each)).all()


def test_the_fast_way_and_the_plain_way_give_the_same_interval() -> None:
    x, y = correlated(30, 1)
    for metric in TWO_COLUMNS:
        fast = bootstrap(metric, [x, y], n=200, seed=3)
        plain = bootstrap(lambda a, b, metric=metric: metric(a, b), [x, y], n=200, seed=3)
        assert (fast.low, fast.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


@pytest.mark.parametrize("metric", [plcc, krcc, rmse])
def test_the_interval_is_that_of_scipy(metric) -> None:
    x, y = correlated(40, 2)
    ours = bootstrap(metric, [x, y], n=4000, seed=1)
    theirs = stats.bootstrap(
        (x, y),
        metric,
        paired=True,
        vectorized=False,
        n_resamples=1000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.12 * width)


def test_bootstrap_and_closed_forms_agree_within_005_at_2000_rows() -> None:
    x, y = correlated(2000, 3)
    found = bootstrap_all({"plcc": plcc, "srcc": srcc, "krcc": krcc}, [x, y], seed=0)
    closed = {
        "plcc": fisher_plcc(plcc(x, y), 2000),
        "srcc": bonett_wright_srcc(srcc(x, y), 2000),
        "krcc": fieller_krcc(krcc(x, y), 2000),
    }
    for name, interval in found.items():
        assert (interval.low, interval.high) == pytest.approx((closed[name].low, closed[name].high), abs=0.005), name
        assert (interval.resamples, interval.n, interval.undefined) == (10_000, 2000, 0)


def test_ten_thousand_grouped_resamples_take_seconds() -> None:
    x, y = correlated(2000, 11)
    start = process_time()
    found = bootstrap_all(
        {"srcc": srcc, "plcc": plcc, "krcc": krcc, "rmse": rmse},
        [x.round(1), y.round(1)],
        np.arange(2000) // 25,
        seed=0,
    )
    assert process_time() - start < 30, "2 s where nothing else runs; one call per resample would take minutes"
    assert {(interval.n, interval.resamples) for interval in found.values()} == {(80, 10_000)}


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rho, held = 1 / np.sqrt(1.36), 0
    for seed in range(300):
        x, y = correlated(80, seed)
        held += rho in bootstrap(plcc, [x, y], n=400, seed=seed)
    assert 0.90 <= held / 300 <= 0.98


def test_rows_of_a_group_are_no_independent_rows() -> None:
    by_group = by_row = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scene = np.repeat(np.arange(40), 8)
        loss = rng.normal(size=40)[scene] + 0.3 * rng.normal(size=320)
        by_group += 0.0 in bootstrap(mean, [loss], scene, n=300, seed=seed)
        by_row += 0.0 in bootstrap(mean, [loss], n=300, seed=seed)
    assert by_group / 200 >= 0.88
    assert by_row / 200 <= 0.70


def test_groups_are_drawn_whole() -> None:
    x, y = correlated(60, 4)
    sizes: set[int] = set()
    labels = ["large"] * 33 + ["middle"] * 19 + [f"single {i}" for i in range(8)]

    def size_of(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        sizes.add(len(a))
        return plcc(a, b)

    found = bootstrap(size_of, [x, y], labels, n=60, seed=1)
    assert len(sizes) > 5
    assert sizes <= {10 + 32 * large + 18 * middle for large in range(11) for middle in range(11 - large)}
    assert found.n == 10
    assert "groups" in found.method


def test_single_row_groups_are_plain_rows_in_any_order() -> None:
    x, y = correlated(50, 5)
    names = [f"photo {i:02d}" for i in range(50)]
    plain, grouped = bootstrap(srcc, [x, y], n=300, seed=2), bootstrap(srcc, [x, y], names, n=300, seed=2)
    assert (grouped.low, grouped.high) == (plain.low, plain.high)


def test_the_seed_decides_and_nothing_else() -> None:
    x, y = correlated(60, 6)
    assert bootstrap(krcc, [x, y], n=500, seed=9) == bootstrap(krcc, [x, y], n=500, seed=9)
    assert bootstrap(krcc, [x, y], n=500, seed=9) != bootstrap(krcc, [x, y], n=500, seed=10)


def test_resamples_without_a_value_are_counted() -> None:
    found = bootstrap(plcc, [[0] * 9 + [1], np.arange(10)], n=2000, seed=0)
    # The one distinct row is missing with chance (9/10)^10.
    assert found.undefined / 2000 == pytest.approx(0.9**10, abs=0.04)
    constant = bootstrap(srcc, [[1] * 10, np.arange(10)], n=50, seed=0)
    assert constant.undefined == 50
    assert np.isnan([constant.low, constant.high]).all()


def test_below_ten_groups_there_is_no_interval_and_the_method_says_so() -> None:
    x, y = correlated(90, 4)
    for groups, units in ((9, "groups"), (3, "groups")):
        found = bootstrap_all({"srcc": srcc, "rmse": rmse}, [x, y], np.arange(90) % groups, seed=0)
        for interval in found.values():
            assert np.isnan([interval.low, interval.high]).all()
            assert (interval.n, interval.method) == (groups, f"no interval: fewer than 10 {units}")
    assert bootstrap(srcc, [x[:9], y[:9]], seed=0).method == "no interval: fewer than 10 rows"
    assert not np.isnan(bootstrap(srcc, [x, y], np.arange(90) % 10, n=200, seed=0).low)
    pair = paired_bootstrap(srcc, x, y, x + y, groups=np.arange(90) % 9, n=200, seed=0)
    assert np.isnan([pair.interval.low, pair.p]).all()
    assert not np.isnan(pair.estimate)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"arrays": []}, "no column"),
        ({"arrays": [[1, 2, 3], [1, 2]]}, "2 rows"),
        ({"arrays": [[1, 2, 3, 4], [1, 2, 3]]}, "must belong"),
        ({"arrays": [[1, 2, np.nan], [1, 2, 3]]}, "column 0 hold nan in row 2"),
        ({"arrays": [[1, 2, 3], [1, 2, 3]], "n": 0}, "0 resamples"),
        ({"arrays": [[1, 2, 3], [1, 2, 3]], "level": 95}, "confidence level is 95"),
        ({"arrays": [[1, 2, 3], [1, 2, 3]], "groups": ["a", "a", "b"]}, "2 groups"),
        ({"arrays": [[1, 2, 3], [1, 2, 3]], "groups": ["a", None, "b"]}, "row 1 is missing"),
        ({"arrays": [[1, 2, 3], [1, 2, 3]], "groups": ["a", "b"]}, "2 groups for 3 rows"),
    ],
)
def test_what_cannot_be_resampled_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        bootstrap(srcc, seed=0, **arguments)


def test_the_better_of_two_models_is_found_on_the_same_images() -> None:
    x, mos = correlated(400, 7)
    close = x + 0.25 * np.random.default_rng(8).normal(size=400)
    found = paired_bootstrap(srcc, x, close, mos, n=2000, seed=1)
    alone = bootstrap(srcc, [x, mos], n=2000, seed=1)
    assert found.estimate == pytest.approx(srcc(x, mos) - srcc(close, mos), abs=1e-12)
    assert 0 < found.interval.low < found.estimate < found.interval.high
    assert found.p < 0.05
    assert found.interval.high - found.interval.low < alone.high - alone.low, "pairing removes what both share"
    mirrored = paired_bootstrap(srcc, close, x, mos, n=2000, seed=1)
    assert (mirrored.estimate, mirrored.p) == pytest.approx((-found.estimate, found.p))


def test_the_p_value_is_two_sided_as_that_of_students_test() -> None:
    rng = np.random.default_rng(13)
    mos, one = rng.normal(size=(2, 200))
    two = one + 0.13 + stats.zscore(rng.normal(size=200))
    found = paired_bootstrap(lambda pred, _: float(pred.mean()), one, two, mos, n=4000, seed=1)
    expected = stats.ttest_rel(one, two).pvalue
    assert 0.05 < expected < 0.09, "the case is drawn so"
    assert found.p == pytest.approx(expected, rel=0.25)


def test_a_model_does_not_differ_from_itself() -> None:
    x, mos = correlated(50, 9)
    same = paired_bootstrap(krcc, x, x, mos, n=200, seed=1)
    assert (same.estimate, same.interval.low, same.interval.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    undefined = paired_bootstrap(krcc, x, np.zeros(50), mos, n=200, seed=1)
    assert np.isnan([undefined.estimate, undefined.p, undefined.interval.low]).all()


def test_without_a_difference_small_p_values_are_rare() -> None:
    small = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        mos = rng.normal(size=100)
        one, two = (mos + rng.normal(size=100) for _ in range(2))
        small += paired_bootstrap(plcc, one, two, mos, n=400, seed=seed).p < 0.05
    assert small / 150 <= 0.11


def test_the_spread_over_splits_is_that_of_the_test_rows() -> None:
    x, y = correlated(100, 10)
    rng = np.random.default_rng(1)
    masks = [np.isin(np.arange(100) // 4, rng.permutation(25)[:5]) for _ in range(10)]
    spread = over_splits(srcc, [x, y], masks)
    assert spread.values[3] == srcc(x[masks[3]], y[masks[3]])
    assert spread.q1 <= spread.median <= spread.q3
    assert spread.median == np.median(spread.values)
    with pytest.raises(ArgumentError, match="no split"):
        over_splits(srcc, [x, y], [])
