"""low-light: a dark photo as a longer exposure would have shown it, at any size; a U-Net of 0.46 M parameters.

    python -m training.run low-light --data LOL --out DIR
    python -m training.run low-light --data LOL --out DIR --extra photos=DIR
    python -m training.run low-light --data PHOTOS --out DIR --extra set=photos

Data: pairs of a dark and a normal exposure (LOL-v1, or low/ and normal/ of one's own), cut into random patches; and, or
instead, clean photos darkened in linear light with a sensor's noise, a tenth of them left as they are; those below the
patch are continued by their mirror image. Of LOL-v1 the 24 files that are misaligned or show a scene of its test are
left out, scenes stay on one side of the split.
Time: 63 ms of one CPU core a pair and epoch at 128 px (96 pairs, eight epochs), so about 0.25 s at 256 px: 2.6 h for
369 pairs and 100 epochs.
Result: 17.5 dB on 24 validation patches of LOL-v1 after 8 epochs of 96 pairs at 128 px, without GT-mean. No model is
published.

From the image-analyzer document: batch 16, 100 epochs, patches of 256 px, PSNR decides. On purpose different: a peak
rate of 0.0005 instead of 0.0001, because the network starts as the identity and so few steps do not take it far: the
eight epochs above gave 9.7 dB at 0.0001; SSIM beside the absolute difference; a cosine, the loop's one schedule,
instead of a rate that falls on a plateau; no color jitter, which the reference would not share.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor, nn

from iqa.damage import Picture
from iqa.errors import ArgumentError
from iqa.manifest import Output
from iqa.preprocess import Full, InputSpec, Whole
from iqa.srgb import from_linear, to_linear

from .. import losses, masked, metrics, tables
from ..data import Paired, flip, readers
from ..recipe import Arrays, Phase, Raw, Recipe, Settings, Split, Target
from ..synthesis import darkened
from ..unet import CONTEXT_PX, MULTIPLE, UNet

SSIM_WEIGHT, COLOR_WEIGHT = 0.2, 0.5
MAX_PIXELS = 1 << 20
FRAME_PX = 96
"""Sides of the copy of the whole frame."""
FRAME_SHARE = 0.6
"""Of the sides of a pair: the least that stands for its whole frame in training."""
STOPS = 0.7
"""By which the dark side of a pair is exposed more or less in training, at most; half of them are."""
SETS = ("lol", "pairs", "photos")


def made(image: Picture, rng: np.random.Generator, size: int) -> tuple[Picture, Arrays, Picture]:
    """A darkened patch of `size` px, the patch as it was, float32 (3, size, size) in [0, 1], and the darkened frame.

    The frame is a part of the photo with sides of up to one and a half patches. A photo below the patch is continued
    by its mirror image, before it is darkened: noise has no mirror image.
    """
    sides = [min(max(side, size), size + size // 2) for side in image.shape[:2]]
    top, left = (int(rng.integers(0, max(0, s - p) + 1)) for s, p in zip(image.shape[:2], sides, strict=True))
    part = image[top : top + sides[0], left : left + sides[1]]
    short = [(0, want - have) for want, have in zip(sides, part.shape[:2], strict=True)]
    clean = flip(np.pad(part, [*short, (0, 0)], mode="reflect"), rng)
    dark = darkened(clean, rng)
    top, left = (int(rng.integers(0, side - size + 1)) for side in sides)
    patch = (slice(top, top + size), slice(left, left + size))
    return dark[patch], {"enhanced": clean[patch].transpose(2, 0, 1).astype(np.float32) / np.float32(255)}, dark


def exposed(image: Picture, rng: np.random.Generator) -> Picture:
    """The dark side of a pair, half of the time with up to STOPS more or less light: the scene stays what it is."""
    if rng.random() < 0.5:
        return image
    return from_linear(to_linear(image) * np.float32(2.0 ** rng.uniform(-STOPS, STOPS)))


def inputs(settings: Settings) -> InputSpec:
    """The photo at its own size and a small copy of its whole frame, in [0, 1]."""
    unit = {"scale": 255.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    photo = Full(name="photo", multiple=MULTIPLE, max_pixels=MAX_PIXELS, context_px=CONTEXT_PX, **unit)
    frame = Whole(
        name="frame",
        height=FRAME_PX,
        width=FRAME_PX,
        fit="squash",
        multiple=1,
        portrait="same",
        resize="area-bilinear",
        crop_fraction=1.0,
        **unit,
    )
    return InputSpec(views=(photo, frame))


def net(settings: Settings) -> nn.Module:
    """The U-Net; it has no pretrained weights."""
    if settings.weights:
        raise ArgumentError(f"low-light starts from random weights or a best.safetensors, found {settings.weights}.")
    return UNet("enhanced")


def _pairs(table: pd.DataFrame, settings: Settings) -> Split:
    rows, read_by = tables.divided(table, settings), readers(settings)
    parts = [
        Paired(
            [*map(Path, part["path"])],
            [*map(Path, part["reference"])],
            [*map(str, part["group"])],
            (settings.size, settings.size),
            "enhanced",
            reader,
            FRAME_SHARE,
            exposed,
        )
        for part, reader in zip(rows, read_by, strict=True)
    ]
    return Split(parts[0], parts[1], (tables.trained_on(table, len(rows[0])),))


def _synthetic(table: pd.DataFrame, settings: Settings) -> Split:
    return tables.damaged(table, settings, partial(made, size=settings.size), int(settings.extra["repeats"]))


def data(folder: Path, settings: Settings) -> Split:
    """Pairs, or darkened photos, or with `photos` both."""
    if settings.size % MULTIPLE:
        raise ArgumentError(f"--size {settings.size}: accepted multiples of {MULTIPLE}.")
    as_photos = replace(settings, extra={**settings.extra, "set": "photos"})
    if settings.extra["set"] == "photos":
        return _synthetic(tables.read(folder, settings, SETS), settings)
    table = tables.read(folder, settings, SETS[:2])
    if "clean_train" in table:
        table = table[table["clean_train"]].reset_index(drop=True)
    sources = [table]
    if settings.extra["photos"]:
        sources.append(tables.read(Path(settings.extra["photos"]), as_photos, SETS))
    pairs, *photos = tables.together(sources, settings)
    return masked.joined([_pairs(pairs, settings), *(_synthetic(rows, settings) for rows in photos)])


def loss(raw: Raw, target: Target) -> Tensor:
    """Charbonnier, a share of 1 - SSIM and one of the angle of colors, of the picture before it is clipped."""
    image, wanted = raw["enhanced"], target["enhanced"]
    like = SSIM_WEIGHT * losses.dissimilarity(image, wanted) + COLOR_WEIGHT * losses.off_color(image, wanted)
    return losses.charbonnier(image, wanted) + like


RECIPE = Recipe(
    name="low-light",
    task="lowlight",
    description="A dark photo as a longer exposure would have shown it.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(100,),
        learning_rate=(5e-4,),
        batch_size=16,
        size=256,
        patience=20,
        ema=0.998,
        extra={"set": "", "photos": "", "repeats": "1"},
    ),
    phases=(Phase("all", frozen=False),),
    inputs=inputs,
    outputs=(
        Output(
            name="enhanced",
            kind="image",
            labels=("enhanced",),
            low=0.0,
            high=1.0,
            direction="no direction",
            unit="sRGB, 1 = white",
            activation="clip",
            thresholds={},
        ),
    ),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_psnr("enhanced"),
)
