"""frame-scorer: picks the best frame of a burst; MobileNetV3-Small on the whole frame, its aspect kept.

    python -m training.run frame-scorer --data DIR --out DIR

Data: photos with mean opinion scores (SETS), or one's own table (path and mos), split by group; the official test is
never touched.
Time: 26 ms of one CPU core a photo and epoch at 384 px, validation included (400 photos of BIQ2021, four epochs); all
9,743 of them for 50 epochs: 3.5 h, unless it stops early.
Result: from random weights, after four epochs of 320 photos: SRCC .23 on 80 validation photos. No model is published.

From the frame-scoring document: batch 32, 10 epochs of the head and 40 of everything, weight decay 0.0001, patience 10,
0.0001 for the second phase. On purpose different: 384 instead of 224 px, and the aspect kept, because a squashed small
copy hides blur; no color jitter and rotation (they change quality); cross entropy with soft targets instead of squared
error after a sigmoid, which stalls where the sigmoid is flat; a head of 512 and 256 units at 0.001 first.
"""

from pathlib import Path

from torch import Tensor, nn

from eval.metrics import srcc

from .. import losses, nets, parts, tables
from ..pyramid import Pyramid
from ..recipe import Arrays, Metric, Raw, Recipe, Settings, Split, Target

SETS = ("biq2021", "koniq", "spaq", "uhdiqa", "clive", "flive", "kadid10k", "tid2013", "live", "csiq", "table")


def net(settings: Settings) -> nn.Module:
    """MobileNetV3-Small and a head of 512 and 256 units."""
    backbone = Pyramid(nets.timm_model("mobilenetv3_small_100", settings))
    return nets.Scorer(backbone, {"quality": 1}, hidden=(512, 256), dropout=0.2)


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos."""
    return tables.labelled(tables.read(folder, settings, SETS), settings, tables.mos)


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets."""
    return losses.binary(raw["quality"], target["quality"], target.get("weight"))


def agreement(predicted: Arrays, target: Arrays) -> float:
    """SRCC over the validation photos."""
    return srcc(predicted["quality"][:, 0], target["quality"][:, 0])


RECIPE = Recipe(
    name="frame-scorer",
    task="quality",
    description="Quality of a frame from one view of the whole photo, for choosing among the frames of a burst.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(10, 40),
        learning_rate=(1e-3, 1e-4),
        batch_size=32,
        size=384,
        patience=10,
        extra={"set": "", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.whole,
    outputs=parts.scores("quality", ("quality",)),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", agreement),
)
