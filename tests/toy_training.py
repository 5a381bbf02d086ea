"""A network of 200 weights and its recipe, which train in a second."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from eval.metrics import srcc
from iqa.manifest import Output
from iqa.preprocess import InputSpec, Whole
from training import checkpoint, losses, nets, tables
from training.recipe import Metric, Phase, Raw, Recipe, Settings, Split, Target


def output(**changes: Any) -> Output:
    """A score in [0, 1], with changes."""
    row = {"name": "quality", "kind": "scores", "labels": ("quality",), "low": 0.0, "high": 1.0, "unit": "score"}
    row |= {"direction": "higher is better", "activation": "sigmoid", "thresholds": {}}
    return Output(**{**row, **changes})


class Tiny(nn.Module):
    """A backbone of 200 weights, with batch norm."""

    width = 16

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(N, 16)."""
        pooled: Tensor = self.layers(x).mean((2, 3))
        return pooled


def tiny_inputs(settings: Settings) -> InputSpec:
    """The frame, squashed."""
    facts: dict[str, Any] = {"fit": "squash", "multiple": 1, "portrait": "same", "resize": "area-bilinear"}
    side = {"height": settings.size, "width": settings.size}
    return InputSpec(views=(Whole(name="frame", crop_fraction=1.0, **side, **facts, **nets.pixels(settings)),))


def tiny_net(_: Settings) -> nn.Module:
    """The backbone and a head with dropout."""
    return nets.Scorer(Tiny(), {"quality": 1}, hidden=(8,), dropout=0.2)


def tiny_data(folder: Path, settings: Settings) -> Split:
    """Rated photos."""
    return tables.labelled(tables.read(folder, settings, ("table",)), settings, tables.mos)


def tiny_loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy."""
    return losses.binary(raw["quality"], target["quality"])


TINY = Recipe(
    name="tiny",
    task="quality",
    description="For tests.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(2, 2), learning_rate=(0.01, 0.01), batch_size=6, size=24, workers=0, device="cpu", extra={"set": ""}
    ),
    phases=(Phase("head", frozen=True), Phase("all", frozen=False)),
    inputs=tiny_inputs,
    outputs=(output(),),
    net=tiny_net,
    data=tiny_data,
    loss=tiny_loss,
    metric=Metric("SRCC", lambda predicted, target: srcc(predicted["quality"][:, 0], target["quality"][:, 0])),
)


def same(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same tensors, bit by bit, and the same state."""
    (a, told), (b, said) = checkpoint.read(one), checkpoint.read(other)
    return told == said and a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
