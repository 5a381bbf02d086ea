"""The benchmark of low-light enhancement: means counted by hand, columns that equal the metrics, baselines."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from eval import datasets
from eval.benchmark import MODEL, Figure, Options, Row, Summary
from eval.benchmarks.enhancement import BASELINES, BENCHMARK, EQUAL_DB, FIDELITY, clahe, gamma
from eval.metrics import psnr, psnr_gt_mean, ssim
from eval.report import csv_bytes, read_csv
from iqa import lowlight
from iqa.errors import ArgumentError
from tests.miniature import lol
from tests.photos import photo

QUICK = Options(resamples=200)


def pair(root: Path, name: str, dark: np.ndarray, normal: np.ndarray) -> None:
    for side, pixels in (("low", dark), ("normal", normal)):
        (root / side).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / side / name)


def crop(name: str) -> np.ndarray:
    return photo(name)[:160, :200]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Three dark photos and one that is bright and equals its reference, scored and read back."""
    root = tmp_path_factory.mktemp("pairs")
    for name in ("astronaut", "coffee", "chelsea"):
        pair(root, f"{name}.png", crop(name) // 8, crop(name))
    pair(root, "bright.png", crop("rocket") // 2 + 100, crop("rocket") // 2 + 100)
    table = datasets.load("pairs", root)
    scorer = pickle.loads(pickle.dumps(BENCHMARK.scorer(table, QUICK)))
    rows = [{"key": c.key, "error": "", **c.facts, **scorer(c)} for c in BENCHMARK.cases(table, QUICK)]
    return read_csv(csv_bytes(rows)).set_index("key", drop=False)


def figure(summary: Summary, metric: str, who: str = MODEL) -> Figure:
    (found,) = [f for f in summary.figures if (f.metric, f.part, f.who) == (metric, "all", who)]
    return found


def test_the_columns_are_the_metrics_of_the_enhanced_photo(scored: pd.DataFrame) -> None:
    enhanced = lowlight.enhance(crop("coffee") // 8, model=QUICK.model).image
    row = scored.loc["coffee.png"]
    assert row["psnr"] == psnr(enhanced, crop("coffee"))
    assert row["ssim"] == ssim(enhanced, crop("coffee"))
    assert row["psnr_gt_mean"] == psnr_gt_mean(enhanced, crop("coffee"))
    assert row["untouched_psnr"] == psnr(crop("coffee") // 8, crop("coffee"))
    assert row["mean_luminance_before"] < 0.2 * row["mean_luminance_reference"]


def test_a_photo_that_needs_nothing_is_left_alone_and_counts_as_equal(scored: pd.DataFrame) -> None:
    row = scored.loc["bright.png"]
    assert row["applied"] == 0
    assert (row["psnr"], row["untouched_psnr"], row["ssim"]) == (EQUAL_DB, EQUAL_DB, 1.0)
    assert (scored["applied"].drop("bright.png") == 1).all()


def test_the_figures_are_means_over_pairs_with_an_interval_over_scenes(scored: pd.DataFrame) -> None:
    summary = BENCHMARK.summarize(scored, QUICK)
    for who in (MODEL, *BASELINES):
        for metric in FIDELITY:
            column = metric if who == MODEL else f"{who}_{metric}"
            found = figure(summary, metric, who)
            assert found.value == pytest.approx(scored[column].mean())
            assert (found.low, found.method) == (None, "no interval: fewer than 10 groups")
    assert summary.details["all"]["applied"] == 3  # type: ignore[index]
    scenes = pd.concat([scored.assign(group=scored["group"] + str(i)) for i in range(3)], ignore_index=True)
    for who in (MODEL, *BASELINES):
        found = figure(BENCHMARK.summarize(scenes, QUICK), "psnr", who)
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.value <= found.high


def test_three_pairs_of_one_scene_are_one_unit(scored: pd.DataFrame) -> None:
    same = scored.assign(group="one")
    found = figure(BENCHMARK.summarize(same, QUICK), "psnr")
    assert (found.n, found.low, found.method) == (1, None, "no interval: fewer than 10 groups")
    scenes = scored.assign(group=["a", "a", "b", "c"])
    assert figure(BENCHMARK.summarize(scenes, QUICK), "psnr").n == 3


def test_two_pairs_average_as_by_hand() -> None:
    rows: list[Row] = []
    for key, value in (("a", 10.0), ("b", 20.0)):
        cells = {f"{who}{metric}": value for who in ("", *(f"{b}_" for b in BASELINES)) for metric in FIDELITY}
        luminance = {f"mean_luminance_{name}": 0.5 for name in ("before", "after", "reference")}
        rows.append({"key": key, "error": "", "group": key, "subset": "", **cells, "applied": 1, **luminance})
    rows.append({"key": "c", "error": "broken", "group": "c", "subset": ""})
    found = figure(BENCHMARK.summarize(read_csv(csv_bytes(rows)), QUICK), "psnr")
    assert (found.value, found.n, found.low) == (15.0, 2, None)  # no interval from two scenes


def test_the_enhancement_and_the_baseline_curve_beat_the_untouched_photo(scored: pd.DataFrame) -> None:
    dark = scored.drop("bright.png")
    assert (dark["psnr"] > dark["untouched_psnr"]).all()
    assert (dark["gamma_psnr"] > dark["untouched_psnr"]).all()


def test_the_gamma_baseline_brings_a_flat_photo_to_the_middle_and_never_darkens() -> None:
    flat = np.full((20, 20, 3), 40, dtype=np.uint8)
    assert (gamma(flat) == 127).all()  # 127.5, rounded
    light = np.full((20, 20, 3), 200, dtype=np.uint8)
    assert (gamma(light) == light).all()
    assert (gamma(np.zeros((20, 20, 3), np.uint8)) == 0).all()


def test_clahe_raises_the_contrast_of_a_dull_photo() -> None:
    dull = crop("coffee") // 8 + 20
    assert clahe(dull).std() > 1.2 * dull.std()


def test_pairs_of_different_size_fail_with_a_sentence(tmp_path: Path) -> None:
    pair(tmp_path, "a.png", crop("coffee"), crop("coffee")[:-2])
    table = datasets.load("pairs", tmp_path)
    with pytest.raises(ArgumentError, match="two RGB images of one size"):
        BENCHMARK.scorer(table, QUICK)(BENCHMARK.cases(table, QUICK)[0])


def test_the_test_split_of_lol_is_scored_unless_another_is_named(tmp_path: Path) -> None:
    table = datasets.load("lol", lol(tmp_path))
    assert [case.key for case in BENCHMARK.cases(table, QUICK)] == ["eval15/1.png"]
    train = BENCHMARK.cases(table, Options(split="train", limit=2))
    assert [case.key for case in train] == ["our485/2.png", "our485/648.png"]
    row = BENCHMARK.scorer(table, QUICK)(train[0])
    assert isinstance(row, dict)
    assert row["untouched_psnr"] == EQUAL_DB
