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


@pytest.mark.parametrize("name", ["x" * 300 + ".jpg", "x" * 300, "a.jpg/below.jpg"])
def test_a_name_the_system_refuses_is_given_out_and_the_others_are_done(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    assert names(tmp_path, tmp_path / name, tmp_path / "a.jpg") == [name, "a.jpg"]


def test_a_folder_without_search_permission_is_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look = os.stat

    def refuse(path: object, *more: object, **options: object) -> object:  # the tests may run as root
        if "closed" in str(path):
            raise PermissionError(13, "Permission denied")
        return look(path, *more, **options)

    monkeypatch.setattr(os, "stat", refuse)
    assert names(tmp_path, tmp_path / "closed" / "a.jpg", tmp_path / "b.jpg") == ["closed/a.jpg", "b.jpg"]


def test_a_link_that_leads_to_itself_is_given_out_and_its_folder_is_done(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert names(tmp_path) == ["a.jpg", "loop.jpg"]


def told(*arguments: Path, recursive: bool = False, leave_out: str | None = None) -> list[str]:
    notes: list[str] = []
    list(find(arguments, EXTENSIONS, recursive=recursive, leave_out=leave_out, tell=notes.append))
    return notes


def test_other_files_of_a_folder_are_counted_once_with_their_extensions(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.cr2", "c.CR2", "notes.txt", "photo", ".hidden.txt", "a_enhanced.jpg")
    (note,) = told(tmp_path, leave_out="_enhanced")
    assert note.startswith(f"4 other files in {str(tmp_path)!r} were not taken (.cr2, ")
    assert all(kind in note for kind in (".txt", "no extension"))
    assert len(told(tmp_path, tmp_path)) == 1
    assert told(tmp_path / "a.jpg") == []
    touch(tmp_path, *(f"x.{number}" for number in range(40)))
    assert len(told(tmp_path)[0]) < 200 + len(str(tmp_path))


def test_one_other_file_is_told_in_the_singular(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.cr2")
    assert told(tmp_path) == [f"1 other file in {str(tmp_path)!r} was not taken (.cr2)."]


def test_folders_that_are_not_looked_into_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "1/b.jpg", "2/c.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "1", target_is_directory=True)
    linked = f"1 other file in {str(tmp_path)!r} was not taken (linked folder)."
    assert told(tmp_path, recursive=True) == [linked]
    assert told(tmp_path)[0] == linked
    assert "2 folders" in told(tmp_path)[1]
    assert "--recursive" in told(tmp_path)[1]


def test_a_folder_without_photos_is_told_when_others_have_some(tmp_path: Path) -> None:
    touch(tmp_path, "full/a.jpg")
    (tmp_path / "empty").mkdir()
    assert told(tmp_path / "empty", tmp_path / "full") == [f"no photo was found in {str(tmp_path / 'empty')!r}."]
    assert told(tmp_path / "empty") == []


def test_a_photo_that_was_named_before_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    photo = tmp_path / "a.jpg"
    assert told(photo, photo) == [f"{str(photo)!r} was named before; it is done once."]
    assert told(photo, tmp_path / "b.jpg") == []


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
