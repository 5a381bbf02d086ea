"""Lettering that is part of the scene, by other means than training has: a painted wall, a street plate, a shirt.

What a watermark must not be mistaken for; each stands on a surface of its own, without which nobody could tell.
Typefaces are those held out; phrases are names of streets, shops and teams.
Functions (image, rng) to an image, RGB uint8 (H, W, 3) of the same size.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from iqa.damage import Picture, frame_size
from iqa.damage.families import UNSEEN
from iqa.srgb import from_linear, to_linear

Plane = NDArray[np.float32]
STREETS = ("Elm Row", "Rue Haute", "Quay 7", "Gleis 4", "Mill Lane", "Ring Sud", "Via Lunga", "Harbour", "Platz 12")
SHOPS = ("FISHMONGER", "Bureau", "Tyres", "Kiosk", "LAUNDRY", "Fleurs", "Bikes", "Pho", "Apotheke", "HARDWARE")
TEAMS = ("FALCONS 23", "Lions", "08", "VARSITY", "Crew 5", "Surf", "KEEPER 1", "Relay")
HEIGHTS = (0.05, 0.11)
"""Least and greatest font size, of the frame's size."""


def painted_wall(image: Picture, rng: np.random.Generator) -> Picture:
    """A word painted on a wall of bricks that runs away from the camera; the bricks show through in brightness."""
    ink = _said(SHOPS, image, rng)
    text = np.pad(ink, max(3, round(0.8 * len(ink)))) / np.float32(255.0)
    rows, columns = np.indices(text.shape)
    course = max(3, len(ink) // 3)
    joint = (rows % course < 1 + course // 8) | (
        (columns + course * (rows // course % 2)) % (2 * course) < 1 + course // 8
    )
    relief = np.where(joint, 0.7, 1.0) + rng.normal(0.0, 0.08, text.shape)
    brick, paint = np.array((0.25, 0.09, 0.06)) * rng.uniform(0.6, 1.4), rng.uniform(0.3, 0.9, 3)
    wall = (brick * (1 - text[..., None]) + paint * text[..., None]) * relief[..., None]
    far = float(rng.uniform(0.45, 0.75))
    shape = np.array([(0, 0), (0.85, 0.5 - far / 2), (0.85, 0.5 + far / 2), (0, 1)], np.float32)
    if rng.random() < 0.5:
        shape = np.array([(1 - x, y) for x, y in shape[[1, 0, 3, 2]]], np.float32)
    return _standing(image, wall.astype(np.float32), shape, rng)


def shirt(image: Picture, rng: np.random.Generator) -> Picture:
    """A print on a piece of cloth with folds: bent by them, darker inside of them, the cloth rounded off."""
    ink = _said(TEAMS, image, rng)
    edge = max(3, round(1.2 * len(ink)))
    text = np.pad(ink, edge).astype(np.float32) / np.float32(255.0)
    height, width = ink.shape[0] + 2 * edge, ink.shape[1] + 2 * edge
    y, x = np.mgrid[:height, :width].astype(np.float32)
    size = 0.25 * len(text)
    soft = cv2.GaussianBlur(rng.standard_normal(text.shape).astype(np.float32), (0, 0), size)
    folds = np.asarray(soft / max(float(np.abs(soft).max()), 1e-6), np.float32)
    bent = cv2.remap(text, x + 0.3 * size * folds, y + 0.3 * size * np.roll(folds, 7, axis=0), cv2.INTER_LINEAR)
    dark, bright = rng.uniform(0.01, 0.12, 3), rng.uniform(0.35, 0.9, 3)
    cloth, paint = (dark, bright) if rng.random() < 0.5 else (bright, dark)
    weave = (1.0 + 0.4 * folds + rng.normal(0.0, 0.05, text.shape))[..., None]
    face = (cloth * (1 - bent[..., None]) + paint * bent[..., None]) * weave
    round_off = np.abs(2 * y / height - 1) ** 4 + np.abs(2 * x / width - 1) ** 4
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    shape = square + rng.uniform(-0.06, 0.06, (4, 2)).astype(np.float32)
    return _standing(image, face.astype(np.float32), shape, rng, whole=(round_off < 1).astype(np.float32))


def street_plate(image: Picture, rng: np.random.Generator) -> Picture:
    """An enamel plate with a rim, at an angle, with a sheen across it."""
    ink = _said(STREETS, image, rng)
    edge = max(3, round(0.45 * len(ink)))
    text = np.pad(ink, edge) / np.float32(255.0)
    height, width, inset = ink.shape[0] + 2 * edge, ink.shape[1] + 2 * edge, edge // 4
    rim = np.zeros((height, width), np.uint8)
    cv2.rectangle(rim, (inset, inset), (width - inset, height - inset), (255,), edge // 5 + 1)
    shown = np.maximum(text, rim / np.float32(255.0))[..., None]
    pairs = (
        ((0.02, 0.06, 0.3), (0.9, 0.9, 0.9)),
        ((0.85, 0.85, 0.8), (0.02, 0.02, 0.02)),
        ((0.02, 0.2, 0.06), (0.9, 0.9, 0.85)),
    )
    ground, paint = (np.array(color, np.float32) for color in pairs[int(rng.integers(len(pairs)))])
    sheen = 1.0 + np.float32(0.3) * np.sin(np.linspace(0, 2.5, width, dtype=np.float32))[None, :, None]
    face = (ground * (1 - shown) + paint * shown) * sheen
    bent = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) + rng.uniform(-0.15, 0.15, (4, 2)).astype(np.float32)
    return _standing(image, face, bent, rng)


KINDS: Mapping[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "painted wall": painted_wall,
    "street plate": street_plate,
    "shirt": shirt,
}
"""Name to function: each is a kind of hard negative."""


def _said(phrases: tuple[str, ...], image: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
    face = UNSEEN.faces[str(rng.choice(list(UNSEEN.faces)))]
    return face.draw(str(rng.choice(phrases)), float(rng.uniform(*HEIGHTS)) * frame_size(image), 0.0)


def _standing(
    image: Picture, face: Plane, shape: Plane, rng: np.random.Generator, *, whole: Plane | None = None
) -> Picture:
    """The scene with a surface in it, as sharp as a lens shows it and lit as the place where it stands.

    Args:
        face: linear light that it reflects, (h, w, 3).
        shape: its corners in its own size, (x, y) from the upper left one on, clockwise.
        whole: (h, w), where it is; None = everywhere.
    """
    there = np.ones(face.shape[:2], np.float32) if whole is None else whole
    matrix, size = _homography(face.shape, shape, image, rng), (image.shape[1], image.shape[0])
    soft_px = float(rng.uniform(0.4, 1.0))
    cover, plane = (
        np.asarray(cv2.GaussianBlur(cv2.warpPerspective(layer, matrix, size), (0, 0), soft_px), np.float32)
        for layer in (there, face * there[..., None])
    )
    light = to_linear(image)
    return from_linear(
        np.asarray(light * (1 - cover[..., None]) + plane * np.float32(_level(light, cover)), np.float32)
    )


def _homography(own: tuple[int, ...], shape: Plane, image: Picture, rng: np.random.Generator) -> NDArray[np.float64]:
    """From a layer of that (height, width) to corners of that shape, in its own size, somewhere inside the frame."""
    scale = min(1.0, 0.7 * image.shape[1] / own[1], 0.5 * image.shape[0] / own[0])
    extent = np.array([own[1] * scale, own[0] * scale])
    free = np.maximum(np.array([image.shape[1], image.shape[0]]) - extent, 0.0)
    corners = shape * extent + rng.uniform(0.15, 0.85, 2) * free
    source = np.array([(0, 0), (own[1], 0), (own[1], own[0]), (0, own[0])], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, corners.astype(np.float32)), dtype=np.float64)


def _level(light: Plane, cover: Plane) -> float:
    """How bright the light is that falls there, 1 = middling, from what the scene reflects there."""
    weight = max(1e-3, float(cover.sum()))
    return float(np.clip((light.mean(axis=2) * cover).sum() / weight / 0.2, 0.2, 1.1))
