"""python -m iqa cull: the best of a card as a table, JSON, CSV and a list of names; no photo is ever touched."""

import csv
import hashlib
import json
from pathlib import Path

import pytest

from iqa.__main__ import main
from tests import cards

KEPT = {"DSC_0002.JPG", "DSC_0004.JPG", "DSC_0008.JPG", "DSC_0009.JPG", "DSC_0010.JPG", "IMG-WA0001.jpg"} | {
    "IMG-WA0003.jpg",
    "P002.JPG",
}


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card of 16 files, one of which breaks off."""
    folder = tmp_path_factory.mktemp("card")
    cards.write(folder)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """What would change if a file were touched, moved or removed, or one appeared."""
    return {p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in folder.rglob("*")}


def test_csv_list_and_json_hold_every_photo_once(
    card: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(card)
    code, out, err = run(capsys, "cull", card, "--json", "--csv", tmp_path / "c.csv", "--list", tmp_path / "keep.txt")
    assert (code, state(card)) == (1, before)
    assert "DSC_0010.JPG" in err
    said = json.loads(out)
    ranking = [row for group in said["groups"] for row in group["ranking"]]
    assert sorted(row["file"] for row in [*ranking, *said["failed"]]) == sorted(map(str, card.iterdir()))
    with (tmp_path / "c.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["file"] for row in rows] == [row["file"] for row in [*ranking, *said["failed"]]]
    assert list(rows[0])[:6] == ["file", "group", "rank", "keep", "score", "why"]
    kept = [row["file"] for row in rows if row["keep"] == "yes"]
    assert {Path(name).name for name in kept} == KEPT
    assert (tmp_path / "keep.txt").read_text().splitlines() == kept
    for row, line in zip(ranking, rows, strict=False):
        assert line["score"] == ("" if row["score"] is None else str(row["score"]))
        assert (line["keep"], line["why"]) == ("yes" if row["keep"] else "no", row["why"])
    assert rows[-1]["error"] == said["failed"][0]["error"]
    assert (rows[-1]["keep"], said["failed"][0]["keep"]) == ("yes", True)


def test_the_table_tells_group_rank_and_reason(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "cull", card, "--model", "classical")
    assert code == 1
    row = next(line for line in out.splitlines() if "DSC_0003.JPG" in line)
    assert row.split()[:3] == ["1", "2", "no"]
    assert "less sharp" in row
    assert "too close to call" in out
    assert out.splitlines()[-1].startswith("Keep 8 of 16 photos")
    assert "Estimator: classical-quality" in out


def test_keep_and_gap_do_what_they_say(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(run(capsys, "cull", card, "--json", "--keep", 2)[1])
    for group in found["groups"]:
        assert [row["keep"] for row in group["ranking"]] == [row["rank"] <= 2 for row in group["ranking"]]
    apart = json.loads(run(capsys, "cull", card, "--json", "--gap", 0)[1])
    assert all(len(group["ranking"]) == 1 or "WA" in group["ranking"][0]["file"] for group in apart["groups"])


def test_a_list_is_replaced_only_when_that_is_asked(
    card: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "keep.txt"
    target.write_text("precious")
    single = card / "DSC_0009.JPG"
    code, out, err = run(capsys, "cull", single, "--list", target)
    assert (code, out, target.read_text()) == (2, "", "precious")
    assert "--overwrite" in err
    assert run(capsys, "cull", single, "--list", target, "--overwrite")[0] == 0
    assert target.read_text() == f"{single}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--list", "/a.jpg"], "name of a photo"),
        (["--list", "/same", "--csv", "/same"], "Give each its own file"),
        (["--list", "/photo"], "itself one of the photos"),
        (["--keep", "0"], "a whole number from 1"),
        (["--gap", "-1"], "a number from 0"),
        (["--gap", "nan"], "a number from 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_exits_2_and_writes_nothing(
    wrong: list[str], said: str, card: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tmp_path / "photo"
    plain.write_bytes((card / "DSC_0009.JPG").read_bytes())
    words = [f"{tmp_path}{word}" if word.startswith("/") else word for word in wrong]
    try:
        code = main(["cull", str(plain), *words])
    except SystemExit as stop:
        code = int(str(stop.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["photo"]


def test_a_name_with_a_line_break_is_refused_for_the_list_and_fine_without(
    card: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "two\nlines.jpg").write_bytes((card / "DSC_0009.JPG").read_bytes())
    code, _, err = run(capsys, "cull", tmp_path, "--list", tmp_path / "keep.txt")
    assert (code, "line break" in err) == (2, True)
    assert run(capsys, "cull", tmp_path)[0] == 0


def test_a_list_of_names_that_are_not_text_holds_their_bytes(
    card: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    odd = Path(str(folder / "caf\udce9.jpg"))
    odd.write_bytes((card / "DSC_0009.JPG").read_bytes())
    assert run(capsys, "cull", folder, "--list", tmp_path / "keep.txt")[0] == 0
    assert (tmp_path / "keep.txt").read_bytes() == bytes(odd) + b"\n"
