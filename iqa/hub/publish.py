"""Publishing a model: verified first, uploaded whole, read back, and then entered in the catalogue."""

import hashlib
import shutil
import tempfile
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from .. import catalogue, manifest, model
from ..card import model_card
from ..catalogue import Row
from ..errors import ArgumentError, IQAError, ModelError
from ..manifest import FILE_NAME, Manifest
from . import core_ml, reports
from .client import HubError, Progress, connect, explained, require_token, silent
from .download import Source

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD = "README.md"
RESULTS = ".eval_results"
_STALE = ["*.onnx", f"*{core_ml.SUFFIX}/*", f"*{core_ml.SUFFIX}{core_ml.RECORD}", f"{RESULTS}/*"]
"""What an earlier version may have left in the repository; whatever else is there stays."""


def push(
    name_or_folder: str | Path,
    repository: str,
    *,
    private: bool = False,
    message: str | None = None,
    results: Path = reports.ROOT,
    progress: Progress = silent,
) -> Row:
    """The row that the catalogue holds from now on, after the model was uploaded and read back.

    Uploaded are the network, manifest.json, the probe, a README.md made from the manifest and the baselines of the
    reports that it names, where they are at hand, and, where the folder holds them, Core ML packages
    (``*.mlpackage``) with the records of their hashes and ``.eval_results/*.yaml``. The bytes that were verified are
    the bytes that are sent, and every file is read back from the commit and compared. Older files of these kinds
    leave the repository's head; others stay.

    Args:
        name_or_folder: a str is a name under assets/models, a pathlib.Path a folder.
        repository: OWNER/NAME; created when missing.
        private: of a repository that is created now; ignored when it exists.
        message: of the commit; by default name and version.
        results: folder in which the reports lie as the manifest names them (`results/...`); by default the checkout.
        progress: called with a line of text.

    Raises:
        ArgumentError: no OWNER/NAME, or a version that was published with another content.
        ModelError, ManifestError, UnknownNameError: not a verified model, or a report at hand that says something
            else than the manifest; nothing was sent.
        HubError: no network, no token, refused, or another content came back; the catalogue is as it was.
        CatalogueError: it cannot be read (nothing was sent) or written (the text holds the commit).
    """
    if not catalogue.is_repository(repository):
        raise ArgumentError(f"Repository: found {repository!r}, accepted: OWNER/NAME, as in its address on the Hub.")
    with tempfile.TemporaryDirectory(prefix="iqa-push-") as place:
        staged = Path(place) / "model"
        progress("checking sha256 and probe")
        found = _stage(name_or_folder, staged)
        beside, others = reports.beside(found, results), [path.name for path in core_ml.parts(staged)]
        card = model_card(found, also=others, beside=beside, repository=repository)
        (staged / CARD).write_text(card, encoding="utf-8")
        sha256 = hashlib.sha256((staged / FILE_NAME).read_bytes()).hexdigest()
        _refuse_reused_version(found, sha256)
        asked = f"push {found.name} {found.version} to {repository}"
        api = connect(asked)
        require_token(asked)
        progress(f"uploading to {repository}, created where it is missing")
        commit = _upload(
            api, asked, repository, staged, private=private, message=message or f"{found.name} {found.version}"
        )
        progress("reading back what was uploaded")
        _read_back(Source(found.name, repository, commit, progress), staged, asked, Path(place) / "back")
    row = Row(repository=repository, commit=commit, manifest_sha256=sha256, version=found.version)
    try:
        catalogue.write_row(found.name, row)
    except IQAError as error:
        raise catalogue.CatalogueError(f"{error} The upload is done: {row}. Push again to enter it.") from error
    return row


def _stage(name_or_folder: str | Path, staged: Path) -> Manifest:
    """The manifest of a verified copy of the model in a new folder."""
    if isinstance(name_or_folder, Path):
        folder, found = name_or_folder, manifest.read(name_or_folder)
    else:
        folder, found = model.MODELS / name_or_folder, model.load_model(name_or_folder, root=model.MODELS).manifest
    staged.mkdir()
    try:
        for name in (FILE_NAME, found.file, found.probe.file):
            shutil.copyfile(folder / name, staged / name)
        for part in core_ml.parts(folder):
            _copy(part, staged / part.name)
        for results in sorted(folder.glob(f"{RESULTS}/*.yaml")):
            if results.is_symlink() or results.parent.is_symlink():
                raise ModelError(f"{results}: a link; accepted: a file. Copy what it points to.")
            (staged / RESULTS).mkdir(exist_ok=True)
            shutil.copyfile(results, staged / RESULTS / results.name)
    except (OSError, shutil.Error) as error:
        raise ModelError(f"{folder}: cannot be read whole ({error}). Export the model again.") from error
    found = model.load_model(staged).manifest
    core_ml.check(staged, found)
    return found


def _copy(part: Path, target: Path) -> None:
    """Nothing; a link stays one, to be refused: what it points to was not meant to be published."""
    if part.is_dir() and not part.is_symlink():
        shutil.copytree(part, target, symlinks=True)
    else:
        shutil.copyfile(part, target, follow_symlinks=False)


def _refuse_reused_version(found: Manifest, sha256: str) -> None:
    row = catalogue.read().get(found.name)
    if row and row.repository and row.version == found.version and row.manifest_sha256 != sha256:
        raise ArgumentError(
            f"{found.name} {found.version} is published already, at {row.repository}, with another manifest "
            f"({row.manifest_sha256[:12]}, here {sha256[:12]}). Raise the version in the manifest."
        )


def _upload(api: "HfApi", asked: str, repository: str, staged: Path, *, private: bool, message: str) -> str:
    """The commit, 40 hex digits, that holds the staged files."""
    with explained(asked, api.endpoint):
        api.create_repo(repository, private=private or None, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository, folder_path=staged, commit_message=message, delete_patterns=list(_STALE)
        )
    if not catalogue.is_commit(done.oid):
        raise HubError(f"Could not {asked}: the commit that came back is {done.oid!r}. Look at {api.endpoint}.")
    return done.oid


def _read_back(source: Source, staged: Path, asked: str, folder: Path) -> None:
    """Refuses a commit that does not hold every file that was sent, byte for byte, or still holds older ones."""
    folder.mkdir()
    sent = {path.relative_to(staged).as_posix(): path for path in sorted(staged.rglob("*")) if path.is_file()}
    for name, path in sent.items():
        data = path.read_bytes()
        source.get(name, hashlib.sha256(data).hexdigest(), max(1, len(data)), folder, "here it has")
    left = [name for name in source.sizes if name not in sent and any(fnmatch(name, kind) for kind in _STALE)]
    if left:
        raise HubError(f"Could not {asked}: the commit still holds {', '.join(sorted(left)[:5])}. Remove it there.")
