"""Models to the Hub and back, over HTTP on loopback, by the installed client; and where they are looked for."""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from iqa import catalogue
from iqa import manifest as manifests
from iqa.hub import core_ml
from tests.hub_client import FILES, NAME, REPOSITORY, ROOT, Client, World
from tests.hub_server import READ, Answer


def test_a_model_goes_to_the_hub_and_comes_back_the_same(world: World, folder: Path) -> None:
    (folder / "model.mlpackage" / "Data").mkdir(parents=True)
    (folder / "model.mlpackage" / "Data" / "weight.bin").write_bytes(b"\0\1")
    core_ml.record(folder / "model.mlpackage", folder / "model.onnx")
    (folder / ".eval_results").mkdir()
    (folder / ".eval_results" / "toy.yaml").write_text("- value: 0.5\n")
    (folder / "notes.txt").write_text("mine")
    done = world.iqa("models", "push", str(folder), "--repo", REPOSITORY, "--private", "--message", "First", "--json")
    assert done.code == 0, done.err
    assert world.hub.private == {REPOSITORY}
    assert world.hub.messages == ["First"]
    newest = world.hub.commits[REPOSITORY][-1]
    package = ["model.mlpackage/Data/weight.bin", "model.mlpackage.sha256"]
    sent = ["README.md", ".eval_results/toy.yaml", *package, *FILES]
    assert sorted(newest.files) == sorted([".gitattributes", *sent])
    read_back = [r for r in world.hub.requests if r.startswith(f"GET /{REPOSITORY}/resolve/{newest.oid}/")]
    assert sorted(r.rpartition(f"{newest.oid}/")[2] for r in read_back) == sorted(sent), "every file was read back"
    row = catalogue.read(world.catalogue)[NAME]
    assert done.json == row.as_dict()
    assert (row.repository, row.commit, row.version) == (REPOSITORY, newest.oid, "1.0.0")
    assert row.manifest_sha256 == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()

    done = world.iqa("models", "pull", NAME, "--json")
    assert done.code == 0, done.err
    pulled = Path(done.json[0]["folder"])
    assert pulled == world.cache / "models" / row.manifest_sha256 / NAME
    assert sorted(path.name for path in pulled.iterdir()) == FILES
    assert all((pulled / name).read_bytes() == (folder / name).read_bytes() for name in FILES)
    assert len(world.kept()) == len(FILES)
    assert [(row["name"], row["where"], row["verified"]) for row in world.iqa("models", "verify", "--json").json][
        4:
    ] == [(NAME, "pulled", True)]


def test_the_card_that_is_pushed_is_that_of_the_manifest(world: World, folder: Path) -> None:
    assert world.iqa("models", "push", str(folder), "--repo", REPOSITORY).code == 0
    card = world.hub.commits[REPOSITORY][-1].files["README.md"].decode()
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "apache-2.0"
    assert f"# {NAME} 1.0.0" in card


def test_pushing_again_changes_nothing_and_a_new_version_leaves_no_old_file(world: World, folder: Path) -> None:
    (folder / ".eval_results").mkdir()
    (folder / ".eval_results" / "toy.yaml").write_text("- value: 0.5\n")
    assert world.iqa("models", "push", str(folder), "--repo", REPOSITORY).code == 0
    first = catalogue.read(world.catalogue)[NAME]
    assert world.iqa("models", "push", str(folder), "--repo", REPOSITORY).code == 0
    assert catalogue.read(world.catalogue)[NAME] == first
    shutil.rmtree(folder / ".eval_results")
    manifests.write(dataclasses.replace(manifests.read(folder), version="1.1.0"), folder)
    assert world.iqa("models", "push", str(folder), "--repo", REPOSITORY).code == 0
    second = catalogue.read(world.catalogue)[NAME]
    assert (second.version, second.commit != first.commit) == ("1.1.0", True)
    assert ".eval_results/toy.yaml" not in world.hub.commits[REPOSITORY][-1].files


