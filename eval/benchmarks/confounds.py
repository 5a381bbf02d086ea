"""Can the label be told without looking at what it means? ``python -m eval.run confounds LIST``.

A class whose photos alone went through another resize or codec, or come from another source, can be named from the
size, the codec or a 16 x 16 thumbnail in which no blur is left. A model trained on such a list learns that instead.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from iqa import image
from iqa.batch import Progress, cores, each, reason
from iqa.errors import ArgumentError

from .. import datasets
from ..benchmark import Options
from ..metrics import bootstrap, mean_recall
from ..metrics.resampling import MIN_UNITS, RESAMPLES
from ._parts import chosen
from ._probe import Codes, Floats, folds, majority_hits, ridge_hits

THUMBNAIL = 16
"""Side of the thumbnail: of a photo 1,024 px wide it keeps waves longer than 128 px, far above any blur."""
MARGIN = 0.05
"""How far above chance the label may be told."""
BINS = 8
"""Numbers with more different values than this are judged in that many equally filled ranges."""

ATTRIBUTES = {
    "size": "width x height in pixels",
    "megapixels": "width times height",
    "aspect ratio": "width over height, two digits",
    "format": "of the file, by its content",
    "mode": "color mode of the stored pixels",
    "JPEG quality": "1 to 100; none in other formats",
}
"""What a header tells. Bytes are not among them: a blurred photo compresses better, by its nature."""


@dataclass(frozen=True)
class Look:
    """What is known of one photo without its content: header and thumbnail float64 (THUMBNAIL ** 2 * 3,)."""

    header: dict[str, str | float]
    thumbnail: NDArray[np.float64]


@dataclass(frozen=True)
class Confound:
    """How well one property tells the label.

    Attributes:
        name: the property.
        balanced_accuracy: mean recall over the classes on scenes that were not learned from, [0, 1], lower is better.
        low, high: bootstrap interval over scenes.
        chance: 1 / classes.
        p: of the chi-square test that the classes do not differ; None for the thumbnail.
        note: for a person: how many different values there are.
    """

    name: str
    balanced_accuracy: float
    low: float
    high: float
    chance: float
    p: float | None
    note: str

    @property
    def found(self) -> bool:
        """True when the label is told more than MARGIN above chance, and surely above chance."""
        return self.balanced_accuracy > self.chance + MARGIN and self.low > self.chance

    @property
    def verdict(self) -> str:
        """What follows, in words.

        Surely below chance means that copies of one photo stand in several classes as scenes of their own: what was
        learned from one copy is wrong for the other, and that hides what else there is to tell.
        """
        if self.found:
            return "TELLS THE LABEL"
        return "fine" if self.high >= self.chance - MARGIN else "BELOW CHANCE: give the scene of each photo"


def look(path: Path) -> Look:
    """Header and thumbnail of a photo.

    Raises:
        ImageError: unreadable.
    """
    header = image.info(path)
    pixels = image.load(path, max_side=8 * THUMBNAIL)
    small = cv2.resize(pixels.astype(np.float32), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    told: dict[str, str | float] = {
        "size": f"{header.width} x {header.height}",
        "megapixels": header.width * header.height / 1e6,
        "aspect ratio": round(header.width / header.height, 2),
        "format": header.format,
        "mode": header.mode,
        "JPEG quality": "none" if header.jpeg_quality is None else float(header.jpeg_quality),
    }
    return Look(told, np.asarray(small, dtype=np.float64).ravel() / 255.0)


def check(looks: Sequence[Look], labels: Sequence[str], groups: Sequence[str], options: Options) -> list[Confound]:
    """How well each property tells the label, the thumbnail first; by cross-validation over groups.

    Args:
        looks: one per photo.
        labels: its class.
        groups: its scene; photos of one scene are never on both sides.

    Raises:
        ArgumentError: fewer than two classes, or fewer than MIN_UNITS groups.
    """
    classes, codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
    scenes = len(set(groups))
    if len(classes) < 2 or scenes < MIN_UNITS:
        raise ArgumentError(
            f"Found {len(classes)} classes and {scenes} scenes; a confound check needs 2 and {MIN_UNITS} or more."
        )
    parts = folds(groups, options.seed)
    judge = partial(_judged, codes=codes, groups=groups, options=options)
    pixels = np.stack([seen.thumbnail for seen in looks])
    contrast = pixels.reshape(len(looks), -1, 3).std(axis=1)  # no linear function of the pixels
    found = [
        judge(f"{THUMBNAIL} x {THUMBNAIL} thumbnail", ridge_hits(pixels, codes, parts), None, "ridge regression"),
        judge("its contrast", ridge_hits(contrast, codes, parts), None, "ridge regression on each channel's spread"),
    ]
    for name in ATTRIBUTES:
        values = _categories([seen.header[name] for seen in looks])
        different = len(set(values))
        p = _chi_square(values, codes) if different > 1 else 1.0
        found.append(judge(name, majority_hits(values, codes, parts), p, f"{different} different"))
    return found


def _judged(
    name: str, hits: Floats, p: float | None, note: str, *, codes: Codes, groups: Sequence[str], options: Options
) -> Confound:
    arrays = [hits, codes.astype(np.float64)]
    interval = bootstrap(mean_recall, arrays, groups, options.resamples, seed=options.seed, level=options.level)
    chance = 1.0 / (int(codes.max()) + 1)
    return Confound(name, mean_recall(*arrays), interval.low, interval.high, chance, p, note)


def _categories(values: Sequence[str | float]) -> list[str]:
    """The values as words; numbers of many values as ranges."""
    if len(set(values)) <= BINS or not all(isinstance(value, float) for value in values):
        return [str(value) for value in values]
    numbers = np.array(values, dtype=np.float64)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1]))
    return [f"range {place}" for place in np.searchsorted(edges, numbers, side="right")]


def _chi_square(values: Sequence[str], codes: NDArray[np.intp]) -> float:
    table = pd.crosstab(pd.Series(values), pd.Series(codes)).to_numpy()
    return float(stats.chi2_contingency(table).pvalue)


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = the label cannot be told, 1 = it can, or a photo could not be read.

    Raises:
        IQAError: no such list, or too little in it.
    """
    parser = argparse.ArgumentParser(
        prog="python -m eval.run confounds",
        description="Can the label of a blur list be told from a thumbnail, the size or the codec?",
    )
    parser.add_argument("list", type=Path, help="folder per class, or CSV with file, label and scene")
    parser.add_argument("--split", help="train, validation, test or all (default)", default="all")
    parser.add_argument("--seed", type=int, default=0, help="of the folds and the bootstrap")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(arguments)
    options = Options(split=asked.split, seed=asked.seed, resamples=asked.resamples)
    dataset = datasets.get("blurset")
    if not dataset.present(asked.list):
        raise datasets.AbsentData(dataset, asked.list)
    table = chosen(dataset.load(asked.list), options)
    looks, kept = _looks(table)
    rows = table[kept]
    found = check(looks, list(rows["blur_type"]), list(rows["group"]), options)
    failed = len(table) - len(looks)
    print(_json(found, rows, failed) if asked.json else _table(found, rows, failed))
    return 1 if failed or any(row.found for row in found) else 0


