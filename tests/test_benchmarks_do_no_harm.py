"""eval.benchmarks.do_no_harm: well-lit by a number of its own, changes counted by hand, verified from the CSV alone."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from eval import compare, run, tables, verify
from eval.benchmark import MODEL, Figure, Options, Row, Summary
from eval.benchmarks import enhancement
from eval.benchmarks.do_no_harm import BASELINES, BENCHMARK, WELL_LIT, changed
from eval.datasets import get
from eval.metrics import wilson
from eval.report import csv_bytes, read_csv
from iqa import lowlight
from iqa.errors import UnknownNameError
from iqa.measures import luminance
from tests.photos import photo

QUICK = Options(resamples=100)


def small(name: str) -> np.ndarray:
    return np.ascontiguousarray(photo(name)[::4, ::4])


PHOTOS = {"coffee": small("coffee"), "chelsea": small("chelsea"), "dark": small("coffee") // 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clean")
    for name, pixels in PHOTOS.items():
        cv2.imwrite(str(path / f"{name}.png"), pixels[..., ::-1])
    return path


@pytest.fixture(scope="module")
def scored(folder: Path) -> pd.DataFrame:
    table = get("photos").load(folder)
    scorer = pickle.loads(pickle.dumps(BENCHMARK.scorer(table, QUICK)))
    rows = [{"key": c.key, "error": "", **c.facts, **scorer(c)} for c in BENCHMARK.cases(table, QUICK)]
    return read_csv(csv_bytes(rows)).set_index("key", drop=False)


def table_of(luma: list[float], alone: list[int], changes: list[float], groups: list[str]) -> pd.DataFrame:
    rows: list[Row] = []
    for i, (level, left, change, group) in enumerate(zip(luma, alone, changes, groups, strict=True)):
        facts: Row = {"key": str(i), "error": "", "group": group, "subset": ""}
        gate: Row = {"left_alone": left, "darkness": 0.5, "headroom": 0.5, "mean_luminance": level}
        rows.append(
            {**facts, **gate, "applied_when_forced": 1, "change": change, "gamma_change": 0.2, "clahe_change": 0.1}
        )
    rows.append({"key": "broken", "error": "broken", "group": "broken", "subset": ""})
    return read_csv(csv_bytes(rows))


def figure(summary: Summary, metric: str, part: str = "all", who: str = MODEL) -> Figure:
    (found,) = [f for f in summary.figures if (f.metric, f.part, f.who) == (metric, part, who)]
    return found


@pytest.mark.parametrize("name", PHOTOS)
def test_a_row_says_what_the_gate_and_the_forced_enhancement_do(scored: pd.DataFrame, name: str) -> None:
    pixels, row = PHOTOS[name], scored.loc[f"{name}.png"]
    need, forced = lowlight.need(pixels), lowlight.enhance(pixels, force=True, model="classical")
    assert row["left_alone"] == int(not need.needed) == int(name != "dark")
    assert (row["darkness"], row["headroom"]) == (need.darkness, need.headroom)
    assert row["mean_luminance"] == pytest.approx(luminance(pixels).mean() / 255, abs=1e-6)
    assert row["applied_when_forced"] == int(forced.applied)
    difference = np.abs(forced.image.astype(float) - pixels).mean() / 255
    assert row["change"] == pytest.approx(difference, abs=1e-12)
    by_hand = np.abs(enhancement.gamma(pixels).astype(float) - pixels).mean() / 255
    assert row["gamma_change"] == pytest.approx(by_hand, abs=1e-12)


def test_a_photo_is_changed_by_what_its_pixels_move_on_average() -> None:
    black, white = np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 255, np.uint8)
    assert (changed(black, black), changed(black, white), changed(white, black)) == (0.0, 1.0, 1.0)
    one = black.copy()
    one[0, 0, 0] = 51  # a fifth of full scale, on one of 72 values
    assert changed(black, one) == pytest.approx(0.2 / 72)


def test_well_lit_is_what_is_said_of_it() -> None:
    reflected = ((WELL_LIT + 0.055) / 1.055) ** 2.4  # IEC 61966-2-1
    assert reflected == pytest.approx(0.051, abs=5e-4)
    assert np.log2(0.18 / reflected) == pytest.approx(1.8, abs=0.05)


def test_shares_and_changes_are_counted_as_by_hand() -> None:
    changes = [0.01 * i for i in range(20)]
    luma = [0.1, *[WELL_LIT] * 19]  # on the line counts as well-lit
    rows = table_of(luma, [0, *[1] * 18, 0], changes, [f"scene {i}" for i in range(20)])
    summary = BENCHMARK.summarize(rows, QUICK)
    for part, alone, n in (("all", 18, 20), ("well-lit", 18, 19)):
        found, interval = figure(summary, "left_alone", part), wilson(alone, n)
        assert (found.value, found.n, found.low, found.high) == (alone / n, n, interval.low, interval.high)
        mine = changes[20 - n :]
        assert figure(summary, "mean_change", part).value == pytest.approx(np.mean(mine))
        assert figure(summary, "change_p95", part).value == pytest.approx(np.percentile(mine, 95))
        assert figure(summary, "mean_change", part, "gamma").value == pytest.approx(0.2)
    for metric in ("mean_change", "change_p95"):
        found = figure(summary, metric, "well-lit")
        assert found.low is not None
        assert found.high is not None
        assert found.value is not None
        assert found.low <= found.value <= found.high
        assert found.method == "percentile bootstrap over groups"
    assert summary.details["all"]["raised by the gate"] == ["0", "19"]  # type: ignore[index]
    assert summary.details["well-lit"]["raised by the gate"] == ["19"]  # type: ignore[index]


def test_photos_of_one_scene_are_one_unit_of_the_change() -> None:
    rows = table_of([0.5] * 12, [1] * 12, [0.1] * 12, ["one"] * 12)
    found = figure(BENCHMARK.summarize(rows, QUICK), "mean_change", "well-lit")
    assert (found.n, found.low, found.method) == (1, None, "no interval: fewer than 10 groups")


def test_without_a_well_lit_photo_its_figures_are_undefined_in_words() -> None:
    summary = BENCHMARK.summarize(table_of([0.1], [1], [0.0], ["a"]), QUICK)
    assert {f.part for f in summary.figures} == {"all"}
    assert figure(summary, "left_alone").value == 1.0
    assert (figure(summary, "mean_change").value, figure(summary, "change_p95").value) == (0.0, None)
    assert summary.details["undefined"] == {"well-lit": "No such photo was scored."}
    failed = table_of([0.1], [1], [0.0], ["a"]).iloc[1:]
    assert BENCHMARK.summarize(failed, QUICK).figures == ()


def test_every_enhancer_can_be_judged_and_none_is_guessed() -> None:
    assert BENCHMARK.models() == lowlight.ESTIMATORS
    assert BENCHMARK.estimator("classical") == lowlight.CLASSICAL
    with pytest.raises(UnknownNameError, match="clasical"):
        BENCHMARK.estimator("clasical")


def test_the_command_writes_a_report_that_is_verified_compared_and_shown(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["do-no-harm", "--data", str(folder), "--out", str(tmp_path), "--resamples", "50", "--jobs", "1"]
    assert run.main(words) == 0
    path = tmp_path / "do-no-harm" / "classical.json"
    assert verify.main([str(path), "--data", str(folder), "--rescore", "1"]) == 0
    assert compare.main([str(path)]) == 0
    out = capsys.readouterr().out
    assert "left alone" in out
    assert "verified" in out
    assert all(f"against  {name}" in out for name in BASELINES)
    text = tables.table("do-no-harm", tables.reports(tmp_path), tmp_path)
    assert "| left alone ↑ | mean change when forced ↓ | 95th percentile of change ↓ |" in text
    assert "**classical-lowlight" in text
    assert "| well-lit | 2 |" in text
