"""blur-detector: sharp or blurry, whatever the blur; ResNet-18.

    python -m training.run blur-detector --data DIR --out DIR

Data: the folders sharp/ and blurry/ (below train/ and validation/ where they are split already), or a CSV with path and
label, 1 = sharp; the types of blur-type count as blurry. Give `scene` in the CSV: frames of one scene are never split.
Time: 0.16 s of one CPU core a photo and epoch (48 drawn photos, two epochs, the start of the program included): 1.8 h
for 800 photos and 50 epochs.
Result: none, because no photos sorted by blur were at hand to train on; no model is published.

From the image-analyzer document: 2 classes, batch 32, 50 epochs, 0.001 while the head alone is trained. On purpose
different: a peak of 0.0002 instead of 0.001 for all of the network, because large steps undo what pretraining taught;
a cosine, the loop's one schedule, instead of a rate that falls on a plateau; 320 px with the photo's aspect, for the
document names no size; no rotation and color jitter (they resample, or change nothing that matters). Classes are
weighed by their frequency. It learns what its folders show: a panning shot with a sharp subject belongs into sharp/.
ResNet-18 takes 22 MB with fp16 weights: export it with --max-mb 25.
"""

from pathlib import Path

import pandas as pd
from torch import Tensor, nn

from .. import losses, metrics, nets, parts, tables
from ..data import Crop
from ..pyramid import Pyramid
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target

CLASSES = ("sharp", "blurry")
SMALLEST_CROP = 0.7


def net(settings: Settings) -> nn.Module:
    """ResNet-18, 11.2 M parameters."""
    return nets.Scorer(Pyramid(nets.timm_model("resnet18", settings)), {"sharpness": len(CLASSES)})


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
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.whole,
    outputs=parts.classes("sharpness", CLASSES, {"blurry": 0.5}),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.macro_accuracy("sharpness"),
)
