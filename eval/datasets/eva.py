"""EVA: 4,070 photos of AVA with explained aesthetic votes."""

from pathlib import Path

import pandas as pd

from ._read import Folder, csv_table, numbers
from .dataset import DataSet

ATTRIBUTES = ("visual", "composition", "quality", "semantic")
_VOTES, _CATEGORIES = "data/votes_filtered.csv", "data/image_content_category.csv"


def _read(root: Path) -> pd.DataFrame:
    path = root / _VOTES
    table = csv_table(path, ["image_id", "score"], sep="=")
    given = [name for name in ATTRIBUTES if name in table]
    votes = pd.DataFrame({name: numbers(table, name, path) for name in ("score", *given)})
    by_image = votes.groupby(table["image_id"], sort=True)
    mean = by_image.mean()
    result = pd.DataFrame({"name": mean.index, "label": mean["score"].to_numpy()})
    result["label_sd"] = by_image["score"].std(ddof=0).to_numpy()
    result["n_votes"] = by_image.size().to_numpy()
    for name in given:
        result[name] = mean[name].to_numpy()
    photos = Folder([root / "images"], below=True)
    result["path"] = [photos.path(f"{name}.jpg") for name in result["name"]]
    if (root / _CATEGORIES).is_file():
        category = csv_table(root / _CATEGORIES).iloc[:, :2].set_axis(["id", "category"], axis=1)
        result["subset"] = result["name"].map(category.set_index("id")["category"]).fillna("")
    return result


DATASET = DataSet(
    name="eva",
    title="EVA",
    task="aesthetics",
    citation="Kang, Valenzise, Dufaux 2020, EVA: an explainable visual aesthetics dataset, doi:10.1145/3423268.3423590",
    licence="annotations CC0; the photos are those of AVA",
    source="https://github.com/kang-gnak/eva-dataset",
    get="Clone kang-gnak/eva-dataset, join the parts of images/EVA_together.zip and unpack it there.",
    scale=(0.0, 10.0),
    direction="higher is better",
    split_rule="none published: ten seeded splits by photo",
    traps=(
        "votes_filtered.csv is separated by '=', the category file by commas; one row is one vote, not one image.",
        "Only 4,070 of the 5,101 images have filtered votes.",
        "All photos are from AVA: a model trained on AVA has seen them.",
        "The attributes are rated 1 (very bad) .. 4 (very good), the score 0 .. 10.",
    ),
    markers=(_VOTES,),
    read=_read,
    counts={"all": 4070},
    columns=dict.fromkeys(ATTRIBUTES, "mean vote 1..4, higher is better") | {"n_votes": "votes per image"},
)
