"""Ladders: a rated photo and damaged copies of it, of which only the order is known, in one batch.

People rated no damaged copy; that more damage is never better needs no rating.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iqa import damage

from .data import Around
from .recipe import Arrays, Sample

LADDER, SEVERITY = "ladder", "severity"
"""Names of the targets that are added, each (1,): number of the ladder, -1 = none, and severity in [0, 1]."""
LEAST_STEP = 0.1
DAMAGES = {
    "defocus": 1.0,
    "motion": 1.0,
    "shake": 1.0,
    "noise": 1.0,
    "underexposure": 1.0,
    "overexposure": 3.0,
    "color_cast": 5.0,
    "compression": 2.0,
    "watermark": 4.0,
}
"""Of iqa.damage: those that no photographer means, to how often each is shown; people's ratings say less of some."""


@dataclass(frozen=True)
class Laddered(Around):
    """Photos, some of which bring damaged copies along; on the copies every other target is NaN.

    Attributes:
        photos: with the labels.
        sound: per photo, whether damage makes it worse for certain (a dark photo gains from a longer exposure).
        share: of the sound photos that bring copies, anew in every epoch.
        copies: of one photo, all with the same damage at rising severities.
        chances: damages to choose from, of iqa.damage, to how often each is chosen relative to the others.
        first: number of the ladder of the first photo; those of several sets must differ.
    """

    sound: Sequence[bool]
    share: float
    copies: int
    chances: Mapping[str, float]
    first: int = 0

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos; validation brings no copies along."""
        first = self.photos.sample(index, rng)
        if rng is None or not self.sound[index] or rng.random() >= self.share:
            return replace(first, target=first.target | place(-1, 0.0))
        chances = np.array(list(self.chances.values()))
        name = str(rng.choice(list(self.chances), p=chances / chances.sum()))
        gaps = rng.dirichlet(np.ones(self.copies + 1)) * (1.0 - LEAST_STEP * self.copies) + LEAST_STEP
        state = int(rng.integers(2**31))
        unknown: Arrays = {key: np.full_like(value, np.nan) for key, value in first.target.items()}
        copies = []
        for severity in np.cumsum(gaps)[: self.copies]:
            worse = damage.apply(name, first.image, min(1.0, float(severity)), np.random.default_rng(state))
            copies.append(Sample(worse, unknown | place(self.first + index, float(severity))))
        return replace(first, target=first.target | place(self.first + index, 0.0), also=tuple(copies))


def place(ladder: int, severity: float) -> Arrays:
    """The two targets of a picture in a ladder; -1, 0.0 = in none."""
    return {LADDER: np.array([ladder], np.float32), SEVERITY: np.array([severity], np.float32)}
