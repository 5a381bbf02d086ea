"""blur-type: sharp, subject out of focus, all out of focus, or moved; a CSP network of 1.4 M parameters.

    python -m training.run blur-type --data MASKS --out DIR
    python -m training.run blur-type --data MASKS --out DIR --extra clean=DIR --extra list=DIR --cache

Data: sharp photos with a mask of their subject, NAME.webp beside NAME_mask.webp. All four classes are made from each of
them, in linear light (training/synthesis.py), so that what a photo shows says nothing about its class. Also taken:
`clean`, sharp photos without masks (they never give the class of a soft subject, so their content tells a little: keep
them similar or fewer), and `list`, real blurred photos in the layout of the data set blurset.
Time: 0.11 s of one CPU core a sample and epoch (80 samples, three epochs); 315 photos to train on, 4 samples of each,
100 epochs: 3.9 h, unless it stops early.
Result: macro accuracy 0.25, that of chance, after 3 epochs of 80 samples, which are 15 steps from random weights. No
model is published.

From the event-photo document: batch 16, 100 epochs with patience 20, dropout 0.3, weight decay 0.001, label smoothing
0.1, a cosine from 0.001 to a hundredth of it, mirror images. On purpose different: 320 instead of 224 px in the photo's
own aspect, because mild blur is below a pixel at 224; random weights, because its pretrained network is AGPL; photos
are split before they are augmented; no classes from different sources (a thumbnail could name them); no rotation, zoom
and erasing (they resample, or hide the subject); exposure and noise that fall on every class alike instead of its
jitter of hue and saturation. Panning and bokeh are made as sharp photos.
"""

from pathlib import Path

import numpy as np
from torch import Tensor, nn

from iqa.blur import BLUR_TYPES
from iqa.damage import Picture
from iqa.errors import ArgumentError

from .. import losses, masked, metrics, nets, parts, tables
from ..csp import CSP
from ..layers import Mask
from ..recipe import Arrays, Phase, Raw, Recipe, Settings, Split, Target
from ..synthesis import SCENES, blur_scene

SMOOTHING = 0.1


def made(image: Picture, mask: Mask | None, rng: np.random.Generator) -> tuple[Picture, Arrays]:
    """A scene and its type, one-hot in the order of BLUR_TYPES."""
    picture, name = blur_scene(image, mask, rng)
    return picture, {"blur_type": np.array([SCENES[name].label == label for label in BLUR_TYPES], np.float32)}


def net(settings: Settings) -> nn.Module:
    """The CSP network and one hidden layer; it has no pretrained weights."""
    if settings.weights:
        raise ArgumentError(f"blur-type starts from random weights or a best.safetensors, found {settings.weights}.")
    return nets.Scorer(CSP(), {"blur_type": len(BLUR_TYPES)}, hidden=(128,), dropout=0.3)


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
            else tables.labelled(table, settings, lambda t: tables.one_hot(t, "blur_type", BLUR_TYPES, "blur_type"))
            for table in tables.together(sources, settings)
        ]
    )


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
        epochs=(100,),
        learning_rate=(1e-3,),
        batch_size=16,
        size=320,
        weight_decay=1e-3,
        patience=20,
        reduce=768,
        extra={"clean": "", "list": "", "repeats": "4", "pixels": nets.OPTIONS["pixels"]},
    ),
    phases=(Phase("all", frozen=False),),
    inputs=parts.whole,
    outputs=parts.classes("blur_type", BLUR_TYPES),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.macro_accuracy("blur_type"),
)
