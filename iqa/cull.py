"""The best of a whole card: every photo in a group, ranked in it, kept or not, with the reason; no file is touched."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from . import burst
from .batch import each, reason
from .burst import DEFAULT, BurstAnswer, Frame
from .errors import ArgumentError
from .estimator import Estimator
from .grouping import GAP_S, Group, Shot, group
from .image import ImageInfo
from .look import READ_SIDE, look

Pixels = NDArray[np.uint8]

ALONE = "alone: no other photo was taken at that time and looks like it"
LAST_ONE = "alone: nothing else of its group can be read"
UNREAD = "kept, because it cannot be judged"
TOO_CLOSE = "too close to call"


class Photo(Protocol):
    """A photo that can be read again and again; nothing of it is kept between."""

    @property
    def name(self) -> str:
        """How it is called; also what orders photos without a time."""

    def info(self) -> ImageInfo:
        """What its header tells. Raises IQAError."""

    def pixels(self, max_side: int) -> Pixels:
        """RGB uint8 (H, W, 3), upright, its longer side at most ``max_side``. Raises IQAError."""


@dataclass(frozen=True)
class Choice:
    """What is decided about one photo.

    Attributes:
        index: position in what was given, from 0.
        name: as given.
        keep: whether it is among the best of its group; also True for what stands alone or cannot be judged.
        why: the reason, in words.
        rank: 1 = best of its group; None when it cannot be read.
        score: quality in [0, 1], higher is better, comparable within its group; None when it was compared with none.
        margin_to_next: score minus that of the next of its group, as in burst.Frame; None for the last, and where there
            is no score.
        factors: by name in burst.WEIGHTS, in [0, 1], higher is better; empty where there is no score.
        note: what is weaker than in the best; empty for the best.
        captured: camera's local time; None when unknown.
        error: why it cannot be read; None when it can.
    """

    index: int
    name: str
    keep: bool
    why: str
    rank: int | None = None
    score: float | None = None
    margin_to_next: float | None = None
    factors: dict[str, float] = field(default_factory=dict)
    note: str = ""
    captured: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class Ranked:
    """A group of the card, ranked.

    Attributes:
        number: from 1.
        choices: its photos, best first.
        sentence: the verdict in words.
        found: the ranking; None for a photo alone.
    """

    number: int
    choices: tuple[Choice, ...]
    sentence: str
    found: BurstAnswer | None = None

    @property
    def too_close(self) -> bool:
        """Whether the first two cannot be told apart: either may be kept."""
        return self.found is not None and self.found.too_close


@dataclass(frozen=True)
class Selection:
    """The choice among all photos: each of them stands in exactly one of the groups, or among the failed.

    Attributes:
        groups: in the natural order of their first names.
        failed: what cannot be read; it is kept, because it cannot be judged.
    """

    groups: tuple[Ranked, ...]
    failed: tuple[Choice, ...]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All photos: group by group, best first, then what cannot be read."""
        return (*(choice for ranked in self.groups for choice in ranked.choices), *self.failed)

    @property
    def model(self) -> Estimator | None:
        """Who made the scores; None when nothing was compared."""
        return next((ranked.found.model for ranked in self.groups if ranked.found is not None), None)

    @property
    def beside(self) -> tuple[Estimator, ...]:
        """The networks that were asked for the factors as well."""
        return tuple({one: None for ranked in self.groups if ranked.found is not None for one in ranked.found.beside})

    @property
    def sentence(self) -> str:
        """How many photos, groups and kept ones there are, in words."""
        choices = self.choices
        several = sum(len(ranked.choices) > 1 for ranked in self.groups)
        alone, unread = len(self.groups) - several, len(self.failed)
        parts = (
            f"the best of {_count(several, 'group')}" if several else "",
            f"{_count(alone, 'photo')} that {'stands' if alone == 1 else 'stand'} alone" if alone else "",
            f"{_count(unread, 'file')} that cannot be judged" if unread else "",
        )
        kept = sum(choice.keep for choice in choices)
        return f"Keep {kept} of {_count(len(choices), 'photo')}: {', '.join(filter(None, parts))}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def choose(
    photos: Sequence[Photo],
    *,
    keep: int = 1,
    gap_s: float = GAP_S,
    model: str = DEFAULT,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    see: Callable[[Ranked, Sequence[Pixels]], None] | None = None,
) -> Selection:
    """The best of each group of photos.

    Every photo is read twice: small, for its look, and with its group, for the ranking; what stands alone is read once.
    At most burst.MAX_FRAMES frames are in memory at a time, at burst.FRAME_SIDE.

    Args:
        photos: any number.
        keep: how many of each group to keep, 1 or more.
        gap_s: longest pause within a group, s.
        model: name of the estimator of quality.
        jobs: photos read at the same time.
        progress: called with what is being done, how many are done, how many there are.
        see: called with each group as soon as it is ranked, and the pixels of its photos in the order of its choices;
            none for a photo alone.

    Raises:
        ArgumentError: keep below 1, gap_s below 0. UnknownNameError: no such estimator.
        ModelError, ManifestError: its model is not here, altered or broken; no photo was read then.
    """
    if keep < 1:
        raise ArgumentError(f"keep must be 1 or more, found {keep}.")
    burst.estimator(model)
    told = progress or _silent
    shots, failed = _look_over(photos, jobs, told)
    order = list(shots)
    groups: list[Ranked] = []
    done = 0
    for members in group(list(shots.values()), gap_s=gap_s, most=burst.MAX_FRAMES):
        told("Comparing photos", done, len(order))
        done += len(members.members)
        own = {order[place]: shots[order[place]] for place in members.members}
        pixels, lost = _read(photos, list(own), jobs) if len(own) > 1 else ({}, [])
        failed += lost
        left = {i: shot for i, shot in own.items() if i not in {choice.index for choice in lost}}
        if not left:
            continue
        if len(pixels) > 1:
            found = burst.rank(list(pixels.values()), names=[photos[i].name for i in pixels], model=model)
            ranked = _ranked(len(groups) + 1, found, left, members, keep)
        else:
            ranked = _alone(len(groups) + 1, left, ALONE if len(own) == 1 else LAST_ONE)
        groups.append(ranked)
        if see is not None:
            see(ranked, [pixels[choice.index] for choice in ranked.choices if choice.index in pixels])
        pixels.clear()  # before the next group is read
    told("Comparing photos", done, len(order))
    return Selection(tuple(groups), tuple(sorted(failed, key=lambda choice: choice.index)))


