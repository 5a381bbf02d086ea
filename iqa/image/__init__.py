"""Any source of a photo to upright sRGB pixels: the only reader of pixels in this project."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from ..errors import ArgumentError
from ..resize import reduced
from .color import to_srgb
from .decode import decode, to_array
from .failures import explained
from .opening import FORMATS, Opened, opened
from .source import LIMITS, Limits, Source
from .tags import Capture, capture_of, estimate_quality, exif_of, orientation_of, read_late_exif

__all__ = ["EXTENSIONS", "FORMATS", "LIMITS", "Capture", "ImageInfo", "Limits", "info", "load", "reduced"]

EXTENSIONS = frozenset(
    ".avif .bmp .gif .heic .heif .hif .jfif .jpe .jpeg .jpg .mpo .png .tif .tiff .webp".split()  # noqa: SIM905
)
"""Suffixes, in lower case, that a folder scan takes for photos; what a file really is, its content decides."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_SIDEWAYS = 5


@dataclass(frozen=True)
class ImageInfo:
    """What a photo's header tells, without its pixels.

    Attributes:
        format: one of FORMATS, by content; for a PIL image the format it was opened from, or ``PIL``.
        width: of the upright photo, pixels.
        height: of the upright photo, pixels.
        mode: Pillow's name for the stored pixels, e.g. ``RGB``, ``CMYK``, ``I;16``.
        bytes: size of the file; None for a PIL image.
        orientation: EXIF orientation 1..8 as stored; 1 = already upright.
        capture: when, and with which camera, the photo was taken.
        jpeg_quality: 1..100, higher is finer, from the luminance quantization table; None for other formats.
    """

    format: str
    width: int
    height: int
    mode: str
    bytes: int | None
    orientation: int
    capture: Capture
    jpeg_quality: int | None

    @property
    def captured(self) -> datetime | None:
        """Camera's local time of exposure with sub-seconds, without zone; None when unknown."""
        return self.capture.local


def load(source: Source, *, max_side: int | None = None, limits: Limits = LIMITS) -> NDArray[np.uint8]:
    """Upright sRGB pixels, uint8 (height, width, 3), C-contiguous and writable, of the first picture in a source.

    EXIF orientation is applied; colors follow the embedded profile (`iqa.image.color.to_srgb`); 16-bit grey is divided
    by 257, 16-bit color keeps its upper byte; transparency stands over white; of animations, multi-page files and
    bursts in one file the first picture counts. Broken metadata never costs the pixels; missing pixels are an error,
    whereas bytes behind a complete picture do not matter.

    Args:
        source: path, bytes, binary file object (read from where it stands, not closed) or PIL image (not modified).
        max_side: longer side of the result in pixels at most, 1 or more; never enlarges. Reduced by area averaging,
            which keeps the mean level.
        limits: what the header may declare.

    Raises:
        ImageError: for every source without usable pixels.
        ArgumentError: for a `max_side` below 1.
    """
    if max_side is not None and (isinstance(max_side, bool) or max_side < 1):
        raise ArgumentError(f"max_side must be a whole number of pixels, 1 or more, found {max_side!r}.")
    with opened(source, "load", limits) as photo, explained(photo.asked, photo.size):
        stored = decode(photo, max_side)
        turn = _UPRIGHT.get(orientation_of(exif_of(stored)))
        color = to_srgb(stored)
        pixels = to_array(color if turn is None else color.transpose(turn))
    return pixels if max_side is None else reduced(pixels, max_side)


def info(source: Source, limits: Limits = LIMITS) -> ImageInfo:
    """What the header of a source tells; no pixel is decoded.

    Args:
        source: as for `load`.
        limits: as for `load`.

    Raises:
        ImageError: for every source that `load` would refuse by its header.
    """
    with opened(source, "read the header of", limits) as photo, explained(photo.asked, photo.size):
        image = photo.image
        if photo.format == "PNG" and photo.file is not None and "exif" not in image.info:
            image.info["exif"] = read_late_exif(photo.file)
        exif = exif_of(image)
        orientation = orientation_of(exif)
        width, height = image.size
        if orientation >= _FIRST_SIDEWAYS and photo.format != "TIFF":  # Pillow turns TIFFs itself
            width, height = height, width
        return ImageInfo(
            photo.format,
            width,
            height,
            image.mode,
            photo.size,
            orientation,
            capture_of(exif),
            _jpeg_quality(photo),
        )


def _jpeg_quality(photo: Opened) -> int | None:
    image = photo.image
    if not isinstance(image, JpegImageFile) or not image.layer:
        return None
    table = image.quantization.get(image.layer[0][3])
    return None if table is None else estimate_quality(table)
