"""What a data set is: its record, the table that every loader gives, and where a copy is looked for."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from iqa.errors import IQAError

Task = Literal["quality", "aesthetics", "enhancement", "blur", "burst", "noise", "photos", "table"]
Direction = Literal["higher is better", "lower is better"]

ENVIRONMENT = "IQA_DATA"
"""Environment variable that names the folder of all data sets."""
SPLITS = ("train", "validation", "test")
COLUMNS = ("name", "path", "label", "mos", "group", "split", "subset", "missing")
"""Columns of every table, first and in this order; the task's own columns follow."""
RATED: tuple[Task, ...] = ("quality", "aesthetics", "blur", "table")
"""Tasks in which every image has a label on the scale."""


class DataSetError(IQAError):
    """A copy of a data set that is not as its authors ship it; names file, row, what was found, what is accepted."""

    def __init__(self, *, file: Path | str, found: str, accepted: str, row: int | None = None) -> None:
        self.file, self.row, self.found, self.accepted = str(file), row, found, accepted
        place = f"{file}" if row is None else f"{file}, row {row}"
        super().__init__(f"Could not read {place}: {found}. Accepted: {accepted}.")


class AbsentData(IQAError):  # noqa: N818 (an outcome with its own exit code, not a fault)
    """A data set of which no copy was found; the text says where it was looked for and how to get it."""

    exit_code = 3

    def __init__(self, dataset: "DataSet", data: Path | None) -> None:
        self.name, self.places = dataset.name, looked(dataset, data)
        mirror = f" Or add --download: {dataset.mirror.repository} on the Hub holds a copy." if dataset.mirror else ""
        super().__init__(
            f"{dataset.title} was not found: no {dataset.wanted} in {', '.join(map(str, self.places))}. "
            f"{dataset.get} Source: {dataset.source}. Then name its folder with --data, or put it under "
            f"${ENVIRONMENT}/{dataset.name}.{mirror}"
        )


@dataclass(frozen=True)
class Mirror:
    """A public copy on the Hugging Face Hub.

    Attributes:
        repository: owner/name of a dataset repository.
        files: archives (.zip, .tar, .tgz, .tar.gz) to unpack, or single files, in it.
        revision: 40-hex commit, or None: the newest, which is then resolved to a commit and written down.
    """

    repository: str
    files: tuple[str, ...]
    revision: str | None = None


