"""Lettering that is part of the scene, and no watermark: a plate, a sign in perspective, print on a surface.

It is opaque where a mark lets the photo through, lies in the plane of what it is on instead of that of the picture, and
is lit as its neighborhood. Faces and logos are those of the watermarks to learn from, and so are some of the words, so
that none of them tells one from the other. Functions (image, None, rng) to an image, as training/looks.py has them.
"""

from dataclasses import replace

import cv2
import numpy as np

from iqa.damage import Picture, frame_size
from iqa.damage.stamps import LETTERS, Ink
from iqa.measures import luminance
from iqa.srgb import from_linear, to_linear

from . import marks
from .layers import Light, Mask

WORDS = (
    *("CAFE", "OPEN", "STOP", "EXIT", "TAXI", "BAKERY", "HOTEL", "PARKING", "SALE", "MARKET", "STATION", "MAIN STREET"),
    *("LIBRARY", "POLICE", "SCHOOL", "FRESH FRUIT", "BUS", "TEAM", "CITY RUN", "NEW YORK", "ROCK", "NO ENTRY"),
)
"""On shops, streets and shirts."""
TILT = 0.28
"""Of the height of a sign: how far each of its corners is from where it would be seen from the front."""


def ink(height_px: float, rng: np.random.Generator) -> Ink:
    """What stands on signs: mostly a word of theirs or a number, else a line, initials or a logo as marks have them."""
    family = replace(marks.family(), phrase=_said)
    name = str(rng.choice(["words", "leaning words", "logo", "initials", "signature"], p=(0.35, 0.2, 0.15, 0.15, 0.15)))
    return family.treatments[name](family, height_px, rng).ink


def _said(rng: np.random.Generator, latin_only: bool) -> str:
    """A word on a shop, a shirt or a street; a house number, a license plate; a fifth of it what marks say."""
    number = int(rng.integers(1, 1000))
    plate = f"{''.join(rng.choice(list(LETTERS), size=2))}-{''.join(rng.choice(list(LETTERS), size=2))} {number}"
    marked = marks.family().phrase(rng, latin_only)
    word = str(rng.choice(WORDS))
    options = (word, word.title(), f"{word} {number}", str(number), plate, marked)
    return str(rng.choice(options, p=(0.3, 0.15, 0.1, 0.1, 0.15, 0.2)))


