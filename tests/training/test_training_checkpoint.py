"""Checkpoints: plain tensors and JSON, whole or not there, refused when broken."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from iqa.errors import ArgumentError, IQAError
from tests.toy_training import TINY
from training import checkpoint, curves
from training.fit import fit
from training.recipe import Recipe, Settings


def test_a_checkpoint_is_a_json_header_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, {"w": torch.arange(3.0)}, {"epoch": 3})
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    assert header["w"]["dtype"] == "F32"
    assert data[8 + size :] == struct.pack("<3f", 0, 1, 2)  # nothing behind them: no pickle anywhere
    tensors, state = checkpoint.read(path)
    assert tensors["w"].tolist() == [0, 1, 2]
    assert state == {"epoch": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_broken_weights_are_not_written(value: float, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(IQAError, match="NaN or infinity"):
        checkpoint.write(path, {"w": torch.tensor([1.0, value])}, {})
    assert not path.exists()


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    with pytest.raises(IQAError, match="no checkpoint"):
        checkpoint.best(tmp_path)
    path.write_bytes(b"\x80\x04.")  # an empty pickle
    with pytest.raises(IQAError, match="no checkpoint"):
        checkpoint.best(tmp_path)


def test_a_state_to_resume_from_is_no_network_to_export(rated: Path, tmp_path: Path, tiny: Recipe) -> None:
    settings = replace(TINY.defaults, epochs=(0, 1))
    fit(TINY, settings, TINY.data(rated, settings), tmp_path, say=lambda _: None)
    with pytest.raises(ArgumentError, match=r"accepted: best\.safetensors"):
        checkpoint.best(tmp_path / checkpoint.LAST)
    found = checkpoint.best(tmp_path / checkpoint.BEST)
    assert found.settings == settings
    assert found.recipe is tiny
    assert not found.net.training


def test_settings_come_back_equal() -> None:
    settings = Settings(epochs=(1, 2), learning_rate=(0.1, 0.2), limit=5, extra={"a": "b"})
    told = json.loads(json.dumps(checkpoint.settings_dict(settings)))
    assert checkpoint.settings_from(told) == settings
    del told["threads"]  # as in a run of an older version
    assert checkpoint.settings_from(told) == settings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": 1}, "Settings.colour: found 'an unknown key'"),
        ({"epochs": 3}, "Settings.epochs: found 3, accepted: a list"),
        ({"epochs": [1.5, 2]}, r"Settings.epochs\[0\]: found 1.5"),
        ({"batch_size": "6"}, "Settings.batch_size: found '6', accepted: a whole number"),
        ({"ema": float("nan")}, "Settings.ema: found nan"),
        ({"extra": {"a": 1}}, "Settings.extra.a: found 1, accepted: a text"),
    ],
)
def test_settings_of_other_types_are_refused(change: dict[str, Any], words: str) -> None:
    told = checkpoint.settings_dict(Settings(epochs=(1, 2), learning_rate=(0.1, 0.2)))
    with pytest.raises(IQAError, match=words):
        checkpoint.settings_from({**told, **change})


@pytest.mark.parametrize("told", [{"epoch": 1}, {"recipe": 3, "settings": {}}, {"recipe": "tiny", "settings": None}])
def test_a_file_that_tells_no_run_is_refused(told: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / checkpoint.BEST
    checkpoint.write(path, {"w": torch.ones(1)}, {"trained_on": [], **told})
    with pytest.raises(IQAError, match=r"names no recipe|settings: found None"):
        checkpoint.best(tmp_path)


def test_a_failed_write_leaves_the_checkpoint_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, {"w": torch.ones(1)}, {"epoch": 1})
    (tmp_path / "a.safetensors.part").mkdir()
    with pytest.raises(IQAError, match=r"could not be written.*is still there"):
        checkpoint.write(path, {"w": torch.zeros(1)}, {"epoch": 2})
    assert checkpoint.state(path) == {"epoch": 1}


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_cut_file_is_noticed_without_reading_its_numbers(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.write(path, {"w": torch.arange(300.0)}, {"epoch": 3})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(IQAError, match="is no checkpoint"):
        checkpoint.state(path)


def test_an_optimizer_goes_on_where_it_was() -> None:
    def trained(net: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            net(torch.ones(2, 3)).pow(2).sum().backward()
            optimizer.step()

    torch.manual_seed(0)
    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    first = torch.optim.AdamW(one.parameters(), lr=0.1)
    trained(one, first, 3)
    other.load_state_dict(one.state_dict())
    second = torch.optim.AdamW(other.parameters(), lr=0.1)
    checkpoint.restore_optimizer(other, second, checkpoint.optimizer_tensors(one, first))
    trained(one, first, 2)
    trained(other, second, 2)
    assert torch.equal(one.weight, other.weight)


def test_curves_are_written_at_full_precision(tmp_path: Path) -> None:
    values = (1, "head", 1e-3, 0.1 + 0.2, 1 / 3, float("nan"), 0)
    row = dict(zip(curves.COLUMNS, values, strict=True))
    curves.write_csv([row], tmp_path / "curves.csv")
    line = (tmp_path / "curves.csv").read_text().splitlines()[1]
    assert line == "1,head,0.001,0.30000000000000004,0.3333333333333333,nan,0"
    curves.write_png([row], tmp_path / "curves.png", "tiny", "SRCC")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
