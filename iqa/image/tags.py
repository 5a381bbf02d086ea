"""What a photo's header tells about it: which way is up, when it was taken, how hard it was compressed."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from .failures import UNREADABLE
from .source import Metered

_LUMINANCE = """
    16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
    18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99"""
_MOST_CHUNKS = 100_000
_MOST_OFFSET_H = 14  # Kiritimati


def exif_of(image: Image.Image) -> Image.Exif:
    """The EXIF tags of an open image; none when there are none or when they are broken (pixels matter more)."""
    try:
        # The base class's method: PNG's own would decode all pixels to look behind them.
        exif = Image.Image.getexif(image)
        dict(exif)  # values are parsed on access: a broken one shows itself here
    except UNREADABLE:
        return Image.Exif()
    return exif


def orientation_of(exif: Image.Exif) -> int:
    """EXIF orientation, 1..8; 1 when it is absent or has no meaning.

    Reference: CIPA DC-008, Exif 2.32, tag 0x0112.
    """
    value = exif.get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


@dataclass(frozen=True)
class Capture:
    """When, and with which camera, a photo was taken.

    Attributes:
        local: camera's local time of exposure with its sub-seconds, without zone; None when unknown.
        step_s: seconds between two readings of that clock: 1.0 without sub-seconds, 0.01 with two digits of them.
        utc_offset: local time minus UTC; None when the camera did not write it.
        camera: make, model and serial number of the body; each empty when unknown.
    """

    local: datetime | None = None
    step_s: float = 1.0
    utc_offset: timedelta | None = None
    camera: tuple[str, str, str] = ("", "", "")


def capture_of(exif: Image.Exif) -> Capture:
    """Time and camera of the exposure; what is absent or malformed is unknown.

    Reference: CIPA DC-008, Exif 2.32, tags 0x9003, 0x9291, 0x9011 (else 0x9010), 0x010F, 0x0110, 0xA431.
    """
    base, names = ExifTags.Base, (ExifTags.Base.Make, ExifTags.Base.Model)
    try:
        tags = exif.get_ifd(ExifTags.IFD.Exif)
    except UNREADABLE:
        tags = {}
    make, model = (_text(exif.get(name)) for name in names)
    camera = (make, model, _text(tags.get(base.BodySerialNumber)))
    try:
        local = datetime.strptime(_text(tags.get(base.DateTimeOriginal))[:19], "%Y:%m:%d %H:%M:%S")
    except UNREADABLE:
        return Capture(camera=camera)
    found = re.match(r"[0-9]{0,6}", _text(tags.get(base.SubsecTimeOriginal)))
    digits = found[0] if found else ""
    local = local.replace(microsecond=int(digits.ljust(6, "0")))
    offset = _offset(_text(tags.get(base.OffsetTimeOriginal)) or _text(tags.get(base.OffsetTime)))
    return Capture(local, 10.0 ** -len(digits), offset, camera)


def _offset(text: str) -> timedelta | None:
    """What "+02:00" or "Z" means; None for anything that is no offset on this planet."""
    if text == "Z":
        return timedelta(0)
    found = re.fullmatch(r"([+-])([0-9]{2}):([0-5][0-9])", text)
    if found is None or int(found[2]) > _MOST_OFFSET_H:
        return None
    east = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -east if found[1] == "-" else east


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")


def read_late_exif(file: Metered) -> bytes | None:
    """The eXIf chunk of a PNG that stores it behind its pixels, found without decoding them; None without one."""
    file.seek(8)
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return None
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            return b"Exif\0\0" + file.read(min(length, 2**24))
        file.seek(length + 4, 1)
    return None


def estimate_quality(luminance_table: list[int]) -> int:
    """Quality setting, 1..100 (higher is finer), whose luminance table comes nearest to the given one.

    Exact for files written by libjpeg; for cameras with tables of their own the setting of like coarseness.

    Args:
        luminance_table: 64 quantization steps in row order.

    Reference: ITU-T T.81 table K.1, scaled as by the Independent JPEG Group's jpeg_set_quality.
    """
    distance = np.abs(_tables() - np.asarray(luminance_table, dtype=np.float64)).sum(axis=1)
    return int(distance.argmin()) + 1


@cache
def _tables() -> NDArray[np.float64]:
    """(100, 64) luminance tables of the settings 1 to 100."""
    base = np.array(_LUMINANCE.split(), dtype=np.int64)
    setting = np.arange(1, 101)[:, None]
    scale = np.where(setting < 50, 5000 // setting, 200 - 2 * setting)
    return np.clip((base * scale + 50) // 100, 1, 255).astype(np.float64)
