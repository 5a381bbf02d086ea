"""lighting: what the network must beat, on the same samples, and labels of one's own."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from iqa.image import load
from training import recipe, run, tables
from training.data import Labelled
from training.recipe import Settings, Split
from training.recipes import lighting


def settled(**extra: str) -> Settings:
    """Its defaults with these options."""
    made = recipe.get("lighting")
    return replace(made.defaults, weights="", extra={**made.defaults.extra, **extra})


def test_the_baseline_is_the_rank_of_the_mean_hsv_value_on_the_validation_samples(photos: Path) -> None:
    split = lighting.data(photos, settled(repeats="3"))
    samples = [split.validation.sample(index, None) for index in range(len(split.validation))]
    values = [sample.image.max(axis=2).mean() for sample in samples]
    stops = [float(sample.target["exposure"] @ [-1.0, 1.0]) for sample in samples]
    what, found = lighting.baseline(split.validation)
    assert what == "mean HSV value"
    assert found == pytest.approx(spearmanr(values, stops).statistic, abs=1e-9)
    assert 0.3 < found < 1


def test_a_run_ends_with_the_baseline_in_print(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--epochs", "1,0", "--size", "32", "--workers", "0", "--weights", "", "--device", "cpu"]
    extra = ["--extra", "repeats=2"]
    assert run.main(["lighting", "--data", str(photos), "--out", str(tmp_path / "run"), *small, *extra]) == 0
    split = lighting.data(photos, settled(repeats="2"))
    what, value = lighting.baseline(split.validation)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"To beat on the same validation samples: {what}, SRCC {value:.4f}."


def test_the_baseline_cannot_be_beaten_where_the_labels_are_the_mean_hsv_value(photos: Path) -> None:
    paths = sorted(photos.glob("*.png"))
    value = np.array([load(path).max(axis=2).mean() / 255 for path in paths])
    targets = lighting.labelled(pd.DataFrame({"mos": value}))
    side = Labelled(paths, [path.name for path in paths], targets)
    assert lighting.baseline(side)[1] == pytest.approx(1.0)
    assert lighting.agreement(targets, targets) == pytest.approx(1.0)


def written_csv(photos: Path, folder: Path, scores: list[float]) -> None:
    """path,brightness_score."""
    rows = [f"{path},{score}" for path, score in zip(sorted(photos.glob("*.png")), scores, strict=True)]
    (folder / "lighting.csv").write_text("\n".join(["path,brightness_score", *rows]) + "\n")


def written_json(photos: Path, folder: Path, scores: list[float]) -> None:
    """A JSON file beside each photo."""
    for path, score in zip(sorted(photos.glob("*.png")), scores, strict=True):
        (folder / path.name).write_bytes(path.read_bytes())
        (folder / path.name).with_suffix(".json").write_text(json.dumps({"brightness_score": score}))


@pytest.mark.parametrize("write", [written_csv, written_json])
def test_labels_of_ones_own_are_distances_from_the_middle(
    write: Callable[[Path, Path, list[float]], None], photos: Path, tmp_path: Path
) -> None:
    scores = [0.0, 5.0, 7.5, 10.0] * 6
    write(photos, tmp_path, scores)
    split: Split = recipe.get("lighting").data(tmp_path, settled(set="table"))
    found = {
        path.name: side.sample(index, None).target["exposure"].tolist()
        for side in (split.train, split.validation)
        for index, path in enumerate(side.paths)
    }
    wanted = {0.0: [1, 0], 5.0: [0, 0], 7.5: [0, 0.5], 10.0: [0, 1]}
    assert len(found) == 24
    assert all(found[f"{n:02}.png"] == wanted[score] for n, score in enumerate(scores))


def test_photos_beside_labels_are_still_photos_unless_the_labels_are_asked_for(photos: Path, tmp_path: Path) -> None:
    written_json(photos, tmp_path, [5.0] * 24)
    split = lighting.data(tmp_path, settled())
    assert len(split.train) + len(split.validation) == 4 * 24
    assert tables.read(tmp_path, settled(), lighting.SETS).attrs["dataset"] == "photos"
