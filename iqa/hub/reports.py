"""What stands beside a result in its report: the constant predictor, the baselines and the classical estimator."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..card import Baseline
from ..errors import ModelError
from ..manifest import Manifest, Result

ROOT = Path(__file__).resolve().parents[2]
"""Of a checkout: the folder that holds `results`."""
CLASSICAL = "classical.json"
"""Beside a report of a network: that of the closed-form estimator, where it was scored too."""
_FORMAT, _JUDGED, _WHOLE, _LEVEL = 2, "model", "all", 0.95
"""As eval.report writes them; iqa does not import eval."""


def beside(manifest: Manifest, root: Path = ROOT) -> dict[Result, tuple[Baseline, ...]]:
    """Result -> what others reach on its cases, in the order of its report; without those whose report is not there.

    The classical estimator comes last, from its own report in the same folder, when that is on the same cases.

    Args:
        manifest: whose results are looked up.
        root: folder of `results`.

    Raises:
        ModelError: a report that says something else than the manifest, or is none.
    """
    found = {}
    for result in manifest.results:
        path = root / result.report
        if path.exists():
            report = _read(path)
            _refuse_other(path, report, manifest, result)
            others = [other for other in _figures(report, result.metric) if other.who != _JUDGED]
            found[result] = (*others, *_classical(path.with_name(CLASSICAL), report, result.metric))
    return found


def _read(path: Path) -> dict[str, Any]:
    """A report; the keys that are needed are there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != _FORMAT:
            raise ModelError(f"{path}: found report format {found['format']!r}; accepted: {_FORMAT}. Score again.")
        keys = ("metric", "value", "low", "high", "n", "part", "who")
        return {
            "kind": found["benchmark"],
            "cases": (found["data"]["labels_sha256"], found["data"]["split"]),
            "title": found["data"]["title"],
            "model": {key: found["model"][key] for key in ("name", "version", "sha256")},
            "whole": found["options"]["limit"] is None,
            "level": found["options"]["level"],
            "figures": [{key: figure[key] for key in keys} for figure in found["figures"]],
        }
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); the manifest names this report.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not a report ({error!r}). Score again.") from error


def _refuse_other(path: Path, report: dict[str, Any], manifest: Manifest, result: Result) -> None:
    """Refuses a report that is on another file, or from which the manifest's number cannot have been read."""
    advice = "Add the results of this file again (training.export --out FOLDER --results JSON ...)."
    judged, wanted = report["model"]["sha256"], manifest.sha256
    if judged != wanted:
        raise ModelError(f"{path}: judges a file of sha256 {judged}; the manifest declares {wanted}. {advice}")
    stated = {(each.value, each.n) for each in _figures(report, result.metric) if each.who == _JUDGED}
    same = (report["title"], report["cases"][1], report["whole"]) == (result.data_set, result.split, True)
    if not same or (result.value, result.n) not in stated:
        said = f"{result.metric} {result.value} of {result.n} on {result.data_set} ({result.split})"
        raise ModelError(f"{path}: does not hold what the manifest states, {said}. {advice}")


def _figures(report: dict[str, Any], metric: str) -> Iterator[Baseline]:
    """All that is said about all cases by that metric; intervals are those of 95 %."""
    for figure in report["figures"]:
        if (figure["metric"], figure["part"]) == (metric, _WHOLE):
            ends = (figure["low"], figure["high"])
            known = report["level"] == _LEVEL and None not in ends
            yield Baseline(figure["who"], figure["value"], ends if known else None, figure["n"])


def _classical(path: Path, report: dict[str, Any], metric: str) -> Iterator[Baseline]:
    """The closed-form estimator by name and version, when it was scored on the same cases."""
    if not path.exists():
        return
    other = _read(path)
    same = all(other[key] == report[key] for key in ("kind", "cases", "whole"))
    if same and other["model"]["sha256"] is None:
        about = other["model"]
        for each in _figures(other, metric):
            if each.who == _JUDGED:
                yield Baseline(f"{about['name']} {about['version']}", each.value, each.interval, each.n)
