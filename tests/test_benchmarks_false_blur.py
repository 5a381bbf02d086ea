"""The benchmark of sharp photos: figures counted by hand, and two sizes of each photo."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from eval import datasets
from eval.benchmark import Figure, Options, Row, Summary
from eval.benchmarks import named
from eval.benchmarks.false_blur import BENCHMARK, SIZES
from eval.metrics import wilson
from eval.report import csv_bytes, read_csv
from iqa import blur
from tests.photos import blurred, photo

QUICK = Options(resamples=50)


def row(key: str, part: str, said: str, *, certain: bool = True) -> Row:
    told: Row = {"key": key, "error": "", "group": key, "subset": key[0], "part": part, "predicted": said}
    return told | {"confidence": 0.6, "certain": int(certain), "called_blurred": int(said != "sharp")}


def read(rows: list[Row]) -> pd.DataFrame:
    return read_csv(csv_bytes(rows))


def figure(summary: Summary, metric: str, part: str) -> Figure:
    (found,) = [f for f in summary.figures if (f.metric, f.part) == (metric, part)]
    return found


def test_four_photos_give_the_figures_counted_by_hand() -> None:
    rows = [
        *(row("a1", part, "sharp") for part in SIZES),
        *(row("a2", part, "motion_blurred") for part in SIZES),
        *(row("b1", part, "defocused_blurred", certain=False) for part in SIZES),
        row("b2", "whole", "sharp"),
        row("b2", "half size", "defocused_blurred"),
    ]
    summary = BENCHMARK.summarize(read(rows), QUICK)
    every = figure(summary, "false_alarm_rate", "all")
    assert (every.value, every.n) == (0.5, 4)
    assert (every.low, every.high) == pytest.approx((wilson(2, 4).low, wilson(2, 4).high))
    assert figure(summary, "false_alarm_rate", "half size").value == 0.75
    assert figure(summary, "false_alarm_rate", "certain answers").value == pytest.approx(1 / 3)
    assert figure(summary, "false_alarm_rate", "subset b").value == 0.5
    assert figure(summary, "false_alarm_rate", "subset a, half size").value == 0.5
    assert figure(summary, "cannot_tell", "all").value == 0.25
    counts = {"photos": 4, "called blurred": {"sharp": 2, "motion_blurred": 1, "defocused_blurred": 1}}
    assert summary.details["all"] == counts


def test_a_photo_is_judged_as_it_is_and_at_half_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(photo("coffee")).save(tmp_path / "sharp.png")
    Image.fromarray(blurred(photo("coffee"), 6.0)).save(tmp_path / "soft.png")
    seen: list[tuple[int, ...]] = []
    classify = blur.classify

    def watched(image: NDArray[np.uint8], *, model: str) -> blur.BlurAnswer:
        seen.append(image.shape)
        return classify(image, model=model)

    monkeypatch.setattr(blur, "classify", watched)
    benchmark, dataset = named("false-blur")
    cases = benchmark.cases(datasets.load(dataset.name, tmp_path), QUICK)
    rows = [benchmark.scorer(pd.DataFrame(), QUICK)(case) for case in cases]
    assert seen == [(400, 600, 3), (200, 300, 3)] * 2
    assert [one["called_blurred"] for one in rows[0]] == [0, 0]
    assert [one["called_blurred"] for one in rows[1]] == [1, 1]
    assert [one["part"] for one in rows[0]] == list(SIZES)
