"""Real noise: does the estimate follow the standard deviation between a shot and the mean of many shots?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from iqa import degradations, image
from iqa.degradations import ESTIMATORS
from iqa.errors import ArgumentError
from iqa.measures import analysis_luma, laplacian_variance

from ..benchmark import MODEL, Benchmark, Case, Cell, Comparison, Figure, Options, Row, Summary
from ..metrics import factor_error, median_ratio, plcc, srcc, why_undefined
from ..metrics.checks import MIN_ROWS, Column
from ..metrics.resampling import Statistic
from ._parts import answered, chosen, ends, over_groups, parts, share, spread


def _factor(estimate: Column, true: Column) -> float:
    """factor_error; NaN where most estimates are 0, because a report holds no infinite number."""
    found = factor_error(estimate, true)
    return np.nan if np.isinf(found) else found


AGREEMENT: dict[str, Statistic] = {"srcc": srcc, "plcc": plcc, "factor_error": _factor}
JUDGED = (
    *((MODEL, "noise_sigma", metric) for metric in AGREEMENT),
    *((name, name, "srcc") for name in ("laplacian", "mean_luminance")),
)
"""Who is judged, the column of the answers, and the metric; two baselines beside the model."""


@dataclass(frozen=True)
class Scorer:
    """The estimate on one noisy photo, beside the noise that is there."""

    model: str

    def __call__(self, case: Case) -> Row:
        noisy, clean = (image.load(path) for path in case.paths)
        if noisy.shape != clean.shape:
            raise ArgumentError(f"{case.key} is {noisy.shape[:2]} px and its reference {clean.shape[:2]}: not a pair.")
        answer = degradations.assess(noisy, model=self.model)
        luma = analysis_luma(noisy)
        true_sigma = float((luma - analysis_luma(clean)).std(dtype=np.float64))
        if true_sigma == 0:
            raise ArgumentError(f"{case.key} equals its reference: there is no noise to estimate.")
        return {
            "true_sigma": true_sigma,
            "noise_sigma": answer.evidence.noise_sigma,
            "noise_severity": answer.severities["noise"],
            "reference_sigma": degradations.assess(clean, model=self.model).evidence.noise_sigma,
            "laplacian": laplacian_variance(luma),
            "mean_luminance": float(luma.mean(dtype=np.float64)) / 255.0,
        }


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per pair: the shot as it is and the mean of many; `subset` is the camera."""
    found = []
    for _, row in chosen(table, options).iterrows():
        facts: dict[str, Cell] = {name: str(row[name]) for name in ("group", "subset")}
        if "iso" in table:
            facts["iso"] = int(row["iso"])
        found.append(Case(str(row["name"]), (Path(row["path"]), Path(row["reference"])), facts))
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Agreement of estimate and true sigma over all pairs and per camera, in grey levels at analysis scale."""
    figures: list[Figure] = []
    details: dict[str, object] = {}
    for part, frame in parts(answered(rows)):
        if len(frame) < MIN_ROWS:
            details[part] = {"pairs": len(frame), "undefined": f"agreement needs {MIN_ROWS} pairs"}
            continue
        groups, true = list(frame["group"]), _column(frame, "true_sigma")
        for who, column, metric in JUDGED:
            arrays, statistic = [_column(frame, column), true], AGREEMENT[metric]
            interval = over_groups(statistic, arrays, groups, options)
            value, n = statistic(*arrays), len(set(groups))
            figures.append(Figure.of(metric, value, interval, n=n, part=part, who=who))
        ahead = _column(frame, "noise_sigma") > _column(frame, "reference_sigma")
        figures.append(share("pair_accuracy", ahead, options, part=_against(part)))
        details[part] = _details(frame, true, groups, options)
    return Summary(tuple(figures), details)


def _details(frame: pd.DataFrame, true: Column, groups: Sequence[str], options: Options) -> dict[str, object]:
    """Ranges in grey levels, how far the estimate is off on the whole, and what the severity is worth."""
    estimate = _column(frame, "noise_sigma")
    severity = frame["noise_severity"].to_numpy(np.float64)
    found: dict[str, object] = {
        "pairs": len(frame),
        "scenes": len(set(groups)),
        "true sigma, quartiles": np.quantile(true, [0, 0.25, 0.5, 0.75, 1]).tolist(),
        "estimate, quartiles": np.quantile(estimate, [0, 0.25, 0.5, 0.75, 1]).tolist(),
        "estimate on the references, median": float(frame["reference_sigma"].median()),
        "estimate over true, median": {
            "value": median_ratio(estimate, true),
            "interval": ends(over_groups(median_ratio, [estimate, true], groups, options)),
        },
    }
    if np.isfinite(severity).all():
        undefined = why_undefined(severity, true)
        found["severity, srcc"] = undefined or srcc(severity, true)
    return found


def _against(part: str) -> str:
    """Pairs of a shot and its reference: the shot is the noisier one."""
    return "shot against reference" if part == "all" else f"{part}, shot against reference"


def _column(frame: pd.DataFrame, name: str) -> Column:
    return frame[name].to_numpy(np.float64)


BENCHMARK = Benchmark(
    name="noise",
    meaning="does the estimated noise follow the noise that is there",
    source="data set",
    models=lambda: ESTIMATORS,
    estimator=degradations.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(Comparison("srcc", "noise_sigma", "true_sigma", "group"),),
)
