"""A maintainer's machine with a stand-in Hub, and a model folder to publish."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import toy_models as toys
from tests.hub_client import World, machine


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The command line with its own catalogue, models and cache, and the Hub it talks to."""
    with machine(tmp_path) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder that passes every check."""
    return toys.write_model(tmp_path / "made", toys.luminance())


@pytest.fixture
def published(world: World, folder: Path) -> World:
    """A world whose catalogue has a model on the Hub, and nothing on this machine."""
    world.publish(folder)
    return world
