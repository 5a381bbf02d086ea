"""lighting: how well a photo is exposed, from any folder of photos, without labels; MobileNetV2.

    python -m training.run lighting --data DIR --out DIR

Data: photos that are exposed as their photographers meant. Each is shown up to 4 stops darker or 3 stops brighter, by
multiplying linear light as a shutter does, clipped and rounded as a file does; the labels are what was done, not what
the pixels average. The mean brightness of the result is the baseline that it must beat: that takes night scenes for
faults and a gray wall for a good exposure.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from eval.metrics import srcc
from iqa.manifest import Output
from iqa.preprocess import InputSpec, Whole
from iqa.srgb import from_linear, to_linear

from .. import losses, nets, tables
from ..data import flip
from ..recipe import Arrays, Metric, Phase, Raw, Recipe, Settings, Split, Target

DARKER, BRIGHTER = 4.0, 3.0
"""Stops: the ends of the range, as iqa.damage has them to half a stop."""
UNTOUCHED = 0.2
"""Share of photos shown as they are."""
SETS = ("photos",)


def exposed(image: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], Arrays]:
    """The photo at another exposure, and ``exposure``: severity of too dark, severity of too bright."""
    stops = 0.0 if rng.random() < UNTOUCHED else float(rng.uniform(-DARKER, BRIGHTER))
    shown = flip(image, rng)
    if stops != 0.0:
        shown = from_linear(to_linear(shown) * np.float32(2.0**stops))
    severity = [max(0.0, -stops) / DARKER, max(0.0, stops) / BRIGHTER]
    return shown, {"exposure": np.array(severity, np.float32)}


def inputs(settings: Settings) -> InputSpec:
    """The frame squashed to a square: light does not depend on aspect."""
    frame = Whole(
        name="frame",
        height=settings.size,
        width=settings.size,
        fit="squash",
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **nets.pixels(settings),
    )
    return InputSpec(views=(frame,))


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 with one level of early features beside the last, and a small head."""
    backbone = nets.Pyramid(nets.timm_model("mobilenetv2_100", settings), (1,), spread=True)
    return nets.Scorer(backbone, {"exposure": 2}, hidden=(128,), dropout=0.2)


def data(folder: Path, settings: Settings) -> Split:
    """Any folder of photos, several exposures of each per epoch."""
    table = tables.read(folder, settings, SETS)
    return tables.damaged(table, settings, exposed, repeats=int(settings.extra["repeats"]))


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets, both severities alike."""
    return losses.binary(raw["exposure"], target["exposure"])


def agreement(predicted: Arrays, target: Arrays) -> float:
    """SRCC of (too bright - too dark), over the validation photos at one fixed exposure each."""
    signed = [rows["exposure"] @ np.array([-1.0, 1.0]) for rows in (predicted, target)]
    return srcc(*signed)


RECIPE = Recipe(
    name="lighting",
    task="lighting",
    description="How much too dark or too bright a photo was exposed.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1, 20),
        learning_rate=(1e-3, 5e-4),
        batch_size=32,
        size=224,
        patience=10,
        reduce=448,
        extra={"set": "", "repeats": "4", **nets.OPTIONS},
    ),
    phases=(Phase("head", frozen=True), Phase("all", frozen=False)),
    inputs=inputs,
    outputs=(
        Output(
            name="exposure",
            kind="scores",
            labels=("underexposed", "overexposed"),
            low=0.0,
            high=1.0,
            direction="0 = none",
            unit="severity",
            activation="sigmoid",
            thresholds={"underexposed": 0.25, "overexposed": 0.25},
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", agreement),
)
