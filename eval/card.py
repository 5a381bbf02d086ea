"""Results for a model on the Hugging Face Hub: ``python -m eval.run card REPORT.json ... [--model-id OWNER/NAME]``.

Two forms of the same figures: the `model-index` block of a README, and `.eval_results/*.yaml`, which leaderboards read.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from iqa.errors import ArgumentError
from iqa.output import new_file

from . import datasets
from .benchmark import MODEL, Figure
from .report import Report, read
from .shown import direction

FOLDER = ".eval_results"
TASKS = {"blur": "image-classification", "enhancement": "image-to-image"}
"""Kind of benchmark to the Hub's word for the task; a score has no word there."""
METRIC_IDS = {"srcc": "spearmanr", "plcc": "pearsonr", "auc": "roc_auc", "brier": "brier_score"}
"""Metric to its name on https://hf.co/metrics, where that is another than ours."""
_ID = re.compile(r"[\w.-]+/[\w.-]+")
_DATA_SET = re.compile(r"(?P<name>[\w-]+)=(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>[0-9a-f]{40}))?")
Found = Mapping[Path, Report]


def model_index(found: Found, model_id: str | None = None) -> str:
    """The `model-index` of a model card as YAML: the model's figures on all rows of every report.

    Args:
        found: reports of one model, by file.
        model_id: OWNER/NAME on the Hub; None = the name of the estimator.

    Raises:
        ArgumentError: see `require_one_model`.
    """
    require_one_model(found)
    name = model_id.partition("/")[2] if model_id else next(iter(found.values())).model.name
    results = [
        EvalResult(
            task_type=TASKS.get(report.benchmark, "other"),
            dataset_type=report.data.name,
            dataset_name=report.data.title,
            dataset_split=report.data.split,
            dataset_args={"labels_sha256": report.data.labels_sha256},
            metric_type=METRIC_IDS.get(figure.metric, figure.metric),
            metric_name=_heading(figure),
            metric_value=figure.value,
            metric_args={"n": figure.n, **_interval(figure, report), "report": _place(path)},
        )
        for path, report in found.items()
        for figure in _headline(report)
    ]
    return ModelCardData(model_name=name, eval_results=results).to_yaml(line_break="\n") + "\n"


def eval_results(
    found: Found, hub: Mapping[str, tuple[str, str | None]], model_id: str | None = None
) -> dict[str, str]:
    """File name to YAML of every report whose data set is on the Hub; the others have no place there.

    Args:
        found: reports of one model, by file.
        hub: data set to its id on the Hub and a revision or None, beside the mirrors that are known.
        model_id: OWNER/NAME where the reports lie under the same names; without it an entry has no source.

    Raises:
        ArgumentError: see `require_one_model`.
    """
    require_one_model(found)
    files = {}
    for path, report in found.items():
        mirror = datasets.get(report.data.name).mirror
        known = (mirror.repository, mirror.revision) if mirror else None
        place = hub.get(report.data.name, known)
        if place is None:
            continue
        entries = [
            EvalResultEntry(
                dataset_id=place[0],
                dataset_revision=place[1],
                task_id=f"{report.data.name}-{report.data.split}-{figure.metric}",
                value=figure.value,
                date=str(report.run["started"]) if "started" in report.run else None,
                source_url=f"https://huggingface.co/{model_id}/blob/main/{_place(path)}" if model_id else None,
                source_name="Report with a row per image" if model_id else None,
                notes=_notes(figure, report),
            )
            for figure in _headline(report)
        ]
        name = f"{report.benchmark}-{report.data.name}-{report.data.split}.yaml"
        files[name] = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)
    return files


