"""New files: written under a temporary name, then renamed; nothing is overwritten unless that was asked for."""

import codecs
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import IQAError, OutputExistsError

_LOOKED_AT = 64 * 2**10
"""Bytes of an existing file that tell whether it is text; the first few hundred of every photo are none."""
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*(<|%!PS|%PDF|P[123]\s|/\* XPM)")
"""How pictures that are text begin (SVG, EPS, PNM, XPM), and XMP, which holds what was done to a photo."""


@contextmanager
def new_file(path: Path, *, overwrite: bool = False, text: bool = False) -> Iterator[BinaryIO]:
    """A binary file that gets its name when the block ends well, and leaves no trace when it does not.

    Args:
        path: the name it gets; its folder must exist.
        overwrite: replace a file of that name. A link of that name is replaced, not followed.
        text: the new file is plain text, so only plain text may be replaced: a photo that was named by mistake is not.

    Raises:
        OutputExistsError: the name is taken and ``overwrite`` is False, or what has it is never replaced: a folder, a
            device, a pipe, and with ``text`` a file that is no text.
        IQAError: the name cannot be used, the folder does not exist or is not writable. OSError: the disk is full.
    """
    _check_free(path, overwrite=overwrite, text=text)
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        stream = temporary.open("xb")
    except OSError as error:
        raise IQAError(f"Could not write {str(path)!r}: {error.strerror or error}. Choose another place.") from error
    try:
        with stream:
            yield stream
        if overwrite:
            _check_free(path, overwrite=True, text=text)  # long work may lie between: another file may have come
            temporary.replace(path)
        else:
            _name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_free(path: Path, *, overwrite: bool, text: bool = False) -> None:
    """Nothing; an error when the name cannot be used, or has a file that must stay."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:  # too long, no permission, a NUL character
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise IQAError(f"Could not write {str(path)!r}: {why}. Choose another name.") from error
    try:
        mode = path.stat().st_mode
    except OSError:  # a link that leads nowhere
        mode = stat.S_IFREG
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "something that is not a regular file"
        raise OutputExistsError(f"Could not write {str(path)!r}: {kind} has that name. Name a file.")
    if not overwrite:
        raise OutputExistsError(f"{str(path)!r} exists already and was left as it is. Add --overwrite to replace it.")
    if text and not _is_plain_text(path):
        raise OutputExistsError(
            f"{str(path)!r} is no plain text, perhaps a photo, and was left as it is. Name another file to write."
        )


def _is_plain_text(path: Path) -> bool:
    """Whether a file is UTF-8 without NUL and without markup, as CSV is; so is an empty file, or a link to nothing."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter cut in two at the end is no error
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):  # what cannot be looked at is not replaced
        return False
    return b"\0" not in head and not _MARKUP.match(head)


def _name(temporary: Path, path: Path) -> None:
    """Gives the file its name, unless somebody took it in the meantime."""
    try:
        path.hardlink_to(temporary)  # fails when the name is taken, which a rename does not
    except FileExistsError:
        _check_free(path, overwrite=False)
    except OSError:  # a file system without hard links
        try:
            path.touch(exist_ok=False)  # takes the name, or fails
        except FileExistsError:
            _check_free(path, overwrite=False)
        temporary.replace(path)
