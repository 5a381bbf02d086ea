"""Photographs that scikit-image ships, with whose they are: for examples and pages, none is stored here."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import UnknownNameError
from .image import load

SIDE = 640


@dataclass(frozen=True)
class Sample:
    """A photograph among the sample data of scikit-image.

    Attributes:
        file: its name there.
        credit: whose it is.
        licence: its terms; None where we found none stated, so that it is not passed on.
    """

    file: str
    credit: str
    licence: str | None


PHOTOGRAPHS = {
    "astronaut": Sample("astronaut.png", "NASA", "public domain"),
    "cat": Sample("chelsea.png", "S. van der Walt", "CC0"),
    "coffee": Sample("coffee.png", "R. Michetti", "CC0"),
    "motorcycle": Sample("motorcycle_left.png", "Middlebury Stereo 2014, Scharstein et al., GCPR 2014", None),
    "rocket": Sample("rocket.jpg", "SpaceX", "public domain"),
}
"""Short name to photograph; the README names them all, too."""


def photograph(name: str) -> NDArray[np.uint8]:
    """A photograph by its short name: RGB uint8 (H, W, 3), its longer side at most SIDE pixels.

    Raises:
        UnknownNameError: no such photograph. ModuleNotFoundError: scikit-image is not installed.
    """
    if name not in PHOTOGRAPHS:
        raise UnknownNameError("photograph", name, PHOTOGRAPHS)
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("The sample photos need scikit-image: pip install -r requirements.txt")
    return load(Path(spec.origin).parent / "data" / PHOTOGRAPHS[name].file, max_side=SIDE)
