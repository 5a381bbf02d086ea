"""What is wrong with a frame, shown on it: soft areas, lost tones, noise, each beside the best frame of its group."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from iqa.burst import NOTES, UNFOCUSED
from iqa.evidence import HIGHLIGHT_MARK, SHADOW_MARK
from iqa.measures import (
    analysis_luma,
    blockiness,
    clipped_masks,
    exposure,
    noise_sigma,
    quantized_quality,
    sharpness_map,
)
from iqa.resize import reduced

from .pictures import Pixels, label

Mask = NDArray[np.bool_]

SIDE = 420
"""Longer side, px, of an annotated frame."""
BLURS = (NOTES["sharpness"], *UNFOCUSED.values())
"""What a frame is called that is softer than the best one."""
SOFT_MARK = (255, 140, 0)
SOFTER = 0.12
"""Difference of the sharpness map from which a place is softer than in the best frame."""
BLURRED = 0.5
"""Value of the sharpness map below which a place is soft by itself."""
MORE_CLIPPED = 0.005
"""Share of the pixels by which more tones must be lost than in the best frame to be marked."""
TINT = 0.5
PLATE, LETTERS_PX = (20, 20, 20), 28
"""Color of the plates, and the height of their letters: the page shows the picture at half its size."""
INSET_PX, INSET_SHARE = 40, 0.3
"""Pixels of the frame that an inset shows, and the share of the picture's shorter side that it takes."""
MID_TONES = (40, 215)
"""Grey levels between which an inset is taken, where the frame has any."""
LEGEND = (
    ("rgb({},{},{})".format(*SOFT_MARK), "softer than in the best"),
    ("rgb({},{},{})".format(*SHADOW_MARK), "lost shadows"),
    ("rgb({},{},{})".format(*HIGHLIGHT_MARK), "lost highlights"),
)
"""CSS color and meaning of each mark."""


@dataclass(frozen=True)
class Standard:
    """What the other frames of a group are held against: the measures of its best one.

    Attributes:
        sharp: float32 (gh, gw) in [0, 1], 1 = sharp, NaN = no texture to judge.
        light: mean luminance, [0, 1], 1 = white.
        noise: standard deviation in grey levels.
        clipped: shares of the pixels lost in the shadows and in the highlights.
        blocks: strength of the 8 x 8 grid of JPEG, 0 = none.
        saved: JPEG quality that the pixels were saved with, 1..100; None where no steps are seen.
    """

    sharp: NDArray[np.float32]
    light: float
    noise: float
    clipped: tuple[float, float]
    blocks: float
    saved: int | None


def standard(best: Pixels) -> Standard:
    """The measures of the best frame, RGB uint8 (H, W, 3)."""
    luma, tones = analysis_luma(best), exposure(best)
    clipped = (tones.clipped_shadows, tones.clipped_highlights)
    return Standard(
        sharpness_map(luma), tones.mean_luminance, noise_sigma(luma), clipped, blockiness(best), quantized_quality(best)
    )


def annotated(frame: Pixels, note: str, best: Standard) -> tuple[Pixels, str]:
    """A small copy of a frame with its faults marked and named on it, and what was measured, in words.

    Args:
        frame: RGB uint8 (H, W, 3).
        note: what is weaker than in the best frame (`iqa.burst.Frame.note`); decides what is marked.
        best: what it is held against.
    """
    picture = reduced(frame, SIDE)
    words = note.split(", ")
    faults = [name for name, word in NOTES.items() if word in words]
    blurs = [word for word in words if word in BLURS]
    plates = [note] if note and not faults and not blurs else []
    said: list[str] = []
    luma = analysis_luma(frame)
    if blurs:
        soft = _softer(sharpness_map(luma), best.sharp)
        picture = _tinted(picture, soft, SOFT_MARK)
        plates += blurs
        said.append(f"softer in {100 * float(soft.mean()):.0f} % of the picture")
    if "good_exposure" in faults:
        picture, word, numbers = _exposure(picture, frame, best)
        plates.append(word)
        said.append(numbers)
    if "low_noise" in faults:
        picture = _inset(picture, frame)
        plates.append("noisier")
        said.append(f"noise {noise_sigma(luma):.1f} grey levels, best {best.noise:.1f}")
    if "low_compression" in faults:
        plates.append(NOTES["low_compression"])
        said.append(_saved(frame, best))
    return _plates(picture, plates), "; ".join(said)


