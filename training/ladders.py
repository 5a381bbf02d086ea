"""Ladders: a photo, rated or not, and damaged copies of it, of which only the order is known, in one batch.

People rated no damaged copy; that more damage is never better needs no rating.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iqa import damage
from iqa.damage import Picture
from iqa.resize import reduced

from .data import Around
from .recipe import Arrays, Sample

LADDER, SEVERITY = "ladder", "severity"
"""Names of the targets that are added, each (1,): number of the ladder, -1 = none, and severity in [0, 1]."""
LEAST_STEP = 0.1
WORST = 0.3
"""Share of the ladders that end with the damage at its worst: what lies between 0.9 and 1 is hardly drawn otherwise."""
AS_READ, FINER = 0.5, (0.4, 0.5)
"""Share of the ladders from photos as they were read, up to LARGEST; how far the photos of the others are reduced."""
LARGEST = 768
"""Longer side, px, of a photo that is damaged: of a larger one a network's view would hold no blocks and no grain."""
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
    """Photos, some of which bring damaged copies along, and first of all a reduced one where these were made of that.
    On all that is brought along every other target is NaN.

    Attributes:
        photos: with the labels.
        sound: per photo, whether damage makes it worse for certain (a dark photo gains from a longer exposure).
        share: of the sound photos that bring copies, anew in every epoch.
        copies: of one photo, all with the same damage at rising severities.
        chances: damages to choose from, of iqa.damage, to how often each is chosen relative to the others.
        first: number of the ladder of the first photo, the others count up; numbers of several sets must not overlap.
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
        image = _finer(first.image, rng)
        unknown: Arrays = {key: np.full_like(value, np.nan) for key, value in first.target.items()}
        chances = np.array(list(self.chances.values()))
        name = str(rng.choice(list(self.chances), p=chances / chances.sum()))
        severities = _severities(self.copies, rng)
        state = int(rng.integers(2**31))
        copies = []
        for severity in severities:
            worse = damage.apply(name, image, float(severity), np.random.default_rng(state))
            copies.append(Sample(worse, unknown | place(self.first + index, float(severity))))
        best = place(self.first + index, 0.0)
        if image.shape == first.image.shape:
            return replace(first, target=first.target | best, also=tuple(copies))
        base = Sample(image, unknown | best)  # without a rating: size must not tell one
        return replace(first, target=first.target | place(-1, 0.0), also=(base, *copies))


def _severities(copies: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(copies,) rising, at least LEAST_STEP apart and from 0; in WORST of the ladders the last is 1."""
    spare = rng.dirichlet(np.ones(copies + 1))[:copies] * (1.0 - LEAST_STEP * copies)
    rising = np.cumsum(spare + LEAST_STEP)
    return np.minimum(1.0, rising / rising[-1] if rng.random() < WORST else rising)


def _finer(image: Picture, rng: np.random.Generator) -> Picture:
    """The photo, at most LARGEST px long; in 1 - AS_READ of the cases reduced by FINER.

    Most files hold colors at half the resolution of the light. A reduced photo has colors as fine as its light again,
    as has what is drawn on a photo or done to it afterwards: a network that sees undamaged photos with coarse colors
    alone learns that fine ones are a damage.
    """
    side = min(LARGEST, max(image.shape[:2]))
    factor = 1.0 if rng.random() < AS_READ else float(rng.uniform(*FINER))
    return reduced(image, max(1, round(side * factor)))


def place(ladder: int, severity: float) -> Arrays:
    """The two targets of a picture in a ladder; -1, 0.0 = in none."""
    return {LADDER: np.array([ladder], np.float32), SEVERITY: np.array([severity], np.float32)}
