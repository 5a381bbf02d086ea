"""quality: the accurate score of up to 5 M parameters; a rating network at 384 px, less a penalty for damage.

    python -m training.run quality --data DIR --extra scenes=DIR --extra clean=DIR --weights RATING --out DIR

and from the weights of that, ONE, with other copies, and again with --draw 2; then the scale and the model folder:

    python -m training.run quality --data DIR --extra scenes=DIR --extra clean=DIR --weights ONE --draw 1 --out DIR
    python -m training.conformal RUN
    python -m training.export RUN --out assets/models/quality
    python -m training.export RUN --out MODEL_DIR --coreml

RATING is best.safetensors of a run of `rating` with the same --seed, whose page says how that network came to be; it is
kept as it is. ONE is best.safetensors of the first command's run, or assets/models/quality where no run is left.
Data: photos with mean opinion scores (rated.SETS), clean photos that nobody rated, and photos with masks of their
subject. All that were rated well and all clean ones bring damaged copies along (iqa.damage), scenes are shown in and
out of focus; their order is learned beside the ratings, by a branch from stride 4 to 16 (training.penalty) alone. In
use the score is the mean of the photo's and its mirror image's, on a curve that brings it to the scale of the ratings.
Two further outputs are the 5 % and 95 % quantiles of the ratings; `training.conformal` finds the curve and makes the
quantiles hold.
Time: three runs of an epoch each, 17, 19 and 22 min, for 7,794 photos of BIQ2021, 682 clean photos (CID22 as PNG, CC
BY-SA 4.0; clothing-dataset, CC0; wallpapers and others) and 394 scenes to train and 1,949 photos to validate, on two
cores of an AMD EPYC, no GPU. The first two with `--extra ladder_share=0.5`, before a ladder could end at 1, the clean
photos all as WebP; all three when scenes in focus, which have grain, were held at a penalty of 0, too.
Result: assets/models/quality, of the third run. On the 1,949 validation photos, with the mirror image: SRCC .856 (the
rating network alone .857). The curve brings the RMSE from .093 to .091, found on one half and measured on the other;
the range then holds .902 of the ratings, its median width is .243. Of the steps of copies of 16 clean photos (CID22,
held out) .968 do not rise, of 60 reduced by half first .924; by the rating network alone .935 and .869. On BIQ2021's
official test: SRCC .867 [.853, .879], PLCC .870 [.856, .884], ss02 .430, ss03 .794, clean .860. Of the steps of
`damage` .932 [.921, .943] do not rise (.890 by the rating network): color cast .84, watermark .85, compression .90,
overexposure .90, the others .96 to 1. Of the focus series of real photos .75 (.925 where iqa.burst asks blur-type and
degradations as well). 4.26 million parameters.

What was tried. The rating network alone has, on the same validation photos and copies of 40 of them, with the mirror
image and before the curve: SRCC .857 and PLCC .876 with people's ratings, .917 of the steps do not rise. All that
follows had a head of plain ReLU and dropout; behind it two of five photos came to one and the same penalty, without a
gradient. A margin of 1.5 and a KEPT_WEIGHT of 2, copies with casts and overexposure twice and with watermarks three
times as often as others, one run of two epochs: .853, .874, .955 after the first, .845, .866, .964 after the second;
half of that penalty: .853, .873, .961. A margin of .5 and the copies of ladders.DAMAGES: after the first run, with a
KEPT_WEIGHT of 2, .854, .873, .964; after the second, with 4, .856, .874, .964; after the third, with 3, .857, .875,
.965, yet only .915 of the steps of `damage`: almost all rated photos were saved with colors at half resolution, those
of the benchmark were not, and that branch took fine colors for damage. A fourth run with clean photos as they were
saved cured nothing; with every other photo of a ladder reduced, .918 of the steps of the 60 reduced photos, .914
before. With the head of now .913, .920 and .924 after the first, second and third run. Half as much penalty again:
.925. A penalty between 0 and a bound, by a sigmoid: nothing was learned (.857, .876, .917). A branch that learns from
ratings as well: .825, .829, .967, for the rating network is hardly ever wrong on photos that it has learned from. What
is left are mostly first steps, of damage that is hardly seen; more epochs were not tried.
SRCC decides on the best epoch of a run and
prefers the smallest penalty: therefore one epoch each.
"""

from torch import Tensor, nn

from iqa.errors import ArgumentError

from .. import losses, nets, parts, rated
from ..ladders import LADDER, SEVERITY
from ..penalty import PENALTY, Penalized
from ..recipe import Metric, Phase, Raw, Recipe, Settings, Target
from . import rating

MARGIN = 0.5
"""Difference of logits that is asked from severity 0 to 1: enough to outweigh what the rating network makes of copies
that it has no opinion on, and small enough to leave alone the order of those that it ranks."""
KEPT_WEIGHT = 3.0
"""Of the mean square of the penalty of untouched photos, in squared logits: a rating holds what damage they have."""


def net(settings: Settings) -> nn.Module:
    """The network of `rating`, and the branch; it has no other start than a run of that, or of its own."""
    if settings.weights != "":
        raise ArgumentError(
            "quality starts from a run of rating, --weights RUN/best.safetensors, or a model of its own."
        )
    return Penalized(rating.net(settings))


def loss(raw: Raw, target: Target) -> Tensor:
    """The order of copies, and a penalty of next to nothing for photos that nothing was done to here."""
    ladder = losses.ladder_rank(raw["quality"], target[SEVERITY], target[LADDER], MARGIN, keep_best=False)
    taken = raw[PENALTY][rated.untouched(target)]
    return ladder + KEPT_WEIGHT * (taken * taken).sum() / max(1, len(taken))


RECIPE = Recipe(
    name="quality",
    task="quality",
    description="Quality of a photo from its whole frame, as people rate it, less a penalty for damage; with a range.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1,),
        learning_rate=(5e-4,),
        batch_size=16,
        size=384,
        patience=0,
        ema=0.995,
        extra={**rated.OPTIONS, "ladder_share": "1.0", **nets.OPTIONS},
    ),
    phases=(Phase("penalty", frozen=True),),
    inputs=parts.shrunk,
    outputs=rating.RECIPE.outputs,
    net=net,
    data=rated.data,
    loss=loss,
    metric=Metric("SRCC", rated.agreement),
    starts={"rating": ("", "backbone")},
)
