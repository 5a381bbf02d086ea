"""Watermarks: a stamp laid on the picture, and the layer that tells where it lies."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnknownNameError
from ..measures import luminance
from .frame import Picture, frame_size
from .stamps import CONTENTS, Ink

OPACITY = (0.12, 0.8)
"""Just above severity 0, and at severity 1."""
LEAST_CONTRAST = 60.0
"""Of luma, grey levels, between a mark and what it lies on; a mark that nobody can see would be a wrong label."""
PAINTS = ((255, 255, 255), (0, 0, 0), (255, 140, 30), (200, 30, 40), (40, 90, 200))
CHANCES = (0.55, 0.15, 0.1, 0.1, 0.1)
"""Of the paints: most marks are white."""

Plane = NDArray[np.float32]
Layout = Callable[[Ink, tuple[int, int], np.random.Generator], Plane]


@dataclass(frozen=True)
class Mark:
    """A watermark in its place.

    Attributes:
        coverage: float32 (H, W) in [0, 1]: how much of each pixel the mark covers, whatever its opacity.
        opacity: [0, 1], of the covered parts.
        paint: (r, g, b), 0..255.
        content: key of CONTENTS.
        layout: key of LAYOUTS.
    """

    coverage: Plane
    opacity: float
    paint: tuple[int, int, int]
    content: str
    layout: str

    @property
    def alpha(self) -> Plane:
        """float32 (H, W) in [0, 1]: the share of the paint in each pixel."""
        return self.coverage * np.float32(self.opacity)


def place(
    image: Picture,
    severity: float,
    rng: np.random.Generator,
    *,
    content: str | None = None,
    layout: str | None = None,
) -> Mark:
    """The mark that `watermark` blends in for the same severity and state of the generator.

    Only the opacity depends on the severity, so that one seed is one mark.

    Args:
        image: RGB uint8 (H, W, 3); decides the size, and whether the paint must be turned to its opposite to be seen.
        severity: (0, 1].
        rng: chooses what is drawn, where and in which color.
        content: key of CONTENTS; None = any.
        layout: key of LAYOUTS; None = any.

    Raises:
        UnknownNameError: no such content or layout.
    """
    content = str(rng.choice(list(CONTENTS))) if content is None else content
    layout = str(rng.choice(list(LAYOUTS))) if layout is None else layout
    if content not in CONTENTS:
        raise UnknownNameError("content of a watermark", content, CONTENTS)
    if layout not in LAYOUTS:
        raise UnknownNameError("layout of a watermark", layout, LAYOUTS)
    low, high = SIZES[layout]
    large = 2.2 if content in {"emblem", "monogram"} else 1.0
    stamp = CONTENTS[content](large * float(rng.uniform(low, high)) * frame_size(image), rng)
    coverage = LAYOUTS[layout](stamp, (image.shape[0], image.shape[1]), rng)
    paint = visible(image, coverage, PAINTS[int(rng.choice(len(PAINTS), p=CHANCES))])
    return Mark(coverage, OPACITY[0] + (OPACITY[1] - OPACITY[0]) * severity, paint, content, layout)


def blend(image: Picture, mark: Mark) -> Picture:
    """The picture under the mark, mixed in the values of the file as editors do it."""
    alpha = mark.alpha[..., None]
    return np.asarray(np.rint(image * (1.0 - alpha) + np.array(mark.paint, np.float32) * alpha), dtype=np.uint8)


def watermark(image: Picture, severity: float, rng: np.random.Generator) -> Picture:
    """A mark of any kind: text, date, logo or both, small or large, once or tiled; severity is its opacity."""
    return blend(image, place(image, severity, rng))


def visible(image: Picture, coverage: Plane, paint: tuple[int, int, int]) -> tuple[int, int, int]:
    """The paint, or black or white where the paint would drown in what it covers."""
    under = luminance(image[coverage >= coverage.max()][None]).mean()
    if abs(under - luminance(np.array([[paint]], np.uint8)).mean()) >= LEAST_CONTRAST:
        return paint
    return (0, 0, 0) if under > 127.5 else (255, 255, 255)


def turned(ink: Ink, angle_deg: float) -> Ink:
    """The ink rotated, on a canvas that holds all of it."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle_deg, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (math.ceil(width * cos + height * sin) + 1, math.ceil(width * sin + height * cos) + 1)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)


