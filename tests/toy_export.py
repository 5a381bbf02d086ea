"""Networks whose answers differ from picture to picture, though their weights are random, saved as runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.layers.squeeze_excite import SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import Tensor, nn

from iqa.manifest import Output
from iqa.model import Answer
from iqa.preprocess import InputSpec, to_input
from tests.toy_training import TINY, Tiny
from training import checkpoint, coreml_export, nets, parity
from training.levels import Leveled
from training.pyramid import Pyramid
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


class Squeezed(nn.Module):
    """Two convolutions, each with a squeeze of timm's of another kind behind it, its gate open or shut."""

    def __init__(self) -> None:
        super().__init__()
        first, second = SqueezeExcite(16, gate_layer=nn.Hardsigmoid), SEModule(24, rd_ratio=0.25)
        for layer in (first.conv_expand, second.fc2):
            nn.init.normal_(layer.weight, std=2.0)
        self.layers = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.Hardswish(), first),
            nn.Sequential(nn.Conv2d(16, 24, 3, stride=2, padding=1), nn.BatchNorm2d(24), nn.ReLU(), second),
        )

    def forward_features(self, x: Tensor) -> Tensor:
        """(N, 24, h / 4, w / 4)."""
        features: Tensor = self.layers(x)
        return features


def squeezing() -> nn.Module:
    """A score from Squeezed over the photo alone."""
    return nets.Scorer(Pyramid(Squeezed(), spread=True, masked=True), {"quality": 1}, hidden=(16,))


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
"""Deviation of an output's answers from picture to picture, as a share of its range: four times what half precision
may move them. Random layers amplify rounding more than trained ones; further apart, it would move these more."""


BRANCH = 0.3
"""Weight of a residual branch beside what skips it. Branches of random layers as strong as their skip multiply the
rounding error from block to block (sixfold in half precision, for EfficientNet-B0 on noise); training leaves weaker."""


def _norms(net: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d]:
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]


def awake(net: nn.Module, spec: InputSpec, outputs: tuple[Output, ...]) -> nn.Module:
    """The network itself, its answers no longer alike: statistics as the pictures give them, and no layer silent.

    They are the pictures that an export compares on, in ONNX and in Core ML: on pictures of another kind (a frame that
    is full where the others have a surround) random layers answer with numbers in which half precision is lost.
    """
    norms = _norms(net)
    for module in net.modules():
        if getattr(module, "has_skip", False):  # timm's residual blocks
            nn.init.constant_(_norms(module)[-1].weight, BRANCH)
        if isinstance(module, nn.Conv2d) and not module.weight.any():  # an enhancer starts as the identity
            nn.init.normal_(module.weight, std=0.05)
        if isinstance(module, nn.BatchNorm2d) and not module.weight.any():  # a residual block, too
            nn.init.ones_(module.weight)
        if isinstance(module, Leveled):  # its heads say nothing at first
            nn.init.uniform_(module.slopes, 0.3, 0.8)
            for light in module.lights:
                nn.init.normal_(light[-1].weight, std=0.05)  # type: ignore[index]
    if not norms:
        return net.eval()
    drawn, phone = parity.pictures(), coreml_export.image_inputs(spec, 64)
    feeds = [to_input(picture, spec) for picture in drawn]
    feeds += [coreml_export.as_views(case, phone) for case in coreml_export.tried(phone)]
    views = [torch.from_numpy(np.concatenate([feed[view.name] for feed in feeds])) for view in spec.views]
    net.eval()
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        net(*views)
        raw = net.eval()(*views)
        for output in outputs if isinstance(net, nets.Scorer) else ():
            answers = nets.activate(raw[output.name], output) / (output.high - output.low)
            apart = min(part.std(0).mean() for part in (answers[: len(drawn)], answers[len(drawn) :]))
            for one in net.heads[output.name]:  # type: ignore[union-attr]
                one[-1].weight *= TELLING / apart
    return net


def saved(recipe: Recipe, folder: Path, **changes: Tensor) -> Path:
    """A run of the recipe with seeded random weights that tell pictures apart; `changes` replace tensors."""
    settings = recipe.defaults
    torch.manual_seed(3)
    if recipe.net is Telling:
        net: nn.Module = Stretched(wide_net(settings), recipe.inputs(settings))
    else:
        net = awake(checkpoint.blank(recipe, settings), recipe.inputs(settings), recipe.outputs)
    state: dict[str, Any] = {"recipe": recipe.name, "settings": checkpoint.settings_dict(settings), "epoch": 1}
    state["trained_on"] = [{"name": "toy", "split": "train", "photos": 3, "license": "CC0-1.0", "source": "drawn"}]
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write(folder / checkpoint.BEST, {**net.state_dict(), **changes}, state)
    return folder


def largest(found: list[Answer], wanted: list[Answer]) -> float:
    """Difference over all pictures and labels."""
    return max(float(np.abs(a[label] - b[label]).max()) for a, b in zip(found, wanted, strict=True) for label in b)
