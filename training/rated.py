"""Learning from people's ratings: the photos of rating, quality and frame-scorer, and what is asked of scores.

Comes in: a data set with mean opinion scores, perhaps clean photos and photos with masks. Goes out: a split and a
loss, for the recipes.
"""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from eval.datasets import AbsentData
from eval.metrics import srcc
from iqa.errors import IQAError

from . import losses, masked, tables, twins
from .data import Frame, Labelled, readers
from .focus import FIRST as FIRST_SCENE
from .focus import Focus
from .ladders import DAMAGES, LADDER, SEVERITY, Laddered
from .masked import Joined
from .recipe import Arrays, Photos, Raw, Settings, Split, Target

SETS = ("biq2021", "koniq", "spaq", "uhdiqa", "clive", "flive", "kadid10k", "tid2013", "live", "csiq", "table")
LEVELS = (1, 2, 3)
"""Feature levels of a timm network that a score is read from beside the last: strides 4, 8 and 16."""
OPTIONS = {"set": "", "ladder_share": "0.15", "clean": "", "scenes": ""}
"""Options in Settings.extra: the data set, the share of sound photos that bring copies, a folder of clean photos,
each of which brings copies, and one of photos with masks."""
RANK_WEIGHT, LADDER_WEIGHT, RANGE_WEIGHT = 0.5, 0.05, 1.0
RANK_SCALE = 0.25
"""Logits: two photos whose scores differ by less are a close call."""
SHARES = (0.05, 0.95)
"""Of the ratings of photos that look alike, below the two ends of the range: between them lie 90 %."""
SOUND = 0.65
"""Rating from which a photo is certain to lose by any damage."""
SCENES = 2
"""Ladders of focus from each photo with a mask, per epoch."""
FIRST_CLEAN = (2_000_000, 3_000_000)
"""Number of the first ladder in each pass over the clean photos, one after the other in an epoch; above Focus's."""
COPIES, MARGIN = 2, 1.5
"""Damaged copies of such a photo, and the difference of logits that is asked from severity 0 to 1."""


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos in any aspect and at several sizes, some with damaged copies; beside them, to train on, ladders of
    damage from the photos of `clean` and ladders of focus from those of `scenes`."""
    table = tables.read(folder, settings, SETS)
    split = tables.labelled(table, settings, tables.mos, Frame())
    train, validation = (_with_copies(part, settings) for part in (split.train, split.validation))
    joined: list[Photos] = [train]
    told = list(split.trained_on)
    for name, read, ladders in (("clean", _clean, _damaged), ("scenes", _scenes, _focus)):
        if place := settings.extra.get(name):
            more = tables.limited(_apart(read(Path(place), settings), table, name), settings)
            joined += ladders(more, settings)
            told += tables.trained_on(more, more, "all but test" if name == "clean" else "all")
    return Split(Joined(joined) if len(joined) > 1 else train, validation, tuple(told))


def _clean(folder: Path, settings: Settings) -> pd.DataFrame:
    """The photos of a folder, without masks and without what shares a group with a photo of a benchmark.

    Raises:
        IQAError: no photo is there, or none is left.
    """
    try:
        table = tables.read(folder, replace(settings, extra={**settings.extra, "set": "photos"}), ("photos",))
    except AbsentData:
        raise IQAError(f"--extra clean={folder} holds no photos. Name a folder of photos.") from None
    except IQAError as error:
        raise IQAError(f"--extra clean={folder}: {error}") from None
    found = masked.paired(table)
    kept = found[~found["group"].isin(set(found["group"][found["split"] == "test"]))].reset_index(drop=True)
    kept.attrs = table.attrs
    if kept.empty:
        why = "all photos there are for a benchmark" if len(found) else "its labels.csv names no photo"
        raise IQAError(f"--extra clean={folder}: {why}. Name a folder of others.")
    return kept


def _scenes(folder: Path, _: Settings) -> pd.DataFrame:
    return masked.read(folder)


def _damaged(table: pd.DataFrame, settings: Settings) -> list[Photos]:
    unknown: Arrays = {"quality": np.full((len(table), 1), np.nan, np.float32)}
    paths, groups = [*map(Path, table["path"])], [*map(str, table["group"])]
    photos = Labelled(paths, groups, unknown, readers(settings)[0], Frame())
    sound = [True] * len(table)
    return [Laddered(photos, sound, 1.0, COPIES, DAMAGES, first) for first in FIRST_CLEAN]


def _focus(table: pd.DataFrame, settings: Settings) -> list[Photos]:
    return [Focus(**masked.columns(table), repeats=SCENES, read=readers(settings)[0], unknown={"quality": 1})]


def _apart(found: pd.DataFrame, table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Those of groups without a file of the rated set, by content: it may be in the validation or the test of that.

    Raises:
        IQAError: none is left.
    """
    marks = twins.marks([*table["path"], *found["path"]])
    twin = pd.Series(marks[len(table) :], index=found.index).isin(set(marks[: len(table)]))
    left = found[~found["group"].isin(set(found["group"][twin]))]
    if left.empty:
        raise IQAError(f"Every photo of --extra {name}= is one of the rated photos. Name a folder of others.")
    left = left.assign(group=f"{name}/" + left["group"]).reset_index(drop=True)
    left.attrs = found.attrs
    return left


def _with_copies(photos: Photos, settings: Settings) -> Laddered:
    sound = cast(Labelled, photos).targets["quality"][:, 0] >= SOUND
    return Laddered(photos, sound.tolist(), float(settings.extra.get("ladder_share", 0.0)), COPIES, DAMAGES)


def untouched(target: Target) -> Tensor:
    """Which pictures of a batch were read, perhaps reduced, and no more, (N,): scenes have grain and a codec of their
    own when they are in focus, too."""
    ladder = target[LADDER][:, 0]
    scene = (ladder >= FIRST_SCENE) & (ladder < FIRST_CLEAN[0])
    return (target[SEVERITY][:, 0] == 0) & ~scene


def known(target: Target) -> Tensor:
    """Which pictures of a batch have a rating, (N,); a damaged copy has none."""
    return torch.isfinite(target["quality"][:, 0])


def loss(raw: Raw, target: Target, ladder_weight: float = LADDER_WEIGHT, *, keep_best: bool = True) -> Tensor:
    """Cross entropy with soft targets, the order of all pairs of rated photos, that of the ladders.

    `keep_best` as in `losses.ladder_rank`: only where a ladder weighs little, see frame_scorer.
    """
    told = known(target)
    score, wanted = raw["quality"][told], target["quality"][told]
    ladder = losses.ladder_rank(raw["quality"], target[SEVERITY], target[LADDER], MARGIN, keep_best=keep_best)
    rank = losses.fidelity_rank(score, wanted, RANK_SCALE)
    return losses.binary(score, wanted) + RANK_WEIGHT * rank + ladder_weight * ladder


def range_loss(raw: Raw, target: Target) -> Tensor:
    """That of the two quantiles of the ratings, raw["range"] (N, 2)."""
    told = known(target)
    return RANGE_WEIGHT * losses.pinball(raw["range"][told].sigmoid(), target["quality"][told], SHARES)


def agreement(predicted: Arrays, target: Arrays) -> float:
    """SRCC over the validation photos."""
    return srcc(predicted["quality"][:, 0], target["quality"][:, 0])
