"""frame-scorer: the score for phones; MobileNetV3-Small on one view of the whole frame, its aspect kept.

    python -m training.run frame-scorer --data DIR --weights IMITATION --out DIR

or, as the published one, at growing sizes, each run from the best weights of the one before, then with the published
quality model as teacher, and a range that holds:

    python -m training.run frame-scorer --data DIR --out A --weights IMITATION --size 256 --epochs 2,16 --lr 1e-3,5e-4
    python -m training.run frame-scorer --data DIR --out B --weights A --size 384 --epochs 0,4 --lr 1e-3,1.5e-4
    python -m training.run frame-scorer --data DIR --out C --weights B --epochs 0,3 --lr 1e-3,1.5e-4
    python -m training.run frame-scorer --data DIR --weights C --teacher assets/models/quality --epochs 0,3 --out D
    python -m training.conformal D
    python -m training.export D --out assets/models/frame-scorer --coreml

each with `--ema 0.995 --patience 0 --precision bfloat16`, the last with `--extra teacher_weight=0.6 --lr 1e-3,2e-4`,
too; IMITATION, A, B and C stand for best.safetensors of a run, or a model folder where no run is left, as for C here:
its batch norms, merged into the convolutions, then keep their statistics.

Data: photos with mean opinion scores (rated.SETS), or one's own table (path and mos), split by group; the official
test is never touched. `--extra scenes=DIR` adds photos with masks, `--extra clean=DIR` clean ones that nobody rated;
neither was used. IMITATION is a run of imitation from the published quality model. `--teacher MODEL_DIR` learns the
answers of that model on what the network is shown: parts of photos, smaller and damaged ones, which nobody rated.
Time: 7,794 photos of BIQ2021 to train and 1,949 to validate, 3 of 10 sound photos with copies, on two cores of an AMD
EPYC, no GPU: an epoch of the head at 256 px 2 min, of everything 3.6 min, at 384 px 7 min, at 512 px 11 min, with the
teacher 23 to 27 min (--workers 2 --threads 1; the teacher takes more than half of it). The first run was stopped after
11 of its 18 epochs, the second after the first of its 4, the third was run to its end, the last one stopped after two
of its three: 85 and 52 min, after 48 min of imitation.
Result: assets/models/frame-scorer 1.1.0, 2.5 million parameters, of the second epoch of the last run. SRCC on the 1,949
validation photos after the best epochs: .757 at 256 px (the eighth epoch of everything; .752, .752 and .744 after the
next ones, .84 on photos that it learns from), .782 at 384 px, .788, .795 and .790 at 512 px, .794 and .806 with the
teacher; the rating network at 384 px has .849. Its range holds .902 of the ratings, found on one half and measured on
the other, median width .270 (.326 without the teacher), RMSE .100 (.107). On BIQ2021's official test, read once per
version: SRCC .822 [.805, .838] (.82 is asked for; 1.0.0, without the teacher, .814), PLCC .832 [.815, .848], ss01 .897,
ss02 .389, ss03 .728, clean .813. Of the steps of `damage` .877 do not rise (.865), the median difference to half the
size is .030 (.029).
What would be needed for more is a better start and more photos: a head alone on what imitation has learned reaches .716
at 256 px, on the features that the same teacher has from ImageNet .791 at 384 px; without the teacher all else was
overfitting to 7,794 photos, with it the loss was still falling.

What held earlier runs back at .74 was the loss: with a weight of .25 on the order of copies, and no gradient from it to
the photo itself, the copies of photos shown small, which look like the photo, took its score along to logits of -50 to
-4,000. On 2,400 training photos and 1,128 copies, features kept, 12 epochs of the head: SRCC .62 on 650 validation
photos and a loss that rises from 1.0 to 26; .70 and a loss that falls where the photo moves as well; .72 without
copies. (A script beside the project.)

From the frame-scoring document: batch 32, 10 epochs of the head and 40 of everything, weight decay 0.0001, patience
10, 0.0001 for the second phase. On purpose different: 512 instead of 224 px, and the aspect kept, because a squashed
small copy hides blur; no color jitter and rotation (they change quality); cross entropy with soft targets and the
order of pairs instead of squared error after a sigmoid, which stalls where the sigmoid is flat; two heads of 512 and
256 units at 0.001 first, on means and spreads of four levels over the photo alone. Its batch norms learn, unlike those
of rating: random weights bring none to keep. Trained from a run of imitation, use the same --seed: with another one,
photos that validate here are photos that the teacher has learned from."""

from torch import Tensor, nn

from .. import nets, parts, rated
from ..pyramid import Pyramid, keeps_norms
from ..recipe import Metric, Raw, Recipe, Settings, Target

LADDER_WEIGHT = 0.1
"""Of the order of damaged copies: it has no branch of its own for that, as quality has."""


class Ranged(nets.Scorer):
    """A score and its range; a run that has not learned a range can be gone on from."""

    @property
    def renewed(self) -> tuple[tuple[str, ...], ...]:
        """The tensors of the range, made anew where a start has none of them."""
        return (tuple(name for name in self.state_dict() if name.startswith("heads.range.")),)


def net(settings: Settings) -> nn.Module:
    """MobileNetV3-Small and two heads of 512 and 256 units on 2 x (16 + 24 + 48 + 576) features: score and range."""
    backbone = Pyramid(
        nets.timm_model("mobilenetv3_small_100", settings),
        rated.LEVELS,
        spread=True,
        masked=True,
        fixed_norm=keeps_norms(settings),
    )
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
        size=512,
        patience=10,
        extra={**rated.OPTIONS, "ladder_share": "0.3", **nets.OPTIONS},
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
