"""Bursts with one frame without defects: is it the one that is kept?

Made from clean photos, 2 to 10 frames each; the other frames are out of focus, moved, shaken, noisy, badly exposed or
compressed, in any mix and at any strength. One case is a series.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from iqa import burst
from iqa.damage import Picture
from iqa.measures import analysis_luma, laplacian_variance
from iqa.ranking import asked

from ..benchmark import MODEL, Benchmark, Case, Comparison, Figure, Options, Row, Summary
from ..metrics import mean, wilson
from ._beside import ASKED, BESIDE, everyone
from ._clean_photos import chance, photos, read
from ._parts import answered, ends, over_groups, spread
from ._series import DEFECTS, SEVERITY, Made, make

FRAMES = tuple(range(2, 11))
"""Each photo gives one series of every length."""
BANDS = (SEVERITY[0], 0.3, 0.5, SEVERITY[1])
"""Ends of the bands of the mildest defect: the frame that is hardest to tell from the clean one."""
TOP = ("top1", "top2", "top3")
BASELINES = {"laplacian": "laplacian_top1", "largest file": "largest_file_top1"}
CLEAN = "clean"
BETTER = " > "
JPEG_QUALITY = 95


@dataclass(frozen=True)
class Scorer:
    """Ranks the frames of one series, and says where the clean frame came out."""

    model: str
    seed: int

    def __call__(self, case: Case) -> Row:
        made = make(read(case), int(str(case.facts["frames"])), chance(self.seed, case.key))
        answer = burst.rank([frame.picture for frame in made], model=self.model)
        order = [made[frame.index] for frame in answer.ranking]
        place = next(rank for rank, frame in enumerate(order, 1) if not frame.defects)
        return {
            "rank_of_best": place,
            **{name: int(place <= count) for count, name in enumerate(TOP, 1)},
            "too_close": int(answer.too_close),
            BESIDE: asked(answer),
            "margin": answer.margin,
            "regret": order[0].strength,
            "weakest": min(frame.strength for frame in made if frame.defects),
            "order": BETTER.join(frame.label for frame in order),
            "laplacian_top1": _hit(made, [laplacian_variance(analysis_luma(frame.picture)) for frame in made]),
            "largest_file_top1": _hit(made, [_bytes(frame.picture) for frame in made]),
        }


def _hit(made: Sequence[Made], values: Sequence[float]) -> float:
    """1 when the clean frame alone has the greatest value; its share of them when several have."""
    first = [frame for frame, value in zip(made, values, strict=True) if value == max(values)]
    return sum(not frame.defects for frame in first) / len(first)


def _bytes(picture: Picture) -> float:
    return float(len(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]))


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per photo and number of frames; the key is the photo's name, # and the number."""
    found = [
        Case(f"{name}#{frames}", (path,), {**facts, "frames": frames})
        for name, path, facts in photos(table, options)
        for frames in FRAMES
    ]
    return spread(found, options)


