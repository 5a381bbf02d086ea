"""The pictures of 8-bit arithmetic: some set the ranges of activations, others measure the loss, and none does both."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iqa import image as photos
from iqa.errors import ArgumentError
from iqa.probe import probe_image
from iqa.sources import find

from . import parity
from .parity import Picture

_MOST = 64
_SIDE_PX = 1024


@dataclass(frozen=True)
class Calibration:
    """Two sets of pictures without a picture in both, the same for the same folder.

    Attributes:
        kind: what they are, in words.
        ranges: set the ranges of activations.
        measured: on these the loss is measured.
    """

    kind: str
    ranges: tuple[Picture, ...]
    measured: tuple[Picture, ...]

    def __str__(self) -> str:
        """Both sizes, in a sentence."""
        return (
            f"int8: {len(self.ranges)} {self.kind} set the ranges of activations, {len(self.measured)} others measure "
            "the loss."
        )


def of(folder: Path | None) -> Calibration:
    """The pictures of a folder of photos, or those that are drawn; raises as `of_photos`."""
    return drawn() if folder is None else of_photos(folder)


def drawn() -> Calibration:
    """Pictures that are drawn: those of `parity.pictures` measure, others of the same kinds set the ranges."""
    rng = np.random.default_rng(21)
    seeds = [probe_image(224, 288, seed) for seed in (11, 12, 13)]
    smooth = [np.kron(rng.integers(0, 256, (5, 7, 3)), np.ones((40, 40, 1))).astype(np.uint8) for _ in range(2)]
    dark = (probe_image(180, 140, 14) // 12).astype(np.uint8)
    noise = rng.integers(0, 256, (88, 120, 3), dtype=np.uint8)
    flat = [np.full((64, 80, 3), value, np.uint8) for value in (1, 254)]  # black and white are measured on
    return Calibration("drawn pictures", (*seeds, *smooth, dark, noise, *flat), tuple(parity.pictures()))


def of_photos(folder: Path) -> Calibration:
    """At most 64 photos of a folder, spread over it; each is in one set, and so are its copies under other names.

    Raises:
        ArgumentError: fewer than two different photos.
        ImageError: one cannot be read.
    """
    sources = list(find([folder], photos.EXTENSIONS, recursive=True))
    paths = [source.path for source in sources if source.error is None]
    chosen = paths[:: -(-len(paths) // _MOST)] if paths else []
    distinct: dict[str, Picture] = {}
    for path in chosen:
        picture = photos.load(path, max_side=_SIDE_PX)
        mark = hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()
        distinct.setdefault(mark, picture)
    loaded = tuple(distinct.values())
    if len(loaded) < 2:
        raise ArgumentError(f"--calibration {folder}: found {len(loaded)} different photos, accepted: 2 or more.")
    return Calibration("photos", loaded[::2], loaded[1::2])
