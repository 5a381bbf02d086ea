"""iqa.ranking: a burst as rows, the same for the command line and for the page."""

import csv
from pathlib import Path

import photos
import pytest

from iqa import burst, quality, ranking
from iqa.burst import BurstAnswer
from iqa.table import csv_file
from tabs import burst as tab


@pytest.fixture(scope="module")
def found() -> BurstAnswer:
    """Three frames of falling sharpness."""
    frames = [photos.blurred(photos.photo("coffee"), sigma) for sigma in (4.0, 0.0, 2.0)]
    return burst.rank(frames, names=["c.jpg", "a.jpg", "b.jpg"])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_row_per_frame_best_first_then_the_failed(found: BurstAnswer, tmp_path: Path) -> None:
    with csv_file(ranking.COLUMNS, tmp_path / "a.csv", overwrite=False) as write:
        for record in ranking.records(found, [("broken.jpg", "It is cut off.")]):
            write(record)
    written = rows(tmp_path / "a.csv")
    assert [row["file"] for row in written] == ["a.jpg", "b.jpg", "c.jpg", "broken.jpg"]
    assert [row["rank"] for row in written] == ["1", "2", "3", ""]
    assert [float(row["score"]) for row in written[:3]] == [frame.score for frame in found.ranking]
    assert [row["margin_to_next"] for row in written[2:]] == ["", ""]
    assert [row["error"] for row in written] == ["", "", "", "It is cut off."]
    for name in quality.WEIGHTS:
        assert [float(row[name]) for row in written[:3]] == [frame.factors[name] for frame in found.ranking]


def test_the_page_exports_what_the_command_line_writes(
    found: BurstAnswer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab, "new_file", lambda name: tmp_path / name)
    exported = Path(tab._export(found, [("broken.jpg", "It is cut off.")]))
    with csv_file(ranking.COLUMNS, tmp_path / "own.csv", overwrite=False) as write:
        for record in ranking.records(found, [("broken.jpg", "It is cut off.")]):
            write(record)
    assert exported.read_bytes() == (tmp_path / "own.csv").read_bytes()


def test_no_ranking_leaves_only_the_failed() -> None:
    assert [record.file for record in ranking.records(None, [("a.jpg", "no")])] == ["a.jpg"]
