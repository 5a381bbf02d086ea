"""blur-type: sharp, subject out of focus, all out of focus, or moved; from what the rating network sees.

    python -m training.run blur-type --data MASKS --weights assets/models/quality --out DIR
    python -m training.run blur-type --data MASKS --extra clean=DIR --extra list=DIR --weights RATING --out DIR

RATING is assets/models/quality, of which the rating network is taken, or best.safetensors of a run of `rating`.
Data: sharp photos with a mask of their subject, NAME.webp beside NAME_mask.webp. All four classes are made from each of
them, in linear light (training/synthesis.py), so that what a photo shows says nothing about its class; they are shown
at 128 to 1024 px, as they are, or squashed to 256 px squares as those of IGRA27 are, and the blur is drawn for that
size, wide enough to be seen there (training/blurred.py). Panning, bokeh, noise and low light are made as sharp photos.
Also taken: `clean`, sharp photos without masks (they never give the class of a soft subject, so their content tells a
little: keep them similar or fewer), and `list`, real photos in the layout of the data set blurset, also shown at other
sizes and aspects and saved again.
Time: 0.3 s of one CPU core a sample and epoch, busy with other work besides (64 samples to train on and 16 to validate
in two epochs, 53 s of CPU time with the start); 394 masked and 755 clean photos, a fifth of them to validate, 4 samples
of each, 7 epochs: 1.3 h on two idle cores by that.
Result: macro accuracy 0.51 on 16 scenes after an epoch of the head on 64, which are 4 steps; 0.25 is chance. That shows
that it learns, and no more. No model is published.

Two views share the pyramid. The frame of 384 px is never enlarged, and its features are pooled over the photo alone;
there the least blur that is made has a disc 2 px wide or more. 2 x 2 crops of 192 px at native resolution lie beside
it, for of a large photo the frame has lost the finest grain and edges by which blur is told from noise and codec; they
have as many pixels as the frame, so that a photo takes about twice the 24 to 37 ms of quality, which sees the frame
alone. `--extra crops=` leaves them out. Heads on the kept features of 101 scenes, 35 other ones to validate, two runs:
macro accuracy .76 by the frame, .71 by crops, .79 by both, .77 by frames of 384 and 512 px: no more than a hint, a
standard error is .07. A photo that is longer than 1024 px should be read at that size, the largest that is learned.

From the event-photo document: batch 16, dropout 0.3, weight decay 0.001, label smoothing 0.1, a cosine to a hundredth,
mirror images. On purpose different: 7 instead of 100 epochs, of which one of the head, with patience 3 instead of 20,
and for all of it 0.0001 instead of 0.001, because the rating network has seen much already (the document's pretrained
network is AGPL); 384 instead of 224 px in the photo's own aspect, because mild blur is below a pixel at 224; photos are
split before they are augmented; no classes from different sources (a thumbnail could name them); no rotation, zoom and
erasing (they resample, or hide the subject); exposure and noise that fall on every class alike instead of its jitter of
hue and saturation.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from iqa.blur import BLUR_TYPES
from iqa.damage import Picture
from iqa.preprocess import InputSpec

from .. import losses, masked, metrics, nets, parts, tables
from ..blurred import blur_scene, listed
from ..layers import Mask
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target
from ..synthesis import SCENES
from . import rating

CROP = 0.5
"""Side of a native crop, of the frame's: four of them have as many pixels as the frame, and cost as much."""
SMOOTHING = 0.1


def made(image: Picture, mask: Mask | None, rng: np.random.Generator) -> tuple[Picture, Arrays]:
    """A scene and its type, one-hot in the order of BLUR_TYPES."""
    picture, name = blur_scene(image, mask, rng)
    return picture, {"blur_type": np.array([SCENES[name].label == label for label in BLUR_TYPES], np.float32)}


def inputs(settings: Settings) -> InputSpec:
    """`frame`: the whole photo in a square of `size` px, never enlarged; `crops`: a grid of native ones."""
    frame = parts.frame(settings, "shrink")
    if not settings.extra["crops"]:
        return InputSpec(views=(frame,))
    return InputSpec(views=(frame, parts.crops(settings, max(1, round(CROP * settings.size)))))


def net(settings: Settings) -> nets.Scorer:
    """The pyramid of `rating` for both views, and one hidden layer on what it gives for them; 3.7 M parameters."""
    crops = [math.prod(parts.grid(settings))] if settings.extra["crops"] else []
    return nets.Scorer(
        rating.pyramid(settings),
        {"blur_type": len(BLUR_TYPES)},
        rows=(1, *crops),
        hidden=(256,),
        dropout=0.3,
        standard=True,
        mirror=True,
    )


def data(folder: Path, settings: Settings) -> Split:
    """Masked photos, and what `clean` and `list` add."""
    repeats, extra = int(settings.extra["repeats"]), settings.extra
    sources = [masked.read(folder)]
    if extra["clean"]:
        sources.append(masked.paired(tables.read(Path(extra["clean"]), settings, ("photos",))))
    if extra["list"]:
        sources.append(tables.read(Path(extra["list"]), settings, ("blurset",)))
    return masked.joined(
        [
            masked.synthesized(table, settings, made, repeats)
            if "mask" in table
            else tables.labelled(table, settings, targets, listed)
            for table in tables.together(sources, settings)
        ]
    )


def targets(table: pd.DataFrame) -> Arrays:
    """The types of a list, one-hot in the order of BLUR_TYPES."""
    return tables.one_hot(table, "blur_type", BLUR_TYPES, "blur_type")


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with smoothed targets."""
    return losses.cross_entropy(raw["blur_type"], target["blur_type"], SMOOTHING)


RECIPE = Recipe(
    name="blur-type",
    task="blur-type",
    description="Which kind of blur a photo has: none, subject out of focus, all out of focus, or motion.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(1, 6),
        learning_rate=(1e-3, 1e-4),
        batch_size=16,
        size=384,
        weight_decay=1e-3,
        patience=3,
        ema=0.995,
        reduce=768,
        extra={"clean": "", "list": "", "repeats": "4", "crops": "2x2", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=inputs,
    outputs=parts.classes("blur_type", BLUR_TYPES),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.macro_accuracy("blur_type"),
    starts={"rating": ("backbone", "backbone")},
)
