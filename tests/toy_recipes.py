"""Data and settings with which any recipe trains in seconds."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.recipe import Recipe, Settings

SIDE = 64
COUNT = 16


def copied(photos: Path, folder: Path, names: list[str]) -> Path:
    """The first photos under these names."""
    for path, name in zip(sorted(photos.glob("*.png")), names, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    return folder


def clean(photos: Path, folder: Path) -> Path:
    """Photos alone."""
    return copied(photos, folder, [f"{n}.png" for n in range(COUNT)])


def rated(photos: Path, folder: Path) -> Path:
    """A table with five scores from 0 to 10."""
    rows = [f"{n}.png,{n % 10},{n % 7},{n % 5},{n % 9},{10 - n % 10}" for n in range(COUNT)]
    clean(photos, folder)
    (folder / "scores.csv").write_text("\n".join(["path,overall,composition,color,contrast,focus", *rows]) + "\n")
    return folder


def settled(made: Recipe, **changes: Any) -> Settings:
    """Its defaults at the size of a test."""
    epochs = (1,) * len(made.phases) if len(made.phases) > 1 else (2,)
    small = {"epochs": epochs, "batch_size": 6, "size": SIDE, "weights": "", "workers": 0, "device": "cpu"}
    return replace(made.defaults, **{**small, **changes})


def masked(photos: Path, folder: Path) -> Path:
    """Photos with an ellipse as mask beside each."""
    mask = np.zeros((72, 96), np.uint8)
    mask[20:60, 30:70] = 255
    for path in sorted(clean(photos, folder).glob("*.png")):
        Image.fromarray(mask).save(path.with_name(f"{path.stem}_mask.png"))
    return folder
