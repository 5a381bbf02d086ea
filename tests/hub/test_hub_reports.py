"""What stands beside a model's results on its card is read from the reports that its manifest names, and agrees."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eval import report
from eval.benchmark import MODEL, Figure
from eval.report import Report
from iqa import catalogue, hub
from iqa import manifest as manifests
from iqa.card import Baseline
from iqa.errors import ModelError
from iqa.estimator import Estimator
from iqa.hub import reports
from iqa.manifest import Manifest, Result
from tests import toy_benchmark
from tests import toy_models as toys
from tests.hub_client import REPOSITORY, World, machine

CONSTANT = Figure("rmse", 0.3, 0.28, 0.32, 120, "percentile bootstrap over groups", "all", "constant")
CLASSICAL = Estimator("classical-toy", "1.2.0", None)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """results/wide/good.json below a folder."""
    root = tmp_path_factory.mktemp("checkout")
    return toy_benchmark.scored(toy_benchmark.data(root / "data"), root / "results" / "wide")


@pytest.fixture
def root(scored: Path, tmp_path: Path) -> Path:
    """A checkout with reports on a model and on the classical estimator, and that model in `made`, with its results."""
    root = tmp_path / "checkout"
    shutil.copytree(scored.parents[2] / "results", root / "results")
    folder = toys.write_model(root / "made", toys.luminance())
    model, plain = manifests.read(folder), report.read(scored)
    judged = replace(plain, model=Estimator(model.name, model.version, model.sha256))
    _rewrite(
        root, lambda _: replace(judged, summary=replace(plain.summary, figures=(*plain.summary.figures, CONSTANT)))
    )
    figures = tuple(replace(f, value=f.value and f.value / 2, n=60) for f in plain.summary.figures)
    classical = replace(plain, model=CLASSICAL, summary=replace(plain.summary, figures=figures))
    (root / "results" / "wide" / reports.CLASSICAL).write_bytes(classical.json())
    rows = [
        Result(data_set="Toy", split="all", n=f.n, metric=f.metric, value=f.value, interval=None, report=NAMED)
        for f in plain.summary.figures
        if f.who == MODEL and f.value is not None
    ]
    manifests.write(replace(model, results=tuple(rows)), folder)
    return root


NAMED = "results/wide/good.json"


def _rewrite(root: Path, change: Callable[[Report], Report], name: str = NAMED) -> None:
    (root / name).write_bytes(change(report.read(root / name)).json())


def _manifest(root: Path) -> Manifest:
    return manifests.read(root / "made" / "toy-luminance")


def test_every_baseline_of_the_report_stands_beside_the_result_and_the_classical_estimator_last(root: Path) -> None:
    manifest, figures = _manifest(root), report.read(root / NAMED).summary.figures
    size = next(f for f in figures if f.who == "size")
    halves = [f.value / 2 for f in figures[:2] if f.value is not None]
    ends = [None if f.low is None or f.high is None else (f.low, f.high) for f in figures[:2]]
    srcc, rmse = manifest.results
    assert reports.beside(manifest, root) == {
        srcc: (Baseline("size", size.value, None, 120), Baseline("classical-toy 1.2.0", halves[0], ends[0], 60)),
        rmse: (Baseline("constant", 0.3, (0.28, 0.32), 120), Baseline("classical-toy 1.2.0", halves[1], ends[1], 60)),
    }


def test_a_classical_report_on_other_cases_is_not_shown(root: Path) -> None:
    changes: list[Callable[[Report], Report]] = [
        lambda found: replace(found, data=replace(found.data, labels_sha256="0" * 64)),
        lambda found: replace(found, data=replace(found.data, split="test")),
        lambda found: replace(found, options=replace(found.options, limit=5)),
        lambda found: replace(found, benchmark="other"),
        lambda found: replace(found, model=Estimator("no-classical", "1.0.0", "1" * 64)),
    ]
    place = f"results/wide/{reports.CLASSICAL}"
    before = report.read(root / place)
    for change in changes:
        (root / place).write_bytes(change(before).json())
        shown = reports.beside(_manifest(root), root)
        assert [[other.who for other in row] for row in shown.values()] == [["size"], ["constant"]]
    (root / place).unlink()
    assert reports.beside(_manifest(root), root) == shown


def test_an_interval_of_another_level_is_not_shown_as_one_of_95_percent(root: Path) -> None:
    _rewrite(root, lambda found: replace(found, options=replace(found.options, level=0.9)))
    assert reports.beside(_manifest(root), root)[_manifest(root).results[1]][0].interval is None


def test_reports_that_are_not_at_hand_have_no_key(root: Path, tmp_path: Path) -> None:
    assert reports.beside(_manifest(root), tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda found: replace(found, model=replace(found.model, sha256="0" * 64)),
            f"judges a file of sha256 {'0' * 64}",
        ),
        (
            lambda found: replace(found, data=replace(found.data, title="Other")),
            "does not hold what the manifest states",
        ),
        (
            lambda found: replace(found, data=replace(found.data, split="test")),
            "does not hold what the manifest states",
        ),
        (
            lambda found: replace(found, options=replace(found.options, limit=9)),
            "does not hold what the manifest states",
        ),
        (
            lambda found: replace(found, summary=replace(found.summary, figures=found.summary.figures[1:])),
            "does not hold what the manifest states, srcc",
        ),
    ],
    ids=["model", "title", "split", "limit", "figure"],
)
def test_a_report_that_says_something_else_than_the_manifest_is_refused(
    change: Callable[[Report], Report], said: str, root: Path
) -> None:
    _rewrite(root, change)
    with pytest.raises(ModelError, match=said):
        reports.beside(_manifest(root), root)


@pytest.mark.parametrize("content", ["no JSON", "[]", "{}", json.dumps({"format": 1}), json.dumps({"format": 2})])
@pytest.mark.parametrize("name", [NAMED, f"results/wide/{reports.CLASSICAL}"])
def test_what_is_no_report_is_named(name: str, content: str, root: Path) -> None:
    (root / name).write_text(content)
    with pytest.raises(ModelError, match=r"not a report|found report format 1") as caught:
        reports.beside(_manifest(root), root)
    assert name in str(caught.value)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with machine(tmp_path) as made:
        for name, value in made.environment.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        monkeypatch.setattr(catalogue, "PATH", made.catalogue)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # the stand-in has no such storage
        yield made


def test_the_pushed_card_shows_the_baselines_and_a_wrong_report_sends_nothing(world: World, root: Path) -> None:
    folder = root / "made" / "toy-luminance"
    hub.push(folder, REPOSITORY, results=root)
    card = world.hub.commits[REPOSITORY][-1].files["README.md"].decode()
    assert "| metric | value | 95 % interval | constant | size | classical-toy 1.2.0 | report |" in card
    assert "| 0.3 (0.28 to 0.32) |" in card
    world.hub.requests.clear()
    _rewrite(root, lambda found: replace(found, model=replace(found.model, sha256="0" * 64)))
    with pytest.raises(ModelError, match="Add the results of this file again"):
        hub.push(folder, REPOSITORY, results=root)
    assert world.hub.requests == []
