"""Quality and aesthetics: how well do the scores agree with people's mean opinion?"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from iqa import image, quality
from iqa.estimator import Estimator, require
from iqa.quality import ESTIMATORS

from ..baselines import CONSTANT, MEASURED, NATURALNESS, Naturalness, fit_naturalness
from ..benchmark import MODEL, Benchmark, Case, Cell, Comparison, Figure, Options, Row, Summary
from ._parts import answered, chosen, parts, spread
from ._rating_figures import agreement, constant, over_group_splits, pairs

PREDICTION, TARGET = "prediction", "mos"
CLEAN = "clean test"
"""The part without the photos that have a near-duplicate in train."""
BASELINES = (*MEASURED, NATURALNESS)


@dataclass(frozen=True)
class Scorer:
    """The quality of one photo, and what the baselines say of the same pixels.

    Attributes:
        model: name of the estimator.
        naturalness: the fitted baseline.
        prepared: how it was fitted, for the report.
    """

    model: str
    naturalness: Naturalness
    prepared: dict[str, object] = field(default_factory=dict)

    def __call__(self, case: Case) -> Row:
        path = case.paths[0]
        pixels = image.load(path)
        row: Row = {PREDICTION: quality.score(pixels, model=self.model).quality}
        row |= {name: measure(pixels, path) for name, measure in MEASURED.items()}
        if self.naturalness.model is not None:
            row[NATURALNESS] = self.naturalness(pixels)
        return row


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per photo, with `mos` in [0, 1], higher better, `label` as published, and who it belongs to."""
    rows = chosen(table, options)
    low, high = table.attrs["scale"]
    found = []
    for _, row in rows.iterrows():
        facts: dict[str, Cell] = {TARGET: float(row["mos"]), "label": float(row["label"])}
        if "label_sd" in rows:
            facts |= {"label_sd": float(row["label_sd"]), "mos_sd": float(row["label_sd"]) / (high - low)}
        facts |= {name: str(row[name]) for name in ("group", "subset")}
        facts |= {"split": str(row["split"])} if row["split"] else {}
        facts |= {"clean_test": int(row["clean_test"])} if "clean_test" in rows else {}
        found.append(Case(str(row["name"]), (Path(row["path"]),), facts))
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model; the baseline is fitted on the train split, a matter of seconds."""
    fitted = fit_naturalness(table, options.split or "test", options.seed)
    return Scorer(options.model, fitted, {NATURALNESS: fitted.about})


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Agreement of the model and the baselines with the MOS: of all photos, of each subset, of the clean test."""
    scored = answered(rows)
    told = parts(scored)
    if "clean_test" in scored and (scored["clean_test"] == 1).any():
        told.append((CLEAN, scored[scored["clean_test"] == 1]))
    figures: list[Figure] = []
    details: dict[str, object] = {}
    for who, column in {MODEL: PREDICTION, **{name: name for name in BASELINES if name in scored}}.items():
        on_scale = who in (MODEL, NATURALNESS)
        by_part = {}
        for part, frame in told:
            found, by_part[part] = agreement(frame, column, options, part=part, who=who, on_scale=on_scale)
            figures += found
        details[who] = by_part
        if who == MODEL:
            found, about = pairs(scored, PREDICTION, options)
            figures += found
            details |= about
    found, details[CONSTANT] = constant(scored, options)
    if "split" not in rows:
        details["group splits"] = over_group_splits(scored, PREDICTION, options)
    return Summary((*figures, *found), details)


def _estimator(model: str) -> Estimator:
    require(model, ESTIMATORS)
    return quality.CLASSICAL


def _draw_scatter(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots  # it asks for the benchmarks itself

    plots.scatter(rows, summary, path, prediction=PREDICTION, target=TARGET)


BENCHMARK = Benchmark(
    name="rating",
    meaning="do the scores agree with people's mean opinion",
    source="data set",
    models=lambda: ESTIMATORS,
    estimator=_estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=tuple(Comparison(metric, PREDICTION, TARGET, "group") for metric in ("srcc", "plcc", "krcc", "rmse")),
    labels=(TARGET, "label", "label_sd", "mos_sd"),
    plots={"scatter": _draw_scatter},
)
