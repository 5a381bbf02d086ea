"""Fetches a data set from its public mirror on the Hugging Face Hub, checks it, and unpacks it safely."""

import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from eval.datasets.dataset import DataSet, Mirror
from iqa.errors import IQAError, OutputExistsError

RECORD = "iqa-download.json"
"""Written into every fetched data set: repository, commit, and size and sha256 of each file."""
MAX_GROWTH = 20
"""Unpacked bytes per archived byte, at most (above 64 MiB): photos hardly shrink in an archive, bombs do."""
_FREE_BYTES = 64 * 2**20
_DEPTH = 3  # folders below the archive's top in which the data set may begin
_BLOCK = 2**20


class DownloadError(IQAError):
    """A data set that could not be fetched, or that is not what it should be; nothing is left in its place."""


def download(dataset: DataSet, target: Path) -> Path:
    """The folder of a data set, fetched when it is not there yet.

    The files of the mirror are fetched at one commit into a hidden folder beside the target (an interrupted fetch is
    resumed), checked against size and sha256 as the Hub states them, unpacked, and moved into place as a whole. The
    environment variables of huggingface_hub hold, e.g. HF_ENDPOINT.

    Args:
        dataset: with a `mirror`.
        target: the folder to make; one that already holds the data set is returned as it is.

    Raises:
        DownloadError: no mirror, no network, no such file, damaged or unsafe archive, or not the expected content.
        OutputExistsError: the target exists and holds something else.
    """
    if dataset.mirror is None:
        raise DownloadError(f"{dataset.title} has no public mirror. {dataset.get} Source: {dataset.source}.")
    if dataset.present(target):
        return target
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputExistsError(f"{target} exists and does not hold {dataset.title} ({dataset.wanted}). Move it away.")
    work = target.with_name(f".{target.name}.part")
    work.mkdir(parents=True, exist_ok=True)
    record = _fetch(dataset.mirror, work)
    unpacked = work / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    for name in dataset.mirror.files:
        _unpack(work / name, unpacked)
    begin = next((folder for folder in _folders(unpacked) if dataset.present(folder)), None)
    if begin is None:
        top = ", ".join(sorted(p.name for p in unpacked.iterdir())[:8])
        raise DownloadError(f"{dataset.mirror.repository} does not hold {dataset.wanted} for {dataset.title}: {top}.")
    (begin / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if target.is_dir():
        target.rmdir()  # empty, as was seen above
    begin.rename(target)
    shutil.rmtree(work)
    return target


def _fetch(mirror: Mirror, work: Path) -> dict[str, object]:
    """Fetches and checks the mirror's files; returns where they came from."""
    import huggingface_hub
    from huggingface_hub import errors

    try:
        info = huggingface_hub.HfApi().dataset_info(mirror.repository, revision=mirror.revision, files_metadata=True)
        stated = {sibling.rfilename: sibling for sibling in info.siblings or []}
        lacking = [name for name in mirror.files if name not in stated]
        if lacking or info.sha is None:
            raise DownloadError(f"{mirror.repository} holds no {', '.join(lacking) or 'commit'} at {mirror.revision}.")
        for name in mirror.files:
            huggingface_hub.hf_hub_download(
                mirror.repository, name, repo_type="dataset", revision=info.sha, local_dir=work
            )
    except (errors.HTTPError, OSError) as error:  # type: ignore[attr-defined]  # base of all errors of its HTTP client
        raise DownloadError(
            f"Could not fetch {', '.join(mirror.files)} from {mirror.repository}: {error} "
            "Check the network and HF_ENDPOINT; what has arrived is kept for the next try."
        ) from error
    files = {}
    for name in mirror.files:
        lfs = stated[name].lfs
        files[name] = _checked(work / name, stated[name].size, lfs.sha256 if lfs else None)
    return {"repository": mirror.repository, "commit": info.sha, "files": files}


def _checked(path: Path, size: int | None, sha256: str | None) -> dict[str, object]:
    """Size and sha256 of a file; a file that is not as stated is deleted and refused."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    found = {"size": path.stat().st_size, "sha256": digest.hexdigest()}
    if (size is not None and found["size"] != size) or (sha256 is not None and found["sha256"] != sha256):
        path.unlink()
        raise DownloadError(
            f"{path.name} is damaged: found {found['size']} bytes with sha256 {found['sha256']}, stated are "
            f"{size} bytes with sha256 {sha256 or 'unknown'}. It was deleted; fetch it again."
        )
    return found


def _unpack(archive: Path, into: Path) -> None:
    """Unpacks a .zip or tar archive; any other file is moved.

    Raises:
        DownloadError: broken, too large when unpacked, or a member that would leave the folder or is no plain file.
    """
    into.mkdir(exist_ok=True)
    budget = max(MAX_GROWTH * archive.stat().st_size, _FREE_BYTES)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, into, budget)
        elif tarfile.is_tarfile(archive):
            _untar(archive, into, budget)
        elif archive.suffix in {".zip", ".tar", ".tgz", ".gz"}:
            raise DownloadError(f"{archive.name} is no archive.")
        else:
            archive.rename(into / archive.name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise DownloadError(f"Could not unpack {archive.name}: {error}") from error


def _unzip(archive: Path, into: Path, budget: int) -> None:
    with zipfile.ZipFile(archive) as content:
        members = content.infolist()
        if sum(member.file_size for member in members) > budget:  # zipfile stops a member that is longer than it states
            raise DownloadError(f"{archive.name} would grow to more than {budget:,} bytes.")
        for member in members:
            parts = {*PurePosixPath(member.filename).parts, *PureWindowsPath(member.filename).parts}
            link = (member.external_attr >> 16) & 0o170000 == 0o120000
            if ".." in parts or PurePosixPath(member.filename).is_absolute() or ":" in member.filename or link:
                raise DownloadError(f"{archive.name} holds {member.filename!r}, which would leave the folder.")
        content.extractall(into)


def _untar(archive: Path, into: Path, budget: int) -> None:
    left = budget

    def within(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        nonlocal left
        left -= member.size
        if left < 0:
            raise DownloadError(f"{archive.name} would grow to more than {budget:,} bytes.")
        return tarfile.data_filter(member, path)  # refuses absolute names, names that leave the folder, devices

    with tarfile.open(archive) as content:
        content.extractall(into, filter=within)


def _folders(top: Path) -> Iterator[Path]:
    """A folder and those below it, the nearest first."""
    level = [top]
    for _ in range(_DEPTH + 1):
        yield from level
        level = [child for folder in level for child in sorted(folder.iterdir()) if child.is_dir()]
