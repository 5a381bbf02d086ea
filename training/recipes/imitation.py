"""imitation: MobileNetV3-Small learns to see as MobileNetV2 does, from photos without labels.

    python -m training.run imitation --data PHOTOS --out DIR
    python -m training.run imitation --data PHOTOS --out DIR --weights RUN/best.safetensors
    python -m training.run imitation --data PHOTOS --out DIR --weights assets/models/quality --epochs 20

Makes no model: its network is where frame-scorer starts, in place of weights from ImageNet. At four strides the feature
map of the small network, behind one 1 x 1 convolution each, is brought close to that of the large one on the same
pixels, and so is what a head reads of them, means and spreads over the photo: parts of photos, some damaged
(iqa.damage), so that what damage does to features is learned as well. The large network is that of a run of rating
(`--weights`), or the one that the published quality model keeps of such a run, else the one pretrained on ImageNet.

Data: any photos, without labels; none of those that frame-scorer is validated or tested on.
Time: 8,018 photos to train on and 2,005 to validate (the training photos of BIQ2021 that frame-scorer trains on, 1,000
of ImageNet, 755 clean ones and 474 with persons and animals), 20 epochs of 2.4 min on two cores of an AMD EPYC, no GPU:
64 photos/s at 160 px in bfloat16 (training.depthwise), with other work beside it 47.
Result: from the published quality model, .29 of the variance on the validation photos, mean over the four maps and
what is pooled from them (.08 after the first epoch, .19 after the fifth, .24 after the tenth; 0 is that of the mean);
of 320 of BIQ2021 alone .52, .52, .40 and .32 of the maps and .39 of what is pooled. Before, at 224 px, maps alone and
half the share of small parts, 16 epochs of 3 min gave .338 of the maps; a head on these features, kept as they are,
SRCC .729 on the 1,949 validation photos of BIQ2021 after an epoch, .791 on those of the large network.

Reference: A. Romero, N. Ballas, S. E. Kahou, A. Chassang, C. Gatta and Y. Bengio, "FitNets: hints for thin deep nets",
2015, doi:10.48550/arXiv.1412.6550; L. Beyer et al., "Knowledge distillation: a good teacher is patient and consistent",
2022, doi:10.1109/CVPR52688.2022.01065.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from iqa import damage
from iqa.damage import Picture
from iqa.manifest import Output

from .. import nets, parts, rated, tables
from ..data import flip
from ..ladders import DAMAGES
from ..pyramid import Pyramid
from ..recipe import Arrays, Metric, Phase, Raw, Recipe, Settings, Split, Target

STRIDES = ("stride_4", "stride_8", "stride_16", "stride_32")
POOLED = "pooled"
LEAST_PART = 0.3
"""Of the shorter side: the smallest square that is shown."""
DAMAGED = 0.3
"""Share of the parts that are damaged."""


class Imitator(nn.Module):
    """A backbone, its teacher, and what lies between their feature maps.

    Attributes:
        backbone: what learns.
        teacher: the same kind of Pyramid; neither learns nor normalizes by what is in a batch.
        still: modules that never learn.
    """

    def __init__(self, backbone: Pyramid, teacher: Pyramid) -> None:
        """Of two networks that have feature maps of the same strides."""
        super().__init__()
        self.backbone, self.teacher = backbone, teacher
        with torch.no_grad():
            ours, theirs = (one.eval().maps(torch.zeros(2, 3, 64, 64)) for one in (backbone, teacher))
        widths = [(a.shape[1], b.shape[1]) for a, b in zip(ours, theirs, strict=True)]
        self.between = nn.ModuleList([nn.Conv2d(a, b, 1) for a, b in widths])
        self.scale = nn.ModuleList([nn.BatchNorm2d(b, affine=False) for _, b in widths])
        self.told = nn.Linear(backbone.width, teacher.width)
        self.range = nn.BatchNorm1d(teacher.width, affine=False)
        self.still = [teacher]

    def train(self, mode: bool = True) -> "Imitator":
        """Itself; the teacher always evaluates."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, frame: Tensor) -> Raw:
        """{"explained": (N, strides + 1)}: 1 minus the mean squared distance from the teacher's, in its variances.

        Of its maps, then of what a head reads from them: means and spreads over the photo.
        """
        photo = self.backbone.photo(frame)
        with torch.no_grad():
            theirs = self.teacher.maps(frame)
            wanted = [norm(x) for norm, x in zip(self.scale, theirs, strict=True)]
            wanted.append(self.range(self.teacher.pooled(theirs, photo)))
        ours = self.backbone.maps(frame)
        found = [layer(x) for layer, x in zip(self.between, ours, strict=True)]
        found.append(self.told(self.backbone.pooled(ours, photo)))
        apart = [((a.float() - b.float()) ** 2).flatten(1).mean(1) for a, b in zip(found, wanted, strict=True)]
        return {"explained": 1.0 - torch.stack(apart, 1)}


def part(image: Picture, rng: np.random.Generator) -> tuple[Picture, Arrays]:
    """A square part of the photo, sometimes damaged; there is no label."""
    side = max(1, round(min(image.shape[:2]) * float(rng.uniform(LEAST_PART, 1.0))))
    top, left = (int(rng.integers(0, length - side + 1)) for length in image.shape[:2])
    shown = np.ascontiguousarray(flip(image[top : top + side, left : left + side], rng))
    if rng.random() < DAMAGED:
        name = str(rng.choice(list(DAMAGES)))
        shown = damage.apply(name, shown, float(rng.uniform(0.1, 1.0)), rng)
    return shown, {}


def pyramid(name: str, settings: Settings) -> Pyramid:
    """A timm network with the levels that quality and frame-scorer look at."""
    return Pyramid(nets.timm_model(name, settings), rated.LEVELS, spread=True, masked=True)


def net(settings: Settings) -> nn.Module:
    """The small network with random weights, the large one with those of the settings."""
    fresh = replace(settings, weights="")
    return Imitator(pyramid("mobilenetv3_small_100", fresh), pyramid("mobilenetv2_100", settings))


def data(folder: Path, settings: Settings) -> Split:
    """Any folder of photos."""
    table = tables.read(folder, settings, ("photos",))
    return tables.damaged(table, settings, part, repeats=int(settings.extra["repeats"]))


def loss(raw: Raw, target: Target) -> Tensor:
    """What is not explained: half of it of the maps, half of what is pooled from them."""
    apart = 1.0 - raw["explained"]
    return 0.5 * (apart[:, :-1].mean() + apart[:, -1].mean())


def explained(predicted: Arrays, target: Arrays) -> float:
    """Mean over strides, what is pooled, and validation photos."""
    return float(predicted["explained"].mean())


RECIPE = Recipe(
    name="imitation",
    task="features",
    description="A small network that sees as a larger one.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(40,),
        learning_rate=(2e-3,),
        batch_size=32,
        size=160,
        weight_decay=1e-4,
        extra={"set": "photos", "repeats": "1", **nets.OPTIONS},
    ),
    phases=(Phase("all", frozen=False),),
    inputs=parts.shrunk,
    outputs=(
        Output(
            name="explained",
            kind="scores",
            labels=(*STRIDES, POOLED),
            low=-1.0,
            high=1.0,
            direction="no direction",
            unit="share of variance",
            activation="none",
            thresholds={},
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("explained", explained),
    starts={"rating": ("backbone", "teacher")},
    exported=False,
)
