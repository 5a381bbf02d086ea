"""Example photos, made at start from photographs that installed packages ship, through our own degradations."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from iqa import damage, image

Damages = tuple[tuple[str, float], ...]
SIDE = 640
SEED = 20261121

PHOTOGRAPHS = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "cheetah": ("gradio", "media_assets/images/cheetah.jpg"),
    "lion": ("gradio", "media_assets/images/lion.jpg"),
    "tower": ("gradio", "media_assets/images/tower.jpg"),
}
"""Short name -> (package, path inside it)."""


@dataclass(frozen=True)
class Example:
    """Something to click on: a caption, one file (several for a burst), and the picture that stands for it."""

    caption: str
    files: tuple[str, ...]
    thumbnail: str


@dataclass(frozen=True)
class Examples:
    """The examples of each tab."""

    burst: tuple[Example, ...]
    blur: tuple[Example, ...]
    degradations: tuple[Example, ...]
    lowlight: tuple[Example, ...]


BURSTS: tuple[tuple[str, str, tuple[Damages, ...]], ...] = (
    (
        "Coffee: shaken, soft, dark, noisy",
        "coffee",
        (
            (("shake", 0.35),),
            (("noise", 0.45),),
            (),
            (("defocus", 0.3),),
            (("underexposure", 0.45),),
            (("motion", 0.4),),
        ),
    ),
    (
        "Cat: is the subject in focus?",
        "cat",
        ((("subject_defocus", 0.6),), (("subject_defocus", 0.25),), (), (("motion", 0.3),), (("overexposure", 0.5),)),
    ),
    ("Tower: too close to call", "tower", ((), (("noise", 0.02),), (("shake", 0.5),))),
)
BLURS: tuple[tuple[str, str, Damages], ...] = (
    ("Sharp", "coffee", ()),
    ("Subject out of focus", "astronaut", (("subject_defocus", 0.8),)),
    ("All out of focus", "cat", (("defocus", 0.6),)),
    ("Motion", "motorcycle", (("motion", 0.5),)),
    ("Panning, sharp subject", "cheetah", ()),
    ("Shaken", "lion", (("shake", 0.5),)),
)
DEGRADATIONS: tuple[tuple[str, str, Damages], ...] = (
    ("Clean", "motorcycle", ()),
    ("Color cast", "coffee", (("color_cast", 0.7),)),
    ("Noise", "cat", (("noise", 0.6),)),
    ("Overexposed", "astronaut", (("overexposure", 0.6),)),
    ("Compressed", "tower", (("compression", 0.85),)),
    ("Soft, with a watermark", "lion", (("defocus", 0.35), ("watermark", 0.7))),
)
LOWLIGHT: tuple[tuple[str, str, Damages], ...] = (
    ("Coffee, far too dark", "coffee", (("underexposure", 0.65),)),
    ("Dark and noisy", "astronaut", (("underexposure", 0.6), ("noise", 0.12))),
    ("Motorcycle in the dark", "motorcycle", (("underexposure", 0.7),)),
    ("Night launch", "rocket", ()),
    ("Does not need it", "cat", ()),
)


def make(folder: Path) -> Examples:
    """The examples of all tabs, written as JPEG files under the folder.

    Args:
        folder: private and temporary; created by the caller, who removes it.

    Raises:
        ModuleNotFoundError: a package of PHOTOGRAPHS is not installed.
    """
    sources = {name: _photograph(name) for name in PHOTOGRAPHS}

    def write(name: str, damages: Damages, stem: str) -> str:
        rng = np.random.default_rng([SEED, len(damages), sum(stem.encode())])
        picture = sources[name]
        for kind, severity in damages:
            picture = damage.apply(kind, picture, severity, rng)
        path = folder / f"{stem}.jpg"
        cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        return str(path)

    def singles(tab: str, rows: Sequence[tuple[str, str, Damages]]) -> tuple[Example, ...]:
        files = [write(name, damages, f"{tab}_{i}_{name}") for i, (_, name, damages) in enumerate(rows, 1)]
        return tuple(Example(row[0], (file,), file) for row, file in zip(rows, files, strict=True))

    bursts = []
    for caption, name, frames in BURSTS:
        files = tuple(write(name, damages, f"{name}_{i}") for i, damages in enumerate(frames, 1))
        bursts.append(Example(f"{caption} ({len(files)} frames)", files, files[frames.index(())]))
    return Examples(tuple(bursts), singles("blur", BLURS), singles("degraded", DEGRADATIONS), singles("dark", LOWLIGHT))


def _photograph(name: str) -> NDArray[np.uint8]:
    """A shipped photograph, at most SIDE pixels long."""
    package, inside = PHOTOGRAPHS[name]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"The examples need {package}: pip install -r requirements.txt")
    return image.load(Path(spec.origin).parent / inside, max_side=SIDE)
