"""The catalogue that comes with the code, its strict reader and writer, and where a name's folder is looked for."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from iqa import catalogue, model
from iqa import manifest as manifests
from iqa.catalogue import CatalogueError, Row
from iqa.errors import ArgumentError, IQAError, ModelError, NotPulledError, UnknownNameError
from tests import toy_models as toys

ROOT = Path(__file__).parent.parent
NAME = "toy-luminance"
ROW = Row(repository="studio/toy", commit="0" * 40, manifest_sha256="1" * 64, version="1.0.0")
EMBEDDED = Row(repository=None, commit=None, manifest_sha256="2" * 64, version="2.0.0")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty catalogue."""
    file = tmp_path / "catalogue.json"
    file.write_text('{"format": 1, "models": {}}')
    return file


@pytest.fixture
def place(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with that catalogue, embedded models and a cache, in the place of the project's and the user's."""
    monkeypatch.setattr(catalogue, "PATH", path)
    monkeypatch.setattr(model, "MODELS", path.parent / "models")
    monkeypatch.setenv("IQA_CACHE", str(path.parent / "cache"))
    return path.parent


def row_of(folder: Path, repository: str | None = "studio/toy") -> Row:
    sha256 = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    commit = None if repository is None else "0" * 40
    version = manifests.read(folder).version
    return Row(repository=repository, commit=commit, manifest_sha256=sha256, version=version)


# --- the one that comes with the code ---------------------------------------------------------------------------------


def test_every_embedded_row_is_that_of_its_folder() -> None:
    for name, row in catalogue.read().items():
        if row.repository is None:
            assert row_of(model.MODELS / name, None) == row, name


def test_the_space_names_the_repositories_of_the_catalogue() -> None:
    front = list(yaml.safe_load_all((ROOT / "Spacefile").read_text(encoding="utf-8")))[1]
    assert front.get("models", []) == sorted({row.repository for row in catalogue.read().values() if row.repository})


# --- reading and writing ----------------------------------------------------------------------------------------------


def test_rows_read_back_equal_and_equal_rows_are_equal_bytes(path: Path) -> None:
    catalogue.write_row("b", ROW, path)
    catalogue.write_row("a", EMBEDDED, path)
    assert catalogue.read(path) == {"a": EMBEDDED, "b": ROW}
    once = path.read_bytes()
    catalogue.write_row("b", ROW, path)
    assert path.read_bytes() == once
    assert list(json.loads(once)["models"]["b"]) == ["repository", "commit", "manifest_sha256", "version"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "Expecting value"),
        ("[]", "an object with the keys format, models"),
        ('{"format": 2, "models": {}}', "catalogue.format: found 2, accepted: 1"),
        ('{"format": 1, "models": {"a": {}, "a": {}}}', "a key stands twice"),
        ('{"format": 1, "models": {"A/B": {}}}', "lower-case letters"),
        ('{"format": 1, "models": {}, "more": 1}', "catalogue.more: found 'an unknown key'"),
        (" " * 1_000_001, "found more than 1,000,000 bytes"),
    ],
)
def test_a_malformed_catalogue_is_refused_with_its_place(path: Path, content: str, words: str) -> None:
    path.write_text(content)
    with pytest.raises(CatalogueError, match=r"is malformed: .*Restore the file") as caught:
        catalogue.read(path)
    assert words in str(caught.value)
    with pytest.raises(CatalogueError):
        catalogue.write_row("a", ROW, path)
    assert path.read_text() == content


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": "toy"},
        {"repository": "a/../b"},
        {"repository": "../toy"},
        {"repository": "a/b/c"},
        {"repository": "a/b c"},
        {"repository": "a/b.git"},
        {"repository": "a/" + "b" * 95},
        {"repository": "a/-b"},
        {"repository": "a/b--c"},
        {"repository": None},
        {"commit": "main"},
        {"commit": "A" * 40},
        {"commit": None},
        {"manifest_sha256": "0" * 63},
        {"version": "1.0"},
    ],
    ids=str,
)
def test_a_row_that_pins_nothing_is_neither_read_nor_written(path: Path, changes: dict[str, Any]) -> None:
    before = path.read_bytes()
    row = {**ROW.as_dict(), **changes}
    with pytest.raises(IQAError):
        catalogue.write_row("a", Row(**row), path)
    assert path.read_bytes() == before
    path.write_text(json.dumps({"format": 1, "models": {"a": row}}))
    with pytest.raises(CatalogueError, match=r"catalogue\.models\.a"):
        catalogue.read(path)


def test_a_catalogue_that_is_missing_or_cannot_be_written_is_named(tmp_path: Path, path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nothing\.json: cannot be read"):
        catalogue.read(tmp_path / "nothing.json")
    with pytest.raises(UnknownNameError, match="Did you mean 'toy'"):
        catalogue.require("tay", {"toy": ROW})


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"IQA_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/iqa"),
        ({"HOME": "/c"}, "/c/.cache/iqa"),
        ({"IQA_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/iqa"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IQA_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert catalogue.cache_folder() == Path(folder)
    assert catalogue.pulled_root("1" * 64) == Path(folder) / "models" / ("1" * 64)


# --- where a name's folder is looked for ------------------------------------------------------------------------------


def test_an_embedded_model_is_taken_without_a_row_or_with_its_own(place: Path) -> None:
    folder = toys.write_model(place / "models", toys.luminance())
    assert model.model_folder(NAME) == folder
    catalogue.write_row(NAME, row_of(folder, None))
    assert model.model_folder(NAME) == folder
    assert model.load_model(NAME).manifest.name == NAME
    manifests.write(dataclasses.replace(manifests.read(folder), version="0.1.0"), folder)
    with pytest.raises(ModelError, match=r"not the one the catalogue declares\. Restore"):
        model.load_model(NAME)


def test_an_embedded_model_comes_before_a_pulled_one_of_the_same_hash(place: Path) -> None:
    folder = toys.write_model(place / "models", toys.luminance())
    row = row_of(folder)
    catalogue.write_row(NAME, row)
    pulled = catalogue.pulled_root(row.manifest_sha256) / NAME
    shutil.copytree(folder, pulled)
    assert model.model_folder(NAME) == folder
    manifests.write(dataclasses.replace(manifests.read(folder), version="0.1.0"), folder)
    assert model.model_folder(NAME) == pulled
    assert str(model.load_model(NAME).estimator) == f"{NAME} 1.0.0"


def test_a_model_that_is_not_here_names_the_command_that_fetches_it(place: Path) -> None:
    catalogue.write_row(NAME, ROW)
    with pytest.raises(NotPulledError, match=rf"not on this machine\. .*studio/toy: python -m iqa models pull {NAME}$"):
        model.load_model(NAME)
    toys.write_model(place / "models", toys.luminance())
    with pytest.raises(NotPulledError, match="holds another version"):
        model.load_model(NAME)
    catalogue.write_row("toy-classes", EMBEDDED)
    with pytest.raises(ModelError, match=r"comes with iqa, but found no folder .* Restore"):
        model.load_model("toy-classes")
    with pytest.raises(UnknownNameError, match=rf"Did you mean '{NAME}'\? Known: toy-classes, {NAME}"):
        model.load_model("toy-luminanze")
    with pytest.raises(ArgumentError, match=r"pass pathlib\.Path"):
        model.load_model("../toy-luminance")


def test_a_pulled_manifest_that_was_altered_is_not_used(place: Path) -> None:
    folder = toys.write_model(place / "made", toys.luminance())
    row = row_of(folder)
    catalogue.write_row(NAME, row)
    pulled = catalogue.pulled_root(row.manifest_sha256) / NAME
    shutil.copytree(folder, pulled)
    manifests.write(dataclasses.replace(manifests.read(pulled), version="1.0.1"), pulled)
    with pytest.raises(ModelError, match=rf"not the one the catalogue declares\. .*pull {NAME}"):
        model.load_model(NAME)
