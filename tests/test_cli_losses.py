"""Promises of the command line: no photo is lost, no name stops the others, nothing is dropped in silence."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa import image
from iqa.__main__ import main


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small photo in a folder of its own."""
    path = tmp_path / "a.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(path)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("command", ["score", "blur", "degradations", "enhance", "burst", "cull"])
@pytest.mark.parametrize("spelling", ["keep", "x/../keep", "link", "hard"])
def test_a_csv_file_never_takes_the_place_of_a_photo(
    command: str, spelling: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, before = photo.parent, photo.read_bytes()
    kept = folder / "keep"
    kept.write_bytes(before)
    (folder / "b.jpg").write_bytes(before)
    (folder / "x").mkdir()
    (folder / "link").symlink_to("keep")
    (folder / "hard").hardlink_to(kept)
    for photos in ([kept, photo], [photo, folder]):
        code, out, err = run(capsys, command, *photos, "--csv", folder / spelling, "--overwrite")
        assert (code, out) == (2, "")
        assert "photo" in err
    assert (kept.read_bytes(), (folder / "hard").read_bytes()) == (before, before)
    assert (folder / "link").is_symlink()


def test_a_csv_file_never_takes_the_place_of_a_file_that_is_read(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = photo.parent / "notes.txt"
    notes.write_text("text")
    code, _, err = run(capsys, "score", photo, notes, "--csv", notes, "--overwrite")
    assert (code, notes.read_text()) == (2, "text")
    assert "itself one of the photos" in err


def test_a_csv_file_never_takes_the_place_of_a_device(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(photo.parent / "pipe")
    assert run(capsys, "score", photo, "--csv", photo.parent / "pipe", "--overwrite")[0] == 2
    assert (photo.parent / "pipe").is_fifo()


def test_help_says_what_overwrite_replaces(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["score", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "--overwrite replace existing files of the names that are written" in words


@pytest.mark.parametrize("command", ["score", "blur", "degradations", "enhance"])
@pytest.mark.parametrize("name", ["x" * 300 + ".jpg", "x" * 300, "a.jpg/below.jpg", "missing.jpg"])
def test_one_bad_name_does_not_stop_the_others(
    command: str, name: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, command, photo.parent / name, photo, "--json")
    rows = json.loads(out)
    assert code == 1
    assert ["error" in row for row in rows] == [True, False]
    assert [row["model"] is None for row in rows] == [True, False]
    assert "Could not" in err
    assert "could not write the answers" not in err


def test_one_bad_name_does_not_stop_a_burst(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = photo.parent / "b.jpg"
    other.write_bytes(photo.read_bytes())
    code, out, _ = run(capsys, "burst", photo.parent / ("x" * 300), photo, other, "--json")
    found = json.loads(out)
    assert (code, len(found["ranking"])) == (1, 2)
    assert [(row["model"], "too long" in row["error"]) for row in found["failed"]] == [(None, True)]


def test_a_csv_name_that_is_too_long_is_refused_before_the_work(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "score", photo, "--csv", photo.parent / ("x" * 300))
    assert (code, out) == (2, "")
    assert "File name too long" in err


def test_a_copy_whose_name_is_too_long_is_a_failure_of_its_photo(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = photo.parent / ("x" * 245 + ".jpg")
    dark = image.load(photo) // 8
    Image.fromarray(dark).save(long)
    code, out, err = run(capsys, "enhance", long, photo, "--json")
    assert code == 1
    assert ["error" in row for row in json.loads(out)] == [True, False]
    assert "File name too long" in err


def test_an_error_that_is_not_about_writing_is_not_called_so(
    photo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise OSError(5, "Input/output error", "/the/card")

    monkeypatch.setattr("iqa.commands.run.find", fail)
    code, _, err = run(capsys, "score", photo)
    assert code == 1
    assert err == "iqa: stopped at '/the/card': Input/output error.\n"


def test_what_is_not_taken_is_said_once_and_changes_no_exit_code(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photo.parent / "raw.cr2").touch()
    (photo.parent / "deeper").mkdir()
    code, out, err = run(capsys, "score", photo.parent, photo.parent, "--json")
    assert (code, len(json.loads(out))) == (0, 1)
    assert [line.partition(f" in {str(photo.parent)!r} was not ")[::2] for line in err.splitlines()] == [
        ("iqa: 1 other file", "taken (.cr2)."),
        ("iqa: 1 folder", "looked into; --recursive does that."),
    ]


def test_an_empty_folder_beside_a_photo_is_told(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photo.parent / "empty").mkdir()
    code, _, err = run(capsys, "score", photo.parent / "empty", photo)
    assert (code, err) == (0, f"iqa: no photo was found in {str(photo.parent / 'empty')!r}.\n")


def test_a_burst_of_one_photo_named_twice_says_so(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "burst", photo, photo)
    assert code == 2
    assert f"{str(photo)!r} was named before" in err
    assert "found 1" in err
