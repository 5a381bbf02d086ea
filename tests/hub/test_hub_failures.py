"""Every way in which a pull can fail: one sentence that says what to do, and nothing left that could be used."""

import dataclasses
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iqa import catalogue
from iqa import manifest as manifests
from tests import toy_models as toys
from tests.hub_client import NAME, PULL, REPOSITORY, Client, World
from tests.hub_server import Answer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_onnx": lambda data: data[:-1] + b"?"}, "found sha256"),
        ({"model_onnx": lambda data: data[:-9]}, "found sha256"),
        ({"model_onnx": lambda data: data + b"\0"}, "accepted: at most"),
        ({"probe_png": lambda data: data + b"\0"}, "the manifest declares"),
        ({"manifest_json": lambda data: data.replace(b'"1.0.0"', b'"1.0.1"')}, "the catalogue declares"),
        ({"manifest_json": lambda data: b" " * 1_000_001}, "accepted: at most 1,000,000"),
    ],
    ids=["altered", "shortened", "longer", "other probe", "other manifest", "huge manifest"],
)
def test_an_altered_file_is_refused_and_nothing_is_kept(
    world: World, folder: Path, change: dict[str, Callable[[bytes], bytes]], words: str
) -> None:
    ((key, altered),) = change.items()
    name = key.replace("_", ".")
    world.publish(folder, **{key: altered((folder / name).read_bytes())})
    assert words in world.refused(f"Could not fetch {name} of {NAME} from {REPOSITORY}")
    world.publish(folder)
    assert world.iqa("models", "pull", NAME).code == 0


def test_a_file_that_grows_while_it_is_sent_is_stopped_at_its_declared_size(world: World, folder: Path) -> None:
    world.publish(folder, model_onnx=b"\0" * 30_000_000)
    world.hub.stated["model.onnx"] = manifests.read(folder).size_bytes
    assert "accepted: at most that" in world.refused("model.onnx")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size_bytes": 2**40}, "1,099,511,627,776 bytes declared"),
        ({"name": "toy-other"}, "found the name 'toy-other'"),
        ({"probe": {"outputs": {"quality": (0.25,)}}}, "its probe gives quality = 0.25"),
        ({"format": 2}, "a newer format needs a newer iqa"),
    ],
    ids=["size", "name", "probe", "format"],
)
def test_a_manifest_that_lies_is_refused_though_its_hash_is_right(
    world: World, folder: Path, changes: dict[str, object], words: str
) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    for key, value in changes.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    text = json.dumps(content).encode()
    commit = world.publish(folder, manifest_json=text)
    sha256 = hashlib.sha256(text).hexdigest()
    row = catalogue.Row(repository=REPOSITORY, commit=commit, manifest_sha256=sha256, version="1.0.0")
    catalogue.write_row(NAME, row, world.catalogue)
    assert words in world.refused("nothing was kept", f"Refused {NAME}")
    assert not any("model.onnx" in r for r in world.hub.requests) or "probe" in changes


def test_a_missing_file_repository_or_revision_is_named(published: World, folder: Path) -> None:
    row = catalogue.read(published.catalogue)[NAME]
    newest = published.hub.commits[REPOSITORY][-1]
    probe = newest.files.pop("probe.png")
    published.refused("fetch probe.png", "no such file among", "Ask its owner")
    newest.files["probe.png"] = probe
    published.refused("no such revision", arguments=("models", "pull", NAME, "--revision", "0" * 40))
    catalogue.write_row(NAME, dataclasses.replace(row, repository="studio/nothing"), published.catalogue)
    published.refused("studio/nothing at", "no such repository", "hf auth login")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refused it (401"),
        (403, "refused it (403"),
        (404, "answered 404"),
        (429, "answered 429"),
        (500, "answered 500 (out of order). Nothing is wrong here: try again later"),
    ],
)
def test_a_refusal_of_the_hub_is_one_sentence(published: World, status: int, words: str) -> None:
    def fault(answer: Answer) -> bool:
        answer.fail(status, "", "out of order")
        return True

    published.hub.fault = fault
    assert words in published.refused(f"Could not fetch {NAME} from {REPOSITORY}")


def test_what_answers_without_being_a_hub_is_recognized(published: World) -> None:
    def fault(answer: Answer) -> bool:
        answer.reply(b"<html>Please log in to the hotel network</html>")
        return True

    published.hub.fault = fault
    published.refused("does not answer as the Hub does", "proxy")

    def other(answer: Answer) -> bool:
        answer.json({"id": REPOSITORY, "sha": "1" * 40, "siblings": []})
        return True

    published.hub.fault = other
    published.refused(f"found commit {'1' * 40}")


