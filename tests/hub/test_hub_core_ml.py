"""Core ML packages: every file has its hash, and what differs from the record is neither verified nor published."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iqa import catalogue
from iqa import manifest as manifests
from iqa.errors import ModelError
from iqa.hub import core_ml, verify
from tests import toy_models as toys
from tests.hub_client import REPOSITORY, World
from tests.hub_server import Answer

PARTS = {"Manifest.json": b"{}", "Data/model.mlmodel": b"network", "Data/weights/weight.bin": bytes(5000)}
PACKAGE, RECORD = "model.mlpackage", "model.mlpackage.sha256"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with a Core ML package and its record."""
    made = toys.write_model(tmp_path / "made", toys.luminance())
    for name, content in PARTS.items():
        (made / PACKAGE / name).parent.mkdir(parents=True, exist_ok=True)
        (made / PACKAGE / name).write_bytes(content)
    core_ml.record(made / PACKAGE, made / "model.onnx")
    return made


def altered(folder: Path) -> None:
    path = folder / PACKAGE / "Data/weights/weight.bin"
    path.write_bytes(b"\1" + path.read_bytes()[1:])


def missing(folder: Path) -> None:
    (folder / PACKAGE / "Manifest.json").unlink()


def added(folder: Path) -> None:
    (folder / PACKAGE / "Data" / ".DS_Store").write_bytes(b"x")


def without_record(folder: Path) -> None:
    (folder / RECORD).unlink()


def without_package(folder: Path) -> None:
    shutil.rmtree(folder / PACKAGE)


def of_another_network(folder: Path) -> None:
    text = (folder / RECORD).read_text()
    (folder / RECORD).write_text("0" * 64 + text[64:])


def spoiled_record(folder: Path) -> None:
    (folder / RECORD).write_text((folder / RECORD).read_text() + "nonsense\n")


def link_to_a_file(folder: Path) -> None:
    path = folder / PACKAGE / "Manifest.json"
    path.rename(folder.parent / "elsewhere.json")
    path.symlink_to(folder.parent / "elsewhere.json")


def link_to_a_folder(folder: Path) -> None:
    (folder / PACKAGE / "Data").rename(folder.parent / "Data")
    (folder / PACKAGE / "Data").symlink_to(folder.parent / "Data")


def linked_package(folder: Path) -> None:
    (folder / PACKAGE).rename(folder.parent / PACKAGE)
    (folder / PACKAGE).symlink_to(folder.parent / PACKAGE)


def linked_record(folder: Path) -> None:
    (folder / RECORD).rename(folder.parent / RECORD)
    (folder / RECORD).symlink_to(folder.parent / RECORD)


def no_folder(folder: Path) -> None:
    without_package(folder)
    (folder / PACKAGE).write_bytes(b"x")


