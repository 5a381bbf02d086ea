"""Photos to learn from: read, augmented, damaged on the fly, or paired with a reference."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from iqa.errors import ArgumentError
from iqa.image import load
from iqa.resize import reduced

from .recipe import Arrays, Photos, Picture, Sample, Settings

Make = Callable[[Picture, np.random.Generator], tuple[Picture, Arrays] | tuple[Picture, Arrays, Picture]]
Augment = Callable[[Picture, np.random.Generator], Picture]

_VALIDATION = 0x76616C  # keeps the random numbers of validation apart from those of every epoch


@dataclass(frozen=True)
class Reader:
    """Reads a photo, and with a cache reads each only once from its file.

    Attributes:
        max_side: px, as of `iqa.image.load`; None = the photo as it is, which is what users' photos go through.
        cache: folder of decoded pixels, 3 bytes per pixel; safe for several processes; None = none.
    """

    max_side: int | None = None
    cache: Path | None = None

    def __call__(self, path: Path) -> Picture:
        """RGB uint8 (H, W, 3); raises ImageError."""
        if self.cache is None:
            return load(path, max_side=self.max_side)
        kept = self._kept(self.cache, path)
        if kept is not None and kept.is_file():
            pixels: Picture = np.load(kept)
            return pixels
        pixels = load(path, max_side=self.max_side)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_name(f"{kept.stem}.{os.getpid()}.part")
            with part.open("wb") as file:
                np.save(file, pixels)
            part.replace(kept)  # a reader in another process never meets half a file
        return pixels

    def _kept(self, cache: Path, path: Path) -> Path | None:
        try:
            facts = path.stat()
        except OSError:
            return None  # load then says what is wrong with it
        told = f"{path.resolve()}|{facts.st_size}|{facts.st_mtime_ns}|{self.max_side}"
        key = hashlib.sha256(told.encode()).hexdigest()
        return cache / key[:2] / f"{key}.npy"


def readers(settings: Settings) -> tuple[Reader, Reader]:
    """(for training, for validation): only the first may reduce photos, so that validation sees what users send."""
    cache = None if settings.cache is None else Path(settings.cache)
    return Reader(settings.reduce, cache), Reader(None, cache)


def flip(image: Picture, rng: np.random.Generator) -> Picture:
    """The picture, or with probability 1/2 its mirror image: the one augmentation that leaves every label true."""
    return image[:, ::-1] if rng.random() < 0.5 else image


@dataclass(frozen=True)
class Crop:
    """A crop of the same aspect at its own resolution, at least `share` of each side, then `flip`.

    Keeps blur, noise, exposure and compression as they are. Not for labels of composition, watermarks, or a subject.
    """

    share: float = 0.85

    def __call__(self, image: Picture, rng: np.random.Generator) -> Picture:
        """The crop."""
        part = rng.uniform(self.share, 1.0)
        height, width = (max(1, round(side * part)) for side in image.shape[:2])
        top, left = (int(rng.integers(0, s - p + 1)) for s, p in zip(image.shape[:2], (height, width), strict=True))
        return flip(image[top : top + height, left : left + width], rng)


@dataclass(frozen=True)
class Frame:
    """The same photo in another frame: cut to another aspect, reduced, mirrored, each at random.

    For a score that must not depend on aspect and size, learned from photos that all have one. Never enlarges.

    Attributes:
        cut: probability of another aspect, from 16:9 to 9:16 at equal steps of the logarithm; the longer side stays.
        reduce: probability of a smaller copy.
        least: smallest factor of that copy.
    """

    cut: float = 0.5
    reduce: float = 0.2
    least: float = 0.4

    def __call__(self, image: Picture, rng: np.random.Generator) -> Picture:
        """The photo, framed."""
        if rng.random() < self.cut:
            image = _of_aspect(image, float((16 / 9) ** rng.uniform(-1.0, 1.0)), rng)
        if rng.random() < self.reduce:
            image = reduced(image, max(1, round(max(image.shape[:2]) * rng.uniform(self.least, 1.0))))
        return flip(image, rng)


def _of_aspect(image: Picture, aspect: float, rng: np.random.Generator) -> Picture:
    """The largest part of that aspect (width / height), at a random place."""
    height, width = image.shape[:2]
    size = (min(height, max(1, round(width / aspect))), min(width, max(1, round(height * aspect))))
    top, left = (int(rng.integers(0, have - want + 1)) for have, want in zip((height, width), size, strict=True))
    return image[top : top + size[0], left : left + size[1]]


@dataclass(frozen=True)
class Around:
    """Photos seen through something that adds to their samples; a subclass says what `sample` is.

    Attributes:
        photos: as they were made.
    """

    photos: Photos

    @property
    def groups(self) -> Sequence[str]:
        """As Photos."""
        return self.photos.groups

    @property
    def paths(self) -> Sequence[Path]:
        """As Photos."""
        return self.photos.paths

    def read(self, path: Path, /) -> Picture:
        """As Photos."""
        return self.photos.read(path)

    def __len__(self) -> int:
        return len(self.photos)


@dataclass(frozen=True)
class Labelled:
    """Photos with a target each, such as ratings or classes.

    Attributes:
        paths, groups: per photo.
        targets: name -> float32 (photos, labels).
        read: path to pixels.
        augment: for training.
    """

    paths: Sequence[Path]
    groups: Sequence[str]
    targets: Arrays
    read: Callable[[Path], Picture] = field(default_factory=Reader)
    augment: Augment = flip

    def __len__(self) -> int:
        return len(self.paths)

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos."""
        image = self.read(self.paths[index])
        image = image if rng is None else self.augment(image, rng)
        return Sample(np.ascontiguousarray(image), {name: rows[index] for name, rows in self.targets.items()})


