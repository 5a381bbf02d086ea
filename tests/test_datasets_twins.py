"""The scan for near-equal photos, from the command line."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from eval import run
from tests.miniature import koniq, lol, picture, table


def scan(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    code = run.main(["twins", *map(str, words)])
    return code, capsys.readouterr().out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """KonIQ-10k's layout: 10000 and 10001 are train, 10002 validation, 10003 test; no two are alike."""
    made = koniq(tmp_path)
    for i in range(4):
        picture(made / "1024x768" / f"1000{i}.jpg", 10 + i, (96, 128))
    return made


def test_a_set_without_twins_ends_with_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = scan(capsys, "koniq", "--data", root)
    assert code == 0
    assert "4 of 4 photos compared" in said
    assert "near-equal pairs: 0 (0 across splits, 0 inside one)" in said


def test_a_photo_of_the_train_that_also_stands_in_the_test_ends_with_1(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Image.open(root / "1024x768/10000.jpg") as photo:
        photo.resize((64, 48)).save(root / "1024x768/10003.jpg", quality=60)
    code, said = scan(capsys, "koniq", "--data", root)
    assert code == 1
    assert "near-equal pairs: 1 (1 across splits, 0 inside one), groups of them: 1" in said
    assert "10000.jpg = 10003.jpg  (train and test;" in said


def test_a_pair_inside_the_train_is_told_and_ends_with_0(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(root / "1024x768/10000.jpg", root / "1024x768/10001.jpg")
    code, said = scan(capsys, "koniq", "--data", root)
    assert code == 0
    assert "10000.jpg = 10001.jpg  (train; 0 of 64 bits differ, correlation 1.000)" in said


def test_json_holds_every_pair_and_number(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("10001.jpg", "10003.jpg"):
        shutil.copy(root / "1024x768/10000.jpg", root / "1024x768" / name)
    (root / "1024x768/10002.jpg").unlink()
    code, said = scan(capsys, "koniq", "--data", root, "--json")
    found = json.loads(said)
    assert code == 1
    numbers = {key: found[key] for key in ("photos", "missing", "inside", "across", "groups")}
    assert numbers == {"photos": 4, "missing": 1, "inside": 1, "across": 2, "groups": 1}
    assert [pair["across"] for pair in found["pairs"]] == [True, True, False]
    assert found["pairs"][-1] == {
        "a": "10000.jpg",
        "b": "10001.jpg",
        "distance": 0,
        "correlation": pytest.approx(1.0),
        "across": False,
        "split_a": "train",
        "split_b": "train",
        "one_group": False,
    }


def test_an_unreadable_photo_is_named_and_does_not_hide_the_others(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "1024x768/10002.jpg").write_bytes(b"no photo")
    shutil.copy(root / "1024x768/10000.jpg", root / "1024x768/10001.jpg")
    code, said = scan(capsys, "koniq", "--data", root)
    assert code == 1
    assert "3 of 4 photos compared" in said
    assert "\n  10002.jpg: " in said
    assert "near-equal pairs: 1 (0 across" in said


def test_dark_photos_are_compared_by_their_normal_exposures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = lol(tmp_path)
    for seed, name in enumerate(("our485/high/2.png", "our485/high/10.png", "our485/high/648.png")):
        picture(root / name, 10 + seed, (48, 64))
    shutil.copy(root / "our485/high/2.png", root / "eval15/high/1.png")
    code, said = scan(capsys, "lol", "--data", root)
    assert code == 1
    assert "near-equal pairs: 1 (1 across splits, 0 inside one)" in said
    assert "pairs that the data set keeps in one group: 1" in said


def test_a_set_without_splits_and_one_that_is_absent_are_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = table(tmp_path / "own")
    shutil.copy(root / "photos/image1.jpg", root / "photos/image2.jpg")
    code, said = scan(capsys, "table", "--data", root)
    assert code == 0
    assert "photos/image1.jpg = photos/image2.jpg  (no split;" in said
    assert scan(capsys, "koniq", "--data", tmp_path / "nowhere")[0] == 3
    assert scan(capsys, "konik")[0] == 2


def test_a_copy_without_any_photo_is_scanned_to_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (root / "1024x768").iterdir():
        path.unlink()
    code, said = scan(capsys, "koniq", "--data", root)
    assert code == 0
    assert "0 of 4 photos compared, 4 are not on disk" in said
