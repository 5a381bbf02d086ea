"""quality: the accurate score of up to 5 M parameters; MobileNetV2 on the whole frame at 384 px.

    python -m training.run quality --data DIR --out DIR

and from the best weights of that, OUT, longer and at a higher rate; then the range, and the model folder:

    python -m training.run quality --data DIR --out NEXT --weights OUT/best.safetensors --epochs 0,5 --lr 0.001,0.00015
    python -m training.conformal NEXT
    python -m training.export NEXT --out assets/models/quality
    python -m training.export NEXT --out MODEL_DIR --coreml

Data: as frame-scorer. The photo lies in a square of 384 px, reduced when it is larger and never enlarged; the features
are pooled over the photo alone, so that neither its aspect nor its size says anything. Photos that were rated well
bring damaged copies along (iqa.damage), whose order is learned beside the ratings. In use the score is the mean of the
photo's and its mirror image's.
Time: 7,794 photos of BIQ2021 and 1,949 to validate, on two cores of an AMD EPYC, no GPU: an epoch of the head 5 min, of
everything 9 min; the published model 28 + 47 min.
Result: SRCC on the 1,949 validation photos .791 after the epoch of the head, .849 after the first command, .855 after
the third epoch of the second one, the best of its five (.874 PLCC); .857 (.876) with the mirror image. The model
folder's manifest and results/ have the tests.

What was tried, on the same validation photos. Heads on kept features at 512 px, four to twelve epochs: SRCC .816
with means and spreads of four levels, .80 with means alone, .78 with the last level alone; .801 without the term for
the order of pairs, which costs .008 of PLCC; .809 with a batch norm in front instead of fixed means and spreads
(.815). Everything at 224 px on 4,000 photos: .810 after two epochs at 0.0001 with the statistics of all batch norms
and the first two blocks fixed, .804 at 0.0003 when they learn. A weight of .5 for the order of damaged copies, and a
batch norm in front of the head, left an epoch at 384 px at .761. From the first command's best, an epoch at 512 px of
two: .844, the rate not yet down. Epochs four and five of the second command: .854, .853 with a falling training loss.
The network of 384 px shown photos at 512 px: .837; the mean of both: .852. Other backbones were not tried: MobileNetV2
is the one whose weights are at hand.

Batch 16 and the mean of weights over 200 steps (ema) were not varied. Two further outputs are the 5 % and 95 %
quantiles of the ratings; `python -m training.conformal` makes them hold.
"""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from iqa.preprocess import InputSpec

from .. import losses, nets, parts, tables
from ..data import Frame, Labelled
from ..ladders import LADDER, SEVERITY, Laddered
from ..pyramid import Pyramid
from ..recipe import Metric, Photos, Raw, Recipe, Settings, Split, Target
from . import frame_scorer

LEVELS = (1, 2, 3)
FIXED_BLOCKS = 2
RANK_WEIGHT, LADDER_WEIGHT, RANGE_WEIGHT = 0.5, 0.05, 1.0
RANK_SCALE = 0.25
"""Logits: two photos whose scores differ by less are a close call."""
SOUND = 0.65
"""Rating from which a photo is certain to lose by any damage."""
COPIES, MARGIN = 2, 1.5
"""Damaged copies of such a photo, and the difference of logits that is asked from severity 0 to 1."""
DAMAGES = (
    "defocus",
    "motion",
    "shake",
    "noise",
    "underexposure",
    "overexposure",
    "color_cast",
    "compression",
    "watermark",
)
SHARES = (0.05, 0.95)
"""Of the ratings of photos that look alike, below the two ends of the range: between them lie 90 %."""


def inputs(settings: Settings) -> InputSpec:
    """The whole frame inside a square of `size` px, 0 around it, never enlarged."""
    return InputSpec(views=(parts.frame(settings, "shrink"),))


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 (2.2 M parameters) with heads on 2 x (24 + 32 + 96 + 1280) features."""
    backbone = Pyramid(
        nets.timm_model("mobilenetv2_100", settings),
        LEVELS,
        spread=True,
        masked=True,
        fixed_norm=True,
        fixed_blocks=FIXED_BLOCKS,
    )
    return nets.Scorer(backbone, {"quality": 1, "range": 2}, hidden=(256,), dropout=0.3, standard=True, mirror=True)


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos in any aspect and at several sizes, some with damaged copies."""
    table = tables.read(folder, settings, frame_scorer.SETS)
    split = tables.labelled(table, settings, tables.mos, Frame())
    return Split(_with_copies(split.train, settings), _with_copies(split.validation, settings), split.trained_on)


def _with_copies(photos: Photos, settings: Settings) -> Laddered:
    sound = cast(Labelled, photos).targets["quality"][:, 0] >= SOUND
    return Laddered(photos, sound.tolist(), float(settings.extra["ladder_share"]), COPIES, DAMAGES)


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets, the order of all pairs of rated photos, that of the copies, the quantiles."""
    rated = torch.isfinite(target["quality"][:, 0])
    score, wanted = raw["quality"][rated], target["quality"][rated]
    weight = target["weight"][rated] if "weight" in target else None
    ladder = losses.ladder_rank(raw["quality"], target[SEVERITY], target[LADDER], MARGIN)
    ends = losses.pinball(raw["range"][rated].sigmoid(), wanted, SHARES, weight)
    rank = losses.fidelity_rank(score, wanted, RANK_SCALE)
    return losses.binary(score, wanted, weight) + RANK_WEIGHT * rank + LADDER_WEIGHT * ladder + RANGE_WEIGHT * ends


RECIPE = Recipe(
    name="quality",
    task="quality",
    description="Quality of a photo from its whole frame, as people rate it, with a range.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1, 2),
        learning_rate=(1e-3, 1e-4),
        batch_size=16,
        size=384,
        patience=5,
        ema=0.995,
        extra={"set": "", "ladder_share": "0.15", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=inputs,
    outputs=(*parts.scores("quality", ("quality",)), *parts.scores("range", ("quality_low", "quality_high"))),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", frame_scorer.agreement),
)
