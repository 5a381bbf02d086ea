"""Which photos are meant: files and folders from a command line, in the order in which they are done."""

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Source:
    """A photo to do, or a folder that could not be read.

    Attributes:
        path: as given, or the folder as given with the name below it.
        below: path relative to the folder it was found in; the bare name for a file that was named itself.
        error: why it cannot be done, in a sentence; None for a photo (which may still prove unreadable).
    """

    path: Path
    below: Path
    error: str | None = None


def natural_key(name: str) -> tuple[str, str]:
    """Sort key under which IMG_2 comes before IMG_10, and upper and lower case stand together."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(20), name.casefold()), name


def find(
    arguments: Iterable[Path], extensions: Collection[str], *, recursive: bool = False, leave_out: str | None = None
) -> Iterator[Source]:
    """The photos that the arguments name, one after the other, each once.

    A folder stands for its files with a known extension, sorted naturally, hidden ones left out. A photo that two
    arguments name (``a.jpg`` and ``./a.jpg``, or a file and its folder) is done at the first; links and copies under
    other names count as photos of their own. Memory: the names of one folder at a time; with several arguments also
    the paths already given out.

    Args:
        arguments: files and folders; a file that does not exist is given out, so that its loader explains it.
        extensions: of the files to take from folders, in lower case with the dot.
        recursive: also take the folders below; links to folders are not followed.
        leave_out: files of a folder whose name before the extension ends in this are not taken.
    """
    several = list(arguments)
    seen: set[str] = set()
    for argument in several:
        for source in _expand(argument, extensions, recursive, leave_out):
            if len(several) > 1:
                place = f"{os.path.realpath(source.path.parent)}{os.sep}{source.path.name}"
                if place in seen:
                    continue
                seen.add(place)
            yield source


def _expand(argument: Path, extensions: Collection[str], recursive: bool, leave_out: str | None) -> Iterator[Source]:
    if not argument.is_dir():
        yield Source(argument, Path(argument.name))
        return
    waiting = [argument]
    while waiting:
        folder = waiting.pop()
        try:
            photos, folders = _list(folder, extensions, leave_out)
        except OSError as error:
            reason = f"Could not read the folder: {error.strerror or error}. Check its permissions."
            yield Source(folder, folder.relative_to(argument), reason)
            continue
        for name in photos:
            yield Source(folder / name, folder.relative_to(argument) / name)
        if recursive:
            waiting.extend(folder / name for name in reversed(folders))


def _list(folder: Path, extensions: Collection[str], leave_out: str | None) -> tuple[list[str], list[str]]:
    """(photos, folders) in one folder, names sorted naturally."""
    photos, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = PurePath(entry.name)
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif name.suffix.lower() in extensions and not _ends(name, leave_out) and entry.is_file():
                photos.append(entry.name)
    return sorted(photos, key=natural_key), sorted(folders, key=natural_key)


def _ends(name: PurePath, ending: str | None) -> bool:
    return ending is not None and name.stem.endswith(ending)
