"""What each command says of one photo: the function from a file to a record, and the columns of its table."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from .. import answer, blur, degradations, image, lowlight, quality, watermark
from ..sources import Source
from ..table import ONE_IS_BEST, ZERO_IS_NONE, Column, Record
from .enhance import SUFFIX, enhance


@dataclass(frozen=True)
class Command:
    """A row of COMMANDS.

    Attributes:
        run: the record of one photo.
        columns: of its table and CSV, in the order of their importance.
        task: the module whose ESTIMATORS ``--model`` chooses from.
        legend: a line below the table.
        leave_out: files of folders whose name before the extension ends in this are not taken.
    """

    run: Callable[[Source, argparse.Namespace], Record]
    columns: Callable[[argparse.Namespace], tuple[Column, ...]]
    task: ModuleType
    legend: str = ""
    leave_out: str | None = None


def score(source: Source, options: argparse.Namespace) -> Record:
    """The quality of a photo, its range, its category and its factors."""
    found = quality.score(image.load(source.path, max_side=quality.READ_SIDE), model=options.model)
    said = answer.quality(found)
    return Record(str(source.path), found.model, said, {**said, **found.factors})


def _score_columns(options: argparse.Namespace) -> tuple[Column, ...]:
    ranged = options.model in quality.NETWORKS
    return (
        Column("quality", ("quality", *ONE_IS_BEST)),
        Column("category", ("category", "", ""), words=9),
        *(Column(f"quality_{end}", (end, *ONE_IS_BEST) if ranged else ()) for end in ("low", "high")),
        *(Column(name, (*name.split("_"), *ONE_IS_BEST)) for name in quality.WEIGHTS),
    )


def blur_type(source: Source, options: argparse.Namespace) -> Record:
    """The blur type of a photo; with ``--type`` also whether it is the one that was asked for."""
    found = blur.classify(image.load(source.path), model=options.model)
    said = answer.blur(found, blur.detect(found, options.type) if options.type else None)
    values = {
        **said,
        "angle_deg": found.motion.angle_deg if found.motion else "",
        "length_px": found.motion.length_px if found.motion else "",
        **{f"probability_{name}": value for name, value in found.probabilities.items()},
    }
    return Record(str(source.path), found.model, said, values)


def _blur_columns(options: argparse.Namespace) -> tuple[Column, ...]:
    asked = (
        Column("detected", ("detected", "", ""), words=8),
        Column("blur_type_probability", ("its prob", "0 to 1", "1=sure"), digits=2),
    )
    motion = (
        Column("angle_deg", ("angle", "deg", "ccw"), digits=0),
        Column("length_px", ("length", "px", ""), digits=1),
    )
    return (
        *(asked if options.type else ()),
        Column("blur_type", ("blur type", "", ""), words=max(map(len, blur.BLUR_TYPES))),
        Column("confidence", ("conf.", "0 to 1", "1=sure"), digits=2),
        Column("certain", ("sure", "", ""), words=4),
        *(tuple(Column(column.key) for column in motion) if options.type else motion),
        *map(Column, ("reason", *(["asked_type"] if options.type else []))),
        *(Column(f"probability_{name}") for name in blur.BLUR_TYPES),
    )


_EVIDENCE = (
    *("overall_weights", "overall_without", "illuminant_r", "illuminant_g", "illuminant_b", "cast_delta_e"),
    *("noise_sigma", "edge_width_px", "clipped_shadows", "clipped_highlights"),
    *("mean_luminance", "blockiness", "jpeg_quality", "jpeg_quality_estimated", "jpeg_quality_by"),
    *(f"native_{name}" for name in degradations.NATIVE),
)
"""In CSV only: the weights of the overall, and numbers behind the severities; see iqa.evidence.Evidence."""


def degradation(source: Source, options: argparse.Namespace) -> Record:
    """The severities of a photo's degradations, and the overall."""
    pixels, setting = image.load(source.path), image.info(source.path).jpeg_quality
    found = degradations.assess(pixels, jpeg_quality=setting, model=options.model, weights=options.weights)
    if options.locate_watermark:
        found = watermark.located(pixels, found, model=options.model)
    said = answer.degradations(found)
    box = {"watermark_box": " ".join(map(str, found.evidence.watermark_box or "-"))}
    native = {f"native_{name}": value for name, value in (found.evidence.native or {}).items()}
    light = {f"illuminant_{name}": value for name, value in zip("rgb", found.evidence.illuminant, strict=True)}
    without = {"overall_without": " ".join(found.overall_without)}
    values = {**said, **without, **said["evidence"], **light, **native, **box}
    return Record(str(source.path), found.model, said, values)


def _degradation_columns(options: argparse.Namespace) -> tuple[Column, ...]:
    broken = {
        "color_cast": ("color", "cast"),
        "blurriness": ("blurri-", "ness"),
        "watermark": ("water-", "mark"),
        "exposure": ("expo-", "sure"),
        "compression": ("compres-", "sion"),
    }
    severities = {name: Column(name, (*broken.get(name, ("", name)), *ZERO_IS_NONE), 2) for name in degradations.NAMES}
    place = Column("watermark_box", ("its box, px", "of the photo", "x0 y0 x1 y1", "- none found"), words=19)
    located = (severities.pop("watermark"), place) if options.locate_watermark else ()
    return (
        Column("overall", ("rated" if options.weights == "rated" else "", "overall", *ONE_IS_BEST), 2),
        *located,
        *severities.values(),
        *map(Column, _EVIDENCE),
    )


def _enhance_columns(_: argparse.Namespace) -> tuple[Column, ...]:
    return (
        Column("mean_luminance_before", ("light", "before", "1=white"), digits=2),
        Column("mean_luminance_after", ("light", "after", "1=white"), digits=2),
        *map(Column, ("applied", "strength", "output", "reason")),
    )


COMMANDS = {
    "score": Command(
        score,
        _score_columns,
        quality,
        "The factors are measured; a network has reasons of its own: from low to high lie 9 ratings in 10.",
    ),
    "blur": Command(
        blur_type,
        _blur_columns,
        blur,
        "sure: 'no' means that the estimator cannot tell. angle: of the motion, counter-clockwise from horizontal.",
    ),
    "degradations": Command(
        degradation,
        _degradation_columns,
        degradations,
        "?: cannot tell; in overall it counts as none. overall: without exposure and compression, unless rated. "
        "blurriness: of the frame as a whole. watermark: a low one does not prove that there is none.",
    ),
    "enhance": Command(enhance, _enhance_columns, lowlight, "light: mean luminance, 0 to 1.", SUFFIX),
}
"""The commands that answer photo by photo."""
