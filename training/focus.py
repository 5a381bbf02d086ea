"""Focus ladders: one scene in focus, its subject blurred, all of it blurred; of which only the order is known.

A rated photo seldom shows what a photographer rejects first: a sharp background behind a soft subject. Made from photos
with a mask of their subject, as training.synthesis makes blur: in linear light, before sensor and codec.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from iqa.damage import Picture

from .ladders import place
from .layers import Mask, mirrored
from .masked import Portraits
from .recipe import Arrays, Sample
from .synthesis import Scene, captured, exposed

STEPS = ((False, False, 0.0), (True, False, 0.5), (True, True, 1.0))
"""Whether the subject is blurred, what is behind it, and the place. Bokeh is no fault: the first has it every other
time."""
MOVED = 0.4
"""Share of the ladders whose blur is motion."""
FIRST = 1_000_000
"""Numbers of these ladders begin here, above those of any rated photo."""


@dataclass(frozen=True, kw_only=True)
class Focus(Portraits):
    """Photos with masks, each as a ladder of three; every other target is NaN. For training only.

    Attributes:
        unknown: name of each target of the rated photos beside them, to its number of labels.
    """

    unknown: Mapping[str, int]

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """The photo in focus, the two others behind it in `also`; a photo whose mask says nothing comes alone."""
        if rng is None:
            raise ValueError("Ladders of focus have no rating to validate on.")
        image, mask = mirrored(*self.portrait(index), rng)
        if mask is None:
            return Sample(np.ascontiguousarray(image), self._unknown() | place(-1, 0.0))
        kind, bokeh = "motion" if rng.random() < MOVED else "lens", rng.random() < 0.5
        state = int(rng.integers(2**31))
        made = []
        for soft, all_soft, severity in STEPS:
            behind = "lens" if bokeh and not soft else kind * all_soft
            shown = Scene("", kind * soft, behind)
            made.append(Sample(_taken(image, mask, shown, state), self._unknown() | place(FIRST + index, severity)))
        return Sample(made[0].image, made[0].target, tuple(made[1:]))

    def _unknown(self) -> Arrays:
        return {name: np.full(count, np.nan, np.float32) for name, count in self.unknown.items()}


def _taken(image: Picture, mask: Mask, scene: Scene, state: int) -> Picture:
    """The same kernels, light, size, noise and codec for every scene of a ladder, as far as they have them."""
    light = exposed(image, mask, scene, np.random.default_rng(state))
    return captured(light, np.random.default_rng(state + 1))
