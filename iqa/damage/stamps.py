"""What a watermark shows, drawn by code: words, initials, dates, emblems. Each is a function from (height, rng) to ink.

Ink is uint8 (h, w), 255 = covered. The one font is Pillow's own; slant, width and spacing make it look like many.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Ink = NDArray[np.uint8]
Points = list[tuple[float, float]]

WORDS = (
    "SAMPLE",
    "PREVIEW",
    "PROOF",
    "DRAFT",
    "DO NOT COPY",
    "copyright",
    "Not for resale",
    "stock photo",
    "review copy",
)
SYLLABLES = ("an", "bel", "cor", "da", "el", "fin", "go", "hu", "il", "jo", "ka", "lo", "mar", "no", "ri", "sen", "to")
LETTERS = "ABCDEFGHIKLMNOPRSTUVWZ"
SUPERSAMPLING = 3
SMALLEST_PX = 6.0


def words(height_px: float, rng: np.random.Generator) -> Ink:
    """A line of text: a stock phrase, an author, an address."""
    return slanted(_line(phrase(rng), height_px, 0.0, rng), rng)


def outlined_words(height_px: float, rng: np.random.Generator) -> Ink:
    """A line of text of which only the outline is drawn."""
    return slanted(_line(phrase(rng), height_px, float(rng.uniform(0.03, 0.07)), rng), rng)


def date(height_px: float, rng: np.random.Generator) -> Ink:
    """The date that a camera burns in."""
    return _line(dated(rng), height_px, 0.0, rng)


def dated(rng: np.random.Generator) -> str:
    """A day, now and then with the time, as cameras write it."""
    year, month, day = rng.integers(1990, 2031), rng.integers(1, 13), rng.integers(1, 29)
    layout = str(
        rng.choice(("{2:02}.{1:02}.{0}", "{0}/{1:02}/{2:02}", "'{3:02} {1} {2}", "{0}-{1:02}-{2:02} {4:02}:{5:02}"))
    )
    return layout.format(year, month, day, year % 100, rng.integers(0, 24), rng.integers(0, 60))


def emblem(height_px: float, rng: np.random.Generator) -> Ink:
    """A logo: rings, polygons, stars and rays in one another."""
    side, draw, image = canvas(height_px)
    shapes, solid = [_polygon, _star, _ring, _rays], 2
    radius, hollow = 0.48 * side, False
    for index in rng.permutation(len(shapes))[: int(rng.integers(2, 4))]:
        shapes[index](draw, side / 2, radius, 0 if hollow else 255, rng)
        radius *= float(rng.uniform(0.45, 0.75))
        hollow = bool(index < solid) and not hollow
    return reduced(image, height_px)


def monogram(height_px: float, rng: np.random.Generator) -> Ink:
    """Initials in a ring or a polygon."""
    side, draw, image = canvas(height_px)
    frame = _ring if rng.random() < 0.5 else _polygon
    frame(draw, side / 2, 0.48 * side, 255, rng)
    text = "".join(rng.choice(list(LETTERS), size=int(rng.integers(1, 4))))
    font = ImageFont.load_default(side * (0.5 if len(text) == 1 else 0.8 / len(text)))
    draw.ellipse([0.14 * side, 0.14 * side, 0.86 * side, 0.86 * side], fill=0)
    draw.text((side / 2, side / 2), text, fill=255, font=font, anchor="mm")
    return reduced(image, height_px)


def signature(height_px: float, rng: np.random.Generator) -> Ink:
    """A logo beside a name."""
    logo, text = emblem(1.4 * height_px, rng), words(height_px, rng)
    height = max(len(logo), len(text))
    gap = np.zeros((height, max(1, round(0.3 * height_px))), np.uint8)
    parts = [np.pad(ink, ((top := (height - len(ink)) // 2, height - len(ink) - top), (0, 0))) for ink in (logo, text)]
    return np.hstack([parts[0], gap, parts[1]])


CONTENTS: dict[str, Callable[[float, np.random.Generator], Ink]] = {
    "words": words,
    "outlined words": outlined_words,
    "date": date,
    "emblem": emblem,
    "monogram": monogram,
    "signature": signature,
}


def phrase(rng: np.random.Generator) -> str:
    """A stock phrase, an author, an address."""
    name = " ".join("".join(rng.choice(SYLLABLES, size=int(rng.integers(2, 4)))).title() for _ in range(2))
    site = f"www.{name.replace(' ', '').lower()}.com"
    year = int(rng.integers(1998, 2031))
    said = str(rng.choice((str(rng.choice(WORDS)), f"© {name}", f"© {name} {year}", f"{name} Photography", site)))
    return said.upper() if rng.random() < 0.25 else said


def _line(text: str, height_px: float, stroke: float, rng: np.random.Generator) -> Ink:
    """Text of that font size, letters spaced by up to a fifth of it; only its outline for a stroke above 0."""
    size = max(SMALLEST_PX, height_px)
    font = ImageFont.load_default(size)
    spacing = float(rng.choice((0.0, 0.0, rng.uniform(0.02, 0.2)))) * size
    pen = max(1, round(stroke * size)) if stroke else 0
    width = math.ceil(sum(font.getlength(letter) + spacing for letter in text)) + 2 * pen + 2
    image = Image.new("L", (width, math.ceil(1.5 * size) + 2 * pen), 0)
    draw, x = ImageDraw.Draw(image), float(pen)
    for letter in text:
        draw.text((x, pen), letter, fill=255, font=font, stroke_width=pen)
        x += font.getlength(letter) + spacing
    ink = np.asarray(image)
    if pen:
        ink = ink - cv2.erode(ink, np.ones((2 * pen + 1, 2 * pen + 1), np.uint8))
    return trimmed(ink)


def slanted(ink: Ink, rng: np.random.Generator) -> Ink:
    """The ink leaning and narrower or wider: another typeface from the one there is."""
    lean, wide = float(rng.choice((0.0, 0.25, rng.uniform(-0.15, 0.35)))), float(rng.uniform(0.75, 1.35))
    height, width = ink.shape
    room = abs(lean) * height
    matrix = np.array([[wide, -lean, max(lean, 0.0) * height], [0.0, 1.0, 0.0]])
    return trimmed(np.asarray(cv2.warpAffine(ink, matrix, (math.ceil(wide * width + room) + 1, height))))


def trimmed(ink: Ink) -> Ink:
    """The ink without empty borders, at least one pixel."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return np.full((1, 1), 255, np.uint8)
    return np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def canvas(height_px: float) -> tuple[int, ImageDraw.ImageDraw, Image.Image]:
    """(side in px, pen, empty square) to draw a logo on, SUPERSAMPLING times as large as it will be."""
    side = SUPERSAMPLING * max(4, round(height_px))
    image = Image.new("L", (side, side), 0)
    return side, ImageDraw.Draw(image), image


