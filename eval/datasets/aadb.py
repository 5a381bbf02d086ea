"""AADB: 9,958 photos from Flickr with an aesthetic score and 11 attributes."""

from pathlib import Path

import pandas as pd

from ._read import fields, numbers, one_size
from .dataset import DataSet, DataSetError

ATTRIBUTES = {
    "BalacingElements": "balancing_elements",
    "ColorHarmony": "color_harmony",
    "Content": "content",
    "DoF": "depth_of_field",
    "Light": "light",
    "MotionBlur": "motion_blur",
    "Object": "object",
    "Repetition": "repetition",
    "RuleOfThirds": "rule_of_thirds",
    "Symmetry": "symmetry",
    "VividColor": "vivid_color",
}
"""Attribute in the file names (the first is misspelled there) to column."""
_LISTS = {"test": "TestNew", "validation": "Validation", "train": "Train"}
_FOLDER = "imgListFiles_label"
_COPIES = (("datasetImages_originalSize", "AADB_newtest_originalSize"), ("datasetImages_warp256", "AADB_newtest"))
"""The folders of train and test: as taken, and squashed to 256 x 256."""


def _column(path: Path) -> pd.Series:
    rows = pd.DataFrame([row[:2] for row in fields(path, 2, "a file name and a number")], columns=["name", "value"])
    return pd.Series(numbers(rows, "value", path, header_rows=0), index=rows["name"])


def _list(root: Path, split: str) -> pd.DataFrame:
    stem = f"{_FOLDER}/imgList{_LISTS[split]}Regression_"
    score = _column(root / f"{stem}score.txt")
    table = pd.DataFrame({"name": score.index, "label": score.to_numpy(), "split": split})
    for attribute, column in ATTRIBUTES.items():
        path = root / f"{stem}{attribute}.txt"
        if path.is_file():
            values = _column(path)
            if list(values.index) != list(score.index):
                raise DataSetError(file=path, found="other images than in the score list", accepted="the same order")
            table[column] = values.to_numpy()
    return table


def _read(root: Path) -> pd.DataFrame:
    result = pd.concat([_list(root, split) for split in _LISTS], ignore_index=True)
    result = result[~result["name"].duplicated()].reset_index(drop=True)  # the test comes first and keeps its images
    photos = one_size([[root / folder for folder in copy] for copy in _COPIES], result["name"])
    result["path"] = [photos.path(name) for name in result["name"]]
    result.attrs["read"] = photos.read(root)
    return result


DATASET = DataSet(
    name="aadb",
    title="AADB",
    task="aesthetics",
    citation="Kong, Shen, Lin, Mech, Fowlkes 2016, Photo aesthetics ranking network with attributes and content "
    "adaptation, doi:10.1007/978-3-319-46448-0_40",
    licence="images: Creative Commons, per Flickr author; research",
    source="https://github.com/aimerykong/deepImageAestheticsAnalysis",
    get="Download imgListFiles_label, datasetImages_originalSize and AADB_newtest_originalSize from its README.",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="official: imgListTrain, imgListValidation and imgListTestNew",
    traps=(
        "imgListTestRegression is an older test; the published figures are on imgListTestNew.",
        "Lists may share images: each is kept once, in the test before validation before train.",
        "The attribute files misspell BalacingElements; attributes are -1 .. 1, higher is better.",
        "datasetImages_warp256 is squashed to squares: it is read where fewer originals are there, then alone.",
    ),
    markers=(f"{_FOLDER}/imgListTestNewRegression_score.txt", f"{_FOLDER}/imgListTrainRegression_score.txt"),
    read=_read,
    counts={"all": 9958},
    columns=dict.fromkeys(ATTRIBUTES.values(), "-1 .. 1, higher is better"),
)
