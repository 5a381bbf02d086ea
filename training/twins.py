"""Equal files as one group, within a table and between tables, so that no split parts a photo from its copies."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def marks(paths: Sequence[str]) -> list[str]:
    """Per path a text that only equal files share, by content; a file that is not there equals itself alone.

    Only files of equal size are read: others cannot be equal.
    """
    real = [str(Path(path).resolve()) for path in paths]
    sizes: dict[str, int] = {}
    for path in dict.fromkeys(real):
        if Path(path).is_file():
            sizes[path] = Path(path).stat().st_size
    often = pd.Series(sizes, dtype=np.int64).duplicated(keep=False)
    told = {path: _digest(path) if often[path] else path for path in sizes}
    return [told.get(path, path) for path in real]


def _digest(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return path  # the pass that reads every photo says what is wrong with it


def merged(tables: Sequence[pd.DataFrame], columns: Sequence[str] = ("path",)) -> list[pd.DataFrame]:
    """The tables with one group for all rows that share a group or a file, whichever table they are in.

    Equal names of groups in two tables are two groups; of several tables, each name gets the number of its own in
    front. A group without copies elsewhere keeps its name.

    Args:
        tables: with the columns `group` and, where a table has them, `columns`.
        columns: paths; "" = no file.
    """
    front = [f"{number}/" if len(tables) > 1 else "" for number in range(len(tables))]
    groups = [
        table["group"].map(lambda group, text=text: f"{text}{group}") for table, text in zip(tables, front, strict=True)
    ]
    pairs = [
        (group, path)
        for table, named in zip(tables, groups, strict=True)
        for column in columns
        if column in table
        for group, path in zip(named, table[column], strict=True)
        if path
    ]
    found, names = pd.factorize(np.array([group for group, _ in pairs], dtype=object), sort=True)
    files, _ = pd.factorize(np.array(marks([path for _, path in pairs]), dtype=object))
    count = len(names) + len(pairs)
    graph = coo_array((np.ones(len(pairs)), (found, len(names) + files)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1][: len(names)]
    first = pd.Series(names).groupby(labels).transform("first")
    one = dict(zip(names, first, strict=True))
    return [
        table.assign(group=named.map(lambda name: one.get(name, name)))
        for table, named in zip(tables, groups, strict=True)
    ]
