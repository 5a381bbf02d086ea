"""The figures of the damage benchmark: heads against severities, false alarms, cross-talk, ladders of quality."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from iqa.damage import jpeg_quality
from iqa.degradations import NAMES

from ..benchmark import MODEL, Figure, Options
from ..metrics import auc, crosstalk, ladder, mean, median, srcc, why_undefined
from ..metrics.checks import MIN_ROWS
from ._parts import over_groups, share

CLEAN = "clean"
ALARM = 0.5
"""A severity above it is an alarm."""
SAVED = "jpeg_quality"
"""Column: the quality that the steps in the pixels say they were saved with, 1..100."""
NEAR = 1
"""A quality that is told within so much is right: neighbors share the low steps of their tables."""
CLEAR_LEVEL = 2
"""From this level on a damage is plain to see; below, nobody is to blame for missing it."""
NOT_A_FLAW = "watermark"
"""Damage of which scores of photographic quality need not know; the ladders are shown with and without it."""

BASELINES: Mapping[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "blurriness": ("laplacian", lambda rows: -rows["laplacian"]),
    "noise": ("laplacian", lambda rows: rows["laplacian"]),
    "exposure": ("mean luminance", lambda rows: (rows["mean_luminance"] - 0.5).abs()),
}
"""Head to a trivial stand-in for it: what the detail, or the distance from middle grey, alone would say."""

Found = tuple[list[Figure], dict[str, object]]


def heads(rows: pd.DataFrame, own: Mapping[str, str], options: Options, undefined: dict[str, str]) -> Found:
    """Of each head: rank correlation with the severity of its own damages, AUC of plain damage, cross-talk.

    Args:
        rows: with an answer; `level` whole.
        own: damage to its head.
        undefined: takes the reason for each figure without a value.
    """
    damaged = rows[rows["level"] > 0]
    told = damaged[damaged["answer"].notna()]
    everything = _Answers(told, told["answer"], "all", MODEL)
    figures = [_agreement(everything, "srcc", options, undefined)]
    for head in NAMES:
        mine = rows[(rows["head"] == head) | (rows["level"] == 0)]
        judged = [_Answers(mine, mine[head], f"head {head}", MODEL)]
        if head in BASELINES:
            who, stand_in = BASELINES[head]
            judged.append(_Answers(mine, stand_in(mine), f"head {head}", who))
        figures += [_agreement(one, metric, options, undefined) for one in judged for metric in ("srcc", "auc")]
    silent = {head: int(rows[head].isna().sum()) for head in NAMES if rows[head].isna().any()}
    talk_figures, talk = _crosstalk(damaged, own, options, undefined)
    answers = {name: _by_level(rows, name, head) for name, head in own.items()}
    return [*figures, *talk_figures], {**talk, "mean answer by level": answers, "pictures without an answer": silent}


@dataclass(frozen=True)
class _Answers:
    """Answers of one judge, one per row; NaN where it cannot tell."""

    rows: pd.DataFrame
    answers: pd.Series
    part: str
    who: str


def _agreement(one: _Answers, metric: str, options: Options, undefined: dict[str, str]) -> Figure:
    """Of the answers with the severity (srcc), or of plain damage against clean (auc)."""
    told = one.answers.notna()
    if metric == "auc":
        told &= (one.rows["level"] == 0) | (one.rows["level"] >= CLEAR_LEVEL)
    rows, answers = one.rows[told], one.answers[told]
    target = rows["severity"] if metric == "srcc" else (rows["level"] > 0).astype(float)
    statistic, n = (srcc if metric == "srcc" else auc), rows["group"].nunique()
    if len(rows) < MIN_ROWS:
        reason: str | None = "It cannot tell." if not len(rows) else f"It answers on {len(rows)} pictures only."
    else:
        reason = why_undefined(answers, target)
    if reason is not None:
        undefined[f"{metric} of {one.who}, {one.part}"] = reason
        return Figure.of(metric, np.nan, None, n=n, part=one.part, who=one.who)
    interval = over_groups(statistic, [answers, target], list(rows["group"]), options)
    return Figure.of(metric, statistic(answers, target), interval, n=n, part=one.part, who=one.who)


def _by_level(rows: pd.DataFrame, name: str, head: str) -> list[float | None]:
    """Mean answer of a head at each level of a damage, the clean photos first."""
    mine = rows[(rows["damage"] == name) | (rows["level"] == 0)]
    return [None if np.isnan(value) else float(value) for value in mine.groupby("level")[head].mean()]


def _crosstalk(rows: pd.DataFrame, own: Mapping[str, str], options: Options, undefined: dict[str, str]) -> Found:
    """Every head's answer to every damage at its strongest, over its answer to its own; the worst as figures."""
    strongest = rows[rows["level"] == rows["level"].max()]
    groups = strongest.drop_duplicates("key").set_index("key")["group"]
    matrix: dict[str, dict[str, float]] = {}
    disturbed: dict[str, str] = {}
    figures: list[Figure] = []
    for head in NAMES:
        table = strongest.pivot(index="key", columns="damage", values=head).loc[groups.index].dropna()
        home = table[[name for name, owner in own.items() if owner == head]].mean(axis=1)
        part = f"head {head}"
        if len(table) < MIN_ROWS or home.mean() <= 0:
            undefined[f"crosstalk of {MODEL}, {part}"] = "cannot tell, or never answers to its own damage"
            figures.append(Figure.of("crosstalk", np.nan, None, n=len(table), part=part))
            continue
        ratios = {name: crosstalk(table[name], home) for name in own}
        matrix[head] = {name: float(ratio) for name, ratio in ratios.items()}
        worst = max((name for name in own if own[name] != head), key=lambda name: ratios[name])
        told = list(groups[table.index])
        interval = over_groups(crosstalk, [table[worst], home], told, options)
        figures.append(Figure.of("crosstalk", ratios[worst], interval, n=len(set(told)), part=part))
        disturbed[head] = worst
    defined = [figure for figure in figures if figure.value is not None]
    if defined:
        top = max(defined, key=lambda figure: figure.value or 0.0)
        figures.append(replace(top, part="all"))
    return figures, {"crosstalk, head to damage": matrix, "most disturbing damage": disturbed}


