"""Logos: those that training sees, and those kept from it. Functions (height_px, rng) to ink, 255 = covered.

Seen: emblems of rings, polygons, stars and rays, waves, barcodes, crescents, petals, tiles. Held out: a camera, peaks,
matrix codes, spirals, shields, eyes.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from PIL import ImageDraw

from .stamps import Ink, canvas, emblem, reduced, vertices

Logo = Callable[[float, np.random.Generator], Ink]
Pen = ImageDraw.ImageDraw


def _drawn(draw: Callable[[Pen, float, np.random.Generator], None]) -> Logo:
    """A logo from a function that draws it on a square of that side."""

    def logo(height_px: float, rng: np.random.Generator) -> Ink:
        side, pen, image = canvas(height_px)
        draw(pen, float(side), rng)
        return reduced(image, height_px)

    return logo


def _disc(pen: Pen, x: float, y: float, radius: float, fill: int) -> None:
    pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)


def _waves(pen: Pen, side: float, rng: np.random.Generator) -> None:
    lines, periods, width = int(rng.integers(2, 5)), float(rng.uniform(1.0, 2.5)), max(2, round(0.07 * side))
    x = np.linspace(0.04, 0.96, 60) * side
    for n in range(lines):
        y = side * (0.5 + 0.22 * (n - (lines - 1) / 2) + 0.08 * np.sin(x / side * 2 * math.pi * periods))
        pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255, width=width)


def _barcode(pen: Pen, side: float, rng: np.random.Generator) -> None:
    x = 0.05 * side
    while x < 0.93 * side:
        width = side * float(rng.choice((0.02, 0.035, 0.06)))
        pen.rectangle([x, 0.2 * side, x + width, 0.8 * side], fill=255)
        x += width + side * float(rng.choice((0.02, 0.03, 0.05)))


def _crescent(pen: Pen, side: float, rng: np.random.Generator) -> None:
    _disc(pen, side / 2, side / 2, 0.48 * side, 255)
    angle = float(rng.uniform(0, 2 * math.pi))
    away = side * float(rng.uniform(0.12, 0.25))
    _disc(pen, side / 2 + away * math.cos(angle), side / 2 + away * math.sin(angle), 0.38 * side, 0)


def _petals(pen: Pen, side: float, rng: np.random.Generator) -> None:
    count, radius = int(rng.integers(4, 9)), float(rng.uniform(0.1, 0.17)) * side
    for x, y in vertices(side / 2, [0.3 * side] * count, float(rng.uniform(0, 2 * math.pi))):
        _disc(pen, x, y, radius, 255)
    _disc(pen, side / 2, side / 2, 0.6 * radius, 255)


def _tiles(pen: Pen, side: float, rng: np.random.Generator) -> None:
    gap = float(rng.uniform(0.02, 0.06)) * side
    left_out = int(rng.integers(0, 5))
    for n in range(4):
        x, y = (0.05 + 0.45 * (n % 2)) * side, (0.05 + 0.45 * (n // 2)) * side
        box = [x + gap, y + gap, x + 0.45 * side - gap, y + 0.45 * side - gap]
        pen.rectangle(box, fill=0 if n == left_out else 255)


def _camera(pen: Pen, side: float, rng: np.random.Generator) -> None:
    top, lens = float(rng.uniform(0.28, 0.36)) * side, float(rng.uniform(0.15, 0.21)) * side
    pen.rounded_rectangle([0.03 * side, top, 0.97 * side, 0.85 * side], radius=0.08 * side, fill=255)
    pen.rectangle([0.3 * side, top - 0.12 * side, float(rng.uniform(0.5, 0.7)) * side, top], fill=255)
    middle = (top + 0.85 * side) / 2
    for share, fill in ((1.0, 0), (0.75, 255), (0.4, 0)):
        _disc(pen, side / 2, middle, share * lens, fill)


def _peaks(pen: Pen, side: float, rng: np.random.Generator) -> None:
    for left, right in ((0.02, float(rng.uniform(0.55, 0.7))), (float(rng.uniform(0.35, 0.5)), 0.98)):
        height = float(rng.uniform(0.2, 0.45))
        tip = ((left + right) / 2 * side, height * side)
        pen.line([(left * side, 0.85 * side), tip, (right * side, 0.85 * side)], fill=255, width=round(0.07 * side))
    _disc(pen, float(rng.uniform(0.15, 0.85)) * side, 0.15 * side, 0.09 * side, 255)


def _matrix(height_px: float, rng: np.random.Generator) -> Ink:
    """A matrix code with its three finders; whole pixels, whatever the size."""
    count = int(rng.choice((17, 21)))
    cells = (rng.random((count, count)) < 0.5).astype(np.uint8)
    finder = np.pad(np.pad(np.ones((3, 3), np.uint8), 1), 1, constant_values=1)
    for rows, columns in ((slice(0, 7), slice(0, 7)), (slice(0, 7), slice(-7, None)), (slice(-7, None), slice(0, 7))):
        cells[rows, columns] = finder
    side = max(4, round(height_px))
    fine = cv2.resize(cells * 255, (4 * side, 4 * side), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _spiral(pen: Pen, side: float, rng: np.random.Generator) -> None:
    turns, start = float(rng.uniform(2.0, 3.5)), float(rng.uniform(0, 2 * math.pi))
    share = np.linspace(0.05, 1.0, 160)
    angle = start + share * turns * 2 * math.pi * float(rng.choice((-1, 1)))
    x, y = (side * (0.5 + 0.45 * share * part) for part in (np.cos(angle), np.sin(angle)))
    pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255, width=round(0.06 * side), joint="curve")


def _shield(pen: Pen, side: float, rng: np.random.Generator) -> None:
    for scale, fill in ((1.0, 255), (float(rng.uniform(0.72, 0.85)), 0), (float(rng.uniform(0.4, 0.6)), 255)):
        points = ((-0.42, -0.45), (0.42, -0.45), (0.42, 0.05), (0.25, 0.3), (0.0, 0.48), (-0.25, 0.3), (-0.42, 0.05))
        pen.polygon([(side * (0.5 + scale * x), side * (0.5 + scale * y)) for x, y in points], fill=fill)


def _eye(pen: Pen, side: float, rng: np.random.Generator) -> None:
    x = np.linspace(-1.0, 1.0, 40)
    lid = float(rng.uniform(0.25, 0.36)) * np.cos(x * math.pi / 2)
    above = [(side * (0.5 + 0.47 * a), side * (0.5 - b)) for a, b in zip(x, lid, strict=True)]
    below = [(side * (0.5 + 0.47 * a), side * (0.5 + b)) for a, b in zip(x, lid, strict=True)]
    pen.line([*above, *reversed(below), above[0]], fill=255, width=round(0.06 * side), joint="curve")
    _disc(pen, side / 2, side / 2, 0.18 * side, 255)
    _disc(pen, side / 2, side / 2, float(rng.uniform(0.05, 0.1)) * side, 0)


SEEN: dict[str, Logo] = {
    "emblem": emblem,
    "waves": _drawn(_waves),
    "barcode": _drawn(_barcode),
    "crescent": _drawn(_crescent),
    "petals": _drawn(_petals),
    "tiles": _drawn(_tiles),
}
HELD_OUT: dict[str, Logo] = {
    "camera": _drawn(_camera),
    "peaks": _drawn(_peaks),
    "matrix": _matrix,
    "spiral": _drawn(_spiral),
    "shield": _drawn(_shield),
    "eye": _drawn(_eye),
}
