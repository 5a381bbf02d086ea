"""Damaged photos: does each severity of the breakdown follow its own damage, ignore the others, and quality fall?

Made from clean photos: each damage at five levels beside the photo itself. One case is a photo, one row a picture.
Beside the photo itself stands how far the quality of the whole photo is from that of its copy at half size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from iqa import damage, degradations, quality
from iqa.damage import Picture
from iqa.errors import UnknownNameError
from iqa.estimator import Estimator
from iqa.evidence import STEPS
from iqa.image import load
from iqa.measures import analysis_luma, laplacian_variance, luminance
from iqa.resize import reduced

from ..benchmark import Benchmark, Case, Comparison, Options, Row, Summary
from ._clean_photos import chance, photos, read
from ._damage_figures import CLEAN, SAVED, heads, ladders, saved, undamaged
from ._parts import answered, spread

OWN = {
    "color_cast": "color_cast",
    "defocus": "blurriness",
    "motion": "blurriness",
    "shake": "blurriness",
    "watermark": "watermark",
    "noise": "noise",
    "underexposure": "exposure",
    "overexposure": "exposure",
    "compression": "compression",
}
"""Damage to its head: the severity that should answer to it."""
LEVELS = 5
"""Severities 0.2, 0.4, ... 1."""


@dataclass(frozen=True)
class Scorer:
    """All pictures made from one photo: the photo itself, then each damage at rising levels.

    A model of degradations fills the severities, a model of quality fills `quality`; what it does not answer is empty.
    """

    model: str
    seed: int

    def __call__(self, case: Case) -> list[Row]:
        clean = read(case)
        first = self._judged(clean, CLEAN, 0) | {"half_size": self._halved(case)}
        return [first, *(row for name in OWN for row in self._ladder(clean, case.key, name, first["quality"]))]

    def _ladder(self, clean: Picture, key: str, name: str, before: object) -> Iterator[Row]:
        for level in range(1, LEVELS + 1):
            picture = damage.apply(name, clean, level / LEVELS, chance(self.seed, key, name))
            row = self._judged(picture, name, level)
            row["answer"] = row[OWN[name]]
            now, row["not_rising"] = row["quality"], None
            if isinstance(now, float) and isinstance(before, float):
                row["not_rising"] = int(now <= before)
            before = now
            yield row

    def _halved(self, case: Case) -> float | None:
        """Difference of quality, 0 or more, between the photo as the package reads it and its copy at half size."""
        if self.model not in quality.ESTIMATORS:
            return None
        whole = load(case.paths[0], max_side=quality.READ_SIDE)
        half = reduced(whole, max(whole.shape[:2]) // 2)
        both = [quality.score(picture, model=self.model, explain=False).quality for picture in (whole, half)]
        return abs(both[0] - both[1])

    def _judged(self, picture: Picture, name: str, level: int) -> Row:
        row: Row = {
            "part": f"{name} {level}" if level else CLEAN,
            "damage": name,
            "head": OWN.get(name, CLEAN),
            "level": level,
            "severity": level / LEVELS,
            **dict.fromkeys(
                (*degradations.NAMES, "overall", "quality", "quality_by", "answer", "not_rising", "half_size", SAVED)
            ),
        }
        if self.model in degradations.ESTIMATORS:
            answer = degradations.assess(picture, model=self.model)
            row |= {**answer.severities, "overall": answer.overall}
            if answer.evidence.jpeg_quality_by == STEPS:
                row[SAVED] = answer.evidence.jpeg_quality_estimated
        if self.model in quality.ESTIMATORS:
            scored = quality.score(picture, model=self.model, explain=False)
            row |= {"quality": scored.quality, "quality_by": str(scored.model)}
        row["laplacian"] = laplacian_variance(analysis_luma(picture))
        row["mean_luminance"] = float(luminance(picture).mean(dtype=np.float64) / 255.0)
        return row


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per clean photo."""
    return spread([Case(name, (path,), facts) for name, path, facts in photos(table, options)], options)


def scorer(_: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model, options.seed)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Per head: agreement with the severity, alarm against calm, cross-talk; of quality: ladders, and half size."""
    scored = answered(rows)
    if scored.empty:
        return Summary((), {"undefined": {"all": "No photo was scored."}})
    scored = scored.assign(level=scored["level"].astype(int))
    undefined: dict[str, str] = {}
    head_figures, head_details = heads(scored, OWN, options, undefined)
    clean_figures, clean_details = undamaged(scored, options, undefined)
    ladder_figures, ladder_details = ladders(scored, list(OWN), options, undefined)
    told = saved(scored)
    details: dict[str, object] = {**head_details, **clean_details, **ladder_details, **told, "undefined": undefined}
    return Summary((*head_figures, *clean_figures, *ladder_figures), details)


def models() -> tuple[str, ...]:
    """Whatever answers with severities, with a quality, or with both."""
    return tuple(dict.fromkeys((*degradations.ESTIMATORS, *quality.ESTIMATORS)))


def estimator(model: str) -> Estimator:
    """Who answers to that name: of the breakdown where it has a breakdown; who scored quality stands in the details.

    Raises:
        UnknownNameError: no such model.
    """
    if model in degradations.ESTIMATORS:
        return degradations.estimator(model)
    if model in quality.ESTIMATORS:
        return quality.estimator(model)
    raise UnknownNameError("estimator", model, models())


def _draw_quality(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    _draw(rows, summary, path, "quality", "quality, higher is better")


def _draw_answers(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    filled = rows.assign(answer=rows["answer"].astype(float))
    _draw(filled, summary, path, "answer", "severity of its own head, 0 = none")


def _draw(rows: pd.DataFrame, summary: Summary, path: Path, score: str, unit: str) -> None:
    """Each damage's ladder starts with the clean photos."""
    from .. import plots  # it asks for the benchmarks itself

    clean = rows[rows["damage"] == CLEAN]
    starts = [clean.assign(damage=name, **({"answer": clean[OWN[name]]} if score == "answer" else {})) for name in OWN]
    joined = pd.concat([*starts, rows[rows["damage"] != CLEAN]], ignore_index=True)
    joined.attrs = rows.attrs
    plots.ladders(joined, summary, path, score=score, level="level", damage="damage", unit=unit)


BENCHMARK = Benchmark(
    name="damage",
    meaning="does each severity follow its own damage and ignore the others, and does quality fall",
    source="photos",
    models=models,
    estimator=estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(
        Comparison("srcc", "answer", "severity", group="group"),
        Comparison("not_rising", "not_rising", group="group"),
    ),
    plots={"quality": _draw_quality, "answers": _draw_answers},
)
