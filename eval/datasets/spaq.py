"""SPAQ: 11,125 smartphone photos, rated in a laboratory, with five attributes."""

from pathlib import Path

import pandas as pd

from ._read import Folder, csv_table, excel_table, first_file, numbers
from .dataset import DataSet, Mirror

ATTRIBUTES = ("Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness")
_LABELS = tuple(
    f"{folder}{stem}{suffix}"
    for folder in ("Annotations/", "")
    for stem in ("MOS and Image attribute scores", "MOS_and_Image_attribute_scores")
    for suffix in (".xlsx", ".csv")
)


def _read(root: Path) -> pd.DataFrame:
    path = first_file(root, *_LABELS)
    columns = ["Image name", "MOS"]
    table = excel_table(path, columns) if path.suffix == ".xlsx" else csv_table(path, columns)
    photos = Folder([root / "TestImage"])
    result = pd.DataFrame({"name": table["Image name"], "label": numbers(table, "MOS", path)})
    result["path"] = [photos.path(name) for name in table["Image name"]]
    for attribute in ATTRIBUTES:
        if attribute in table:
            result[attribute.lower()] = numbers(table, attribute, path)
    return result


DATASET = DataSet(
    name="spaq",
    title="SPAQ",
    task="quality",
    citation="Fang, Zhu, Zeng, Ma, Wang 2020, Perceptual Quality Assessment of Smartphone Photography, "
    "doi:10.1109/CVPR42600.2020.00373",
    licence="research",
    source="https://github.com/h4nwei/SPAQ",
    get="Download TestImage and Annotations from the links in the README of h4nwei/SPAQ.",
    scale=(0.0, 100.0),
    direction="higher is better",
    split_rule="none published: ten seeded splits by photo",
    traps=(
        "The labels come as .xlsx or as a CSV that begins with a byte-order mark: its first column is then misnamed.",
        "Noisiness is higher for less noise: all five attributes are higher-is-better.",
        "Photos are up to 12 MP and larger: published figures use a short side of 448 or 512 px.",
    ),
    markers=("TestImage", "|".join(_LABELS)),
    read=_read,
    counts={"all": 11125},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("spaq.tgz",)),
    columns={a.lower(): f"{a} as rated, 0..100, higher is better" for a in ATTRIBUTES},
)