def reduced(image: Image.Image, height_px: float) -> Ink:
    """The ink of a canvas at that height, without empty borders."""
    side = max(4, round(height_px))
    return trimmed(np.asarray(cv2.resize(np.asarray(image), (side, side), interpolation=cv2.INTER_AREA)))


def _ring(draw: ImageDraw.ImageDraw, center: float, radius: float, fill: int, rng: np.random.Generator) -> None:
    box = [center - radius, center - radius, center + radius, center + radius]
    draw.ellipse(box, outline=fill, width=max(1, round(radius * float(rng.uniform(0.12, 0.3)))))


def _polygon(draw: ImageDraw.ImageDraw, center: float, radius: float, fill: int, rng: np.random.Generator) -> None:
    corners, turn = int(rng.integers(3, 9)), float(rng.uniform(0.0, 2 * math.pi))
    draw.polygon(vertices(center, [radius] * corners, turn), fill=fill)


def _star(draw: ImageDraw.ImageDraw, center: float, radius: float, fill: int, rng: np.random.Generator) -> None:
    tips, turn = int(rng.integers(4, 11)), float(rng.uniform(0.0, 2 * math.pi))
    draw.polygon(vertices(center, [radius, float(rng.uniform(0.3, 0.6)) * radius] * tips, turn), fill=fill)


def _rays(draw: ImageDraw.ImageDraw, center: float, radius: float, fill: int, rng: np.random.Generator) -> None:
    tips, turn = int(rng.integers(5, 13)), float(rng.uniform(0.0, 2 * math.pi))
    for end in vertices(center, [radius] * tips, turn):
        draw.line([(center, center), end], fill=fill, width=max(1, round(0.12 * radius)))


def vertices(center: float, radii: list[float], turn: float) -> Points:
    """(x, y) around the center, evenly spread from that angle on in radians, one per radius."""
    angles = [turn + 2 * math.pi * i / len(radii) for i in range(len(radii))]
    return [(center + r * math.cos(a), center + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
