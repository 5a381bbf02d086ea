"""Promises of ``python -m iqa enhance``: new files only, what they carry, and what is said."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import photos
import pytest
from PIL import ExifTags, Image

from iqa import image, lowlight
from iqa.__main__ import main

Run = tuple[int, str, str]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Run:
    code = main(["enhance", *(str(argument) for argument in arguments)])
    return code, *capsys.readouterr()


def save(path: Path, *, dark: bool = True, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = photos.photo("astronaut")[::2, ::4]
    Image.fromarray((pixels * (0.1 if dark else 1.0)).astype(np.uint8)).save(path, **how)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dark_photo_becomes_a_brighter_copy_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.png")
    before = dark.read_bytes()
    code, out, err = run(capsys, dark)
    copy = tmp_path / "night_enhanced.png"
    assert (code, err) == (0, "")
    assert f"{dark} -> {copy}" in out
    assert dark.read_bytes() == before
    np.testing.assert_array_equal(image.load(copy), lowlight.enhance(image.load(dark)).image)


def test_a_photo_that_does_not_need_it_is_told_so_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = save(tmp_path / "day.jpg", dark=False)
    code, out, _ = run(capsys, day, "--output", tmp_path / "new")
    assert code == 0
    assert "nothing was written. This photo does not need it" in out
    assert list(contents(tmp_path)) == ["day.jpg"]
    Image.fromarray((0.7 * image.load(day)).astype(np.uint8)).save(day)
    assert run(capsys, day, "--force")[0] == 0
    assert "day_enhanced.jpg" in contents(tmp_path)


def test_nothing_is_overwritten_unless_that_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.png")
    copy = tmp_path / "night_enhanced.png"
    copy.write_bytes(b"precious")
    code, _, err = run(capsys, dark)
    assert (code, copy.read_bytes()) == (1, b"precious")
    assert "--overwrite" in err
    assert run(capsys, dark, "--overwrite")[0] == 0
    assert image.load(copy).shape == image.load(dark).shape


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_the_photo_itself_is_never_written_to(link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.png")
    before = dark.read_bytes()
    getattr(tmp_path / "night_enhanced.png", link)(dark)
    assert run(capsys, dark, "--overwrite")[0] == 1
    assert (dark.read_bytes(), (tmp_path / "night_enhanced.png").read_bytes()) == (before, before)


def test_a_photo_of_the_call_is_not_written_to_under_another_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = save(tmp_path / "a.png"), save(tmp_path / "b.png", dark=False)
    before = second.read_bytes()
    (tmp_path / "a_enhanced.png").hardlink_to(second)
    assert run(capsys, first, second, "--overwrite")[0] == 1
    assert (tmp_path / "a_enhanced.png").read_bytes() == before


def test_no_photo_of_the_call_is_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = save(tmp_path / "a.png"), save(tmp_path / "a_enhanced.png", dark=False)
    before = second.read_bytes()
    assert run(capsys, first, second, "--overwrite")[0] == 1
    assert second.read_bytes() == before


def test_copies_are_not_enhanced_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "night.png")
    for _ in range(2):
        run(capsys, tmp_path, "--overwrite")
    assert sorted(contents(tmp_path)) == ["night.png", "night_enhanced.png"]


def test_folders_inside_keep_their_places_below_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / "in/1/a.png")
    save(tmp_path / "in/2/a.png")
    assert run(capsys, tmp_path / "in", "--recursive", "--output", tmp_path / "out")[0] == 0
    assert sorted(contents(tmp_path / "out")) == ["1/a_enhanced.png", "2/a_enhanced.png"]


def test_two_photos_never_share_one_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = save(tmp_path / "1/a.png"), save(tmp_path / "2/a.png")
    code, _, err = run(capsys, first, second, "--output", tmp_path / "out", "--overwrite")
    assert code == 1
    assert "Another photo of this run" in err
    assert list(contents(tmp_path / "out")) == ["a_enhanced.png"]


@pytest.mark.parametrize(
    ("name", "stored", "arguments", "copy"),
    [
        ("a.JPG", "JPEG", "", "a_enhanced.JPG"),
        ("a.webp", "WEBP", "", "a_enhanced.webp"),
        ("a.tiff", "TIFF", "", "a_enhanced.png"),
        ("a.avif", "AVIF", "", "a_enhanced.jpg"),
        ("a.png", "JPEG", "", "a_enhanced.jpg"),
        ("a.jpg", "JPEG", "--format png", "a_enhanced.png"),
        ("a.png", "PNG", "--format webp --quality 80", "a_enhanced.webp"),
    ],
)
def test_the_format_is_that_of_the_photo_unless_another_is_asked(
    name: str, stored: str, arguments: str, copy: str, tmp_path: Path
) -> None:
    save(tmp_path / name, format=stored)
    assert main(["enhance", str(tmp_path / name), *arguments.split()]) == 0
    formats = {".JPG": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    assert image.info(tmp_path / copy).format == formats[(tmp_path / copy).suffix]


def test_quality_sets_how_fine_a_jpeg_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.jpg")
    run(capsys, dark, "--quality", 70)
    assert image.info(tmp_path / "night_enhanced.jpg").jpeg_quality == 70


def test_strength_zero_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.png")
    assert run(capsys, dark, "--strength", 0)[0] == 0
    assert list(contents(tmp_path)) == ["night.png"]


def test_nothing_is_written_when_there_is_nothing_to_raise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bright = tmp_path / "bright.png"
    Image.new("RGB", (60, 40), (200, 200, 200)).save(bright)
    code, out, _ = run(capsys, bright, "--force", "--model", "classical")
    assert code == 0
    assert "nothing to raise" in out
    assert list(contents(tmp_path)) == ["bright.png"]


def test_the_copy_of_a_turned_photo_is_upright_without_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 30.0, 0.0)
    dark = save(tmp_path / "turned.jpg", exif=exif)
    assert run(capsys, dark)[0] == 0
    copy = tmp_path / "turned_enhanced.jpg"
    assert image.info(copy).orientation == 1
    assert image.load(copy).shape == image.load(dark).shape
    assert image.info(copy).captured == image.info(dark).captured is not None
    with Image.open(copy) as kept:
        assert kept.getexif()[ExifTags.Base.Make] == "Maker"
        assert not kept.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert run(capsys, dark, "--keep-gps", "--overwrite")[0] == 0
    with Image.open(copy) as kept:
        place = kept.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert [float(part) for part in place[ExifTags.GPS.GPSLatitude]] == [47.0, 30.0, 0.0]


def test_json_and_csv_say_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark, day = save(tmp_path / "a.png"), save(tmp_path / "b.png", dark=False)
    code, out, _ = run(capsys, dark, day, "--json", "--csv", tmp_path / "done.csv")
    rows = json.loads(out)
    assert code == 0
    assert [row["applied"] for row in rows] == [True, False]
    assert [row["output"] for row in rows] == [str(tmp_path / "a_enhanced.png"), None]
    light = rows[0]["mean_luminance"]
    assert light["after"] > light["before"]
    with (tmp_path / "done.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["applied"] for line in lines] == ["True", "False"]
    assert (lines[0]["mean_luminance_before"], lines[0]["mean_luminance_after"]) == (
        str(light["before"]),
        str(light["after"]),
    )


def test_an_output_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = save(tmp_path / "night.png")
    (tmp_path / "taken").write_bytes(b"")
    code, _, err = run(capsys, dark, "--output", tmp_path / "taken" / "deeper")
    assert code == 1
    assert "Could not make the folder" in err
