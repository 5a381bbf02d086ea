"""What goes to the Hub can be read back by the Hub's own client, and says of one model what its reports say."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results

from eval import report
from eval.card import eval_results, main, model_index
from eval.report import Report
from iqa.errors import ArgumentError, OutputExistsError, UnknownNameError
from tests import toy_benchmark as toy

HUB = {"table": ("somebody/ratings", "a" * 40)}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return toy.scored(toy.data(tmp_path / "data"), tmp_path / "results" / "table")


def changed(path: Path, found: Report) -> Path:
    path.write_bytes(found.json())
    return path


def test_the_model_index_is_read_back_with_the_values_of_the_report(made: Path) -> None:
    found = report.read(made)
    text = model_index({made: found}, "somebody/toy-iqa")
    name, results = model_index_to_eval_results(yaml.safe_load(text)["model-index"])
    assert name == "toy-iqa"
    assert [(r.metric_type, r.metric_value) for r in results] == [
        ("spearmanr", found.summary.figures[0].value),
        ("rmse", found.summary.figures[1].value),
    ]
    assert {(r.dataset_type, r.dataset_name, r.dataset_split) for r in results} == {("table", "Toy", "all")}
    arguments = yaml.safe_load(text)["model-index"][0]["results"][0]["metrics"][0]["args"]
    assert arguments["interval_95"] == [found.summary.figures[0].low, found.summary.figures[0].high]
    assert arguments["report"] == "results/table/good.json"
    card = ModelCard(f"---\n{text}---\n\n# A model\n")
    assert card.data.eval_results is not None
    assert len(card.data.eval_results) == 2


def test_the_entries_are_read_back_by_the_clients_own_parser(made: Path) -> None:
    found = report.read(made)
    ((name, text),) = eval_results({made: found}, HUB, "somebody/toy-iqa").items()
    assert name == "toy-table-all.yaml"
    first, second = parse_eval_result_entries(yaml.safe_load(text))
    assert (first.dataset_id, first.dataset_revision) == HUB["table"]
    assert (first.task_id, first.value) == ("table-all-srcc", found.summary.figures[0].value)
    assert second.task_id == "table-all-rmse"
    assert first.date == "2026-11-21T06:00:00Z"
    assert first.source_url == "https://huggingface.co/somebody/toy-iqa/blob/main/results/table/good.json"
    assert first.notes is not None
    assert "higher is better" in first.notes
    assert "n = 120" in first.notes
    assert f"sha256 {'ab' * 32}" in first.notes


def test_a_known_mirror_needs_no_telling_and_other_data_gets_no_entry(made: Path) -> None:
    found = report.read(made)
    assert eval_results({made: found}, {}) == {}
    koniq = replace(found, data=replace(found.data, name="koniq", split="test"))
    (entry, _) = parse_eval_result_entries(yaml.safe_load(eval_results({made: koniq}, {})["toy-koniq-test.yaml"]))
    assert entry.dataset_id == "chaofengc/IQA-PyTorch-Datasets"
    assert entry.source_url is None


def test_reports_of_two_models_or_of_a_part_are_refused(made: Path, tmp_path: Path) -> None:
    found = report.read(made)
    other = replace(found, model=replace(found.model, sha256="cd" * 32), data=replace(found.data, split="test"))
    with pytest.raises(ArgumentError, match="one model"):
        model_index({made: found, tmp_path / "b.json": other})
    with pytest.raises(ArgumentError, match="same split"):
        model_index({made: found, tmp_path / "b.json": found})
    limited = replace(found, options=replace(found.options, limit=50))
    with pytest.raises(ArgumentError, match="score all"):
        eval_results({made: limited}, HUB)


def test_an_undefined_figure_is_left_out(made: Path) -> None:
    found = report.read(made)
    unknown = replace(found.summary.figures[0], value=None, low=None, high=None)
    figures = (unknown, *found.summary.figures[1:])
    text = model_index({made: replace(found, summary=replace(found.summary, figures=figures))})
    _, results = model_index_to_eval_results(yaml.safe_load(text)["model-index"])
    assert [result.metric_type for result in results] == ["rmse"]


def test_the_command_writes_into_a_model_folder_once(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(made), "--model-id", "somebody/toy-iqa", "--hub-dataset", "table=somebody/ratings"]
    assert main([*words, "--out", str(tmp_path / "model")]) == 0
    written = tmp_path / "model" / ".eval_results" / "toy-table-all.yaml"
    assert len(parse_eval_result_entries(yaml.safe_load(written.read_text()))) == 2
    assert capsys.readouterr().out.startswith("model-index:\n")
    with pytest.raises(OutputExistsError):
        main([*words, "--out", str(tmp_path / "model")])
    assert main(words) == 0
    assert written.read_text() in capsys.readouterr().out


def test_a_name_that_is_no_repository_or_no_data_set_is_refused(made: Path) -> None:
    with pytest.raises(ArgumentError, match="OWNER/NAME"):
        main([str(made), "--model-id", "toy"])
    with pytest.raises(ArgumentError, match="accepted"):
        main([str(made), "--hub-dataset", "table=ratings"])
    with pytest.raises(UnknownNameError, match="koniq"):
        main([str(made), "--hub-dataset", "konik=a/b"])


def test_it_is_said_when_a_report_has_no_place_on_the_hub(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(made)]) == 0
    assert "1 of 1 reports" in capsys.readouterr().err
