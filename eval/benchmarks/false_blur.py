"""Sharp photos: how often are they called blurred? Made from clean photos, at most 768 px long, and halved.

What lists of blur cannot tell: their sharp photos were chosen beside blurred ones. Of a classifier it is wanted that
at most 3 % of clean photos are called blurred, whatever the type.
"""

from dataclasses import dataclass

import pandas as pd

from iqa import blur
from iqa.resize import reduced

from ..benchmark import Benchmark, Case, Figure, Options, Row, Summary
from ._clean_photos import photos, read
from ._parts import answered, parts, share, spread, within

SIZES = {"whole": 1, "half size": 2}
"""Name to how many times smaller."""


@dataclass(frozen=True)
class Scorer:
    """The blur type of one photo at each of SIZES."""

    model: str

    def __call__(self, case: Case) -> list[Row]:
        photo, rows = read(case), list[Row]()
        for name, times in SIZES.items():
            shown = reduced(photo, max(1, max(photo.shape[:2]) // times))
            found = blur.classify(shown, model=self.model)
            rows.append(
                {
                    "part": name,
                    "predicted": found.blur_type,
                    "confidence": found.confidence,
                    "certain": int(found.certain),
                    "called_blurred": int(found.blur_type != "sharp"),
                }
            )
        return rows


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per clean photo."""
    return spread([Case(name, (path,), facts) for name, path, facts in photos(table, options)], options)


def scorer(_: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Share of the photos called blurred, of those told for certain, and of "cannot tell", by size and source."""
    scored = answered(rows)
    figures: list[Figure] = []
    details: dict[str, object] = {}
    for name in SIZES:
        for part, frame in parts(scored[scored["part"] == name]):
            called, certain = (frame[column].astype(float) == 1.0 for column in ("called_blurred", "certain"))
            where = part if name == "whole" else within(part, name)
            figures.append(share("false_alarm_rate", called, options, part=where))
            figures.append(share("false_alarm_rate", called[certain], options, part=within(where, "certain answers")))
            figures.append(share("cannot_tell", ~certain, options, part=where))
            details[where] = {
                "photos": len(frame),
                "called blurred": {str(kind): int(n) for kind, n in frame["predicted"].value_counts().items()},
            }
    return Summary(tuple(figures), details)


BENCHMARK = Benchmark(
    name="false-blur",
    meaning="how often are sharp photos called blurred, at most 768 px long and at half of that",
    source="photos",
    models=lambda: blur.ESTIMATORS,
    estimator=blur.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
)
