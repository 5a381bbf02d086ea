"""A report: one JSON file with everything that is needed to repeat its numbers, beside a CSV with a row per image."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iqa.errors import IQAError
from iqa.estimator import Estimator
from iqa.output import new_file

from .benchmark import Case, Figure, Options, Row, Summary

FORMAT = 2
FIXED = ("key", "error")
"""Columns of every CSV: the key of the case, and why it has no answer (empty when it has one)."""
TEXT = (*FIXED, "group", "subset", "part", "series")
"""Columns that stay text even where all their cells look like numbers."""


class ReportError(IQAError):
    """A report that cannot be read, or whose files do not belong together."""


@dataclass(frozen=True)
class Data:
    """The data behind a report.

    Attributes:
        name, title, citation, licence, source: of the data set; given_title: the caller chose the title.
        split: the part that was scored, and split_rule: who may be on two sides of it.
        labels_sha256: over the keys and facts of all cases: the same hash means the same cases and labels.
        scale: (low, high) of the published label, which stands on 0..1 in the figures; None where there is no rating.
        direction: of the published label; "" where there is no rating.
        read: which of several copies or sizes was read, without folders of this machine; "" where there is one only.
        remark: where the rows of this copy are not as many as published; "" where they are, or nobody knows.
    """

    name: str
    title: str
    citation: str
    licence: str
    source: str
    split: str
    split_rule: str
    labels_sha256: str
    scale: tuple[float, float] | None
    direction: str
    read: str
    given_title: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Report:
    """A finished measurement.

    Attributes:
        benchmark: kind, key of eval.benchmarks.
        data: what was scored.
        model: who was judged.
        options: what the caller chose.
        asked: cases; scored: those with an answer; failed: (key, sentence) of the others.
        summary: figures and details.
        csv: name of the CSV beside the JSON file; csv_sha256: of its bytes.
        withheld: label columns that were left out of the CSV, so that `verify` needs the data.
        run: when, on what and with which versions: the only part that differs between two equal runs.
        prepared: what was done before the first case, such as the fit of a baseline; `verify` cannot repeat it.
    """

    benchmark: str
    data: Data
    model: Estimator
    options: Options
    asked: int
    scored: int
    failed: tuple[tuple[str, str], ...]
    summary: Summary
    csv: str
    csv_sha256: str
    withheld: tuple[str, ...]
    run: dict[str, object]
    prepared: dict[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """The JSON object; `run` stands last."""
        return {
            "format": FORMAT,
            "benchmark": self.benchmark,
            "data": asdict(self.data),
            "model": self.model.as_dict(),
            "options": asdict(self.options),
            "asked": self.asked,
            "scored": self.scored,
            "failed": [{"key": key, "error": error} for key, error in self.failed],
            "figures": [asdict(figure) for figure in self.summary.figures],
            "details": self.summary.details,
            "prepared": self.prepared,
            "csv": {"file": self.csv, "sha256": self.csv_sha256, "withheld": list(self.withheld)},
            "run": self.run,
        }

    def json(self) -> bytes:
        """The file's bytes: UTF-8, two blanks of indent, no NaN."""
        return (json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read(path: Path) -> Report:
    """The report in a JSON file.

    Raises:
        ReportError: not there, not JSON, of another format, or with a missing or unknown key.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ReportError(f"{path}: found report format {found['format']!r}; accepted: {FORMAT}. Score again.")
        figures = tuple(Figure(**figure) for figure in found["figures"])
        return Report(
            benchmark=found["benchmark"],
            data=Data(**{**found["data"], "scale": found["data"]["scale"] and tuple(found["data"]["scale"])}),
            model=Estimator(**found["model"]),
            options=Options(**found["options"]),
            asked=found["asked"],
            scored=found["scored"],
            failed=tuple((row["key"], row["error"]) for row in found["failed"]),
            summary=Summary(figures, found["details"]),
            csv=found["csv"]["file"],
            csv_sha256=found["csv"]["sha256"],
            withheld=tuple(found["csv"]["withheld"]),
            run=found["run"],
            prepared=found["prepared"],
        )
    except OSError as error:
        raise ReportError(f"Could not read {path}: {error.strerror}. Name the JSON file of a report.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path}: not a report ({error!r}). Name a JSON file that eval.run wrote.") from error


def described(table: pd.DataFrame) -> dict[str, Any]:
    """Fields `scale`, `direction` and `read` of Data, as a loaded data set tells them in its attributes."""
    low, high = table.attrs.get("scale", (0.0, 0.0))
    rated = low < high and bool(table["label"].notna().any())
    return {
        "scale": (float(low), float(high)) if rated else None,
        "direction": str(table.attrs["direction"]) if rated else "",
        "read": str(table.attrs.get("read", "")),
    }


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """The CSV of the rows in their order: a header, LF, floats with every digit, empty for None.

    Columns: FIXED first, then the others in the order of their first appearance.
    """
    columns = list(dict.fromkeys([*FIXED, *(name for row in rows for name in row)]))
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=columns, dtype=object)
    return frame.to_csv(index=False, lineterminator="\n").encode()


def read_csv(data: bytes) -> pd.DataFrame:
    """The rows of a CSV: text columns as text, numbers as the floats they were written from.

    Raises:
        ReportError: not a CSV of a report.
    """
    try:
        frame = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise ReportError(f"Not the CSV of a report: {error}.") from error
    missing = [name for name in FIXED if name not in frame]
    if missing:
        raise ReportError(f"Not the CSV of a report: the columns {', '.join(missing)} are missing. Score again.")
    for name in frame.columns.difference(list(TEXT)):
        frame[name] = _numbers(frame[name])
    return frame


def _numbers(cells: pd.Series) -> pd.Series:
    """The cells as numbers, NaN where one is empty; unchanged when one of them is a word."""
    try:
        return pd.Series([float(cell) if cell else np.nan for cell in cells], index=cells.index)
    except ValueError:
        return cells


def labels_hash(cases: Sequence[Case]) -> str:
    """Hash over the keys and facts of the cases in their order, 64 hex digits; no path is in it."""
    return sha256(csv_bytes([{"key": case.key, **case.facts} for case in cases]))


def sha256(data: bytes) -> str:
    """Hash as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def write(report: Report, csv: bytes, folder: Path, *, overwrite: bool) -> Path:
    """The JSON file, written with its CSV beside it: both or none.

    Raises:
        OutputExistsError: a report of that name is there and `overwrite` is False.
    """
    path = (folder / report.csv).with_suffix(".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path, overwrite=overwrite) as target, new_file(folder / report.csv, overwrite=overwrite) as table:
        table.write(csv)
        target.write(report.json())
    return path
