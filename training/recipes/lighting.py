"""lighting: how well a photo is exposed, from any folder of photos, without labels; MobileNetV2.

    python -m training.run lighting --data PHOTOS --out DIR
    python -m training.run lighting --data PHOTOS --out DIR --export MODEL_DIR
    python -m training.run lighting --data DIR --out DIR --extra set=table

Data: photos that are exposed as their photographers meant. Each is shown up to 4 stops darker or 3 stops brighter, by
multiplying linear light as a shutter does, clipped and rounded as a file does; the labels are what was done, not what
the pixels average. Or, with set=table, labels of one's own: a CSV with path and brightness_score, or a JSON file with
it beside each photo, from 0 (far too dark) over 5 (right) to 10 (far too bright).
Time: 54 ms of one CPU core a sample and epoch (480 samples, five epochs); 604 photos to train on, 4 samples of each, 50
epochs: 1.8 h, unless it stops early.
Result: mean HSV value, the baseline to beat, gave SRCC 0.884 on 120 validation samples of 30 photos; the network 0.944
on the same in the best of five epochs of 480 samples. No model is published.

From the image-analyzer document: MobileNetV2, batch 32, 50 epochs, 0.001. On purpose different: labels are not the mean
HSV value, which takes night scenes for faults and a gray wall for a good exposure; a cosine, the loop's one schedule,
instead of a rate that falls on a plateau; no color jitter, which would change the label.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from eval.metrics import srcc
from iqa.measures.exposure import brightness
from iqa.preprocess import InputSpec
from iqa.srgb import from_linear, to_linear

from .. import losses, nets, parts, tables
from ..data import flip
from ..pyramid import Pyramid
from ..recipe import Arrays, Metric, Photos, Raw, Recipe, Settings, Split, Target

DARKER, BRIGHTER = 4.0, 3.0
"""Stops: the ends of the range, as iqa.damage has them to half a stop."""
UNTOUCHED = 0.2
"""Share of photos shown as they are."""
SETS = ("photos", "table")


def exposed(image: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], Arrays]:
    """The photo at another exposure, and ``exposure``: severity of too dark, severity of too bright."""
    stops = 0.0 if rng.random() < UNTOUCHED else float(rng.uniform(-DARKER, BRIGHTER))
    shown = flip(image, rng)
    if stops != 0.0:
        shown = from_linear(to_linear(shown) * np.float32(2.0**stops))
    severity = [max(0.0, -stops) / DARKER, max(0.0, stops) / BRIGHTER]
    return shown, {"exposure": np.array(severity, np.float32)}


def labelled(table: pd.DataFrame) -> Arrays:
    """``exposure`` (photos, 2) from labels between the darkest (0) and the brightest (1): the middle is no fault."""
    away = 2.0 * table["mos"].to_numpy(float) - 1.0
    return {"exposure": np.stack([np.maximum(-away, 0.0), np.maximum(away, 0.0)], axis=1).astype(np.float32)}


def inputs(settings: Settings) -> InputSpec:
    """The frame squashed to a square: light does not depend on aspect."""
    return InputSpec(views=(parts.frame(settings, "squash"),))


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 with one level of early features beside the last, and a small head."""
    backbone = Pyramid(nets.timm_model("mobilenetv2_100", settings), (1,), spread=True)
    return nets.Scorer(backbone, {"exposure": 2}, hidden=(128,), dropout=0.2)


def data(folder: Path, settings: Settings) -> Split:
    """Any folder of photos, several exposures of each per epoch; or photos with labels, as they are."""
    table = tables.read(folder, settings, SETS)
    if table.attrs["dataset"] == "table":
        return tables.labelled(table, settings, labelled)
    return tables.damaged(table, settings, exposed, repeats=int(settings.extra["repeats"]))


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets, both severities alike."""
    return losses.binary(raw["exposure"], target["exposure"])


def signed(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Too bright minus too dark, (photos,) in [-1, 1], of severities (photos, 2)."""
    return rows[:, 1] - rows[:, 0]


def agreement(predicted: Arrays, target: Arrays) -> float:
    """SRCC of `signed`, over the validation photos at one fixed exposure each."""
    return srcc(signed(predicted["exposure"]), signed(target["exposure"]))


def baseline(photos: Photos) -> tuple[str, float]:
    """What is to be beaten, in words, and its `agreement`: the mean HSV value of the very same validation samples.

    Raises:
        IQAError: a photo cannot be read.
    """
    rows = []
    for index in range(len(photos)):
        sample = photos.sample(index, None)
        rows.append((brightness(sample.image), float(signed(sample.target["exposure"][None])[0])))
    return "mean HSV value", srcc(*zip(*rows, strict=True))


RECIPE = Recipe(
    name="lighting",
    task="lighting",
    description="How much too dark or too bright a photo was exposed.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1, 49),
        learning_rate=(1e-3, 1e-3),
        batch_size=32,
        size=224,
        patience=10,
        reduce=448,
        extra={"set": "photos", "repeats": "4", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=inputs,
    outputs=parts.severities("exposure", ("underexposed", "overexposed"), threshold=0.25),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", agreement),
    baseline=baseline,
)
