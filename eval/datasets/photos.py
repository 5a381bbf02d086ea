"""Clean photos to make synthetic benchmarks from: any folder, with or without a labels.csv."""

from pathlib import Path

import pandas as pd

from iqa.image import EXTENSIONS

from ._own import below, pictures
from ._read import csv_table, translated
from .dataset import DataSet

_SPLIT = {"train": "train", "validation": "validation", "test": "test", "benchmark": "test", "": ""}

_PHOTOS = tuple(f"*{spelled}" for e in sorted(EXTENSIONS) for spelled in (e, e.upper()))


def _read(root: Path) -> pd.DataFrame:
    path = root / "labels.csv"
    if not path.is_file():
        found = list(pictures(root))
        return pd.DataFrame({"name": [below(p, root) for p in found], "path": [str(p) for p in found]})
    table = csv_table(path, ["file"])
    result = pd.DataFrame({"name": table["file"], "path": [str(root / name) for name in table["file"]]})
    for given, column in (("group", "group"), ("source", "subset"), ("licence", "licence")):
        if given in table:
            result[column] = table[given]
    if "split" in table:
        result["split"] = translated(table, "split", _SPLIT, path)
    return result


DATASET = DataSet(
    name="photos",
    title="Clean photos of one's own",
    task="photos",
    citation="none",
    licence="that of the photos",
    source="a folder of one's own",
    get="Name any folder of undamaged photos; labels.csv with file, and if known group, split, source, may lie in it.",
    scale=(0.0, 0.0),
    direction="higher is better",
    split_rule="group: by the column group; without it every photo is its own group",
    traps=("Photos that are already soft, noisy or compressed make a benchmark whose severity 0 is not clean.",),
    markers=("|".join(["labels.csv", *_PHOTOS, *(f"*/{pattern}" for pattern in _PHOTOS)]),),
    read=_read,
    columns={"licence": "of the photo, where labels.csv tells it"},
)
