"""iqa.networks: one session per name and process, and an error that names what needs no model."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iqa import model, networks, quality
from iqa.errors import ModelError

INSTALLED = model.MODELS / quality.DEFAULT


def test_threads_that_ask_at_once_share_one_session(emptied: Path) -> None:
    shutil.copytree(INSTALLED, emptied / quality.DEFAULT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(networks.network, [quality.DEFAULT] * 16))
    assert len({id(each) for each in found}) == 1


def test_a_failure_is_not_kept(emptied: Path) -> None:
    with pytest.raises(ModelError, match="ask for it by name: classical"):
        networks.network(quality.DEFAULT)
    shutil.copytree(INSTALLED, emptied / quality.DEFAULT)
    assert networks.network(quality.DEFAULT).estimator.name == quality.DEFAULT


def test_what_is_forgotten_is_loaded_anew() -> None:
    first = networks.network(quality.DEFAULT)
    assert networks.network(quality.DEFAULT) is first
    networks.forget()
    assert networks.network(quality.DEFAULT) is not first
