"""Which photos of a card belong together: bursts by the time of capture and by look, never across cameras."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from .errors import ArgumentError
from .image import Capture
from .look import Look, similarity
from .sources import natural_key

GAP_S = 5.0
"""Longest pause, s, between two frames of one burst."""
NEIGHBORS = 8
"""Frames before a frame with which it is compared: two series may be mixed, as after the clock was set back."""
ELAPSED_S, NEEDED = (0.0, 1.0, 4.0), (0.54, 0.62, 0.68)
"""Similarity needed at a distance in time (s; linear between, constant after): who moves the camera to another scene
needs a second, and what lies further apart must look more alike."""
ALIKE = 0.82
"""Similarity needed where no time is known."""
MOST_EQUAL = 60
"""Photos with one and the same reading of the clock above which that was no clock: scans, or a date set by hand."""

_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Shot:
    """What grouping knows of a photo: its name, for the order where the time does not tell; when and how; its look."""

    name: str
    capture: Capture
    look: Look


@dataclass(frozen=True)
class Group:
    """Photos that belong together.

    Attributes:
        members: their positions in what was given, in the order in which they were taken.
        part: from 1, of ``parts``: a burst of more frames than can be ranked at once is cut at its pauses.
        parts: 1 for a burst that is whole.
    """

    members: tuple[int, ...]
    part: int = 1
    parts: int = 1


def group(shots: Sequence[Shot], *, gap_s: float = GAP_S, most: int = 50) -> tuple[Group, ...]:
    """Every photo in exactly one group, the groups in the natural order of their first names.

    Two photos of one camera (make, model and serial number) belong together when at most ``gap_s`` lies between them
    and they look alike; so do all photos that are linked in this way, as those of a pan. Times are UTC when every photo
    of the camera tells its offset, so that a change of the clock separates nothing; else local. Photos without a time
    belong together when they follow each other in the order of their names and look very alike.

    The answer does not depend on the order of ``shots``.

    Args:
        shots: any number of photos.
        gap_s: longest pause within a group, s, >= 0.
        most: frames of a group, 2 or more; a larger one is cut.

    Raises:
        ArgumentError: gap_s or most outside its range.
    """
    if not gap_s >= 0 or most < 2:
        raise ArgumentError(f"gap_s must be 0 or more and most 2 or more, found {gap_s!r} and {most!r}.")
    cameras: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for i in sorted(range(len(shots)), key=lambda i: (natural_key(shots[i].name), i)):
        cameras[shots[i].capture.camera].append(i)
    found = [
        part for members in cameras.values() for chain in _linked(shots, members, gap_s) for part in _cut(*chain, most)
    ]
    return tuple(sorted(found, key=lambda g: min((natural_key(shots[i].name), i) for i in g.members)))


def needed(elapsed_s: float) -> float:
    """Similarity from which two photos that far apart in time are one burst."""
    return float(np.interp(elapsed_s, ELAPSED_S, NEEDED))


def _linked(
    shots: Sequence[Shot], members: Sequence[int], gap_s: float
) -> Iterator[tuple[list[int], dict[int, float]]]:
    """The groups of one camera, whose photos come in the order of their names, each with the times of its photos."""
    times = _times([shots[i].capture for i in members])
    known = {i: time for i, time in zip(members, times, strict=True) if time is not None}

    def near(i: int, j: int) -> bool:
        if known[i] - known[j] > gap_s:
            return False
        # A clock without sub-seconds reads the same at the two ends of a second.
        elapsed = known[i] - known[j] + max(_uncertain(shots[i].capture), _uncertain(shots[j].capture))
        return similarity(shots[i].look, shots[j].look) >= needed(elapsed)

    def alike(i: int, j: int) -> bool:
        return similarity(shots[i].look, shots[j].look) >= ALIKE

    timed = sorted(known, key=known.__getitem__)  # stable: equal times stay in the order of their names
    for chain in _chains(timed, near, NEIGHBORS):
        yield chain, known
    for chain in _chains([i for i in members if i not in known], alike, 1):
        yield chain, {}


def _uncertain(capture: Capture) -> float:
    return capture.step_s if capture.step_s >= 1 else 0.0


def _times(captures: Sequence[Capture]) -> list[float | None]:
    """Seconds of each photo of a camera since 1970, in UTC when all of them tell it; None = unknown."""
    local = [c.local for c in captures]
    worn_out = {moment for moment, count in Counter(local).items() if count > MOST_EQUAL}
    zoned = all(c.utc_offset is not None for c in captures if c.local is not None)
    return [
        None
        if c.local is None or c.local in worn_out
        else (c.local - _EPOCH - (c.utc_offset if zoned and c.utc_offset is not None else timedelta(0))).total_seconds()
        for c in captures
    ]


def _chains(order: Sequence[int], joins: Callable[[int, int], bool], reach: int) -> list[list[int]]:
    """The photos linked by ``joins`` (of a photo and an earlier one), each to the nearest of ``reach`` before it."""
    chains: list[list[int]] = []
    home: dict[int, list[int]] = {}
    for place, i in enumerate(order):
        before = reversed(order[max(0, place - reach) : place])
        chain = next((home[j] for j in before if joins(i, j)), None)
        if chain is None:
            chain = []
            chains.append(chain)
        chain.append(i)
        home[i] = chain
    return chains


def _cut(chain: Sequence[int], times: dict[int, float], most: int) -> list[Group]:
    """The group, in parts of at most ``most`` photos."""
    parts = _halved(chain, times, most)
    return [Group(tuple(part), number, len(parts)) for number, part in enumerate(parts, 1)]


def _halved(chain: Sequence[int], times: dict[int, float], most: int) -> list[Sequence[int]]:
    """The photos cut at the longest pause of their middle third, and again, until every part is small enough.

    The middle third, because a pause near an end would leave a part of a frame or two.
    """
    count = len(chain)
    if count <= most:
        return [chain]
    places = range(count // 3, count - count // 3 + 1) if count > 2 else range(1, 2)

    def pause(place: int) -> tuple[float, int]:
        before, after = times.get(chain[place - 1], 0.0), times.get(chain[place], 0.0)
        return after - before, -abs(2 * place - count)

    cut = max((place for place in places if 0 < place < count), key=pause)
    return [*_halved(chain[:cut], times, most), *_halved(chain[cut:], times, most)]
