"""What is never sent to the Hub, and calls that are refused before anything is."""

import dataclasses
from pathlib import Path

import pytest

from iqa import catalogue
from iqa import manifest as manifests
from tests.hub_client import NAME, REPOSITORY, World
from tests.hub_server import READ, Answer


def test_an_unverified_folder_is_never_sent(world: World, folder: Path) -> None:
    weights = folder / "model.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    world.refused("found sha256", arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    world.refused("Unknown model 'nobody'", arguments=("models", "push", "nobody", "--repo", REPOSITORY))
    world.refused("cannot be read", arguments=("models", "push", str(world.place / "no"), "--repo", REPOSITORY))
    assert world.hub.requests == []
    assert catalogue.read(world.catalogue) == {}


def test_a_version_is_published_once(world: World, folder: Path) -> None:
    call = ("models", "push", str(folder), "--repo", REPOSITORY)
    assert world.iqa(*call).code == 0
    manifests.write(dataclasses.replace(manifests.read(folder), description="Another text."), folder)
    world.refused("published already", "Raise the version", arguments=call, code=2)


@pytest.mark.parametrize(
    ("token", "words"),
    [(None, "found no token"), (READ, "refused it (403: this token may not write"), ("hf_nobody", "refused it (401")],
)
def test_a_push_without_the_right_token_says_which_is_needed(
    world: World, folder: Path, token: str | None, words: str
) -> None:
    world.environment["HF_TOKEN"] = token
    arguments = ("models", "push", str(folder), "--repo", REPOSITORY)
    assert "hf auth login" in world.refused(f"push {NAME} 1.0.0 to {REPOSITORY}", words, arguments=arguments)
    assert world.hub.commits == {}
    assert catalogue.read(world.catalogue) == {}


def test_what_arrives_altered_on_the_hub_is_not_entered(world: World, folder: Path) -> None:
    def fault(answer: Answer) -> bool:
        if "/resolve/" in answer.path:
            files = answer.hub.commits[REPOSITORY][-1].files
            files["model.onnx"] = b"\0" * len(files["model.onnx"])
        return False

    world.hub.fault = fault
    world.refused("found sha256", arguments=("models", "push", str(folder), "--repo", REPOSITORY))
    assert catalogue.read(world.catalogue) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("push", "x"),
        ("push", "--repo", REPOSITORY),
        ("push", "x", "y", "--repo", REPOSITORY),
        ("push", "./x", "--repo", "no-owner"),
        ("push", "./x", "--repo", "../../etc"),
        ("push", "./x", "--repo", f"{REPOSITORY}/deeper"),
        ("pull", "nobody"),
        ("pull", NAME, "--revision", "main"),
        ("pull", NAME, "--sha256", "0" * 64),
        ("pull", "--revision", "0" * 40),
        ("list", "--repo", REPOSITORY),
        ("list", "./x"),
        ("pull", f"./{NAME}"),
        ("pull", ".."),
        ("verify", "nobody"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_of_models_sends_nothing(published: World, arguments: tuple[str, ...]) -> None:
    if arguments == ("pull", "--revision", "0" * 40):
        published.catalogue.write_text('{"format": 1, "models": {}}')
    published.refused(arguments=("models", *arguments), code=2)
    assert published.hub.requests == []
