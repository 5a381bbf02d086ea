"""The README's tables say what the reports say, and a stale one is found."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from eval import benchmarks, report
from eval.benchmark import Figure, Summary
from eval.tables import ROOT, TABLES, fill, main, number, reports, table
from iqa.errors import IQAError, UnknownNameError
from tests import toy_benchmark as toy


def placed(tmp_path: Path, *, kind: str, figures: tuple[Figure, ...], name: str = "good") -> Path:
    """A report of that kind with those figures, under results/ of `tmp_path`."""
    if not (tmp_path / "data").exists():
        toy.data(tmp_path / "data")
    path = toy.scored(tmp_path / "data", tmp_path / "results" / "toy", name, resamples=20)
    path.write_bytes(replace(report.read(path), benchmark=kind, summary=Summary(figures)).json())
    return path


RATED = (
    Figure("srcc", 0.8624, 0.8499, 0.8731, 2000, "percentile bootstrap over rows"),
    Figure("rmse", 0.0951, 0.09, 0.1, 2000, "percentile bootstrap over rows"),
    Figure("srcc", -0.1, -0.2, 0.01, 657, "percentile bootstrap over rows", "subset ss01"),
    Figure("srcc", 0.4, 0.3, 0.5, 343, "percentile bootstrap over rows", "subset ss02"),
    Figure("srcc", 0.31, 0.27, 0.35, 2000, "percentile bootstrap over rows", who="laplacian"),
    Figure("srcc", None, None, None, 2000, "", who="constant"),
)


def test_the_committed_tables_are_up_to_date() -> None:
    assert main(["--check", str(ROOT / "README.md"), str(ROOT / "results" / "README.md")]) == 0


def test_every_committed_report_can_be_read() -> None:
    assert all(found.asked == found.scored + len(found.failed) for found in reports(ROOT / "results").values())


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.8624, "", ".862"),
        (-0.1, "", "-.100"),
        (1.0, "share", "1.000"),
        (0.9996, "", "1.000"),
        (-0.0001, "", ".000"),
        (14.861, "dB", "14.86"),
        (0.5, "dB", "0.50"),
        (12345.6, "", "12,346"),
        (None, "", "–"),
    ],
)
def test_numbers_have_three_digits_and_keep_their_sign(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_row_holds_who_how_many_and_every_interval(tmp_path: Path) -> None:
    placed(tmp_path, kind="rating", figures=RATED)
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    head, _, *lines = text.splitlines()
    assert head == "| data set | split | judged | n | SRCC ↑ | PLCC ↑ | KRCC ↑ | RMSE ↓ (MOS) |"
    assert lines[:3] == [
        "| [Toy](results/toy/good.json) | all | **good 1.0.0** | 2,000 | .862 [.850, .873] |  |  | .095 [.090, .100] |",
        "|  |  | laplacian | 2,000 | .310 [.270, .350] |  |  |  |",
        "|  |  | constant | 2,000 | – |  |  |  |",
    ]
    assert "↑ higher is better" in text
    assert "95 % interval (percentile bootstrap over rows)" in text
    assert "– undefined" in text


def test_parts_have_a_table_and_a_column_of_their_own(tmp_path: Path) -> None:
    placed(tmp_path, kind="rating", figures=RATED)
    text = table("rating-parts", reports(tmp_path / "results"), tmp_path)
    assert "| part |" in text
    assert "| subset ss01 | 657 | -.100 [-.200, .010] |" in text
    assert "\n|  |  |  | subset ss02 | 343 | .400 [.300, .500] |" in text
    assert "laplacian" not in text
    assert "| all | **good" in text.splitlines()[2]


def test_figures_with_and_without_gt_mean_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    figures = tuple(
        Figure(name, value, None, None, 15, "")
        for name, value in (("psnr", 14.861), ("ssim", 0.559), ("psnr_gt_mean", 21.88), ("ssim_gt_mean", 0.641))
    )
    placed(tmp_path, kind="enhancement", figures=figures)
    text = table("enhancement", reports(tmp_path / "results"), tmp_path)
    assert "| PSNR ↑ (dB) | SSIM ↑ | PSNR with GT-mean ↑ (dB) | SSIM with GT-mean ↑ |" in text
    assert "| 15 | 14.86 | .559 | 21.88 | .641 |" in text


def test_a_baseline_beside_two_models_stands_once(tmp_path: Path) -> None:
    for name in ("good", "fair"):
        placed(tmp_path, kind="rating", figures=RATED, name=name)
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    assert text.count("laplacian") == 1
    assert (text.count("**good 1.0.0**"), text.count("**fair 1.0.0**")) == (1, 1)


def test_failures_and_partial_runs_are_told(tmp_path: Path) -> None:
    path = placed(tmp_path, kind="rating", figures=RATED)
    found = report.read(path)
    failed = replace(found, failed=(("a", "gone"),), options=replace(found.options, limit=120))
    path.write_bytes(failed.json())
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    assert "Toy: 1 of 120 cases failed" in text
    assert "all, 120 cases of it" in text


def test_other_json_under_results_is_left_alone_and_a_broken_report_is_not(tmp_path: Path) -> None:
    (tmp_path / "speed.json").write_text('{"what": "speed"}')
    assert reports(tmp_path) == {}
    (tmp_path / "cut.json").write_text('{"benchmark": "rating", ')
    with pytest.raises(IQAError, match=r"cut\.json"):
        reports(tmp_path)


def test_a_stale_table_is_found_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = placed(tmp_path, kind="rating", figures=RATED)
    readme = tmp_path / "README.md"
    around = "# Lab\n\n<!-- results:rating -->\nold\n<!-- /results -->\n\nEnd. <!-- no marker -->\n"
    readme.write_text(around, encoding="utf-8")
    words = ["--readme", str(readme), "--results", str(tmp_path / "results")]
    assert main([*words, "--check"]) == 1
    assert "stale: rating" in capsys.readouterr().err
    assert readme.read_text(encoding="utf-8") == around
    assert main(words) == 0
    written = readme.read_text(encoding="utf-8")
    assert written.startswith("# Lab\n\n<!-- results:rating -->\n\n| data set |")
    assert written.endswith("\n\n<!-- /results -->\n\nEnd. <!-- no marker -->\n")
    assert main([*words, "--check"]) == 0
    figures = (replace(RATED[0], value=0.8636), *RATED[1:])
    path.write_bytes(replace(report.read(path), summary=Summary(figures)).json())
    assert main([*words, "--check"]) == 1


def test_an_open_marker_and_an_unknown_table_are_errors() -> None:
    with pytest.raises(IQAError, match="one is open"):
        fill("<!-- results:rating -->\n", {}, Path())
    with pytest.raises(UnknownNameError, match="rating"):
        fill("<!-- results:ratings -->\n<!-- /results -->\n", {}, Path())


def test_a_table_without_reports_says_so() -> None:
    text, stale = fill("<!-- results:noise -->\n<!-- /results -->\n", {}, Path())
    assert stale == ("noise",)
    assert "No report of `noise` yet" in text


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_of_a_kind_that_exists(name: str) -> None:
    assert TABLES[name].kind in benchmarks.KINDS
    re.compile(TABLES[name].parts)
