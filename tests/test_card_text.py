"""The model card says what the manifest says, in the Hub's form, and nothing else."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from iqa import manifest as manifests
from iqa.card import Baseline, model_card, pipeline_tag
from iqa.manifest import DataSet, Manifest, Result
from tests import toy_models as toys

SOURCE = "https://huggingface.co/datasets/studio/portraits"


def made(tmp_path: Path, toy: toys.Toy | None = None, **changes: Any) -> Manifest:
    folder = toys.write_model(tmp_path, toy or toys.luminance())
    return dataclasses.replace(manifests.read(folder), **changes)


def front(card: str) -> dict[str, Any]:
    found = yaml.safe_load(card.split("---\n")[1])
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("toy", toys.TOYS, ids=lambda toy: toy.name)
def test_every_card_is_read_by_the_hubs_own_reader(toy: toys.Toy, tmp_path: Path) -> None:
    card = model_card(made(tmp_path, toy))
    assert ModelCard(card).data.to_dict() == front(card)
    assert card == model_card(manifests.read(tmp_path / toy.name))


def test_front_matter_holds_license_library_task_and_public_data_sets(tmp_path: Path) -> None:
    data = DataSet(name="Portraits", split="train", photos=1200, license="CC-BY-4.0", source=SOURCE)
    other = dataclasses.replace(data, source="https://example.org/portraits")
    found = front(model_card(made(tmp_path, trained_on=(data, other))))
    assert (found["license"], found["library_name"], found["tags"]) == ("apache-2.0", "onnx", ["iqa", "toy"])
    assert found["datasets"] == ["studio/portraits"]
    assert "license_name" not in found


def test_terms_that_the_hub_does_not_know_are_given_as_other(tmp_path: Path) -> None:
    found = front(model_card(made(tmp_path, license="For research: no sale")))
    assert (found["license"], found["license_name"]) == ("other", "For research: no sale")


@pytest.mark.parametrize(
    ("toy", "tag"),
    [
        (toys.luminance(), "other"),
        (toys.classes(), "image-classification"),
        (toys.brighter(), "image-to-image"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_task_is_the_one_that_the_outputs_have(toy: toys.Toy, tag: str, tmp_path: Path) -> None:
    assert pipeline_tag(made(tmp_path, toy)) == tag


def test_the_index_of_results_holds_value_n_interval_and_report(tmp_path: Path) -> None:
    second = Result(**{**toys.MEASURED, "metric": "PLCC", "value": 0.125, "interval": None})
    card = model_card(made(tmp_path, results=(Result(**toys.MEASURED), second)))
    name, results = model_index_to_eval_results(front(card)["model-index"])
    assert name == "toy-luminance"
    assert [(r.metric_name, r.metric_value, r.dataset_split) for r in results] == [
        ("SRCC", 0.5, "test"),
        ("PLCC", 0.125, "test"),
    ]
    assert results[0].metric_args == {"n": 10, "interval_95": [0.25, 0.75], "report": "results/toy/run.json"}
    assert "| toy | test | 10 | SRCC | 0.5 | 0.25 to 0.75 | `results/toy/run.json` |" in card
    assert "| PLCC | 0.125 | not stated |" in card
    assert "may be due to chance" in card


def test_a_model_without_results_claims_none(tmp_path: Path) -> None:
    card = model_card(made(tmp_path, results=()))
    assert "model-index" not in front(card)
    assert "The manifest holds no measured result." in card
    assert "Measured on no data set" in card


def test_every_label_has_its_range_unit_and_direction(tmp_path: Path) -> None:
    manifest = made(tmp_path, toys.classes())
    card = model_card(manifest)
    for label in manifest.outputs[0].labels:
        row = f"| `{label}` | `probabilities` | 0 to 1 | probability | higher is likelier | softmax |"
        assert row in card
    assert "| softmax | 0.75 |" in card
    assert card.count("no threshold") == 3


def test_every_number_of_the_card_stands_in_the_manifest(tmp_path: Path) -> None:
    manifest = made(tmp_path, toys.two_views(), description="A network without a number.")
    body = model_card(manifest).split("---\n", 2)[2]
    known = repr(manifest.to_dict()) + f"{manifest.size_bytes:,} 0 to 255 95 %"
    crops = {str(view.rows * view.columns) for view in manifest.input.views if view.kind == "native"}
    numbers = set(re.findall(r"\d[\d.,]*\d|\d", body)) - crops
    assert {number for number in numbers if number not in known} == set()


def test_text_of_the_manifest_cannot_break_a_table_or_become_html(tmp_path: Path) -> None:
    hostile = DataSet(name="a | b", split="<script>", photos=1, license="[x](y)", source="s")
    card = model_card(made(tmp_path, trained_on=(hostile,), description="<img src=x>"))
    assert "a \\| b" in card
    assert not re.search(r"(?<!\\)<(script|img)", card)
    assert "[x](y)" not in card


def test_baselines_stand_beside_each_result_and_not_in_the_index(tmp_path: Path) -> None:
    first = Result(**toys.MEASURED)
    second = dataclasses.replace(first, metric="RMSE", value=0.125, interval=None)
    beside = {
        first: [
            Baseline("laplacian", 0.3125, (0.25, 0.375), 10),
            Baseline("constant", None, None, 10),
            Baseline("classical-toy 1.0.0", 0.4, None, 8),
        ],
        second: [Baseline("constant", 0.25, None, 10)],
    }
    card = model_card(made(tmp_path, results=(first, second)), beside=beside)
    assert "| metric | value | 95 % interval | constant | laplacian | classical-toy 1.0.0 | report |" in card
    assert "| SRCC | 0.5 | 0.25 to 0.75 | undefined | 0.3125 (0.25 to 0.375) | 0.4, n 8 | `results/toy" in card
    assert "| RMSE | 0.125 | not stated | 0.25 | - | - | `results/toy" in card
    assert "not at hand" not in card
    _, indexed = model_index_to_eval_results(front(card)["model-index"])
    assert [(row.metric_name, row.metric_value) for row in indexed] == [("SRCC", 0.5), ("RMSE", 0.125)]
    assert "laplacian" not in card.split("---\n")[1]


def test_a_result_whose_report_is_not_at_hand_says_where_its_baselines_stand(tmp_path: Path) -> None:
    first = Result(**toys.MEASURED)
    second = dataclasses.replace(first, report="results/other/run.json")
    manifest = made(tmp_path, results=(first, second))
    neither = model_card(manifest)
    assert "`results/other/run.json`, `results/toy/run.json`, which was not at hand" in neither
    one = model_card(manifest, beside={first: [Baseline("constant", 0.25, None, 10)]})
    assert "source code's `results/other/run.json`, which was not at hand" in one
    assert "| 0.25 to 0.75 | - | `results/other/run.json` |" in one


def test_what_else_is_in_the_repository_is_mentioned_with_the_way_to_get_it(tmp_path: Path) -> None:
    manifest = made(tmp_path)
    card = model_card(manifest, also=["model.mlpackage"], repository="studio/toy")
    assert "`model.mlpackage`" in card
    assert "hf download studio/toy --revision COMMIT --local-dir FOLDER\n" in card
    assert "hf download" not in model_card(manifest)
