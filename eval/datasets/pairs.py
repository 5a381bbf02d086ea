"""Anybody's low-light pairs: low/ and normal/ with equal names, or a CSV with low_path and normal_path."""

from pathlib import Path

import pandas as pd

from ._own import below, only_table, pictures, place
from ._read import csv_table
from .dataset import DataSet, DataSetError


def _from_csv(path: Path) -> pd.DataFrame:
    table = csv_table(path, ["low_path", "normal_path"])
    result = pd.DataFrame({"name": table["low_path"]})
    result["path"] = [place(name, path.parent) for name in table["low_path"]]
    result["reference"] = [place(name, path.parent) for name in table["normal_path"]]
    return result.assign(group=table["scene"]) if "scene" in table else result


def _from_folders(root: Path) -> pd.DataFrame:
    low = {below(p, root / "low"): p for p in pictures(root / "low")}
    normal = {below(p, root / "normal"): p for p in pictures(root / "normal")}
    alone = sorted(low.keys() ^ normal.keys())
    if alone or not low:
        found = f"{alone[0]} only once" if alone else "no photo"
        raise DataSetError(file=root, found=found, accepted="every name in low/ and in normal/")
    return pd.DataFrame(
        {"name": list(low), "path": [str(p) for p in low.values()], "reference": [str(normal[name]) for name in low]}
    )


def _read(root: Path) -> pd.DataFrame:
    if root.is_dir() and (root / "low").is_dir():
        return _from_folders(root)
    table = only_table(root)
    if table is None:
        raise DataSetError(file=root, found="neither low/ nor a CSV file", accepted="low/ and normal/, or one CSV file")
    return _from_csv(table)


DATASET = DataSet(
    name="pairs",
    title="Low-light pairs of one's own",
    task="enhancement",
    citation="none",
    licence="that of the photos",
    source="a folder of one's own",
    get="Make low/ and normal/ with the same file names, or a CSV with low_path and normal_path.",
    scale=(0.0, 0.0),
    direction="higher is better",
    split_rule="group: by the column scene; without it every pair is its own group",
    traps=("Several exposures of one scene must not be split: give `scene`.",),
    markers=("low|*.csv", "normal|*.csv"),
    read=_read,
    columns={"reference": "path of the normal exposure"},
    single_file=(".csv",),
)
