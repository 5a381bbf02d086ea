"""What every metric accepts: finite float64 columns of one length; anything else is refused with its row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

Column = NDArray[np.float64]

MIN_ROWS = 3


def clean(values: ArrayLike, name: str = "values", *, least: int = MIN_ROWS) -> Column:
    """The values as a float64 column (n,).

    Text is refused even where it spells a number: a column read as text hides its bad rows.

    Raises:
        ArgumentError: not one-dimensional, not real numbers, fewer than `least` rows, or a row that is NaN or infinite.
    """
    found = np.asarray(values)
    if found.dtype.kind not in "biuf":
        raise ArgumentError(f"The {name} hold {found.dtype} values; a metric needs real numbers.")
    if found.ndim != 1:
        raise ArgumentError(f"The {name} have shape {found.shape}; a metric needs one column, shape (n,).")
    if len(found) < least:
        raise ArgumentError(f"The {name} have {len(found)} rows; this metric needs at least {least}.")
    column = found.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(column))
    if bad.size:
        more = f" and {bad.size - 1} more" if bad.size > 1 else ""
        raise ArgumentError(
            f"The {name} hold {column[bad[0]]} in row {bad[0]}{more}; a metric needs finite numbers. "
            "Leave the row out of both columns and count it as failed."
        )
    return column


def clean_pair(
    pred: ArrayLike, target: ArrayLike, *, names: tuple[str, str] = ("predictions", "targets")
) -> tuple[Column, Column]:
    """Both columns as float64 (n,), row i of one belonging to row i of the other.

    Raises:
        ArgumentError: as `clean`, or the lengths differ.
    """
    first, second = clean(pred, names[0]), clean(target, names[1])
    require_rows(second, len(first), names[1], names[0])
    return first, second


def clean_groups(groups: Sequence[Any] | NDArray[Any], rows: int) -> NDArray[np.int64]:
    """Group codes 0, 1, ... (n,) of any hashable labels, such as scene names.

    Raises:
        ArgumentError: not one label per row, a missing label, or fewer than three groups to draw from.
    """
    labels = np.asarray(groups)
    if labels.ndim != 1:
        raise ArgumentError(f"The groups have shape {labels.shape}; accepted: one label per row, shape (n,).")
    require_rows(labels, rows, "groups", "rows")
    missing = [row for row, label in enumerate(labels.tolist()) if label is None or str(label) == "nan"]
    if missing:
        raise ArgumentError(f"The group of row {missing[0]} is missing; every row must belong to a group.")
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    if len(names) < MIN_ROWS:
        raise ArgumentError(f"Found {len(names)} groups; an interval over groups needs at least {MIN_ROWS}.")
    return codes.astype(np.int64)


def require_rows(values: NDArray[Any], rows: int, name: str, other: str) -> None:
    """Nothing, or ArgumentError when the column is not `rows` long."""
    if len(values) != rows:
        raise ArgumentError(f"Found {len(values)} {name} for {rows} {other}; row i of one must belong to row i of all.")


def require_level(level: float) -> float:
    """The confidence level.

    Raises:
        ArgumentError: outside (0, 1), such as 95 for 0.95.
    """
    if not 0.0 < level < 1.0:
        raise ArgumentError(f"The confidence level is {level}; accepted: between 0 and 1, such as 0.95.")
    return level
