"""Networks whose answers differ from picture to picture, though their weights are random, saved as runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iqa.model import Answer
from iqa.preprocess import InputSpec, to_input
from iqa.probe import probe_image
from tests.toy_training import TINY, Tiny
from training import checkpoint, nets, parity
from training.recipe import Raw, Recipe, Settings


class Stretched(nn.Module):
    """A network whose raw outputs have mean 0 and deviation 1 over the pictures of training.parity."""

    def __init__(self, net: nn.Module, spec: InputSpec) -> None:
        super().__init__()
        self.net = net.eval()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.momentum = 1.0
                module.train()
        feeds = [to_input(picture, spec) for picture in parity.pictures()]
        views = [torch.from_numpy(np.concatenate([feed[view.name] for feed in feeds])) for view in spec.views]
        with torch.no_grad():
            net(*views)
            found = {name: values.flatten(1) for name, values in net.eval()(*views).items()}
        for name, values in found.items():
            self.register_buffer(f"middle_{name}", values.mean(0))
            self.register_buffer(f"factor_{name}", 1.0 / values.std(0))

    def forward(self, *views: Tensor) -> Raw:
        """As the network."""
        raw = self.net(*views)
        return {
            name: (x - getattr(self, f"middle_{name}")) * getattr(self, f"factor_{name}") for name, x in raw.items()
        }


def wide_net(settings: Settings) -> nn.Module:
    """The tiny backbone with a head large enough to be pruned."""
    return nets.Scorer(Tiny(), {"quality": 1}, hidden=(256, 128), dropout=0.2)


class Telling(nn.Module):
    """`wide_net` with room for the middle and the factor of Stretched."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.net = wide_net(settings)
        self.register_buffer("middle_quality", torch.zeros(1))
        self.register_buffer("factor_quality", torch.ones(1))

    forward = Stretched.forward


WIDE = replace(TINY, name="wide", net=Telling)


TELLING = 0.02
"""Deviation of a head's answers, before activation, from picture to picture; random layers amplify rounding, and with
more of it half precision would move answers further than that of a trained network does."""


def awake(net: nn.Module, spec: InputSpec) -> nn.Module:
    """The network itself, its answers no longer alike: statistics as the pictures give them, and no layer silent."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for module in net.modules():
        if isinstance(module, nn.Conv2d) and not module.weight.any():  # an enhancer starts as the identity
            nn.init.normal_(module.weight, std=0.05)
        if isinstance(module, nn.BatchNorm2d) and not module.weight.any():  # a residual block, too
            nn.init.ones_(module.weight)
    if not norms:
        return net.eval()
    rng, side = np.random.default_rng(6), getattr(spec.views[0], "height", 96)
    filling = [probe_image(side, side, seed) for seed in (5, 6)]  # as a phone sends them: nothing around the photo
    filling += [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(8)]
    feeds = [to_input(picture, spec) for picture in (*parity.pictures(), *filling)]
    views = [torch.from_numpy(np.concatenate([feed[view.name] for feed in feeds])) for view in spec.views]
    net.eval()
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        net(*views)
        for name, raw in net.eval()(*views).items():
            for one in net.heads[name] if isinstance(net, nets.Scorer) else ():  # type: ignore[union-attr]
                one[-1].weight *= TELLING / raw[: len(parity.pictures())].std(0).mean()
    return net


def saved(recipe: Recipe, folder: Path, **changes: Tensor) -> Path:
    """A run of the recipe with seeded random weights that tell pictures apart; `changes` replace tensors."""
    settings = recipe.defaults
    torch.manual_seed(3)
    if recipe.net is Telling:
        net: nn.Module = Stretched(wide_net(settings), recipe.inputs(settings))
    else:
        net = awake(checkpoint.blank(recipe, settings), recipe.inputs(settings))
    state: dict[str, Any] = {"recipe": recipe.name, "settings": checkpoint.settings_dict(settings), "epoch": 1}
    state["trained_on"] = [{"name": "toy", "split": "train", "photos": 3, "license": "CC0-1.0", "source": "drawn"}]
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write(folder / checkpoint.BEST, {**net.state_dict(), **changes}, state)
    return folder


def largest(found: list[Answer], wanted: list[Answer]) -> float:
    """Difference over all pictures and labels."""
    return max(float(np.abs(a[label] - b[label]).max()) for a, b in zip(found, wanted, strict=True) for label in b)
