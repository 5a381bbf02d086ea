"""PhotoTriage: 5,953 series of personal photos with pair votes; the frames of train and validation."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._read import fields
from .dataset import DataSet, DataSetError

_LISTS = {"train": "train_pairlist.txt", "validation": "val_pairlist.txt"}
_FRAMES = "train_val_imgs"


def _pairs(path: Path) -> pd.DataFrame:
    rows = [row[:6] for row in fields(path, 6, "series, photo, photo, preference, rank, rank")]
    try:
        values = np.array(rows, dtype=float)
    except ValueError as error:
        raise DataSetError(file=path, found=str(error), accepted="six numbers per line") from error
    outside = (values[:, 3] < 0) | (values[:, 3] > 1)
    if outside.any():
        at = int(outside.argmax())
        found = f"the preference {values[at, 3]:g}"
        raise DataSetError(file=path, row=at + 1, found=found, accepted="a share from 0 to 1")
    return pd.DataFrame(values, columns=["series", "a", "b", "preference", "rank_a", "rank_b"])


def _read(root: Path) -> pd.DataFrame:
    parts = []
    for split, file in _LISTS.items():
        pairs = _pairs(root / file)
        first = pairs[["series", "a", "preference", "rank_a"]].set_axis(["series", "frame", "votes", "rank"], axis=1)
        second = pairs[["series", "b", "preference", "rank_b"]].set_axis(["series", "frame", "votes", "rank"], axis=1)
        both = pd.concat([first, second.assign(votes=1.0 - second["votes"])])
        frames = both.groupby(["series", "frame"], as_index=False).agg(votes=("votes", "mean"), rank=("rank", "min"))
        parts.append(frames.assign(split=split))
    table = pd.concat(parts, ignore_index=True)
    series = table["series"].astype(int).map("{:06d}".format)
    name = series + "-" + table["frame"].astype(int).map("{:02d}".format) + ".JPG"
    best = table["rank"] == table.groupby("series")["rank"].transform("min")
    table = table.assign(name=name, series=series, group=series, label=table["votes"], best=best)
    table["path"] = [str(root / _FRAMES / file) for file in name]
    return table.drop(columns="frame")


DATASET = DataSet(
    name="phototriage",
    title="PhotoTriage",
    task="burst",
    citation="Chang, Yu, Wang, Ashley, Finkelstein 2016, Automatic Triage for a Photo Series, "
    "doi:10.1145/2897824.2925908",
    licence="research",
    source="https://phototriage.cs.princeton.edu/dataset.html",
    get="Download train_val.zip and unpack it; the folder train_val is the data set.",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="official: train_pairlist.txt and val_pairlist.txt, by series",
    traps=(
        "The pair lists name the winner second in about two of three rows: a reader that keeps the order learns it.",
        "The preference is the share of people who chose the first photo.",
        "A favorite of one person agrees with the best frame in about 65 % of series: more is not to be expected.",
    ),
    markers=(_FRAMES, *_LISTS.values()),
    read=_read,
    columns={
        "series": "the series",
        "votes": "mean share of people who chose this frame, over its pairs",
        "rank": "rank in the series as published, 1 is best",
        "best": "True for the first rank",
    },
)
