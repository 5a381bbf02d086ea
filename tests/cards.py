"""Memory cards made by code: photographs with EXIF times, in bursts, brackets, pans and single shots, for tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from iqa import damage
from tests.photos import photo

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 320, 240
START = datetime(2024, 6, 1, 14, 30, 5)
CAMERA, OTHER = ("Maker", "One", "1001"), ("Maker", "One", "2002")
"""Two bodies of one model."""


@dataclass(frozen=True)
class Clock:
    """What a camera writes about the time: with ``digits`` of the second, and its offset from UTC when it has one."""

    local: datetime
    digits: int = 2
    offset: str | None = None


def view(name: str, x: float = 0.5, y: float = 0.5, scale: float = 0.75) -> Pixels:
    """A part of a photograph, HEIGHT x WIDTH: ``scale`` of what fits, its place from 0 (left, top) to 1."""
    whole = photo(name)
    fit = min(whole.shape[0] / HEIGHT, whole.shape[1] / WIDTH) * scale
    height, width = round(HEIGHT * fit), round(WIDTH * fit)
    top, left = round((whole.shape[0] - height) * y), round((whole.shape[1] - width) * x)
    part = whole[top : top + height, left : left + width]
    return np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def harmed(picture: Pixels, name: str, severity: float = 0.5) -> Pixels:
    """The picture after a damage of iqa.damage, seeded."""
    return damage.apply(name, picture, severity, np.random.default_rng(7))


def exposed(picture: Pixels, stops: float) -> Pixels:
    """The picture as another exposure would have given it: brighter by ``stops``, in linear light, then clipped."""
    linear = (picture / 255.0) ** 2.2 * 2.0**stops
    return np.rint(255 * np.clip(linear, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def exif(clock: Clock | None, camera: tuple[str, str, str] | None = CAMERA, orientation: int = 1) -> Image.Exif:
    """The EXIF block of a photo; no time without a clock, no camera without one."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    inner = made.get_ifd(ExifTags.IFD.Exif)
    if camera is not None:
        made[ExifTags.Base.Make], made[ExifTags.Base.Model] = camera[:2]
        inner[ExifTags.Base.BodySerialNumber] = camera[2]
    if clock is not None:
        inner[ExifTags.Base.DateTimeOriginal] = f"{clock.local:%Y:%m:%d %H:%M:%S}"
        if clock.digits:
            inner[ExifTags.Base.SubsecTimeOriginal] = f"{clock.local:%f}"[: clock.digits]
        if clock.offset is not None:
            inner[ExifTags.Base.OffsetTimeOriginal] = clock.offset
    return made


def save(path: Path, picture: Pixels, block: Image.Exif | None = None) -> Path:
    """The path of a new JPEG file."""
    Image.fromarray(picture).save(path, quality=92, exif=(block or Image.Exif()).tobytes())
    return path


def after(seconds: float, digits: int = 2, offset: str | None = None) -> Clock:
    """The clock that many seconds after START."""
    return Clock(START + timedelta(seconds=seconds), digits, offset)


def write(folder: Path) -> dict[str, set[str]]:
    """A card of 18 files; returns the groups that a person would make, by what they are.

    A burst with a sharp, a shaken and a soft frame; one second later another scene in two exposures of a bracket; the
    same scene by another body in between; a portrait stored on its side, twice; a single shot; two copies from a
    messenger, which have no EXIF; a screenshot; a file that breaks off.
    """
    sharp, scene, cat = view("coffee"), view("motorcycle"), view("chelsea")
    burst = {"DSC_0001": harmed(sharp, "shake"), "DSC_0002": sharp, "DSC_0003": harmed(sharp, "defocus")}
    for number, (name, picture) in enumerate(burst.items()):
        save(folder / f"{name}.JPG", picture, exif(after(0.3 * number)))
        save(folder / f"P{name[-3:]}.JPG", picture, exif(after(0.3 * number + 0.1), OTHER))
    for number, stops in enumerate((0.0, -2.0, 2.0)):
        save(folder / f"DSC_000{4 + number}.JPG", exposed(scene, stops), exif(after(1.6 + 0.2 * number)))
    for number, picture in enumerate((harmed(cat, "motion"), cat)):
        side = np.ascontiguousarray(np.rot90(picture))
        save(folder / f"DSC_000{7 + number}.JPG", side, exif(after(60 + number, digits=0), orientation=6))
    save(folder / "DSC_0009.JPG", view("rocket"), exif(after(61.5)))
    messenger = view("astronaut")
    save(folder / "IMG-WA0001.jpg", messenger)
    save(folder / "IMG-WA0002.jpg", harmed(messenger, "compression", 0.6))
    save(folder / "IMG-WA0003.jpg", view("camera"))
    (folder / "DSC_0010.JPG").write_bytes((folder / "DSC_0009.JPG").read_bytes()[:3000])
    return {
        "burst": {f"DSC_000{n}.JPG" for n in (1, 2, 3)},
        "other body": {f"P00{n}.JPG" for n in (1, 2, 3)},
        "bracket": {f"DSC_000{n}.JPG" for n in (4, 5, 6)},
        "portrait": {f"DSC_000{n}.JPG" for n in (7, 8)},
        "single": {"DSC_0009.JPG"},
        "messenger": {"IMG-WA0001.jpg", "IMG-WA0002.jpg"},
        "screenshot": {"IMG-WA0003.jpg"},
    }
