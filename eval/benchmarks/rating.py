"""Quality and aesthetics: how well do the scores agree with people's mean opinion?"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from iqa import image, quality
from iqa.quality import ESTIMATORS, NETWORKS, READ_SIDE

from ..baselines import CONSTANT, MEASURED, NATURALNESS, Naturalness, fit_naturalness
from ..benchmark import MODEL, Benchmark, Case, Cell, Comparison, Figure, Options, Row, Summary
from ._models import estimator_of, installed, score_of
from ._parts import answered, chosen, parts, spread
from ._rating_figures import ONE, agreement, constant, over_group_splits, pairs

PREDICTION, TARGET, TASK = "prediction", "mos", "quality"
CLEAN = "clean test"
"""The part without the photos that have a near-duplicate in train."""
BASELINES = (*MEASURED, NATURALNESS)


@dataclass(frozen=True)
class Scorer:
    """The quality of one photo, and what the baselines say of it.

    Attributes:
        model: one of iqa.quality.ESTIMATORS, the name of another installed model, or its folder.
        naturalness: the fitted baseline.
        prepared: how it was fitted, for the report.
    """

    model: str
    naturalness: Naturalness
    prepared: dict[str, object] = field(default_factory=dict)

    def __call__(self, case: Case) -> Row:
        path = case.paths[0]
        pixels = image.load(path)
        # As the demo and the command line read a photo; the baselines see the file's own pixels.
        seen = pixels if max(pixels.shape) <= READ_SIDE else image.load(path, max_side=READ_SIDE)
        known = self.model in ESTIMATORS
        answer = quality.score(seen, model=self.model, explain=False).quality if known else score_of(self.model, seen)
        row: Row = {PREDICTION: answer}
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
        facts |= {"distortion": str(row["distortion"])} if "distortion" in rows else {}
        facts |= {"level": int(row["level"])} if "level" in rows else {}
        found.append(Case(str(row["name"]), (Path(row["path"]),), facts))
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model; the baseline is fitted on the train split, a matter of seconds."""
    fitted = fit_naturalness(table, options.split or "test", options.seed)
    return Scorer(options.model, fitted, {NATURALNESS: fitted.about})


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Agreement of the model and the baselines with the MOS: of all photos, of each subset, of the clean test.

    Of photos that were damaged on purpose, the model's SRCC of each distortion and of each level too.
    """
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
        for part, frame in _levels(scored) if who == MODEL else []:
            found, by_part[part] = agreement(frame, column, options, part=part, only=ONE)
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


def _levels(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """("distortion jpeg", its rows) and ("level 3", its rows), where the set tells them and there are several."""
    found: list[tuple[str, pd.DataFrame]] = []
    for column in ("distortion", "level"):
        if column in rows and rows[column].nunique() > 1:
            found += [(f"{column} {_word(value)}", frame) for value, frame in rows.groupby(column)]
    return found


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw_scatter(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots  # it asks for the benchmarks itself

    plots.scatter(rows, summary, path, prediction=PREDICTION, target=TARGET)


BENCHMARK = Benchmark(
    name="rating",
    meaning="do the scores agree with people's mean opinion",
    source="data set",
    models=lambda: tuple(dict.fromkeys((*ESTIMATORS, *installed(TASK)))),
    estimator=lambda name: quality.estimator(name) if name in NETWORKS else estimator_of(name, quality.CLASSICAL),
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=tuple(Comparison(metric, PREDICTION, TARGET, "group") for metric in ("srcc", "plcc", "krcc", "rmse")),
    labels=(TARGET, "label", "label_sd", "mos_sd"),
    plots={"scatter": _draw_scatter},
)
