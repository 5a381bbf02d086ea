"""Splits that keep a group (scene, reference photo, burst, twin photos) on one side."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from iqa.errors import ArgumentError

from .dataset import SPLITS

TRAIN_TEST: Mapping[str, float] = {"train": 0.8, "test": 0.2}


def group_split(frame: pd.DataFrame, fractions: Mapping[str, float] = TRAIN_TEST, seed: int = 0) -> pd.Series:
    """A split name for every row: whole groups, shuffled by the seed, are dealt out in the order of `fractions`.

    The same groups and seed give the same split, whatever the order of the rows. Shares are of rows; they are met as
    closely as whole groups allow.

    Args:
        frame: with a column `group`.
        fractions: split name to share, above 0, of sum 1.
        seed: of the shuffle.

    Raises:
        ArgumentError: unknown split name, shares that do not sum to 1, or fewer groups than splits.
    """
    shares = np.array(list(fractions.values()), dtype=float)
    if set(fractions) - set(SPLITS) or (shares <= 0).any() or abs(shares.sum() - 1.0) > 1e-9:
        raise ArgumentError(
            f"fractions must be shares above 0 of sum 1 for {', '.join(SPLITS)}, found {dict(fractions)}."
        )
    sizes = frame.groupby("group").size().sort_index()
    if len(sizes) < len(shares):
        raise ArgumentError(f"{len(sizes)} groups cannot be dealt to {len(shares)} splits; a group is never divided.")
    order = np.random.default_rng(seed).permutation(len(sizes))
    rows_before = np.concatenate([[0], np.cumsum(sizes.to_numpy()[order])])
    names, start = list(fractions), 0
    split: dict[object, str] = {}
    for k, share in enumerate(np.cumsum(shares)):
        nearest = int(np.abs(rows_before - share * rows_before[-1]).argmin())
        end = int(np.clip(nearest, start + 1, len(sizes) - (len(names) - 1 - k)))  # no split is left without a group
        split |= dict.fromkeys(sizes.index[order[start:end]], names[k])
        start = end
    return frame["group"].map(split).rename("split")


def seeded_splits(
    frame: pd.DataFrame, n: int = 10, fractions: Mapping[str, float] = TRAIN_TEST, seed: int = 0
) -> list[pd.Series]:
    """`n` group splits for a set without an official one; split k depends on (seed, k) only."""
    states = np.random.SeedSequence(seed).generate_state(n)
    return [group_split(frame, fractions, int(state)) for state in states]