def fitted(ink: Ink, room: tuple[float, float]) -> Ink:
    """The ink, reduced where it is larger than that (height, width)."""
    scale = min(1.0, room[0] / ink.shape[0], room[1] / ink.shape[1])
    if scale == 1.0:
        return ink
    size = (max(1, int(ink.shape[1] * scale)), max(1, int(ink.shape[0] * scale)))
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def pasted(ink: Ink, frame: tuple[int, int], corners: list[tuple[int, int]]) -> Plane:
    """Coverage of the frame by copies of the ink with those upper left (row, column), cut at the borders."""
    layer = np.zeros(frame, np.uint8)
    for row, column in corners:
        inside = [
            slice(max(0, at), max(0, min(n, at + k))) for at, n, k in zip((row, column), frame, ink.shape, strict=True)
        ]
        own = [slice(s.start - at, s.stop - at) for s, at in zip(inside, (row, column), strict=True)]
        part = layer[inside[0], inside[1]]
        if part.size:
            np.maximum(part, ink[own[0], own[1]], out=part)
    return _lasting(layer)


def _lasting(layer: NDArray[np.uint8]) -> Plane:
    """Coverage in [0, 1], at least one pixel of it full: a mark on one pixel is still a mark."""
    if layer.max() < 255:
        layer[np.unravel_index(int(layer.argmax()), layer.shape)] = 255
    return np.asarray(layer / np.float32(255.0), dtype=np.float32)


def _corner(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    ink = fitted(ink, (0.5 * frame[0], 0.7 * frame[1]))
    edge = float(rng.uniform(0.01, 0.06))
    shares = [edge if rng.random() < 0.5 else 1.0 - edge for _ in range(2)]
    return pasted(ink, frame, [located(ink, frame, shares)])


def _border(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    if rng.random() < 0.3:
        ink = np.ascontiguousarray(np.rot90(ink, int(rng.choice((1, 3)))))
        ink = fitted(ink, (0.9 * frame[0], 0.3 * frame[1]))
        return pasted(ink, frame, [located(ink, frame, [float(rng.random()), float(rng.choice((0.03, 0.97)))])])
    ink = fitted(ink, (0.3 * frame[0], 0.9 * frame[1]))
    return pasted(ink, frame, [located(ink, frame, [float(rng.choice((0.03, 0.97))), float(rng.random())])])


def _center(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    ink = turned(ink, float(rng.choice((0.0, 30.0, 45.0, rng.uniform(-50.0, 50.0)))))
    ink = fitted(ink, (0.9 * frame[0], 0.9 * frame[1]))
    return pasted(ink, frame, [located(ink, frame, [float(rng.uniform(0.4, 0.6)) for _ in range(2)])])


def _tiled(ink: Ink, frame: tuple[int, int], rng: np.random.Generator) -> Plane:
    """Copies on a turned grid, every other row set off by half a step."""
    ink = fitted(ink, (0.4 * frame[0], 0.6 * frame[1]))
    across, down = (float(rng.uniform(1.2, 1.8)) * n + 2.0 for n in (ink.shape[1], max(ink.shape[0], ink.shape[1] / 4)))
    angle = float(rng.choice((0.0, 30.0, 45.0, rng.uniform(-45.0, 45.0))))
    stamp, tilt, reach = turned(ink, angle), math.radians(angle), math.hypot(*frame) / 2
    rows, columns = math.ceil(reach / down) + 1, math.ceil(reach / across) + 1
    corners = []
    for j in range(-rows, rows + 1):
        for i in range(-columns, columns + 1):
            x, y = (i + 0.5 * (j % 2)) * across, j * down
            row = frame[0] / 2 + y * math.cos(tilt) - x * math.sin(tilt) - stamp.shape[0] / 2
            column = frame[1] / 2 + x * math.cos(tilt) + y * math.sin(tilt) - stamp.shape[1] / 2
            corners.append((round(row), round(column)))
    return pasted(stamp, frame, corners)


def located(ink: Ink, frame: tuple[int, int], shares: list[float]) -> tuple[int, int]:
    """Upper left (row, column) of the ink at those shares of the room that it leaves."""
    return round(shares[0] * (frame[0] - ink.shape[0])), round(shares[1] * (frame[1] - ink.shape[1]))


LAYOUTS: dict[str, Layout] = {"corner": _corner, "border": _border, "center": _center, "tiled": _tiled}
SIZES = {"corner": (0.035, 0.08), "border": (0.035, 0.08), "center": (0.07, 0.2), "tiled": (0.04, 0.08)}
"""Least and greatest font size of each layout, of the frame's size."""
