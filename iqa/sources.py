"""Which photos are meant: files and folders from a command line, in the order in which they are done."""

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

_DIGITS = re.compile(r"[0-9]+")
_MOST_KINDS = 6


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


@dataclass
class _Folder:
    """What stands in one folder, names sorted naturally; ``others`` counts the files that are not taken, by suffix."""

    photos: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def _silent(_: str) -> None:
    """For callers who do not want to know."""


def find(
    arguments: Iterable[Path],
    extensions: Collection[str],
    *,
    recursive: bool = False,
    leave_out: str | None = None,
    tell: Callable[[str], None] = _silent,
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
        tell: is given a sentence for everything that was named and is not done: other files in a folder, a photo that
            was named before, and, where there are photos elsewhere, a folder without any.
    """
    several = list(arguments)
    seen: set[str] = set()
    told: set[str] = set()
    empty: list[Path] = []
    for argument in several:
        count = 0
        for source in _expand(argument, extensions, recursive, leave_out, _once(tell, told)):
            count += 1
            if len(several) > 1:
                place = f"{os.path.realpath(source.path.parent)}{os.sep}{source.path.name}"
                if place in seen:
                    if source.path == argument:
                        tell(f"{str(argument)!r} was named before; it is done once.")
                    continue
                seen.add(place)
            yield source
        if not count:
            empty.append(argument)
    if len(empty) < len(several):
        for folder in empty:
            tell(f"no photo was found in {str(folder)!r}.")


def _once(tell: Callable[[str], None], told: set[str]) -> Callable[[str], None]:
    """``tell``, silent about a sentence that it has told: a folder may be named twice."""

    def tell_new(sentence: str) -> None:
        if sentence not in told:
            told.add(sentence)
            tell(sentence)

    return tell_new


def _expand(
    argument: Path,
    extensions: Collection[str],
    recursive: bool,
    leave_out: str | None,
    tell: Callable[[str], None],
) -> Iterator[Source]:
    if not os.path.isdir(argument):  # noqa: PTH112 - Path.is_dir raises before Python 3.12 where a name is too long
        yield Source(argument, Path(argument.name))
        return
    waiting = [argument]
    while waiting:
        folder = waiting.pop()
        try:
            found = _list(folder, extensions, leave_out)
        except OSError as error:
            reason = f"Could not read the folder: {error.strerror or error}. Check its permissions."
            yield Source(folder, folder.relative_to(argument), reason)
            continue
        if found.others:
            tell(_not_taken(folder, found.others))
        if found.folders and not recursive:
            count = len(found.folders)
            were = f"folder in {str(folder)!r} was" if count == 1 else f"folders in {str(folder)!r} were"
            tell(f"{count} {were} not looked into; --recursive does that.")
        for name in found.photos:
            yield Source(folder / name, folder.relative_to(argument) / name)
        if recursive:
            waiting.extend(folder / name for name in reversed(found.folders))


def _not_taken(folder: Path, others: Counter[str]) -> str:
    """The sentence about the files of a folder that are not taken, with their extensions, the most frequent first."""
    count = others.total()
    kinds = ", ".join(suffix or "no extension" for suffix, _ in others.most_common(_MOST_KINDS))
    more = ", ..." if len(others) > _MOST_KINDS else ""
    files, were = ("file", "was") if count == 1 else ("files", "were")
    return f"{count} other {files} in {str(folder)!r} {were} not taken ({kinds}{more})."


def _list(folder: Path, extensions: Collection[str], leave_out: str | None) -> _Folder:
    """What stands in one folder."""
    found = _Folder()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = PurePath(entry.name)
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                found.folders.append(entry.name)
            elif entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112 - see _expand
                found.others["linked folder"] += 1
            elif not _may_be_file(entry) or name.suffix.lower() not in extensions:
                found.others[name.suffix.lower()] += 1
            elif not _ends(name, leave_out):
                found.photos.append(entry.name)
    found.photos.sort(key=natural_key)
    found.folders.sort(key=natural_key)
    return found


def _may_be_file(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a file, or a link that cannot be followed to its end: its loader explains that."""
    try:
        return entry.is_file()
    except OSError:
        return True


def _ends(name: PurePath, ending: str | None) -> bool:
    return ending is not None and name.stem.endswith(ending)
