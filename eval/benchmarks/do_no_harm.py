"""Photos that need no enhancement: are they left alone, and what does it do to them when it is forced?

Made from clean photos. One case is a photo as it is: the gate is asked, then the enhancement is forced upon it. Of an
enhancer it is wanted that at least 95 % of the well-lit photos are left alone, and that forcing it changes their
pixels by .06 of full scale at most, on average.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from iqa import lowlight
from iqa.damage import Picture
from iqa.measures import luminance

from ..benchmark import MODEL, Benchmark, Case, Comparison, Figure, Options, Row, Summary
from ..metrics import percentile_95
from ..metrics.checks import MIN_ROWS
from . import enhancement
from ._clean_photos import photos, read
from ._parts import answered, average, over_groups, share, spread

WELL_LIT = 0.25
"""Mean BT.601 luma, in [0, 1], from which a photo counts as well-lit, whatever the gate says of it.

An even gray of this luma reflects 5.1 % of white, 1.8 stops below middle gray (18 %, luma .46), at which a meter aims:
what is darker on average is dark whatever was meant. It is a number of its own, not one of the gate's, so that the same
photos are judged after the gate was changed. A gate that goes by mean luma alone and closes below this number leaves
all of them alone by its making; then the share of all photos says more.
"""
WELL_LIT_PART = "well-lit"
BASELINES: Mapping[str, Callable[[Picture], Picture]] = {
    name: enhancement.BASELINES[name] for name in ("gamma", "clahe")
}
"""What is forced upon the same photos; their columns are called ``gamma_change`` and so on."""


@dataclass(frozen=True)
class Scorer:
    """What the gate says of one photo, and how much its pixels change when it is enhanced all the same."""

    model: str

    def __call__(self, case: Case) -> Row:
        photo = read(case)
        forced = lowlight.enhance(photo, force=True, model=self.model)
        return {
            "left_alone": int(not forced.need.needed),
            "darkness": forced.need.darkness,
            "headroom": forced.need.headroom,
            "mean_luminance": float(luminance(photo).mean(dtype=np.float64)) / 255.0,
            "applied_when_forced": int(forced.applied),
            "change": changed(photo, forced.image),
            **{f"{name}_change": changed(photo, make(photo)) for name, make in BASELINES.items()},
        }


def changed(before: Picture, after: Picture) -> float:
    """Mean absolute change of the pixels, in [0, 1], 0 = none, 1 = from black to white; over all pixels and channels.

    Args:
        before, after: RGB uint8 (H, W, 3), of one size.
    """
    return float(np.mean(cv2.absdiff(before, after), dtype=np.float64)) / 255.0


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per clean photo."""
    return spread([Case(name, (path,), facts) for name, path, facts in photos(table, options)], options)


def scorer(_: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Of all photos and of the well-lit ones: the share left alone, mean and 95th percentile of the forced change."""
    scored = answered(rows)
    figures: list[Figure] = []
    undefined: dict[str, str] = {}
    details: dict[str, object] = {"well-lit from mean luminance": WELL_LIT, "undefined": undefined}
    for part, frame in _parts(scored):
        if frame.empty:
            undefined[part] = "No such photo was scored."
            continue
        figures.append(share("left_alone", frame["left_alone"] == 1, options, part=part))
        for who in (MODEL, *BASELINES):
            column = frame["change" if who == MODEL else f"{who}_change"]
            figures += _changes(column, list(frame["group"]), options, part=part, who=who)
        details[part] = {
            "photos": len(frame),
            "scenes": int(frame["group"].nunique()),
            "raised by the gate": [str(key) for key in frame["key"][frame["left_alone"] == 0]],
            "changed when forced": int(frame["applied_when_forced"].sum()),
            **{f"mean {name}": float(frame[name].mean()) for name in ("mean_luminance", "darkness", "headroom")},
        }
    return Summary(tuple(figures), details)


def _parts(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All photos, and those that count as well-lit."""
    if rows.empty:  # without a scored row there is no column to judge by
        return [("all", rows)]
    return [("all", rows), (WELL_LIT_PART, rows[rows["mean_luminance"] >= WELL_LIT])]


def _changes(column: pd.Series, groups: list[str], options: Options, *, part: str, who: str) -> list[Figure]:
    """Mean and 95th percentile with the bootstrap interval over scenes; of too few photos no percentile."""
    values = column.to_numpy(np.float64)
    high = percentile_95(values) if len(values) >= MIN_ROWS else np.nan
    interval = over_groups(percentile_95, [values], groups, options)
    return [
        average("mean_change", values, groups, options, part=part, who=who),
        Figure.of("change_p95", high, interval, n=interval.n, part=part, who=who),
    ]


BENCHMARK = Benchmark(
    name="do-no-harm",
    meaning="is a photo that needs no enhancement left alone, and how much does forcing it change",
    source="photos",
    models=lambda: lowlight.ESTIMATORS,
    estimator=lowlight.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(
        Comparison("left_alone", "left_alone", group="group"),
        Comparison("mean_change", "change", group="group"),
    ),
)
