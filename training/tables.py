"""From a data set's table to training and validation photos: which set, which rows, split by group."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from eval import datasets
from eval.datasets import group_split
from iqa.errors import IQAError, UnknownNameError
from iqa.manifest import DataSet

from .data import Augment, Damaged, Labelled, Make, flip, readers
from .recipe import Arrays, Photos, Settings, Split
from .twins import merged

VALIDATION_SHARE = 0.2
"""Of the photos that are not an official test, where the data set has no validation of its own."""


def read(data: Path, settings: Settings, accepted: Sequence[str]) -> pd.DataFrame:
    """The table of the data set that lies in a folder, as `eval.datasets.load` gives it, no photo missing.

    Files of equal content have one group, so that no split parts them.

    Args:
        data: folder, or what the data set accepts as a single file.
        settings: ``extra["set"]`` names the data set; "" = the first accepted one whose files are there.
        accepted: names of data sets that the recipe can learn from.

    Raises:
        UnknownNameError: a set that the recipe does not accept.
        IQAError: none of them is there (each layout is named), it is malformed, or photos are missing.
    """
    name = settings.extra.get("set", "")
    if name and name not in accepted:
        raise UnknownNameError("data set for this recipe", name, accepted)
    if not name:
        here = [each for each in accepted if datasets.find(datasets.get(each), data) is not None]
        if not here:
            layouts = " ".join(f"{each}: {datasets.get(each).wanted}." for each in accepted)
            raise IQAError(
                f"{data} holds no data set that this recipe accepts. Accepted, with what must lie there: {layouts} "
                "Say which one with --extra set=NAME."
            )
        name = here[0]
    table = datasets.load(name, data)
    missing = table["path"][table["missing"]]
    if len(missing):
        raise IQAError(
            f"{len(missing)} of {len(table)} photos of {name} are not there, the first is {missing.iloc[0]}. "
            "Complete the copy, or take their rows out of the table."
        )
    return merged([table])[0]


def divided(
    table: pd.DataFrame, settings: Settings, share: float = VALIDATION_SHARE
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(training, validation) rows with no group in both and none that is in the official test.

    The official test is left out first, with every group it shares; then the official validation is taken if there is
    one, else `share` of the rest by `group_split`. `settings.limit` leaves that many rows, evenly over the groups.

    Raises:
        IQAError: no photos or too few groups are left.
    """
    tested = set(table["group"][table["split"] == "test"])
    pool = limited(table[~table["group"].isin(tested)], settings)
    held = set(pool["group"][pool["split"] == "validation"])
    official = pool["group"].isin(held) if held else None
    if pool["group"].nunique() < 2 or (official is not None and official.all()):
        raise IQAError(
            f"{len(pool)} photos of {pool['group'].nunique()} groups are left for training and validation; accepted: "
            "at least a group for each (a group is never divided, and the official test is not for training)."
        )
    if official is not None:
        train, validation = pool[~official], pool[pool["split"] == "validation"]
    else:
        split = group_split(pool, {"train": 1.0 - share, "validation": share}, settings.seed)
        train, validation = pool[split == "train"], pool[split == "validation"]
    return train.reset_index(drop=True), validation.reset_index(drop=True)


def together(sources: Sequence[pd.DataFrame], settings: Settings) -> list[pd.DataFrame]:
    """The tables of sources that are joined, each limited and its split decided, no photo or group on two sides.

    A photo (or reference) in several of them goes where the first one puts it; one that is in the official test of any
    is left out of all. Each is then divided by `divided` as told here.

    Raises:
        IQAError: a source has nothing to train or nothing to validate.
    """
    if len(sources) == 1:
        return [*sources]
    linked, fate, decided = merged(sources, ("path", "reference")), dict[str, str](), []
    tested = {group for table in linked for group in table["group"][table["split"] == "test"]}
    for number, table in enumerate(linked, 1):
        pool = limited(table[~table["group"].isin(tested)], settings).reset_index(drop=True)
        free = pool[~pool["group"].isin(fate)]
        if free["group"].nunique() > 1:
            for side, rows in zip(("train", "validation"), divided(free, settings), strict=True):
                fate |= dict.fromkeys(rows["group"], side)
        fate = dict.fromkeys(free["group"], "train") | fate
        pool["split"] = pool["group"].map(fate)
        if pool["split"].nunique() < 2:
            raise IQAError(
                f"Source {number} has {len(pool)} photos that may be used, all on one side of the split, because other "
                "sources hold them too. Leave out that source, or name folders that do not overlap."
            )
        pool.attrs = table.attrs
        decided.append(pool)
    return decided


