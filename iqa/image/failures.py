"""The ways in which a decoder fails on a broken file, and how they become one sentence for a person."""

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from PIL import Image, ImageCms, UnidentifiedImageError

from .source import refusal

UNREADABLE: tuple[type[Exception], ...] = (
    UnidentifiedImageError,  # no reader knows the content
    Image.DecompressionBombError,  # Pillow's own limit, inside GIF and TIFF readers
    ImageCms.PyCMSError,  # a color transform that cannot be built
    OSError,  # truncated or damaged data; also what the C decoders report
    EOFError,  # WebP and HEIC readers on a short file
    SyntaxError,  # a header that breaks its format's rules
    ValueError,  # sizes, modes, text and dates that cannot be (UnicodeDecodeError is one)
    TypeError,  # a tag of another type than its meaning needs
    LookupError,  # a tag, table or palette entry that is not there (IndexError, KeyError)
    ArithmeticError,  # numbers beyond their type, divisions by zero (OverflowError, ZeroDivisionError)
    AttributeError,  # a part of the reader that a broken header never created
    AssertionError,  # Pillow states some of its expectations about files this way
    RuntimeError,  # HEIC reader; RecursionError on nested directories
    MemoryError,  # a picture larger than the machine
    struct.error,  # a record cut off in the middle
    zlib.error,  # a damaged compressed stream
)
"""Everything Pillow and pi-heif are known to raise on hostile files; programming errors of ours are not caught by it
because it only ever surrounds their calls."""

_CUT_OFF = re.compile(
    r"truncat|premature|not enough|incomplete|end of (file|data)|failed to decode next", re.IGNORECASE
)
_READERS = (re.compile(r"(PIL|pi_heif)\."), "ignore")
_lock = threading.Lock()
_quiet_calls = 0


@contextmanager
def explained(asked: str, size: int | None) -> Iterator[None]:
    """Run a decoder: its failure becomes one ImageError, its warnings are not shown.

    Args:
        asked: what the caller wanted, for the sentence.
        size: bytes in the file, None where unknown.
    """
    try:
        with _quietly():
            yield
    except UNREADABLE as error:
        raise refusal(asked, _reason(error, size), "Copy or export the photo again.") from error


def _reason(error: Exception, size: int | None) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    where = "" if size is None else f" ({size:,} bytes)"
    if isinstance(error, EOFError) or _CUT_OFF.search(str(error)):
        end = "" if size is None else f" after {size:,} bytes"
        return f"the file ends{end}, before its picture is complete"
    return f"its data{where} is damaged or cut off [{type(error).__name__}: {str(error)[:120] or 'no detail'}]"


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the readers' warnings, whatever the filters say, also under ``-W error``.

    Not ``warnings.catch_warnings``: before Python 3.14 it swaps the filters of the whole process, and two threads
    that leave it in the wrong order leave the wrong filters behind. Here one row, for these modules only, stands in
    front while any call is running.
    """
    global _quiet_calls  # noqa: PLW0603 - how many threads need the row is a fact about the process
    row = (_READERS[1], None, Warning, _READERS[0], 0)
    filters = cast(list[Any], warnings.filters)
    with _lock:
        _quiet_calls += 1
        if row not in filters:
            filters.insert(0, row)
    try:
        yield
    finally:
        with _lock:
            _quiet_calls -= 1
            current = cast(list[Any], warnings.filters)
            while not _quiet_calls and row in current:
                current.remove(row)
