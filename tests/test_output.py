"""Promises of iqa.output: whole files or none, and nothing overwritten unasked."""

from pathlib import Path

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


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(IQAError, match="No such file or directory"), new_file(tmp_path / "none" / "a.bin"):
        pytest.fail("the block must not run")


def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with new_file(tmp_path / "made") as stream:
        stream.write(b"")
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode
