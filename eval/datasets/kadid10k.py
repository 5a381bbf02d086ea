"""KADID-10k: 81 reference photos under 25 distortions at 5 levels."""

import re
from pathlib import Path

import pandas as pd

from ._read import Folder, csv_table, numbers, parsed
from .dataset import DataSet, Mirror

_NAME = re.compile(r"I\d\d_(\d\d)_(\d\d)\.png", re.IGNORECASE)


def _read(root: Path) -> pd.DataFrame:
    path = root / "dmos.csv"
    table = csv_table(path, ["dist_img", "ref_img", "dmos"])
    parts = parsed(table, "dist_img", _NAME, "I01_01_01.png", path)
    photos = Folder([root / "images"])
    result = pd.DataFrame({"name": table["dist_img"], "label": numbers(table, "dmos", path)})
    result["path"] = [photos.path(name) for name in table["dist_img"]]
    result["group"] = table["ref_img"].str.lower()
    result["subset"], result["level"] = parts[0], parts[1].astype(int)
    result["reference"] = [photos.path(name) for name in table["ref_img"]]
    if "var" in table:
        result["label_variance"] = numbers(table, "var", path)
    return result


DATASET = DataSet(
    name="kadid10k",
    title="KADID-10k",
    task="quality",
    citation="Lin, Hosu, Saupe 2019, KADID-10k, doi:10.1109/QoMEX.2019.8743252",
    licence="images: Pixabay; free for research",
    source="https://database.mmsp-kn.de/kadid-10k-database.html",
    get="Download kadid10k.zip and unpack it.",
    scale=(1.0, 5.0),
    direction="higher is better",
    split_rule="group: by the 81 reference photos, ten seeded splits",
    traps=(
        "The column is named dmos, yet higher is better: flipping it turns every correlation around.",
        "81 references are the groups; a split by image leaks the content.",
        "The column var is given as it is (`label_variance`), not as a standard deviation.",
    ),
    markers=("images", "dmos.csv"),
    read=_read,
    counts={"all": 10125},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("kadid10k.tgz",)),
    columns={
        "level": "1 (weakest) .. 5",
        "reference": "path of the undistorted photo",
        "label_variance": "column var as published",
    },
)
