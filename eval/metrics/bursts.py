"""Picking from bursts: how often the best frame is among the first k, and what a wrong pick costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from iqa.errors import ArgumentError

from .checks import Column, clean, clean_pair, require_rows

TOP = (1, 2, 3)


@dataclass(frozen=True)
class Picks:
    """One way of picking, averaged over the series.

    Attributes:
        top1, top2, top3: share of series with a best frame among the first k picks, in [0, 1], higher is better.
        regret: value of the best frame minus value of the first pick, in the unit of the values, lower is better.
    """

    top1: float
    top2: float
    top3: float
    regret: float


@dataclass(frozen=True)
class Bursts:
    """Picks by the predictions, beside chance and people.

    Attributes:
        model: by the highest prediction.
        random: expectation of a blind pick.
        human: one person against the majority of the others; top2 and top3 are NaN, a person names one frame. None
            without votes.
        series: series judged.
        frames: frames in them.
        skipped: series with a single frame or without any difference in value: there is nothing to pick.
        hits: per judged series, top-1 of the model, for intervals over series; order of `names`.
        names: the judged series.
    """

    model: Picks
    random: Picks
    human: Picks | None
    series: int
    frames: int
    skipped: int
    hits: tuple[float, ...]
    names: tuple[str, ...]


def burst_picks(
    pred: ArrayLike, value: ArrayLike, series: Sequence[Any] | NDArray[Any], *, votes: ArrayLike | None = None
) -> Bursts:
    """How well the predictions pick the frame of the highest value in each series.

    Several frames may share the highest value: any of them is a hit. Equal predictions are taken in random order and
    the expectation is reported, so a constant scores exactly as chance does.

    Args:
        pred: per frame, higher is better.
        value: per frame, higher is better: votes, a preference scale, or 1 for the best and 0 for the others.
        series: per frame, the series' name.
        votes: per frame, the number of people who named it the best; gives the human row.

    Raises:
        ArgumentError: see `clean_pair`; a series column of another length; or votes that are not whole numbers from 0.
    """
    x, y = clean_pair(pred, value, names=("predictions", "values"))
    labels = np.asarray(series).astype(str)
    require_rows(labels, len(x), "series names", "frames")
    counts = None if votes is None else _whole(votes, len(x))
    model, blind, people, names, frames = [], [], [], [], 0
    found = np.unique(labels)
    for name in found:
        rows = np.flatnonzero(labels == name)
        if np.ptp(y[rows]) == 0:
            continue
        names.append(str(name))
        frames += len(rows)
        model.append(_pick(x[rows], y[rows]))
        blind.append(_pick(np.zeros(len(rows)), y[rows]))
        if counts is not None and counts[rows].sum() > 1:
            people.append(_person(counts[rows], y[rows]))
    return Bursts(
        model=_average(model),
        random=_average(blind),
        human=_average(people) if people else None,
        series=len(names),
        frames=frames,
        skipped=len(found) - len(names),
        hits=tuple(picks.top1 for picks in model),
        names=tuple(names),
    )


def _pick(pred: Column, value: Column) -> Picks:
    best = value == value.max()
    top1, top2, top3 = (_chance(pred, best, k) for k in TOP)
    return Picks(top1, top2, top3, float(value.max() - value[pred == pred.max()].mean()))


def _chance(pred: Column, best: NDArray[np.bool_], k: int) -> float:
    """The chance of a best frame among the first k, equal predictions in random order."""
    k = min(k, len(pred))
    cut = np.sort(pred)[-k]
    above, level = pred > cut, pred == cut
    if best[above].any():
        return 1.0
    tied, slots = int(level.sum()), k - int(above.sum())
    return 1.0 - comb(tied - int((best & level).sum()), slots) / comb(tied, slots)


def _person(votes: NDArray[np.int64], value: Column) -> Picks:
    """One voter drawn at random: a hit when the frame named is a favorite of the other voters."""
    share = votes / votes.sum()
    others = votes - np.eye(len(votes), dtype=np.int64)
    hit = np.array([rest[frame] == rest.max() for frame, rest in enumerate(others)])
    return Picks(float(share[hit].sum()), np.nan, np.nan, float(value.max() - share @ value))


def _average(picks: Sequence[Picks]) -> Picks:
    if not picks:
        return Picks(np.nan, np.nan, np.nan, np.nan)
    table = np.array([[p.top1, p.top2, p.top3, p.regret] for p in picks])
    return Picks(*table.mean(axis=0).tolist())


def _whole(votes: ArrayLike, frames: int) -> NDArray[np.int64]:
    counts = clean(votes, "votes")
    require_rows(counts, frames, "votes", "frames")
    wrong = np.flatnonzero((counts < 0) | (counts != np.round(counts)))
    if wrong.size:
        raise ArgumentError(f"The votes of row {wrong[0]} are {counts[wrong[0]]:g}; accepted: whole numbers from 0 up.")
    return counts.astype(np.int64)
