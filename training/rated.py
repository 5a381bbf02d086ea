"""Learning from people's ratings: the photos of rating, quality and frame-scorer, and what is asked of scores.

Comes in: a data set with mean opinion scores, perhaps photos with masks. Goes out: a split and a loss, for the recipes.
"""

from pathlib import Path
from typing import cast

import pandas as pd
import torch
from torch import Tensor

from eval.metrics import srcc
from iqa.errors import IQAError

from . import losses, masked, tables, twins
from .data import Frame, Labelled, readers
from .focus import Focus
from .ladders import DAMAGES, LADDER, SEVERITY, Laddered
from .masked import Joined
from .recipe import Arrays, Photos, Raw, Settings, Split, Target

SETS = ("biq2021", "koniq", "spaq", "uhdiqa", "clive", "flive", "kadid10k", "tid2013", "live", "csiq", "table")
LEVELS = (1, 2, 3)
"""Feature levels of a timm network that a score is read from beside the last: strides 4, 8 and 16."""
OPTIONS = {"set": "", "ladder_share": "0.15", "scenes": ""}
"""Options in Settings.extra: the data set, the share of sound photos that bring copies, the folder of masked photos."""
RANK_WEIGHT, LADDER_WEIGHT = 0.5, 0.05
RANK_SCALE = 0.25
"""Logits: two photos whose scores differ by less are a close call."""
SOUND = 0.65
"""Rating from which a photo is certain to lose by any damage."""
SCENES = 2
"""Ladders of focus from each photo with a mask, per epoch."""
COPIES, MARGIN = 2, 1.5
"""Damaged copies of such a photo, and the difference of logits that is asked from severity 0 to 1."""


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos in any aspect and at several sizes, some with damaged copies; and ladders of focus from `scenes`."""
    table = tables.read(folder, settings, SETS)
    split = tables.labelled(table, settings, tables.mos, Frame())
    train, validation = (_with_copies(part, settings) for part in (split.train, split.validation))
    if not settings.extra.get("scenes"):
        return Split(train, validation, split.trained_on)
    scenes = tables.limited(_apart(masked.read(Path(settings.extra["scenes"])), table), settings)
    ladders = Focus(**masked.columns(scenes), repeats=SCENES, read=readers(settings)[0], unknown={"quality": 1})
    told = (*split.trained_on, tables.trained_on(scenes, len(scenes), "all"))
    return Split(Joined([train, ladders]), validation, told)


def _apart(scenes: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The scenes that are no file of the rated set, by content: it may be in the validation or the test of that.

    Raises:
        IQAError: none is left.
    """
    found = twins.marks([*table["path"], *scenes["path"]])
    left = scenes[~pd.Series(found[len(table) :], index=scenes.index).isin(set(found[: len(table)]))]
    if left.empty:
        raise IQAError("Every photo of --extra scenes= is one of the rated photos. Name a folder of others.")
    left = left.assign(group="scenes/" + left["group"]).reset_index(drop=True)
    left.attrs = scenes.attrs
    return left


def _with_copies(photos: Photos, settings: Settings) -> Laddered:
    sound = cast(Labelled, photos).targets["quality"][:, 0] >= SOUND
    return Laddered(photos, sound.tolist(), float(settings.extra.get("ladder_share", 0.0)), COPIES, DAMAGES)


def known(target: Target) -> Tensor:
    """Which pictures of a batch have a rating, (N,); a damaged copy has none."""
    return torch.isfinite(target["quality"][:, 0])


def loss(raw: Raw, target: Target, ladder_weight: float = LADDER_WEIGHT) -> Tensor:
    """Cross entropy with soft targets, the order of all pairs of rated photos, that of the ladders."""
    told = known(target)
    score, wanted = raw["quality"][told], target["quality"][told]
    ladder = losses.ladder_rank(raw["quality"], target[SEVERITY], target[LADDER], MARGIN)
    rank = losses.fidelity_rank(score, wanted, RANK_SCALE)
    return losses.binary(score, wanted) + RANK_WEIGHT * rank + ladder_weight * ladder


def agreement(predicted: Arrays, target: Arrays) -> float:
    """SRCC over the validation photos."""
    return srcc(predicted["quality"][:, 0], target["quality"][:, 0])
