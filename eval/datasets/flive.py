"""FLIVE (LIVE-FB, PaQ-2-PiQ): 39,810 photos from social media, rated by a crowd; whole images only."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._read import csv_table, first_file, numbers
from .dataset import DataSet, Mirror

_TEST, _PADDED = "labels640.csv", "labels=640_padded.csv"


def _read(root: Path) -> pd.DataFrame:
    path = first_file(root, "labels_image.csv", "database/labels_image.csv")
    table = csv_table(path, ["name", "mos"])
    folders = (root / "database", root)
    photos = max(folders, key=lambda folder: sum((folder / name).is_file() for name in table["name"]))
    result = pd.DataFrame({"name": table["name"], "label": numbers(table, "mos", path)})
    result["path"] = [str(photos / name) for name in table["name"]]
    result.attrs["read"] = photos.relative_to(root).as_posix() if photos.is_dir() else ""
    result["subset"] = table["name"].str.split("/").str[0]
    if (path.parent / _TEST).is_file() and (path.parent / _PADDED).is_file():
        test = set(csv_table(path.parent / _TEST, ["name_image"])["name_image"])
        padded = csv_table(path.parent / _PADDED, ["name_image", "is_valid"])
        validation = set(padded["name_image"][padded["is_valid"].str.lower().isin(["true", "1"])])
        result["split"] = np.select(
            [result["name"].isin(test), result["name"].isin(validation)], ["test", "validation"], "train"
        )
    return result


DATASET = DataSet(
    name="flive",
    title="FLIVE (LIVE-FB Large-Scale Social Picture Quality)",
    task="quality",
    citation="Ying, Niu, Gupta, Mahajan, Ghadiyaram, Bovik 2020, From Patches to Pictures (PaQ-2-PiQ), "
    "doi:10.1109/CVPR42600.2020.00363",
    licence="research",
    source="https://github.com/niu-haoran/FLIVE_Database",
    get="Follow the README of niu-haoran/FLIVE_Database; its notebook fetches the images.",
    scale=(0.0, 100.0),
    direction="higher is better",
    split_rule="official: labels640.csv is test, is_valid in labels=640_padded.csv is validation, the rest is train",
    traps=(
        "The scores lie close together (standard deviation about 6 of 100): RMSE looks small for a constant.",
        "Names are folder/file; the images stand under database/ or beside the CSV.",
        "It holds photos of AVA and VOC: a model trained on those has seen them.",
    ),
    markers=("labels_image.csv|database/labels_image.csv",),
    read=_read,
    counts={"all": 39810},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("flive.tgz",)),
)
