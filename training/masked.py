"""Photos with a mask of their subject beside them, and several sets of photos as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iqa.errors import ArgumentError, IQAError
from iqa.image import EXTENSIONS

from .data import Reader, readers
from .layers import Mask
from .recipe import Arrays, Photos, Picture, Sample, Settings, Split
from .tables import divided, trained_on
from .twins import merged

SUFFIX = "_mask"
"""NAME.webp lies beside NAME_mask.webp; white is the subject. Formats may differ."""
COVERS = (0.04, 0.7)
"""Share of the frame within which a subject counts as one; another mask is as good as none."""
Make = Callable[[Picture, Mask | None, np.random.Generator], tuple[Picture, Arrays]]


def paired(table: pd.DataFrame) -> pd.DataFrame:
    """The photos of a table with a column `mask`: path of the mask beside each, or ""; masks are no photos."""
    paths = {Path(path).with_suffix(""): path for path in table["path"]}
    masks = {stem: path for stem, path in paths.items() if _of(stem) in paths}
    found = {_of(stem): path for stem, path in masks.items()}
    kept = table[~table["path"].isin(masks.values())].reset_index(drop=True)
    kept["mask"] = [found.get(Path(path).with_suffix(""), "") for path in kept["path"]]
    return kept


def _of(stem: Path) -> Path | None:
    return stem.with_name(stem.name.removesuffix(SUFFIX)) if stem.name.endswith(SUFFIX) else None


def read(folder: Path) -> pd.DataFrame:
    """The table of the photos in a folder and below that have a mask beside them: name, path, mask, group, split.

    A labels.csv with the column image, where there is one, may say by `group` which photos show the same scene, and
    by `source` and `licence` where they are from and on which terms. The names of the folders inside, or of
    `folder` where it has none, are the title that a manifest shows.

    Raises:
        IQAError: no photo has a mask, or labels.csv tells one twice.
    """
    files = sorted(
        path.resolve() for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.name[0] != "."
    )
    table = pd.DataFrame({"path": [str(path) for path in files]}, dtype=object)
    table = paired(table)
    table = table[table["mask"] != ""].reset_index(drop=True)
    if table.empty:
        raise IQAError(
            f"{folder} holds no photo with a mask. Accepted: NAME.webp beside NAME{SUFFIX}.webp (any format)."
        )
    table["name"] = [Path(path).relative_to(folder.resolve()).as_posix() for path in table["path"]]
    table["group"], table["split"] = table["name"], ""
    labels = folder / "labels.csv"
    if labels.is_file():
        told = pd.read_csv(labels, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if "image" in told:
            if twice := sorted(told["image"][told["image"].duplicated()]):
                raise IQAError(f"{labels} tells {twice[0]} twice; accepted: one row per photo.")
            found = told.set_index("image").reindex(table["name"])
            if "group" in found:
                table["group"] = found["group"].fillna(table["name"].set_axis(found.index)).to_numpy()
            for column, given in (("subset", "source"), ("licence", "licence")):
                if given in found:
                    table[column] = found[given].fillna("").to_numpy()
    inside = sorted({Path(name).parts[0] for name in table["name"] if len(Path(name).parts) > 1})
    table.attrs = {"dataset": "photos", "title": f"Photos with masks: {', '.join(inside) or folder.resolve().name}"}
    return merged([table])[0]


@dataclass(frozen=True, kw_only=True)
class Portraits:
    """Photos, some with a mask of their subject; a subclass says what `sample` makes of them.

    Attributes:
        photos, masks, scenes: per photo; a mask may be None, a scene is the group of all samples made of it.
        repeats: samples per photo and epoch.
        read: path to pixels.
    """

    photos: Sequence[Path]
    masks: Sequence[Path | None]
    scenes: Sequence[str]
    repeats: int = 1
    read: Callable[[Path], Picture] = field(default_factory=Reader)

    @property
    def groups(self) -> Sequence[str]:
        """As Photos."""
        return [*self.scenes] * self.repeats

    @property
    def paths(self) -> Sequence[Path]:
        """As Photos."""
        return [*dict.fromkeys([*self.photos, *(mask for mask in self.masks if mask is not None)])]

    def __len__(self) -> int:
        return len(self.photos) * self.repeats

    def portrait(self, index: int) -> tuple[Picture, Mask | None]:
        """(photo, mask) of a sample; None where there is no mask, or one that covers next to nothing or all.

        Raises:
            ArgumentError: the mask is not of the size of its photo.
        """
        at = index % len(self.photos)
        image, path = self.read(self.photos[at]), self.masks[at]
        if path is None:
            return image, None
        mask = (self.read(path)[..., 0] > 127).astype(np.float32)
        if mask.shape != image.shape[:2]:
            raise ArgumentError(
                f"{path} is {mask.shape}, its photo {image.shape[:2]} (height, width); accepted: equal."
            )
        return image, mask if COVERS[0] <= float(mask.mean()) <= COVERS[1] else None


@dataclass(frozen=True, kw_only=True)
class Masked(Portraits):
    """Portraits that a recipe's own function turns into samples on the fly.

    Attributes:
        make: (image, mask or None, rng) -> (picture, target).
        seed: of validation.
    """

    make: Make
    seed: int = 0

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos; raises ArgumentError as `portrait`."""
        rng = np.random.default_rng((self.seed, 0x6D61736B, index)) if rng is None else rng
        picture, target = self.make(*self.portrait(index), rng)
        return Sample(np.ascontiguousarray(picture), target)


