"""Promises of python -m eval.run: one command scores a data set; reports repeat, resume and count what failed."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval import benchmarks, datasets, run
from eval.benchmarks import BY_TASK, KINDS, MADE_FROM_PHOTOS
from eval.call import parsed, public
from eval.partial import Partial
from eval.report import read
from eval.verify import verify
from tests.miniature import MINIATURES, picture, text

PHOTOS = 12


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve rated photos of six scenes, one's own table."""
    root = tmp_path_factory.mktemp("studio")
    for index in range(PHOTOS):
        picture(root / f"{index}.png", index, (24 + index, 32))
    rows = (f"{index}.png,{(index * 7 % PHOTOS) / PHOTOS:.3f},scene {index // 2}" for index in range(PHOTOS))
    text(root / "ratings.csv", "path,mos,group", *rows)
    return root


def score(data: Path, out: Path, *more: str, name: str = "table") -> int:
    return run.main([name, "--data", str(data), "--out", str(out), "--resamples", "200", *more])


def without_run(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert list(found)[-1] == "run"
    del found["run"]
    return found


@pytest.fixture(scope="module")
def reports(studio: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of one process."""
    out = tmp_path_factory.mktemp("reports")
    assert score(studio, out, "--jobs", "1") == 0
    return out / "table"


def test_a_run_writes_a_complete_report_and_no_folder_of_this_machine(reports: Path, studio: Path) -> None:
    report = read(reports / "classical.json")
    assert (report.asked, report.scored, report.failed) == (PHOTOS, PHOTOS, ())
    assert (report.benchmark, report.data.name, report.data.split) == ("rating", "table", "all")
    assert report.model.name == "classical-quality"
    assert {figure.metric for figure in report.summary.figures} >= {"srcc", "plcc", "krcc", "rmse"}
    assert {figure.n for figure in report.summary.figures} == {6}
    assert "no train split" in str(report.prepared)
    assert report.run["arguments"] == [
        *("table", "--data", studio.name, "--out", reports.parent.name),
        *("--resamples", "200", "--jobs", "1"),
    ]
    whole = "".join(path.read_text(encoding="utf-8") for path in reports.iterdir())
    assert str(studio.parent) not in whole
    assert sorted(path.name for path in reports.iterdir()) == ["classical.csv", "classical.json"]


def test_what_a_run_wrote_is_verified_whole_also_under_a_title_of_its_own(
    reports: Path, studio: Path, tmp_path: Path
) -> None:
    assert score(studio, tmp_path, "--jobs", "1", "--title", "A day in a studio") == 0
    for path in (reports / "classical.json", tmp_path / "table" / "classical.json"):
        assert verify(path, studio, rescore=3, reversed_ok=True).findings == ()
    about = [read(folder / "table" / "classical.json").data for folder in (reports.parent, tmp_path)]
    assert [(data.given_title, data.title == "A day in a studio") for data in about] == [(False, False), (True, True)]
    assert (about[0].scale, about[0].direction) == ((0.0, 1.0), "higher is better")


def test_an_interrupted_run_with_other_jobs_ends_in_the_same_bytes(
    reports: Path, studio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep: Callable[..., Any] = Partial.add

    def interrupted(self: Partial, *arguments: Any) -> Any:
        if len(self.path.read_bytes().splitlines()) > 5:
            raise KeyboardInterrupt
        return keep(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "add", interrupted)
        assert score(studio, tmp_path, "--jobs", "2") == 130
    assert "goes on from there" in capsys.readouterr().err
    assert not (tmp_path / "table/classical.json").exists()
    assert score(studio, tmp_path, "--jobs", "2") == 0
    assert "5 of 12 cases were scored before" in capsys.readouterr().err
    assert without_run(tmp_path / "table/classical.json") == without_run(reports / "classical.json")
    assert (tmp_path / "table/classical.csv").read_bytes() == (reports / "classical.csv").read_bytes()
    assert len(list((tmp_path / "table").iterdir())) == 2


def test_what_cannot_be_scored_is_counted_named_and_ends_in_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "broken"
    for index in range(5):
        picture(root / f"{index}.png", index, (24, 32))
    (root / "3.png").write_bytes(b"a letter")
    (root / "4.png").unlink()
    text(root / "ratings.csv", "path,mos", *(f"{index}.png,0.{index}" for index in range(5)))
    assert score(root, tmp_path / "out", "--without-labels") == 1
    report = read(tmp_path / "out/table/classical.json")
    assert (report.asked, report.scored) == (5, 3)
    reasons = dict(report.failed)
    assert list(reasons) == ["3.png", "4.png"]
    assert "Could not load '3.png'" in reasons["3.png"]
    assert "not there" in reasons["4.png"]
    out = capsys.readouterr().out
    assert "5 asked, 3 scored, 2 failed" in out
    assert all(reason in out for reason in reasons.values())
    rows = (tmp_path / "out/table/classical.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 6
    assert not {"mos", "label"} & set(rows[0].split(","))
    assert report.withheld == ("mos", "label", "label_sd", "mos_sd")


def test_the_printed_table_holds_every_figure_with_interval_and_direction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = MINIATURES["tid2013"](tmp_path / "tid2013")
    assert score(tmp_path, tmp_path / "out", "--jobs", "1", name="tid2013") == 0
    out = capsys.readouterr().out
    assert out.index("srcc") < out.index("plcc") < out.index("krcc") < out.index("rmse")
    assert "higher is better" in out
    assert "lower is better, MOS" in out
    assert "constant" in out
    assert "3 asked, 3 scored, 0 failed" in out
    assert root.is_dir()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tabel"], "Did you mean 'table'?"),
        (["photos"], "Unknown data set"),
        (["table", "--data", "{data}", "--model", "clasical"], "Did you mean 'classical'?"),
        (["table", "--data", "{data}", "--split", "test"], "no official split"),
        (["biq2021", "--data", "{biq}", "--split", "validation"], "Accepted: train, test, all"),
    ],
)
def test_a_wrong_call_ends_in_exit_2_and_a_sentence(
    words: list[str], expected: str, studio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    biq = MINIATURES["biq2021"](tmp_path / "biq")
    assert run.main([word.format(data=studio, biq=biq) for word in words]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--limit", "0"], ["--jobs", "x"], ["--seed", "-1"], ["--split", "dev"], ["extra"]])
def test_numbers_out_of_range_are_refused_by_the_parser(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(["koniq", *words])
    assert stop.value.code == 2


def test_an_older_report_is_kept_and_that_is_said_before_anything_is_scored(
    reports: Path, studio: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.measure.score", None)  # calling it would fail
    before = (reports / "classical.json").read_bytes()
    assert score(studio, reports.parent) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (reports / "classical.json").read_bytes() == before


@pytest.mark.parametrize("name", ["koniq", "lol", "damage"])
@pytest.mark.parametrize("more", [[], ["--data", "{here}"]])
def test_absent_data_ends_in_exit_3_with_the_way_to_get_it(
    name: str,
    more: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IQA_DATA", raising=False)
    if name == "damage":
        monkeypatch.setattr(benchmarks, "KINDS", {"damage": KINDS["rating"]})
    assert run.main([name, *(word.format(here=tmp_path) for word in more)]) == 3
    dataset = datasets.get("photos" if name == "damage" else name)
    assert dataset.get in capsys.readouterr().err


def test_download_of_a_set_without_a_mirror_ends_in_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unmirrored = next(name for name in datasets.names() if datasets.get(name).mirror is None and name in run._scored())
    assert run.main([unmirrored, "--data", str(tmp_path), "--download"]) == 3
    assert "not found" in capsys.readouterr().err


def test_every_data_set_is_scored_by_some_kind_or_is_its_source() -> None:
    for name in datasets.names():
        assert datasets.get(name).task in {*BY_TASK, "photos"}
    assert set(run._scored()) == {*datasets.names(), *MADE_FROM_PHOTOS} - {"photos"}
    assert {KINDS[kind].name for kind in ("rating",)} == {"rating"}


def test_a_name_that_is_both_is_the_data_set_when_its_place_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, list[str]]] = []

    def recorded(module: str) -> SimpleNamespace:
        def main(words: list[str]) -> int:
            called.append((module, words))
            return 0

        return SimpleNamespace(main=main)

    monkeypatch.setattr(run, "import_module", recorded)
    for words in ("table", "table --check", "table --data x", "table --data=x", "verify --data x"):
        assert run.main(words.split()) == 0
    assert called == [
        ("eval.tables", []),
        ("eval.tables", ["--check"]),
        ("eval.measure", ["table", "--data", "x"]),
        ("eval.measure", ["table", "--data=x"]),
        ("eval.verify", ["--data", "x"]),
    ]


def test_help_names_every_option_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(["koniq", "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    options = ("data", "model", "split", "limit", "out", "overwrite", "jobs", "seed", "resamples", "without-labels")
    assert all(f"--{option}" in out for option in (*options, "plots", "download"))
    assert "exit code" in out
    assert run.main(["--help"]) == 0
    assert "koniq" in capsys.readouterr().out


def test_folders_do_not_get_into_the_report() -> None:
    words = ["koniq", "--data", "/home/somebody/koniq", "--out=/tmp/a/b", "--limit", "5", "--data=."]
    assert public(words) == ["koniq", "--data", "koniq", "--out=b", "--limit", "5", "--data=."]
    assert public(["koniq", "--plots", "/tmp/x", "--plots", "--data=/a/b"]) == [
        *("koniq", "--plots", "x", "--plots", "--data=b")
    ]
    assert parsed(["koniq", "--plots"]).plots == Path()


def test_words_that_are_no_folder_stay_whole_in_the_report() -> None:
    words = ["table", "--title", "LIVE/TID joint", "--title=a/b", "--model", "owner/name", "--split", "test"]
    assert public(words) == words


def test_a_shortened_option_is_refused_since_it_could_hide_a_folder() -> None:
    with pytest.raises(SystemExit) as stop:
        parsed(["koniq", "--dat", "/home/somebody/koniq"])
    assert stop.value.code == 2


def test_ls_says_of_every_set_whether_it_is_here_and_where_it_was_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    MINIATURES["koniq"](tmp_path / "koniq")
    assert run.main(["ls", "--data", str(tmp_path)]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert set(datasets.names()) <= set(lines)
    assert lines["koniq"].split()[2:] == ["yes", str(tmp_path / "koniq")]
    assert lines["spaq"].split()[2:] == ["no", f"{tmp_path},", str(tmp_path / "spaq")]
    assert run.main(["ls", "kadid10k"]) == 0
    page = capsys.readouterr().out
    dataset = datasets.get("kadid10k")
    assert all(part in page for part in (dataset.get, dataset.citation, dataset.licence, *dataset.traps))