def limited(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """At most `settings.limit` rows: one of every group in shuffled order, then a second one, and so on."""
    if settings.limit is None or settings.limit >= len(table):
        return table
    shuffled = table.iloc[np.random.default_rng(settings.seed).permutation(len(table))]
    turn = shuffled.groupby("group").cumcount().to_numpy()
    return shuffled.iloc[np.argsort(turn, kind="stable")[: settings.limit]].sort_index()


def trained_on(table: pd.DataFrame, rows: pd.DataFrame, split: str = "train") -> tuple[DataSet, ...]:
    """What the manifest says of rows of a table that `read`, or `masked.read`, gave.

    One entry, or where the labels.csv of clean photos tells their sources or licences one per source and licence.
    """
    record = datasets.get(table.attrs["dataset"])
    title = str(table.attrs.get("title", record.title))

    def told(column: str) -> pd.Series:
        own = record.task == "photos" and column in rows
        return rows[column].fillna("") if own else pd.Series("", index=rows.index)

    counted = Counter(zip(told("subset"), told("licence"), strict=True))
    return tuple(
        DataSet(name=of or title, split=split, photos=n, license=terms or record.licence, source=record.source)
        for (of, terms), n in sorted(counted.items())
    )


def labelled(
    table: pd.DataFrame,
    settings: Settings,
    targets: Callable[[pd.DataFrame], Arrays],
    augment: Augment = flip,
    even: str | None = None,
) -> Split:
    """Training and validation photos with targets, which are computed from the rows of each side alone.

    Of the training photos those of a rare class of the column `even` come several times per epoch (see `evened`).
    """
    (train, validation), read_by = divided(table, settings), readers(settings)
    rows = train if even is None else evened(train, even), validation
    parts = [
        Labelled([*map(Path, part["path"])], [*map(str, part["group"])], targets(part), reader, augment)
        for part, reader in zip(rows, read_by, strict=True)
    ]
    return Split(parts[0], parts[1], trained_on(table, train))


def evened(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows, those of each class repeated a whole number of times, nearest to as often as the most frequent one."""
    counts = rows[column].value_counts()
    times = rows[column].map((counts.max() / counts).round().astype(int))
    return rows.loc[rows.index.repeat(times)].reset_index(drop=True)


def damaged(table: pd.DataFrame, settings: Settings, make: Make, repeats: int = 1) -> Split:
    """Clean training and validation photos, split by group, then damaged on the fly by `make` (see Damaged)."""
    rows, read_by = divided(table, settings), readers(settings)
    parts = [
        Damaged([*map(Path, part["path"])], [*map(str, part["group"])], make, settings.seed, repeats, reader)
        for part, reader in zip(rows, read_by, strict=True)
    ]
    return Split(parts[0], parts[1], trained_on(table, rows[0]))


def mos(table: pd.DataFrame, name: str = "quality") -> Arrays:
    """{name: (photos, 1)}: mean opinion score mapped to [0, 1], higher is better."""
    return {name: table[["mos"]].to_numpy(np.float32)}


def one_hot(table: pd.DataFrame, column: str, classes: Sequence[str], name: str) -> Arrays:
    """{name: (photos, classes)}: 1 in the column of the photo's class.

    Raises:
        IQAError: a class that is not among them.
    """
    odd = sorted(set(table[column]) - set(classes))
    if odd:
        raise IQAError(f"Column {column} holds {odd[0]!r}; accepted: {', '.join(classes)}.")
    found = table[column].to_numpy()[:, None] == np.array(classes, dtype=object)[None]
    return {name: found.astype(np.float32)}


def balancing(one_hot_rows: NDArray[np.float32]) -> Arrays:
    """{"weight": (photos, 1)}: inverse frequency of the photo's class, of mean 1; the losses multiply by it."""
    frequency = one_hot_rows.mean(axis=0, keepdims=True)
    share = (one_hot_rows * frequency).sum(axis=1, keepdims=True)
    return {"weight": (1.0 / share / np.mean(1.0 / share)).astype(np.float32)}


def summary(photos: Photos) -> dict[str, object]:
    """{samples, files, groups, group_sha256} of one side, for settings.json."""
    names = sorted(set(photos.groups))
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
    return {"samples": len(photos), "files": len(set(photos.paths)), "groups": len(names), "group_sha256": digest}
