"""Dark photos into new files: where each goes, and what is said of it."""

import argparse
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from .. import answer, image, lowlight
from ..errors import IQAError, OutputExistsError
from ..export import EXTENSIONS, kept_exif, save_photo
from ..sources import Source
from ..table import Record

SUFFIX = "_enhanced"
_LOSSLESS = ("PNG", "TIFF", "BMP", "GIF")


class Targets:
    """The names that one run gives to new files: none twice, and none that is a photo it was asked to read."""

    def __init__(self, photos: Iterable[Path] = ()) -> None:
        given = list(photos)
        self._taken = {os.path.realpath(photo) for photo in given}
        self._photos = frozenset(self._taken)
        self._files = {identity(photo) for photo in given} - {None}
        self._lock = threading.Lock()

    def claim(self, target: Path, photo: Path) -> None:
        """Nothing; the name then belongs to this photo.

        Raises:
            OutputExistsError: another photo of this run has the name, or it names a photo of this run.
        """
        name = os.path.realpath(target)
        found = identity(target)
        if name in self._photos or (found is not None and found in {*self._files, identity(photo)}):
            raise OutputExistsError(f"{str(target)!r} is itself a photo that was given; it is never written to.")
        with self._lock:
            if name in self._taken:
                raise OutputExistsError(
                    f"Another photo of this run becomes {str(target)!r}. Enhance them in two runs, with two --output."
                )
            self._taken.add(name)


def identity(path: Path) -> tuple[int, int] | None:
    """Device and number of the file that a name stands for, however the name is spelled; None when there is none."""
    try:
        found = path.stat()
    except OSError:  # also a name that is too long: whoever writes it says so
        return None
    return found.st_dev, found.st_ino


def enhance(source: Source, options: argparse.Namespace) -> Record:
    """What was done to a photo; it is written when it needs enhancement, or with ``--force``.

    Raises:
        IQAError: the photo cannot be read, or its copy cannot be written; OutputExistsError when its name is taken.
    """
    path = source.path
    file_format = options.format or _format_like(image.info(path).format)
    target = target_of(source, options.output, file_format)
    found = lowlight.enhance(image.load(path), strength=options.strength, force=options.force, model=options.model)
    if found.applied:
        options.targets.claim(target, path)
        _make_folder(target.parent)
        exif = kept_exif(path, gps=options.keep_gps)
        quality, overwrite = options.quality, options.overwrite
        save_photo(found.image, target, file_format=file_format, exif=exif, quality=quality, overwrite=overwrite)
        label = f"{path} -> {target}"
    else:
        label = f"{path}: nothing was written. {found.need.reason}"
    said = {"output": str(target) if found.applied else None, **answer.lowlight(found)}
    light = {f"mean_luminance_{when}": value for when, value in said["mean_luminance"].items()}
    return Record(str(path), found.model, said, {**said, **light}, label)


def target_of(source: Source, output: Path | None, file_format: str) -> Path:
    """The name of the enhanced copy: NAME_enhanced.EXT beside the photo, or at the same place below ``output``.

    The extension is kept as it is spelled when it belongs to the format.
    """
    known = EXTENSIONS[file_format]
    extension = source.path.suffix if source.path.suffix.lower() in known else known[0]
    folder = source.path.parent if output is None else output / source.below.parent
    return folder / f"{source.path.stem}{SUFFIX}{extension}"


def _format_like(found: str) -> str:
    """The format of the copy of a photo in a format: the same where it can be written, else one as faithful."""
    return "webp" if found == "WEBP" else "png" if found in _LOSSLESS else "jpeg"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IQAError(f"Could not make the folder {str(folder)!r}: {error.strerror}. Choose another one.") from error
