"""Typefaces that draw a line of text: Pillow's own for what is learned from, OpenCV's and a typewriter's for judging.

Aileron comes with Pillow, Rubik (upright and italic, any weight) and WenQuanYi Micro Hei with OpenCV 5, which has no
Hershey strokes any more and draws their names with Rubik; the typewriter is Pillow's bitmap of Courier, enlarged.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .stamps import SMALLEST_PX, Ink, trimmed

Font = ImageFont.FreeTypeFont | ImageFont.TransposedFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Face:
    """A typeface.

    Attributes:
        draw: (text, size_px, spacing_px between letters) to ink, uint8 (h, w), 255 = covered.
        latin_only: whether it lacks Greek, Cyrillic and Chinese letters.
    """

    draw: Callable[[str, float, float], Ink]
    latin_only: bool = True


def truetype(load: Callable[[float], ImageFont.FreeTypeFont | ImageFont.ImageFont]) -> Face:
    """A face of Pillow's, from a function that loads its font at a size in px."""

    def draw(text: str, size_px: float, spacing_px: float) -> Ink:
        size = max(SMALLEST_PX, size_px)
        font = load(size)
        width = sum(font.getlength(letter) + spacing_px for letter in text)
        image = Image.new("L", (math.ceil(width + size), math.ceil(2 * size)), 0)
        pen, x = ImageDraw.Draw(image), 0.25 * size
        for letter in text if spacing_px else (text,):  # in one piece letters are kerned
            pen.text((x, 0.25 * size), letter, fill=255, font=font)
            x += font.getlength(letter) + spacing_px
        return trimmed(np.asarray(image))

    return Face(draw)


def opencv(name: str, weight: int) -> Face:
    """A face that OpenCV brings: "sans", "italic" or "uni", from 300 (light) to 900 (black)."""

    def draw(text: str, size_px: float, spacing_px: float) -> Ink:
        size, font = max(round(SMALLEST_PX), round(size_px)), _carried(name)
        pieces = text if spacing_px else (text,)
        steps = [cv2.getTextSize((1, 1), piece, (0, 0), font, size, weight)[2] + spacing_px for piece in pieces]
        ink = np.zeros((2 * size, math.ceil(sum(steps) + size)), np.uint8)
        x = 0.25 * size
        for piece, step in zip(pieces, steps, strict=True):
            cv2.putText(ink, piece, (round(x), round(1.4 * size)), (255,), font, size, weight)
            x += step + (0.3 * size if piece == " " else 0.0)
        return trimmed(ink)

    return Face(draw, latin_only=False)


@cache
def _carried(name: str) -> "cv2.FontFace":
    return cv2.FontFace(name)


def _typewriter(text: str, size_px: float, spacing_px: float) -> Ink:
    """Courier in bold from dots, 11 px high, enlarged until they are smooth."""
    font = ImageFont.load_default_imagefont()
    size, dots = max(SMALLEST_PX, size_px), 11
    step = 6 + round(spacing_px * dots / size)
    image = Image.new("L", (step * len(text) + 8, 2 * dots), 0)
    for n, letter in enumerate(text):
        ImageDraw.Draw(image).text((4 + n * step, 4), letter, fill=255, font=font)
    scale = size / dots
    fine = cv2.resize(np.asarray(image), None, fx=4 * scale, fy=4 * scale, interpolation=cv2.INTER_CUBIC)
    sharp = np.where(cv2.GaussianBlur(fine, (0, 0), 1.4 * scale) > 110, np.uint8(255), np.uint8(0))
    return trimmed(np.asarray(cv2.resize(sharp, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8))


AILERON = {"Aileron": truetype(ImageFont.load_default)}
"""Name to the face that training and the `watermark` damage share."""
HELD_OUT = {
    "Rubik Light": opencv("sans", 300),
    "Rubik Medium": opencv("sans", 500),
    "Rubik Black": opencv("sans", 900),
    "Rubik Italic": opencv("italic", 450),
    "WenQuanYi": opencv("uni", 400),
    "Courier": Face(_typewriter),
}
"""Name to face: kept from training."""


def outlined(ink: Ink, stroke_px: float) -> Ink:
    """The edge of the ink alone, that wide."""
    reach = max(1, round(stroke_px / 2))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    wide = np.pad(ink, 2 * reach)
    return trimmed(np.asarray(cv2.dilate(wide, kernel) - cv2.erode(wide, kernel), np.uint8))
