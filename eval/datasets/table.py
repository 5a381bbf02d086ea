"""Anybody's ratings: a CSV with path and scores, or a JSON file beside each photo."""

import json
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from ._own import below, one_of, only_table, photo_column, pictures, place, ratings
from ._read import csv_table, numbers
from .dataset import DataSet, DataSetError

SCALES = {
    "mos": (0.0, 1.0),
    "score": (0.0, 1.0),
    "quality": (0.0, 1.0),
    "overall": (0.0, 10.0),
    "brightness_score": (0.0, 10.0),
}
"""Label columns that are known without being told, with their scales; DECLARATION changes both."""
DECLARATION = "dataset.json"
"""Optional file beside the labels: {"label": column, "low": number, "high": number, "direction": "..."}."""
_PHOTO = ("path", "file", "image", "name")
_DIRECTIONS: tuple[Literal["higher is better", "lower is better"], ...] = ("higher is better", "lower is better")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DataSetError(file=path, found=str(error), accepted="a JSON object in UTF-8") from error
    if not isinstance(content, dict):
        raise DataSetError(file=path, found=type(content).__name__, accepted="a JSON object")
    return content


def _declared(folder: Path) -> dict[str, Any]:
    path = folder / DECLARATION
    if not path.is_file():
        return {}
    told = _json(path)
    low, high = told.get("low"), told.get("high")
    fits = isinstance(low, int | float) and isinstance(high, int | float) and low < high
    if not fits or not isinstance(told.get("label"), str) or told.get("direction", _DIRECTIONS[0]) not in _DIRECTIONS:
        accepted = f'"label" (a column), numbers "low" < "high", and "direction" ({" or ".join(_DIRECTIONS)})'
        raise DataSetError(file=path, found=json.dumps(told)[:120], accepted=accepted)
    return told


def _from_json(root: Path) -> pd.DataFrame:
    described = [(p, p.with_suffix(".json")) for p in pictures(root)]
    rows = [{"path": below(p, root), **_json(text)} for p, text in described if text.is_file()]
    if not rows:
        accepted = "one CSV file, or a JSON file of the same name beside each photo"
        raise DataSetError(file=root, found="neither", accepted=accepted)
    table = pd.DataFrame(rows, dtype=object)
    return table.where(table.notna(), "").astype(str)  # a photo may lack a rating that another has


def _read(root: Path) -> pd.DataFrame:
    path = only_table(root)
    table, source = (_from_json(root), root) if path is None else (csv_table(path), path)
    folder = root if path is None else path.parent
    told = _declared(folder)
    file = photo_column(table, _PHOTO, source)
    column = one_of(table, (told["label"],) if told else SCALES, source)
    result = pd.DataFrame({"name": table[file], "label": numbers(table, column, source)})
    result["path"] = [place(name, folder) for name in table[file]]
    for name in ("group", "split", "subset"):
        if name in table:
            result[name] = table[name]
    for name in map(str, table.columns):
        if name in (*_PHOTO, column, "group", "split", "subset"):
            continue
        values = ratings(table, name)
        if values is not None:  # further ratings, e.g. composition and contrast
            result[f"also_{name}"] = values
    result.attrs["scale"] = (float(told["low"]), float(told["high"])) if told else SCALES[column]
    result.attrs["direction"] = told.get("direction", _DIRECTIONS[0])
    return result


DATASET = DataSet(
    name="table",
    title="Ratings of one's own",
    task="table",
    citation="none",
    licence="that of the photos",
    source="a folder or CSV file of one's own",
    get="Make a CSV with path (or file) and one of mos, score, quality (0..1), overall, brightness_score (0..10); "
    f'or a JSON file beside each photo. Other columns and scales: {DECLARATION} with "label", "low", "high".',
    scale=(0.0, 1.0),
    direction="higher is better",
    split_rule="the columns split and group, where given",
    traps=(
        "The scale is never guessed from the values: a label outside it is an error that says how to declare another.",
        "Of several columns path, file, image and name, the one that names files on disk is read.",
        "Paths count from the table's folder, from one of the three above it, or from here, in this order.",
    ),
    markers=("*.csv|*.json|*/*.json",),
    read=_read,
    columns={"also_*": "every further column of numbers, NaN where a cell is empty"},
    single_file=(".csv",),
)
