"""Where the bytes of a photo come from, and how many of them may be read."""

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from PIL import Image

from ..errors import ImageError

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image

ACCEPTED = "one photo as JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF or HEIC"
_LONGEST_NAME = 400


@dataclass(frozen=True)
class Limits:
    """What a file may ask for; checked on its header, before any pixel is decoded.

    Attributes:
        max_bytes: size of the file. 640 MiB holds an uncompressed 8-bit TIFF of 200 MP.
        max_pixels: width times height. 2**28 holds a 200 MP phone photo and 16384 x 16384.
        max_side_ratio: longer side over shorter side. 50 holds every stitched panorama; a 65535 x 1 strip is no photo.
        max_header_bytes: metadata in front of the pixels (EXIF, ICC, XMP, text). 16 MiB holds the depth map and the
            second eye that some phones store there.
        max_pixels_per_byte: above 2**24 pixels, a picture must be backed by this much file. A 200 MP phone photo as
            HEIC was seen with 83 pixels per byte; PNG and TIFF bombs have 300 to 1,000.
    """

    max_bytes: int = 640 * 2**20
    max_pixels: int = 2**28
    max_side_ratio: float = 50.0
    max_header_bytes: int = 16 * 2**20
    max_pixels_per_byte: float = 150.0


LIMITS = Limits()


class Metered:
    """A binary file that refuses to be read in too many or too large pieces.

    Pillow parses headers in Python, piece by piece: a file of millions of empty chunks, or of directory entries that
    all point at the same ten megabytes, keeps it busy for minutes. ``read()`` of everything is not counted: that is
    how the readers written in C take their file.
    """

    def __init__(self, file: IO[bytes], asked: str, pieces: int, size: int) -> None:
        self._file, self._asked, self._pieces, self._bytes = file, asked, pieces, size

    def allow(self, pieces: int, size: int) -> None:
        """Replace what is left of the allowance."""
        self._pieces, self._bytes = pieces, size

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes; ImageError once the allowance is spent."""
        if size is None or size < 0:
            return self._file.read()
        self._pieces -= 1
        self._bytes -= size
        if self._pieces < 0 or self._bytes < 0:
            raise refusal(
                self._asked,
                "its metadata or its structure is larger than any photo's",
                "Save a copy without metadata from an image editor.",
            )
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """The new position, as of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The position, as of any file."""
        return self._file.tell()

    def close(self) -> None:
        """Nothing: whoever opened the file closes it."""


def refusal(asked: str, found: str, action: str, accepted: str = ACCEPTED) -> ImageError:
    """The one error of this package for a source without usable pixels."""
    return ImageError(asked=asked, found=found, accepted=accepted, action=action)


def name_of(source: object) -> str:
    """What to call a source in a sentence: the path as given, or what kind of thing it is."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return f"{memoryview(source).nbytes:,} bytes"
    if isinstance(source, Image.Image):
        return "a PIL image"
    name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", None)
    if not isinstance(name, (str, os.PathLike)):
        return "a file object" if hasattr(source, "read") else f"a {type(source).__name__}"
    text = repr(os.fsdecode(name))
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 50]} ... {text[-45:]}"


@contextmanager
def stream(source: object, asked: str, limits: Limits) -> Iterator[tuple[IO[bytes], int]]:
    """(binary file positioned at the photo's first byte, its size in bytes) of a path, bytes or a file object.

    A file object is read from where it stands to its end, and left open. Raises ImageError when there is nothing to
    read, or more than `limits` allow.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        size = memoryview(source).nbytes
        _check_size(size, asked, limits)
        yield io.BytesIO(source), size
    elif isinstance(source, (str, os.PathLike)):
        with _open_path(source, asked) as file:
            size = os.fstat(file.fileno()).st_size
            _check_size(size, asked, limits)
            yield file, size
    elif callable(getattr(source, "read", None)):
        data = _rest_of(cast(IO[bytes], source), asked, limits)
        if not data and _position(cast(IO[bytes], source)) > 0:
            raise refusal(asked, "it was read to its end before", "Seek to the photo's first byte.")
        _check_size(len(data), asked, limits)
        yield io.BytesIO(data), len(data)
    else:
        found = f"it is a {type(source).__name__}, not a source of pixels"
        raise refusal(asked, found, "Pass a path, bytes, a binary file object or a PIL image.")


def _check_size(size: int, asked: str, limits: Limits) -> None:
    if size == 0:
        raise refusal(asked, "the file is empty (0 bytes)", "Copy or download the photo again.")
    if size > limits.max_bytes:
        found = f"the file has more than {limits.max_bytes:,} bytes"
        raise refusal(asked, found, "Save it compressed, as JPEG.", f"at most {limits.max_bytes:,} bytes")


def _open_path(source: str | os.PathLike[str], asked: str) -> IO[bytes]:
    try:
        path = Path(os.fsdecode(source))
        mode = path.stat().st_mode  # before opening: a named pipe would block
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise refusal(asked, f"it is {kind}", "Name a file.")
        return path.open("rb")
    except FileNotFoundError as error:
        raise refusal(asked, "there is no such file", "Check the path.") from error
    except PermissionError as error:
        raise refusal(asked, "permission is denied", "Check who may read the file and its folder.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refusal(asked, f"the system cannot open that name ({reason})", "Check the path.") from error


def _position(file: IO[bytes]) -> int:
    """Where a file object stands, in bytes; 0 when it does not tell."""
    try:
        return file.tell()
    except (OSError, ValueError, AttributeError):  # a pipe; closed; no method of that name
        return 0


def _rest_of(file: IO[bytes], asked: str, limits: Limits) -> bytes:
    pieces: list[bytes] = []
    left = limits.max_bytes + 1
    try:
        while left > 0 and (piece := file.read(left)):
            if not isinstance(piece, bytes):
                raise refusal(asked, "the file object gives text", "Open it in binary mode, 'rb'.")
            pieces.append(piece)
            left -= len(piece)
    except (OSError, ValueError) as error:  # ValueError: the file object is closed; UnicodeDecodeError: in text mode
        raise refusal(asked, f"reading it failed ({error})", "Open the file again, in binary mode.") from error
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