def test_only_the_three_files_are_asked_for_at_the_commit_and_once(published: World) -> None:
    assert published.iqa("models", "pull").code == 0
    commit = catalogue.read(published.catalogue)[NAME].commit
    asked = [request for request in published.hub.requests if request.startswith("GET /studio")]
    assert asked == [f"GET /{REPOSITORY}/resolve/{commit}/{name}" for name in FILES]
    published.hub.requests.clear()
    assert published.iqa("models", "pull", NAME).code == 0
    assert published.hub.requests == []
    assert not (published.place / "evil.txt").exists()


def test_a_private_repository_is_pulled_with_a_token_that_may_only_read(published: World) -> None:
    published.hub.private.add(REPOSITORY)
    published.environment["HF_TOKEN"] = READ
    assert published.iqa("models", "pull", NAME).code == 0


def test_an_embedded_model_of_the_catalogue_needs_no_network(published: World, folder: Path) -> None:
    shutil.copytree(folder, published.models / NAME)
    published.environment["HF_HUB_OFFLINE"] = "1"
    done = published.iqa("models", "pull", NAME, "--json")
    assert done.json[0]["folder"] == str(published.models / NAME)
    assert published.hub.requests == []


def test_a_pulled_model_needs_no_network(published: World) -> None:
    assert published.iqa("models", "pull", NAME).code == 0
    published.hub.requests.clear()
    published.environment["HF_HUB_OFFLINE"] = "1"
    assert published.iqa("models", "pull", NAME).code == 0
    assert published.iqa("models", "verify", NAME).code == 0
    assert published.hub.requests == []


def test_an_embedded_model_of_another_version_is_set_aside(published: World, folder: Path) -> None:
    shutil.copytree(folder, published.models / NAME)
    old = dataclasses.replace(manifests.read(folder), version="0.9.0")
    manifests.write(old, published.models / NAME)
    assert published.iqa("models", "pull", NAME).code == 0
    rows = published.iqa("models", "verify", NAME, "--json").json
    assert [(row["where"], row["model"]["version"]) for row in rows] == [("pulled", "1.0.0"), ("set aside", "0.9.0")]


def test_a_row_without_a_repository_is_served_from_the_embedded_folder(world: World, folder: Path) -> None:
    shutil.copytree(folder, world.models / NAME)
    sha256 = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    row = catalogue.Row(repository=None, commit=None, manifest_sha256=sha256, version="1.0.0")
    catalogue.write_row(NAME, row, world.catalogue)
    assert world.iqa("models", "pull", NAME).code == 0
    assert world.iqa("models", "verify").code == 0
    assert "no repository" in world.refused(arguments=("models", "pull", NAME, "--revision", "0" * 40), code=2)
    manifests.write(dataclasses.replace(manifests.read(folder), version="1.0.1"), world.models / NAME)
    assert "Correct the row" in world.refused(arguments=("models", "verify"))
    shutil.rmtree(world.models / NAME)
    assert "no such folder" in world.refused(arguments=("models", "list"))


def test_a_damaged_copy_is_found_by_verify_and_replaced_by_pull(published: World) -> None:
    assert published.iqa("models", "pull", NAME).code == 0
    weights = next(published.cache.rglob("model.onnx"))
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + b"?")
    done = published.iqa("models", "verify")
    assert (done.code, "sha256" in done.err, "FAILED" in done.out) == (1, True, True)
    assert published.iqa("models", "pull", NAME).code == 0
    assert weights.read_bytes() == good
    assert len(published.kept()) == len(FILES)
    weights.with_name("manifest.json").write_text("{}")
    assert published.iqa("models", "verify").code == 1
    assert published.iqa("models", "pull", NAME).code == 0
    assert published.iqa("models", "verify").code == 0


