"""Bursts: how often the frame that people keep is among the first that are named, beside chance and people."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from iqa import burst, image
from iqa.burst import FRAME_SIDE
from iqa.measures import ANALYSIS_PIXELS, analysis_luma, laplacian_variance
from iqa.ranking import asked

from ..benchmark import MODEL, Benchmark, Case, Cell, Comparison, Figure, Options, Row, Summary
from ..metrics import Picks, burst_picks, mean
from ..metrics.checks import Column
from ._beside import ASKED, BESIDE, everyone
from ._parts import answered, average, chosen, ends, over_groups, parts, share, spread, within

RANKS = "ranks"
SCORES = {MODEL: RANKS, "laplacian": "laplacian", "largest file": "bytes"}
"""Who picks, and the column that holds a number per frame, higher = better; of RANKS 1 = best, and the scores need not
fall along them: between close scores the measures decide."""
RANDOM, PEOPLE = "random", "people"
FIGURES = ("top1", "top2", "top3", "regret")
"""In the order of the fields of Picks."""
NO_PICKS = Picks(np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Scorer:
    """The ranking of one series."""

    model: str

    def __call__(self, case: Case) -> Row:
        frames = [image.load(path, max_side=FRAME_SIDE) for path in case.paths]
        answer = burst.rank(frames, names=_words(case.facts["files"]), model=self.model)
        in_order = sorted(answer.ranking, key=lambda frame: frame.index)
        pixels = min(ANALYSIS_PIXELS, *(frame.shape[0] * frame.shape[1] for frame in frames))
        return {
            "chosen": answer.best.name,
            "margin": answer.margin,
            "too_close": int(answer.too_close),
            BESIDE: asked(answer),
            "scores": _cell(frame.score for frame in in_order),
            RANKS: _cell(frame.rank for frame in in_order),
            "laplacian": _cell(laplacian_variance(analysis_luma(frame, pixels)) for frame in frames),
            "bytes": _cell(path.stat().st_size for path in case.paths),
        }


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per series; `best` and `votes` hold a number per frame, in the order of `files`.

    `votes` is the value of each frame: votes, a preference, or where only the keeper is known, `best` again. `counted`
    is 1 where they are numbers of people, from which the agreement among people follows.
    """
    rows = chosen(table, options)
    counted = int("votes" in rows and bool((rows["votes"] % 1 == 0).all() and (rows["votes"] > 1).any()))
    found = []
    for name, frames in rows.groupby("series", sort=False):
        facts: dict[str, Cell] = {
            "series": str(name),
            "group": str(frames["group"].iloc[0]),
            "subset": str(frames["subset"].iloc[0]),
            "frames": len(frames),
            "files": "|".join(frames["name"]),
            "counted": counted,
            "best": _cell(frames["best"].astype(float)),
            "votes": _cell(frames["label"].astype(float)),
        }
        found.append(Case(str(name), tuple(map(Path, frames["path"])), facts))
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def picked(scores: Column, best: Column, votes: Column) -> Picks:
    """How the scores pick in one series: hits against the best frames, regret in votes; NaN where all are best."""
    if np.ptp(best) == 0:
        return NO_PICKS
    hits = _picks(scores, best)
    return Picks(hits.top1, hits.top2, hits.top3, _picks(scores, votes).regret if np.ptp(votes) else 0.0)


def _picks(scores: Column, value: Column) -> Picks:
    # The series stands twice, because metrics ask for three rows and a series may have two; the mean is the same.
    return burst_picks(np.tile(scores, 2), np.tile(value, 2), np.repeat(["a", "b"], len(scores))).model


def person(votes: Column) -> Picks:
    """One voter of a series against the majority of the others; NaN with fewer than two voters or a tie of all."""
    twice = np.tile(votes, 2)
    found = burst_picks(twice, twice, np.repeat(["a", "b"], len(votes)), votes=twice).human
    return found or NO_PICKS