def undamaged(rows: pd.DataFrame, options: Options, undefined: dict[str, str]) -> Found:
    """How many clean photos set off an alarm: by any head, and by each. What cannot be told is no alarm."""
    clean = rows[rows["level"] == 0]
    if clean[list(NAMES)].isna().all(axis=None):
        undefined["false_alarm"] = "This model gives no severities."
        return [], {}
    alarms = clean[list(NAMES)].astype(float) > ALARM
    figures = [share("false_alarm", alarms.any(axis=1).to_numpy(), options, part="all")]
    for head in NAMES:
        if clean[head].notna().any():
            figures.append(share("false_alarm", alarms[head].to_numpy(), options, part=f"head {head}"))
    return figures, {"alarms on clean photos": sorted(clean["key"][alarms.any(axis=1)])}


def saved(rows: pd.DataFrame) -> dict[str, object]:
    """Of the photos saved as JPEG: of how many a quality is told, of how many rightly, and the median error."""
    coded = rows[(rows["damage"] == "compression") & (rows["level"] > 0)]
    true = coded["severity"].map(jpeg_quality)
    error = (coded[SAVED].astype(float) - true).abs() if SAVED in coded else pd.Series(dtype=float)
    if error.isna().all():
        return {}
    found = {
        "told": float(error.notna().mean()),
        f"told within {NEAR}": float((error <= NEAR).mean()),
        "median error": float(error.median()),
    }
    return {"JPEG quality of the photos saved": {"photos": len(coded), **found}}


def ladders(rows: pd.DataFrame, names: Sequence[str], options: Options, undefined: dict[str, str]) -> Found:
    """Share of steps, from one level of one damage of one photo to the next, on which quality does not rise.

    With them the median difference of quality between a photo and its copy at half size.
    """
    if rows["quality"].isna().any():
        undefined["not_rising"] = "This model gives no quality."
        return [], {}
    parts = {"all": list(names), "without watermark": [name for name in names if name != NOT_A_FLAW]}
    parts |= {f"damage {name}": [name] for name in names}
    figures = [_not_rising(rows, kinds, options, part=part) for part, kinds in parts.items()]
    figures.append(_not_rising(rows, names, options, part="all", who="laplacian"))
    clean = rows[rows["level"] == 0]
    figures.append(_half_size(clean, options, undefined))
    shape = {name: _shape(rows, name) for name in names}
    by = sorted(set(rows["quality_by"]))
    halves = {f"{share:.0%} of photos": float(clean["half_size"].quantile(share)) for share in (0.5, 0.95, 1.0)}
    told: dict[str, object] = {"quality ladders": shape, "quality by": by, "watermark": WHY_TWICE}
    return figures, told | {"half size differs by at most": halves}


def _half_size(clean: pd.DataFrame, options: Options, undefined: dict[str, str]) -> Figure:
    n = clean["group"].nunique()
    if len(clean) < MIN_ROWS:
        undefined["half_size"] = f"It was measured on {len(clean)} photos only."
        return Figure.of("half_size", np.nan, None, n=n, part="all")
    interval = over_groups(median, [clean["half_size"]], list(clean["group"]), options)
    return Figure.of("half_size", median(clean["half_size"]), interval, n=n, part="all")


WHY_TWICE = "A score of photographic quality need not know marks, so the ladders are counted with and without them."


def _steps(rows: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """(photos, levels) of one damage, the clean photo first; the index holds the groups."""
    mine = rows[(rows["damage"] == name) | (rows["level"] == 0)]
    return mine.pivot(index=["key", "group"], columns="level", values=column).reset_index("key", drop=True)


def _not_rising(rows: pd.DataFrame, kinds: Sequence[str], options: Options, *, part: str, who: str = MODEL) -> Figure:
    tables = [_steps(rows, "quality" if who == MODEL else who, name) for name in kinds]
    levels, groups = (
        np.concatenate([table.to_numpy(np.float64) for table in tables]),
        [g for t in tables for g in t.index],
    )
    held = (np.diff(levels, axis=1) <= 0).mean(axis=1)
    interval = over_groups(mean, [held], groups, options)
    return Figure.of("not_rising", ladder(levels).not_rising, interval, n=len(set(groups)), part=part, who=who)


def _shape(rows: pd.DataFrame, name: str) -> dict[str, object]:
    found = ladder(_steps(rows, "quality", name).to_numpy(np.float64))
    return {
        "share of photos without a rise": found.monotone,
        "mean fall from clean to strongest": found.drop,
        "rises": found.rises,
        "steps": found.steps,
    }
