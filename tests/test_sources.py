"""Promises of iqa.sources: which photos are meant, in which order, each once."""

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iqa.image import EXTENSIONS
from iqa.sources import find, natural_key


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names(folder: Path, *arguments: Path, recursive: bool = False, leave_out: str | None = None) -> list[str]:
    found = find(arguments or [folder], EXTENSIONS, recursive=recursive, leave_out=leave_out)
    return [source.path.relative_to(folder).as_posix() for source in found]


def test_frames_are_sorted_as_people_count(tmp_path: Path) -> None:
    touch(tmp_path, "IMG_10.jpg", "IMG_2.jpg", "img_1.jpg", "IMG_002.jpg", "a.png")
    assert names(tmp_path) == ["a.png", "img_1.jpg", "IMG_002.jpg", "IMG_2.jpg", "IMG_10.jpg"]


@given(st.lists(st.integers(0, 10**12), min_size=2, unique=True))
def test_numbers_in_names_compare_as_numbers(numbers: list[int]) -> None:
    made = sorted((f"frame{number}.jpg" for number in numbers), key=natural_key)
    assert made == [f"frame{number}.jpg" for number in sorted(numbers)]


@given(st.lists(st.text(), unique=True), st.randoms())
def test_the_order_does_not_depend_on_the_order_of_the_folder(made: list[str], chance: Random) -> None:
    shuffled = chance.sample(made, len(made))
    assert sorted(made, key=natural_key) == sorted(shuffled, key=natural_key)


def test_a_folder_stands_for_its_photos_only(tmp_path: Path) -> None:
    touch(tmp_path, "a.JPG", "b.heic", "notes.txt", ".hidden.jpg", "._a.JPG", "no_extension", "deep/c.png")
    (tmp_path / "folder.jpg").mkdir()
    assert names(tmp_path) == ["a.JPG", "b.heic"]


def test_folders_inside_come_after_the_photos_and_only_when_asked(tmp_path: Path) -> None:
    touch(tmp_path, "z.jpg", "day10/b.jpg", "day2/a.jpg", "day2/deeper/c.jpg", ".trash/d.jpg")
    assert names(tmp_path) == ["z.jpg"]
    assert names(tmp_path, recursive=True) == ["z.jpg", "day2/a.jpg", "day2/deeper/c.jpg", "day10/b.jpg"]


def test_a_link_that_leads_back_does_not_go_on_for_ever(tmp_path: Path) -> None:
    touch(tmp_path, "inside/a.jpg")
    (tmp_path / "inside" / "back").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path, recursive=True) == ["inside/a.jpg"]


def test_a_pipe_named_like_a_photo_is_not_taken(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    touch(tmp_path, "a.jpg")
    assert names(tmp_path) == ["a.jpg"]


def test_a_photo_named_twice_is_done_once_at_its_first_place(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    around = tmp_path / "x" / ".." / "b.jpg"
    (tmp_path / "x").mkdir()
    found = [s.path for s in find([tmp_path / "b.jpg", tmp_path, around], EXTENSIONS)]
    assert found == [tmp_path / "b.jpg", tmp_path / "a.jpg"]


def test_a_link_under_another_name_is_a_photo_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert names(tmp_path, tmp_path, tmp_path / "b.jpg") == ["a.jpg", "b.jpg"]


def test_a_missing_file_is_given_out_so_that_its_loader_explains_it(tmp_path: Path) -> None:
    assert names(tmp_path, tmp_path / "none.jpg") == ["none.jpg"]


def test_a_file_named_itself_needs_no_extension(tmp_path: Path) -> None:
    touch(tmp_path, "photo", ".hidden.jpg")
    assert names(tmp_path, tmp_path / "photo", tmp_path / ".hidden.jpg") == ["photo", ".hidden.jpg"]


def test_copies_can_be_left_out_of_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a_enhanced.jpg")
    assert names(tmp_path, leave_out="_enhanced") == ["a.jpg"]
    assert names(tmp_path, tmp_path / "a_enhanced.jpg", leave_out="_enhanced") == ["a_enhanced.jpg"]


def test_a_folder_that_cannot_be_read_is_reported_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "closed/a.jpg", "open/b.jpg")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    closed, opened = find([tmp_path], EXTENSIONS, recursive=True)
    assert closed.path.name == "closed"
    assert "Permission denied" in str(closed.error)
    assert (opened.path.name, opened.error) == ("b.jpg", None)


def test_the_place_below_the_folder_is_kept(tmp_path: Path) -> None:
    touch(tmp_path, "2024/may/a.jpg")
    (inside,) = find([tmp_path], EXTENSIONS, recursive=True)
    (alone,) = find([tmp_path / "2024/may/a.jpg"], EXTENSIONS)
    assert (inside.below, alone.below) == (Path("2024/may/a.jpg"), Path("a.jpg"))


def test_photos_are_given_out_before_all_folders_were_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "1/a.jpg", "2/b.jpg")
    scan, read = os.scandir, []

    def note(path: Path) -> object:
        read.append(Path(path).name)
        return scan(path)

    monkeypatch.setattr(os, "scandir", note)
    assert next(find([tmp_path], EXTENSIONS, recursive=True)).path.name == "a.jpg"
    assert "2" not in read
