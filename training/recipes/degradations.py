"""degradations: how much color cast, blur, watermark, noise, wrong exposure and compression a photo has; six heads.

    python -m training.run degradations --data PHOTOS --out DIR
    python -m training.run degradations --data PHOTOS --out DIR --extra masks=DIR --cache

Data: any folder of clean photos, no labels. Each is damaged on the fly in camera order by none to four damages of
iqa.damage (training/synthesis.py); the severities that were applied are the labels. A third of the photos first get a
look that is no fault (training/looks.py). A mask NAME_mask.png beside NAME.png, or `masks` (a folder of such photos),
adds a blurred background behind a sharp subject as one of them.
Time: not measured. Result: none yet.

From the data-profiling document: squeeze-and-excitation on 256 pooled features, a head of 256 and 128 units per
severity with dropout, AdamW at 0.001, a weight of 1.5 on the watermark, patience 10, 50 epochs in all. On purpose not:
64 px thumbnails, splits after damaging, one 224 px copy (noise and most blur are lost in it: native crops go through
the same network in the same pass), squared error after a sigmoid, severities defined in levels of the file instead of
light.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from iqa.damage import Picture
from iqa.degradations import NAMES
from iqa.manifest import Output
from iqa.preprocess import InputSpec, Native, Whole

from .. import losses, masked, metrics, nets, tables
from ..layers import Mask
from ..recipe import Arrays, Phase, Raw, Recipe, Settings, Split, Target
from ..synthesis import mixture

LEVELS = (0, 1, 2)
"""Of the backbone, beside the last: grain and blocks live in the first ones."""
WIDTH = 256
WEIGHTS = {"watermark": 1.5}
"""Of a severity in the loss, where it is not 1."""


def made(image: Picture, mask: Mask | None, rng: np.random.Generator, look_share: float) -> tuple[Picture, Arrays]:
    """A damaged photo and its severities."""
    picture, severities = mixture(image, mask, rng, look_share=look_share)
    return picture, {"severities": severities}


def _grid(settings: Settings) -> tuple[int, int]:
    rows, columns = (int(part) for part in settings.extra["crops"].split("x"))
    return rows, columns


def inputs(settings: Settings) -> InputSpec:
    """`frame`: the whole photo inside a square of `size` px; `crops`: a grid of native crops of the same size."""
    rows, columns = _grid(settings)
    normal = nets.pixels(settings)
    frame = Whole(
        name="frame",
        height=settings.size,
        width=settings.size,
        fit="pad",
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **normal,
    )
    crops = Native(name="crops", height=settings.size, width=settings.size, rows=rows, columns=columns, **normal)
    return InputSpec(views=(frame, crops))


class MultiHead(nn.Module):
    """One backbone for both views, its features weighed by attention, a head per severity."""

    def __init__(self, backbone: nets.Pyramid, rows: Sequence[int], dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone, self.rows = backbone, list(rows)
        width = backbone.width * len(self.rows)
        self.mixed = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, WIDTH), nn.ReLU(), nets.Attention(WIDTH))
        self.heads = nn.ModuleList(nets.head(WIDTH, (WIDTH, WIDTH // 2), 1, dropout) for _ in NAMES)

    def forward(self, *views: Tensor) -> Raw:
        """{"severities": (N, 6)} before the sigmoid."""
        pooled = [nets.mean_of_rows(self.backbone(v), rows) for v, rows in zip(views, self.rows, strict=True)]
        features = self.mixed(torch.cat(pooled, 1))
        return {"severities": torch.cat([head(features) for head in self.heads], 1)}


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 with three early levels, 4.2 M parameters with the heads."""
    rows, columns = _grid(settings)
    backbone = nets.Pyramid(nets.timm_model("mobilenetv2_100", settings), LEVELS, spread=True)
    return MultiHead(backbone, (1, rows * columns))


def data(folder: Path, settings: Settings) -> Split:
    """Any folder of photos, damaged anew in every epoch."""
    make = partial(made, look_share=float(settings.extra["looks"]))
    sources = [masked.paired(tables.read(folder, settings, ("photos",)))]
    if settings.extra["masks"]:
        sources.append(masked.read(Path(settings.extra["masks"])))
    return masked.joined(
        [
            masked.synthesized(table, settings, make, int(settings.extra["repeats"]))
            for table in tables.together(sources, settings)
        ]
    )


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets, weighed mean over the severities."""
    weights = [WEIGHTS.get(name, 1.0) for name in NAMES]
    said, meant = raw["severities"], target["severities"]
    each = [w * losses.binary(said[:, [k]], meant[:, [k]]) for k, w in enumerate(weights)]
    return torch.stack(each).sum() / sum(weights)


RECIPE = Recipe(
    name="degradations",
    task="degradations",
    description="Severities of color cast, blur, watermark, noise, wrong exposure and compression, in one pass.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(2, 48),
        learning_rate=(1e-3, 1e-3),
        batch_size=32,
        size=224,
        patience=10,
        reduce=1024,
        extra={"set": "", "masks": "", "looks": "0.3", "repeats": "4", "crops": "2x2", **nets.OPTIONS},
    ),
    phases=(Phase("heads", frozen=True), Phase("all", frozen=False)),
    inputs=inputs,
    outputs=(
        Output(
            name="severities",
            kind="scores",
            labels=NAMES,
            low=0.0,
            high=1.0,
            direction="0 = none",
            unit="severity",
            activation="sigmoid",
            thresholds=dict.fromkeys(NAMES, 0.5),
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_srcc("severities"),
)
