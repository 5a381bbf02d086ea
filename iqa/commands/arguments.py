"""The arguments of the command line, and which command does what with them."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from .. import __version__, blur, burst, degradations, watermark
from ..batch import cores
from ..errors import UnknownNameError
from ..estimator import Estimator
from ..export import EXTENSIONS, QUALITY
from ..grouping import GAP_S
from .answers import COMMANDS
from .burst import rank_burst
from .cull import cull_photos
from .enhance import SUFFIX
from .run import check_target, run_photos

PROGRAM = "python -m iqa"
MOST_JOBS = 4
"""Threads by default at most: each holds a photo and what is made of it, some hundred MB at 12 megapixels."""

DOES = {
    "score": "score the quality of photos",
    "burst": "rank the frames of one burst, best first; no file is touched",
    "cull": "find the bursts of a whole card and the best of each; no file is touched",
    "blur": "tell what kind of blur photos have",
    "degradations": "tell what is wrong with photos, and how much",
    "enhance": "give dark photos light, in new files",
    "models": "list, verify, pull (fetch) or push (publish) models",
}
_EXAMPLES = {
    "score": "score holiday/ --csv scores.csv",
    "burst": "burst IMG_1*.jpg",
    "cull": "cull /media/card/DCIM --recursive --list keep.txt",
    "blur": "blur portrait.jpg --type defocused_object_portrait",
    "degradations": "degradations holiday/ --recursive --json > report.json",
    "enhance": "enhance evening.jpg --output brighter/ --strength 0.7",
    "models": "models pull frame-scorer",
}
SEVERAL = {"burst": rank_burst, "cull": cull_photos}
"""The commands that answer for all photos at once."""
_CODES = "exit code: 0 done; 1 a photo or model failed, others are done; 2 wrong call"
_KEPT = f"""\
A copy is named NAME{SUFFIX}.EXT, is upright and in sRGB. Of the photo's
EXIF it keeps description, camera, lens, exposure, dates, artist and copyright;
not the place, thumbnails and maker notes. Copies (*{SUFFIX}.*) in folders
are not enhanced again. Photos are never overwritten."""
_CARD = """\
Photos are one group when they come from one camera (make, model, serial
number), a short pause apart, and look alike; those without a time of capture,
when they follow each other by name and look very alike. A photo alone, and a
file that cannot be read, is kept. A burst of more than 50 frames is cut at its
pauses. The list holds the names as they were given:
rsync --files-from=keep.txt . backup/"""
_MODELS = """\
A model is used only when its sha256 and its probe are right. pull takes it
from the commit in iqa/catalogue.json into $IQA_CACHE (default: ~/.cache/iqa);
push needs a token (hf auth login, or HF_TOKEN). HF_ENDPOINT and
HF_HUB_OFFLINE are honored. For verify and push a NAME with a slash, or of dots
alone, is the path of a model's folder; Core ML packages in a folder must be
those of the *.sha256 file beside each."""


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
        from .models import run_models  # loads what only hub and models need

        return run_models(parser.parse_intermixed_args(rest))
    # Options and photos in any order; argparse itself loses what follows "--" when it allows that.
    cut = rest.index("--") if "--" in rest else len(rest)
    options = parser.parse_intermixed_args(rest[:cut])
    options.photos += map(Path, filter(None, rest[cut + 1 :]))
    if not options.photos:
        parser.error("name at least one photo or folder")
    if options.csv is not None:
        check_target(options.csv, options.photos, "--csv")
    model = _task(name).estimator(options.model)  # one that cannot be used is said once, before any photo is read
    if name == "degradations":
        _check_degradations(options, model)
    if name in SEVERAL:
        return SEVERAL[name](options)
    return run_photos(COMMANDS[name], options)


def _task(name: str) -> ModuleType:
    """The module whose ESTIMATORS ``--model`` of a command chooses from."""
    return COMMANDS[name].task if name in COMMANDS else burst


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
    notes = {"enhance": _KEPT, "cull": _CARD, "models": _MODELS}.get(name, "")
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
    add("--json", action="store_true", help=f"print JSON: {'one object' if name in SEVERAL else 'a list'}")
    add("--csv", type=_path, metavar="FILE", help="also write a CSV file")
    add("--overwrite", action="store_true", help="replace existing files of the names that are written")
    known = _task(name).ESTIMATORS
    add("--model", default=known[0], metavar="NAME", help=f"estimator: {', '.join(known)} (default: %(default)s)")
    jobs = min(cores(), MOST_JOBS)
    add("--jobs", type=_count, default=jobs, metavar="N", help="photos done at the same time (default: %(default)s)")
    if name == "blur":
        add("--type", choices=blur.SELECTABLE, metavar="TYPE", help=f"ask for one: {', '.join(blur.SELECTABLE)}")
    if name == "degradations":
        _add_degradations(parser)
    if name == "enhance":
        _add_enhance(parser)
    if name == "cull":
        _add_cull(parser)
    return parser


def _add_models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", nargs="?", choices=("list", "verify", "pull", "push"), default="list", help="default: list")
    add("names", nargs="*", metavar="NAME", help="models (default: all); verify and push: a folder such as ./NAME, too")
    add("--json", action="store_true", help="print JSON: a list, for push one object")
    add("--revision", metavar="COMMIT", help="pull: from another commit than the catalogue's (40 hex digits)")
    add("--sha256", metavar="HASH", help="pull: of manifest.json at that commit, to fetch another version")
    add("--repo", metavar="OWNER/NAME", help="push: the repository; created when it is missing")
    add("--private", action="store_true", help="push: make a created repository private")
    add("--message", metavar="TEXT", help="push: of the commit (default: name and version)")


def _add_degradations(parser: argparse.ArgumentParser) -> None:
    known = degradations.WEIGHTINGS
    add = parser.add_argument
    add("--weights", choices=known, default=known[0], help="of the overall; rated: fitted to people's ratings")
    add("--locate-watermark", action="store_true", help="say where a watermark is; some seconds per photo with one")


def _check_degradations(options: argparse.Namespace, model: Estimator) -> None:
    """Nothing, when what was asked for can be answered by that estimator."""
    degradations.formula(options.weights, model)
    if options.locate_watermark:
        watermark.check(options.model)


def _add_enhance(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--output", type=_path, metavar="DIR", help="folder for the copies; made when missing (default: beside each)")
    add("--strength", type=_share, default=1.0, metavar="S", help="0 = no change, 1 = full (default: %(default)s)")
    add("--force", action="store_true", help="also enhance photos that do not need it")
    add("--format", choices=tuple(EXTENSIONS), help="of the copies (default: as the photo; png or jpeg for others)")
    add("--keep-gps", action="store_true", help="also copy the place (GPS) of the photo; left out otherwise")
    add("--quality", type=_percent, default=QUALITY, metavar="Q", help="of jpeg, webp: 1..100 (default: %(default)s)")


def _add_cull(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--keep", type=_number, default=1, metavar="K", help="photos to keep of each group (default: %(default)s)")
    add("--gap", type=_seconds, default=GAP_S, metavar="S", help="longest pause in a group, s (default: %(default)s)")
    add("--list", type=_path, metavar="FILE", help="also write the names of the photos to keep, one per line")


def _path(text: str) -> Path:
    if not text:  # an unset variable of a shell; pathlib would take it for the current folder
        raise argparse.ArgumentTypeError("found an empty name, accepted: the name of a file or folder")
    return Path(text)


def _count(text: str) -> int:
    return int(_within(text, 1, 64))


def _percent(text: str) -> int:
    return int(_within(text, 1, 100))


def _number(text: str) -> int:
    return int(_within(text, 1, 10_000))


def _seconds(text: str) -> float:
    return _within(text, 0, 86_400, whole=False)


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
