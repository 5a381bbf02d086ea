"""rating: photos as people rate them; MobileNetV2 on the whole frame at 384 px. The start for `quality`.

    python -m training.run rating --data DIR --out DIR

and from the best weights of that, RUN, longer and at a higher rate:

    python -m training.run rating --data DIR --out NEXT --weights RUN/best.safetensors --epochs 0,5 --lr 0.001,0.00015

Data: photos with mean opinion scores (rated.SETS); `--extra scenes=DIR` adds photos with masks of their subject,
`--extra clean=DIR` photos without damage that nobody rated. The photo lies in a square of 384 px, reduced when it is
larger and never enlarged; the features are pooled over the photo alone, so that neither its aspect nor its size says
anything. Photos that were rated well, and clean ones, bring damaged copies along (iqa.damage), scenes are shown in and
out of focus; their order is learned beside the ratings. In use the score is the mean of the photo's and its mirror
image's.
Time: 7,794 photos of BIQ2021 and 1,949 to validate, on two cores of an AMD EPYC, no GPU: an epoch of the head 5 min,
of everything 9 min with copies of 15 % of the sound photos, 15 min with copies of 80 % of them and 394 scenes.
Result: the start for quality, no model of its own. On the 1,949 validation photos, by the commands above when every
damage was shown alike, on photos of their own size, short of its worst (now as training.ladders says): SRCC .791 after
the epoch of the head, .849 after the first command, .855 after the third epoch of the second one, the best of its five
(PLCC .874); .857 (.876) with the mirror image. On BIQ2021's official test that network has .868 [.855, .880] (PLCC .872
[.858, .884]; ss02 .432, clean .862); .890 of the steps of `damage` do not rise (watermark .49, color cast .74), top 1
of `defect-bursts` is .928, of the focus series of real photos .75.
More of the order of copies costs agreement with people. Steps that do not rise on copies of 40 validation photos, SRCC
and PLCC with the mirror image: .917, .857 and .876 as above; two more epochs with copies of half of the sound photos, a
weight of .2 and scenes, at 0.00006: .951, .848, .859; three of four epochs from the first command's best at 0.00012
with copies of 80 %, twice to three times as many with overexposure, casts and watermarks, and a weight of .25: .973
(watermark .945), .838, .846. Means of weights (training.average): of the first and second .939, .856, .872; of the
first and the second epoch of the third .948, .855, .868; of these and the first epoch of the second .951, .856, .868. A
branch of its own for the order, beside the network as it is (its blocks from stride 4 to 16 once more, 0.6 M): .967,
.825, .829 after an epoch when it learns from ratings as well.

What was tried, on the same validation photos. Heads on kept features at 512 px, four to twelve epochs: SRCC .816 with
means and spreads of four levels, .80 with means alone, .78 with the last level alone; .801 without the term for the
order of pairs, which costs .008 of PLCC; .809 with a batch norm in front instead of fixed means and spreads (.815).
Everything at 224 px on 4,000 photos: .810 after two epochs at 0.0001 with the statistics of all batch norms and the
first two blocks fixed, .804 at 0.0003 when they learn. A weight of .5 for the order of damaged copies together with a
batch norm in front of the head left an epoch at 384 px at .761. From the first command's best, an epoch at 512 px of
two: .844, the rate not yet down. Epochs four and five of the second command: .854, .853 with a falling training loss.
The network of 384 px shown photos at 512 px: .837; the mean of both: .852. Other backbones were not tried:
MobileNetV2 is the one whose weights are at hand.

Batch 16 and the mean of weights over 200 steps (ema) were not varied. Two further outputs are the 5 % and 95 %
quantiles of the ratings; `python -m training.conformal` makes them hold.
"""

from torch import Tensor

from .. import nets, parts, rated
from ..pyramid import Pyramid
from ..recipe import Metric, Raw, Recipe, Settings, Target

FIXED_BLOCKS = 2


def pyramid(settings: Settings) -> Pyramid:
    """MobileNetV2 (2.2 M parameters), 2 x (24 + 32 + 96 + 1280) features."""
    return Pyramid(
        nets.timm_model("mobilenetv2_100", settings),
        rated.LEVELS,
        spread=True,
        masked=True,
        fixed_norm=True,
        fixed_blocks=FIXED_BLOCKS,
    )


def net(settings: Settings) -> nets.Scorer:
    """The pyramid with a head each for the score and its range."""
    outputs = {"quality": 1, "range": 2}
    return nets.Scorer(pyramid(settings), outputs, hidden=(256,), dropout=0.3, standard=True, mirror=True)


def loss(raw: Raw, target: Target) -> Tensor:
    """That of `rated`, and the quantiles."""
    return rated.loss(raw, target) + rated.range_loss(raw, target)


RECIPE = Recipe(
    name="rating",
    task="quality",
    description="Rating of a photo by people from its whole frame, with a range.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1, 2),
        learning_rate=(1e-3, 1e-4),
        batch_size=16,
        size=384,
        patience=5,
        ema=0.995,
        extra={**rated.OPTIONS, **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.shrunk,
    outputs=(*parts.scores("quality", ("quality",)), *parts.scores("range", ("quality_low", "quality_high"))),
    net=net,
    data=rated.data,
    loss=loss,
    metric=Metric("SRCC", rated.agreement),
    exported=False,
)
