"""Simple classifiers judged by cross-validation over groups: what can be told of a label from plain numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
Masks = Sequence[NDArray[np.bool_]]

FOLDS = 5
PENALTIES = np.logspace(-7, 0, 15)
"""Ridge penalties that are tried, as shares of the largest squared singular value."""


def folds(groups: Sequence[str], seed: int, *, parts: int = FOLDS) -> tuple[NDArray[np.bool_], ...]:
    """Masks (n,), each True on its test rows: every row is tested once, a group never stands on both sides."""
    names, codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names)) % parts
    return tuple(fold[codes] == part for part in range(min(parts, len(names))))


def majority_hits(values: Sequence[str], codes: Codes, masks: Masks) -> Floats:
    """Per row, the chance of naming its class from a value alone, float64 (n,) in [0, 1].

    The class named is the one in which the value is most frequent, on the rows learned from; among equals, and for a
    value never seen, it is guessed.
    """
    names, places = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    classes = int(codes.max()) + 1
    hits = np.zeros(len(codes))
    for test in masks:
        counts = np.bincount(places[~test] * classes + codes[~test], minlength=len(names) * classes)
        table = counts.reshape(len(names), classes)
        share = table / np.maximum(table.sum(axis=0), 1)
        named = np.isclose(share, share.max(axis=1, keepdims=True), rtol=1e-9, atol=0)
        chance = named / named.sum(axis=1, keepdims=True)
        hits[test] = chance[places[test], codes[test]]
    return hits


def ridge_hits(features: Floats, codes: Codes, masks: Masks) -> Floats:
    """Per row, 1 where a ridge regression on the features (n, d) names its class, else 0; classes weigh the same."""
    hits = np.zeros(len(codes))
    for test in masks:
        scores = _ridge(features[~test], codes[~test], features[test], int(codes.max()) + 1)
        hits[test] = scores.argmax(axis=1) == codes[test]
    return hits


def _ridge(known: Floats, codes: Codes, asked: Floats, classes: int) -> Floats:
    """Scores (m, classes) of the asked rows; the penalty is chosen on the known rows by generalized cross-validation.

    Reference: G. H. Golub, M. Heath, G. Wahba, 1979, doi:10.1080/00401706.1979.10489751.
    """
    support = np.bincount(codes, minlength=classes)
    weight = 1.0 / support[codes]
    weight *= len(codes) / weight.sum()
    target = np.eye(classes)[codes]
    middle, center = np.average(known, axis=0, weights=weight), np.average(target, axis=0, weights=weight)
    spread = known.std(axis=0)
    spread[spread == 0] = 1.0
    root = np.sqrt(weight)[:, None]
    x, y = root * (known - middle) / spread, root * (target - center)
    left, lengths, right = linalg.svd(x, full_matrices=False)
    values, along = lengths**2, left.T @ y
    energy, total = (along**2).sum(axis=1), (y**2).sum()

    def error(penalty: float) -> float:
        kept = values / (values + penalty)
        freedom = len(codes) - 1 - kept.sum()
        return float((total - ((2 * kept - kept**2) * energy).sum()) / max(freedom, 1e-9) ** 2)

    best = min(PENALTIES * max(values[0], 1e-12), key=error)
    weights = right.T @ ((lengths / (values + best))[:, None] * along)
    scores: Floats = (asked - middle) / spread @ weights + center
    return scores
