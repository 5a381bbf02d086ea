"""Image files byte by byte: what no encoder would write."""

import io
import struct
import zlib
from collections.abc import Callable, Iterable

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

IMAGE, ERROR = "image", "error"
Table = Callable[[str, str, bytes | Callable[[], bytes]], None]
"""Takes one kind: its name, what must come of it, and its content or how to make it."""
Entry = tuple[int, int, int, int | bytes]
"""TIFF tag, type, count, and value (or the bytes it points at)."""


def picture(height: int = 48, width: int = 64, seed: int = 5) -> NDArray[np.uint8]:
    """A colored gradient with noise on it."""
    rows, columns = np.mgrid[0:height, 0:width]
    smooth = np.stack([rows * 200 / height, columns * 200 / width, (rows + columns) * 100 / (height + width)], axis=-1)
    noise = np.random.default_rng(seed).normal(0, 8, smooth.shape)
    return np.clip(smooth + 25 + noise, 0, 255).astype(np.uint8)


def encode(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    """The file that Pillow writes."""
    file = io.BytesIO()
    (image or Image.fromarray(picture())).save(file, kind, **options)
    return file.getvalue()


def png_chunk(name: bytes, data: bytes = b"", crc: int | None = None) -> bytes:
    """One chunk, with its right checksum unless another is given."""
    check = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png(width: int, height: int, *extra: bytes, depth: int = 8, color: int = 0, tail: bytes = b"") -> bytes:
    """A PNG of zeros, with extra chunks before the pixels and bytes behind them."""
    bits = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color] * depth
    row = bytes(1 + (width * bits + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row * min(64, height - top)) for top in range(0, height, 64)) + packer.flush()
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", head, *extra, png_chunk(b"IDAT", body), tail, png_chunk(b"IEND")),
    )


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(bytes(100))) + png_chunk(b"IEND")


def tiff(entries: Iterable[Entry], pixels: bytes = b"", next_ifd: int = 0) -> bytes:
    """A little-endian TIFF: header, directory at 8, out-of-line values, pixels; tag 273 is filled in when negative."""
    rows = sorted(entries)
    start = 8 + 2 + 12 * len(rows) + 4
    blob = bytearray()
    table = []
    for tag, kind, count, value in rows:
        if isinstance(value, bytes):
            field = struct.pack("<I", start + len(blob))
            blob += value
        else:
            field = None if value < 0 else struct.pack("<I", value)
        table.append((tag, kind, count, field))
    at = struct.pack("<I", start + len(blob))
    body = b"".join(struct.pack("<HHI", tag, kind, count) + (field or at) for tag, kind, count, field in table)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(rows)) + body + struct.pack("<I", next_ifd) + bytes(blob) + pixels


def grey_tiff(width: int, height: int, *extra: Entry, bits: int = 8, sample: int = 1, pixels: bytes = b"") -> bytes:
    """A grey TIFF in one strip; extra entries replace the usual ones of the same tag."""
    pixels = pixels or bytes(min(width * height, 10_000) * bits // 8)
    usual: list[Entry] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, -1),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, len(pixels)),
        (339, 3, 1, sample),
    ]
    given = {entry[0]: entry for entry in usual} | {entry[0]: entry for entry in extra}
    return tiff(given.values(), pixels)


def stored_tiff(pixels: NDArray[np.generic], planar: str = "contig", **how: object) -> bytes:
    """A TIFF as tifffile writes it: (H, W) or (H, W, C), interleaved or, with "separate", one channel after the other.

    RGB unless `how` says another `photometric`; its other keys are those of tifffile.imwrite.
    """
    file = io.BytesIO()
    options: dict[str, object] = {"photometric": "rgb", "metadata": None, **how}
    if pixels.ndim == 3:
        options["planarconfig"] = planar
    rows = np.moveaxis(pixels, 2, 0) if pixels.ndim == 3 and planar == "separate" else pixels
    tifffile.imwrite(file, np.ascontiguousarray(rows), **options)
    return file.getvalue()


