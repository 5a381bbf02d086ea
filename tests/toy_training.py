"""A network of 200 weights and its recipe, which train in a second.

    torchrun --nproc_per_node 2 -m tests.toy_training DATA OUT

leaves the weights of each process as OUT/RANK.safetensors.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from eval.metrics import srcc
from iqa.manifest import Output
from iqa.preprocess import InputSpec, Whole
from training import checkpoint, losses, nets, tables
from training.devices import Team
from training.fit import Run, fit
from training.recipe import Metric, Phase, Raw, Recipe, Settings, Split, Target

QUIET: dict[str, Any] = {"say": lambda _: None}


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


def trained(made: Recipe, data: Path, out: Path, **changes: Any) -> list[dict[str, Any]]:
    """The rows of a run on a CPU from random weights, with changed settings."""
    settings = replace(made.defaults, **{"weights": "", "workers": 0, "device": "cpu", **changes})
    out.mkdir(exist_ok=True)
    return fit(made, settings, made.data(data, settings), out, **QUIET)


def ranked(rated: Path, folder: Path) -> Path:
    """The folder, with the same photos and groups and another rating each, so that a rank correlation is defined."""
    head, *lines = (rated / "labels.csv").read_text().splitlines()
    rows = [f"{path},{number / 100},{group}" for number, (path, _, group) in enumerate(x.split(",") for x in lines)]
    folder.mkdir()
    (folder / "labels.csv").write_text("\n".join([head, *rows]) + "\n")
    return folder


def same(one: Path, other: Path) -> bool:
    """Whether two checkpoints hold the same tensors, bit by bit, and the same state."""
    (a, told), (b, said) = checkpoint.read(one), checkpoint.read(other)
    return told == said and a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def one_of_several(data: Path, out: Path) -> None:
    """Nothing; what this process ends with stands in OUT/RANK.safetensors: weights, and their mean with its buffers.

    The second phase starts from the best epoch, the first one, which only process 0 has read from its file.
    """
    values = iter([0.2, 0.1, 0.3])
    made = replace(TINY, metric=Metric("chosen", lambda predicted, target: next(values)))
    settings = replace(TINY.defaults, epochs=(2, 1), ema=0.5)
    team = Team("cpu", "float32", 1)
    run = Run(made, settings, made.data(data, settings), out, team)
    while not run.progress.done:
        run.epoch(lambda batches, **_: batches)
    assert run.average is not None
    weights = {f"net/{name}": value for name, value in run.net.named_parameters()}
    mean = {f"mean/{name}": value for name, value in run.average.state_dict().items()}
    checkpoint.write(out / f"{team.rank}.safetensors", weights | mean, {"processes": team.size})
    team.close()


if __name__ == "__main__":
    one_of_several(*map(Path, sys.argv[1:]))
