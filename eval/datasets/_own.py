"""Reading the folders that people make themselves: which table, which columns, where the pictures are."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from iqa.image import EXTENSIONS
from iqa.sources import natural_key

from .dataset import DataSetError


def pictures(folder: Path) -> Iterator[Path]:
    """The photos in a folder and below, in natural order of their paths, hidden ones left out."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in EXTENSIONS and p.is_file())
    visible = (p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))
    yield from sorted(visible, key=lambda path: natural_key(str(path)))


def place(text: str, beside: Path) -> str:
    """The absolute path that a table means: below the table's folder, one of the folders above it, or here."""
    given = Path(text)
    tried = [beside / given, *(above / given for above in list(beside.parents)[:3]), Path.cwd() / given]
    return str(next((path for path in tried if path.is_file()), tried[0]))


def only_table(root: Path, preferred: str = "labels.csv") -> Path | None:
    """The preferred table of a folder, else its only CSV file; None when it has none. A file stands for itself.

    Raises:
        DataSetError: several CSV files, none of the preferred name.
    """
    if root.is_file():
        return root
    if (root / preferred).is_file():
        return root / preferred
    tables = sorted(root.glob("*.csv"))
    if len(tables) > 1:
        found = f"{len(tables)} tables ({', '.join(t.name for t in tables[:5])})"
        raise DataSetError(file=root, found=found, accepted=f"one CSV file, or one named {preferred}")
    return tables[0] if tables else None


def one_of(table: pd.DataFrame, accepted: Iterable[str], file: Path) -> str:
    """The one column of a table that is among the accepted names.

    Raises:
        DataSetError: none is, or several are.
    """
    names = list(accepted)
    found = [name for name in names if name in table]
    if len(found) != 1:
        what = "none of the columns" if not found else f"the columns {' and '.join(found)}"
        raise DataSetError(file=file, found=what, accepted=f"exactly one of {', '.join(names)}")
    return found[0]


def photo_column(table: pd.DataFrame, accepted: Iterable[str], file: Path) -> str:
    """The column that names the photos: the only one of the accepted names, or of several the one whose files exist.

    Of several, the one with most files on disk is taken, the earlier name when two have equally many.

    Raises:
        DataSetError: there is none, or there are several and none of them names a file.
    """
    names = list(accepted)
    found = [name for name in names if name in table]
    if len(found) < 2:
        return one_of(table, names, file)
    beside = file if file.is_dir() else file.parent
    there = {name: sum(Path(place(cell, beside)).is_file() for cell in table[name] if cell) for name in found}
    best = max(found, key=lambda name: there[name])
    if not there[best]:
        what = f"the columns {' and '.join(found)}, none of which names a file"
        raise DataSetError(file=file, found=what, accepted=f"one of {', '.join(names)} with the paths of the photos")
    return best


def ratings(table: pd.DataFrame, column: str) -> "pd.Series[float] | None":
    """A column as numbers, NaN where a cell is empty; None when a cell is a word or all are empty."""
    cells = table[column].str.strip()
    values = pd.to_numeric(cells, errors="coerce")
    filled = cells != ""
    return values if filled.any() and np.isfinite(values[filled]).all() else None


def below(path: Path, root: Path) -> str:
    """The path relative to the root, with forward slashes."""
    return path.relative_to(root).as_posix()