def _silent(_: str, __: int, ___: int) -> None:
    """For callers who do not want to know."""


def _look_over(
    photos: Sequence[Photo], jobs: int, told: Callable[[str, int, int], None]
) -> tuple[dict[int, Shot], list[Choice]]:
    """(what grouping needs to know of each photo, by position; those that cannot be read)."""
    shots: dict[int, Shot] = {}
    failed = []

    def shot(i: int) -> Shot:
        capture = photos[i].info().capture
        return Shot(photos[i].name, capture, look(photos[i].pixels(READ_SIDE)))

    with closing(each(shot, range(len(photos)), jobs=jobs)) as looked:
        for i, future in looked:
            error = future.exception()
            if error is None:
                shots[i] = future.result()
            else:
                failed.append(_failure(photos[i], i, error))
            told("Looking at photos", len(shots) + len(failed), len(photos))
    return shots, failed


def _read(photos: Sequence[Photo], members: Sequence[int], jobs: int) -> tuple[dict[int, Pixels], list[Choice]]:
    """(pixels by position, those that can no longer be read: a card was pulled out, or memory was short)."""
    pixels: dict[int, Pixels] = {}
    failed = []
    with closing(each(lambda i: photos[i].pixels(burst.FRAME_SIDE), members, jobs=jobs)) as loaded:
        for i, future in loaded:
            error = future.exception()
            if error is None:
                pixels[i] = future.result()
            else:
                failed.append(_failure(photos[i], i, error))
    return pixels, failed


def _failure(photo: Photo, index: int, error: BaseException) -> Choice:
    return Choice(index, photo.name, keep=True, why=UNREAD, error=reason(error))


def _alone(number: int, left: dict[int, Shot], why: str) -> Ranked:
    ((index, shot),) = left.items()
    choice = Choice(index, shot.name, keep=True, why=why, rank=1, captured=shot.capture.local)
    return Ranked(number, (choice,), f"Keep {shot.name}: {why}.")


def _ranked(number: int, found: BurstAnswer, left: dict[int, Shot], members: Group, keep: int) -> Ranked:
    """The group with its verdict; the frames of ``found`` are those of ``left``, in its order."""
    part = f" Part {members.part} of {members.parts} of a longer burst." if members.parts > 1 else ""
    order, times = list(left), [shot.capture.local for shot in left.values()]
    made = tuple(
        replace(choice, index=order[choice.index], captured=times[choice.index]) for choice in choices(found, keep)
    )
    return Ranked(number, made, f"{found.sentence}{part}", found)


def choices(found: BurstAnswer, keep: int = 1) -> tuple[Choice, ...]:
    """What follows from the ranking of one burst for each of its frames, best first.

    Args:
        found: the ranking.
        keep: how many frames to keep.
    """
    return tuple(
        Choice(
            index=frame.index,
            name=frame.name,
            keep=frame.rank <= keep,
            why=_why(frame, found),
            rank=frame.rank,
            score=frame.score,
            margin_to_next=frame.margin_to_next,
            factors=dict(frame.factors),
            note=frame.note,
        )
        for frame in found.ranking
    )


def _why(frame: Frame, found: BurstAnswer) -> str:
    """The reason for the place of a frame, in words."""
    if found.too_close and frame.rank <= 2:
        other = found.ranking[2 - frame.rank]
        return f"{TOO_CLOSE} with {PurePath(other.name).name}: either may be kept"
    if frame.rank == 1:
        return f"best of {len(found.ranking)}"
    if frame.note == burst.TOO_SMALL:
        return frame.note
    behind = found.best.score - frame.score
    if behind < burst.TOO_CLOSE and not frame.note:
        return f"hardly to be told from {PurePath(found.best.name).name}"
    below = f"{behind:.2f} below the best" if behind >= burst.TOO_CLOSE else "scores as high, but measures worse"
    return f"{frame.note or 'no single cause measured'}: {below}"