def jpeg_segment(marker: int, data: bytes) -> bytes:
    """One marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg_with(*segments: bytes, base: bytes | None = None) -> bytes:
    """A JPEG with segments put in right behind its first marker."""
    base = base or encode("JPEG")
    return base[:2] + b"".join(segments) + base[2:]


def jpeg_patched(marker: int, offset: int, value: bytes, base: bytes | None = None) -> bytes:
    """A JPEG with bytes changed in the payload of its first segment of a kind."""
    data = bytearray(base or encode("JPEG"))
    at = data.index(bytes((0xFF, marker))) + 4 + offset
    data[at : at + len(value)] = value
    return bytes(data)


def exif(*entries: Entry, next_ifd: int = 0) -> bytes:
    """An EXIF segment's payload."""
    return b"Exif\0\0" + tiff(entries, next_ifd=next_ifd)


def icc_segments(profile: bytes, size: int = 65_000) -> list[bytes]:
    """A color profile spread over APP2 segments."""
    parts = [profile[at : at + size] for at in range(0, len(profile), size)]
    head = b"ICC_PROFILE\0"
    return [jpeg_segment(0xE2, head + bytes((n % 256, len(parts) % 256)) + part) for n, part in enumerate(parts, 1)]


def ycck_jpeg(color: tuple[int, int, int], black: int) -> bytes:
    """An Adobe YCCK JPEG, 32 x 32, of one color: C, M and Y coded as if they were R, G and B, and K inverted."""
    inks = tuple(255 - part for part in color)
    inverted = [255 - part for part in Image.new("RGB", (1, 1), inks).convert("YCbCr").getpixel((0, 0))]
    base = encode("JPEG", Image.new("CMYK", (32, 32), (*inverted, black)), quality=100)
    return jpeg_patched(0xEE, 11, b"\x02", base)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP container."""
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_animation(frames: int) -> bytes:
    """An 8 x 8 animation that repeats one lossless frame."""
    still = encode("WEBP", Image.new("RGB", (8, 8), (200, 30, 30)), lossless=True)
    frame = bytes(6) + b"\x07\0\0\x07\0\0\x0a\0\0\0" + still[12:]
    return riff((b"VP8X", b"\x02\0\0\0\x07\0\0\x07\0\0"), (b"ANIM", bytes(6)), *[(b"ANMF", frame)] * frames)


def apng_animation(frames: int) -> bytes:
    """An 8 x 8 grey animation whose first frame is the PNG itself."""
    body = zlib.compress(bytes(9 * 8))
    number, parts = 0, [png_chunk(b"acTL", struct.pack(">II", frames, 0))]
    for index in range(frames):
        parts.append(png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 8, 8, 0, 0, 1, 10, 0, 0)))
        parts.append(png_chunk(b"fdAT", struct.pack(">I", number + 1) + body) if index else png_chunk(b"IDAT", body))
        number += 2 if index else 1
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(parts) + png_chunk(b"IEND")


def gif_animation(frames: int) -> bytes:
    """A GIF that repeats its one frame."""
    still = encode("GIF", Image.new("P", (8, 8), 1))
    start = still.index(b",\0\0\0\0")
    return still[:start] + still[start:-1] * frames + b";"


def bmp(width: int, height: int, body: bytes, *, bits: int = 24, packing: int = 0, header: int = 40) -> bytes:
    """A BMP with the header as stated; a grey palette where the depth needs one."""
    palette = b"".join(bytes((n, n, n, 0)) for n in range(2**bits)) if bits <= 8 else b""
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, packing, len(body), 2835, 2835, 0, 0)
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + palette + body


def box(name: bytes, data: bytes = b"", size: int | None = None) -> bytes:
    """One ISO base media box."""
    return struct.pack(">I", len(data) + 8 if size is None else size) + name + data
