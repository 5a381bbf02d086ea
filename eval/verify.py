"""Recomputes a report from its per-image CSV: ``python -m eval.run verify REPORT.json [--data DIR] [--rescore N]``.

Without the data: the report names an estimator and a data set that exist, the CSV is the one that was written, no case
is lost, and every figure follows from it. With the data: the cases and labels are those of the data set. With
``--rescore``: the answers are those of the estimator. The verdict names what was not looked at.
"""

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iqa.errors import ArgumentError, IQAError

from .benchmark import MODEL, Row, Summary
from .evidence import Evidence, facts, opened
from .identity import Finding, identity
from .machine import code_sha256
from .report import FIXED, csv_bytes, labels_hash, read_csv
from .running import plain

TOLERANCE = 1e-9
"""Relative; sums in another order by another BLAS move the last digits."""
RESCORE_TOLERANCE = 1e-4
"""Relative; another processor moves a float32 network about that much."""
MOST_SHOWN = 20
SIGNED = ("srcc", "plcc", "krcc")


@dataclass(frozen=True)
class Verdict:
    """What verifying one report gave.

    Attributes:
        compared: numbers and words of the summary that were compared.
        gap: greatest relative difference among those that count as equal; 0 = exact.
        findings: what does not agree; empty = verified.
        other_code: the sources of iqa and eval are not those that the report was made with.
        unchecked: what the report says and nothing here can confirm, in words.
    """

    compared: int
    gap: float
    findings: tuple[Finding, ...]
    other_code: bool
    unchecked: tuple[str, ...]


def verify(path: Path, data: Path | None = None, *, rescore: int = 0, reversed_ok: bool = False) -> Verdict:
    """What disagrees between a report, its CSV and, where given, the data.

    Args:
        data: folder of the data set; None = labels are not compared.
        rescore: cases to score again, evenly spread; needs the data, looked for in its usual places without `data`.
        reversed_ok: a correlation of the model that is surely negative is no finding.

    Raises:
        ReportError: not a report, no CSV, or labels were withheld and the data is not given.
        AbsentData: the data set was not found.
    """
    found = opened(path, data, load=data is not None or rescore > 0)
    findings = [*_files(found), *identity(found), *_counts(found)]
    if found.table is not None:
        findings += [*_labels(found), *_rescored(found, rescore)]
    try:
        summary = found.kind.summarize(found.rows, found.report.options)
        compared, gap, differing = _summaries(found.report.summary, summary)
        findings += differing
        findings += [] if reversed_ok else _reversed(summary)
    except (IQAError, KeyError, ValueError, TypeError) as error:
        compared, gap = 0, 0.0
        findings.append(Finding("figures", len(found.report.summary.figures), f"none: {error}"))
    other = found.report.run.get("code_sha256") not in (None, code_sha256())
    return Verdict(compared, gap, tuple(findings), other, _unchecked(found, rescore))


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = every report was verified, 1 = one was not.

    Raises:
        IQAError: not a report, or data is needed that was not given or found.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run verify", description="Recompute reports from their CSV.")
    parser.add_argument("report", type=Path, nargs="+", help="JSON file of a report")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the data set: compares the labels too")
    parser.add_argument("--rescore", type=int, default=0, metavar="N", help="score N cases again and compare")
    parser.add_argument("--reversed-ok", action="store_true", help="accept a model that is surely worse than chance")
    options = parser.parse_args(arguments)
    if options.rescore < 0:
        raise ArgumentError(f"Asked to score {options.rescore} cases again; accepted: 0 or more.")
    bad = 0
    for path in options.report:
        verdict = verify(path, options.data, rescore=options.rescore, reversed_ok=options.reversed_ok)
        bad += bool(verdict.findings)
        print(_line(path, verdict, rescored=options.rescore))
        for finding in verdict.findings[:MOST_SHOWN]:
            print(f"    {finding}")
        if len(verdict.findings) > MOST_SHOWN:
            print(f"    and {len(verdict.findings) - MOST_SHOWN} more")
        if verdict.findings and verdict.other_code:
            print("    It was scored with another version of the code (code_sha256).")
    return 1 if bad else 0


