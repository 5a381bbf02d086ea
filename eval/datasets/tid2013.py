"""TID2013: 25 reference photos under 24 distortions at 5 levels."""

import re
from pathlib import Path

import pandas as pd

from ._read import Folder, fields, numbers, parsed, same_length
from .dataset import DataSet, Mirror

_NAME = re.compile(r"i(\d\d)_(\d\d)_(\d)\.bmp", re.IGNORECASE)


def _read(root: Path) -> pd.DataFrame:
    path = root / "mos_with_names.txt"
    rows = fields(path, 2, "a score and a file name")
    table = pd.DataFrame([row[:2] for row in rows], columns=["mos", "name"])
    parts = parsed(table, "name", _NAME, "I01_01_1.bmp", path, header_rows=0)
    photos = Folder([root / "distorted_images"])
    references = Folder([root / "reference_images"])
    result = pd.DataFrame({"name": table["name"].str.lower(), "label": numbers(table, "mos", path, header_rows=0)})
    result["path"] = [photos.path(name) for name in table["name"]]
    result["group"] = "i" + parts[0]
    result["subset"], result["level"] = parts[1], parts[2].astype(int)
    result["reference"] = [references.path(f"I{number}.BMP") for number in parts[0]]
    deviations = root / "mos_std.txt"
    if deviations.is_file():
        sd = pd.DataFrame(fields(deviations, 1, "a standard deviation"))
        same_length(deviations, scores=list(table.index), deviations=list(sd.index))
        result["label_sd"] = numbers(sd, 0, deviations, header_rows=0)  # type: ignore[arg-type]
    return result


DATASET = DataSet(
    name="tid2013",
    title="TID2013",
    task="quality",
    citation="Ponomarenko et al. 2015, Image database TID2013, doi:10.1016/j.image.2014.10.009",
    licence="research; see its page",
    source="https://www.ponomarenko.info/tid2013.htm",
    get="Download tid2013.rar and unpack it.",
    scale=(0.0, 9.0),
    direction="higher is better",
    split_rule="group: by the 25 reference photos, ten seeded splits",
    traps=(
        "The case of the names varies between the list and the files, and among files (i25.bmp, I01.BMP).",
        "A random split by image leaks the content: .950 SRCC by image against .514 by reference for one model.",
        "Reference 25 is a synthetic picture, not a photo.",
    ),
    markers=("distorted_images", "mos_with_names.txt"),
    read=_read,
    counts={"all": 3000},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("tid2013.tgz",)),
    columns={"level": "1 (weakest) .. 5", "reference": "path of the undistorted photo"},
)
