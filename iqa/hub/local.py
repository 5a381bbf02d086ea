"""What is on this machine: embedded and pulled models, and those of the catalogue that still have to be pulled."""

import dataclasses
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import catalogue, model
from ..catalogue import Row
from ..errors import IQAError, ModelError, UnknownNameError
from ..manifest import Manifest
from .client import Progress, silent


@dataclass(frozen=True)
class Place:
    """A model, and where it lies.

    Attributes:
        name: as in the catalogue, or of the folder.
        where: ``embedded``: in assets/models; ``set aside``: there too, but the catalogue declares another version;
            ``pulled``: fetched, as the catalogue declares; ``kept``: fetched, another version; ``not pulled``: in the
            catalogue only; ``missing``: the catalogue says embedded, but there is no folder.
        folder: None where there is none.
        manifest: None where there is none, or it is broken.
        row: of the catalogue; None when it has none.
        verified: True or False after ``verify``; False when broken already; None: not checked.
        error: why it cannot be used, in a sentence.
    """

    name: str
    where: Literal["embedded", "set aside", "pulled", "kept", "not pulled", "missing"]
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


def verify(names: Collection[str] = (), *, progress: Progress = silent) -> list[Place]:
    """What ``survey`` finds, after every local model has been opened: hashes compared and probe recomputed.

    Args:
        names: only these; empty: all.
        progress: called with a line of text per model.

    Raises:
        UnknownNameError: a name that is neither local nor in the catalogue. CatalogueError: malformed.
    """
    return [_checked(place, progress) for place in survey(names)]


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
        model.load_model(place.folder)
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
