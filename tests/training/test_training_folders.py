"""training.folders: measured results reach the manifest from reports on that very file, and from nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from eval import report
from iqa import catalogue, hub, model
from iqa import manifest as manifests
from iqa.errors import ArgumentError, IQAError
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
        assert command("--out", folder, "--results", path) == 2
        assert said in capsys.readouterr().err
    elsewhere = folder.parent / path.name
    elsewhere.write_bytes(whole.json())
    assert command("--out", folder, "--results", elsewhere) == 2
    assert "below a folder `results`" in capsys.readouterr().err
    assert manifests.read(folder).results == ()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """assets/models and a catalogue, in the place of the project's."""
    (tmp_path / "house").mkdir()
    (tmp_path / "catalogue.json").write_text('{"format": 1, "models": {}}')
    monkeypatch.setattr(model, "MODELS", tmp_path / "house")
    monkeypatch.setattr(catalogue, "PATH", tmp_path / "catalogue.json")
    monkeypatch.setenv("IQA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "house"


def test_a_model_that_is_embedded_gets_a_row_without_a_repository_and_results_renew_it(
    house: Path, measured: tuple[Path, Path]
) -> None:
    folder, path = measured
    folders.enter(folder, print)
    assert catalogue.read() == {}, "it lies elsewhere"
    inside = folder.rename(house / folder.name)
    told: list[str] = []
    folders.enter(inside, told.append)
    first = catalogue.read()[inside.name]
    assert (first.repository, first.commit, first.version) == (None, None, "1.0.0")
    assert [place.verified for place in hub.verify([inside.name])] == [True]
    folders.enter(inside, told.append)
    assert len(told) == 1, "an equal row is not news"
    assert command("--out", inside, "--results", path) == 0
    second = catalogue.read()[inside.name]
    assert second.manifest_sha256 == catalogue.digest(inside) != first.manifest_sha256
    assert [place.verified for place in hub.verify([inside.name])] == [True]
    assert model.model_folder(inside.name) == inside


def test_the_row_of_a_published_model_is_left_to_the_next_push(house: Path, measured: tuple[Path, Path]) -> None:
    inside = measured[0].rename(house / measured[0].name)
    row = catalogue.Row(repository="studio/toy", commit="0" * 40, manifest_sha256="1" * 64, version="0.9.0")
    catalogue.write_row(inside.name, row)
    told: list[str] = []
    folders.enter(inside, told.append)
    assert catalogue.read()[inside.name] == row
    assert "0.9.0 from studio/toy; push this one" in told[0]


def test_an_embedded_folder_has_the_name_of_its_model(house: Path) -> None:
    folders.refuse_other_name(house / "quality", "quality")
    folders.refuse_other_name(house.parent / "mine", "quality")
    with pytest.raises(ArgumentError, match="has the name of its model; accepted: quality"):
        folders.refuse_other_name(house / "mine", "quality")


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
