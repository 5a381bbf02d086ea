"""The README's tables say what the reports say, and a stale one is found."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from eval import benchmarks, report
from eval.benchmark import Figure, Summary
from eval.metrics import Interval
from eval.tables import MARKED, ROOT, TABLES, fill, main, number, reports, table
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


def test_the_committed_tables_are_there_and_up_to_date() -> None:
    pages = [page for page in (ROOT / "README.md", ROOT / "results" / "README.md") if page.is_file()]
    assert sum(len(MARKED.findall(page.read_text(encoding="utf-8"))) for page in pages) > 0
    assert main(["--check", *map(str, pages)]) == 0


def odd_origin(found: dict[Path, report.Report]) -> list[str]:
    """What is wrong with where reports come from: several versions of the code for the reports of one folder, which
    are compared with each other, or one that was never committed."""
    versions: dict[Path, set[str]] = {}
    for path, one in found.items():
        versions.setdefault(path.parent, set()).add(str(one.run.get("code_sha256")))
    changed = [path.name for path, one in found.items() if str(one.run.get("commit")).endswith("+changes")]
    return [*(version for of in versions.values() if len(of) > 1 for version in sorted(of)), *changed]


def test_the_committed_reports_of_a_benchmark_were_made_by_one_committed_version_of_the_code() -> None:
    assert odd_origin(reports(ROOT / "results")) == []


def test_reports_of_two_versions_or_of_changed_code_are_recognized(tmp_path: Path) -> None:
    first, second = (placed(tmp_path, kind="toy", figures=RATED, name=name) for name in ("good", "fair"))
    assert odd_origin(reports(tmp_path / "results")) == []
    found = report.read(second)
    second.write_bytes(replace(found, run={**found.run, "code_sha256": "0" * 64}).json())
    assert len(odd_origin(reports(tmp_path / "results"))) == 2
    second.write_bytes(replace(found, run={**found.run, "commit": "a0" * 20 + "+changes"}).json())
    assert odd_origin(reports(tmp_path / "results")) == ["fair.json"]
    assert first.is_file()


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
    assert head == "| data set | split | judged | n | SRCC ↑ | PLCC ↑ | KRCC ↑ | RMSE ↓ (MOS, 0..1) |"
    assert lines[:3] == [
        "| [Toy](results/toy/good.json) | all | **good 1.0.0** | 2,000 | .862 [.850, .873] |  |  | .095 [.090, .100] |",
        "|  |  | laplacian | 2,000 | .310 [.270, .350] |  |  |  |",
        "|  |  | constant | 2,000 | – |  |  |  |",
    ]
    assert "↑ higher is better" in text
    assert "95 % interval (percentile bootstrap over rows)" in text
    assert "– undefined" in text


def test_figures_on_other_cases_than_their_neighbors_name_their_own_n(tmp_path: Path) -> None:
    figures = (
        Figure("accuracy", 0.601, 0.55, 0.65, 381, "Wilson score"),
        Figure("macro_f1", 0.44, 0.34, 0.52, 330, "percentile bootstrap over groups"),
        Figure("false_alarm_rate", 0.02, 0.01, 0.05, 215, "Wilson score"),
        Figure("accuracy", 0.56, 0.51, 0.61, 381, "Wilson score", who="constant"),
    )
    placed(tmp_path, kind="blur", figures=figures)
    text = table("blur", reports(tmp_path / "results"), tmp_path)
    cells = [".601 [.550, .650] (n 381)", ".440 [.340, .520] (n 330)", "", ".020 [.010, .050] (n 215)"]
    assert f"| **good 1.0.0** | all |  | {' | '.join(cells)} |" in text
    assert "| constant | all | 381 | .560 [.510, .610] |" in text
    assert "n counts groups of related cases where the interval is drawn over groups, else cases; in 120 cases" in text
    assert "`constant` is the most frequent class for every photo" in text


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("percentile bootstrap over rows", "; n counts cases: 120 cases of Toy"),
        ("Wilson score", "; n counts cases: 120 cases of Toy"),
        (
            "percentile bootstrap over groups",
            "; n counts groups of related cases, which are drawn together, in 120 cases",
        ),
    ],
)
def test_the_note_says_what_n_counts_as_the_method_does(tmp_path: Path, method: str, said: str) -> None:
    placed(tmp_path, kind="rating", figures=(replace(RATED[0], method=method),))
    assert said in table("rating", reports(tmp_path / "results"), tmp_path)


def test_reports_of_one_data_set_say_in_the_note_once_what_they_share(tmp_path: Path) -> None:
    for name in ("good", "fair"):
        placed(tmp_path, kind="rating", figures=RATED, name=name)
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    assert "**fair 1.0.0**" in text
    assert "**good 1.0.0**" in text
    assert text.count("120 cases of Toy") == text.count("the MOS of Toy") == 1


def test_the_note_explains_scale_copy_and_baselines(tmp_path: Path) -> None:
    path = placed(tmp_path, kind="rating", figures=(*RATED, replace(RATED[4], who="naturalness")))
    found = report.read(path)
    about = replace(found.data, scale=(0.0, 9.0), direction="lower is better", read="images/512")
    path.write_bytes(replace(found, data=about, model=replace(found.model, sha256=None)).json())
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    assert "the MOS of Toy, published on 0..9, lower is better, turned round, stands on 0..1" in text
    assert "Toy was read from images/512" in text
    assert "fitted on up to 1,000 training photos of the same set" in text
    assert "`constant` is the mean of the scored MOS" in text
    assert "good 1.0.0 has not been fitted to any rating" in text


def test_a_figure_that_is_mostly_undefined_shows_no_interval_and_says_so(tmp_path: Path) -> None:
    few, many = (Interval(0.3, 0.5, 12, "bootstrap", 0.95, 1000, undefined) for undefined in (50, 51))
    kept, left = (Figure.of("srcc", 0.4, interval, n=12) for interval in (few, many))
    assert (kept.low, kept.high, kept.method, kept.undefined) == (0.3, 0.5, "bootstrap", 50)
    assert (left.value, left.low, left.high, left.undefined) == (0.4, None, None, 51)
    assert left.method == "no interval: undefined on 51 of 1,000 resamples"
    placed(tmp_path, kind="rating", figures=(left,))
    text = table("rating", reports(tmp_path / "results"), tmp_path)
    assert "| 12 | .400 |" in text
    assert "no interval where a figure does not exist on more than 5 %" in text
    assert "in brackets" not in text


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
    assert text.count("| laplacian |") == 1
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
