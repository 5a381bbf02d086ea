"""What decides on an epoch: ranks per label, classes alike, decibels; what is not known does not count."""

import numpy as np
import pytest

from eval.metrics import psnr
from training import metrics


def rows(*values: list[float]) -> dict[str, np.ndarray]:
    return {"x": np.array(values, np.float32)}


def test_ranks_are_averaged_over_the_labels_and_keep_their_sign() -> None:
    target = rows([0, 3], [1, 2], [2, 1])
    rank = metrics.mean_srcc("x").function
    assert rank(target, target) == 1
    assert rank(rows([0, 1], [1, 2], [2, 3]), target) == 0
    assert rank(rows([2, 1], [1, 2], [0, 3]), target) == -1


def test_unknown_and_constant_labels_are_left_out_of_the_mean() -> None:
    nan = float("nan")
    rank = metrics.mean_srcc("x").function
    said = rows([0, 5, 1], [1, 4, 2], [2, 9, 3], [3, 0, 4])
    assert rank(said, rows([0, nan, 7], [1, nan, 7], [2, nan, 7], [3, nan, 7])) == 1
    assert rank(said, rows([0, 2, 7], [nan, 1, 7], [2, nan, 7], [3, 0, 7])) == 1
    assert np.isnan(rank(said, rows([1, nan, 7], [1, 3, 7], [1, 4, 7], [1, nan, 7])))


def test_each_class_counts_alike_however_frequent() -> None:
    target = rows(*[[1, 0]] * 9, [0, 1])
    always_first = rows(*[[0.9, 0.1]] * 10)
    assert metrics.macro_accuracy("x").function(always_first, target) == 0.5
    assert metrics.mean_f1("x").function(always_first, target) == pytest.approx((18 / 19) / 2)
    assert metrics.mean_f1("x").function(target, target) == 1


def test_decibels_are_those_of_the_benchmark_and_a_perfect_picture_keeps_them_finite() -> None:
    rng = np.random.default_rng(0)
    wanted, made = (rng.integers(0, 256, (2, 3, 8, 8)) for _ in range(2))
    expected = np.mean(
        [psnr(*(side[n].transpose(1, 2, 0).astype(np.uint8) for side in (made, wanted))) for n in (0, 1)]
    )
    found = metrics.mean_psnr("x").function
    assert found({"x": np.float32(made / 255)}, {"x": np.float32(wanted / 255)}) == pytest.approx(expected, abs=1e-9)
    assert found({"x": np.float32(wanted / 255)}, {"x": np.float32(wanted / 255)}) == metrics.LARGEST_DB
