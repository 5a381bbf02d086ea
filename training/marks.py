"""Watermarks to learn from: those of iqa.damage.families.SEEN, in the typefaces that matplotlib brings as well.

matplotlib draws the training curves, so it is here; nothing that judges has its faces.
"""

from dataclasses import replace
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import ImageFont

from iqa.damage import Picture, blend, families
from iqa.damage.faces import Face, truetype
from iqa.errors import IQAError

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
"""Of matplotlib's, those with the letters of a phrase, © included."""


@cache
def family() -> families.Family:
    """SEEN with Aileron and FONTS.

    Raises:
        IQAError: matplotlib, or one of its fonts, is not there.
    """
    found = {name: _face(path) for name, path in _files().items()}
    return replace(families.SEEN, faces={**families.SEEN.faces, **found})


def watermark(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """The picture under a mark to learn from; severity in (0, 1] is its opacity, as of the damage `watermark`."""
    return blend(image, families.place(family(), image, severity, rng))


def _face(path: Path) -> Face:
    return truetype(partial(ImageFont.truetype, path))


def _files() -> dict[str, Path]:
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise IQAError("Watermarks are drawn in matplotlib's fonts, which is not here: see requirements-train.txt.")
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    files = {name: folder / f"{name}.ttf" for name in FONTS}
    if absent := [name for name, path in files.items() if not path.is_file()]:
        raise IQAError(f"Fonts absent from {folder}: {', '.join(absent)}. Install matplotlib as pinned.")
    return files
