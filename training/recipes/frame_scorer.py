"""frame-scorer: picks the best frame of a burst; MobileNetV3-Small on the whole frame, its aspect kept.

    python -m training.run frame-scorer --data DIR --out DIR
    python -m training.run frame-scorer --data DIR --out DIR --weights RUN/best.safetensors --teacher MODEL_DIR

Data: photos with mean opinion scores (rated.SETS), or one's own table (path and mos), split by group; the official
test is never touched. `--extra scenes=DIR` adds photos with masks, `--extra clean=DIR` clean ones that nobody rated.
`--weights` is a run of imitation, which can start from the published quality model; MODEL_DIR can be that, too.
Time: 16 photos/s on two cores at 384 px when all learns, 40 in the head's epochs (400 photos of BIQ2021): 8 min an
epoch for its 7,794 training photos, 40 epochs 5.4 h, unless it stops early; measured before 80 % of the sound photos
brought copies, which take longer.
Result: none yet; no model is published. From a run of imitation the head alone reaches SRCC .73 on the 1,949
validation photos. What held earlier runs back at .74 was the loss: with a weight of .25 on the order of copies, and no
gradient from it to the photo itself, the copies of photos shown small, which look like the photo, took its score along
to logits of -50 to -4,000. On 2,400 training photos and 1,128 copies, features kept, 12 epochs of the head: SRCC .62 on
650 validation photos and a loss that rises from 1.0 to 26; .70 and a loss that falls where the photo moves as well;
.72 without copies. (A script beside the project.)

From the frame-scoring document: batch 32, 10 epochs of the head and 40 of everything, weight decay 0.0001, patience
10, 0.0001 for the second phase. On purpose different: 384 instead of 224 px, and the aspect kept, because a squashed
small copy hides blur; no color jitter and rotation (they change quality); cross entropy with soft targets and the
order of pairs instead of squared error after a sigmoid, which stalls where the sigmoid is flat; a head of 512 and 256
units at 0.001 first, on means and spreads of four levels over the photo alone. Its batch norms learn, unlike those of
rating: random weights bring none to keep. Trained from a run of imitation, use the same --seed: with another one,
photos that validate here are photos that the teacher has learned from."""

from torch import Tensor, nn

from .. import nets, parts, rated
from ..pyramid import Pyramid
from ..recipe import Metric, Raw, Recipe, Settings, Target

LADDER_WEIGHT = 0.1
"""Of the order of damaged copies: it has no branch of its own for that, as quality has."""


class Ranged(nets.Scorer):
    """A score and its range; a run that has not learned a range can be gone on from."""

    @property
    def renewed(self) -> tuple[str, ...]:
        """The tensors of the range, made anew where a start has none of them."""
        return tuple(name for name in self.state_dict() if name.startswith("heads.range."))


def net(settings: Settings) -> nn.Module:
    """MobileNetV3-Small and two heads of 512 and 256 units on 2 x (16 + 24 + 48 + 576) features: score and range."""
    backbone = Pyramid(nets.timm_model("mobilenetv3_small_100", settings), rated.LEVELS, spread=True, masked=True)
    return Ranged(backbone, {"quality": 1, "range": 2}, hidden=(512, 256), dropout=0.2)


def loss(raw: Raw, target: Target) -> Tensor:
    """That of `rated`, with more weight on the order of copies, in which the photo moves away from them as well.

    Where a photo is shown so small that damage hardly shows, photo and copies have one score: pushed down alone, the
    copies take the photo along.
    """
    return rated.loss(raw, target, LADDER_WEIGHT, keep_best=False) + rated.range_loss(raw, target)


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
        extra={**rated.OPTIONS, "ladder_share": "0.8", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.shrunk,
    outputs=(*parts.scores("quality", ("quality",)), *parts.scores("range", ("quality_low", "quality_high"))),
    net=net,
    data=rated.data,
    loss=loss,
    metric=Metric("SRCC", rated.agreement),
    starts={"imitation": ("backbone", "backbone")},
)
