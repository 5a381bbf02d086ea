"""votes: how people would share out their votes from 1 to 10 on a photo, and their mean; MobileNetV2.

    python -m training.run votes --data AVA --out DIR

Data: AVA with its counts of votes; a table with votes_1 to votes_10 beside its score; or any rated photos, whose votes
are then made from mean and standard deviation (`spread` of the scale where none is known). A network that learns the
whole histogram is told where people disagree; what it answers is the mean, in [0, 1].
Time: 83 ms of one CPU core a photo and epoch (240 photos of BIQ2021, four epochs): 1.8 h for its 8,000 photos to train
on and 10 epochs, 43 h for AVA's 188,000.
Result: SRCC 0.44 on 60 photos of BIQ2021's training part (means alone) after 4 epochs of 240 photos; AVA was not at
hand. No model is published.

From the photo-sorter document: the earth mover's distance of NIMA (H. Talebi and P. Milanfar, "NIMA: neural image
assessment", 2018, doi:10.1109/TIP.2018.2831899), 3 epochs of the head and 7 of all, a small MobileNet. On purpose
different: 320 instead of 224 px with the photo's aspect, which belongs to its composition; one loader. The document
gives this model no batch size and no rates: 0.001 for the head and 0.0002 for all, because large steps undo what
pretraining taught.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import elementwise
from torch import Tensor, nn

from iqa.errors import ArgumentError, IQAError

from .. import losses, metrics, nets, parts, tables
from ..pyramid import Pyramid
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target

BINS = 10
VOTES = [f"votes_{step}" for step in range(1, BINS + 1)]
STEPS: NDArray[np.float64] = np.linspace(0.0, 1.0, BINS)
"""The votes from 1 to 10 as scores in [0, 1]."""
SETS = ("ava", "eva", "aadb", "koniq", "spaq", "biq2021", "table")
LEAST_SPREAD, MOST_SPREAD = 0.05, 0.5
"""Standard deviations of votes: half a bin, and votes for both ends alone."""


def spread(text: str) -> float:
    """The standard deviation that is taken where none is known; raises ArgumentError outside its range."""
    try:
        value = float(text)
    except ValueError as error:
        raise ArgumentError(f"spread={text}: accepted a number, such as 0.15.") from error
    if not LEAST_SPREAD <= value <= MOST_SPREAD:
        raise ArgumentError(f"spread={text}: accepted {LEAST_SPREAD:g} to {MOST_SPREAD:g} of the scale.")
    return value


def around(mean: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Histograms (photos, bins) of these means: a normal distribution over the bins, moved until its mean is right.

    That is the flattest distribution of its mean and curvature; near the ends of the scale it is narrower than `sd`.

    Args:
        mean: (photos,) in [0, 1].
        sd: (photos,) standard deviations, clipped to LEAST_SPREAD to MOST_SPREAD.

    Reference: H. Talebi and P. Milanfar, "NIMA: neural image assessment", 2018, doi:10.1109/TIP.2018.2831899, who
    fill in histograms by maximum entropy where a set publishes mean and deviation alone.
    """
    mean, sd = np.clip(mean, 1e-6, 1.0 - 1e-6), np.clip(sd, LEAST_SPREAD, MOST_SPREAD)

    def histogram(center: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
        heights = -0.5 * ((STEPS - center[..., None]) / sd[..., None]) ** 2
        rows = np.exp(heights - heights.max(axis=-1, keepdims=True))
        return np.asarray(rows / rows.sum(axis=-1, keepdims=True))

    far = 1.0 + 300.0 * sd**2  # from there on all of it lies in the bin at the end
    found = elementwise.find_root(lambda c, m, s: histogram(c, s) @ STEPS - m, (-far, 1.0 + far), args=(mean, sd))
    return histogram(found.x, sd)


def voted(table: pd.DataFrame, default: float) -> pd.DataFrame:
    """The table with a column per vote, worst first: its share of the votes as counted, or `around` the mean.

    Args:
        table: as `tables.read` gives it; counts stand in votes_1 to votes_10 (also_votes_1 ... in a table of one's
            own), standard deviations in label_sd (also_sd).
        default: standard deviation, as a share of the scale, where none is known.

    Raises:
        IQAError: counts that are negative.
    """
    (low, high), unknown = table.attrs["scale"], pd.Series(np.nan, index=table.index)
    sd = table.get("label_sd", table.get("also_sd", unknown)).to_numpy(float) / (high - low)
    shares = around(table["mos"].to_numpy(float), np.where(np.isfinite(sd), sd, default))
    names = [name if name in table else f"also_{name}" for name in VOTES]
    if set(names) <= set(table):
        counts = table[names].to_numpy(float)
        if (counts < 0).any():
            raise IQAError(f"Columns {VOTES[0]} to {VOTES[-1]} hold a negative count; accepted: 0 or more votes.")
        counts = counts if table.attrs["direction"] == "higher is better" else counts[:, ::-1]
        total = counts.sum(axis=1, keepdims=True)
        shares = np.where(total > 0, counts / np.where(total > 0, total, 1.0), shares)  # an empty cell makes it NaN
    return table.assign(**dict(zip(VOTES, shares.T, strict=True)))


def targets(table: pd.DataFrame) -> Arrays:
    """``votes`` (photos, bins), the histogram, and ``aesthetic`` (photos, 1), its mean in [0, 1]."""
    rows = table[VOTES].to_numpy(float)
    return {"votes": rows.astype(np.float32), "aesthetic": (rows @ STEPS)[:, None].astype(np.float32)}


def net(settings: Settings) -> nn.Module:
    """MobileNetV2 and ten numbers behind a hidden layer with strong dropout."""
    backbone = Pyramid(nets.timm_model("mobilenetv2_100", settings))
    return nets.Scorer(backbone, {"aesthetic": BINS}, hidden=(256,), dropout=0.75)


def data(folder: Path, settings: Settings) -> Split:
    """Photos with votes, or with ratings that are made into votes."""
    default = spread(settings.extra["spread"])
    return tables.labelled(voted(tables.read(folder, settings, SETS), default), settings, targets)


def loss(raw: Raw, target: Target) -> Tensor:
    """Earth mover's distance of the two histograms, squared gaps as in the paper."""
    return losses.earth_mover(raw["aesthetic"], target["votes"])


RECIPE = Recipe(
    name="votes",
    task="aesthetics",
    description="The mean of the votes from 1 to 10 that people would give a photo, from their whole distribution.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(3, 7),
        learning_rate=(1e-3, 2e-4),
        batch_size=32,
        size=320,
        patience=5,
        extra={"set": "", "spread": "0.15", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.whole,
    outputs=parts.scores("aesthetic", ("aesthetic",), activation="expectation"),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_srcc("aesthetic"),
)
