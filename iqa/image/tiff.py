"""What a TIFF's first directory declares, looked at before anyone believes it."""

import struct
from typing import IO

from ..errors import ImageError
from .source import refusal

_WIDTH, _HEIGHT, _SUB_IFDS, _SUBTYPE, _TILE_WIDTH, _TILE_HEIGHT, _DNG = 256, 257, 330, 254, 322, 323, 50706
_BYTE_TYPES = (1, 2, 6, 7)
_MOST_ENTRIES, _MOST_NUMBERS = 4096, 400_000
_SMALL_TILE = 2**22


def check_directory(file: IO[bytes], asked: str) -> None:
    """Nothing; ImageError for a raw camera file or a directory no photo has.

    Pillow turns every number of a tag, and every strip, into a Python object: a few megabytes of tags become
    gigabytes. libtiff allocates one tile as declared, however small the picture. And the first directory of a raw
    camera file (DNG, NEF, ARW) is a thumbnail: its score would not be the photo's.

    Reference: TIFF Revision 6.0 (1992), section 2; Adobe DNG Specification 1.7.
    """
    try:
        entries = _read_entries(file)
    except (struct.error, OverflowError, OSError) as error:
        raise refusal(asked, "its TIFF directory is cut off or damaged", "Export the photo again.") from error
    if entries is None:
        raise _absurd(asked)
    value = {tag: number for tag, (_, number) in entries.items()}
    if _DNG in entries or (value.get(_SUBTYPE, 0) & 1 and _SUB_IFDS in entries):
        raise refusal(asked, "it is a raw camera file", "Develop it and export it as JPEG or TIFF.")
    numbers = sum(count for count, _ in entries.values())
    tile = value.get(_TILE_WIDTH, 0) * value.get(_TILE_HEIGHT, 0)
    if numbers > _MOST_NUMBERS or tile > max(_SMALL_TILE, 2 * value.get(_WIDTH, 0) * value.get(_HEIGHT, 0)):
        raise _absurd(asked)


def _absurd(asked: str) -> ImageError:
    return refusal(asked, "its TIFF directory declares what no photo needs", "Export the photo again.")


def _read_entries(file: IO[bytes]) -> dict[int, tuple[int, int]] | None:
    """{tag: (how many numbers it holds, the first when it stands in the entry)}; None with too many entries."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = 43 in head[2:4]
    start = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)[0]
    file.seek(start)
    count = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))[0]
    if count > _MOST_ENTRIES:
        return None
    form = order + ("HHQ8s" if big else "HHI4s")
    table = file.read(count * struct.calcsize(form))
    entries: dict[int, tuple[int, int]] = {}
    for tag, kind, held, field in struct.iter_unpack(
        form, table[: len(table) // struct.calcsize(form) * struct.calcsize(form)]
    ):
        short = struct.unpack_from(order + "H", field)[0]
        number = short if kind == 3 else struct.unpack_from(order + "I", field)[0]
        entries[tag] = (0 if kind in _BYTE_TYPES else held, number)
    return entries
