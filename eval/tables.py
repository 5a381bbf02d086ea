"""The tables of the README, made from the reports under results/: ``python -m eval.run table [--check]``.

A table stands between ``<!-- results:NAME -->`` and ``<!-- /results -->``, NAME being a row of TABLES.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iqa.errors import IQAError, UnknownNameError
from iqa.output import new_file

from .benchmark import MODEL, Figure
from .metrics import METRICS
from .notes import NONE, note
from .report import Report, read
from .shown import own_n, shared_n, unit

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- results:(?P<name>\S+) -->\n)(?P<body>.*?)(<!-- /results -->)", re.DOTALL)
OPENED, CLOSED = "<!-- results:", "<!-- /results -->"


@dataclass(frozen=True)
class Table:
    """A row of TABLES: which figures of which reports.

    Attributes:
        kind: of benchmark; every report of it under results/ is shown.
        metrics: columns.
        parts: pattern of the parts that get a row; a column names them when it is not "all".
        who: pattern of the judged.
    """

    kind: str
    metrics: tuple[str, ...]
    parts: str = "all"
    who: str = ".*"


TABLES = {
    "rating": Table("rating", ("srcc", "plcc", "krcc", "rmse")),
    "rating-parts": Table("rating", ("srcc", "plcc", "krcc", "rmse"), "(?!all$).*", MODEL),
    "blur": Table("blur", ("accuracy", "macro_f1", "balanced_accuracy", "false_alarm_rate"), "all|subset [^,]*"),
    "blur-trust": Table("blur", ("ece", "cannot_tell", "half_size_sharp"), "all|subset [^,]*", MODEL),
    "false-blur": Table("false-blur", ("false_alarm_rate", "cannot_tell"), "all|half size|subset [^,]*", MODEL),
    "blur-classes": Table("blur", ("accuracy",), r"class .*|kind ((?!, (class|certain) ).)*|certain answers", MODEL),
    "enhancement": Table("enhancement", ("psnr", "ssim", "psnr_gt_mean", "ssim_gt_mean")),
    "do-no-harm": Table("do-no-harm", ("left_alone", "mean_change", "change_p95"), "all|well-lit"),
    "damage": Table("damage", ("srcc", "auc", "crosstalk", "false_alarm"), "head .*"),
    "damage-quality": Table("damage", ("not_rising", "half_size"), "all|without watermark|damage .*"),
    "watermark": Table("watermark", ("auc", "recall", "mistaken", "pointed"), ".*"),
    "defect-bursts": Table("defect-bursts", ("top1", "top2", "top3", "regret")),
    "defect-bursts-parts": Table("defect-bursts", ("top1", "top2", "top3"), "(frames|weakest) .*|not too close", MODEL),
    "burst": Table("burst", ("top1", "top2", "top3", "regret"), "all|told apart"),
    "noise": Table("noise", ("srcc", "plcc", "factor_error"), "all|subset .*"),
}
"""Name in the marker to what stands there."""

HEADINGS = {
    "plcc_mapped": "PLCC mapped",
    "rmse_mapped": "RMSE mapped",
    "psnr_gt_mean": "PSNR with GT-mean",
    "ssim_gt_mean": "SSIM with GT-mean",
    "false_alarm_rate": "false alarms on sharp",
    "false_alarm": "false alarms on clean",
    "half_size_sharp": "blurred, at half size called sharp above one half",
    "mean_change": "mean change when forced",
    "change_p95": "95th percentile of change",
    "macro_f1": "macro F1",
    "not_rising": "steps that do not rise",
    "half_size": "median difference to half size",
    "recall": "found of those marked",
    "mistaken": "taken for marked of those without",
    "pointed": "of those found, the mark is where it is said to be",
    "factor_error": "off by a factor of",
    **{f"top{count}": f"top {count}" for count in (1, 2, 3)},
}
"""Metric to its heading where that is not its name; names of four letters or fewer are abbreviations."""


def number(value: float | None, unit: str = "") -> str:
    """A number with three digits behind the point (two of dB), below 1 without the zero in front: ``.862``, ``-.1``."""
    if value is None:
        return NONE
    if unit == "dB":
        return f"{value:.2f}"
    text = f"{value:.3f}" if -100 < value < 100 else f"{value:,.0f}"
    text = text.removeprefix("-") if float(text.replace(",", "")) == 0 else text
    return re.sub(r"^(-?)0\.", r"\1.", text)


def reports(folder: Path) -> dict[Path, Report]:
    """Every report under a folder, by its file, in the order of the names; other JSON files are left alone.

    Raises:
        ReportError: a report that cannot be read.
    """
    found = {}
    for path in sorted(folder.rglob("*.json")):
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise IQAError(f"{path} is not JSON: {error}.") from error
        if isinstance(content, dict) and "benchmark" in content:
            found[path] = read(path)
    return found


def table(name: str, found: dict[Path, Report], beside: Path) -> str:
    """The Markdown of a table with a note under it, lines ended by LF.

    Args:
        name: key of TABLES.
        found: reports by file.
        beside: folder from which the links to the reports count.

    Raises:
        UnknownNameError: no such table.
    """
    if name not in TABLES:
        raise UnknownNameError("table", name, TABLES)
    asked = TABLES[name]
    mine = {path: report for path, report in found.items() if report.benchmark == asked.kind}
    if not mine:
        return f"*No report of `{asked.kind}` yet.*\n"
    parts = asked.parts != "all"
    head = ["data set", "split", "judged", *(["part"] if parts else []), "n", *map(_heading, asked.metrics)]
    lines = [head, ["---"] * (len(head) - len(asked.metrics) - 1) + ["---:"] * (len(asked.metrics) + 1)]
    shown: set[tuple[str, str]] = set()
    used: list[Figure] = []
    for path, report in mine.items():
        link = Path(os.path.relpath(path, beside)).as_posix()
        first, before = [f"[{report.data.title}]({link})", _split(report)], ""
        for who, part, figures in _rows(asked, report):
            if who != MODEL and (report.data.labels_sha256 + part, who) in shown:
                continue  # a baseline that stands beside another model on the same cases already
            shown.add((report.data.labels_sha256 + part, who))
            judged = f"**{report.model}**" if who == MODEL else who
            n, named = shared_n(figures), judged if judged != before else ""
            cells = [_cell(figure, n) for figure in figures]
            lines.append([*first, named, *([part] if parts else []), "" if n is None else f"{n:,}", *cells])
            used += [figure for figure in figures if figure is not None]
            first, before = ["", ""], judged
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{note(list(mine.values()), asked.kind, used)}\n"


def fill(text: str, found: dict[Path, Report], beside: Path) -> tuple[str, tuple[str, ...]]:
    """The text with every table made anew, and the names of the tables that changed.

    Raises:
        IQAError: a marker that is not closed. UnknownNameError: a marker that names no table.
    """
    stale: list[str] = []
    if not len(MARKED.findall(text)) == text.count(OPENED) == text.count(CLOSED):
        raise IQAError(
            f"A table begins with {OPENED}NAME --> on a line of its own and ends with {CLOSED}: one is open."
        )

    def renewed(match: re.Match[str]) -> str:
        body = f"\n{table(match['name'], found, beside)}\n"
        if body != match["body"]:
            stale.append(match["name"])
        return f"{match[1]}{body}{match[4]}"

    return MARKED.sub(renewed, text), tuple(stale)


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = the tables are up to date (now), 1 = with --check, one is stale.

    Raises:
        IQAError: a marker or a report that cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run table", description="Write the tables of the README.")
    parser.add_argument("file", type=Path, nargs="*", help="more Markdown files with markers")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", metavar="FILE", help="default: README.md")
    parser.add_argument("--results", type=Path, default=ROOT / "results", metavar="DIR", help="default: results/")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a table is stale")
    options = parser.parse_args(arguments)
    found, code = reports(options.results), 0
    for path in (options.readme, *options.file):
        try:
            before = path.read_text(encoding="utf-8")
        except OSError as error:
            raise IQAError(f"Could not read {path}: {error.strerror}.") from error
        after, stale = fill(before, found, path.resolve().parent)
        if stale and options.check:
            print(f"{path}: stale: {', '.join(stale)}. Write them: python -m eval.run table", file=sys.stderr)
            code = 1
        elif stale:
            with new_file(path, overwrite=True) as target:
                target.write(after.encode())
            print(f"{path}: wrote {', '.join(stale)}")
    return code


def _rows(asked: Table, report: Report) -> Iterator[tuple[str, str, list[Figure | None]]]:
    """(who, part, a figure or None per metric) of every row, the model first."""
    figures = {(f.who, f.part, f.metric): f for f in report.summary.figures if f.metric in asked.metrics}
    places = dict.fromkeys((who, part) for who, part, _ in figures)
    for who, part in sorted(places, key=lambda place: place[0] != MODEL):
        if re.fullmatch(asked.parts, part) and re.fullmatch(asked.who, who):
            yield who, part, [figures.get((who, part, metric)) for metric in asked.metrics]


def _split(report: Report) -> str:
    limit = report.options.limit
    return report.data.split if limit is None else f"{report.data.split}, {limit} cases of it"


def _heading(name: str) -> str:
    """A metric with direction and unit: ``PSNR ↑ (dB)``, ``RMSE ↓ (MOS, 0..1)``."""
    metric = METRICS[name]
    words = HEADINGS.get(name, name.upper() if len(name) <= 4 else name.replace("_", " "))
    told = f" ({unit(name)})" if metric.unit in ("dB", "MOS", "people") else ""
    return f"{words} {'↑' if metric.direction == 'higher' else '↓'}{told}"


def _cell(figure: Figure | None, n: int | None) -> str:
    """Value, interval, and its own n where the row shares none."""
    if figure is None:
        return ""
    kind = METRICS[figure.metric].unit
    interval = "" if figure.low is None else f" [{number(figure.low, kind)}, {number(figure.high, kind)}]"
    return f"{number(figure.value, kind)}{interval}{own_n(figure, n)}"
