"""pick-label: bad, normal or good, for sorting a collection; MobileNetV2 and a softmax.

    python -m training.run pick-label --data DIR --out DIR
    python -m training.run pick-label --data DIR --out DIR --extra thresholds=0.25,0.75

Data: rated photos; a score up to the first threshold is bad, up to the second normal, above it good. Thresholds are on
scores in [0, 1], higher better. The defaults are 5 and 6 of AVA's votes from 1 to 10. Labels of one's own: a table with
a column 0 = bad, 1 = normal, 2 = good and a dataset.json that names it with "low": 0, "high": 2; then 0.25,0.75.
Time: 0.17 s of one CPU core a photo and epoch (160 photos of BIQ2021, three epochs); its 8,000 photos to train on, 11
epochs: 4.2 h.
Result: macro F1 0.49 on 40 photos of BIQ2021's training part after 3 epochs of 160 photos. No model is published.

From the photo-sorter document: three classes by softmax and cross entropy, thresholds of 5 and 6, batch 16, 0.0005, 8
epochs and dropout 0.75 of its last configuration. On purpose different: 11 instead of 8 epochs, the first 3 for the
head alone, as its second week found best; 384 instead of 224 px with the photo's aspect, because resizing hides blur;
every photo is used and weighed by the frequency of its class instead of 9,000 per class; 2.2 M parameters instead of
the 54 M of its InceptionResNetV2; one loader. Thresholds a point apart on a scale of ten are closer than two people
agree, and the labels are as good as that. The macro F1 decides on the epoch; `eval.metrics.per_class` tells precision,
recall and F1 class by class.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor, nn

from iqa.errors import ArgumentError

from .. import losses, metrics, nets, parts, rated, tables
from ..pyramid import Pyramid
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target

LABELS = ("bad", "normal", "good")
SETS = ("ava", *rated.SETS)


def bounds(text: str) -> tuple[float, float]:
    """(greatest score that is bad, greatest that is normal); raises ArgumentError for anything else."""
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ArgumentError(f"thresholds={text}: accepted two numbers, such as 0.25,0.75.") from error
    if not 0.0 <= low < high < 1.0:
        raise ArgumentError(f"thresholds={text}: accepted two rising numbers from 0 to below 1.")
    return low, high


def targets(table: pd.DataFrame, low: float, high: float) -> Arrays:
    """One-hot rows, and weights by which the classes count alike."""
    places = np.digitize(table["mos"].to_numpy(float), [low, high], right=True)
    rows = np.eye(len(LABELS), dtype=np.float32)[places]
    return {"label": rows, **tables.balancing(rows)}


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 and a softmax layer behind a hidden one with strong dropout."""
    backbone = Pyramid(nets.timm_model("mobilenetv2_100", settings))
    return nets.Scorer(backbone, {"label": len(LABELS)}, hidden=(256,), dropout=0.75)


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos, cut into three classes."""
    low, high = bounds(settings.extra["thresholds"])
    return tables.labelled(tables.read(folder, settings, SETS), settings, partial(targets, low=low, high=high))


def loss(raw: Raw, target: Target) -> Tensor:
    """Weighed cross entropy."""
    return losses.cross_entropy(raw["label"], target["label"], weight=target.get("weight"))


RECIPE = Recipe(
    name="pick-label",
    task="pick-label",
    description="Whether a photo is bad, normal or good, for sorting a collection.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(3, 8),
        learning_rate=(1e-3, 5e-4),
        batch_size=16,
        size=384,
        patience=4,
        extra={"set": "", "thresholds": "0.4444,0.5556", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.whole,
    outputs=parts.classes("label", LABELS),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_f1("label"),
)
