"""BIQ2021: 12,000 photos at 512 px, from three sources, with an official test of 2,000."""

import re
import sys
from pathlib import Path

import pandas as pd

from ._read import Folder, csv_table, numbers, parsed
from ._twins import known_groups, scan_groups
from .dataset import DataSet

TRAIN, TEST = "Train (Images and MOS).csv", "Test (Images and MOS).csv"
GROUPS = Path(__file__).with_name("biq2021_groups.csv")
"""Photos with a near-duplicate: name, group. Made by `python -m eval.datasets.biq2021 DIR`, half a minute."""
_NAME = re.compile(r"(ss\d\d) \(\d+\)\.jpg", re.IGNORECASE)


def _read(root: Path) -> pd.DataFrame:
    photos = Folder([root / "Images"])
    parts = []
    for file, split in ((TRAIN, "train"), (TEST, "test")):
        path = root / file
        table = csv_table(path, ["Image Name", "MOS"])
        subset = parsed(table, "Image Name", _NAME, "ss01 (1).jpg", path)[0]
        part = pd.DataFrame({"name": table["Image Name"], "label": numbers(table, "MOS", path), "split": split})
        parts.append(part.assign(subset=subset.str.lower()))
    result = pd.concat(parts, ignore_index=True)
    result["path"] = [photos.path(name) for name in result["name"]]
    result["group"] = known_groups(GROUPS, result["name"])
    trained = result["group"][result["split"] == "train"]
    result["clean_test"] = (result["split"] == "test") & ~result["group"].isin(trained)
    return result


DATASET = DataSet(
    name="biq2021",
    title="BIQ2021",
    task="quality",
    citation="Ahmed, Asif 2022, BIQ2021: a large-scale blind image quality assessment database, "
    "doi:10.1117/1.JEI.31.5.053010",
    licence="none stated; ss03 is from Unsplash",
    source="https://github.com/nisarahmedrana/BIQ2021",
    get="Clone github.com/nisarahmedrana/BIQ2021 (420 MB).",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="official: 10,000 train, 2,000 test; inside train by group (near-duplicates)",
    traps=(
        "File names carry blanks and brackets, and one file ends in .JPG where the CSV says .jpg.",
        "The train CSV has two empty columns.",
        "Near-equal photos stand on both sides of the official split: report `clean_test` beside it.",
        "The pooled correlation is lifted by the different means of the three subsets: report each subset.",
    ),
    markers=("Images", TRAIN, TEST),
    read=_read,
    counts={"train": 10000, "test": 2000},
    columns={"clean_test": "in the test, and no near-duplicate of it in train"},
)

if __name__ == "__main__":
    scan_groups(DATASET.load(Path(sys.argv[1]))).to_csv(GROUPS, index=False)
