"""eval.metrics.intervals: published intervals, SciPy's, and the correction for many tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval.metrics import bonett_wright_srcc, fieller_krcc, fisher_plcc, holm, wilson
from iqa.errors import ArgumentError

STEADY = settings(deadline=None, derandomize=True, max_examples=60)

CLOSED = (fisher_plcc, bonett_wright_srcc, fieller_krcc)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_limits(hits: int, n: int, low: float, high: float) -> None:
    # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    found = wilson(hits, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_of_nothing_is_unknown_and_of_everything_ends_at_one() -> None:
    assert np.isnan(wilson(0, 0).low)
    assert wilson(7, 7).high == 1.0
    assert wilson(0, 7).low == 0.0
    with pytest.raises(ArgumentError, match="8 successes in 7 trials"):
        wilson(8, 7)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_fisher_agrees_with_scipy_to_1e_12(level: float) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=50)
    found = stats.pearsonr(x, x + rng.normal(size=50))
    expected = found.confidence_interval(level)
    ours = fisher_plcc(found.statistic, 50, level=level)
    assert (ours.low, ours.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_bonett_wright_equals_its_formula_by_hand() -> None:
    # r = .9, n = 2,003: z = 1.4722195, sd = sqrt(1.405 / 2000) = .0265047, so z lies in 1.4202712 ... 1.5241678;
    # exp(2 z) = 17.12508 and 21.08034, and r = (exp(2 z) - 1) / (exp(2 z) + 1).
    found = bonett_wright_srcc(0.9, 2003)
    assert (found.low, found.high) == pytest.approx((16.12508 / 18.12508, 20.08034 / 22.08034), abs=1e-6)


@STEADY
@given(st.floats(-0.999, 0.999), st.integers(5, 5000))
@pytest.mark.parametrize("interval", CLOSED)
def test_an_interval_holds_its_estimate_and_mirrors_with_the_sign(interval, r: float, n: int) -> None:
    found, mirrored = interval(r, n), interval(-r, n)
    assert -1 <= found.low <= r <= found.high <= 1
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
    assert interval(r, n + 100).high - interval(r, n + 100).low < found.high - found.low
    wider = interval(r, n, level=0.99)
    assert wider.low < found.low
    assert wider.high > found.high


@pytest.mark.parametrize("interval", CLOSED)
def test_closed_forms_refuse_what_they_cannot_know(interval) -> None:
    with pytest.raises(ArgumentError, match="more than"):
        interval(0.5, 3)
    with pytest.raises(ArgumentError, match=r"correlation is 1\.2"):
        interval(1.2, 30)
    with pytest.raises(ArgumentError, match=r"such as 0\.95"):
        interval(0.5, 30, level=95)
    assert np.isnan(interval(np.nan, 30).low)
    assert (interval(1.0, 30).low, interval(-1.0, 30).high) == (1.0, -1.0)


@pytest.mark.parametrize(
    ("interval", "measure"), [(bonett_wright_srcc, stats.spearmanr), (fieller_krcc, stats.kendalltau)]
)
def test_rank_intervals_cover_the_truth_as_often_as_they_say(interval, measure) -> None:
    rng, rho, n = np.random.default_rng(8), 0.7, 60
    angle = np.arcsin(rho) * 2 / np.pi if measure is stats.kendalltau else 6 / np.pi * np.arcsin(rho / 2)
    held = 0
    for _ in range(400):
        x = rng.normal(size=n)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n)
        held += angle in interval(measure(x, y).statistic, n)
    assert 0.92 <= held / 400 <= 0.98


def test_holm_gives_the_worked_values() -> None:
    # By hand, and R's p.adjust(c(.01, .02, .03, .04, .05), "holm").
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx((0.05, 0.08, 0.09, 0.09, 0.09), abs=1e-12)
    assert holm([0.03, 0.005, 0.04, 0.01]) == pytest.approx((0.06, 0.02, 0.06, 0.03), abs=1e-12)
    assert holm([]) == ()
    with pytest.raises(ArgumentError, match=r"\[0, 1\]"):
        holm([0.2, 1.2])


@STEADY
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_helps(p: list[float]) -> None:
    corrected = holm(p)
    assert all(before <= after <= 1 for before, after in zip(p, corrected, strict=True))
    assert (np.diff(np.array(corrected)[np.argsort(p, kind="stable")]) >= 0).all()
    assert corrected[int(np.argmin(p))] == pytest.approx(min(1.0, min(p) * len(p)))