def plate(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """A sign seen from the front: opaque, on its plate, as bright as the light that falls on that spot."""
    height = float(rng.uniform(0.03, 0.12)) * frame_size(image)
    drawn, edge = ink(height, rng), max(1, round(0.3 * height))
    shape = np.pad(drawn, edge)[: image.shape[0], : image.shape[1]].astype(np.float32)[..., None] / 255.0
    room = [have - own for have, own in zip(image.shape[:2], shape.shape[:2], strict=True)]
    top, left = (int(rng.integers(0, free + 1)) for free in room)
    place = (slice(top, top + shape.shape[0]), slice(left, left + shape.shape[1]))
    paper, paint = _two_colors(rng)
    light = np.clip(luminance(image[place]).mean() / 128.0, 0.25, 1.0)
    made = image.copy()
    made[place] = np.rint((paper * (1 - shape) + paint * shape) * light).astype(np.uint8)
    return made


def sign(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """A board with one to three lines, seen at an angle, darker toward one side, as sharp as a scene is."""
    height = float(rng.uniform(0.03, 0.1)) * frame_size(image)
    lines = [ink(height, rng) for _ in range(int(rng.integers(1, 4)))]
    edge, width = max(2, round(0.5 * height)), max(line.shape[1] for line in lines)
    rows = [np.pad(line, ((0, edge), (0, width - line.shape[1]))) for line in lines]
    board = np.pad(np.vstack(rows), ((edge, 0), (edge, edge)))
    paper, paint = _two_colors(rng)
    share = board[..., None] / np.float32(255.0)
    face = to_linear(np.asarray(np.rint(paper * (1 - share) + paint * share), dtype=np.uint8))
    shade = np.linspace(1.0, float(rng.uniform(0.4, 1.0)), board.shape[1], dtype=np.float32)[
        :: int(rng.choice((-1, 1)))
    ]
    face = face * shade[None, :, None]
    matrix = _tilted(board.shape, image.shape[:2], rng)
    shown = warped(np.dstack([face, np.ones(board.shape, np.float32)]), matrix, image.shape[:2], rng)
    light, cover = to_linear(image), shown[..., 3:]
    around = float(light[cover[..., 0] > 0.5].mean()) if (cover > 0.5).any() else float(light.mean())
    return from_linear(light * (1 - cover) + shown[..., :3] * np.float32(np.clip(around / 0.2, 0.15, 1.0)))


def printed(image: Picture, _: Mask | None, rng: np.random.Generator) -> Picture:
    """Words or a logo printed on a piece of cloth, paper or tin that is not flat, lit by what falls on that spot.

    On a surface of its own: print in the air, over sky and subject alike, nobody could tell from a watermark.
    """
    drawn = ink(float(rng.uniform(0.04, 0.1)) * frame_size(image), rng)
    layers = _curved(np.pad(drawn, max(2, round(float(rng.uniform(0.5, 1.2)) * len(drawn)))), rng)
    shown = warped(layers, _tilted(layers.shape, image.shape[:2], rng), image.shape[:2], rng)
    words, cover = shown[..., :1], shown[..., 1:2]
    paper, paint = (to_linear(np.rint(color).astype(np.uint8)[None, None]) for color in _two_colors(rng))
    light = to_linear(image)
    reach = 1 + 2 * round(0.06 * frame_size(image))
    falling = cv2.blur(light.mean(axis=2), (reach, reach))
    shade = np.clip(falling / np.float32(0.2), 0.2, 1.1) * shown[..., 2]
    surface = (paper * (cover - words) + paint * words) * shade[..., None]
    return from_linear(np.asarray(light * (1 - cover) + surface, dtype=np.float32))


def warped(layer: Light, matrix: Light, frame: tuple[int, ...], rng: np.random.Generator) -> Light:
    """The layer as a lens shows it in a frame of that (height, width): through a homography, its edges soft."""
    made = cv2.warpPerspective(layer, matrix, (frame[1], frame[0]), flags=cv2.INTER_LINEAR)
    soft_px = float(rng.uniform(0.4, 1.4))
    return np.asarray(cv2.GaussianBlur(made, (0, 0), soft_px), dtype=np.float32)


def _curved(drawn: Ink, rng: np.random.Generator) -> Light:
    """(h, w, 3) in [0, 1]: ink on a bent surface, the surface, and how much light its folds leave, 1 = all."""
    height, width = drawn.shape
    bend = np.float32(rng.uniform(0.0, 0.08) * height)
    phase = np.linspace(0, float(rng.uniform(0.5, 2.0)) * 2 * np.pi, width, dtype=np.float32) + float(rng.uniform(0, 6))
    rows = np.arange(-bend, height + bend, dtype=np.float32)[:, None] + bend * np.sin(phase, dtype=np.float32)[None]
    columns = np.ascontiguousarray(np.broadcast_to(np.arange(width, dtype=np.float32), rows.shape))
    grain = 1.0 + rng.normal(0.0, float(rng.uniform(0.0, 0.06)), drawn.shape)
    layers = np.dstack([drawn / 255.0, np.ones(drawn.shape), grain]).astype(np.float32)
    made = cv2.remap(layers, columns, rows, cv2.INTER_LINEAR)
    made[..., 2] *= 1.0 - np.float32(rng.uniform(0.0, 0.35)) * (0.5 + 0.5 * np.cos(phase, dtype=np.float32))[None]
    return np.asarray(made, dtype=np.float32)


def _tilted(own: tuple[int, ...], frame: tuple[int, ...], rng: np.random.Generator) -> Light:
    """A homography, 3 x 3, that puts a layer of that (height, width) somewhere in the frame, turned and at an angle."""
    scale = min(1.0, 0.9 * frame[1] / own[1], 0.7 * frame[0] / own[0])
    height, width = own[0] * scale, own[1] * scale
    corners = np.array([(0, 0), (own[1], 0), (own[1], own[0]), (0, own[0])], np.float32)
    angle = float(rng.normal(0.0, 0.12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(
        [
            rng.uniform(0.5 * width, max(frame[1] - 0.5 * width, 0.5 * width + 1)),
            rng.uniform(0.5 * height, max(frame[0] - 0.5 * height, 0.5 * height + 1)),
        ]
    )
    squeeze = np.array([float(rng.uniform(0.6, 1.0)), 1.0])
    seen = ((corners * scale - (0.5 * width, 0.5 * height)) * squeeze) @ turn.T + middle
    seen += rng.uniform(-TILT, TILT, (4, 2)) * min(height, 0.2 * frame_size(np.empty((*frame[:2], 1), np.uint8)))
    return np.asarray(cv2.getPerspectiveTransform(corners, seen.astype(np.float32)), dtype=np.float32)


def _two_colors(rng: np.random.Generator) -> tuple[Light, Light]:
    """(paper, paint), RGB in grey levels, one dark, one bright."""
    dark, bright = (rng.uniform(low, high, 3).astype(np.float32) for low, high in ((0, 90), (150, 255)))
    return (dark, bright) if rng.random() < 0.5 else (bright, dark)
