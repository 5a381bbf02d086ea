"""Two families of watermarks that share nothing: SEEN, to learn from, and UNSEEN, to find out what was learned.

| | SEEN | UNSEEN |
|---|---|---|
| faces | Aileron; training adds DejaVu, STIX and Computer Modern | Rubik in four cuts, WenQuanYi, Courier |
| phrases | stock phrases in English, names, .com, dates | other phrases, six languages, handles, numbers |
| logos | emblems, waves, barcodes, crescents, petals, tiles | cameras, peaks, matrix codes, spirals, shields, eyes |
| treatments | filled, outlined, initials in a frame, logo and line | filled, knocked out, striped, two lines, badge |
| layouts | corner, border, center, tiled, diagonal, band | thirds, scattered, ring, cross, column |

They differ in no other way: opacity, paint, relative size and room for slant are drawn alike. The damage `watermark` of
the table is older and draws from Aileron, emblems and the first four layouts: a part of SEEN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from . import faces, logos, positions
from .faces import Face, outlined
from .frame import Picture, frame_size
from .marks import CHANCES, OPACITY, PAINTS, Layout, Mark, visible
from .stamps import LETTERS, Ink, dated, phrase, slanted

ANY_PAINT = 0.4
"""Chance of a paint of any color instead of the usual ones."""
SHOUTED = ("VOID", "COMP", "SPECIMEN", "PROPERTY OF THE ARTIST", "unlicensed", "evaluation only", "low-res scan")
ABROAD = ("ENTWURF", "muestra", "épreuve", "ОБРАЗЕЦ", "не копировать", "ΔΕΙΓΜΑ", "見本", "样品", "禁止转载")
STEMS = ("wyx", "quib", "zeph", "thra", "plov", "yst", "vek", "ump", "osk", "grim", "chly", "dwae")
"""None of them among stamps.SYLLABLES, whose vowels and consonants take turns."""


@dataclass(frozen=True)
class Drawn:
    """Ink, uint8 (h, w), and what it was drawn with; "" = none of it."""

    ink: Ink
    face: str = ""
    phrase: str = ""
    logo: str = ""


@dataclass(frozen=True)
class Family:
    """What marks are made of.

    Attributes:
        faces: name to typeface.
        phrase: (rng, latin_only) to a line of text.
        logos: name to a function (height_px, rng) to ink.
        treatments: name to a function (family, height_px, rng) to Drawn.
        layouts: name to a function (ink, (height, width), rng) to coverage.
    """

    faces: Mapping[str, Face]
    phrase: Callable[[np.random.Generator, bool], str]
    logos: Mapping[str, logos.Logo]
    treatments: Mapping[str, "Treatment"]
    layouts: Mapping[str, Layout]


Treatment = Callable[[Family, float, np.random.Generator], Drawn]


@dataclass(frozen=True)
class Stamped(Mark):
    """A watermark of a family in its place, with what it was drawn with.

    Attributes:
        drawn: ink and the names of face and logo; `content` is the treatment.
    """

    drawn: Drawn


def place(family: Family, image: Picture, severity: float, rng: np.random.Generator) -> Stamped:
    """A mark of that family; only its opacity depends on the severity, so that one seed is one mark.

    Args:
        family: SEEN, UNSEEN, or one with more faces.
        image: RGB uint8 (H, W, 3).
        severity: (0, 1]: opacity from .12 to .8, as that of the damage `watermark`.
        rng: chooses everything else.
    """
    treatment, layout = (str(rng.choice(list(names))) for names in (family.treatments, family.layouts))
    height = float(rng.uniform(*positions.FONT_SIZES[layout])) * frame_size(image)
    drawn = family.treatments[treatment](family, height, rng)
    coverage = family.layouts[layout](drawn.ink, (image.shape[0], image.shape[1]), rng)
    usual = PAINTS[int(rng.choice(len(PAINTS), p=CHANCES))]
    red, green, blue = (int(level) for level in rng.integers(0, 256, 3))
    paint = (red, green, blue) if rng.random() < ANY_PAINT else usual
    opacity = OPACITY[0] + (OPACITY[1] - OPACITY[0]) * severity
    return Stamped(coverage, opacity, visible(image, coverage, paint), treatment, layout, drawn)


def words(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A line of text, now and then with its letters apart."""
    name = str(rng.choice(list(family.faces)))
    text = family.phrase(rng, family.faces[name].latin_only)
    spacing = float(rng.choice((0.0, 0.0, rng.uniform(0.02, 0.2)))) * height_px
    return Drawn(family.faces[name].draw(text, height_px, spacing), name, text)


