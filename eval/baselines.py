"""The trivial predictors that stand beside every model: what a correlation is worth shows in theirs.

Each is a row of MEASURED, computed on the same pixels as the model; `naturalness` is fitted to a train split first.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from iqa import image
from iqa.batch import Progress, cores, each
from iqa.errors import ImageError
from iqa.measures import analysis_luma, laplacian_variance, luminance

from .naturalness import FEATURES, features

Pixels = NDArray[np.uint8]
Rows = NDArray[np.float64]


def mean_luminance(pixels: Pixels, path: Path) -> float:
    """Mean luma of the photo, 0..1, 1 = white."""
    return float(luminance(pixels).mean(dtype=np.float64)) / 255.0


def bytes_per_pixel(pixels: Pixels, path: Path) -> float:
    """Size of the file per pixel of the photo: detail costs bytes, compression saves them."""
    return path.stat().st_size / pixels[..., 0].size


def laplacian(pixels: Pixels, path: Path) -> float:
    """Variance of the Laplacian at analysis scale, grey levels squared."""
    return laplacian_variance(analysis_luma(pixels))


MEASURED: dict[str, Callable[[Pixels, Path], float]] = {
    "mean_luminance": mean_luminance,
    "bytes_per_pixel": bytes_per_pixel,
    "laplacian": laplacian,
}
"""Name, which is also the column, to (pixels, file) -> number. Higher is taken for better; none is on the MOS scale."""
CONSTANT, NATURALNESS = "constant", "naturalness"

SAMPLE = 1_000
"""Photos of the train split that are used, at most: 37 numbers are fitted."""
MEANINGS = {
    "mean_luminance": "mean luma of the photo",
    "bytes_per_pixel": "size of the file per pixel",
    "laplacian": "variance of the Laplacian",
    NATURALNESS: f"a ridge regression on {FEATURES} statistics of natural scenes, fitted on up to {SAMPLE:,} training "
    "photos of the same set",
    CONSTANT: "the mean of the scored MOS for every photo",
    "largest file": "the frame with the most bytes",
    "random": "a frame by chance, computed",
    "untouched": "the dark photo as it is",
    "gamma": "the one power that brings the mean luma to the middle",
    "clahe": "the lightness equalized in tiles, contrast limited",
}
"""What a baseline says, in a line for readers of a table; of other kinds of benchmark see MEANINGS_OF."""
MEANINGS_OF = {
    ("blur", CONSTANT): "the most frequent class for every photo",
    ("watermark", "random"): "any cell of the map, by chance",
}


def meaning(kind: str, who: str) -> str:
    """What a baseline of a kind of benchmark says, in a line; "" when nothing is written down."""
    return MEANINGS_OF.get((kind, who), MEANINGS.get(who, ""))


LEAST = 50
"""Photos below which nothing is fitted."""
PENALTIES = tuple(float(10.0**power) for power in range(-2, 5))
FOLDS = 5


@dataclass(frozen=True)
class Ridge:
    """A linear predictor of the MOS.

    Attributes:
        mean, scale: of each feature on the train photos; `weights`: of the standardized features.
        offset: mean MOS of the train photos.
    """

    mean: Rows
    scale: Rows
    weights: Rows
    offset: float

    def __call__(self, rows: Rows) -> Rows:
        """Predictions (n,) of features (n, k), on the MOS scale, not clipped to it."""
        found: Rows = self.offset + (rows - self.mean) / self.scale @ self.weights
        return found


def ridge(rows: Rows, mos: Rows, penalty: float) -> Ridge:
    """The weights with the least squared error plus penalty times their squared length.

    Reference: A. E. Hoerl, R. W. Kennard, 1970, doi:10.1080/00401706.1970.10488634.
    """
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)  # a feature that never changes says nothing
    z, offset = (rows - mean) / scale, float(mos.mean())
    weights = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ (mos - offset))
    return Ridge(mean, scale, weights, offset)


def cross_validated(rows: Rows, mos: Rows, groups: NDArray[np.str_], rng: np.random.Generator) -> dict[float, float]:
    """Mean squared error of each of PENALTIES on left-out photos; a group is never on both sides."""
    names, codes = np.unique(groups, return_inverse=True)
    fold = rng.permutation(len(names))[codes] % FOLDS
    errors = {}
    for penalty in PENALTIES:
        missed = np.empty(len(mos))
        for out in range(FOLDS):
            left = fold == out
            missed[left] = ridge(rows[~left], mos[~left], penalty)(rows[left]) - mos[left]
        errors[penalty] = float(np.mean(missed**2))
    return errors


@dataclass(frozen=True)
class Naturalness:
    """The BRISQUE-style baseline: a ridge regression on its features, or the reason why there is none.

    Attributes:
        model: None when nothing could be fitted.
        about: the fit, for the report: photos, failures, penalty and its errors, or the reason.
    """

    model: Ridge | None
    about: dict[str, object] = field(default_factory=dict)

    def __call__(self, pixels: Pixels) -> float | None:
        """The predicted MOS; None when nothing was fitted."""
        return None if self.model is None else float(self.model(features(pixels)[None])[0])


def fit_naturalness(table: pd.DataFrame, split: str, seed: int, *, title: str = NATURALNESS) -> Naturalness:
    """The baseline, fitted on photos of the train split whose groups are not in the split that is scored.

    Args:
        table: of the whole data set.
        split: that is scored.
        seed: of the sample and the folds.
    """
    train = table["split"] == "train"
    if split in ("train", "all") or not train.any():
        reason = "the set has no train split" if not train.any() else "the photos to fit it on are being scored"
        return Naturalness(None, {"absent": f"Not fitted: {reason}."})
    rng = np.random.default_rng(seed)
    usable = table[train & ~table["group"].isin(table.loc[table["split"] == split, "group"])]
    sample = usable.iloc[np.sort(rng.permutation(len(usable))[:SAMPLE])]
    rows, failures = _features(sample, title)
    sample = sample.loc[list(rows)]
    about: dict[str, object] = {"photos": len(rows), "failed": failures}
    if len(rows) < LEAST or sample["group"].nunique() < FOLDS:
        return Naturalness(None, {**about, "absent": f"Not fitted: {len(rows)} train photos, needed are {LEAST}."})
    x, mos = np.stack(list(rows.values())), sample["mos"].to_numpy(np.float64)
    errors = cross_validated(x, mos, sample["group"].to_numpy(str), rng)
    penalty = min(errors, key=errors.__getitem__)
    about |= {
        "features": FEATURES,
        "penalty": penalty,
        "rmse by penalty, cross-validated": {f"{key:g}": error**0.5 for key, error in errors.items()},
    }
    return Naturalness(ridge(x, mos, penalty), about)


def _features(sample: pd.DataFrame, title: str) -> tuple[dict[object, Rows], list[list[str]]]:
    """Features by the row of the table, and (name, reason) of the photos without any."""
    progress, found, failures = Progress(), {}, []
    items = list(zip(sample.index, sample["name"], sample["path"], strict=True))
    for done, (item, future) in enumerate(each(_of_file, items, jobs=cores()), 1):
        progress.show(f"{title}: fitting on {done:,} of {len(items):,} train photos")
        error = future.exception()
        if error is None:
            found[item[0]] = future.result()
        elif isinstance(error, ImageError):
            failures.append([str(item[1]), str(error).replace(f"{Path(item[2]).parent}{os.sep}", "")])
        else:
            raise error
    progress.clear()
    return found, failures


def _of_file(item: tuple[object, str, str]) -> Rows:
    return features(image.load(Path(item[2])))