FAULTS: dict[Callable[[Path], None], str] = {
    altered: "weight.bin: found sha256",
    missing: "Manifest.json: found no such file; its record declares sha256",
    added: ".DS_Store: found sha256",
    without_record: "a package needs the hashes of its files",
    without_package: "there is no package beside it",
    of_another_network: f"made with a network of sha256 {'0' * 64}",
    spoiled_record: "accepted: a sha256 and a name in each",
    link_to_a_file: "Manifest.json: a link, or no file",
    link_to_a_folder: "Data: a link, or no file",
    linked_package: "accepted: a folder, and no link to one",
    linked_record: "no such file; a package needs the hashes",
    no_folder: "accepted: a folder, and no link to one",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_differs_from_the_record_is_refused_by_verify_and_never_sent(
    fault: Callable[[Path], None], world: World, folder: Path
) -> None:
    assert [place.verified for place in verify([folder])] == [True]
    fault(folder)
    (found,) = verify([folder])
    assert (found.where, found.verified) == ("folder", False)
    assert found.error is not None
    assert FAULTS[fault] in found.error
    done = world.iqa("models", "verify", str(folder))
    assert (done.code, FAULTS[fault] in done.err, "FAILED" in done.out) == (1, True, True)
    world.refused(FAULTS[fault], arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    assert world.hub.requests == []


def test_the_record_names_every_file_as_sha256sum_does_and_is_the_same_every_time(folder: Path) -> None:
    before = (folder / RECORD).read_bytes()
    assert core_ml.record(folder / PACKAGE, folder / "model.onnx").read_bytes() == before
    names = ["model.onnx", *(f"{PACKAGE}/{name}" for name in sorted(PARTS))]
    digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    assert before.decode() == "".join(f"{digest}  {name}\n" for digest, name in zip(digests, names, strict=True))


def test_what_is_no_package_gets_no_record(folder: Path) -> None:
    (folder / "empty.mlpackage").mkdir()
    for name in ("empty.mlpackage", "none.mlpackage"):
        with pytest.raises(ModelError):
            core_ml.record(folder / name, folder / "model.onnx")
        assert not (folder / f"{name}.sha256").exists()


def test_an_embedded_model_is_verified_with_its_package(world: World, folder: Path) -> None:
    inside = world.models / folder.name
    shutil.copytree(folder, inside)
    assert world.iqa("models", "verify", folder.name).code == 0
    altered(inside)
    assert "weight.bin" in world.refused(arguments=("models", "verify", folder.name))


@pytest.mark.parametrize("name", [f"{PACKAGE}/Data/weights/weight.bin", RECORD, "README.md"])
def test_what_comes_back_altered_after_a_push_is_not_entered(name: str, world: World, folder: Path) -> None:
    def fault(answer: Answer) -> bool:
        if "/resolve/" in answer.path:
            files = answer.hub.commits[REPOSITORY][-1].files
            files[name] = bytes(len(files[name]) - 1) + b"?"
        return False

    world.hub.fault = fault
    world.refused(f"fetch {name}", "found sha256", arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    assert catalogue.read(world.catalogue) == {}


def test_a_commit_that_keeps_parts_of_an_older_package_is_not_entered(world: World, folder: Path) -> None:
    def fault(answer: Answer) -> bool:
        if answer.command == "GET" and "/revision/" in answer.path:
            answer.hub.commits[REPOSITORY][-1].files[f"{PACKAGE}/Data/old.bin"] = b"old"
        return False

    world.hub.fault = fault
    words = "the commit still holds model.mlpackage/Data/old.bin"
    world.refused(words, arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    assert catalogue.read(world.catalogue) == {}


def test_a_new_version_without_a_package_leaves_nothing_of_the_old_one(world: World, folder: Path) -> None:
    call = ("models", "push", str(folder), "--repo", REPOSITORY)
    assert world.iqa(*call).code == 0
    without_package(folder)
    without_record(folder)
    content = (folder / manifests.FILE_NAME).read_text().replace('"version": "1.0.0"', '"version": "1.1.0"')
    (folder / manifests.FILE_NAME).write_text(content)
    assert world.iqa(*call).code == 0
    assert not any(PACKAGE in name for name in world.hub.commits[REPOSITORY][-1].files)


def test_a_linked_report_is_not_published(world: World, folder: Path) -> None:
    (folder / ".eval_results").mkdir()
    (folder.parent / "secret").write_text("token")
    (folder / ".eval_results" / "toy.yaml").symlink_to(folder.parent / "secret")
    world.refused("toy.yaml: a link", arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    assert world.hub.requests == []


def test_the_commands_on_the_card_bring_the_package_and_verify_it(world: World, folder: Path, tmp_path: Path) -> None:
    assert world.iqa("models", "push", str(folder), "--repo", REPOSITORY).code == 0
    newest = world.hub.commits[REPOSITORY][-1]
    found = re.search(r"```\nhf (.+)\npython -m iqa (.+)\n```\n\n(.+)", newest.files["README.md"].decode())
    assert found is not None
    (row,) = world.iqa("models", "list", folder.name, "--json").json
    assert f"`python -m iqa models list {folder.name} --json`" in found[3]
    there = {"COMMIT": row["commit"], "FOLDER": str(tmp_path / "phone"), "FOLDER/": f"{tmp_path / 'phone'}/"}
    fetch, check = ([there.get(word, word) for word in line.split()] for line in (found[1], found[2]))
    world.hub.add(REPOSITORY, {"README.md": b"a later commit"})
    settings = {"HF_ENDPOINT": world.address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    settings |= {"NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", *fetch]
    done = subprocess.run(command, env=kept | settings, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for name, content in PARTS.items():
        assert (tmp_path / "phone" / PACKAGE / name).read_bytes() == content
    assert world.iqa(*check).code == 0
    altered(tmp_path / "phone")
    assert "weight.bin: found sha256" in world.refused(arguments=tuple(check))