def derive(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with FIGURES of the model, where it has an answer: they give the label away, so no CSV holds them."""
    if RANKS not in rows:
        return rows
    told = answered(rows)
    picks = list(map(picked, _preference(told, RANKS), *(map(numbers, told[column]) for column in ("best", "votes"))))
    table = pd.DataFrame(map(astuple, picks), columns=list(FIGURES), index=told.index)
    return rows.assign(**{name: table[name].reindex(rows.index) for name in FIGURES})


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """Top 1, 2, 3 and regret over series, of the model, the baselines, chance, and people where votes were counted.

    Series in which every frame is best say nothing and are left out; the details count them.
    """
    scored = answered(rows)
    able = [np.ptp(numbers(cell)) > 0 for cell in scored["best"]]
    judged = scored[np.array(able, dtype=bool)]
    figures: list[Figure] = []
    left_out = len(scored) - len(judged)
    details: dict[str, object] = {"series in which all frames are best, left out": left_out, ASKED: everyone(scored)}
    for part, frame in parts(judged):
        if frame.empty:
            continue
        tables = _tables(frame)
        for who, picks in tables.items():
            figures += [_figure(name, picks, options, part, who) for name in FIGURES if picks[name].notna().any()]
        apart = tables[MODEL][frame["too_close"].to_numpy() == 0]
        if 0 < len(apart) < len(frame):
            figures.append(_figure("top1", apart, options, within(part, "told apart"), MODEL))
        details[part] = _details(frame, tables[MODEL], options)
    return Summary(tuple(figures), details)


def _tables(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Who picks to a table of FIGURES and group, one row per judged series."""
    best, votes = ([numbers(cell) for cell in frame[column]] for column in ("best", "votes"))
    found = {who: list(map(picked, _preference(frame, column), best, votes)) for who, column in SCORES.items()}
    found[RANDOM] = [picked(np.zeros(len(b)), b, v) for b, v in zip(best, votes, strict=True)]
    if (frame["counted"] == 1).all():
        found[PEOPLE] = list(map(person, votes))
    tables = {who: pd.DataFrame(map(astuple, picks), columns=list(FIGURES)) for who, picks in found.items()}
    return {who: table.assign(group=list(frame["group"])) for who, table in tables.items()}


def _preference(frame: pd.DataFrame, column: str) -> list[Column]:
    """Per series a number per frame, higher = better."""
    return [-numbers(cell) if column == RANKS else numbers(cell) for cell in frame[column]]


def _figure(metric: str, picks: pd.DataFrame, options: Options, part: str, who: str) -> Figure:
    """A mean over series: Wilson's interval where each is a hit or a miss, else the bootstrap's; none for chance."""
    known = picks[picks[metric].notna()]
    values, groups = known[metric].to_numpy(np.float64), list(known["group"])
    if who == RANDOM:
        return Figure.of(metric, float(values.mean()), None, n=len(values), part=part, who=who)
    if metric != "regret" and who != PEOPLE and np.isin(values, [0, 1]).all():
        return share(metric, values, options, part=part, who=who)
    return average(metric, values, groups, options, part=part, who=who)


def _details(frame: pd.DataFrame, picks: pd.DataFrame, options: Options) -> dict[str, object]:
    first = pd.Series([_rank(numbers(r), numbers(b)) for r, b in zip(frame["ranks"], frame["best"], strict=True)])
    ranks = first.value_counts().sort_index()
    return {
        "series": len(frame),
        "frames": int(frame["frames"].sum()),
        "too close to call": int(frame["too_close"].sum()),
        "rank of the best frame: series": {str(rank): int(count) for rank, count in ranks.items()},
        "over series": {
            name: ends(over_groups(mean, [picks[name].to_numpy(np.float64)], list(picks["group"]), options))
            for name in FIGURES[:3]
        },
    }


def _rank(ranks: Column, best: Column) -> int:
    """Where the first of the best frames comes out, 1 = first."""
    return int(ranks[best == best.max()].min())


def numbers(cell: Cell) -> Column:
    """The numbers of a cell that holds one per frame."""
    return np.array([float(word) for word in _words(cell)])


def _words(cell: Cell) -> list[str]:
    return str(cell).split("|")


def _cell(values: Iterable[float]) -> str:
    return "|".join(repr(float(value)) for value in values)


def _draw(rows: pd.DataFrame, summary: Summary, path: Path) -> None:
    from .. import plots  # it asks for the benchmarks itself

    plots.margins(rows, summary, path, margin="margin", right="top1")


BENCHMARK = Benchmark(
    name="burst",
    meaning="is the frame that people keep among the first",
    source="data set",
    models=lambda: burst.ESTIMATORS,
    estimator=burst.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=(Comparison("top1", "top1", group="group"), Comparison("regret", "regret", group="group")),
    labels=("best", "votes", "counted"),
    derive=derive,
    plots={"margins": _draw},
)
