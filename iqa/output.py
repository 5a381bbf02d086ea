"""New files: written under a temporary name, then renamed; nothing is overwritten unless that was asked for."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import IQAError, OutputExistsError


@contextmanager
def new_file(path: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """A binary file that gets its name when the block ends well, and leaves no trace when it does not.

    Args:
        path: the name it gets; its folder must exist.
        overwrite: replace a file of that name. A link of that name is replaced, not followed.

    Raises:
        OutputExistsError: the name is taken and ``overwrite`` is False, or is that of a folder.
        IQAError: the folder does not exist or is not writable. OSError: the disk is full.
    """
    _check_free(path, overwrite)
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        stream = temporary.open("xb")
    except OSError as error:
        raise IQAError(f"Could not write {str(path)!r}: {error.strerror or error}. Choose another place.") from error
    try:
        with stream:
            yield stream
        if overwrite:
            temporary.replace(path)
        else:
            _name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_free(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise OutputExistsError(f"Could not write {str(path)!r}: a folder has that name. Name a file.")
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError(f"{str(path)!r} exists already and was left as it is. Add --overwrite to replace it.")


def _name(temporary: Path, path: Path) -> None:
    """Gives the file its name, unless somebody took it in the meantime."""
    try:
        path.hardlink_to(temporary)  # fails when the name is taken, which a rename does not
    except FileExistsError:
        _check_free(path, overwrite=False)
    except OSError:  # a file system without hard links
        _check_free(path, overwrite=False)
        temporary.replace(path)
