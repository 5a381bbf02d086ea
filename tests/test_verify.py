"""A report is verified only if its CSV, its figures, its labels and its answers are what they were."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from eval import report
from eval.benchmark import Figure
from eval.datasets import AbsentData
from eval.report import Report, ReportError
from eval.verify import main, verify
from iqa.errors import ArgumentError
from tests import toy_benchmark as toy


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    toy.use(monkeypatch)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """(report, data)."""
    root = toy.data(tmp_path / "data")
    return toy.scored(root, tmp_path / "out"), root


def flipped(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(prediction=-rows["prediction"])


def dropped(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.iloc[: len(rows) - max(1, len(rows) // 100)]


def predictions_shifted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(prediction=list(rows["prediction"].iloc[-1:]) + list(rows["prediction"].iloc[:-1]))


def labels_shifted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(mos=list(rows["mos"].iloc[1:]) + list(rows["mos"].iloc[:1]))


def one_to_five(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(mos=1 + 4 * rows["mos"])


def lower_is_better(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(mos=1 - rows["mos"])


def predictions_on_another_scale(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(prediction=1 + 4 * rows["prediction"])


MUTATIONS = [
    flipped,
    dropped,
    predictions_shifted,
    labels_shifted,
    one_to_five,
    lower_is_better,
    predictions_on_another_scale,
]


def test_an_untouched_report_is_verified_exactly(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    verdict = verify(*made, rescore=7)
    assert verdict.findings == ()
    assert verdict.gap == 0
    assert verdict.compared > 20
    assert main([str(made[0]), "--data", str(made[1]), "--rescore", "7"]) == 0
    out = capsys.readouterr().out
    assert "exactly, labels equal to the data set, 7 cases scored again; not checked: 113 predictions (--rescore" in out
    assert out.endswith(", what the run block says\n")


def test_the_verdict_names_what_was_not_checked(made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = report.read(made[0])
    made[0].write_bytes(replace(found, prepared={"naturalness": {"photos": 1000}}).json())
    assert main([str(made[0])]) == 0
    rest = "labels (--data), 120 predictions (--rescore N), the fit of the baselines, what the run block says"
    assert capsys.readouterr().out.endswith(f"exactly; not checked: {rest}\n")
    assert verify(made[0], made[1], rescore=120).unchecked == ("the fit of the baselines", "what the run block says")


IDENTITY: dict[str, Callable[[Report], Report]] = {
    "name of the model": lambda found: replace(found, model=replace(found.model, name="better")),
    "version of the model": lambda found: replace(found, model=replace(found.model, version="9.0.0")),
    "sha256 of the model": lambda found: replace(found, model=replace(found.model, sha256="cd" * 32)),
    "model": lambda found: replace(found, options=replace(found.options, model="elsewhere")),
    "name of the data set": lambda found: replace(found, data=replace(found.data, name="koniq10k")),
    "title of the data": lambda found: replace(found, data=replace(found.data, title="KonIQ", given_title=False)),
    "citation of the data": lambda found: replace(found, data=replace(found.data, citation="Hosu 2020")),
    "licence of the data": lambda found: replace(found, data=replace(found.data, licence="CC0")),
    "source of the data": lambda found: replace(found, data=replace(found.data, source="https://example.org")),
    "split_rule of the data": lambda found: replace(found, data=replace(found.data, split_rule="official")),
    "split of the data": lambda found: replace(found, data=replace(found.data, split="test")),
    "commit in the run block": lambda found: replace(found, run={**found.run, "commit": "today"}),
    "code_sha256 in the run block": lambda found: replace(found, run={**found.run, "code_sha256": None}),
    "packages in the run block": lambda found: replace(found, run={**found.run, "machine": {}}),
}


@pytest.mark.parametrize("what", IDENTITY)
def test_a_report_that_is_about_something_else_is_caught_without_the_data(made: tuple[Path, Path], what: str) -> None:
    made[0].write_bytes(IDENTITY[what](report.read(made[0])).json())
    assert [finding.what for finding in verify(made[0]).findings] == [what]


def test_a_model_that_is_not_installed_is_said_in_a_sentence(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    made[0].write_bytes(IDENTITY["model"](report.read(made[0])).json())
    assert main([str(made[0])]) == 1
    assert "no model 'elsewhere' is installed here (there are good, fair" in capsys.readouterr().out


def test_a_run_block_without_any_of_its_words_is_caught(made: tuple[Path, Path]) -> None:
    made[0].write_bytes(replace(report.read(made[0]), run={}).json())
    assert [finding.what.split()[0] for finding in verify(made[0]).findings] == ["commit", "code_sha256", "packages"]


@pytest.mark.parametrize(("field", "value"), [("scale", (1.0, 5.0)), ("direction", "lower is better"), ("read", "x")])
def test_a_scale_direction_or_copy_that_is_not_the_data_set_s_is_caught_by_the_data(
    made: tuple[Path, Path], field: str, value: object
) -> None:
    found = report.read(made[0])
    made[0].write_bytes(replace(found, data=replace(found.data, **{field: value})).json())
    assert [finding.what for finding in verify(*made).findings] == [f"{field} of the data"]


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("consistent", [False, True], ids=["hash kept", "hash follows"])
def test_a_mutated_csv_is_caught(
    made: tuple[Path, Path],
    mutation: Callable[[pd.DataFrame], pd.DataFrame],
    consistent: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = made[0]
    rows = report.read_csv(path.with_suffix(".csv").read_bytes())
    toy.rewritten(path, mutation(rows), consistent=consistent)
    assert main([str(path)]) == 1
    out = capsys.readouterr().out
    assert "NOT VERIFIED" in out
    assert ("sha256 of" in out) is not consistent
    assert "written" in out


def forged(path: Path, mutation: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A report whose CSV, hash, counts and figures all follow the mutation."""
    toy.rewritten(path, mutation(report.read_csv(path.with_suffix(".csv").read_bytes())), consistent=True)
    found = report.read(path)
    rows = report.read_csv(path.with_suffix(".csv").read_bytes())
    summary = toy.summarize(rows, found.options)
    path.write_bytes(replace(found, summary=summary, asked=len(rows), scored=len(rows)).json())
    return path


