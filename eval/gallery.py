"""Before and after, to look at: ``python -m eval.run gallery --out page.html [--data FOLDER] [--model NAME ...]``.

Photos that everybody may show, darkened by code, or dark photos of one's own; each with what every low-light estimator
makes of it. A page of pictures is no measurement: what the estimators are worth stands in reports.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from iqa import __version__, damage, lowlight, quality
from iqa.batch import reason
from iqa.damage import Picture
from iqa.errors import ArgumentError, ImageError, IQAError
from iqa.estimator import require
from iqa.image import EXTENSIONS, load
from iqa.measures import analysis_luma, luminance, noise_sigma
from iqa.output import new_file
from iqa.samples import PHOTOGRAPHS, photograph
from iqa.sources import Source, find
from iqa.srgb import from_linear, to_linear

from .metrics import psnr, ssim
from .metrics.restoration import WINDOW
from .page import QUALITY, SIDE, Cell, Page, Row

SHOWN = tuple(name for name, row in PHOTOGRAPHS.items() if row.licence is not None)
"""Photographs that may be passed on."""
STOPS = (3.0, 4.0, 5.0)
"""How much light is taken from them, in stops."""
NOISE = 0.08
"""Sensor noise that is added then, as a share of that of `iqa.damage` at severity 1."""
SEED = 20261122
LIMIT = 12
"""Own photos on a page, unless told otherwise."""
TITLE = "Low light: before and after"


class NoPhotoError(IQAError):
    """There is no photo to show."""

    exit_code = 3


@dataclass(frozen=True)
class Scene:
    """A dark photo, and what it looks like in the light where that is known.

    Attributes:
        title: its name on the page.
        dark, original: RGB uint8 (H, W, 3) of one size.
    """

    title: str
    dark: Picture
    original: Picture | None = None


def darkened(image: Picture, stops: float, rng: np.random.Generator) -> Picture:
    """The photo as a shorter exposure gives it: less light, then the noise of the sensor, then 8 bits.

    Args:
        image: sRGB uint8 (H, W, 3).
        stops: by which the linear light is reduced, 0 or more.
        rng: source of the noise, which is Poisson-Gaussian.

    Reference: Foi, Trimeche, Katkovnik and Egiazarian 2008, doi:10.1109/TIP.2008.2001399.
    """
    light = to_linear(image) * np.float32(2.0**-stops)
    sigma = np.float32(NOISE) * np.sqrt(np.float32(damage.SHOT_NOISE) * light + np.float32(damage.READ_NOISE**2))
    return from_linear(light + sigma * rng.standard_normal(light.shape, dtype=np.float32))


def samples() -> Iterator[Scene]:
    """The photographs of SHOWN, each darkened by each of STOPS; the same pixels every time."""
    for place, name in enumerate(SHOWN):
        original = photograph(name)
        for stops in STOPS:
            rng = np.random.default_rng([SEED, place, round(10 * stops)])
            title = f"{name.capitalize()}, {stops:g} stops darker"
            yield Scene(title, darkened(original, stops, rng), original)


def numbers(picture: Picture, original: Picture | None = None) -> list[tuple[str, str]]:
    """What stands under a picture: (what and its direction, value and its unit), measured before it is reduced.

    Args:
        picture: RGB uint8 (H, W, 3).
        original: of the same size; None leaves out what compares with it.
    """
    score = quality.score(picture, explain=False).quality
    found = [
        ("Mean luminance", f"{float(luminance(picture).mean(dtype=np.float64)) / 255:.2f} of 1"),
        ("Noise sigma ↓", f"{noise_sigma(analysis_luma(picture)):.1f} grey levels"),
        ("Quality ↑", f"{score:.2f} of 1"),
    ]
    if original is not None:
        found.append(("PSNR ↑", f"{psnr(picture, original):.2f} dB"))
        if min(picture.shape[:2]) >= WINDOW:
            found.append(("SSIM ↑", f"{ssim(picture, original):.3f} of 1"))
    return found


def row(scene: Scene, models: Sequence[str]) -> Row:
    """The dark photo, what each estimator makes of it, and the original where there is one.

    Args:
        scene: what is shown.
        models: names out of ``lowlight.ESTIMATORS``.

    Raises:
        ModelError, ManifestError: the model of an estimator is not here, altered or broken.
    """
    what = "Input" if scene.original is None else "Dark input"  # a photo of one's own may prove bright
    cells = [Cell(what, f"{scene.title}: the {what.lower()}", scene.dark, numbers(scene.dark, scene.original))]
    for name in models:
        found = lowlight.enhance(scene.dark, model=name)
        done = "as left by" if not found.applied else "as enhanced by"
        note = "" if found.applied else f"Left as it is. {found.need.reason}"
        seen = numbers(found.image, scene.original)
        cells.append(Cell(f"{name} ({found.model})", f"{scene.title}: {done} {name}", found.image, seen, note))
    if scene.original is not None:
        cells.append(Cell("Original", f"{scene.title}: the original", scene.original, numbers(scene.original)))
    return Row(scene.title, cells)


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 = the page is written, 1 = it is written without a photo that could not be read.

    Raises:
        IQAError: the name of the page is taken or not that of a page, an unknown or missing estimator, no photo to
            show. SystemExit: by argparse.
    """
    options = _parsed(arguments)
    models = tuple(dict.fromkeys(options.model or lowlight.ESTIMATORS))
    for name in models:
        require(name, lowlight.ESTIMATORS)
    if options.out.suffix.lower() not in (".html", ".htm"):
        raise ArgumentError(f"--out {str(options.out)!r}: a page is written; accepted: a name that ends in .html.")
    with new_file(options.out, overwrite=options.overwrite) as target:
        made = _samples(models) if options.data is None else _own(options.data, options.limit, models)
        target.write(made.html().encode())
    print(f"wrote {options.out}: {len(made.rows)} scenes, {options.out.stat().st_size / 1e6:.1f} MB")
    return 1 if made.missing else 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m eval.run gallery", description="Write a page of dark photos before and after enhancement."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page, one HTML file")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of dark photos of your own (default: sample photos, darkened)"
    )
    known = ", ".join(lowlight.ESTIMATORS)
    parser.add_argument("--model", nargs="+", metavar="NAME", help=f"estimators to show (default: {known})")
    parser.add_argument(
        "--limit", type=int, default=LIMIT, metavar="N", help="most photos of the folder (default: %(default)s)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older page")
    options = parser.parse_args(arguments)
    if options.limit < 1:
        parser.error(f"--limit: found {options.limit}, accepted: 1 or more")
    return options


