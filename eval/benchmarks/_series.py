"""A burst made from one clean photo: the same moment several times, once without a defect."""

from dataclasses import dataclass

import numpy as np

from iqa import damage
from iqa.damage import Picture
from iqa.srgb import from_linear, to_linear

DEFECTS = {
    "subject_defocus": "blur",
    "defocus": "blur",
    "motion": "blur",
    "shake": "blur",
    "underexposure": "exposure",
    "overexposure": "exposure",
    "noise": "noise",
    "compression": "compression",
}
"""Damage to its family, in the order in which a camera would do them; a frame has one of a family at most."""
SEVERITY = (0.15, 1.0)
SHIFT = 0.01
"""Largest shift between two frames, of the height and of the width."""
BRIGHTNESS = 0.02
"""Largest difference of a frame's linear light from the photo's."""
ONE_KIND = 0.3
"""Share of series in which all bad frames have the same defect, at different strengths."""
TWO_DEFECTS = 0.25
"""Share of bad frames with two defects, in the other series."""


@dataclass(frozen=True)
class Made:
    """One frame of a series.

    Attributes:
        picture: RGB uint8 (H, W, 3); all frames of a series have one size.
        defects: (name, severity) in the order in which they were done; empty for the one clean frame.
    """

    picture: Picture
    defects: tuple[tuple[str, float], ...]

    @property
    def strength(self) -> float:
        """Severity of the strongest defect, [0, 1]; 0 for the clean frame."""
        return max((severity for _, severity in self.defects), default=0.0)

    @property
    def label(self) -> str:
        """Such as "clean", "noise 0.41" or "motion 0.30 + compression 0.77"."""
        return " + ".join(f"{name} {severity:.2f}" for name, severity in self.defects) or "clean"


def make(photo: Picture, frames: int, rng: np.random.Generator) -> list[Made]:
    """A series in random order, one frame of it clean.

    Every frame, the clean one too, is a shifted crop of its own and a little brighter or darker, so that neither equal
    pixels nor the file's original levels give the clean frame away. Shifts are whole pixels: an interpolation would
    blur.

    Args:
        photo: RGB uint8 (H, W, 3).
        frames: 2 or more.
        rng: source of everything random.
    """
    best, kind = int(rng.integers(frames)), str(rng.choice(list(DEFECTS))) if rng.random() < ONE_KIND else None
    made = []
    for place, start in enumerate(shifted(photo, frames, rng)):
        defects = () if place == best else _defects(kind, rng)
        picture = from_linear(to_linear(start) * np.float32(1.0 + rng.uniform(-BRIGHTNESS, BRIGHTNESS)))
        for name, severity in defects:
            picture = damage.apply(name, picture, severity, rng)
        made.append(Made(picture, defects))
    return made


def shifted(photo: Picture, frames: int, rng: np.random.Generator) -> list[Picture]:
    """Crops of one size, each at a place of its own where the photo has as many places."""
    height, width = photo.shape[:2]
    room = [min(side - 1, max(1, round(SHIFT * side))) for side in (height, width)]
    size, places = [height - room[0], width - room[1]], (room[0] + 1) * (room[1] + 1)
    corners = [divmod(int(at), room[1] + 1) for at in rng.choice(places, size=frames, replace=places < frames)]
    return [np.ascontiguousarray(photo[y : y + size[0], x : x + size[1]]) for y, x in corners]


def _defects(kind: str | None, rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """One defect of that kind, or one or two of any kinds."""
    names = [kind or str(rng.choice(list(DEFECTS)))]
    if kind is None and rng.random() < TWO_DEFECTS:
        names.append(str(rng.choice([name for name, family in DEFECTS.items() if family != DEFECTS[names[0]]])))
    return tuple((name, float(rng.uniform(*SEVERITY))) for name in sorted(names, key=list(DEFECTS).index))
