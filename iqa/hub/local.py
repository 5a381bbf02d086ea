"""What is on this machine: embedded and pulled models, and those of the catalogue that still have to be pulled."""

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import catalogue, model
from .. import manifest as manifests
from ..catalogue import Row
from ..errors import IQAError, ModelError, UnknownNameError
from ..manifest import FILE_NAME, Manifest
from . import core_ml
from .client import Progress, silent


@dataclass(frozen=True)
class Place:
    """A model, and where it lies.

    Attributes:
        name: as in the catalogue, or of the folder; the path of one that was named by it.
        where: ``embedded``: in assets/models; ``set aside``: there too, but the catalogue declares another version;
            ``pulled``: fetched, as the catalogue declares; ``kept``: fetched, another version; ``not pulled``: in the
            catalogue only; ``missing``: the catalogue says embedded, but there is no folder; ``folder``: named by its
            path, wherever it lies.
        folder: None where there is none.
        manifest: None where there is none, or it is broken.
        row: of the catalogue; None when it has none.
        verified: True or False after ``verify``; False when broken already; None: not checked.
        error: why it cannot be used, in a sentence.
    """

    name: str
    where: Literal["embedded", "set aside", "pulled", "kept", "not pulled", "missing", "folder"]
    folder: Path | None
    manifest: Manifest | None
    row: Row | None
    verified: bool | None = None
    error: str | None = None


def survey(names: Collection[str] = ()) -> list[Place]:
    """Every model that is embedded, pulled, or in the catalogue, by name; weights are neither read nor verified.

    Args:
        names: only these; empty: all.

    Raises:
        UnknownNameError: a name that is neither local nor in the catalogue. CatalogueError: malformed.
    """
    rows = catalogue.read()
    found = [*_embedded(rows), *_pulled(rows)]
    for name, row in rows.items():
        if not any(place.name == name and place.where in ("embedded", "pulled") for place in found):
            found.append(_absent(name, row))
    known = {place.name for place in found}
    for name in names:
        if name not in known:
            raise UnknownNameError("model", name, known)
    return sorted((place for place in found if not names or place.name in names), key=lambda p: (p.name, p.where))


def verify(names: Collection[str | Path] = (), *, progress: Progress = silent) -> list[Place]:
    """What ``survey`` finds, after every local model has been opened: hashes compared and probe recomputed.

    Core ML packages beside a network are compared with their records, file by file.

    Args:
        names: only these, a str being a name and a pathlib.Path a model folder, wherever it lies; empty: all.
        progress: called with a line of text per model.

    Raises:
        UnknownNameError: a name that is neither local nor in the catalogue. CatalogueError: malformed.
    """
    texts = [name for name in names if isinstance(name, str)]
    folders = [_named(name) for name in names if isinstance(name, Path)]
    places = survey(texts) if texts or not folders else []
    return [_checked(place, progress) for place in [*places, *folders]]


def _named(folder: Path) -> Place:
    """The model in a folder that was named by its path; the catalogue says nothing about it."""
    try:
        if not folder.is_dir():
            raise ModelError(f"{folder}: found no such folder; accepted: a folder with {FILE_NAME}. Check the path.")
        return Place(str(folder), "folder", folder, manifests.read(folder), None)
    except IQAError as error:
        return Place(str(folder), "folder", folder, None, None, False, str(error))


def _embedded(rows: dict[str, Row]) -> Iterator[Place]:
    for name, found in model.list_models(model.MODELS).items():
        row, folder = rows.get(name), model.MODELS / name
        if isinstance(found, IQAError):
            yield Place(name, "embedded", folder, None, row, False, str(found))
        else:
            same = row is None or row.repository is None or catalogue.digest(folder) == row.manifest_sha256
            yield Place(name, "embedded" if same else "set aside", folder, found, row)


def _pulled(rows: dict[str, Row]) -> Iterator[Place]:
    models = catalogue.pulled_models()
    for root in sorted(models.iterdir()) if models.is_dir() else []:
        if not catalogue.is_sha256(root.name):
            continue  # the temporary folder of a pull that is going on
        for name, found in model.list_models(root).items():
            row, folder = rows.get(name), root / name
            where: Literal["pulled", "kept"] = "pulled" if row and row.manifest_sha256 == root.name else "kept"
            if isinstance(found, IQAError):
                yield Place(name, where, folder, None, row, False, str(found))
            elif catalogue.digest(folder) != root.name:
                wrong = f"{folder}: its manifest is not the one that was pulled. Pull it again, or remove the folder."
                yield Place(name, where, folder, found, row, False, wrong)
            else:
                yield Place(name, where, folder, found, row)


def _absent(name: str, row: Row) -> Place:
    if row.repository is not None:
        return Place(name, "not pulled", None, None, row)
    wrong = f"{model.MODELS / name}: no such folder, though the catalogue declares it as embedded. Restore it."
    return Place(name, "missing", None, None, row, False, wrong)


def _checked(place: Place, progress: Progress) -> Place:
    if place.folder is None or place.error is not None:
        return place
    progress(f"checking {place.name}")
    try:
        found = model.load_model(place.folder).manifest
        core_ml.check(place.folder, found)
        _check_row(place)
    except IQAError as error:
        return dataclasses.replace(place, verified=False, error=str(error))
    return dataclasses.replace(place, verified=True)


def _check_row(place: Place) -> None:
    """Refuses an embedded model that the catalogue describes, without a repository, by another hash."""
    row = place.row
    if place.where == "embedded" and place.folder and row and catalogue.digest(place.folder) != row.manifest_sha256:
        declared = f"the catalogue declares a manifest of sha256 {row.manifest_sha256}"
        raise ModelError(f"{place.folder}: found {catalogue.digest(place.folder)}; {declared}. Correct the row.")
