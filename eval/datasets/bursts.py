"""Anybody's bursts: a CSV with series, file, and best (1 for the keeper) or votes."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._own import one_of, only_table, place
from ._read import csv_table, numbers
from .dataset import DataSet, DataSetError


def _read(root: Path) -> pd.DataFrame:
    path = only_table(root, "bursts.csv")
    if path is None:
        raise DataSetError(file=root, found="no CSV file", accepted="bursts.csv with series, file, best or votes")
    table = csv_table(path, ["series", "file"])
    given = one_of(table, ("best", "votes"), path)
    value = pd.Series(numbers(table, given, path))
    bad = np.flatnonzero((value < 0) if given == "votes" else ~value.isin([0, 1]))
    if len(bad):
        accepted = "0 or 1" if given == "best" else "0 or more votes"
        found = f"{given} is {table[given][bad[0]]!r}"
        raise DataSetError(file=path, row=int(bad[0]) + 2, found=found, accepted=accepted)
    most = value.groupby(table["series"]).transform("max")
    frames = table.groupby("series")["file"].transform("size")
    wrong = np.flatnonzero((most == 0) | (frames < 2))
    if len(wrong):
        found = f"series {table['series'][wrong[0]]!r} without them"
        accepted = "two frames or more, and one that is best or has votes"
        raise DataSetError(file=path, row=int(wrong[0]) + 2, found=found, accepted=accepted)
    result = pd.DataFrame({"name": table["file"], "series": table["series"], "group": table["series"], "label": value})
    result["best"] = value == most
    result["votes"] = value if given == "votes" else np.nan
    result["path"] = [place(name, path.parent) for name in table["file"]]
    return result if "split" not in table else result.assign(split=table["split"])


DATASET = DataSet(
    name="bursts",
    title="Bursts of one's own",
    task="burst",
    citation="none",
    licence="that of the photos",
    source="a folder of one's own",
    get="Put bursts.csv (series, file, best = 1 for the keeper, or votes) beside the frames.",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="group: by series",
    traps=(
        "Several frames of a series can be best: a tie in votes is a tie in the answer.",
        "People agree on the best of a series in about two of three: print the agreement beside the figure.",
    ),
    markers=("bursts.csv|*.csv",),
    read=_read,
    columns={
        "series": "the burst",
        "best": "True for the frames with most votes, or marked best",
        "votes": "votes, NaN where only best is known",
    },
    single_file=(".csv",),
)