def test_another_version_comes_by_its_commit_and_its_hash(published: World, folder: Path) -> None:
    manifests.write(dataclasses.replace(manifests.read(folder), version="2.0.0"), folder)
    files = {name: (folder / name).read_bytes() for name in FILES}
    commit, sha256 = published.hub.add(REPOSITORY, files), hashlib.sha256(files["manifest.json"]).hexdigest()
    call = ("models", "pull", NAME, "--revision", commit)
    assert "sha256" in published.refused("the catalogue declares", arguments=call)
    done = published.iqa(*call, "--sha256", sha256, "--json")
    assert manifests.read(Path(done.json[0]["folder"])).version == "2.0.0"
    assert [row["where"] for row in published.iqa("models", "list", NAME, "--json").json] == ["kept", "not pulled"]


def test_nothing_of_the_client_is_loaded_before_it_is_needed(world: World) -> None:
    script = "import sys; from iqa.__main__ import main; main(['models']); sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_endpoint_and_token_are_read_at_every_call_and_progress_is_told(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iqa import hub, model

    monkeypatch.setattr(catalogue, "PATH", published.catalogue)
    monkeypatch.setattr(model, "MODELS", published.models)
    told: list[str] = []
    for name, value in published.environment.items():  # the client may have been imported long ago
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    folder = hub.pull(NAME, progress=told.append)
    assert model.model_folder(NAME) == folder
    assert model.load_model(NAME).manifest.name == NAME
    assert any(text.startswith(f"{NAME}: model.onnx, 0.0 of at most") for text in told)
    assert told[-1] == f"{NAME}: checking the probe"
    assert [place.verified for place in hub.verify([NAME])] == [True]


def test_two_pulls_at_once_both_succeed_and_leave_one_copy(published: World, tmp_path: Path) -> None:
    second = Client(tmp_path / "home")
    met = threading.Barrier(2, timeout=20)

    def fault(answer: Answer) -> bool:
        if answer.command == "GET" and answer.path.endswith("probe.png"):
            met.wait()
        return False

    published.hub.fault = fault
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(published.iqa, "models", "pull", NAME, by=second)
        assert published.iqa("models", "pull", NAME).code == 0
        assert other.result().code == 0
    second.close()
    assert len(published.kept()) == len(FILES)
    assert published.iqa("models", "verify", NAME).code == 0


def test_a_folder_is_verified_by_its_path_wherever_it_lies(world: World, folder: Path) -> None:
    done = world.iqa("models", "verify", str(folder), "--json")
    assert done.code == 0, done.err
    (row,) = done.json
    assert (row["name"], row["where"], row["verified"], row["version"]) == (str(folder), "folder", True, "1.0.0")
    assert (row["folder"], row["task"]) == (str(folder), "toy")
    assert "folder, verified" in world.iqa("models", "verify", str(folder)).out
    assert "1.0.0" in world.iqa("models", "verify", str(folder)).out


def test_a_path_and_a_name_are_told_apart_by_the_separator(published: World, folder: Path) -> None:
    assert published.iqa("models", "pull", NAME).code == 0
    rows = published.iqa("models", "verify", NAME, f"{folder}/", "--json").json
    assert [(row["where"], row["verified"]) for row in rows] == [("pulled", True), ("folder", True)]
    (folder / "probe.png").unlink()
    done = published.iqa("models", "verify", str(folder), NAME, "--json")
    assert (done.code, [row["verified"] for row in done.json]) == (1, [True, False])
    assert done.err.startswith(f"iqa: {folder / 'probe.png'}: no such file")


@pytest.mark.parametrize("name", ["nothing/here", "made/toy-luminance/manifest.json", "made"])
def test_a_path_that_is_no_model_folder_is_named(name: str, world: World, folder: Path) -> None:
    path = folder.parent.parent / name
    assert str(path) in world.refused("folder", arguments=("models", "verify", str(path)))


def test_dots_are_a_path_and_help_says_which_is_which(world: World) -> None:
    assert "manifest.json" in world.refused(arguments=("models", "verify", "."))
    told = " ".join(world.iqa("models", "--help").out.split())
    assert "a NAME with a slash, or of dots alone, is the path of a model's folder;" in told