def _saved(frame: Pixels, best: Standard) -> str:
    """The JPEG quality of a frame, or the strength of its blocks if that is what tells, beside that of the best."""
    quality, blocks = quantized_quality(frame), blockiness(frame)
    if quality is not None and (best.saved is None or best.saved > quality):
        return f"JPEG quality {quality}, {'in the best none is seen' if best.saved is None else f'best {best.saved}'}"
    if blocks > best.blocks:
        return f"blocks of 8 x 8 px: strength {blocks:.2f}, best {best.blocks:.2f}"
    return "a network sees it"


def _softer(sharp: NDArray[np.float32], best: NDArray[np.float32]) -> Mask:
    """Where the frame is soft and the best one is not; where it is soft at all, if the two do not lie on each other."""
    size = (sharp.shape[1], sharp.shape[0])
    there = best if best.shape == sharp.shape else cv2.resize(best, size, interpolation=cv2.INTER_NEAREST)
    # A blur may take all texture away: where the best frame has some and this one none, it was lost.
    softer = (there > BLURRED) & (np.isnan(sharp) | (there - sharp > SOFTER))
    return softer if softer.any() else sharp < BLURRED


def _exposure(picture: Pixels, frame: Pixels, best: Standard) -> tuple[Pixels, str, str]:
    """(the picture with the tones that were lost marked, a word for the fault, the word with its numbers)."""
    tones = exposure(frame)
    shares = (tones.clipped_shadows, tones.clipped_highlights)
    names = ("lost shadows", "lost highlights")
    lost = []
    marks = zip(clipped_masks(frame), shares, best.clipped, (SHADOW_MARK, HIGHLIGHT_MARK), names, strict=True)
    for mask, share, before, color, name in marks:
        if share > before + MORE_CLIPPED:
            picture = _tinted(picture, mask, color)
            lost.append(f"{100 * share:.0f} % {name}")
    word = "darker" if tones.mean_luminance < best.light else "brighter"
    said = f"mean luminance {tones.mean_luminance:.2f}, best {best.light:.2f}"
    return picture, word, "; ".join([said, *lost])


def _tinted(picture: Pixels, mask: NDArray[np.generic], color: tuple[int, int, int]) -> Pixels:
    """The picture with a color over the places of a mask of any size, outlined."""
    size = (picture.shape[1], picture.shape[0])
    larger = mask.shape[0] < picture.shape[0]
    how = cv2.INTER_LINEAR if larger else cv2.INTER_AREA
    part = np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=how))
    part = (part > 0.5).astype(np.float32) if larger else part
    tinted = picture + (np.array(color, np.float32) - picture) * (TINT * part)[..., None]
    outline, *_ = cv2.findContours((part > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    drawn = np.ascontiguousarray(np.rint(tinted).astype(np.uint8))
    return np.asarray(cv2.drawContours(drawn, outline, -1, color, 1), dtype=np.uint8)


def _inset(picture: Pixels, frame: Pixels) -> Pixels:
    """The picture with the plainest place of the frame enlarged in its corner: there noise is seen as noise."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if min(grey.shape) < INSET_PX:
        return picture
    smooth = cv2.GaussianBlur(grey, (0, 0), INSET_PX / 8)
    window = (INSET_PX, INSET_PX)
    level = cv2.blur(smooth, window)
    busy = cv2.blur(smooth * smooth, window) - level**2
    busy[(level < MID_TONES[0]) | (level > MID_TONES[1])] += 255.0**2  # black and white have no noise to see
    half = INSET_PX // 2
    inside = busy[half : grey.shape[0] - half + 1, half : grey.shape[1] - half + 1]
    y, x = (int(at) for at in np.unravel_index(int(np.argmin(inside)), inside.shape))
    side = max(2, round(INSET_SHARE * min(picture.shape[:2])))
    enlarged = cv2.resize(frame[y : y + INSET_PX, x : x + INSET_PX], (side, side), interpolation=cv2.INTER_NEAREST)
    out = picture.copy()
    out[:side, -side:] = enlarged
    return np.asarray(cv2.rectangle(out, (out.shape[1] - side, 0), (out.shape[1] - 1, side - 1), (255, 255, 255), 2))


def _plates(picture: Pixels, words: list[str]) -> Pixels:
    """The picture with a plate per fault, stacked from below."""
    height, width = picture.shape[:2]
    step = round(1.6 * LETTERS_PX)
    for place, text in enumerate(reversed(words)):
        at = (width // 2, height - step // 2 - 8 - place * (step + 10))
        picture = label(picture, text, at=at, fill=PLATE, size=LETTERS_PX)
    return picture
