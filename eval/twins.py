"""Near-equal photos inside and across train and test: ``python -m eval.run twins DATASET --data DIR [--json]``."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from iqa.batch import Progress

from . import datasets
from .datasets import duplicate_groups, duplicates

MOST_PAIRS = 40
"""Pairs that are printed, those across splits first; --json gives all."""
BY_REFERENCE = ("enhancement", "noise")
"""Tasks whose photos are compared by their references: the inputs are too dark or too noisy to show the scene."""
EPILOG = """exit code: 0 = no pair crosses a split; 1 = one does, or a photo could not be read; 2 = the call is wrong;
3 = the data is absent"""


@dataclass(frozen=True)
class Twins:
    """What a scan found.

    Attributes:
        name, title: of the data set.
        photos: rows of its table; missing: those whose photo is not on disk.
        unread: photos that could not be read, with the reason.
        pairs: a, b (names), split_a, split_b, distance (bits of 64), correlation, across (in different splits),
            one_group (the data set keeps both in one group already); those across splits first, then as listed.
        groups: of photos that a chain of pairs joins.
    """

    name: str
    title: str
    photos: int
    missing: int
    unread: dict[str, str]
    pairs: pd.DataFrame
    groups: int

    @property
    def across(self) -> int:
        """Pairs whose photos are in different splits."""
        return int(self.pairs["across"].sum())

    def as_dict(self) -> dict[str, object]:
        """The JSON object."""
        return {
            "dataset": self.name,
            "photos": self.photos,
            "missing": self.missing,
            "unread": [{"name": name, "error": error} for name, error in self.unread.items()],
            "inside": len(self.pairs) - self.across,
            "across": self.across,
            "groups": self.groups,
            "pairs": self.pairs.to_dict(orient="records"),
        }


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = no pair crosses a split, 1 = one does or a photo could not be read.

    Raises:
        UnknownNameError: no such data set. AbsentData: no copy was found (exit code 3).
        DataSetError: a copy is malformed. SystemExit: by argparse.
    """
    parser = argparse.ArgumentParser(
        prog="python -m eval.run twins",
        description="Near-equal photos of a data set, inside and across train and test.",
        epilog=EPILOG,
    )
    parser.add_argument("dataset", metavar="DATASET", help="a name that `python -m eval.run ls` lists")
    parser.add_argument("--data", type=Path, metavar="DIR", help="its folder, or the one above it")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    call = parser.parse_args(arguments)
    found = scan(datasets.get(call.dataset), datasets.load(call.dataset, call.data))
    print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) if call.json else "\n".join(_lines(found)))
    return 1 if found.across or found.unread else 0


def scan(dataset: datasets.DataSet, table: pd.DataFrame) -> Twins:
    """The near-equal photos of a table that the data set gave."""
    if dataset.task in BY_REFERENCE:
        there = [Path(path).is_file() for path in table["reference"]]
        table = table.assign(path=table["reference"], missing=[not is_there for is_there in there])
    progress, total, unread = Progress(), int((~table["missing"]).sum()), dict[str, str]()
    pairs = duplicates(
        table, seen=lambda done: progress.show(f"{dataset.name}: {done:,} of {total:,} photos"), unread=unread
    )
    progress.clear()
    split, group = (table.set_index("name")[column] for column in ("split", "group"))
    for side in ("a", "b"):
        pairs[f"split_{side}"] = pairs[side].map(split)
    pairs["one_group"] = pairs["a"].map(group) == pairs["b"].map(group)
    pairs["across"] = pairs["across"].astype(bool)
    pairs = pairs.sort_values("across", ascending=False, kind="stable", ignore_index=True)
    joined = pd.Series(duplicate_groups(list(table["name"]), pairs)).value_counts()
    return Twins(
        dataset.name, dataset.title, len(table), int(table["missing"].sum()), unread, pairs, int((joined > 1).sum())
    )


def _lines(found: Twins) -> Iterator[str]:
    looked = found.photos - found.missing - len(found.unread)
    yield f"{found.title}: {looked:,} of {found.photos:,} photos compared, {found.missing:,} are not on disk"
    for name, error in found.unread.items():
        yield f"  {name}: {error}"
    known = int(found.pairs["one_group"].sum())
    yield (
        f"near-equal pairs: {len(found.pairs):,} ({found.across:,} across splits, {len(found.pairs) - found.across:,} "
        f"inside one), groups of them: {found.groups:,}; pairs that the data set keeps in one group: {known:,}"
    )
    for row in found.pairs.head(MOST_PAIRS).to_dict(orient="records"):
        where = " and ".join(dict.fromkeys(row[side] or "no split" for side in ("split_a", "split_b")))
        measured = f"{row['distance']} of 64 bits differ, correlation {row['correlation']:.3f}"
        yield f"  {row['a']} = {row['b']}  ({where}; {measured})"
    if len(found.pairs) > MOST_PAIRS:
        yield f"  and {len(found.pairs) - MOST_PAIRS:,} more: --json lists all"
