"""What a command line of training.export can say, and which of it is accepted: looked at before any work is done."""

import argparse
import math
from dataclasses import dataclass, field
from pathlib import Path

from iqa import manifest as manifests
from iqa.errors import ArgumentError, ManifestError

from . import compress, coreml_export
from .compress import Storage

MAX_MB, MAX_LOSS = 10.0, 0.05
_LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Choices:
    """What a command line can say.

    Attributes:
        storage: of the weights.
        coreml: make a Core ML package as well; side: of its tile where a view has a free size, px.
        calibration: folder of photos for int8: every second one sets the ranges, the others measure the loss; None =
            drawn pictures.
        max_mb: of the ONNX file, 10**6 bytes.
        max_loss: share of an output's range that int8, pruning or palettes may cost on one picture.
        version: of the model; None = the recipe's.
        overwrite: replace a model folder of that name.

    Raises:
        ArgumentError: a number that is none or outside its range, or an option that nothing would come of.
    """

    storage: Storage = field(default_factory=Storage)
    coreml: bool = False
    side: int = coreml_export.SIDE
    calibration: Path | None = None
    max_mb: float = MAX_MB
    max_loss: float = MAX_LOSS
    version: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.max_mb < math.inf:
            raise ArgumentError(f"--max-mb {self.max_mb:g}: accepted a finite number of megabytes above 0.")
        if not 0 < self.max_loss <= 1:
            raise ArgumentError(f"--max-loss {self.max_loss:g}: accepted a share of the range above 0, at most 1.")
        if not 1 <= self.side <= _LARGEST_SIDE:
            raise ArgumentError(f"--coreml-side {self.side}: accepted 1 to {_LARGEST_SIDE} px.")
        idle = {
            "--coreml-side belongs to --coreml": self.side != coreml_export.SIDE and not self.coreml,
            "--calibration belongs to --weights int8": self.calibration is not None and self.storage.weights != "int8",
            "--max-loss belongs to --weights int8, --prune and --palettize": self.max_loss != MAX_LOSS
            and not self.storage.lossy,
        }
        if said := [words for words, found in idle.items() if found]:
            raise ArgumentError(f"{'; '.join(said)}, which was not asked for.")
        if self.version is not None:
            try:
                manifests.read_record(manifests.Version, self.version, "--version")
            except ManifestError as error:
                raise ArgumentError(str(error)) from error


def parser(text: str, package: str) -> argparse.ArgumentParser:
    """What can be typed.

    Args:
        text: of the module: its first paragraph, then what follows the options.
        package: name of the Core ML package.
    """
    words = text.split("\n\n")
    made = argparse.ArgumentParser(
        "python -m training.export",
        description=words[0],
        epilog="\n\n".join(words[1:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("run", nargs="?", type=Path, metavar="RUN", help="--out of training.run, or a checkpoint in it")
    made.add_argument("--out", type=Path, required=True, metavar="MODEL_DIR", help="the model folder to make")
    made.add_argument("--version", metavar="X.Y.Z", help="of the model (default: the recipe's)")
    made.add_argument("--overwrite", action="store_true", help="replace a model folder of that name")
    made.add_argument("--results", type=Path, nargs="+", metavar="JSON", help="reports for the manifest in MODEL_DIR")
    made.add_argument("--max-mb", type=float, default=MAX_MB, help=f"accepted size of model.onnx ({MAX_MB:g})")
    _add_storage(made)
    made.add_argument("--coreml", action="store_true", help=f"also make {package}, fp16, iOS 16 and later")
    made.add_argument(
        "--coreml-side", type=int, default=coreml_export.SIDE, metavar="PX", help="tile of a network for any size"
    )
    return made


def _add_storage(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--weights",
        choices=compress.WEIGHTS,
        default="fp16",
        help="fp32; fp16 (default): half the size, the same arithmetic; int8: 8-bit arithmetic",
    )
    made.add_argument("--prune", type=float, metavar="S", help="set this share of every large layer's weights to 0")
    made.add_argument("--palettize", type=int, metavar="BITS", choices=compress.BITS, help="2**BITS values per layer")
    made.add_argument(
        "--calibration",
        type=Path,
        metavar="DIR",
        help="photos for int8: half of them set the ranges, the others measure the loss (default: drawn pictures)",
    )
    made.add_argument(
        "--max-loss", type=float, default=MAX_LOSS, metavar="X", help=f"of the range, if stored smaller ({MAX_LOSS:g})"
    )


def chosen(args: argparse.Namespace) -> Choices:
    """What was typed.

    Raises:
        ArgumentError: as Choices and Storage say.
    """
    return Choices(
        storage=Storage(args.weights, args.prune, args.palettize),
        coreml=args.coreml,
        side=args.coreml_side,
        calibration=args.calibration,
        max_mb=args.max_mb,
        max_loss=args.max_loss,
        version=args.version,
        overwrite=args.overwrite,
    )