def _samples(models: Sequence[str]) -> Page:
    whose = "; ".join(f"{name}: {PHOTOGRAPHS[name].credit}, {PHOTOGRAPHS[name].licence}" for name in SHOWN)
    steps = ", ".join(f"{stops:g}" for stops in STOPS)
    lead = (
        f"Each row shows a dark photo, what each low-light estimator makes of it ({', '.join(models)}), and the "
        f"original. The photos are those that scikit-image ships and that everybody may show ({whose}), darkened by "
        f"code in linear light by {steps} stops, with the noise of a sensor."
    )
    return Page(TITLE, lead, [row(scene, models) for scene in samples()], notes=_notes())


def _own(folder: Path, limit: int, models: Sequence[str]) -> Page:
    """The page of one's own photos; what cannot be read is told and left out."""
    if not folder.exists():
        raise NoPhotoError(f"--data {str(folder)!r} does not exist. Name a folder of photos.")
    waiting = iter(find([folder], EXTENSIONS, recursive=True, tell=_tell))
    rows, missing = [], []
    for source in islice(waiting, limit):
        scene = _read(source)
        if isinstance(scene, str):
            _tell(scene)
            missing.append(scene)
        else:
            rows.append(row(scene, models))
    if not rows:
        raise NoPhotoError(f"No photo in {str(folder)!r} could be shown; accepted: {', '.join(sorted(EXTENSIONS))}.")
    left = sum(1 for _ in waiting)
    if left:
        _tell(f"{left} more photos were left out; --limit {limit + left} shows them all.")
    lead = (
        f"Each row shows a photo and what each low-light estimator makes of it ({', '.join(models)}). "
        "The photos come from a folder of whoever made this page, and their licence is for that person to tell."
    )
    more = f"{left} more photos of the folder are left out." if left else ""
    return Page(TITLE, lead, rows, missing, [*([more] if more else []), *_notes()])


def _read(source: Source) -> Scene | str:
    """The photo, or why it cannot be shown; read as for its score, so that a page of large photos is made in time."""
    name = source.below.as_posix()
    if source.error is not None:
        return f"{name}: {source.error}"
    try:
        return Scene(name, load(source.path, max_side=quality.READ_SIDE))
    except ImageError as error:  # its whole text names the folder, which the page must not
        return f"{name}: {error.found}. {error.action}"
    except (OSError, MemoryError) as error:
        return f"{name}: {reason(error)}"


def _tell(text: str) -> None:
    print(f"gallery: {text}", file=sys.stderr)


def _notes() -> list[str]:
    return [
        "Mean luminance: 0 = black, 1 = white. Noise sigma: grey levels of 255, 0 = none, lower is better (↓); light "
        f"that is raised shows more of it. Quality: 0 to 1, higher is better (↑), by {quality.estimator()}. "
        "PSNR (dB) and SSIM (at most 1) compare with an original, higher is better (↑); the mean is not matched first.",
        f"Photos longer than {quality.READ_SIDE} px are reduced to that first. The numbers are measured on the pixels "
        f"as they were made; the pictures are JPEG copies of quality {QUALITY}, at most {SIDE} px long. Pictures to "
        "look at, no measurement: what the estimators are worth on photos in pairs stands in results/README.md.",
        f"Made by iqa {__version__}, python -m eval.run gallery.",
    ]