def _unchecked(found: Evidence, rescore: int) -> tuple[str, ...]:
    """What was not looked at, and how it would be."""
    rest = len(found.cases) - rescore if rescore else found.report.scored
    predictions = f"{rest:,} predictions (--rescore N)" if rest > 0 else ""
    labels = "labels (--data)" if found.table is None else ""
    fit = "the fit of the baselines" if found.report.prepared else ""
    return tuple(what for what in (labels, predictions, fit, "what the run block says") if what)


def _line(path: Path, verdict: Verdict, *, rescored: int) -> str:
    if verdict.findings:
        return f"{path}: NOT VERIFIED, {len(verdict.findings)} disagree"
    how = "exactly" if verdict.gap == 0 else f"within {verdict.gap:.1g}"
    labels = "" if any(what.startswith("labels") for what in verdict.unchecked) else ", labels equal to the data set"
    again = f", {rescored} cases scored again" if rescored else ""
    done = f"{path}: verified, {verdict.compared} values recomputed {how}{labels}{again}"
    return f"{done}; not checked: {', '.join(verdict.unchecked)}"


def _files(found: Evidence) -> Iterator[Finding]:
    if found.csv_sha256 != found.report.csv_sha256:
        yield Finding(f"sha256 of {found.report.csv}", found.report.csv_sha256, found.csv_sha256)


def _counts(found: Evidence) -> Iterator[Finding]:
    report, rows = found.report, found.rows
    if report.asked != report.scored + len(report.failed):
        yield Finding("asked", report.asked, f"{report.scored} scored + {len(report.failed)} failed")
    once = rows.drop_duplicates("key")
    failed = [(str(key), str(error)) for key, error in zip(once["key"], once["error"], strict=True) if error]
    if len(once) != report.asked:
        yield Finding("cases in the CSV", report.asked, len(once))
    if len(once) - len(failed) != report.scored:
        yield Finding("scored cases in the CSV", report.scored, len(once) - len(failed))
    if sorted(failed) != sorted(report.failed):
        odd = sorted(set(failed) ^ set(report.failed))
        yield Finding("failed cases", len(report.failed), f"{len(failed)} in the CSV; first other: {odd[:1]}")
    identity = ["key", "part"] if "part" in rows else ["key"]
    twice = rows[rows.duplicated(identity)]
    if len(twice):
        yield Finding("rows of each case", "one", f"{twice['key'].iloc[0]!r} stands twice")


def _labels(found: Evidence) -> Iterator[Finding]:
    """What the data set says of the cases against what the report and its CSV say."""
    report, rows, known = found.report, found.rows, facts(found.cases)
    if labels_hash(found.cases) != report.data.labels_sha256:
        yield Finding("labels_sha256", report.data.labels_sha256, labels_hash(found.cases))
    keys = list(dict.fromkeys(rows["key"]))
    if keys != list(known["key"]):
        ours, theirs = next((p for p in zip(keys, known["key"], strict=False) if p[0] != p[1]), ("none", "none"))
        yield Finding("cases", f"{len(keys)}, first other {ours!r}", f"{len(known)} in the data set, {theirs!r}")
    known = known.set_index("key")
    for name in sorted({*map(str, known)} - {*FIXED, *report.withheld}):
        cells = rows["key"].map(known[name]) if name in rows else pd.Series([None] * len(rows))
        written = rows[name] if name in rows else ["no such column"] * len(rows)
        wrong = [i for i, (a, b) in enumerate(zip(written, cells, strict=True)) if not _equal(a, b, TOLERANCE)]
        if wrong:
            place = f"{name} ({len(wrong)} rows; first {rows['key'].iloc[wrong[0]]!r})"
            yield Finding(place, list(written)[wrong[0]], cells.iloc[wrong[0]])


