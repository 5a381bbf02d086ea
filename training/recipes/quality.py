"""quality: the most accurate score of up to 5 M parameters; one MobileNetV2 sees the whole frame and native crops.

    python -m training.run quality --data DIR --out DIR

Data: as frame-scorer. Two views share one backbone: the frame at half the size (composition, light, what it shows) and
crops at native resolution (blur, noise, compression, which resizing hides). Means and spreads of three levels of
features are pooled, the crops of a photo averaged. The loss is cross entropy with soft targets plus a rank term over
the pairs of each batch.
"""

from pathlib import Path

from torch import Tensor, nn

from iqa.preprocess import InputSpec, Native, Whole

from .. import losses, nets, tables
from ..data import Crop, flip
from ..recipe import Metric, Phase, Raw, Recipe, Settings, Split, Target
from . import frame_scorer

LEVELS = (2, 3)
RANK_WEIGHT = 0.3


def _grid(settings: Settings) -> tuple[int, int]:
    rows, columns = (int(part) for part in settings.extra["crops"].split("x"))
    return rows, columns


def inputs(settings: Settings) -> InputSpec:
    """`frame`: the whole photo inside a square of size / 2; `crops`: a grid of native crops of `size` px."""
    rows, columns = _grid(settings)
    normal = nets.pixels(settings)
    frame = Whole(
        name="frame",
        height=settings.size // 2,
        width=settings.size // 2,
        fit="pad",
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **normal,
    )
    crops = Native(name="crops", height=settings.size, width=settings.size, rows=rows, columns=columns, **normal)
    return InputSpec(views=(frame, crops))


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 (2.2 M parameters) with a head on 2 x 2 x (32 + 96 + 1280) features."""
    rows, columns = _grid(settings)
    backbone = nets.Pyramid(nets.timm_model("mobilenetv2_100", settings), LEVELS, spread=True)
    return nets.Scorer(backbone, {"quality": 1}, rows=(1, rows * columns), hidden=(256,), dropout=0.3)


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos, flipped, or with crop_share below 1 cut at native resolution as well."""
    share = float(settings.extra["crop_share"])
    table = tables.read(folder, settings, frame_scorer.SETS)
    return tables.labelled(table, settings, tables.mos, flip if share == 1.0 else Crop(share))


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets, plus the fidelity of all pairs in the batch."""
    score, wanted = raw["quality"], target["quality"]
    rank = losses.fidelity_rank(score, wanted)
    return losses.binary(score, wanted, target.get("weight")) + RANK_WEIGHT * rank


RECIPE = Recipe(
    name="quality",
    task="quality",
    description="Quality of a photo from the whole frame and native crops, as people rate it.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(2, 12),
        learning_rate=(1e-3, 2e-4),
        batch_size=16,
        size=512,
        patience=5,
        ema=0.998,
        extra={"set": "", "crops": "1x1", "crop_share": "1.0", **nets.OPTIONS},
    ),
    phases=(Phase("head", frozen=True), Phase("all", frozen=False)),
    inputs=inputs,
    outputs=frame_scorer.RECIPE.outputs,
    net=net,
    data=data,
    loss=loss,
    metric=Metric("SRCC", frame_scorer.agreement),
)
