"""Label files and image folders, read so that a mistake is reported by file and row."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from .dataset import DataSetError


def csv_table(path: Path, columns: Sequence[str] = (), **options: Any) -> pd.DataFrame:
    """A CSV file as text, UTF-8 with or without a byte-order mark, empty unnamed columns dropped.

    Args:
        path: the file.
        columns: that must be there; more are allowed.
        options: of pandas.read_csv, e.g. ``sep``.

    Raises:
        DataSetError: unreadable, not a table, or a column is missing.
    """
    try:
        options = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig", **options}
        table = pd.read_csv(path, **options)
    except (OSError, ValueError) as error:  # pandas' ParserError and EmptyDataError are ValueErrors
        raise DataSetError(file=path, found=str(error), accepted="a CSV file in UTF-8") from error
    return _with_columns(table, path, columns)


def excel_table(path: Path, columns: Sequence[str], sheet: str | int = 0) -> pd.DataFrame:
    """A sheet of an Excel workbook as text; its header is the first row that holds all columns.

    Raises:
        DataSetError: unreadable, or no row holds the columns.
    """
    try:
        cells = pd.read_excel(path, sheet_name=sheet, header=None, dtype=str, keep_default_na=False)
    except (OSError, ValueError, KeyError, BadZipFile) as error:  # KeyError: a part of the workbook is missing
        raise DataSetError(file=path, found=str(error), accepted="an Excel workbook (.xlsx)") from error
    for row in range(min(len(cells), 20)):
        header = [str(cell).strip() for cell in cells.iloc[row]]
        if set(columns) <= set(header):
            table = cells.iloc[row + 1 :].set_axis(header, axis=1)
            return _with_columns(table[table[columns[0]] != ""], path, columns)
    raise DataSetError(file=path, found="no such row in the first 20", accepted=f"a header with {', '.join(columns)}")


def _with_columns(table: pd.DataFrame, path: Path, columns: Sequence[str]) -> pd.DataFrame:
    table.columns = [str(column).strip() for column in table.columns]
    empty = [c for c in table if str(c).startswith("Unnamed:") or c == ""]
    table = table.drop(columns=empty).reset_index(drop=True)
    lacking = [column for column in columns if column not in table]
    if lacking:
        found = f"no column {lacking[0]!r} among {', '.join(map(str, table.columns))[:200]}"
        raise DataSetError(file=path, found=found, accepted=f"a table with {', '.join(columns)}")
    return table


def numbers(table: pd.DataFrame, column: str, path: Path, header_rows: int = 1) -> NDArray[np.float64]:
    """One column as float64; the first cell that is no finite number is reported by its row in the file (1 = first).

    Raises:
        DataSetError: a cell is not a finite number.
    """
    values = pd.to_numeric(table[column].astype(str).str.strip(), errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        cell = table[column].iloc[bad[0]]
        row = int(bad[0]) + 1 + header_rows
        raise DataSetError(file=path, row=row, found=f"{column} is {cell!r}", accepted="a finite number")
    return values


def translated(
    table: pd.DataFrame, column: str, meanings: Mapping[str, str], path: Path, header_rows: int = 1
) -> "pd.Series[str]":
    """One column with every cell replaced by its meaning.

    Raises:
        DataSetError: a cell has none; the accepted ones are listed.
    """
    result = table[column].str.strip().map(dict(meanings))
    bad = np.flatnonzero(result.isna())
    if len(bad):
        found = f"{column} is {table[column].iloc[bad[0]]!r}"
        accepted = ", ".join(key for key in meanings if key)
        raise DataSetError(file=path, row=int(bad[0]) + 1 + header_rows, found=found, accepted=accepted)
    return result


def parsed(
    table: pd.DataFrame, column: str, pattern: re.Pattern[str], example: str, path: Path, *, header_rows: int = 1
) -> pd.DataFrame:
    """The parts of a column of file names, one per group of the pattern, from 0.

    Raises:
        DataSetError: a name does not fit; `example` is one that does.
    """
    parts = table[column].str.extract(pattern)
    bad = np.flatnonzero(parts.isna().any(axis=1))
    if len(bad):
        found = repr(table[column].iloc[bad[0]])
        row = int(bad[0]) + 1 + header_rows
        raise DataSetError(file=path, row=row, found=found, accepted=f"names like {example!r}")
    return parts


def fields(path: Path, at_least: int, what: str) -> list[list[str]]:
    """The whitespace-separated fields of each non-empty line.

    Raises:
        DataSetError: unreadable, empty, or a line has too few fields (`what` says which are expected).
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataSetError(file=path, found=str(error), accepted=f"text lines of {what}") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if parts and len(parts) < at_least:
            raise DataSetError(file=path, row=number, found=repr(line[:80]), accepted=what)
        if parts:
            rows.append(parts)
    if not rows:
        raise DataSetError(file=path, found="no line", accepted=f"text lines of {what}")
    return rows


