"""A source, recognized by its content and checked against the limits, before any pixel is decoded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from .container import check_complete
from .failures import explained
from .source import Limits, Metered, name_of, refusal, stream
from .tiff import TiffReader, check_directory, unsupported

Reader = Callable[[IO[bytes]], Image.Image]

# The readers themselves, not Image.open: that one refuses every photo above 179 MP (there are phones with 200) and
# takes its limit from a process-wide variable that another package may have changed. MPO is read as the JPEG it
# starts with. No EPS, PDF, SVG, PSD or ICO: they run programs, or are no photos.
_READERS: dict[str, Reader | None] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "AVIF": AvifImageFile,
    "TIFF": TiffReader,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "HEIF": None,  # an optional package, looked for when a file needs it
}
FORMATS = tuple(_READERS)

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"BM": "BMP",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_BRANDS = (
    ("AVIF", {b"avif", b"avis"}),  # first: an AVIF may also carry the general brands of the container
    ("HEIF", {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}),
)
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "an EPS document",
    b"8BPS": "a Photoshop document",
    b"<svg": "an SVG drawing",
    b"<?xm": "an XML document (SVG?)",
    b"<htm": "an HTML page",
    b"<!DO": "an HTML page",
    b"PK\x03\x04": "a ZIP archive",
    b"\0\0\x01\0": "an icon",
    b"\0\0\0\x0cjP": "a JPEG 2000 photo",
    b"\xff\x0a": "a JPEG XL photo",
    b"\0\0\0\x0cJXL": "a JPEG XL photo",
    b"FUJIFILM": "a raw camera file",
    b"\0\0\0\x18ftypcrx": "a raw camera file",
}
_WHOLE_FILE_READERS = ("TIFF", "WEBP", "AVIF", "HEIF")
_HEADER_PIECES, _PIECES, _BYTES_PER_PIECE = 10_000, 100_000, 512
_FREE_PIXELS = 2**24


@dataclass
class Opened:
    """A photo whose header was read and accepted, and whose pixels were not yet decoded.

    Attributes:
        image: the open Pillow image.
        asked: what the caller wanted, for error sentences.
        format: one of FORMATS; for a PIL image its own format, or ``PIL``.
        size: bytes; None for a PIL image.
        file: the bytes from the photo's start; None for a PIL image.
    """

    image: Image.Image
    asked: str
    format: str
    size: int | None
    file: Metered | None


@contextmanager
def opened(source: object, verb: str, limits: Limits) -> Iterator[Opened]:
    """The photo in `source`, open while the context lasts. Raises ImageError.

    Args:
        source: see iqa.image.load.
        verb: what is being done, e.g. ``load``.
        limits: checked here.
    """
    asked = f"{verb} {name_of(source)}"
    if isinstance(source, Image.Image):
        _check_pixels(source.size, None, asked, limits)
        yield Opened(source, asked, source.format or "PIL", None, None)
        return
    with stream(source, asked, limits) as (file, size):
        name, reader = _recognize(file, asked)
        check_complete(name, file, size, asked)
        pixels = check_directory(file, asked) if name == "TIFF" else ""
        file.seek(0)
        whole = size if name in _WHOLE_FILE_READERS else 0
        meter = Metered(file, asked, _HEADER_PIECES, limits.max_header_bytes + whole)
        with explained(asked, size):
            image = _read_header(reader, meter, asked, pixels)
        _check_pixels(image.size, size, asked, limits)
        meter.allow(_PIECES + size // _BYTES_PER_PIECE, 2**26 + 4 * size)
        yield Opened(image, asked, name, size, meter)


def _read_header(reader: Reader, meter: Metered, asked: str, pixels: str) -> Image.Image:
    """The open image; `pixels` is what a TIFF holds, for the refusal of those that Pillow has no name for."""
    try:
        return reader(cast(IO[bytes], meter))
    except SyntaxError as error:
        if pixels and "unknown pixel mode" in str(error):
            raise unsupported(asked, pixels) from error
        raise


def _recognize(file: IO[bytes], asked: str) -> tuple[str, Reader]:
    head = file.read(64)
    name = _format_of(head)
    if name is None:
        start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
        kind = next((kind for mark, kind in _FOREIGN.items() if start[: len(mark)] == mark), None)
        found = (
            f"its content is {kind}" if kind else f"its content is of no accepted format (it starts with {head[:8]!r})"
        )
        raise refusal(asked, found, "Export it as JPEG or PNG.")
    return name, _READERS[name] or _heif_reader(asked)


def _format_of(head: bytes) -> str | None:
    """Name of the format whose signature a file starts with; its extension plays no part."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)}
        return next((name for name, known in _BRANDS if brands & known), None)
    return next((name for mark, name in _SIGNATURES.items() if head.startswith(mark)), None)


def _heif_reader(asked: str) -> Reader:
    reader = _find_heif_reader()
    if reader is None:
        raise refusal(
            asked,
            "it is a HEIC photo and its optional reader, the package pi-heif, is not installed",
            "Install it with: pip install pi-heif",
        )
    return reader


def _find_heif_reader() -> Reader | None:
    try:
        from pi_heif.as_plugin import HeifImageFile
    except ImportError:
        return None
    return cast(Reader, HeifImageFile)


def _check_pixels(shape: tuple[int, int], size: int | None, asked: str, limits: Limits) -> None:
    width, height = shape
    pixels = width * height
    if width < 1 or height < 1:
        raise refusal(asked, f"its header declares {width} x {height} pixels", "Export the photo again.")
    if pixels > limits.max_pixels:
        found = f"its header declares {width:,} x {height:,} = {pixels / 1e6:,.0f} megapixels"
        raise refusal(asked, found, "Reduce it first.", f"at most {limits.max_pixels / 1e6:,.0f} megapixels")
    if max(width, height) > limits.max_side_ratio * min(width, height):
        found = f"its sides, {width:,} x {height:,} pixels, are too unequal for a photo"
        raise refusal(
            asked, found, "Crop it first.", f"a longer side of at most {limits.max_side_ratio:g} shorter ones"
        )
    if size is not None and pixels > max(_FREE_PIXELS, limits.max_pixels_per_byte * size):
        found = f"{size:,} bytes claim to hold {width:,} x {height:,} pixels"
        raise refusal(asked, found, "Reduce it first.", f"at most {limits.max_pixels_per_byte:g} pixels per byte")
