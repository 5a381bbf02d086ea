"""training.folders: measured results reach the manifest from reports on that very file, and from nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval import report
from iqa import manifest as manifests
from iqa.errors import IQAError
from iqa.estimator import Estimator
from iqa.model import load_model
from tests import toy_benchmark
from tests.toy_models import luminance, write_model
from training import export, folders


def command(*words: object) -> int:
    """Exit code."""
    return export.main([str(word) for word in words])


@pytest.fixture
def measured(tmp_path: Path) -> tuple[Path, Path]:
    """(a model folder without results, a report on its file)."""
    folder = write_model(tmp_path / "models", luminance())
    manifests.write(replace(manifests.read(folder), results=()), folder)
    path = toy_benchmark.scored(toy_benchmark.data(tmp_path / "data"), tmp_path / "results" / "wide")
    found = manifests.read(folder)
    judged = replace(report.read(path), model=Estimator(found.name, found.version, found.sha256))
    path.write_bytes(judged.json())
    return folder, path


def test_reports_fill_the_results_and_change_nothing_else(measured: tuple[Path, Path]) -> None:
    folder, path = measured
    before = manifests.read(folder)
    assert command("--out", folder, "--results", path) == 0
    after = load_model(folder).manifest
    assert replace(after, results=()) == before
    wanted = [f for f in report.read(path).summary.figures if f.who == "model" and f.part == "all"]
    assert [(row.metric, row.value, row.n) for row in after.results] == [(f.metric, f.value, f.n) for f in wanted]
    assert [row.interval for row in after.results] == [None if f.low is None else (f.low, f.high) for f in wanted]
    assert {row.report for row in after.results} == {f"results/wide/{path.name}"}
    assert command("--out", folder, "--results", path) == 0
    assert load_model(folder).manifest == after, "the same reports again are not more results"


def test_a_report_on_another_file_or_on_a_part_is_refused(
    measured: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path = measured
    whole = report.read(path)
    wrong = [
        (replace(whole, model=replace(whole.model, sha256="0" * 64)), "Score this file"),
        (replace(whole, options=replace(whole.options, limit=5)), "score all of it first"),
    ]
    for changed, said in wrong:
        path.write_bytes(changed.json())
        assert command("--out", folder, "--results", path) == 1
        assert said in capsys.readouterr().err
    elsewhere = folder.parent / path.name
    elsewhere.write_bytes(whole.json())
    assert command("--out", folder, "--results", elsewhere) == 1
    assert "below a folder `results`" in capsys.readouterr().err
    assert manifests.read(folder).results == ()


def test_a_record_keeps_what_other_exports_said(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    folders.record(path, "a", {"size": 1})
    folders.record(path, "b", {"size": 2})
    folders.record(path, "a", {"size": 3})
    assert json.loads(path.read_text()) == {"a": {"size": 3}, "b": {"size": 2}}
    path.write_text("no JSON")
    with pytest.raises(IQAError, match="is no JSON"):
        folders.record(path, "a", {})
    assert path.read_text() == "no JSON"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IQAError, match="Could not write"), folders.new_folder(tmp_path / "file" / "out"):
        pass