@dataclass(frozen=True)
class DataSet:
    """One data set as its authors ship it.

    Attributes:
        name: on the command line and in $IQA_DATA.
        title: as the authors write it.
        task: what its labels can measure.
        citation: authors, title, year, DOI.
        licence: as stated by the authors.
        source: where it comes from.
        get: how to get it, in one or two sentences.
        scale: (low, high) of the published label.
        direction: of the published label; `load` gives `mos` with higher always better.
        split_rule: which images may be on two sides of a split, and who says so.
        traps: what a reader of this distribution gets wrong, one sentence each.
        markers: glob patterns relative to its folder that prove it is there; "a|b" is either of two.
        read: published columns from a folder that holds the markers: `name`, `path`, `label` and optional ones.
        mirror: a copy for --download, or None.
        columns: further columns of the table, with their meaning.
        single_file: suffixes of a file that may be named instead of a folder.
        counts: images as published, by split, or under "all"; empty where nobody says. A copy may list fewer: `load`
            says so, it does not refuse.
    """

    name: str
    title: str
    task: Task
    citation: str
    licence: str
    source: str
    get: str
    scale: tuple[float, float]
    direction: Direction
    split_rule: str
    traps: tuple[str, ...]
    markers: tuple[str, ...]
    read: Callable[[Path], pd.DataFrame]
    mirror: Mirror | None = None
    columns: dict[str, str] = field(default_factory=dict)
    single_file: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def wanted(self) -> str:
        """The markers as a phrase."""
        return " and ".join(marker.replace("|", " or ") for marker in self.markers)

    def present(self, root: Path) -> bool:
        """True when a folder holds all markers, or for a file that stands for itself."""
        if root.is_file():
            return root.suffix.lower() in self.single_file
        return root.is_dir() and all(
            any(next(root.glob(pattern), None) is not None for pattern in marker.split("|")) for marker in self.markers
        )

    def load(self, root: Path) -> pd.DataFrame:
        """One row per image, in the order of the label file; COLUMNS first.

        `name` is unique; `path` absolute; `label` as published and `mos` the same mapped linearly to [0, 1] with
        higher better (NaN where the task has no rating); `label_sd`, when there, in units of the label; `group`
        is what must not be split; `split` is train, validation, test or "" (none); `missing` marks rows whose image
        is not on disk: they stay, so that they are counted. ``attrs["scale"]`` and ``attrs["direction"]`` describe
        `label`; ``attrs["counts"]`` says where the rows are not as many as published ("" = nowhere);
        ``attrs["read"]`` names, relative to the root, which of several copies was read ("" where there is one only).

        Raises:
            DataSetError: a label file is malformed, a name stands twice, or a label is outside the scale.
        """
        table = self.read(root.resolve())
        for column in ("group", "split", "subset"):
            if column not in table:
                table[column] = table["name"] if column == "group" else ""
        if "label" not in table:
            table["label"] = np.nan
        low, high = table.attrs.get("scale", self.scale)
        direction: Direction = table.attrs.get("direction", self.direction)
        self._check(table, root, (low, high))
        table["mos"] = to_mos(table["label"], (low, high), direction) if self.task in RATED else np.nan
        table["missing"] = [not Path(path).is_file() for path in table["path"]]
        rest = [column for column in table if column not in COLUMNS]
        read = table.attrs.get("read", "")
        table = table[[*COLUMNS, *rest]].reset_index(drop=True)
        table.attrs = {"dataset": self.name, "scale": (low, high), "direction": direction, "read": read}
        table.attrs["counts"] = self.counted(table)
        return table

    def counted(self, table: pd.DataFrame) -> str:
        """Where the rows are fewer or more than the images as published, in one sentence without a full stop, or ""."""
        found = table["split"].value_counts()
        published = self.counts
        if not any(split in found for split in SPLITS) or set(published) == {"all"}:
            found = pd.Series({"all": len(table)})
            published = {"all": sum(published.values())} if published else {}
        parts = [
            f"{found.get(split, 0):,} of {count:,}{'' if split == 'all' else f' {split}'}"
            for split, count in published.items()
            if found.get(split, 0) != count
        ]
        return f"{', '.join(parts)} photos as published are listed" if parts else ""

    def _check(self, table: pd.DataFrame, root: Path, scale: tuple[float, float]) -> None:
        twice = table["name"][table["name"].duplicated()]
        if len(twice):
            raise DataSetError(file=root, found=f"{twice.iloc[0]!r} is listed twice", accepted="each image once")
        odd = sorted(set(table["split"]) - {*SPLITS, ""})
        if odd:
            raise DataSetError(file=root, found=f"a split {odd[0]!r}", accepted=f"{', '.join(SPLITS)} or none")
        if self.task not in RATED:
            return
        outside = table[~table["label"].between(*scale)]
        if len(outside):
            name, label = outside["name"].iloc[0], outside["label"].iloc[0]
            raise DataSetError(
                file=root, found=f"the label {label} of {name}", accepted=f"numbers from {scale[0]:g} to {scale[1]:g}"
            )


def to_mos(label: pd.Series, scale: tuple[float, float], direction: Direction) -> pd.Series:
    """The label mapped linearly to [0, 1], higher better: a lower-is-better label is flipped here, and only here."""
    low, high = scale
    share = (label.astype(float) - low) / (high - low)
    return 1.0 - share if direction == "lower is better" else share


def looked(dataset: DataSet, data: Path | None) -> list[Path]:
    """Where a data set is looked for, in order: in the named folder only, or without one in $IQA_DATA and ./data."""
    if data is not None:
        return [data, data / dataset.name]
    places = [Path("data") / dataset.name]
    environment = os.environ.get(ENVIRONMENT)
    return [Path(environment) / dataset.name, *places] if environment else places


def find(dataset: DataSet, data: Path | None) -> Path | None:
    """The first folder of `looked` that holds the data set, or None."""
    return next((place for place in looked(dataset, data) if dataset.present(place)), None)
