"""What the benchmarks made from clean photos share: the photo, and chance that depends on nothing but its name."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from iqa.damage import Picture
from iqa.image import load

from ..benchmark import Case, Cell, Options
from ._parts import chosen

SIDE = 768
"""Longer side, px, to which a photo is reduced before anything is done to it.

Before, because a reduction afterwards would average noise, blocks and blur away again, the more the larger the photo.
768, because the photos that such benchmarks are customarily made from (Kodak, LIVE) have that size, and because the
classical measures look at no more than 1024 x 768 pixels anyway: more would cost time and change nothing.
"""


def photos(table: pd.DataFrame, options: Options) -> Iterator[tuple[str, Path, dict[str, Cell]]]:
    """(name, file, facts) of each photo of the split."""
    for _, row in chosen(table, options).iterrows():
        facts: dict[str, Cell] = {"group": str(row["group"]), "subset": str(row["subset"])}
        yield str(row["name"]), Path(row["path"]), facts


def read(case: Case) -> Picture:
    """The photo of a case, at most SIDE pixels long.

    Raises:
        ImageError: it cannot be read.
    """
    return load(case.paths[0], max_side=SIDE)


def chance(options_seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on the seed and the names only: neither on the order nor on the number of cases."""
    return np.random.default_rng([options_seed, *(zlib.crc32(name.encode()) for name in names)])