def require_one_model(found: Found) -> None:
    """Nothing when all reports are whole and judge the same model file.

    Raises:
        ArgumentError: another name, version or sha256; a report on a few cases only; two reports on one split.
    """
    first_path, first = next(iter(found.items()))
    places: dict[tuple[str, str, str], Path] = {}
    for path, report in found.items():
        if report.model != first.model:
            raise ArgumentError(
                f"{first_path} judges {first.model} (sha256 {first.model.sha256}) and {path} {report.model} "
                f"(sha256 {report.model.sha256}): a card describes one model. Name the reports of one."
            )
        if report.options.limit is not None:
            raise ArgumentError(f"{path} is on {report.asked} cases of the {report.data.split} split: score all first.")
        other = places.setdefault((report.benchmark, report.data.name, report.data.split), path)
        if other != path:
            raise ArgumentError(f"{other} and {path} are on the same split: name one of them.")


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: the `model-index` is printed, and the files are printed or written.

    Raises:
        IQAError: not a report, reports of several models, or a file that is there already.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run card", description="Results for a model card.")
    parser.add_argument("report", type=Path, nargs="+", help="JSON file of a report; all of one model")
    parser.add_argument("--model-id", metavar="OWNER/NAME", help="of the model on the Hub, where the reports lie too")
    parser.add_argument(
        "--hub-dataset",
        action="append",
        default=[],
        metavar="NAME=OWNER/NAME[@COMMIT]",
        help="the data set's own repository on the Hub, instead of a mirror; may be repeated",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"model folder: write the files to DIR/{FOLDER}/")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same name")
    options = parser.parse_args(arguments)
    if options.model_id is not None and not _ID.fullmatch(options.model_id):
        raise ArgumentError(f"--model-id {options.model_id!r}: accepted: OWNER/NAME.")
    found = {path: read(path) for path in options.report}
    print(model_index(found, options.model_id), end="")
    files = eval_results(found, dict(map(_told, options.hub_dataset)), options.model_id)
    for name, text in files.items():
        if options.out is None:
            print(f"\n# {FOLDER}/{name}\n{text}", end="")
        else:
            folder = options.out / FOLDER
            folder.mkdir(parents=True, exist_ok=True)
            with new_file(folder / name, overwrite=options.overwrite) as target:
                target.write(text.encode())
            print(f"wrote {folder / name}", file=sys.stderr)
    if len(files) < len(found):
        print(
            f"card: {len(found) - len(files)} of {len(found)} reports are on data that is not on the Hub: no file in "
            f"{FOLDER} (see --hub-dataset).",
            file=sys.stderr,
        )
    return 0


def _told(words: str) -> tuple[str, tuple[str, str | None]]:
    """Data set, and its id and revision on the Hub."""
    match = _DATA_SET.fullmatch(words)
    if match is None:
        raise ArgumentError(
            f"--hub-dataset {words!r}: accepted: NAME=OWNER/NAME or NAME=OWNER/NAME@ and 40 hex digits."
        )
    return datasets.get(match["name"]).name, (match["id"], match["revision"])


def _headline(report: Report) -> list[Figure]:
    """The defined figures of the model on all rows."""
    return [f for f in report.summary.figures if f.who == MODEL and f.part == "all" and f.value is not None]


def _heading(figure: Figure) -> str:
    return f"{figure.metric} ({direction(figure.metric)})"


def _interval(figure: Figure, report: Report) -> dict[str, object]:
    ends = None if figure.low is None else [figure.low, figure.high]
    return {f"interval_{100 * report.options.level:g}": ends}


def _notes(figure: Figure, report: Report) -> str:
    interval = (
        "" if figure.low is None else f", {report.options.level:.0%} interval {figure.low:.4f} to {figure.high:.4f}"
    )
    failed = f", {len(report.failed)} of {report.asked} cases failed" if report.failed else ""
    return f"{_heading(figure)}; n = {figure.n}{interval}{failed}; {report.model}, sha256 {report.model.sha256}"


def _place(path: Path) -> str:
    """Where a report lies in the model's repository: from `results` on, else its name."""
    parts = path.parts
    return "/".join(parts[parts.index("results") :]) if "results" in parts else path.name