def _rescored(found: Evidence, count: int) -> Iterator[Finding]:
    """Cells of some cases that the estimator does not give again."""
    if not count or found.table is None or not found.cases:
        return
    scorer = found.kind.scorer(found.table, found.report.options)
    for index in np.unique(np.linspace(0, len(found.cases) - 1, count).round().astype(int)):
        case = found.cases[index]
        written = found.rows[found.rows["key"] == case.key]
        try:
            answer = scorer(case)
        except IQAError as error:
            if len(written) and not written["error"].iloc[0]:
                yield Finding(f"{case.key} scored again", "an answer", error)
            continue
        yield from _cells(case.key, answer if isinstance(answer, list) else [answer], written)


def _cells(key: str, answer: list[Row], written: pd.DataFrame) -> Iterator[Finding]:
    cells = [{name: plain(cell) for name, cell in row.items()} for row in answer]
    again = read_csv(csv_bytes([{"key": key, "error": "", **row} for row in cells]))
    if len(again) != len(written):
        yield Finding(f"rows of {key}", len(written), len(again))
        return
    for name in sorted({*map(str, again)} - {*FIXED}):
        old = list(written[name]) if name in written else [None] * len(written)
        for a, b in zip(old, again[name], strict=True):
            if not _equal(a, b, RESCORE_TOLERANCE):
                yield Finding(f"{name} of {key} scored again", a, b)


def _summaries(written: Summary, found: Summary) -> tuple[int, float, list[Finding]]:
    """Values compared, the greatest relative gap among the equal ones, and those that differ."""
    old, new = (dict(_flat(_plain(summary))) for summary in (written, found))
    gaps, findings = [0.0], []
    for name in dict.fromkeys([*old, *new]):
        a, b = old.get(name, "absent"), new.get(name, "absent")
        if not _equal(a, b, TOLERANCE):
            findings.append(Finding(name, a, b))
        elif isinstance(a, float | int) and isinstance(b, float | int) and a != b:
            gaps.append(abs(a - b) / max(abs(a), abs(b)))
    return len(old), max(gaps), findings


def _plain(summary: Summary) -> dict[str, Any]:
    """The summary as JSON gives it back; figures by who, part and metric."""
    figures: dict[str, Any] = {}
    for figure in summary.figures:
        name = f"{figure.metric} of {figure.who}, {figure.part}"
        figures[name if name not in figures else f"{name} (again {len(figures)})"] = asdict(figure)
    found: dict[str, Any] = json.loads(json.dumps({**figures, "details": summary.details}))
    return found


def _flat(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every number and word of nested lists and objects, with its place."""
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _flat(part, f"{name}: {key}" if name else str(key))
    elif isinstance(value, list) and value:
        for index, part in enumerate(value):
            yield from _flat(part, f"{name}[{index}]")
    else:
        yield name, value


def _reversed(summary: Summary) -> Iterator[Finding]:
    """A model whose agreement is surely negative: predictions or labels have the wrong sign."""
    for figure in summary.figures:
        signed = figure.metric in SIGNED and figure.who == MODEL and figure.part == "all"
        if signed and figure.high is not None and figure.high < 0:
            yield Finding(f"sign of {figure.metric}", figure.value, "surely below 0: reversed? (--reversed-ok)")


def _equal(a: object, b: object, tolerance: float) -> bool:
    """Whether two cells are the same; nothing and NaN are one."""
    if isinstance(a, float | int) and isinstance(b, float | int):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
    if _nothing(a) or _nothing(b):
        return _nothing(a) and _nothing(b)
    if isinstance(a, str) is not isinstance(b, str):
        try:  # a column of words whose cells look like numbers in one of the files only
            return _equal(float(str(a)), float(str(b)), tolerance)
        except ValueError:
            return False
    return a == b


def _nothing(cell: object) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))
