"""CSIQ: 30 reference photos under 6 distortions."""

from pathlib import Path

import pandas as pd

from ._read import Folder, excel_table, fields, first_file, numbers, one_size, translated
from .dataset import DataSet, Mirror

_FILE = {
    "noise": "AWGN",
    "blur": "BLUR",
    "contrast": "contrast",
    "fnoise": "fnoise",
    "jpeg": "JPEG",
    "jpeg 2000": "jpeg2000",
}
"""Distortion in the workbook to the middle of the file name."""
_WORKBOOK, _LIST = "csiq.DMOS.xlsx", "csiq_label.txt"


def _from_workbook(path: Path) -> pd.DataFrame:
    columns = ["image", "dst_type", "dst_lev", "dmos", "dmos_std"]
    table = excel_table(path, columns, "all_by_image")
    kind = translated(table, "dst_type", _FILE, path)
    level = numbers(table, "dst_lev", path).astype(int).astype(str)
    name = table["image"].str.removesuffix(".0") + "." + kind + "." + level + ".png"
    label, deviation = numbers(table, "dmos", path), numbers(table, "dmos_std", path)
    return pd.DataFrame({"name": name, "label": label, "label_sd": deviation})


def _from_list(path: Path) -> pd.DataFrame:
    rows = pd.DataFrame([row[:2] for row in fields(path, 2, "a file name and a DMOS")], columns=["name", "dmos"])
    return pd.DataFrame({"name": rows["name"], "label": numbers(rows, "dmos", path, header_rows=0)})


def _read(root: Path) -> pd.DataFrame:
    path = first_file(root, _WORKBOOK, _LIST)
    result = _from_workbook(path) if path.name == _WORKBOOK else _from_list(path)
    parts = result["name"].str.rsplit(".", n=3, expand=True)
    photos = Folder([root / "dst_imgs"], below=True)
    references = one_size([[root / "src_imgs"], [root]], [f"{name}.png" for name in sorted(set(parts[0]))])
    result["path"] = [photos.path(name) for name in result["name"]]
    result["group"], result["subset"], result["level"] = parts[0], parts[1].str.lower(), parts[2].astype(int)
    result["reference"] = [references.path(f"{name}.png") for name in parts[0]]
    return result


DATASET = DataSet(
    name="csiq",
    title="CSIQ",
    task="quality",
    citation="Larson, Chandler 2010, Most apparent distortion, doi:10.1117/1.3267105",
    licence="research; see its page",
    source="https://s2.smu.edu/~eclarson/csiq.html",
    get="Download src_imgs.zip, dst_imgs.zip and csiq.DMOS.xlsx and unpack them into one folder.",
    scale=(0.0, 1.0),
    direction="lower is better",
    split_rule="group: by the 30 reference photos, ten seeded splits",
    traps=(
        "DMOS: lower is better; `mos` is flipped, `label` is not.",
        "The workbook's table (sheet all_by_image) starts below and right of the corner; reference 1600 is a number.",
        "The workbook says noise and 'jpeg 2000' where the files say AWGN and jpeg2000.",
        "Some distorted images have no rating: contrast has 116 of 150.",
    ),
    markers=("dst_imgs", f"{_WORKBOOK}|{_LIST}"),
    read=_read,
    counts={"all": 866},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("csiq.tgz",)),
    columns={"level": "1 (weakest) .. 5", "reference": "path of the undistorted photo"},
)
