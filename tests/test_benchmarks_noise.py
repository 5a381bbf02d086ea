"""The benchmark of real noise: pairs whose noise we add ourselves, and figures counted by hand."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from eval import datasets
from eval.benchmark import MODEL, Case, Figure, Options, Row, Summary
from eval.benchmarks.noise import BENCHMARK
from eval.metrics import METRICS, factor_error, median_ratio, srcc
from eval.report import csv_bytes, read_csv
from iqa.errors import ArgumentError
from tests.miniature import polyu
from tests.photos import noisy, photo

QUICK = Options(resamples=200)
SIGMAS = (3.0, 8.0, 20.0)


def score(case: Case) -> Row:
    found = BENCHMARK.scorer(pd.DataFrame(), QUICK)(case)
    assert isinstance(found, dict)
    return found


def saved(folder: Path, name: str, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(folder / name)
    return folder / name


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """One photo with three strengths of noise."""
    folder = tmp_path_factory.mktemp("noise")
    clean = photo("coffee")[:256, :256]
    clean = np.clip(clean, 70, 185)  # far from black and white, so that the noise is not clipped
    mean = saved(folder, "mean.png", clean)
    shots = [saved(folder, f"{sigma:g}.png", noisy(clean, sigma, seed=i)) for i, sigma in enumerate(SIGMAS)]
    return [score(Case(shot.name, (shot, mean))) for shot in shots]


def figure(summary: Summary, metric: str, part: str = "all", who: str = MODEL) -> Figure:
    (found,) = [f for f in summary.figures if (f.metric, f.part, f.who) == (metric, part, who)]
    return found


def made(estimates: list[float], true: list[float], cameras: str) -> pd.DataFrame:
    table: list[Row] = []
    for i, (estimate, sigma, camera) in enumerate(zip(estimates, true, cameras, strict=True)):
        cells: Row = {"key": f"{i}", "error": "", "group": f"g{i}", "subset": camera, "true_sigma": sigma}
        cells |= {"noise_sigma": estimate, "noise_severity": estimate / 25, "reference_sigma": 2.0}
        table.append(cells | {"laplacian": -sigma, "mean_luminance": 0.5})
    return read_csv(csv_bytes(table))


def test_the_true_sigma_is_the_noise_that_was_added(rows: list[Row]) -> None:
    assert [row["true_sigma"] for row in rows] == pytest.approx(SIGMAS, rel=0.02)


def test_the_estimate_follows_the_noise_and_not_the_reference(rows: list[Row]) -> None:
    estimates = [float(row["noise_sigma"] or 0) for row in rows]
    assert estimates == sorted(estimates)
    assert len({row["reference_sigma"] for row in rows}) == 1
    severities = [float(row["noise_severity"] or 0) for row in rows]
    assert 0 <= severities[0] < severities[1] < severities[2] <= 1


def test_sigma_is_measured_at_the_scale_of_the_estimate(tmp_path: Path) -> None:
    large = np.full((1536, 2048, 3), 128, dtype=np.uint8)
    paths = (saved(tmp_path, "real.png", noisy(large, 10.0)), saved(tmp_path, "mean.png", large))
    row = score(Case("large", paths))
    assert row["true_sigma"] == pytest.approx(5.0, rel=0.02)  # the mean of 2 x 2 pixels holds half of it
    assert row["noise_sigma"] == pytest.approx(5.0, rel=0.1)


def test_figures_of_six_pairs_are_those_counted_by_hand() -> None:
    estimates, true = [2.0, 3.0, 8.0, 8.0, 20.0, 24.0], [1.0, 3.0, 4.0, 8.0, 10.0, 12.0]
    summary = BENCHMARK.summarize(made(estimates, true, "aaabbb"), QUICK)
    assert figure(summary, "srcc").value == pytest.approx(srcc(estimates, true))
    assert figure(summary, "factor_error").value == pytest.approx(2.0)  # four are off by 2, two by 1
    assert figure(summary, "srcc", "subset a").value == 1.0
    assert figure(summary, "srcc", who="laplacian").value == -1.0  # the sign stays
    assert figure(summary, "srcc", who="mean_luminance").value is None  # a constant has no order
    ahead = figure(summary, "pair_accuracy", "shot against reference")
    assert (ahead.value, ahead.n) == (pytest.approx(5 / 6), 6)
    ratio = summary.details["all"]["estimate over true, median"]  # type: ignore[index]
    assert ratio["value"] == 2.0


def test_a_camera_with_two_pairs_has_no_figure_and_says_so() -> None:
    summary = BENCHMARK.summarize(made([1.0, 2, 3, 4, 5], [1.0, 2, 3, 4, 5], "aaabb"), QUICK)
    assert not [f for f in summary.figures if f.part == "subset b"]
    assert summary.details["subset b"] == {"pairs": 2, "undefined": "agreement needs 3 pairs"}


def test_an_estimate_of_zero_gives_no_infinite_number() -> None:
    summary = BENCHMARK.summarize(made([0.0, 0, 0, 1, 2], [1.0, 2, 3, 4, 5], "aaaaa"), QUICK)
    found = figure(summary, "factor_error")
    assert found.value is None
    ends = [end for f in summary.figures for end in (f.low, f.high) if end is not None]
    assert np.isfinite(ends).all()


def test_pairs_are_read_as_shipped_and_a_pair_without_noise_fails(tmp_path: Path) -> None:
    table = datasets.load("polyu", polyu(tmp_path))
    cases = BENCHMARK.cases(table, QUICK)
    assert [(case.facts["subset"], case.facts["iso"]) for case in cases] == [
        ("Canon5D2", 3200),
        ("Canon5D2", 3200),
        ("NikonD800", 5000),
    ]
    assert len({case.facts["group"] for case in cases}) == 2
    scorer = pickle.loads(pickle.dumps(BENCHMARK.scorer(table, QUICK)))
    assert scorer(cases[0])["true_sigma"] > 0
    with pytest.raises(ArgumentError, match="equals its reference"):
        scorer(Case("same", (cases[0].paths[0], cases[0].paths[0])))


def test_pairs_of_different_size_fail(tmp_path: Path) -> None:
    clean = photo("coffee")[:64, :64]
    paths = (saved(tmp_path, "real.png", clean), saved(tmp_path, "mean.png", clean[:60]))
    with pytest.raises(ArgumentError, match=r"\(64, 64\) px and its reference \(60, 64\)"):
        score(Case("odd", paths))


def test_the_factor_error_is_the_same_for_twice_and_half() -> None:
    true = [1.0, 2.0, 4.0]
    assert factor_error([2.0, 4.0, 8.0], true) == pytest.approx(2.0)
    assert factor_error([0.5, 1.0, 2.0], true) == pytest.approx(2.0)
    assert (factor_error(true, true), median_ratio(true, true)) == (1.0, 1.0)
    assert median_ratio([0.5, 1.0, 2.0], true) == 0.5
    assert METRICS["factor_error"]([0.0, 0.0, 4.0], true) == np.inf
    with pytest.raises(ArgumentError, match="above 0"):
        factor_error([1.0, 2, 3], [0.0, 1, 2])