def _looks(table: pd.DataFrame) -> tuple[list[Look], NDArray[np.bool_]]:
    """The photos that can be read, and which rows they are; the others are named on stderr."""
    looks: list[Look] = []
    kept: list[bool] = []
    progress = Progress()
    for path, done in each(look, map(Path, table["path"]), jobs=cores()):
        error = done.exception()
        kept.append(error is None)
        if error is None:
            looks.append(done.result())
        else:
            print(f"{path}: {reason(error)}", file=sys.stderr)
        progress.show(f"{len(kept)} of {len(table)} photos")
    progress.clear()
    return looks, np.array(kept, dtype=bool)


def _json(found: Sequence[Confound], rows: pd.DataFrame, failed: int) -> str:
    shown = [{**asdict(row), "found": row.found, "verdict": row.verdict} for row in found]
    counts = {"photos": len(rows), "failed": failed, "scenes": rows["group"].nunique()}
    return json.dumps({**counts, "checks": shown}, indent=2)


def _table(found: Sequence[Confound], rows: pd.DataFrame, failed: int) -> str:
    counts = ", ".join(f"{name} {count}" for name, count in rows["blur_type"].value_counts().items())
    lines = [
        f"{len(rows)} photos of {rows['group'].nunique()} scenes ({counts}); {failed} could not be read.",
        f"Balanced accuracy of the label, lower is better; chance is {found[0].chance:.3f}, accepted up to "
        f"{found[0].chance + MARGIN:.3f}.",
        "",
        f"{'from':<18}{'accuracy':>9}  {'95 % interval':<17}{'chi-square p':>13}  verdict",
    ]
    for row in found:
        p = "" if row.p is None else f"{row.p:.2g}"
        interval = f"[{row.low:.3f}, {row.high:.3f}]"
        lines.append(f"{row.name:<18}{row.balanced_accuracy:>9.3f}  {interval:<17}{p:>13}  {row.verdict} ({row.note})")
    return "\n".join(lines)
