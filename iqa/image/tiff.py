"""What a TIFF's first directory declares, looked at before anyone believes it; and Pillow's reader, mended."""

import struct
from typing import IO

from PIL.TiffImagePlugin import TiffImageFile

from ..errors import ImageError
from .source import refusal

_WIDTH, _HEIGHT, _SUB_IFDS, _SUBTYPE, _TILE_WIDTH, _TILE_HEIGHT, _DNG = 256, 257, 330, 254, 322, 323, 50706
_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANES, _SAMPLE_FORMAT = 258, 259, 262, 277, 284, 339
_NONE, _DEFLATE, _SEPARATE, _SIGNED = 1, 8, 2, 2
_YCBCR = 6
_SPLIT_COLORS = (2, 5)  # RGB, CMYK
_NUMBERS = {1: "unsigned integers", 2: "signed integers", 3: "floating-point numbers", 5: "complex numbers"}
_BYTE_TYPES, _SHORT = (1, 2, 6, 7), 3
_LISTS = (_BITS, _SAMPLE_FORMAT)  # one number per channel, equal in every photo
_MOST_ENTRIES, _MOST_NUMBERS = 4096, 400_000
_SMALL_TILE = 2**22


class TiffReader(TiffImageFile):
    """Pillow's reader, except that libtiff reads all planes that stand one after the other, and all YCbCr.

    Pillow's own code for uncompressed ones takes every sample of a plane for one of 8 bits, and YCbCr for RGB with a
    fourth byte: it gives noise, without an error.
    """

    def _setup(self) -> None:
        tags = self.tag_v2
        uncommon = tags.get(_PLANES) == _SEPARATE or tags.get(_PHOTOMETRIC) == _YCBCR
        if not uncommon or tags.get(_COMPRESSION, _NONE) != _NONE:
            super()._setup()
            return
        tags[_COMPRESSION] = _DEFLATE  # Pillow's sign for libtiff, which itself goes by the file
        try:
            super()._setup()
        finally:
            tags[_COMPRESSION] = _NONE


def check_directory(file: IO[bytes], asked: str) -> str:
    """What the pixels are, in words; ImageError for a raw camera file, a directory no photo has, or unreadable pixels.

    Refused are pixels that would come out wrong without an error: planes one after the other of grey and transparency,
    of luminance and color differences, or of CIELAB; and signed 8-bit numbers, which would be taken for unsigned ones.

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
    samples, signed = value.get(_SAMPLES, 1), value.get(_SAMPLE_FORMAT) == _SIGNED
    pixels = _describe(value)
    split = value.get(_PLANES) == _SEPARATE and samples > 1 and value.get(_PHOTOMETRIC) not in _SPLIT_COLORS
    if split or (signed and value.get(_BITS) == 8):
        raise unsupported(asked, f"{pixels}, stored one channel after the other" if split else pixels)
    return pixels


def unsupported(asked: str, pixels: str) -> ImageError:
    """The refusal of a TIFF with pixels that no reader here knows."""
    return refusal(
        asked,
        f"its pixel type is not supported: {pixels}",
        "Export it with 8 or 16 bits per channel, unsigned, interleaved.",
        "TIFF with 8 or 16 bits per channel in RGB, CMYK or grey, and grey with 32 bits",
    )


def _describe(value: dict[int, int]) -> str:
    samples, bits = value.get(_SAMPLES, 1), value.get(_BITS, 1)
    kind = _NUMBERS.get(value.get(_SAMPLE_FORMAT, 1), "numbers of an unknown kind")
    return f"{samples} {'channel' if samples == 1 else 'channels'} of {bits}-bit {kind}"


def _absurd(asked: str) -> ImageError:
    return refusal(asked, "its TIFF directory declares what no photo needs", "Export the photo again.")


def _read_entries(file: IO[bytes]) -> dict[int, tuple[int, int]] | None:
    """{tag: (how many numbers it holds, the first)}; None with too many entries.

    The first number of a list that stands elsewhere is looked up for _LISTS only; of others it is an address.
    """
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
        if tag in _LISTS and kind == _SHORT and 2 * held > len(field):
            file.seek(struct.unpack(order + ("Q" if big else "I"), field)[0])
            short = struct.unpack(order + "H", file.read(2))[0]
        number = short if kind == _SHORT else struct.unpack_from(order + "I", field)[0]
        entries[tag] = (0 if kind in _BYTE_TYPES else held, number)
    return entries
