"""training.depthwise: under bfloat16 autocast the depthwise convolutions compute in float32, with the same weights."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.toy_recipes import settled
from training import depthwise, recipe
from training.devices import Team
from training.fit import Run
from training.nets import timm_model
from training.recipe import Settings

SCRATCH = Settings(epochs=(1,), learning_rate=(0.1,), weights="", extra={})


def kinds(net: nn.Module) -> list[bool]:
    return [isinstance(module, depthwise.Depthwise) for module in net.modules() if isinstance(module, nn.Conv2d)]


@pytest.mark.parametrize("pad", ["", "same"])
def test_only_depthwise_convolutions_change_and_keep_their_weights(pad: str) -> None:
    net = timm_model("mobilenetv3_small_050", replace(SCRATCH, extra={"pad": pad}))
    before, plain = copy.deepcopy(net.state_dict()), copy.deepcopy(net).eval()
    depthwise.in_float32(net)
    depthwise.in_float32(net)  # once more changes nothing
    after = net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    grouped = [m.groups == m.in_channels > 1 for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert kinds(net) == grouped
    assert 0 < sum(grouped) < len(grouped)
    x = torch.rand(2, 3, 64, 64)
    for one in (net, copy.deepcopy(net)):
        assert torch.equal(one.eval()(x), plain(x)), "without autocast nothing changes"


@pytest.mark.parametrize("channels", [1, 4])
def test_under_autocast_it_is_as_exact_as_float32(channels: int) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(channels, channels, 3, groups=channels))
    x = torch.rand(2, channels, 16, 16).bfloat16()
    exact = net(x.float())
    depthwise.in_float32(net)
    with torch.autocast("cpu", torch.bfloat16):
        found = net(x)
    assert found.dtype is torch.bfloat16
    if channels > 1:  # one channel is a plain convolution, and stays one
        assert torch.equal(found, exact.bfloat16())
    assert kinds(net) == [channels > 1]


@pytest.mark.parametrize(("precision", "changed"), [("bfloat16", True), ("float32", False)])
def test_a_run_in_bfloat16_on_a_cpu_uses_it(precision: str, changed: bool, rated: Path, tmp_path: Path) -> None:
    made = recipe.get("frame-scorer")
    settings = settled(made, epochs=(0, 1), weights="", size=64, workers=0, batch_size=8)
    run = Run(made, settings, made.data(rated, settings), tmp_path, Team("cpu", precision))
    assert any(kinds(run.net)) is changed
    assert run.average is None or kinds(run.average) == kinds(run.net)