def columns(table: pd.DataFrame) -> dict[str, Any]:
    """{photos, masks, scenes} of the rows of a table that `read` or `paired` gave, for Portraits."""
    return {
        "photos": [*map(Path, table["path"])],
        "masks": [Path(mask) if mask else None for mask in table["mask"]],
        "scenes": [*map(str, table["group"])],
    }


def synthesized(table: pd.DataFrame, settings: Settings, make: Make, repeats: int, unmasked: int = 0) -> Split:
    """Training and validation photos, split by group before anything is made of them.

    Args:
        table: of `read` or `paired`.
        settings: whose seed and share divide it.
        make: of a photo and its mask.
        repeats: samples per photo and epoch.
        unmasked: of a photo that has no mask; 0 = as many.
    """
    rows, read_by = divided(table, settings), readers(settings)
    often = [part["mask"].map(lambda mask: repeats if mask else unmasked) for part in rows]
    shown = [part.loc[part.index.repeat(times)] for part, times in zip(rows, often, strict=True)] if unmasked else rows
    parts = [
        Masked(**columns(part), make=make, seed=settings.seed, repeats=1 if unmasked else repeats, read=reader)
        for part, reader in zip(shown, read_by, strict=True)
    ]
    return Split(parts[0], parts[1], trained_on(table, rows[0]))


@dataclass(frozen=True)
class Joined:
    """Several sets of photos as one, each behind the other; all must be read alike and give the same targets."""

    parts: Sequence[Photos]

    @property
    def groups(self) -> Sequence[str]:
        """As Photos; `training.tables.together` has named them so that equal names are one group."""
        return [group for part in self.parts for group in part.groups]

    @property
    def paths(self) -> Sequence[Path]:
        """As Photos."""
        return [path for part in self.parts for path in part.paths]

    def read(self, path: Path, /) -> Picture:
        """As Photos."""
        return self.parts[0].read(path)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos."""
        for part in self.parts:
            if index < len(part):
                return part.sample(index, rng)
            index -= len(part)
        raise IndexError(index)


def joined(splits: Sequence[Split]) -> Split:
    """One split of several: training sides joined, validation sides joined; of tables from `together`."""
    if len(splits) == 1:
        return splits[0]
    told = tuple(row for split in splits for row in split.trained_on)
    return Split(Joined([s.train for s in splits]), Joined([s.validation for s in splits]), told)
