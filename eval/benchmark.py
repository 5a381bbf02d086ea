"""What a benchmark is: cases, a scorer that turns one case into a row of numbers, and a summary of all rows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pandas as pd

from iqa.estimator import Estimator

from .metrics import METRICS, Interval
from .metrics.resampling import RESAMPLES

Cell = str | float | int | None
"""Yes and no are 1 and 0, so that a mean is a share."""
Row = dict[str, Cell]
MODEL = "model"
"""`who` of the figures of the estimator that is judged; every other name is a baseline."""


MOST_UNDEFINED = 0.05
"""Share of the resamples without the figure, above which those that have it say nothing about its interval."""


def finite(value: float) -> float | None:
    """A number that JSON can hold; None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True)
class Options:
    """What the caller chose; part of every report, because the figures follow from it.

    Attributes:
        model: name of the estimator.
        split: "test", "validation", "train", "all"; None = test where the set has one, else all.
        limit: at most that many cases, evenly spread over the list; None = all.
        seed: of everything random.
        resamples: of the bootstrap.
        level: confidence of every interval.
    """

    model: str = "classical"
    split: str | None = None
    limit: int | None = None
    seed: int = 0
    resamples: int = RESAMPLES
    level: float = 0.95


@dataclass(frozen=True)
class Case:
    """One thing to score: a photo, a pair, a series, or a photo with the damage to do to it.

    Attributes:
        key: unique in the run and the same on every machine (no folder of this one).
        paths: the files it needs.
        facts: what is known before scoring (label, group, subset, level): cells of its row in the per-image CSV.
    """

    key: str
    paths: tuple[Path, ...]
    facts: Mapping[str, Cell] = field(default_factory=dict)


class Scorer(Protocol):
    """Makes the row of one case. Picklable: it runs in worker processes, where it may keep a session open.

    An attribute `prepared` (dict of JSON values), where there is one, is written into the report: what was done before
    the first case, such as the fit of a baseline.
    """

    def __call__(self, case: Case) -> Row | list[Row]:
        """The computed cells of one case; a list when one case gives several rows (each then names its own `part`).

        Raises:
            IQAError: the case cannot be scored; it is counted with the reason and does not stop the others.
        """
        ...


@dataclass(frozen=True)
class Figure:
    """One number of a report.

    Attributes:
        metric: key of METRICS, which says direction, bounds and unit.
        value: None when it is undefined for these rows.
        low, high: ends of its interval; None where there is none.
        n: independent units behind it.
        method: how the interval was made, or why there is none; "" where none is asked for.
        part: the rows it was computed from: "all", "subset ss02", "noise level 3".
        who: MODEL, or the name of a baseline.
        undefined: resamples of the bootstrap on which the figure does not exist; the interval is that of the others.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    part: str = "all"
    who: str = MODEL
    undefined: int = 0

    @classmethod
    def of(
        cls, metric: str, value: float, interval: Interval | None, *, n: int, part: str = "all", who: str = MODEL
    ) -> "Figure":
        """A figure with its interval, which is left out above MOST_UNDEFINED; NaN and infinity become None.

        Raises:
            KeyError: no such metric.
        """
        METRICS[metric]
        if interval is None:
            return cls(metric, finite(value), None, None, n, "", part, who)
        low, high, method = finite(interval.low), finite(interval.high), interval.method
        if interval.undefined > MOST_UNDEFINED * interval.resamples:
            low = high = None
            method = f"no interval: undefined on {interval.undefined:,} of {interval.resamples:,} resamples"
        return cls(metric, finite(value), low, high, n, method, part, who, interval.undefined)


@dataclass(frozen=True)
class Summary:
    """What the rows say.

    Attributes:
        figures: every number, with its interval.
        details: what is no single number (confusion matrix, parameters of a fit, undefined figures and why); JSON.
    """

    figures: tuple[Figure, ...]
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """How two reports of one benchmark are compared: row by row, on the same cases.

    Attributes:
        metric: key of METRICS.
        column: computed cell of both reports that is judged.
        target: cell that both share, or None when the column itself is the value (right or wrong, dB).
        group: cell whose equal rows are resampled together, or None.
    """

    metric: str
    column: str
    target: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Benchmark:
    """A kind of measurement.

    Attributes:
        name: on the command line, for synthetic benchmarks; for public data sets the kind (`rating`, `blur`).
        meaning: what is asked, in one line.
        source: "data set" (cases are photos of a set with labels) or "photos" (made from a folder of clean photos).
        models: names of the estimators that can be judged.
        estimator: name to the Estimator that stands in the report.
        cases: the cases from the whole table of a data set (`DataSet.load`), cut to the split and to the limit.
        scorer: the scorer of a model; the whole table is given so that a baseline can be fitted on its train split.
        summarize: figures from the per-image CSV, as read back from the file, failed rows included (their `error` is
            not ""); pure, so that `verify` can repeat it.
        comparisons: what `compare` compares.
        labels: cells that repeat what the set's authors published; left out by --without-labels.
        plots: name to a function (rows, summary, file) that draws a PNG.
        derive: adds to the rows, as read back and with their labels, the columns that follow from answer and label
            together; they are judged by `compare` and the plots, and never stored, for they would give the label away.
    """

    name: str
    meaning: str
    source: Literal["data set", "photos"]
    models: Callable[[], tuple[str, ...]]
    estimator: Callable[[str], Estimator]
    cases: Callable[[pd.DataFrame, Options], Sequence[Case]]
    scorer: Callable[[pd.DataFrame, Options], Scorer]
    summarize: Callable[[pd.DataFrame, Options], Summary]
    comparisons: tuple[Comparison, ...] = ()
    labels: tuple[str, ...] = ()
    plots: Mapping[str, Callable[[pd.DataFrame, Summary, Path], None]] = field(default_factory=dict)
    derive: Callable[[pd.DataFrame], pd.DataFrame] | None = None
