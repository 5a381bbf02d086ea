"""Watermarks never seen in training: are they told from photos without, signs in the scene among them?

Made from clean photos. Marks come from iqa.damage.families.UNSEEN, which nothing learns from: one of each layout, at
three severities. Without a mark are the photo itself, lettering of the scene (a painted wall, a street plate, a shirt)
and every other damage. Marks that are found are located. One case is a photo, one row a picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pandas as pd

from iqa import damage, degradations
from iqa.damage import Picture
from iqa.damage.families import UNSEEN, Stamped, place
from iqa.measures import analysis_luma, laplacian_variance
from iqa.watermark import watermark_map

from ..benchmark import Benchmark, Case, Comparison, Options, Row, Summary
from ._clean_photos import chance, photos, read
from ._parts import answered, spread
from ._scene_lettering import KINDS as LETTERING
from ._watermark_figures import CLEAN, DAMAGED, DETECTED, LETTERED, MARKED, detection, pointing, separation

SEVERITIES = (0.3, 0.5, 0.8)
"""Of each mark: opacities of .32, .46 and .66."""
OTHERS = (
    "defocus",
    "motion",
    "noise",
    "underexposure",
    "overexposure",
    "color_cast",
    "compression",
    "compression_webp",
)
"""Damages that are no watermark."""
OTHER_SEVERITY = 0.6
SHOWN = 0.01
"""Share of a cell from which it shows some of the mark."""


@dataclass(frozen=True)
class Scorer:
    """All pictures made from one photo: the photo, marks of every layout, lettering, other damages."""

    model: str
    seed: int

    def __call__(self, case: Case) -> list[Row]:
        photo = read(case)
        return [
            self._judged(photo, "clean", CLEAN, {}),
            *self._marked(photo, case.key),
            *(
                self._judged(make(photo, chance(self.seed, case.key, name)), name, LETTERED, {})
                for name, make in LETTERING.items()
            ),
            *(
                self._judged(
                    damage.apply(name, photo, OTHER_SEVERITY, chance(self.seed, case.key, name)), name, DAMAGED, {}
                )
                for name in OTHERS
            ),
        ]

    def _marked(self, photo: Picture, key: str) -> Iterator[Row]:
        for layout in UNSEEN.layouts:
            family = replace(UNSEEN, layouts={layout: UNSEEN.layouts[layout]})
            for severity in SEVERITIES:  # of the same mark
                mark = place(family, photo, severity, chance(self.seed, key, layout))
                facts: Row = {
                    "layout": layout,
                    "severity": severity,
                    "treatment": mark.content,
                    "face": mark.drawn.face,
                    "logo": mark.drawn.logo,
                }
                picture = damage.blend(photo, mark)
                row = self._judged(picture, f"{layout} {severity}", MARKED, facts)
                answer = row["answer"]
                found = isinstance(answer, float) and answer >= DETECTED
                yield row | self._pointed(picture, mark) if found else row

    def _pointed(self, picture: Picture, mark: Stamped) -> Row:
        """Whether the hottest cell shows some of the mark, and what share of the cells does; a cold map is a miss."""
        heat = watermark_map(picture, model=self.model).heat
        shown = cv2.resize(mark.coverage, heat.shape[::-1], interpolation=cv2.INTER_AREA) >= SHOWN
        hit = heat.max() > 0 and shown[np.unravel_index(heat.argmax(), heat.shape)]
        return {"pointed": int(hit), "covered": float(shown.mean())}

    def _judged(self, picture: Picture, part: str, kind: str, facts: Row) -> Row:
        empty: Row = dict.fromkeys(("layout", "severity", "treatment", "face", "logo", "pointed", "covered"))
        return {
            "part": part,
            "kind": kind,
            "positive": int(kind == MARKED),
            **(empty | facts),
            "answer": degradations.assess(picture, model=self.model).severities["watermark"],
            "laplacian": laplacian_variance(analysis_luma(picture)),
        }


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per clean photo."""
    return spread([Case(name, (path,), facts) for name, path, facts in photos(table, options)], options)


def scorer(_: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model, options.seed)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """ROC AUC of the severity, marked against several kinds of unmarked; shares found, mistaken, and pointed at."""
    scored = answered(rows)
    if scored.empty:
        return Summary((), {"undefined": {"all": "No photo was scored."}})
    undefined: dict[str, str] = {}
    figures = [
        *separation(scored, options, undefined),
        *detection(scored, options, undefined),
        *pointing(scored, options),
    ]
    marked = scored[scored["kind"] == MARKED]
    details: dict[str, object] = {
        "threshold": DETECTED,
        "pictures": {str(kind): int(count) for kind, count in scored["kind"].value_counts().items()},
        "pictures without an answer": int(scored["answer"].isna().sum()),
        "mean answer": {} if scored["answer"].isna().all() else _means(scored, marked),
        "undefined": undefined,
    }
    return Summary(tuple(figures), details)


def _means(scored: pd.DataFrame, marked: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Mean answer by what was or was not done to the photo."""
    tables = {
        "unmarked": scored[scored["positive"] == 0].groupby("part")["answer"].mean(),
        "treatment": marked.groupby("treatment")["answer"].mean(),
        "severity": marked.groupby("severity")["answer"].mean(),
    }
    return {
        name: {str(k): None if pd.isna(v) else float(v) for k, v in found.items()} for name, found in tables.items()
    }


BENCHMARK = Benchmark(
    name="watermark",
    meaning="are watermarks of kinds that training never shows told from photos without, and from signs in the scene",
    source="photos",
    models=lambda: degradations.ESTIMATORS,
    estimator=degradations.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(Comparison("auc", "answer", "positive", group="group"),),
)
