"""Two reports are compared case by case, with the sign kept, only when they are on the same cases."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval import report
from eval.compare import compare, main
from eval.evidence import evidence
from eval.metrics import holm, rmse, srcc
from eval.report import ReportError
from iqa.errors import ArgumentError
from tests import toy_benchmark as toy


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.use(monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return toy.data(tmp_path / "data")


def test_a_better_model_is_better_whichever_way_the_metric_points(root: Path, tmp_path: Path) -> None:
    good, fair = (evidence(toy.scored(root, tmp_path / "out", model)) for model in ("good", "fair"))
    rank, error = compare([good, fair])
    assert (rank.metric, error.metric) == ("srcc", "rmse")
    assert rank.difference is not None
    assert rank.difference > 0
    assert error.difference is not None
    assert error.difference < 0
    assert rank.verdict == error.verdict == "good 1.0.0 is better"
    assert rank.units == 60
    assert rank.n == 120


def test_the_difference_is_that_of_the_figures_and_turns_its_sign_with_the_order(root: Path, tmp_path: Path) -> None:
    good, fair = (evidence(toy.scored(root, tmp_path / "out", model)) for model in ("good", "fair"))
    forth, back = compare([good, fair])[0], compare([fair, good])[0]
    expected = srcc(good.rows["prediction"], good.rows["mos"]) - srcc(fair.rows["prediction"], fair.rows["mos"])
    assert forth.difference == pytest.approx(expected, abs=1e-12)
    assert back.difference == pytest.approx(-expected, abs=1e-12)
    assert forth.low is not None
    assert back.high is not None
    assert back.high == pytest.approx(-forth.low, abs=1e-9)
    assert forth.values[0] == pytest.approx(good.report.summary.figures[0].value, abs=1e-12)


def test_equal_models_cannot_be_told_apart(root: Path, tmp_path: Path) -> None:
    fair, twin = (evidence(toy.scored(root, tmp_path / "out", model)) for model in ("fair", "fair2"))
    for result in compare([fair, twin]):
        assert result.verdict == "cannot be told apart"
        assert result.p_holm is not None
        assert result.p_holm > 0.05


def test_p_values_are_corrected_over_everything_that_is_shown(root: Path, tmp_path: Path) -> None:
    found = [evidence(toy.scored(root, tmp_path / "out", model)) for model in ("good", "fair", "fair2")]
    results = compare(found)
    assert [(r.first[:5], r.second[:5]) for r in results[::2]] == [
        ("good ", "fair "),
        ("good ", "fair2"),
        ("fair ", "fair2"),
    ]
    raw = [result.p for result in results if result.p is not None]
    assert [result.p_holm for result in results] == list(holm(raw))
    assert results[0].p_holm == pytest.approx(6 * raw[0])


def test_a_difference_that_the_correction_takes_away_is_not_called_better_without_saying_so(
    root: Path, tmp_path: Path
) -> None:
    found = [evidence(toy.scored(root, tmp_path / "out", model)) for model in ("good", "fair")]
    few = compare(found, resamples=30)[0]
    assert few.low is not None
    assert few.low > 0
    assert few.p_holm is not None
    assert few.p_holm >= 0.05
    assert few.verdict.startswith("good 1.0.0 is better, taken alone")


def test_only_cases_that_both_answered_are_compared(root: Path, tmp_path: Path) -> None:
    good, fair = (toy.scored(root, tmp_path / "out", model) for model in ("good", "fair"))
    rows = report.read_csv(fair.with_suffix(".csv").read_bytes())
    rows.loc[[3, 8], ["prediction"]] = np.nan
    toy.rewritten(fair, rows, consistent=True)
    result = compare([evidence(good), evidence(fair)])[1]
    assert (result.n, result.left_out) == (118, 2)
    ours = evidence(good).rows.drop(index=[3, 8])
    assert result.values[0] == pytest.approx(rmse(ours["prediction"], ours["mos"]), abs=1e-12)


def test_rows_are_matched_by_key_and_not_by_place(root: Path, tmp_path: Path) -> None:
    good, fair = (toy.scored(root, tmp_path / "out", model) for model in ("good", "fair"))
    before = compare([evidence(good), evidence(fair)])[0]
    toy.rewritten(fair, report.read_csv(fair.with_suffix(".csv").read_bytes()).iloc[::-1], consistent=True)
    assert compare([evidence(good), evidence(fair)])[0] == before


def test_reports_on_other_cases_or_labels_are_refused(root: Path, tmp_path: Path) -> None:
    good = evidence(toy.scored(root, tmp_path / "out"))
    fewer = evidence(toy.scored(root, tmp_path / "fewer", "fair", limit=60))
    with pytest.raises(ArgumentError, match="labels_sha256 differ"):
        compare([good, fewer])
    other = toy.scored(root, tmp_path / "other", "fair")
    found = report.read(other)
    other.write_bytes(replace(found, data=replace(found.data, split="train")).json())
    with pytest.raises(ArgumentError, match=r"split differ \(all and train\)"):
        compare([good, evidence(other)])


def test_an_altered_csv_is_not_compared(root: Path, tmp_path: Path) -> None:
    path = toy.scored(root, tmp_path / "out")
    rows = report.read_csv(path.with_suffix(".csv").read_bytes())
    toy.rewritten(path, rows.assign(prediction=rows["mos"]), consistent=False)
    with pytest.raises(ReportError, match="sha256"):
        evidence(path)


def test_one_report_is_compared_with_its_baselines(root: Path, tmp_path: Path) -> None:
    (result,) = compare([evidence(toy.scored(root, tmp_path / "out"))])
    assert (result.metric, result.second, result.verdict) == ("srcc", "size", "good 1.0.0 is better")


def test_the_command_prints_words_or_json(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(toy.scored(root, tmp_path / "out", model, labels=False)) for model in ("good", "fair")]
    assert main([*paths, "--data", str(root)]) == 0
    out = capsys.readouterr().out
    assert "good 1.0.0 is better" in out
    assert "srcc (higher is better)" in out
    assert "on 120 cases in 60 groups" in out
    assert main([*paths, "--data", str(root), "--json", "--resamples", "50"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first["metric"] == "srcc"
    assert first["low"] < first["difference"] < first["high"]
    with pytest.raises(ReportError, match="--data"):
        main(paths)
