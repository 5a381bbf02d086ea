"""Fetching a data set from a stand-in Hub on loopback, and refusing what is damaged or unsafe."""

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from eval import datasets
from eval.download import RECORD, DownloadError, _unpack, download
from iqa.errors import OutputExistsError
from tests.miniature import koniq
from tests.standin_hub import COMMIT, Repository, serving

ROOT = Path(__file__).parent.parent
REPOSITORY = "chaofengc/IQA-PyTorch-Datasets"
SCRIPT = """
import sys
from pathlib import Path
from eval import datasets
from eval.download import download
from iqa.errors import IQAError
try:
    print(download(datasets.get("koniq"), Path(sys.argv[1])))
except IQAError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    """A miniature KonIQ-10k inside the folders of an archive, as on the mirror."""
    root = koniq(tmp_path / "made")
    files = (path for path in root.rglob("*") if path.is_file())
    return archive({f"koniq10k/{path.relative_to(root).as_posix()}": path.read_bytes() for path in files})


def fetched(endpoint: str, target: Path) -> "subprocess.CompletedProcess[str]":
    """A download in a process of its own: the client reads its environment when it is imported."""
    home = target.parent / "home"
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    environment |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", SCRIPT, str(target)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_download_ends_in_a_data_set_that_loads_and_says_where_it_is_from(tmp_path: Path, packed: bytes) -> None:
    repository, target = Repository(REPOSITORY, {"koniq10k.tgz": packed}), tmp_path / "data" / "koniq"
    with serving(repository) as endpoint:
        done = fetched(endpoint, target)
    assert done.returncode == 0, done.stderr
    assert len(datasets.load("koniq", target)) == 4
    record = json.loads((target / RECORD).read_text())
    assert (record["repository"], record["commit"]) == (REPOSITORY, COMMIT)
    assert record["files"]["koniq10k.tgz"]["size"] == len(packed)
    assert [path.name for path in target.parent.iterdir() if path.name != "home"] == ["koniq"]
    assert f"GET /datasets/{REPOSITORY}/resolve/{COMMIT}/koniq10k.tgz" in repository.requests


def test_an_altered_archive_is_refused_and_nothing_is_put_in_place(tmp_path: Path, packed: bytes) -> None:
    repository = Repository(REPOSITORY, {"koniq10k.tgz": packed}, stated={"koniq10k.tgz": packed[:-1] + b"!"})
    with serving(repository) as endpoint:
        done = fetched(endpoint, tmp_path / "koniq")
    assert done.returncode == 1
    assert "DownloadError: koniq10k.tgz is damaged" in done.stderr
    assert not (tmp_path / "koniq").exists()
    assert not list(tmp_path.rglob("koniq10k.tgz"))


def test_an_archive_of_something_else_is_refused_by_what_it_lacks(tmp_path: Path) -> None:
    repository = Repository(REPOSITORY, {"koniq10k.tgz": archive({"other/readme.txt": b"hello"})})
    with serving(repository) as endpoint:
        done = fetched(endpoint, tmp_path / "koniq")
    assert "does not hold 1024x768 or 512x384" in done.stderr
    assert not (tmp_path / "koniq").exists()


def test_a_mirror_without_the_file_is_told_apart_from_no_network(tmp_path: Path) -> None:
    with serving(Repository(REPOSITORY, {"spaq.tgz": b"x"})) as endpoint:
        done = fetched(endpoint, tmp_path / "koniq")
    assert "holds no koniq10k.tgz" in done.stderr


def test_no_network_is_one_sentence_that_names_the_setting(tmp_path: Path) -> None:
    done = fetched("http://127.0.0.1:9", tmp_path / "koniq")  # the discard port: nothing listens there
    assert done.returncode == 1
    assert "DownloadError: Could not fetch koniq10k.tgz" in done.stderr
    assert "HF_ENDPOINT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_set_without_a_mirror_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"has no public mirror\. Clone"):
        download(datasets.get("biq2021"), tmp_path / "biq2021")


def test_what_is_there_is_neither_fetched_again_nor_overwritten(tmp_path: Path) -> None:
    here = koniq(tmp_path / "koniq")
    assert download(datasets.get("koniq"), here) == here
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="Move it away"):
        download(datasets.get("koniq"), tmp_path / "notes")


def tar_of(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with tarfile.open(path, "w") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            tar.addfile(member, io.BytesIO(b""))

    return write


def zip_of(name: str, mode: int = 0o100644) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        member = zipfile.ZipInfo("member")
        member.filename, member.external_attr = name, mode << 16
        with zipfile.ZipFile(path, "w") as content:
            content.writestr(member, b"/etc/passwd")

    return write


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        ("tar", tar_of("../out.txt")),
        ("tar", tar_of("a/../../out.txt")),
        ("tar", tar_of("link", tarfile.SYMTYPE, "/etc")),
        ("tar", tar_of("hard", tarfile.LNKTYPE, "../../x")),
        ("tar", tar_of("device", tarfile.CHRTYPE)),
        ("zip", zip_of("../out.txt")),
        ("zip", zip_of("/out.txt")),
        ("zip", zip_of("..\\out.txt")),
        ("zip", zip_of("C:/out.txt")),
        ("zip", zip_of("link", 0o120777)),
    ],
)
def test_members_that_would_leave_the_folder_are_refused(
    tmp_path: Path, suffix: str, write: Callable[[Path], None]
) -> None:
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / f"a.{suffix}"
    write(path)
    with pytest.raises(DownloadError):
        _unpack(path, tmp_path / "deep" / "into")
    outside = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file() or p.is_symlink()}
    assert outside == {f"deep/a.{suffix}"}


@pytest.mark.parametrize("suffix", ["tgz", "zip"])
def test_an_archive_that_grows_without_measure_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.download._FREE_BYTES", 2**16)
    path, zeros = tmp_path / f"bomb.{suffix}", bytes(2**22)
    if suffix == "tgz":
        path.write_bytes(archive({"zeros": zeros}))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
            content.writestr("zeros", zeros)
    with pytest.raises(DownloadError, match="would grow"):
        _unpack(path, tmp_path / "into")
    assert sum(p.stat().st_size for p in (tmp_path / "into").rglob("*")) < 2**20


@pytest.mark.parametrize("content", [b"", b"<html>rate limited</html>", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_archive_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DownloadError, match=r"a\.zip"):
        _unpack(tmp_path / "a.zip", tmp_path / "into")


def test_mirrors_are_asked_for_by_names_that_the_hub_accepts() -> None:
    mirrored = [dataset for dataset in map(datasets.get, datasets.names()) if dataset.mirror]
    assert len(mirrored) >= 8
    for dataset in mirrored:
        assert dataset.mirror is not None
        assert dataset.mirror.repository.count("/") == 1
        assert dataset.mirror.files
        assert dataset.mirror.revision is None or len(dataset.mirror.revision) == 40
