"""degradations: how much color cast, blur, watermark, noise, wrong exposure and compression a photo has; six heads.

    python -m training.run degradations --data PHOTOS --out DIR
    python -m training.run degradations --data PHOTOS --out DIR --export MODEL_DIR
    python -m training.run degradations --data PHOTOS --out DIR --extra masks=DIR --cache

Data: any folder of clean photos, no labels. Each is damaged on the fly in camera order by none to four damages of
iqa.damage (training/synthesis.py); the severities that were applied are the labels. A third of the photos first get a
look that is no fault (training/looks.py). A mask NAME_mask.png beside NAME.png, or `masks` (a folder of such photos),
adds a blurred background behind a sharp subject as one of them.
Time: 0.23 s of one CPU core a sample and epoch (128 samples, three epochs); 604 photos to train on, 4 samples of each,
50 epochs: 7.7 h, unless it stops early.
Result: mean SRCC 0.33 on 32 damaged photos after 3 epochs of 128 samples. No model is published.

From the data-profiling document: squeeze-and-excitation on 256 pooled features, a head of 256 and 128 units per
severity with dropout, AdamW at 0.001 with weight decay 0.0001, gradients clipped at 1, a cosine to a hundredth, a
weight of 1.5 on the watermark, batch 32, patience 10, 50 epochs in all. On purpose different: a pretrained MobileNetV2
instead of its plain network, because it needs fewer photos; cross entropy instead of squared error, which stalls where
the sigmoid is flat; full-size photos, split before damaging, instead of 64 px thumbnails; native crops through the same
network beside the frame of 224 px, which loses noise and most blur; severities defined in light instead of levels.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from iqa.damage import Picture
from iqa.degradations import NAMES
from iqa.preprocess import InputSpec

from .. import losses, masked, metrics, nets, parts, tables
from ..layers import Mask
from ..pyramid import Pyramid, mean_of_rows
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target
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


def inputs(settings: Settings) -> InputSpec:
    """`frame`: the whole photo inside a square of `size` px; `crops`: a grid of native crops of the same size."""
    return InputSpec(views=(parts.frame(settings), parts.crops(settings)))


class MultiHead(nn.Module):
    """One backbone for both views, its features weighed by attention, a head per severity."""

    def __init__(self, backbone: Pyramid, rows: Sequence[int], dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone, self.rows = backbone, list(rows)
        width = backbone.width * len(self.rows)
        self.mixed = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, WIDTH), nn.ReLU(), nets.Attention(WIDTH))
        self.heads = nn.ModuleList(nets.head(WIDTH, (WIDTH, WIDTH // 2), 1, dropout) for _ in NAMES)

    def forward(self, *views: Tensor) -> Raw:
        """{"severities": (N, 6)} before the sigmoid."""
        pooled = [mean_of_rows(self.backbone(v), rows) for v, rows in zip(views, self.rows, strict=True)]
        features = self.mixed(torch.cat(pooled, 1))
        return {"severities": torch.cat([head(features) for head in self.heads], 1)}


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 with three early levels, 4.2 M parameters with the heads."""
    rows, columns = parts.grid(settings)
    backbone = Pyramid(nets.timm_model("mobilenetv2_100", settings), LEVELS, spread=True)
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
    phases=parts.HEAD_THEN_ALL,
    inputs=inputs,
    outputs=parts.severities("severities", NAMES, threshold=0.5),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_srcc("severities"),
)
