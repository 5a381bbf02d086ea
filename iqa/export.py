"""Photos out: pixels to a PNG, JPEG or WebP file, with the EXIF of the original that a copy may carry."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from .errors import IQAError
from .image.failures import UNREADABLE
from .image.opening import opened
from .image.source import LIMITS
from .image.tags import exif_of, read_late_exif
from .output import new_file

EXTENSIONS = {"jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"), "png": (".png",), "webp": (".webp",)}
"""Formats that are written, with their extensions; the first is given to new names."""
QUALITY = 95

_LONGEST_VALUE = 4096  # bytes; the EXIF block of a JPEG may have 64 KiB in all
_KEPT = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
_DROPPED = (
    ExifTags.Base.MakerNote,  # opaque; may hold the place, and breaks when it is moved
    ExifTags.Base.ExifImageWidth,
    ExifTags.Base.ExifImageHeight,
    ExifTags.Base.ExifInteroperabilityOffset,
)


def kept_exif(path: Path, *, gps: bool = False) -> Image.Exif:
    """The EXIF of a photo that its enhanced copy carries, with orientation 1.

    Kept: description, camera, software, date, artist, copyright, and the exposure, lens and date tags of the Exif
    part; with ``gps`` the place as well. Not kept: thumbnails, maker notes, sizes, values above 4 KiB, XMP, IPTC.

    Raises:
        ImageError: the file is no photo.
    """
    kept = Image.Exif()
    with opened(path, "read the header of", LIMITS) as photo:
        if photo.format == "PNG" and photo.file is not None and "exif" not in photo.image.info:
            photo.image.info["exif"] = read_late_exif(photo.file)
        found = exif_of(photo.image)
        detail, place = (_part(found, part) for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo))
    for tag in _KEPT:
        if _short(found.get(tag)):
            kept[tag] = found[tag]
    kept[ExifTags.Base.Orientation] = 1
    inner = {tag: value for tag, value in detail.items() if tag not in _DROPPED and _short(value)}
    if inner:
        kept.get_ifd(ExifTags.IFD.Exif).update(inner)
    where = {tag: value for tag, value in place.items() if _short(value)} if gps else {}
    if where:
        kept.get_ifd(ExifTags.IFD.GPSInfo).update(where)
    return kept


def _part(found: Image.Exif, part: int) -> dict[int, Any]:
    """The tags of a part of the EXIF; none when it cannot be read."""
    try:
        return dict(found.get_ifd(part))
    except UNREADABLE:
        return {}


def _short(value: object) -> bool:
    """Whether the value is there and of a size that a copy can carry."""
    return value is not None and len(repr(value)) <= _LONGEST_VALUE


def _bytes(exif: Image.Exif) -> bytes:
    """The EXIF block; only the orientation when a value cannot be written as its tag asks."""
    try:
        return exif.tobytes()
    except UNREADABLE:
        plain = Image.Exif()
        plain[ExifTags.Base.Orientation] = 1
        return plain.tobytes()


def save_photo(
    image: NDArray[np.uint8],
    path: Path,
    *,
    file_format: str,
    exif: Image.Exif,
    quality: int = QUALITY,
    overwrite: bool = False,
) -> None:
    """Writes a photo with an sRGB profile; the file appears under its name only when it is complete.

    Args:
        image: RGB uint8 (H, W, 3).
        path: the new file; its folder must exist.
        file_format: a key of EXTENSIONS.
        exif: what ``kept_exif`` gave.
        quality: 1..100 of JPEG and WebP, higher is finer; PNG is lossless.
        overwrite: replace a file of that name.

    Raises:
        OutputExistsError: the name is taken and ``overwrite`` is False.
        IQAError: the file cannot be written, or the photo is too large for the format.
    """
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    how = {
        "jpeg": {"quality": quality, "subsampling": 0, "optimize": True},
        "png": {"compress_level": 4},
        "webp": {"quality": quality},
    }[file_format]
    with new_file(path, overwrite=overwrite) as stream:
        try:
            Image.fromarray(image).save(stream, file_format, exif=_bytes(exif), icc_profile=profile, **how)
        except ValueError as error:  # WebP's and Pillow's word for sizes beyond the format
            raise IQAError(f"Could not write {str(path)!r} as {file_format}: {error}. Try --format png.") from error
