"""The catalogue: which models are published, where, and the hash that each must have; and where copies are kept."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from . import manifest as manifests
from .errors import IQAError, ManifestError, UnknownNameError
from .manifest import Sha256, Slug, Version
from .output import new_file
from .preprocess import Accept

PATH = Path(__file__).with_name("catalogue.json")
FORMAT = 1
CACHE_VARIABLE = "IQA_CACHE"
_MAX_BYTES = 1_000_000
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_]|[.-](?![.-]))*(?<![.-])"
_REPOSITORY = re.compile(rf"(?=.{{3,96}}$)(?!.*\.git$){_PART}/{_PART}")
_COMMIT = re.compile(r"[0-9a-f]{40}")

Repository = Annotated[str, Accept(_REPOSITORY.fullmatch, "OWNER/NAME of a Hub repository")]
Commit = Annotated[str, Accept(_COMMIT.fullmatch, "a commit: 40 lower-case hex digits")]


class CatalogueError(IQAError):
    """A catalogue that cannot be read or written."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A published model.

    Attributes:
        repository: OWNER/NAME on the Hub; None: the model comes with the code, in assets/models.
        commit: of that repository, 40 hex digits; None without a repository.
        manifest_sha256: hash of the bytes of manifest.json, which holds the hashes of the other files.
        version: the manifest's.
    """

    repository: Repository | None
    commit: Commit | None
    manifest_sha256: Sha256
    version: Version

    def __post_init__(self) -> None:
        if (self.repository is None) != (self.commit is None):
            raise ManifestError("repository and commit: found one of them, accepted: both, or null for both.")

    def as_dict(self) -> dict[str, str | None]:
        """The four fields, as they stand in the file."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class _Catalogue:
    format: Literal[1]
    models: Mapping[Slug, Row]


def is_repository(text: str) -> bool:
    """Whether the text is OWNER/NAME as the Hub takes it."""
    return _REPOSITORY.fullmatch(text) is not None


def is_commit(text: str) -> bool:
    """Whether the text is a commit: 40 lower-case hex digits; a branch or a tag may move."""
    return _COMMIT.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Whether the text is a sha256: 64 lower-case hex digits."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def read(path: Path | None = None) -> dict[str, Row]:
    """Name -> row, sorted by name, of the catalogue in a file (default: the one that comes with the code).

    Raises:
        CatalogueError: missing or malformed; the text names the place, what was found and what is accepted.
    """
    path = path or PATH
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise CatalogueError(f"Catalogue {path}: cannot be read ({error.strerror}). Restore the file.") from error
    try:
        if len(data) > _MAX_BYTES:
            raise ManifestError(f"found more than {_MAX_BYTES:,} bytes, accepted: at most that.")
        content = json.loads(data.decode(), object_pairs_hook=_unique)
        catalogue: _Catalogue = manifests.read_record(_Catalogue, content, "catalogue")
    except (ManifestError, ValueError, RecursionError) as error:
        raise CatalogueError(f"Catalogue {path} is malformed: {error} Restore the file, or mend that place.") from error
    return dict(catalogue.models)


def require(name: str, rows: Mapping[str, Row]) -> Row:
    """The row of that name.

    Raises:
        UnknownNameError: there is none; the nearest match and the list are in the text.
    """
    if name not in rows:
        raise UnknownNameError("model of the catalogue", name, rows)
    return rows[name]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a key stands twice among {[key for key, _ in pairs]}.")
    return dict(pairs)


def write_row(name: str, row: Row, path: Path | None = None) -> None:
    """Nothing; the catalogue then holds this row under that name beside those it held before, or is as it was.

    Raises:
        CatalogueError: the catalogue is malformed, or so is the row; IQAError: it cannot be written.
    """
    path = path or PATH
    rows = {**read(path), name: row}
    content = {"format": FORMAT, "models": {key: rows[key].as_dict() for key in sorted(rows)}}
    try:
        manifests.read_record(_Catalogue, content, "catalogue")
    except ManifestError as error:
        raise CatalogueError(f"Catalogue {path} was left as it is: {error}") from error
    try:
        with new_file(path, overwrite=True) as file:
            file.write((json.dumps(content, indent=2) + "\n").encode())
    except OSError as error:
        raise CatalogueError(f"Catalogue {path} was left as it is: {error.strerror or error}.") from error


def cache_folder() -> Path:
    """The folder of what was fetched: $IQA_CACHE, else $XDG_CACHE_HOME/iqa, else ~/.cache/iqa; it may not exist yet.

    Raises:
        IQAError: none of them is set, and the user has no home.
    """
    if own := os.environ.get(CACHE_VARIABLE):
        return Path(own).absolute()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "iqa"
    try:
        return Path.home() / ".cache" / "iqa"
    except RuntimeError as error:
        raise IQAError(f"No folder for fetched models: {error} Set {CACHE_VARIABLE} to a folder.") from error


def pulled_models() -> Path:
    """The folder of the pulled models: SHA256/NAME/manifest.json, by the hash of the manifest: versions never mix."""
    return cache_folder() / "models"


def pulled_root(manifest_sha256: str) -> Path:
    """The folder in which the pulled model of that hash lies under its name."""
    return pulled_models() / manifest_sha256


def digest(folder: Path) -> str | None:
    """sha256 of a model folder's manifest, 64 hex digits; None when there is none to be read."""
    try:
        with (folder / manifests.FILE_NAME).open("rb") as file:
            data = file.read(manifests.MAX_BYTES + 1)
    except OSError:
        return None
    return hashlib.sha256(data).hexdigest() if len(data) <= manifests.MAX_BYTES else None
