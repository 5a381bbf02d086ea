"""What a photo's header tells about it: which way is up, when it was taken, how hard it was compressed."""

import re
from datetime import datetime
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


def captured_at(exif: Image.Exif) -> datetime | None:
    """Camera's local time of exposure with its sub-seconds (no zone); None when absent or malformed.

    Reference: CIPA DC-008, Exif 2.32, tags 0x9003 and 0x9291.
    """
    try:
        tags = exif.get_ifd(ExifTags.IFD.Exif)
        moment = datetime.strptime(_text(tags.get(ExifTags.Base.DateTimeOriginal))[:19], "%Y:%m:%d %H:%M:%S")
        digits = re.match(r"[0-9]*", _text(tags.get(ExifTags.Base.SubsecTimeOriginal)))
    except UNREADABLE:
        return None
    return moment.replace(microsecond=int((digits[0] if digits else "")[:6].ljust(6, "0")))


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
