"""Figures of one column of predictions against the MOS: agreement with intervals, the mapping, pairs, quintiles."""

from dataclasses import replace

import numpy as np
import pandas as pd

from iqa.errors import ArgumentError

from ..benchmark import MODEL, Figure, Options, finite
from ..datasets import seeded_splits
from ..metrics import (
    DISTINCT_MOS,
    Interval,
    Logistic,
    bonett_wright_srcc,
    bootstrap_all,
    fieller_krcc,
    fisher_plcc,
    fit_logistic4,
    krcc,
    mae,
    mapped_intervals,
    mean,
    outlier_ratio,
    over_splits,
    pair_accuracy_by_difference,
    pair_classes,
    pair_intervals,
    panel_size,
    plcc,
    rmse,
    srcc,
    why_undefined,
)
from ..metrics.checks import MIN_ROWS, Column
from ..metrics.ranking import Panel, people_worth
from ..metrics.resampling import Statistic
from ._parts import ends

CORRELATIONS: dict[str, Statistic] = {"srcc": srcc, "plcc": plcc, "krcc": krcc}
ERRORS: dict[str, Statistic] = {"rmse": rmse, "mae": mae}
"""Only of predictions on the scale of the MOS."""
MAPPED = ("plcc_mapped", "rmse_mapped")
"""After the logistic."""
BRIEF, ONE, WHOLE = ("srcc", "plcc"), ("srcc",), "all"
SCALE = (0.0, 1.0)
"""Of the column `mos`."""
DIFFERENCES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, np.inf)
"""Edges of the MOS differences for which the pair accuracy is told."""
QUINTILES = 5
Details = dict[str, object]


def agreement(
    rows: pd.DataFrame,
    column: str,
    options: Options,
    *,
    part: str,
    who: str = MODEL,
    on_scale: bool = True,
    only: tuple[str, ...] = (),
) -> tuple[list[Figure], Details]:
    """The figures of a column, signed, raw and after the logistic; and what is no single number.

    Of a baseline, only SRCC and PLCC are told outside the part "all".

    Args:
        column: higher is better; `on_scale`: it is on the scale of the MOS, so that its raw errors mean something.
        only: correlations that are told; none = all that there are.
    """
    only = only or (BRIEF if who != MODEL and part != WHOLE else ())
    brief = bool(only)
    raw = {name: CORRELATIONS[name] for name in only} if brief else CORRELATIONS | (ERRORS if on_scale else {})
    n, groups = _units(rows)
    if len(rows) < MIN_ROWS or n < MIN_ROWS:
        names = (*raw, *(() if brief else MAPPED))
        reason = f"{len(rows)} rows in {n} groups; agreement needs {MIN_ROWS} of each."
        return [Figure.of(name, np.nan, None, n=n, part=part, who=who) for name in names], {"undefined": reason}
    x, y = rows[column].to_numpy(np.float64), rows["mos"].to_numpy(np.float64)
    found = _intervals(raw, x, y, groups, options)
    figures = [Figure.of(name, raw[name](x, y), found[name], n=n, part=part, who=who) for name in raw]
    undefined = why_undefined(x, y)
    details: Details = {"rows": len(rows), "groups": n} | ({} if undefined is None else {"undefined": undefined})
    if not brief:
        logistic, reason = fit_logistic4(x, y), _no_direction(found["srcc"])
        figures += _after(None if reason else logistic, x, y, groups, options, part=part, who=who, n=n)
        details["mapping"] = {"undefined": reason} if reason else _mapping(logistic)
    return figures, details


def _units(rows: pd.DataFrame) -> tuple[int, list[str] | None]:
    """Independent units, and the group of each row; None when every row is its own."""
    groups = [str(group) for group in rows["group"]]
    count = len(set(groups))
    return count, None if count == len(groups) else groups


def _intervals(
    statistics: dict[str, Statistic], x: Column, y: Column, groups: list[str] | None, options: Options
) -> dict[str, Interval]:
    return bootstrap_all(statistics, [x, y], groups, options.resamples, seed=options.seed, level=options.level)


def _no_direction(interval: Interval) -> str:
    """Why there is no mapping: nobody knows whether it should rise or fall; "" where the SRCC says so."""
    if np.isnan(interval.low):
        return f"The SRCC has no interval ({interval.method}), so it is not known whether the mapping rises or falls."
    if 0.0 in interval:
        return "The interval of the SRCC holds 0, so it is not known whether the mapping rises or falls."
    return ""


def _after(
    logistic: Logistic | None,
    x: Column,
    y: Column,
    groups: list[str] | None,
    options: Options,
    *,
    part: str,
    who: str,
    n: int,
) -> list[Figure]:
    """PLCC and RMSE after the mapping, None without one; the PLCC has the sign of the mapping."""
    if logistic is None or np.isnan(logistic.rmse):
        return [Figure.of(name, np.nan, None, n=n, part=part, who=who) for name in MAPPED]
    values = (logistic.direction * plcc(logistic(x), y), logistic.rmse)
    found = mapped_intervals(logistic, x, y, groups, options.resamples, seed=options.seed, level=options.level)
    return [
        Figure.of(name, value, found[name], n=n, part=part, who=who) for name, value in zip(MAPPED, values, strict=True)
    ]


def _mapping(logistic: Logistic) -> Details:
    betas = {name: finite(getattr(logistic, name)) for name in ("beta1", "beta2", "beta3", "beta4")}
    return {**betas, "converged": logistic.converged, "reason": logistic.reason}


