"""Pulling a model: every file against its hash, the model against its probe, and only then its name."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import catalogue, model
from .. import manifest as manifests
from ..catalogue import Row
from ..errors import ArgumentError, IQAError, ManifestError, ModelError
from ..manifest import FILE_NAME, Manifest
from .client import HubError, Progress, silent
from .download import Source

_ABANDONED_S = 24 * 3600.0
"""Age from which the temporary folder of a process that was killed is removed."""


def pull(name: str, *, revision: str | None = None, sha256: str | None = None, progress: Progress = silent) -> Path:
    """The folder of a model of the catalogue, verified; from the network only when it is not on this machine.

    Looked for in this order: assets/models, what was pulled before, the Hub. There it comes from the row's commit; its
    manifest must have the row's sha256, each file that of the manifest, and the model must give its probe's numbers.
    It gets its name under ``catalogue.cache_folder`` last: an interrupted call leaves nothing and can be repeated.

    Args:
        name: of a row of the catalogue.
        revision: another commit, 40 hex digits, which must hold the same manifest unless ``sha256`` is given too.
        sha256: hash of the manifest at that commit, to fetch another version; ``load_model`` opens it by its Path.
        progress: called with a line of text, often.

    Raises:
        ArgumentError: a revision that is no commit (a branch moves), or a sha256 that is none or has no revision.
        UnknownNameError: no row of that name. CatalogueError: malformed.
        HubError: no network, no such repository, revision or file, refused, cut, altered, or no place to write.
        ModelError, ManifestError: the embedded folder is damaged.
    """
    row = catalogue.require(name, catalogue.read())
    wanted, commit = _pin(row, revision, sha256)
    if row.repository is None or commit is None:
        if revision is not None:
            raise ArgumentError(f"Model {name!r} is embedded and has no repository, so no revision {revision}.")
        return _verified(model.model_folder(name))
    embedded, target = model.MODELS / name, catalogue.pulled_root(wanted) / name
    if catalogue.digest(embedded) == wanted:
        return _verified(embedded)
    if catalogue.digest(target) == wanted:
        try:
            return _verified(target)
        except (ModelError, ManifestError) as error:
            progress(f"{name}: what was pulled before is damaged and will be replaced ({error})")
    damaged = target.exists() or target.is_symlink()
    version = row.version if wanted == row.manifest_sha256 else None
    source = Source(name, row.repository, commit, progress)
    with _work(target.parent.parent) as work:
        folder = _fetch(source, wanted, version, work)
        _give_name(folder, target, damaged=work / "damaged" if damaged else None)
    return target


def _pin(row: Row, revision: str | None, sha256: str | None) -> tuple[str, str | None]:
    """(sha256 of the manifest, commit) that are wanted."""
    if revision is not None and not catalogue.is_commit(revision):
        accepted = "accepted: a commit, 40 lower-case hex digits, as branches and tags may move"
        raise ArgumentError(f"Revision: found {revision!r}, {accepted}.")
    if sha256 is not None and (revision is None or not catalogue.is_sha256(sha256)):
        accepted = "accepted: 64 lower-case hex digits, together with the revision that holds this manifest"
        raise ArgumentError(f"sha256 of the manifest: found {sha256!r}, {accepted}.")
    return sha256 or row.manifest_sha256, revision or row.commit


def _verified(folder: Path) -> Path:
    model.load_model(folder)
    return folder


@contextmanager
def _work(models: Path) -> Iterator[Path]:
    """A hidden folder beside the pulled models, on one disk with them: renaming is one step. Removed at the end."""
    work = models / f".{secrets.token_hex(8)}.part"
    try:
        work.mkdir(parents=True)
    except OSError as error:
        found = f"{error.strerror} ({error.filename})"
        raise HubError(
            f"Could not write {models}: {found}. Set {catalogue.CACHE_VARIABLE} to another folder."
        ) from error
    try:
        for left in models.glob(".*.part"):
            if left != work and time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch(source: Source, wanted: str, version: str | None, work: Path) -> Path:
    """A folder inside ``work`` with manifest, network and probe, verified down to the probe's numbers."""
    folder = work / source.name
    folder.mkdir()
    source.get(FILE_NAME, wanted, manifests.MAX_BYTES, folder, "the catalogue declares")
    try:
        manifest = manifests.read(folder)
    except ManifestError as error:
        raise _refused(source, f"{error} A newer iqa may read it; else ask its owner.") from error
    _check_identity(source, manifest, version)
    size = min(manifest.size_bytes, model.MAX_MODEL_BYTES + 1)
    if size > model.MAX_MODEL_BYTES:
        raise _refused(source, f"{manifest.size_bytes:,} bytes declared; accepted: at most {model.MAX_MODEL_BYTES:,}.")
    source.get(manifest.file, manifest.sha256, size, folder, "the manifest declares")
    source.get(manifest.probe.file, manifest.probe.sha256, model.MAX_PROBE_BYTES, folder, "the manifest declares")
    source.progress(f"{source.name}: checking the probe")
    try:
        _verified(folder)
    except IQAError as error:
        raise _refused(source, f"{error}") from error
    return folder


def _check_identity(source: Source, manifest: Manifest, version: str | None) -> None:
    if manifest.name != source.name:
        raise _refused(source, f"found the name {manifest.name!r}; accepted: {source.name!r}.")
    if version is not None and manifest.version != version:
        raise _refused(source, f"found version {manifest.version}; the catalogue declares {version}.")


def _refused(source: Source, reason: str) -> HubError:
    return HubError(f"Refused {source.name} from {source.place}, nothing was kept: {reason}")


def _give_name(folder: Path, target: Path, *, damaged: Path | None) -> None:
    """Nothing; the folder then has its name, by one rename, unless a quicker pull of the same model has it already.

    Args:
        folder: verified. target: its name.
        damaged: where what had that name before goes; None: nothing had it.
    """
    wanted = catalogue.digest(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if damaged is not None:
            target.rename(damaged)
        folder.rename(target)
    except OSError as error:
        if catalogue.digest(target) != wanted:
            raise _unwritable(target, error) from error


def _unwritable(path: Path, error: OSError) -> HubError:
    found = f"{error.strerror} ({error.filename})"
    return HubError(f"Could not write {path}: {found}. Set {catalogue.CACHE_VARIABLE} to another folder.")
