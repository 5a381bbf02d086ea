"""Anybody's blur photos: a folder per class, or a CSV with file, label and scene."""

from pathlib import Path

import pandas as pd

from ._own import below, only_table, photo_column, pictures, place
from ._read import csv_table, translated
from .dataset import SPLITS, DataSet

CLASSES = {
    "sharp": "sharp",
    "1": "sharp",
    "blurry": "blurry",
    "0": "blurry",
    "defocused_object_portrait": "defocused_object_portrait",
    "defocused_blurred": "defocused_blurred",
    "motion_blurred": "motion_blurred",
}
"""Label in a CSV, or name of a folder, to `blur_type`; "blurry" is blur of an unknown kind."""


def _from_csv(path: Path) -> pd.DataFrame:
    table = csv_table(path, ["label"])
    file = photo_column(table, ("file", "path"), path)
    blur_type = translated(table, "label", CLASSES, path)
    result = pd.DataFrame({"name": table[file], "blur_type": blur_type})
    result["path"] = [place(name, path.parent) for name in table[file]]
    for given, column in (("scene", "group"), ("source", "subset"), ("split", "split"), ("note", "note")):
        if given in table:
            result[column] = table[given]
    return result


def _from_folders(root: Path) -> pd.DataFrame:
    rows = []
    for path in pictures(root):
        *above, kind = path.relative_to(root).parts[:-1] or ("",)
        if kind not in CLASSES:
            continue  # pictures beside the class folders belong to no class
        split = above[-1] if above and above[-1] in SPLITS else ""
        rows.append({"name": below(path, root), "path": str(path), "blur_type": CLASSES[kind], "split": split})
    return pd.DataFrame(rows, columns=["name", "path", "blur_type", "split"])


def _read(root: Path) -> pd.DataFrame:
    table = only_table(root)
    result = _from_folders(root) if table is None else _from_csv(table)
    return result.assign(label=(result["blur_type"] == "sharp").astype(float))


DATASET = DataSet(
    name="blurset",
    title="Blur photos of one's own",
    task="blur",
    citation="none",
    licence="that of the photos",
    source="a folder of one's own",
    get="Make a folder per class (sharp, blurry, motion_blurred, defocused_blurred, defocused_object_portrait), or "
    "labels.csv with file (or path) and label, and if known scene, source, split, note.",
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="group: by `scene`; without that column every photo is its own group",
    traps=(
        "A panning shot with a sharp subject, and a blurred background behind a sharp one, count as sharp.",
        "A class that alone went through another resize or codec is a shortcut, not blur.",
        "Frames of one scene must not be split: give `scene`.",
    ),
    markers=("labels.csv|*.csv|sharp|*/sharp",),
    read=_read,
    columns={
        "blur_type": "sharp, blurry, defocused_object_portrait, defocused_blurred or motion_blurred",
        "note": "what the list says of the photo, such as panning; only where it has the column",
    },
    single_file=(".csv",),
)
