"""The arguments of the command line, and which command does what with them."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .. import __version__, blur, quality
from ..batch import cores
from ..errors import UnknownNameError
from ..estimator import require
from ..export import EXTENSIONS, QUALITY
from .answers import COMMANDS
from .burst import rank_burst
from .enhance import SUFFIX
from .run import check_csv, run_photos

PROGRAM = "python -m iqa"
MOST_JOBS = 4
"""Threads by default at most: each holds a photo and what is made of it, some hundred MB at 12 megapixels."""

DOES = {
    "score": "score the quality of photos",
    "burst": "rank the frames of one burst, best first; no file is touched",
    "blur": "tell what kind of blur photos have",
    "degradations": "tell what is wrong with photos, and how much",
    "enhance": "give dark photos light, in new files",
    "models": "list, verify, pull (fetch) or push (publish) models",
}
_EXAMPLES = {
    "score": "score holiday/ --csv scores.csv",
    "burst": "burst IMG_1*.jpg",
    "blur": "blur portrait.jpg --type defocused_object_portrait",
    "degradations": "degradations holiday/ --recursive --json > report.json",
    "enhance": "enhance evening.jpg --output brighter/ --strength 0.7",
    "models": "models pull frame-scorer",
}
_CODES = "exit code: 0 done; 1 a photo or model failed, others are done; 2 wrong call"
_KEPT = f"""\
A copy is named NAME{SUFFIX}.EXT, is upright and in sRGB. Of the photo's
EXIF it keeps description, camera, lens, exposure, dates, artist and copyright;
not the place, thumbnails and maker notes. Copies (*{SUFFIX}.*) in folders
are not enhanced again. Photos are never overwritten."""
_MODELS = """\
A model is used only when its sha256 and its probe are right. pull takes it
from the commit in iqa/catalogue.json into $IQA_CACHE (default: ~/.cache/iqa);
push needs a token (hf auth login, or HF_TOKEN). HF_ENDPOINT and
HF_HUB_OFFLINE are honored."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are short and end with what to do."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"iqa: {message}\nTry: {self.prog} --help\n")


def run(arguments: Sequence[str]) -> int:
    """Exit code: 0 = done, 1 = a photo failed and the others are done.

    Raises:
        IQAError: the call cannot be carried out; nothing was done.
        SystemExit: by argparse, for its complaints (2), for help and version (0).
    """
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in DOES:
        if name and not name.startswith("-"):
            raise UnknownNameError("command", name, DOES)
        _overview().parse_args(arguments)
        raise UnknownNameError("command", name, DOES)
    parser = _parser(name)
    if name == "models":
        from .models import run_models  # loads ONNX Runtime, which the other commands do without

        return run_models(parser.parse_intermixed_args(rest))
    # Options and photos in any order; argparse itself loses what follows "--" when it allows that.
    cut = rest.index("--") if "--" in rest else len(rest)
    options = parser.parse_intermixed_args(rest[:cut])
    options.photos += map(Path, filter(None, rest[cut + 1 :]))
    if not options.photos:
        parser.error("name at least one photo or folder")
    if options.csv is not None:
        check_csv(options.csv, options.photos)
    require(options.model, quality.ESTIMATORS if name == "burst" else COMMANDS[name].task.ESTIMATORS)
    if name == "burst":
        return rank_burst(options)
    return run_photos(COMMANDS[name], options)


def _overview() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<14}{text}" for name, text in DOES.items())
    parser = _Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} COMMAND ...",
        description="Photo quality on the command line.",
        epilog=f"commands:\n{lines}\n\nEach has its own help: {PROGRAM} score --help\n{_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"iqa {__version__}")
    parser.add_argument("command", metavar="COMMAND", help="one of those below")
    return parser


def _parser(name: str) -> argparse.ArgumentParser:
    notes = {"enhance": _KEPT, "models": _MODELS}.get(name, "")
    parser = _Parser(
        prog=f"{PROGRAM} {name}",
        usage=f"{PROGRAM} {name} [options] {'[list|verify|pull|push] [NAME ...]' if name == 'models' else 'PHOTO ...'}",
        description=f"{DOES[name].capitalize()}.",
        epilog=f"{notes}\n\nexample: {PROGRAM} {_EXAMPLES[name]}\n{_CODES}".lstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if name == "models":
        _add_models(parser)
        return parser
    what = "the frames, or a folder of them" if name == "burst" else "photos, and folders of photos"
    add = parser.add_argument
    add(
        "photos", nargs="*", type=_path, metavar="PHOTO", help=f'{what}; a name that starts with a dash goes after "--"'
    )
    add("-r", "--recursive", action="store_true", help="also take the folders inside folders")
    add("--json", action="store_true", help=f"print JSON: {'one object' if name == 'burst' else 'a list'}")
    add("--csv", type=_path, metavar="FILE", help="also write a CSV file")
    add("--overwrite", action="store_true", help="replace existing files of the names that are written")
    add("--model", default="classical", metavar="NAME", help="name of the estimator (default: %(default)s)")
    jobs = min(cores(), MOST_JOBS)
    add("--jobs", type=_count, default=jobs, metavar="N", help="photos done at the same time (default: %(default)s)")
    if name == "blur":
        add("--type", choices=blur.SELECTABLE, metavar="TYPE", help=f"ask for one: {', '.join(blur.SELECTABLE)}")
    if name == "enhance":
        _add_enhance(parser)
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", nargs="?", choices=("list", "verify", "pull", "push"), default="list", help="default: list")
    add("names", nargs="*", metavar="NAME", help="models (default: all); push takes one, or a folder such as ./NAME")
    add("--json", action="store_true", help="print JSON: a list, for push one object")
    add("--revision", metavar="COMMIT", help="pull: from another commit than the catalogue's (40 hex digits)")
    add("--sha256", metavar="HASH", help="pull: of manifest.json at that commit, to fetch another version")
    add("--repo", metavar="OWNER/NAME", help="push: the repository; created when it is missing")
    add("--private", action="store_true", help="push: make a created repository private")
    add("--message", metavar="TEXT", help="push: of the commit (default: name and version)")


def _add_enhance(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", type=_path, metavar="DIR", help="folder for the copies; made when missing (default: beside each)")
    add("--strength", type=_share, default=1.0, metavar="S", help="0 = no change, 1 = full (default: %(default)s)")
    add("--force", action="store_true", help="also enhance photos that do not need it")
    add("--format", choices=tuple(EXTENSIONS), help="of the copies (default: as the photo; png or jpeg for others)")
    add("--quality", type=_percent, default=QUALITY, metavar="Q", help="of jpeg, webp: 1..100 (default: %(default)s)")


def _path(text: str) -> Path:
    if not text:  # an unset variable of a shell; pathlib would take it for the current folder
        raise argparse.ArgumentTypeError("found an empty name, accepted: the name of a file or folder")
    return Path(text)


def _count(text: str) -> int:
    return int(_within(text, 1, 64))


def _percent(text: str) -> int:
    return int(_within(text, 1, 100))


def _share(text: str) -> float:
    return _within(text, 0, 1, whole=False)


def _within(text: str, low: int, high: int, *, whole: bool = True) -> float:
    kind = "whole number" if whole else "number"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted: a {kind} from {low} to {high}")
    return value