def test_no_network_is_said_at_once_and_names_the_setting(published: World) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but nothing listens there
        published.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{closed.getsockname()[1]}"
        published.refused("the connection to http://127.0.0.1", "HF_ENDPOINT")
    published.environment["HF_ENDPOINT"] = "127.0.0.1"
    published.refused("HF_ENDPOINT is '127.0.0.1', accepted: an address")


def test_offline_nothing_is_sent_and_the_setting_is_named(published: World) -> None:
    published.environment["HF_HUB_OFFLINE"] = "1"
    published.refused("HF_HUB_OFFLINE is set")
    assert published.hub.requests == []


@pytest.mark.parametrize("ranges", [True, False], ids=["goes on where it was", "begins again"])
def test_a_transfer_that_breaks_off_once_is_taken_up_again(published: World, ranges: bool) -> None:
    published.hub.ranges, cuts = ranges, []

    def fault(answer: Answer) -> bool:
        if answer.command == "GET" and answer.path.endswith("model.onnx") and not cuts:
            cuts.append(answer)
            return cut(answer)
        return False

    published.hub.fault = fault
    assert published.iqa("models", "pull", NAME).code == 0
    assert len(cuts) == 1


def cut(answer: Answer, share: float = 0.5) -> bool:
    """Sends a part of the file and closes the connection."""
    content = answer.hub.commits[REPOSITORY][-1].files["model.onnx"]
    answer.send_response(200)
    answer.send_header("Content-Length", str(len(content)))
    answer.end_headers()
    answer.wfile.write(content[: int(len(content) * share)])
    answer.close_connection = True
    return True


def test_a_hub_that_dies_in_every_transfer_is_given_up_and_the_pull_can_be_repeated(published: World) -> None:
    published.hub.fault = lambda answer: answer.command == "GET" and "model.onnx" in answer.path and cut(answer)
    published.refused("fetch model.onnx", "failed", "try again")
    published.hub.fault = lambda answer: False
    assert published.iqa("models", "pull", NAME).code == 0


def test_a_transfer_that_begins_again_for_ever_is_given_up(world: World, folder: Path) -> None:
    toys.swap_network(folder, b"\0" * 10_600_000)  # more than a chunk of the client, which then tries without end
    world.publish(folder)
    world.hub.fault = lambda answer: answer.command == "GET" and "model.onnx" in answer.path and cut(answer, 0.995)
    world.refused("fetch model.onnx", "broke off again and again")


def test_a_full_disk_and_a_cache_that_cannot_be_made_are_named(world: World, folder: Path) -> None:
    world.publish(folder)
    world.largest_file = 400
    world.refused("this machine could not write: File too large", "IQA_CACHE")
    world.largest_file = None
    (world.place / "file").write_text("no folder")
    world.environment["IQA_CACHE"] = str(world.place / "file")
    done = world.iqa("models", "pull", NAME)
    assert (done.code, "Not a directory" in done.err, "IQA_CACHE" in done.err) == (1, True, True)


def test_what_a_killed_pull_has_left_is_no_model_and_is_cleared_later(published: World) -> None:
    left = published.cache / "models" / ".0123456789abcdef.part" / NAME
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{")
    assert published.iqa("models", "verify").code == 0
    os.utime(left.parent, (0, 0))
    assert published.iqa("models", "pull", NAME).code == 0
    assert not left.parent.exists()


def test_a_pull_that_is_killed_leaves_nothing_under_the_name_and_can_be_repeated(
    published: World, tmp_path: Path
) -> None:
    victim, sending, gone = Client(tmp_path / "home"), threading.Event(), threading.Event()

    def fault(answer: Answer) -> bool:
        if answer.command == "GET" and answer.path.endswith("model.onnx") and not sending.is_set():
            cut(answer)
            sending.set()
            gone.wait(20)
            return True
        return False

    published.hub.fault = fault
    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(published.iqa, *PULL, by=victim)
        assert sending.wait(20)
        victim.process.kill()
        with pytest.raises(AssertionError, match="the process has ended"):
            killed.result()
        gone.set()
    assert [row["where"] for row in published.iqa("models", "list", NAME, "--json").json] == ["not pulled"]
    assert published.iqa(*PULL).code == 0
    assert published.iqa("models", "verify", NAME).code == 0
