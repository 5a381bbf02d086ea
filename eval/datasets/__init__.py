"""The public benchmarks, one file each: a module of this package with a DATASET is registered by being there.

Modules whose name begins with an underscore are shared helpers. Start with `names`, `get`, `load`, `listing`.
"""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

import pandas as pd

from iqa.errors import UnknownNameError

from ._split import group_split, seeded_splits
from ._twins import duplicate_groups, duplicates
from .dataset import AbsentData, DataSet, DataSetError, Mirror, find, looked, to_mos

__all__ = [
    "AbsentData",
    "DataSet",
    "DataSetError",
    "Mirror",
    "duplicate_groups",
    "duplicates",
    "find",
    "get",
    "group_split",
    "listing",
    "load",
    "looked",
    "names",
    "seeded_splits",
    "to_mos",
]


@cache
def _all() -> dict[str, DataSet]:
    """Name to record, by name. A module without DATASET is a mistake and raises."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    kept = [name for name in modules if not name.startswith("_") and name != "dataset"]
    records: list[DataSet] = [importlib.import_module(f"{__name__}.{name}").DATASET for name in kept]
    return {record.name: record for record in records}


def names() -> tuple[str, ...]:
    """Names of all data sets, sorted."""
    return tuple(_all())


def get(name: str) -> DataSet:
    """The record of a data set.

    Raises:
        UnknownNameError: no such data set; the nearest name and the list are in the text.
    """
    if name not in _all():
        raise UnknownNameError("data set", name, names())
    return _all()[name]


def load(name: str, data: Path | None = None) -> pd.DataFrame:
    """The table of a data set (see `DataSet.load`), found by `find`; ``attrs["root"]`` says where.

    Raises:
        UnknownNameError: no such data set.
        AbsentData: no copy was found (exit code 3).
        DataSetError: a copy is malformed.
    """
    dataset = get(name)
    root = find(dataset, data)
    if root is None:
        raise AbsentData(dataset, data)
    table = dataset.load(root)
    table.attrs["root"] = str(root)
    return table


def listing(data: Path | None = None) -> pd.DataFrame:
    """One row per data set: name, title, task, scale, direction, split_rule, licence, here, looked, get.

    `here` is the folder that holds it or ""; `looked` names every place that was tried.
    """
    rows = []
    for dataset in _all().values():
        here = find(dataset, data)
        rows.append(
            {
                "name": dataset.name,
                "title": dataset.title,
                "task": dataset.task,
                "scale": f"{dataset.scale[0]:g}..{dataset.scale[1]:g}" if dataset.scale != (0.0, 0.0) else "",
                "direction": dataset.direction,
                "split_rule": dataset.split_rule,
                "licence": dataset.licence,
                "here": "" if here is None else str(here),
                "looked": ", ".join(map(str, looked(dataset, data))),
                "get": dataset.get,
            }
        )
    return pd.DataFrame(rows)
