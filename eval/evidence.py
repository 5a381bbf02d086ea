"""A report together with what it was computed from: its per-image CSV and, where given, the data set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from . import benchmarks, datasets
from .benchmark import Benchmark, Case
from .report import FIXED, Report, ReportError, csv_bytes, read, read_csv, sha256
from .running import plain


@dataclass(frozen=True)
class Evidence:
    """A report with what it was computed from.

    Attributes:
        path: of the JSON file.
        report: as read.
        kind: its benchmark.
        rows: its CSV as read back, withheld columns joined again where the data was given,
            and the columns that the benchmark derives.
        table: of the data set, or None without the data.
        cases: of the data set; empty without the data.
        csv_sha256: of the CSV that is there, which may be another than the report's.
    """

    path: Path
    report: Report
    kind: Benchmark
    rows: pd.DataFrame
    table: pd.DataFrame | None
    cases: tuple[Case, ...]
    csv_sha256: str


def evidence(path: Path, data: Path | None = None) -> Evidence:
    """A report whose CSV is the one it was written with, for whatever is to be read off its rows.

    Raises:
        ReportError: not a report, the CSV is missing or altered, or labels were withheld and `data` is None.
        AbsentData: `data` does not hold the data set.
    """
    found = opened(path, data, load=data is not None)
    if found.csv_sha256 != found.report.csv_sha256:
        raise ReportError(f"{path}: {found.report.csv} is not the CSV of this report (sha256). Score again.")
    return found


def opened(path: Path, data: Path | None, *, load: bool) -> Evidence:
    """A report whose CSV may be another than the one it was written with.

    Args:
        load: whether the data set is read too, from `data` or without it from its usual places.

    Raises:
        ReportError: not a report, no CSV beside it, or labels were withheld and `load` is False.
        AbsentData: the data set was not found.
    """
    report = read(path)
    kind = benchmarks.get(report.benchmark)
    if Path(report.csv).name != report.csv:
        raise ReportError(f"{path}: the CSV {report.csv!r} is not beside the report. Score again.")
    try:
        content = path.with_name(report.csv).read_bytes()
    except OSError as error:
        raise ReportError(f"Could not read {path.with_name(report.csv)}: {error.strerror}.") from error
    if report.withheld and not load:
        columns = ", ".join(report.withheld)
        raise ReportError(f"{path}: the labels ({columns}) are not in its CSV. Add --data with the data set's folder.")
    rows, table = read_csv(content), None
    cases: tuple[Case, ...] = ()
    if load:
        table = datasets.load(report.data.name, data)
        cases = tuple(
            replace(case, facts={name: plain(cell) for name, cell in case.facts.items()})
            for case in kind.cases(table, report.options)
        )
        rows = _joined(rows, cases, report.withheld)
    if kind.derive is not None:
        rows = kind.derive(rows)
    return Evidence(path, report, kind, rows, table, cases, sha256(content))


def _joined(rows: pd.DataFrame, cases: Sequence[Case], withheld: Sequence[str]) -> pd.DataFrame:
    """The rows with the withheld columns of their cases, in the order in which they were scored."""
    if not withheld:
        return rows
    known = facts(cases).set_index("key")
    joined = rows.assign(**{name: rows["key"].map(known[name]) for name in withheld if name in known})
    first = [*FIXED, *(name for name in known if name in joined and name not in FIXED)]
    return joined[[*first, *(name for name in joined if name not in first)]]


def facts(cases: Sequence[Case]) -> pd.DataFrame:
    """Keys and facts as they look when read back from a CSV."""
    return read_csv(csv_bytes([{"key": case.key, "error": "", **case.facts} for case in cases]))
