"""eval.metrics.pair_intervals: exact on every resample, of the width that it should have, and fast."""

from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.metrics import pair_accuracy, pair_intervals
from eval.metrics.pair_intervals import NAMES, _replicates

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def correlated(n: int, seed: int) -> Pair:
    rng = np.random.default_rng(seed)
    mos = rng.uniform(1, 5, n)
    return mos + rng.normal(size=n), mos


def test_each_resample_counts_a_pair_as_often_as_both_photos_were_drawn() -> None:
    x, y = (column.round(1) for column in correlated(40, 1))
    counts = np.random.default_rng(2).multinomial(40, np.full(40, 1 / 40), size=5).T.astype(np.float32)
    accuracy, wrong = _replicates(x, y, counts, 0.3, 0.5)
    for column, found, false in zip(counts.T.astype(int), accuracy, wrong, strict=True):
        again = np.repeat(np.arange(40), column)
        assert found == pytest.approx(pair_accuracy(x[again], y[again]).accuracy)
        pairs = [(i, j) for place, i in enumerate(again) for j in again[place + 1 :] if i != j]
        falsely = [
            (x[i] - x[j]) * (y[i] - y[j]) < 0 and abs(x[i] - x[j]) >= 0.3 and abs(y[i] - y[j]) > 0.5 for i, j in pairs
        ]
        assert false == pytest.approx(np.mean(falsely))


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    truth = pair_accuracy(*correlated(6000, 99)).accuracy
    held = sum(truth in pair_intervals(*correlated(80, seed), n=300, seed=seed)["pair_accuracy"] for seed in range(200))
    assert 0.88 <= held / 200 <= 0.99


def test_two_thousand_rows_take_seconds() -> None:
    start = process_time()
    found = pair_intervals(*correlated(2000, 3), seed=0)
    assert process_time() - start < 20, "2 s where nothing else runs"
    assert all(found[name].resamples == 1000 for name in NAMES)


def test_there_is_no_interval_of_few_groups_of_too_many_pairs_or_of_what_never_changes() -> None:
    x, y = correlated(60, 4)
    few = pair_intervals(x, y, np.arange(60) % 9, seed=0)["pair_accuracy"]
    many = pair_intervals(*correlated(32_000, 4), seed=0)["pair_accuracy"]
    same = pair_intervals(y, y, n=200, seed=0)["false_ranking"]
    for found, said in ((few, "fewer than 10 groups"), (many, "too many pairs"), (same, "the same in every resample")):
        assert np.isnan([found.low, found.high]).all()
        assert said in found.method
