"""eval.metrics.mapped_interval: every resample has the mapping that a fit of its own rows finds."""

from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.metrics import fit_logistic4, mapped, mapped_intervals
from eval.metrics.mapped_interval import NAMES, refitted

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def curved(n: int, seed: int, noise: float = 0.15) -> Pair:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 1 / (1 + np.exp(-2 * x)) + noise * rng.normal(size=n)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_resample_is_mapped_as_its_repeated_rows_are(sign: float) -> None:
    x, y = curved(400, 1)
    x = sign * x
    counts = np.random.default_rng(2).multinomial(400, np.full(400, 1 / 400), size=8).T.astype(np.float64)
    found = refitted(fit_logistic4(x, y), x, y, counts, np.full(8, sign))
    for column, (correlation, error) in zip(counts.T.astype(int), found.T, strict=True):
        again = np.repeat(np.arange(400), column)
        expected = mapped(x[again], y[again])
        assert (correlation, error) == pytest.approx((expected.plcc_mapped, expected.rmse_mapped), abs=1e-6)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = mapped(*curved(100_000, 50)).plcc_mapped
    held = 0
    for seed in range(100):
        x, y = curved(200, seed)
        held += truth in mapped_intervals(fit_logistic4(x, y), x, y, n=200, seed=seed)["plcc_mapped"]
    assert held >= 87


def test_two_thousand_rows_take_seconds_and_the_method_says_how_many_resamples() -> None:
    x, y = curved(2000, 3)
    logistic, start = fit_logistic4(x, y), process_time()
    found = mapped_intervals(logistic, x, y, n=10_000, seed=0)
    assert process_time() - start < 15, "1 s where nothing else runs"
    assert all("500 resamples, the mapping refitted in each" in found[name].method for name in NAMES)


def test_few_rows_or_groups_have_no_interval() -> None:
    x, y = curved(99, 4)
    found = mapped_intervals(fit_logistic4(x, y), x, y, seed=0)["rmse_mapped"]
    assert np.isnan(found.low)
    assert "fewer than 100 rows" in found.method
    grouped = mapped_intervals(fit_logistic4(x, y), x, y, np.arange(99) % 5, seed=0)["plcc_mapped"]
    assert np.isnan(grouped.low)
    assert "fewer than 10 groups" in grouped.method
