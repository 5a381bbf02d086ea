"""frame-scorer: picks the best frame of a burst; MobileNetV3-Small on the whole frame, its aspect kept.

    python -m training.run frame-scorer --data DIR --out DIR

Data: photos with mean opinion scores (SETS), or one's own table (path and mos), split by group; the official test is
never touched. On purpose not: squashing (it hides blur), color jitter and rotation (they change quality), squared error
after a sigmoid (it stalls where the sigmoid is flat).
"""

from pathlib import Path

from torch import Tensor, nn

from eval.metrics import srcc
from iqa.manifest import Output
from iqa.preprocess import InputSpec, Whole

from .. import losses, nets, tables
from ..recipe import Arrays, Metric, Phase, Raw, Recipe, Settings, Split, Target

SETS = ("biq2021", "koniq", "spaq", "uhdiqa", "clive", "flive", "kadid10k", "tid2013", "live", "csiq", "table")


def inputs(settings: Settings) -> InputSpec:
    """The whole frame inside a square of `size` px, 0 around it."""
    frame = Whole(
        name="frame",
        height=settings.size,
        width=settings.size,
        fit="pad",
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **nets.pixels(settings),
    )
    return InputSpec(views=(frame,))


def net(settings: Settings) -> nn.Module:
    """MobileNetV3-Small and a head of 512 and 256 units."""
    backbone = nets.Pyramid(nets.timm_model("mobilenetv3_small_100", settings))
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
    phases=(Phase("head", frozen=True), Phase("all", frozen=False)),
    inputs=inputs,
    outputs=(
        Output(
            name="quality",
            kind="scores",
            labels=("quality",),
            low=0.0,
            high=1.0,
            direction="higher is better",
            unit="score",
            activation="sigmoid",
            thresholds={},
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", agreement),
)