@pytest.mark.parametrize("mutation", [dropped, labels_shifted, one_to_five, lower_is_better])
def test_a_forged_report_with_other_labels_is_caught_by_the_data(
    made: tuple[Path, Path], mutation: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    forged(made[0], mutation)
    assert verify(made[0], reversed_ok=True).findings == ()
    names = {finding.what.split(" ")[0] for finding in verify(*made, reversed_ok=True).findings}
    assert names == ({"cases"} if mutation is dropped else {"mos"})


@pytest.mark.parametrize("mutation", [flipped, predictions_shifted, predictions_on_another_scale])
def test_a_forged_report_with_other_predictions_is_caught_by_scoring_again(
    made: tuple[Path, Path], mutation: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    forged(made[0], mutation)
    assert verify(*made, reversed_ok=True).findings == ()
    findings = verify(*made, rescore=4, reversed_ok=True).findings
    assert len(findings) == 4
    assert all(finding.what.startswith("prediction of p") for finding in findings)


def test_a_sign_that_the_scorer_itself_flips_is_caught_without_the_data(tmp_path: Path) -> None:
    path = toy.scored(toy.data(tmp_path / "data"), tmp_path / "out", "reversed")
    assert [finding.what for finding in verify(path).findings] == ["sign of srcc"]
    assert verify(path, reversed_ok=True).findings == ()


def test_other_labels_in_the_data_set_are_caught(made: tuple[Path, Path]) -> None:
    labels = made[1] / "labels.csv"
    lines = labels.read_text().splitlines()
    lines[3] = lines[3].replace(lines[3].split(",")[1], "0.987")
    labels.write_text("\n".join(lines) + "\n")
    assert [finding.what.split(" ")[0] for finding in verify(*made).findings] == ["labels_sha256", "mos"]


def test_withheld_labels_are_joined_from_the_data(tmp_path: Path) -> None:
    root = toy.data(tmp_path / "data")
    path = toy.scored(root, tmp_path / "out", labels=False)
    assert b"mos" not in path.with_suffix(".csv").read_bytes().splitlines()[0]
    assert verify(path, root, rescore=3).findings == ()
    with pytest.raises(ReportError, match="--data"):
        verify(path)


def test_a_shift_is_caught_where_labels_are_withheld(tmp_path: Path) -> None:
    root = toy.data(tmp_path / "data")
    path = toy.scored(root, tmp_path / "out", labels=False)
    rows = report.read_csv(path.with_suffix(".csv").read_bytes())
    toy.rewritten(path, predictions_shifted(rows), consistent=True)
    assert verify(path, root).findings


def test_failures_are_part_of_what_is_verified(tmp_path: Path) -> None:
    root = toy.data(tmp_path / "data", unreadable=(4, 50))
    path = toy.scored(root, tmp_path / "out")
    assert verify(path, root, rescore=120).findings == ()
    found = report.read(path)
    path.write_bytes(replace(found, failed=found.failed[:1], scored=found.scored + 1).json())
    assert {finding.what for finding in verify(path).findings} == {"scored cases in the CSV", "failed cases"}
    path.write_bytes(replace(found, failed=found.failed[:1]).json())
    assert "asked" in {finding.what for finding in verify(path).findings}


def test_a_figure_or_detail_that_was_edited_is_named_with_both_values(made: tuple[Path, Path]) -> None:
    found = report.read(made[0])
    first = found.summary.figures[0]
    assert first.value is not None
    edited = Figure(**{**first.__dict__, "value": first.value + 1e-6})
    details = {**found.summary.details, "said": {"n": 119}}
    summary = replace(found.summary, figures=(edited, *found.summary.figures[1:]), details=details)
    made[0].write_bytes(replace(found, summary=summary).json())
    findings = verify(made[0]).findings
    assert [finding.what for finding in findings] == ["srcc of model, all: value", "details: said: n"]
    assert (findings[0].written, findings[0].found) == (edited.value, first.value)


def test_the_last_digits_of_another_machine_are_no_difference(made: tuple[Path, Path]) -> None:
    found = report.read(made[0])
    first = found.summary.figures[1]
    assert first.value is not None
    edited = Figure(**{**first.__dict__, "value": first.value * (1 + 1e-12)})
    figures = (found.summary.figures[0], edited, *found.summary.figures[2:])
    made[0].write_bytes(replace(found, summary=replace(found.summary, figures=figures)).json())
    verdict = verify(made[0])
    assert verdict.findings == ()
    assert 0 < verdict.gap < 1e-11


def test_a_failed_check_says_when_the_code_is_another_and_does_not_flood(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    forged(made[0], flipped)
    found = report.read(made[0])
    made[0].write_bytes(replace(found, run={**found.run, "code_sha256": "0" * 64}).json())
    assert main([str(made[0]), "--data", str(made[1]), "--rescore", "60"]) == 1
    out = capsys.readouterr().out
    assert "another version of the code" in out
    assert "61 disagree" in out
    assert "and 41 more" in out
    assert len(out.splitlines()) == 23


def test_a_case_that_stands_twice_is_caught(made: tuple[Path, Path]) -> None:
    rows = report.read_csv(made[0].with_suffix(".csv").read_bytes())
    toy.rewritten(made[0], pd.concat([rows, rows.iloc[:1]]), consistent=True)
    assert "rows of each case" in {finding.what for finding in verify(made[0]).findings}


def test_a_missing_column_is_a_finding_and_a_missing_csv_an_error(made: tuple[Path, Path]) -> None:
    rows = report.read_csv(made[0].with_suffix(".csv").read_bytes())
    toy.rewritten(made[0], rows.drop(columns="mos"), consistent=True)
    assert "figures" in {finding.what for finding in verify(made[0]).findings}
    made[0].with_suffix(".csv").unlink()
    with pytest.raises(ReportError, match=r"good\.csv"):
        verify(made[0])


def test_absent_data_is_told_from_data_that_disagrees(made: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(AbsentData):
        verify(made[0], tmp_path / "nowhere")
    with pytest.raises(ArgumentError, match="-1"):
        main([str(made[0]), "--rescore", "-1"])
