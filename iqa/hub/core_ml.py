"""Core ML packages beside a model: folders of several files, each file with its sha256 in a record beside the package.

The record of `model.mlpackage` is `model.mlpackage.sha256`, a text as `sha256sum --check` reads it inside the model's
folder. Its first line is the network of the model: a package belongs to the one that it was made with.
"""

import hashlib
import os
import re
from pathlib import Path

from ..errors import ModelError
from ..manifest import Manifest

SUFFIX = ".mlpackage"
RECORD = ".sha256"
_MAX_BYTES = 1_000_000
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def record(package: Path, network: Path) -> Path:
    """The file beside the package that from now on holds the hashes of its files, and that of the network beside it.

    Raises:
        ModelError: no package, or it holds something else than files and folders; nothing is written.
    """
    with network.open("rb") as stream:
        rows = {network.name: hashlib.file_digest(stream, "sha256").hexdigest()}
    rows |= _hashes(package)
    path = package.with_name(package.name + RECORD)
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in rows.items()), encoding="utf-8")
    return path


def parts(folder: Path) -> list[Path]:
    """The Core ML packages in a model's folder and their records, sorted; they may be damaged."""
    return sorted(path for path in folder.iterdir() if path.name.endswith((SUFFIX, SUFFIX + RECORD)))


def check(folder: Path, manifest: Manifest) -> None:
    """Nothing, when every Core ML package in a model's folder is, file by file, the one that its record describes.

    Raises:
        ModelError: a package without a record or a record without a package, a link, a file that is missing, altered
            or not in the record, or a package that was made with another network.
    """
    names = {path.name for path in parts(folder)}
    for name in sorted(names):
        if name.endswith(RECORD) and name.removesuffix(RECORD) not in names:
            raise ModelError(f"{folder / name}: there is no package beside it. Export the model again.")
        if name.endswith(SUFFIX):
            _check(folder / name, manifest)


def _check(package: Path, manifest: Manifest) -> None:
    declared = _read(package.with_name(package.name + RECORD))
    made_with = declared.pop(manifest.file, None)
    if made_with != manifest.sha256:
        found = f"made with a network of sha256 {made_with or 'not stated'}"
        raise ModelError(f"{package}: {found}; the manifest declares {manifest.sha256}. Export the model again.")
    there = _hashes(package)
    for name in sorted({*declared, *there}):
        if declared.get(name) != there.get(name):
            said = f"sha256 {declared[name]}" if name in declared else "no such file"
            seen = f"sha256 {there[name]}" if name in there else "no such file"
            raise ModelError(f"{package.parent / name}: found {seen}; its record declares {said}. Export again.")


def _read(path: Path) -> dict[str, str]:
    """Name -> sha256 of a record."""
    if path.is_symlink() or not path.is_file():
        raise ModelError(f"{path}: no such file; a package needs the hashes of its files. Export the model again.")
    try:
        with path.open("rb") as stream:
            lines = stream.read(_MAX_BYTES).decode().splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({error}). Export the model again.") from error
    rows = [_LINE.fullmatch(line) for line in lines]
    found = {row[2]: row[1] for row in rows if row}
    if len(found) < len(lines) or not lines:
        raise ModelError(f"{path}: found {len(lines)} lines; accepted: a sha256 and a name in each. Export again.")
    return found


def _hashes(package: Path) -> dict[str, str]:
    """Name, relative to the model's folder, -> sha256 of every file of a package, sorted by name."""
    if package.is_symlink() or not package.is_dir():
        raise ModelError(f"{package}: accepted: a folder, and no link to one. Export the model again.")
    found: dict[str, str] = {}
    for place, folders, files in os.walk(package, onerror=_unreadable):
        for path in (Path(place) / name for name in (*folders, *files)):
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise ModelError(f"{path}: a link, or no file; accepted in a package: files and folders. Remove it.")
        for path in (Path(place) / name for name in files):
            name = path.relative_to(package.parent).as_posix()
            if not name.isprintable() or "\\" in name:
                raise ModelError(f"{path!r}: accepted in a package: names of printable characters. Rename it.")
            try:
                with path.open("rb") as stream:
                    found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error
    if not found:
        raise ModelError(f"{package}: holds no file. Export the model again.")
    return dict(sorted(found.items()))


def _unreadable(error: OSError) -> None:
    raise ModelError(f"{error.filename}: cannot be read ({error.strerror}).") from error