def matlab(path: Path, variable: str) -> list[Any]:
    """A vector of a MATLAB file, its cells unwrapped to strings or floats.

    Raises:
        DataSetError: unreadable, or no such variable.
    """
    try:
        content = loadmat(path, squeeze_me=True)
    except (OSError, ValueError, TypeError, NotImplementedError, MatReadError) as error:
        raise DataSetError(file=path, found=str(error), accepted="a MATLAB file, version 7.2 or older") from error
    if variable not in content:
        named = ", ".join(key for key in content if not key.startswith("__"))
        raise DataSetError(file=path, found=f"the variables {named or 'none'}", accepted=f"a variable {variable}")
    return list(np.atleast_1d(content[variable]).tolist())


def same_length(path: Path, **vectors: Sequence[Any]) -> None:
    """Nothing, when all vectors are equally long.

    Raises:
        DataSetError: they are not.
    """
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} of {length}" for name, length in lengths.items())
        raise DataSetError(file=path, found=found, accepted="vectors of one length")


class Folder:
    """The files of some folders by name, whatever the case of the letters; the first folder wins.

    Folders that hold the same photos at different sizes are no case for it, but for `one_size`.
    """

    def __init__(self, folders: Iterable[Path], *, below: bool = False) -> None:
        self.folders = tuple(folders)
        self._exact, self._loose = dict[str, str](), dict[str, str]()
        for folder in self.folders:
            for parent, inner, names in os.walk(folder):
                inner.sort()  # os.walk goes on in this order: the same file wins on every disk
                for name in sorted(names):
                    self._exact.setdefault(name, str(Path(parent, name)))
                    self._loose.setdefault(name.casefold(), str(Path(parent, name)))
                if not below:
                    break

    def path(self, name: str) -> str:
        """Where the named file is; where it should be in the first folder when it is in none."""
        found = self._exact.get(name) or self._loose.get(name.casefold())
        return found or str(Path(*self.folders[:1], name))

    def holds(self, names: Iterable[str]) -> int:
        """How many of the names are there."""
        return sum(name in self._exact or name.casefold() in self._loose for name in names)

    def read(self, root: Path) -> str:
        """The folders that are there, relative to the root, joined by commas."""
        return ", ".join(folder.relative_to(root).as_posix() for folder in self.folders if folder.is_dir())


def one_size(copies: Iterable[Sequence[Path]], names: Iterable[str]) -> Folder:
    """The one copy to read all photos from, of several that hold the same photos at different sizes.

    It is the first that has all names, else the one that has most of them, the earlier of two that have equally many.
    A figure over photos of two sizes is of neither: what the copy lacks is missing, whatever the others hold.

    Args:
        copies: the folders of each copy, the largest photos first.
        names: of the files that are listed.
    """
    listed = list(names)
    return max(map(Folder, copies), key=lambda copy: copy.holds(listed))


def first_file(root: Path, *names: str) -> Path:
    """The first of several relative paths that is a file.

    Raises:
        DataSetError: none is.
    """
    for name in names:
        if (root / name).is_file():
            return root / name
    raise DataSetError(file=root, found="none of the label files", accepted=" or ".join(names))
