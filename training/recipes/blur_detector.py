"""blur-detector: sharp or blurry, whatever the blur; ResNet-18.

    python -m training.run blur-detector --data DIR --out DIR

Data: the folders sharp/ and blurry/ (below train/ and validation/ where they are split already), or a CSV with path and
label, 1 = sharp; the types of blur-type count as blurry. Give `scene` in the CSV: frames of one scene are never split.
Time: not measured. Result: none yet.

From the image-analyzer document: 2 classes, batch 32, 50 epochs, 0.001. On purpose not: rotation and color jitter (they
resample, or change nothing that matters), a square of 224 px that ignores aspect. Classes are weighed by their
frequency. It learns what its folders show: a panning shot with a sharp subject belongs into sharp/. ResNet-18 takes
22 MB with fp16 weights: export it with --max-mb 25.
"""

from pathlib import Path

import pandas as pd
from torch import Tensor, nn

from iqa.manifest import Output

from .. import losses, metrics, nets, tables
from ..data import Crop
from ..recipe import Arrays, Phase, Raw, Recipe, Settings, Split, Target
from . import frame_scorer

CLASSES = ("sharp", "blurry")
SMALLEST_CROP = 0.7


def net(settings: Settings) -> nn.Module:
    """ResNet-18, 11.2 M parameters."""
    return nets.Scorer(nets.Pyramid(nets.timm_model("resnet18", settings)), {"sharpness": len(CLASSES)})


def targets(table: pd.DataFrame) -> Arrays:
    """One-hot rows, and weights by which both classes count alike."""
    kinds = table.assign(kind=["sharp" if kind == "sharp" else "blurry" for kind in table["blur_type"]])
    rows = tables.one_hot(kinds, "kind", CLASSES, "sharpness")
    return {**rows, **tables.balancing(rows["sharpness"])}


def data(folder: Path, settings: Settings) -> Split:
    """Photos in class folders or a list."""
    return tables.labelled(tables.read(folder, settings, ("blurset",)), settings, targets, Crop(SMALLEST_CROP))


def loss(raw: Raw, target: Target) -> Tensor:
    """Weighed cross entropy."""
    return losses.cross_entropy(raw["sharpness"], target["sharpness"], weight=target.get("weight"))


RECIPE = Recipe(
    name="blur-detector",
    task="blur",
    description="Whether a photo is sharp or blurry.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(2, 48),
        learning_rate=(1e-3, 2e-4),
        batch_size=32,
        size=320,
        patience=10,
        extra={"set": "", **nets.OPTIONS},
    ),
    phases=(Phase("head", frozen=True), Phase("all", frozen=False)),
    inputs=frame_scorer.inputs,
    outputs=(
        Output(
            name="sharpness",
            kind="scores",
            labels=CLASSES,
            low=0.0,
            high=1.0,
            direction="higher is likelier",
            unit="probability",
            activation="softmax",
            thresholds={"blurry": 0.5},
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.macro_accuracy("sharpness"),
)