def scorer(_: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model, options.seed)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Shares of series with the clean frame first (among the first two, three), regret, and which defects win."""
    scored = answered(rows)
    if scored.empty:
        return Summary((), {"undefined": {"all": "No series was scored."}})
    figures: list[Figure] = []
    intervals: dict[str, object] = {}
    for part, frame in _parts(scored):
        for name in TOP:
            figures.append(_share(name, frame[name], frame, options, part=part))
            intervals[f"{name}, {part}"] = ends(wilson(int(frame[name].sum()), len(frame), level=options.level))
        figures += [
            _share("top1", frame[column], frame, options, part=part, who=who) for who, column in BASELINES.items()
        ]
        figures += _random(frame, part)
    figures.append(_share("regret", scored["regret"], scored, options, part="all"))
    beaten, strengths = _beaten(scored)
    figures += [
        _share("pair_accuracy", part["beaten"], part, options, part=name)
        for name, part in [("all", beaten), *((f"defect {kind}", beaten[beaten["kind"] == kind]) for kind in DEFECTS)]
        if len(part)
    ]
    details: dict[str, object] = {
        "series": {part: len(frame) for part, frame in _parts(scored)},
        "Wilson intervals, series taken as independent": intervals,
        ASKED: everyone(scored),
        "share too close to call": float(scored["too_close"].mean()),
        "kept in place of the clean frame": _kept(scored),
        "share beaten by the clean frame, by strength of the defect": strengths,
    }
    return Summary(tuple(figures), details)


def _parts(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """All series, those of each length, of each band of the mildest defect, and those that were not too close."""
    found = [("all", rows)]
    found += [(f"frames {count:g}", part) for count, part in rows.groupby("frames")]
    found += [(f"weakest {band}", rows[_band(rows["weakest"]) == band]) for band in _BAND_NAMES]
    found += [("not too close", rows[rows["too_close"] == 0])]
    return [(name, part) for name, part in found if len(part)]


_BAND_NAMES = tuple(f"{low:g} to {high:g}" for low, high in pairwise(BANDS))


def _band(values: pd.Series) -> pd.Series:
    return pd.cut(values, BANDS, labels=_BAND_NAMES, include_lowest=True).astype(str)


def _share(
    metric: str, values: pd.Series, rows: pd.DataFrame, options: Options, *, part: str, who: str = MODEL
) -> Figure:
    """The mean with the bootstrap interval over photos; where all are hits or none is, Wilson's, a photo counted once.

    The bootstrap has no width there, which would look like certainty.
    """
    column, groups = values.to_numpy(np.float64), list(rows["group"])
    n = len(set(groups))
    if metric != "regret" and column.min() == column.max() and column[0] in (0.0, 1.0):
        interval = wilson(round(n * column[0]), n, level=options.level)
        return Figure.of(metric, float(column[0]), interval, n=n, part=part, who=who)
    interval_over_photos = over_groups(mean, [column], groups, options)
    return Figure.of(metric, float(column.mean()), interval_over_photos, n=n, part=part, who=who)


def _random(rows: pd.DataFrame, part: str) -> list[Figure]:
    """What a blind pick is expected to reach: exact, so without an interval."""
    n = rows["group"].nunique()
    chances = {name: np.minimum(1.0, count / rows["frames"]).mean() for count, name in enumerate(TOP, 1)}
    return [Figure.of(name, float(value), None, n=n, part=part, who="random") for name, value in chances.items()]


def _beaten(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, dict[str, object]]]:
    """Each bad frame with a single defect, whether the clean frame was ranked above it; the same by strength."""
    found = []
    for order, group in zip(rows["order"], rows["group"], strict=True):
        labels = str(order).split(BETTER)
        for rank, label in enumerate(labels):
            words = label.split()
            if len(words) == 2:  # one defect: its name and its severity
                found.append((words[0], float(words[1]), float(rank > labels.index(CLEAN)), group))
    table = pd.DataFrame(found, columns=["kind", "severity", "beaten", "group"])
    table["band"] = _band(table["severity"])
    strengths: dict[str, dict[str, object]] = {}
    for (kind, band), part in table.groupby(["kind", "band"]):
        strengths.setdefault(str(kind), {})[str(band)] = {"share": float(part["beaten"].mean()), "frames": len(part)}
    return table, strengths


def _kept(rows: pd.DataFrame) -> Mapping[str, int]:
    """How often a frame with each defect was ranked first: what fools the model."""
    wrong = [str(order).split(BETTER)[0] for order in rows["order"][rows["top1"] == 0]]
    names = [defect.split()[0] for label in wrong for defect in label.split(" + ")]
    return {name: names.count(name) for name in DEFECTS if name in names}


def _draw_margins(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots  # it asks for the benchmarks itself

    plots.margins(rows, summary, path, margin="margin", right="top1")


BENCHMARK = Benchmark(
    name="defect-bursts",
    meaning="is the one frame without a defect the one that is kept",
    source="photos",
    models=lambda: burst.ESTIMATORS,
    estimator=burst.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(Comparison("top1", "top1", group="group"), Comparison("regret", "regret", group="group")),
    plots={"margins": _draw_margins},
)
