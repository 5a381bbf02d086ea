"""Promises of eval.running and eval.partial: order, no lost case, resume, the same rows whatever the number of jobs."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from eval.benchmark import Case, Row
from eval.partial import Partial, fingerprint
from eval.running import Scored, plain, score
from iqa.errors import ArgumentError, ImageError, IQAError

BROKEN = "The error arrives whole"


@dataclass(frozen=True)
class Reader:
    """Tells the text of a file; some words make it fail, and every call leaves a mark in `calls`."""

    calls: Path

    def __call__(self, case: Case) -> Row | list[Row]:
        text = case.paths[0].read_text()
        with self.calls.open("a") as log:
            log.write(f"{case.key}\n")
        if text == "image error":  # its constructor takes keywords only: it cannot be sent as it is
            raise ImageError(asked=f"load {str(case.paths[0])!r}", found="nothing", accepted=BROKEN, action="Look.")
        if text == "bug":
            return {"number": 1 // 0}
        if text == "die":
            os._exit(3)
        if text == "two rows":
            return [{"part": "first", "number": 1}, {"part": "second", "number": 2}]
        return {"number": np.float64(float(text)), "sure": text > "", "unknown": float("nan"), "pid": os.getpid()}


def cases(folder: Path, *texts: str) -> list[Case]:
    """A case per text, in a file of its own."""
    found = []
    for index, text in enumerate(texts):
        path = folder / f"{index}.txt"
        path.write_text(text)
        found.append(Case(f"case {index}", (path,), {"label": index / 7}))
    return found


def scored(folder: Path, asked: list[Case], jobs: int = 1, mark: str = "run") -> Scored:
    partial = Partial(folder / "run.partial.jsonl", fingerprint(asked, {"what": mark}), asked)
    try:
        return score(asked, Reader(folder / "calls"), partial, jobs=jobs)
    finally:
        partial.close()


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scored, Scored]:
    """25 cases, three of which fail, scored by one process and by two."""
    found = []
    for jobs in (1, 2):
        folder = tmp_path_factory.mktemp("mixed")
        asked = cases(folder, "0.1", "image error", "bug", "two rows", *(str(i / 3) for i in range(20)))
        found.append(scored(folder, [*asked, Case("case lost", (folder / "lost.txt",), {"label": 1.0})], jobs))
    return found[0], found[1]


def test_every_case_has_its_row_in_order_whatever_the_number_of_jobs(mixed: tuple[Scored, Scored]) -> None:
    one, two = ([{k: v for k, v in row.items() if k != "pid"} for row in run.rows] for run in mixed)
    assert one == two
    assert list(dict.fromkeys(row["key"] for row in one)) == [*(f"case {i}" for i in range(24)), "case lost"]
    assert one[0] == {"key": "case 0", "error": "", "label": 0.0, "number": 0.1, "sure": 1, "unknown": None}
    assert [row.get("part") for row in one[3:5]] == ["first", "second"]
    assert [(run.asked, run.scored, len(run.failed)) for run in mixed] == [(25, 22, 3)] * 2


def test_the_work_is_done_in_processes_of_their_own(mixed: tuple[Scored, Scored]) -> None:
    for run, jobs in zip(mixed, (1, 2), strict=True):
        processes = {row["pid"] for row in run.rows if "pid" in row}
        assert 1 <= len(processes) <= jobs
        assert os.getpid() not in processes


def test_a_failure_is_counted_with_its_reason_and_without_folders(mixed: tuple[Scored, Scored]) -> None:
    failed = dict(mixed[1].failed)
    assert list(failed) == ["case 1", "case 2", "case lost"]
    assert failed["case 1"] == f"Could not load '1.txt': nothing. Accepted: {BROKEN}. Look."
    assert "ZeroDivisionError" in failed["case 2"]
    assert "'lost.txt'" in failed["case lost"]
    assert [row["error"] for row in mixed[1].rows if row["error"]] == list(failed.values())


def test_a_run_whose_process_died_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked = cases(tmp_path, *map(str, range(12)), "die")
    with pytest.raises(IQAError, match="goes on from there"):
        scored(tmp_path, asked)
    before = calls(tmp_path)
    asked[-1].paths[0].write_text("12")
    found = scored(tmp_path, asked)
    again = calls(tmp_path)[len(before) :]
    assert [row["number"] for row in found.rows] == list(range(13))
    assert "case 12" in again
    assert "case 0" not in again
    assert not found.failed


def test_only_answers_that_still_hold_are_reused(tmp_path: Path) -> None:
    asked = cases(tmp_path, "0", "1", "bug")
    scored(tmp_path, asked)
    asked[1].paths[0].write_text("1.25")
    found = scored(tmp_path, asked)
    assert [row.get("number") for row in found.rows] == [0, 1.25, None]
    assert calls(tmp_path)[3:] == ["case 1", "case 2"]  # the changed file, and the failure


def test_partial_results_of_another_run_are_not_used(tmp_path: Path) -> None:
    asked = cases(tmp_path, "0", "1")
    path = tmp_path / "p.jsonl"
    first = Partial(path, fingerprint(asked, {"seed": 0}), asked)
    first.add(asked[0], [{"number": 0.1}])
    first.close()
    same = Partial(path, fingerprint(asked, {"seed": 0}), asked)
    same.close()
    assert same.done == {"case 0": [{"number": 0.1}]}
    assert "1 of 2" in same.note
    other = Partial(path, fingerprint(asked, {"seed": 1}), asked)
    other.close()
    assert other.done == {}
    assert "another run" in other.note
    relabeled = [Case(case.key, case.paths, {"label": 0.5}) for case in asked]
    assert fingerprint(relabeled, {}) != fingerprint(asked, {})


def test_a_line_that_was_cut_short_is_scored_again(tmp_path: Path) -> None:
    asked = cases(tmp_path, "0", "1")
    path, mark = tmp_path / "p.jsonl", fingerprint(asked, {})
    partial = Partial(path, mark, asked)
    for case in asked:
        partial.add(case, [{"number": 1}])
    partial.close()
    path.write_bytes(path.read_bytes()[:-4])
    cut = Partial(path, mark, asked)
    assert list(cut.done) == ["case 0"]
    cut.add(asked[1], [{"number": 2}])
    cut.close()
    whole = Partial(path, mark, asked)
    assert whole.done == {"case 0": [{"number": 1}], "case 1": [{"number": 2}]}
    whole.remove()
    assert not path.exists()


def test_cases_are_told_apart_and_somebody_must_work(tmp_path: Path) -> None:
    asked = cases(tmp_path, "0")
    with pytest.raises(ArgumentError, match="one key"):
        scored(tmp_path, asked * 2)
    with pytest.raises(ArgumentError, match="0 jobs"):
        scored(tmp_path, asked, jobs=0)


def test_cells_are_what_json_and_csv_can_hold() -> None:
    assert [plain(cell) for cell in (True, np.bool_(False), np.int64(3), "a", None)] == [1, 0, 3, "a", None]
    assert type(plain(np.float32(0.5))) is float
    assert plain(float("nan")) is None


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe\n", b"{\n", b"[]\n", b"{}\n", b'{"key": "case 9", "files": [], "rows": []}\n', b'{"key": "case 2"}\n'],
)
def test_a_damaged_line_ends_what_is_taken_over_and_the_rest_is_scored_anew(tmp_path: Path, line: bytes) -> None:
    asked = cases(tmp_path, "1", "2", "3")
    first = scored(tmp_path, asked)
    partial = tmp_path / "run.partial.jsonl"
    lines = partial.read_bytes().splitlines(keepends=True)
    partial.write_bytes(b"".join([*lines[:2], line, *lines[3:]]))
    again = scored(tmp_path, asked)
    assert [row["number"] for row in again.rows] == [row["number"] for row in first.rows]
    assert calls(tmp_path) == ["case 0", "case 1", "case 2", "case 1", "case 2"]
    assert len(partial.read_bytes().splitlines()) == 4


def test_a_second_run_of_the_same_is_refused_while_the_first_goes_on(tmp_path: Path) -> None:
    asked = cases(tmp_path, "1", "2")
    mark = fingerprint(asked, {"what": "run"})
    first = Partial(tmp_path / "run.partial.jsonl", mark, asked)
    first.add(asked[0], [{"number": 1.0}])
    with pytest.raises(IQAError, match="Another run is scoring into"):
        Partial(tmp_path / "run.partial.jsonl", mark, asked)
    first.close()
    second = Partial(tmp_path / "run.partial.jsonl", mark, asked)
    assert list(second.done) == ["case 0"]
    second.remove()
