"""Promises of iqa.output: whole files or none, and nothing overwritten unasked."""

import os
from pathlib import Path

import hostile_bytes as raw
import pytest

from iqa.errors import IQAError, OutputExistsError
from iqa.output import new_file


def test_the_file_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with new_file(target) as stream:
        stream.write(b"half")
        assert not target.exists()
        stream.write(b" and half")
    assert target.read_bytes() == b"half and half"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(TypeError), new_file(target, overwrite=True) as stream:
        stream.writelines([b"new", "no bytes"])  # type: ignore[list-item]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.bin", b"old")]


def test_a_name_that_is_taken_is_refused_before_and_after_the_work(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with pytest.raises(OutputExistsError), new_file(target):
        target.write_bytes(b"theirs")
    with pytest.raises(OutputExistsError), new_file(target):
        pytest.fail("the block must not run")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.bin", b"theirs")]


def test_a_link_that_leads_nowhere_counts_as_taken(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputExistsError), new_file(tmp_path / "link"):
        pytest.fail("the block must not run")


def test_a_link_is_replaced_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "link").symlink_to("kept")
    with new_file(tmp_path / "link", overwrite=True) as stream:
        stream.write(b"new")
    assert ((tmp_path / "kept").read_bytes(), (tmp_path / "link").read_bytes()) == (b"kept", b"new")
    assert not (tmp_path / "link").is_symlink()


def test_a_file_system_without_hard_links_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with new_file(tmp_path / "a.bin") as stream:
        stream.write(b"whole")
    assert (tmp_path / "a.bin").read_bytes() == b"whole"
    with pytest.raises(OutputExistsError), new_file(tmp_path / "b.bin"):
        (tmp_path / "b.bin").write_bytes(b"theirs")
    assert (tmp_path / "b.bin").read_bytes() == b"theirs"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_never_replaced(overwrite: bool, tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError, match="folder"), new_file(tmp_path, overwrite=overwrite):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("name", ["n" * 300, "nul\0"])
def test_a_name_the_system_refuses_is_a_sentence_before_the_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(IQAError, match="Choose another name"), new_file(tmp_path / name):
        pytest.fail("the block must not run")


def test_a_pipe_or_device_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OutputExistsError, match="not a regular file"), new_file(tmp_path / name, overwrite=True):
            pytest.fail("the block must not run")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", "é".encode() * 40_000, b"x" + "é".encode() * 40_000], ids=["empty", "csv", "1", "2"]
)
def test_text_may_replace_text(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with new_file(tmp_path / "a", overwrite=True, text=True) as stream:
        stream.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "TGA", "JPEG2000"])
def test_text_never_replaces_a_photo_whatever_its_name(kind: str, tmp_path: Path) -> None:
    photo = tmp_path / "keep"
    photo.write_bytes(raw.encode(kind))
    before = photo.read_bytes()
    (tmp_path / "link").symlink_to("keep")
    for name in ("keep", "link"):
        with pytest.raises(OutputExistsError, match="no plain"), new_file(tmp_path / name, overwrite=True, text=True):
            pytest.fail("the block must not run")
    assert (photo.read_bytes(), (tmp_path / "link").is_symlink()) == (before, True)


@pytest.mark.parametrize(
    "content", [b"<svg/>", b"\xef\xbb\xbf<?xpacket begin='a'?>", b"\n <x:xmpmeta/>", b"P3\n1 1 255 9 9 9", b"%!PS"]
)
def test_text_never_replaces_a_drawing_or_the_notes_of_a_photo(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(OutputExistsError, match="photo"), new_file(tmp_path / "a", overwrite=True, text=True):
        pytest.fail("the block must not run")
    assert (tmp_path / "a").read_bytes() == content


def test_text_does_not_replace_a_photo_that_came_while_it_was_written(tmp_path: Path) -> None:
    target, photo = tmp_path / "a.csv", raw.encode("PNG")
    target.write_text("old")
    with pytest.raises(OutputExistsError), new_file(target, overwrite=True, text=True):
        target.write_bytes(photo)
    assert target.read_bytes() == raw.encode("PNG")
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(IQAError, match="No such file or directory"), new_file(tmp_path / "none" / "a.bin"):
        pytest.fail("the block must not run")


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with new_file(tmp_path / "made") as stream:
        stream.write(b"")
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode
