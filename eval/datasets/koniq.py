"""KonIQ-10k: 10,073 photos as they are found in the wild, rated by a crowd."""

from pathlib import Path

import pandas as pd

from ._read import csv_table, numbers, one_size, translated
from .dataset import DataSet, Mirror

SCORES = "koniq10k_scores_and_distributions.csv"
SETS = "koniq10k_distributions_sets.csv"
_SPLIT = {"training": "train", "validation": "validation", "test": "test"}
_LARGEST_MOS = 5.0  # of the 1..5 ratings; MOS_zscore passes it on all but the worst photos


def _read(root: Path) -> pd.DataFrame:
    sets, scores = root / SETS, root / SCORES
    path = sets if sets.is_file() else scores
    table = csv_table(path, ["image_name", "MOS"])
    column = "MOS_zscore" if "MOS_zscore" in table else "MOS"
    label = pd.Series(numbers(table, column, path))
    photos = one_size([[root / "1024x768"], [root / "512x384"]], table["image_name"])
    result = pd.DataFrame({"name": table["image_name"], "label": label})
    result["path"] = [photos.path(name) for name in table["image_name"]]
    result.attrs["read"] = photos.read(root)
    if "set" in table:
        result["split"] = translated(table, "set", _SPLIT, path)
    if label.max() <= _LARGEST_MOS:
        result.attrs["scale"] = (1.0, 5.0)
        if "SD" in table:  # of the 1..5 ratings, in both files
            result["label_sd"] = numbers(table, "SD", path)
    return result


DATASET = DataSet(
    name="koniq",
    title="KonIQ-10k",
    task="quality",
    citation="Hosu, Lin, Sziranyi, Saupe 2020, KonIQ-10k, doi:10.1109/TIP.2020.2967829",
    licence="images: Creative Commons, per Flickr author; annotations: free for research",
    source="https://database.mmsp-kn.de/koniq-10k-database.html",
    get="Unpack the 1024x768 (or 512x384) images and put koniq10k_distributions_sets.csv "
    "(github.com/subpic/koniq, metadata/) beside them.",
    scale=(1.0, 100.0),
    direction="higher is better",
    split_rule="official: 7,058 train, 1,000 validation, 2,015 test in the column `set`",
    traps=(
        "The column MOS of koniq10k_distributions_sets.csv is really MOS_zscore (1..100): told by values above 5.",
        "koniq10k_scores_and_distributions.csv has no split, and its MOS is on 1..5: its MOS_zscore is read.",
        "SD is of the 1..5 ratings in both files: it is given only where the label is on that scale.",
        "At 224 px the same network reaches .857 SRCC, at 512x384 .919: the report says which was read.",
        "A half-unpacked 1024x768 beside a whole 512x384: one folder is read for all photos, never some from each.",
    ),
    markers=("1024x768|512x384", f"{SETS}|{SCORES}"),
    read=_read,
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("koniq10k.tgz",)),
    counts={"train": 7058, "validation": 1000, "test": 2015},
)