def _leaning(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A line of text, slanted, narrower or wider."""
    made = words(family, height_px, rng)
    return Drawn(slanted(made.ink, rng), made.face, made.phrase)


def _outlined(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    made = words(family, height_px, rng)
    return Drawn(outlined(made.ink, float(rng.uniform(0.04, 0.1)) * height_px), made.face, made.phrase)


def _logo(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    name = str(rng.choice(list(family.logos)))
    return Drawn(family.logos[name](2.2 * height_px, rng), logo=name)


def _initials(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """One to three letters in a round or square frame."""
    name = str(rng.choice(list(family.faces)))
    text = "".join(rng.choice(list(LETTERS), size=int(rng.integers(1, 4))))
    ink = family.faces[name].draw(text, 1.5 * height_px, 0.0)
    side = round(1.5 * max(ink.shape)) + 2
    top, left = (side - ink.shape[0]) // 2, (side - ink.shape[1]) // 2
    made = np.zeros((side, side), np.uint8)
    made[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    width = max(1, round(0.06 * side))
    if rng.random() < 0.5:
        cv2.circle(made, (side // 2, side // 2), side // 2 - width, (255,), width, cv2.LINE_AA)
    else:
        cv2.rectangle(made, (width, width), (side - 1 - width, side - 1 - width), (255,), width)
    return Drawn(made, name, text)


def _signature(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A logo beside a line of text."""
    name, line = str(rng.choice(list(family.logos))), words(family, height_px, rng)
    return Drawn(_joined([family.logos[name](1.4 * height_px, rng), line.ink], height_px), line.face, line.phrase, name)


def _knocked_out(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A box out of which the letters are cut."""
    made = words(family, height_px, rng)
    return Drawn(255 - np.pad(made.ink, max(1, round(0.35 * height_px))), made.face, made.phrase)


def _striped(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A line of text of stripes, as on banknotes."""
    made = words(family, height_px, rng)
    step = max(3, round(float(rng.uniform(0.1, 0.2)) * height_px))
    ink = made.ink.copy()
    ink[np.arange(len(ink)) % step >= max(1, step * 2 // 3)] = 0
    return Drawn(ink, made.face, made.phrase)


def _stacked(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """Two lines, the second one smaller."""
    upper, lower = words(family, height_px, rng), words(family, 0.6 * height_px, rng)
    ink = _joined([upper.ink.T, lower.ink.T], height_px).T
    return Drawn(np.ascontiguousarray(ink), upper.face, upper.phrase)


def _badge(family: Family, height_px: float, rng: np.random.Generator) -> Drawn:
    """A logo above a line of text."""
    name, line = str(rng.choice(list(family.logos))), words(family, 0.7 * height_px, rng)
    ink = _joined([family.logos[name](2.0 * height_px, rng).T, line.ink.T], height_px).T
    return Drawn(np.ascontiguousarray(ink), line.face, line.phrase, name)


def _joined(parts: list[Ink], height_px: float) -> Ink:
    """Inks beside one another on a common middle line."""
    height = max(len(ink) for ink in parts)
    level = [np.pad(ink, ((top := (height - len(ink)) // 2, height - len(ink) - top), (0, 0))) for ink in parts]
    gap = np.zeros((height, max(1, round(0.3 * height_px))), np.uint8)
    return np.hstack([level[0], gap, level[1]])


def _seen_phrase(rng: np.random.Generator, _: bool) -> str:
    return dated(rng) if rng.random() < 0.15 else phrase(rng)


def _unseen_phrase(rng: np.random.Generator, latin_only: bool) -> str:
    first, last = ("".join(rng.choice(STEMS, size=2)).title() for _ in range(2))
    number = int(rng.integers(10_000, 10_000_000))
    known = [text for text in (*SHOUTED, *ABROAD) if not latin_only or text.isascii()]
    options = (
        str(rng.choice(known)),
        f"@{last.lower()}",
        f"foto: {first} {last}",
        f"{last.lower()}.photo",
        f"#{number}",
    )
    return str(rng.choice(options, p=(0.4, 0.15, 0.15, 0.15, 0.15)))


SEEN = Family(
    faces=faces.AILERON,
    phrase=_seen_phrase,
    logos=logos.SEEN,
    treatments={
        "words": words,
        "leaning words": _leaning,
        "outlined words": _outlined,
        "logo": _logo,
        "initials": _initials,
        "signature": _signature,
    },
    layouts=positions.SEEN,
)
"""What training draws from."""
UNSEEN = Family(
    faces=faces.HELD_OUT,
    phrase=_unseen_phrase,
    logos=logos.HELD_OUT,
    treatments={
        "words": words,
        "knocked-out words": _knocked_out,
        "striped words": _striped,
        "stacked words": _stacked,
        "logo": _logo,
        "badge": _badge,
    },
    layouts=positions.HELD_OUT,
)
"""What the benchmark `watermark` draws from, and nothing that learns."""
