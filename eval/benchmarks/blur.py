"""Blur types: is the type right, how often is a sharp photo called blurred, and can the confidence be believed?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from iqa import blur, image
from iqa.blur import BLUR_TYPES, ESTIMATORS
from iqa.measures import analysis_luma, laplacian_variance
from iqa.resize import reduced

from ..benchmark import Benchmark, Case, Cell, Comparison, Figure, Options, Row, Summary
from ._blur_figures import BLURRED, SHARP, Judged, calibrated, detailed, shares
from ._parts import answered, chosen, parts, spread

KIND_LEAST = 5
"""A kind of photo gets figures of its own from this many photos on: notes are free text and may be all different."""


_NAMED = ("blur_type", "predicted")


@dataclass(frozen=True)
class Scorer:
    """The answer on one photo, and how sharp its copy at half size is called: a smaller copy of blur is blurred."""

    model: str

    def __call__(self, case: Case) -> Row:
        pixels = image.load(case.paths[0])
        answer = blur.classify(pixels, model=self.model)
        half = blur.classify(reduced(pixels, max(1, max(pixels.shape[:2]) // 2)), model=self.model)
        return {
            "predicted": answer.blur_type,
            "confidence": answer.confidence,
            "certain": int(answer.certain),
            **{f"p_{name}": answer.probabilities[name] for name in BLUR_TYPES},
            "half_p_sharp": half.probabilities[SHARP],
            "laplacian": laplacian_variance(analysis_luma(pixels)),
        }


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per photo; `kind` repeats the note of the list, such as panning."""
    found = []
    for _, row in chosen(table, options).iterrows():
        facts: dict[str, Cell] = {name: str(row[name]) for name in ("blur_type", "group", "subset")}
        facts["kind"] = str(row.get("note", ""))
        found.append(Case(str(row["name"]), (Path(row["path"]),), facts))
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def derive(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `correct`, 1 or 0 where there is an answer: it gives the label away, so no CSV holds it."""
    if "predicted" not in rows:
        return rows
    two_classes = bool((rows["blur_type"] == BLURRED).any())
    said, true = ([_side(name) if two_classes else name for name in rows[column]] for column in _NAMED)
    right = [float(a == b) for a, b in zip(said, true, strict=True)]
    return rows.assign(correct=pd.Series(right, index=rows.index).where(rows["error"] == ""))


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Figures of all photos, of each subset, and of each kind of photo that occurs often enough."""
    two_classes = bool((rows["blur_type"] == BLURRED).any())
    scored = answered(rows)
    figures: list[Figure] = []
    details: dict[str, object] = {}
    for part, frame in parts(scored):
        if len(frame):
            judged = judge(frame, two_classes=two_classes)
            figures += [*shares(judged, part, options), *calibrated(judged, part, options)]
            details[part] = detailed(judged, options)
    for part, frame in _kinds(scored):
        figures += shares(judge(frame, two_classes=two_classes), part, options)
    return Summary(tuple(figures), details)


def judge(frame: pd.DataFrame, *, two_classes: bool) -> Judged:
    """The answers beside the truth; with two classes the three types of blur count as one."""
    chances = frame[[f"p_{name}" for name in BLUR_TYPES]].to_numpy(np.float64)
    true, said = list(frame["blur_type"]), list(frame["predicted"])
    classes: tuple[str, ...] = BLUR_TYPES
    if two_classes:
        true, said = [_side(name) for name in true], [_side(name) for name in said]
        classes, chances = (SHARP, BLURRED), np.stack([chances[:, 0], 1.0 - chances[:, 0]], axis=1)
    return Judged(
        classes,
        tuple(true),
        tuple(said),
        np.clip(chances, 0.0, 1.0),
        frame["certain"].to_numpy(np.float64) == 1.0,
        frame["half_p_sharp"].to_numpy(np.float64),
        frame["laplacian"].to_numpy(np.float64),
        tuple(frame["group"]),
    )


def _side(blur_type: str) -> str:
    return SHARP if blur_type == SHARP else BLURRED


def _kinds(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if "kind" not in rows:
        return []
    counts = Counter(rows["kind"].dropna().astype(str))
    names = sorted(name for name, count in counts.items() if name and count >= KIND_LEAST)
    return [(f"kind {name}", rows[rows["kind"].astype(str) == name]) for name in names]


def _draw_reliability(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots  # it asks for the benchmarks itself

    plots.reliability(rows, summary, path, confidence="confidence", correct="correct")


def _draw_confusion(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots

    labels: Sequence[str] = BLUR_TYPES
    if (rows["blur_type"] == BLURRED).any():
        sides = {column: rows[column].where(rows[column].isin([SHARP, ""]), BLURRED) for column in _NAMED}
        rows, labels = _with(rows, sides), (SHARP, BLURRED)
    plots.confusion(rows, summary, path, true="blur_type", predicted="predicted", labels=labels)


def _with(rows: pd.DataFrame, columns: dict[str, "pd.Series[str]"]) -> pd.DataFrame:
    changed = rows.assign(**columns)
    changed.attrs = rows.attrs
    return changed


BENCHMARK = Benchmark(
    name="blur",
    meaning="is the type of blur right, and are sharp photos left alone",
    source="data set",
    models=lambda: ESTIMATORS,
    estimator=blur.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(Comparison("accuracy", "correct", group="group"),),
    labels=("blur_type", "kind"),
    derive=derive,
    plots={"reliability": _draw_reliability, "confusion": _draw_confusion},
)
