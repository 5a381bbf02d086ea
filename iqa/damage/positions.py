"""Where a mark lies beside the layouts of `marks`: two more that training sees, five kept from it.

Functions (ink, (height, width) of the frame, rng) to coverage, float32 (height, width) in [0, 1].
"""

import math

import cv2
import numpy as np

from .marks import LAYOUTS, SIZES, Layout, Plane, fitted, located, pasted, turned
from .stamps import Ink

BAND = 110
"""Coverage of the strip of a band, of 255: it is fainter than a mark."""


def _diagonal(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """One mark along a diagonal of the frame, up or down."""
    angle = math.degrees(math.atan2(frame[0], frame[1])) * float(rng.choice((-1.0, 1.0)))
    along = fitted(turned(ink, angle), (0.95 * frame[0], 0.95 * frame[1]))
    return pasted(along, frame, [located(along, frame, [float(rng.uniform(0.35, 0.65)) for _ in range(2)])])


def _band(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """A strip along the upper or lower border, the mark on it."""
    ink = fitted(ink, (0.15 * frame[0], 0.8 * frame[1]))
    edge = max(1, round(0.4 * ink.shape[0]))
    strip = np.full((ink.shape[0] + 2 * edge, frame[1]), BAND, np.uint8)
    left = round(float(rng.choice((0.03, 0.5, 0.97))) * (frame[1] - ink.shape[1]))
    part = strip[edge : edge + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(part, ink, out=part)
    return pasted(strip, frame, [located(strip, frame, [float(rng.choice((0.0, 1.0))), 0.0])])


def _thirds(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """One upright mark around a crossing of the thirds: neither in a corner nor in the middle."""
    ink = fitted(ink, (0.4 * frame[0], 0.5 * frame[1]))
    shares = [float(rng.choice((0.28, 0.72))) + float(rng.uniform(-0.06, 0.06)) for _ in range(2)]
    return pasted(ink, frame, [located(ink, frame, shares)])


def _scattered(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """A few copies anywhere, each turned by any angle and of its own size."""
    layer = np.zeros(frame, np.float32)
    for _ in range(int(rng.integers(4, 9))):
        scale = float(rng.uniform(0.6, 1.2))
        size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
        copy = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        copy = fitted(turned(copy, float(rng.uniform(-180.0, 180.0))), (0.4 * frame[0], 0.4 * frame[1]))
        place = located(copy, frame, [float(rng.random()), float(rng.random())])
        layer = np.maximum(layer, pasted(copy, frame, [place]))
    return layer


def _ring(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Copies around the middle, each along the circle."""
    count, start = int(rng.integers(3, 7)), float(rng.uniform(0, 2 * math.pi))
    radius = 0.36 * min(frame)
    ink = fitted(ink, (0.2 * min(frame), 0.9 * 2 * math.pi * radius / count))
    layer = np.zeros(frame, np.float32)
    for n in range(count):
        angle = start + 2 * math.pi * n / count
        copy = turned(ink, -90.0 - math.degrees(angle))
        middle = frame[0] / 2 + radius * math.sin(angle), frame[1] / 2 + radius * math.cos(angle)
        corner = round(middle[0] - copy.shape[0] / 2), round(middle[1] - copy.shape[1] / 2)
        layer = np.maximum(layer, pasted(copy, frame, [corner]))
    return layer


def _cross(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Thin lines from corner to corner, the mark where they meet, room around it."""
    lines = np.zeros(frame, np.uint8)
    width = max(1, round(float(rng.uniform(0.003, 0.008)) * min(frame)))
    ends = ((0, 0), (frame[1] - 1, frame[0] - 1)), ((frame[1] - 1, 0), (0, frame[0] - 1))
    for start, end in ends:
        cv2.line(lines, start, end, (255,), width, cv2.LINE_AA)
    ink = fitted(ink, (0.4 * frame[0], 0.6 * frame[1]))
    row, column = located(ink, frame, [0.5, 0.5])
    edge = max(1, round(0.2 * ink.shape[0]))
    lines[max(0, row - edge) : row + ink.shape[0] + edge, max(0, column - edge) : column + ink.shape[1] + edge] = 0
    return np.maximum(pasted(ink, frame, [(row, column)]), lines / np.float32(255.0))


def _column(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Upright copies under one another, left or right of the middle, from border to border."""
    ink = fitted(ink, (0.25 * frame[0], 0.35 * frame[1]))
    step = ink.shape[0] * float(rng.uniform(1.8, 3.0)) + 1.0
    column = round(float(rng.choice((0.2, 0.8))) * (frame[1] - ink.shape[1]))
    rows = np.arange(-float(rng.uniform(0.0, 1.0)) * step, frame[0], step)
    return pasted(ink, frame, [(round(row), column) for row in rows.tolist()])


SEEN: dict[str, Layout] = {**LAYOUTS, "diagonal": _diagonal, "band": _band}
HELD_OUT: dict[str, Layout] = {
    "thirds": _thirds,
    "scattered": _scattered,
    "ring": _ring,
    "cross": _cross,
    "column": _column,
}
FONT_SIZES = SIZES | {
    "diagonal": (0.05, 0.16),
    "band": (0.035, 0.07),
    "thirds": (0.04, 0.11),
    "scattered": (0.04, 0.08),
    "ring": (0.05, 0.09),
    "cross": (0.05, 0.11),
    "column": (0.035, 0.07),
}
"""Least and greatest font size of each layout, of the frame's size."""