@dataclass(frozen=True)
class Damaged:
    """Clean photos that a recipe's own function damages on the fly and labels by what it did.

    Attributes:
        paths, scenes: per clean photo; a scene is the group of all samples that are made of it.
        make: (image, rng) -> (damaged image, target), or with the frame that the image was cut from as a third; flips
            are its own business.
        seed: of validation.
        repeats: samples per photo and epoch, each damaged differently.
        read: path to pixels.
    """

    paths: Sequence[Path]
    scenes: Sequence[str]
    make: Make
    seed: int = 0
    repeats: int = 1
    read: Callable[[Path], Picture] = field(default_factory=Reader)

    @property
    def groups(self) -> Sequence[str]:
        """As Photos."""
        return [*self.scenes] * self.repeats

    def __len__(self) -> int:
        return len(self.paths) * self.repeats

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos; the number `index` of a validation set is damaged in the same way every time."""
        rng = np.random.default_rng((self.seed, _VALIDATION, index)) if rng is None else rng
        image, target, *frame = self.make(self.read(self.paths[index % len(self.paths)]), rng)
        return Sample(np.ascontiguousarray(image), target, frame=frame[0] if frame else None)


@dataclass(frozen=True)
class Paired:
    """Photos with a reference photo of the same size each; both are cut and flipped alike.

    Attributes:
        sources, references, groups: per pair.
        size: (height, width) of the patch: random for training, the middle one for validation.
        output: name of the target.
        read: path to pixels.
        share: of both sides, for training: the least that stands for the photo, the frame that the patch is cut from.
        augment: what is done to the source of such a frame alone, for training.
    """

    sources: Sequence[Path]
    references: Sequence[Path]
    groups: Sequence[str]
    size: tuple[int, int]
    output: str
    read: Callable[[Path], Picture] = field(default_factory=Reader)
    share: float = 1.0
    augment: Augment | None = None

    @property
    def paths(self) -> Sequence[Path]:
        """As Photos."""
        return [*self.sources, *self.references]

    def __len__(self) -> int:
        return len(self.sources)

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos; raises ArgumentError when a pair differs in size or is smaller than the patch."""
        both = [self.read(paths[index]) for paths in (self.sources, self.references)]
        room = [have - want for have, want in zip(both[0].shape[:2], self.size, strict=True)]
        if both[0].shape != both[1].shape or min(room) < 0:
            raise ArgumentError(
                f"{self.sources[index]} is {both[0].shape[:2]}, {self.references[index]} is {both[1].shape[:2]} "
                f"(height, width); accepted: equal sizes of at least {self.size}. Lower --size, or leave the pair out."
            )
        if rng is not None:
            both = self._framed(both, rng)
        frame = both[0]
        room = [have - want for have, want in zip(frame.shape[:2], self.size, strict=True)]
        top, left = (side // 2 if rng is None else int(rng.integers(0, side + 1)) for side in room)
        both = [image[top : top + self.size[0], left : left + self.size[1]] for image in both]
        target = both[1].transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        return Sample(np.ascontiguousarray(both[0]), {self.output: target}, frame=frame)

    def _framed(self, both: list[Picture], rng: np.random.Generator) -> list[Picture]:
        sides = both[0].shape[:2]
        least = [max(want, int(have * self.share)) for have, want in zip(sides, self.size, strict=True)]
        frame = [int(rng.integers(low, high + 1)) for low, high in zip(least, sides, strict=True)]
        top, left = (int(rng.integers(0, have - want + 1)) for have, want in zip(sides, frame, strict=True))
        both = [image[top : top + frame[0], left : left + frame[1]] for image in both]
        if rng.random() < 0.5:
            both = [image[:, ::-1] for image in both]
        return both if self.augment is None else [self.augment(both[0], rng), both[1]]
