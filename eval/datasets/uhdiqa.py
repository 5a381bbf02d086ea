"""UHD-IQA: 6,073 photos of 3,840 px width, rated by experts."""

from pathlib import Path

import pandas as pd

from ._read import csv_table, numbers, one_size, translated
from .dataset import DataSet

_SPLIT = {"training": "train", "validation": "validation", "test": "test"}
_CSV = "uhd-iqa-metadata.csv"


def _read(root: Path) -> pd.DataFrame:
    path = root / _CSV
    table = csv_table(path, ["image_name", "quality_mos", "set"])
    split = translated(table, "set", _SPLIT, path)
    above = (root, root / "challenge", root / "images")
    copies = [copy for folder in above for copy in ([folder], [folder / name for name in _SPLIT])]
    photos = one_size(copies, table["image_name"])
    result = pd.DataFrame({"name": table["image_name"], "label": numbers(table, "quality_mos", path), "split": split})
    result["path"] = [photos.path(name) for name in table["image_name"]]
    result.attrs["read"] = photos.read(root)
    if "subset" in table:
        result["subset"] = table["subset"]
    return result


DATASET = DataSet(
    name="uhdiqa",
    title="UHD-IQA",
    task="quality",
    citation="Hosu, Agnolucci, Wiedemann, Iso, Saupe 2024, UHD-IQA Benchmark Database, doi:10.48550/arXiv.2406.17472",
    licence="images: Pixabay; annotations: free for research",
    source="https://database.mmsp-kn.de/uhd-iqa-benchmark-database.html",
    get="Download UHD-IQA-database.zip and uhd-iqa-metadata.zip and unpack both into one folder.",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="official: column `set` (training, validation, test)",
    traps=(
        "All photos are good ones: correlations are lower than on sets with a wide range of quality.",
        "Some of the categories in `subset` are in validation and test only.",
        "8 MP and more per photo: what a reader does to fit them in decides the figure.",
    ),
    markers=(_CSV,),
    read=_read,
    counts={"all": 6073},
)