def constant(rows: pd.DataFrame, options: Options) -> tuple[list[Figure], Details]:
    """The baseline that says the same of every photo: no correlation, and the least error that a constant can have."""
    who, (n, groups) = "constant", _units(rows)
    figures = [Figure.of(name, np.nan, None, n=n, who=who) for name in CORRELATIONS]
    if len(rows) < MIN_ROWS or n < MIN_ROWS:
        return figures, {"undefined": f"{len(rows)} rows in {n} groups"}
    y = rows["mos"].to_numpy(np.float64)
    x = np.full(len(y), y.mean())
    found = _intervals(ERRORS, x, y, groups, options)
    figures += [Figure.of(name, ERRORS[name](x, y), found[name], n=n, who=who) for name in ERRORS]
    reason = why_undefined(x, y) or ""
    return figures, {"value": float(y.mean()), "undefined": reason, "note": "the mean of these MOS: the best constant"}


def pairs(rows: pd.DataFrame, column: str, options: Options) -> tuple[list[Figure], Details]:
    """Figures of pairs and of outliers for all rows, and what a reviewer asks for beside the headline."""
    n, groups = _units(rows)
    if len(rows) < MIN_ROWS or n < MIN_ROWS:
        return [], {}
    x, y = rows[column].to_numpy(np.float64), rows["mos"].to_numpy(np.float64)
    panel = panel_size(x, y, scale=SCALE)
    distinct = DISTINCT_MOS * (SCALE[1] - SCALE[0]) / 4  # the threshold is told for a scale of 1 to 5
    classes = pair_classes(x, y, threshold=panel.threshold, distinct=distinct)
    (overall,) = pair_accuracy_by_difference(x, y, (0.0, np.inf))
    by_difference = pair_accuracy_by_difference(x, y, DIFFERENCES)
    found = pair_intervals(
        x,
        y,
        groups,
        options.resamples,
        threshold=panel.threshold,
        distinct=distinct,
        seed=options.seed,
        level=options.level,
    )
    figures = [
        Figure.of("pair_accuracy", overall.accuracy, found["pair_accuracy"], n=n),
        Figure.of("false_ranking", classes.false_ranking, found["false_ranking"], n=n),
        _panel(panel, found["false_ranking"], n=n),
        *_outliers(rows, x, y, groups, options, n=n),
    ]
    details: Details = {
        "closed-form intervals, rows taken as independent": _closed(x, y, options),
        "pair accuracy by MOS difference": [
            {"from": row.low, "below": finite(row.high), "accuracy": finite(row.accuracy), "pairs": row.pairs}
            for row in by_difference
        ],
        "pair classes": {**vars(classes), "threshold": panel.threshold, "distinct MOS": distinct},
        "panel": {"people": panel.people, "reason": panel.reason},
        "MOS quintiles": _quintiles(x, y),
    }
    return figures, details


def _panel(panel: Panel, wrong: Interval, *, n: int) -> Figure:
    """The panel; its interval is that of the false ranking, turned round, because a panel shrinks as errors grow."""
    if panel.people is None:
        return Figure.of("panel_size", np.nan, None, n=n)
    if np.isnan(wrong.low):
        return Figure.of("panel_size", panel.people, wrong, n=n)
    ends = people_worth(wrong.high), people_worth(wrong.low)
    told = replace(wrong, low=ends[0], high=ends[1], method=f"from the false ranking: {wrong.method}")
    return Figure.of("panel_size", panel.people, told, n=n)


def _outliers(
    rows: pd.DataFrame, x: Column, y: Column, groups: list[str] | None, options: Options, *, n: int
) -> list[Figure]:
    """The share of predictions more than two standard deviations of the votes away; where these are known."""
    if "mos_sd" not in rows or rows["mos_sd"].isna().any():
        return []
    spread = rows["mos_sd"].to_numpy(np.float64)
    outside = (np.abs(x - y) > 2.0 * spread).astype(np.float64)
    interval = bootstrap_all({"": mean}, [outside], groups, options.resamples, seed=options.seed, level=options.level)
    return [Figure.of("outlier_ratio", outlier_ratio(x, y, spread), interval[""], n=n)]


def _closed(x: Column, y: Column, options: Options) -> Details:
    if len(x) <= 4 or why_undefined(x, y) is not None:
        return {}
    n, level = len(x), options.level
    return {
        "plcc": ends(fisher_plcc(plcc(x, y), n, level=level)),
        "srcc": ends(bonett_wright_srcc(srcc(x, y), n, level=level)),
        "krcc": ends(fieller_krcc(krcc(x, y), n, level=level)),
    }


def _quintiles(x: Column, y: Column) -> list[Details]:
    """A fifth of the photos each, from the worst to the best MOS: range, order inside it, and signed mean error."""
    if len(y) < QUINTILES * MIN_ROWS:
        return []
    return [
        {
            "n": len(part),
            "mos": [float(y[part].min()), float(y[part].max())],
            "srcc": finite(srcc(x[part], y[part])),
            "mean error": float(np.mean(x[part] - y[part])),
            "rmse": rmse(x[part], y[part]),
        }
        for part in np.array_split(np.argsort(y, kind="stable"), QUINTILES)
    ]


def over_group_splits(rows: pd.DataFrame, column: str, options: Options) -> Details:
    """Median and quartiles over ten group splits: what is customary for a set without an official split."""
    x, y = rows[column].to_numpy(np.float64), rows["mos"].to_numpy(np.float64)
    try:
        masks = [(split == "test").to_numpy() for split in seeded_splits(rows, seed=options.seed)]
        found = {name: over_splits(CORRELATIONS[name], [x, y], masks) for name in CORRELATIONS}
    except ArgumentError as error:
        return {"absent": str(error)}
    return {
        name: {"q1": finite(row.q1), "median": finite(row.median), "q3": finite(row.q3)} for name, row in found.items()
    }
