"""A model in a folder is judged: its hash is in the report, its name is the file's, its score the prediction."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval import datasets, measure
from eval.benchmark import Options
from eval.benchmarks.rating import BENCHMARK
from eval.report import read_csv
from iqa import image, quality
from iqa import manifest as manifests
from iqa.errors import ArgumentError, UnknownNameError
from tests.miniature import picture, text
from tests.toy_models import brighter, luminance, write_model


def rated(root: Path) -> Path:
    """A list of twelve rated pictures."""
    for i in range(12):
        picture(root / f"{i}.png", 7 * i)
    return text(root / "labels.csv", "path,mos", *(f"{i}.png,{0.05 * i}" for i in range(12))).parent


def test_a_model_folder_is_scored_under_its_own_name_and_hash(tmp_path: Path) -> None:
    toy = luminance()
    folder, data = write_model(tmp_path / "models", toy), rated(tmp_path / "data")
    words = ["table", "--data", str(data), "--model", str(folder), "--out", str(tmp_path / "out")]
    assert measure.main([*words, "--resamples", "20", "--jobs", "1"]) == 0
    path = tmp_path / "out" / "table" / f"{toy.name}.json"
    found = json.loads(path.read_text())
    manifest = manifests.read(folder)
    assert found["model"] == {"name": toy.name, "version": manifest.version, "sha256": manifest.sha256}
    assert str(tmp_path) not in path.read_text()
    rows = read_csv(path.with_suffix(".csv").read_bytes())
    expected = [float(toy.by_hand(image.load(data / name))["quality"]) for name in rows["key"]]
    assert rows["prediction"].to_numpy() == pytest.approx(expected, abs=0.02)
    assert np.ptp(expected) > 0.03


def test_the_scorer_of_a_model_travels_to_another_process(tmp_path: Path) -> None:
    folder, data = write_model(tmp_path / "models", luminance()), rated(tmp_path / "data")
    table, options = datasets.load("table", data), Options(model=str(folder))
    case = BENCHMARK.cases(table, options)[3]
    scorer = BENCHMARK.scorer(table, options)
    assert pickle.loads(pickle.dumps(scorer))(case) == scorer(case)


def test_what_is_no_model_of_quality_is_refused_before_the_first_photo(tmp_path: Path) -> None:
    data = rated(tmp_path / "data")
    with pytest.raises(UnknownNameError):
        measure.prepared("table", data, Options(model="clasical"))
    with pytest.raises(ArgumentError, match="toy-brighter gives no score"):
        measure.prepared("table", data, Options(model=str(write_model(tmp_path / "models", brighter()))))


def test_the_classical_estimator_is_the_one_without_a_hash() -> None:
    assert BENCHMARK.models()[: len(quality.ESTIMATORS)] == quality.ESTIMATORS
    assert BENCHMARK.estimator("quality") == quality.estimator("quality")
    assert BENCHMARK.estimator("quality").sha256 is not None
    assert replace(BENCHMARK.estimator("classical"), version="") == replace(
        BENCHMARK.estimator("classical"), name="classical-quality", version="", sha256=None
    )
