"""Where a file says that it ends, for formats whose readers fill in what is missing."""

import struct
from typing import IO

from .source import refusal

_BOXES = (b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"uuid", b"wide", b"udta", b"idat", b"mpvd")
_MOST_BOXES = 1_000


def check_complete(name: str, file: IO[bytes], size: int, asked: str) -> None:
    """Nothing; ImageError for a WebP, AVIF or HEIC that is shorter than its own size fields say.

    libheif turns the missing tiles of a cut HEIC into empty ones, and does not tell. Whether the cut met the main
    picture or only a thumbnail behind it cannot be known from outside, so every cut counts. Bytes behind the last
    known box are not looked at: photos with a film or a ZIP archive appended are sound.

    Reference: ISO/IEC 14496-12:2022, 4.2; RFC 9649, 2.4.
    """
    end = {"WEBP": _riff_end, "AVIF": _boxes_end, "HEIF": _boxes_end}.get(name, lambda _: 0)(file)
    if end > size:
        found = f"the file ends after {size:,} of {end:,} bytes, before its picture is complete"
        raise refusal(asked, found, "Copy or export the photo again.")


def _riff_end(file: IO[bytes]) -> int:
    file.seek(4)
    return 8 + int.from_bytes(file.read(4), "little")


def _boxes_end(file: IO[bytes]) -> int:
    start = 0
    for _ in range(_MOST_BOXES):
        file.seek(start)
        head = file.read(16).ljust(16, b"\0")
        length, kind, long_length = struct.unpack(">I4sQ", head)
        length = long_length if length == 1 else length
        if kind not in _BOXES or length < 8 or start + length > 2**62:  # 0: to the end of the file
            break
        start += length
    return start
