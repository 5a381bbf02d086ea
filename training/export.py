"""Exports what a run has trained: a model folder for iqa, and with --coreml a Core ML package for a phone.

    python -m training.export RUN --out assets/models/quality
    python -m training.export RUN --out DIR --weights int8 --calibration PHOTOS
    python -m training.export RUN --out DIR --coreml --palettize 6
    python -m training.export --out DIR --results results/quality/koniq.json ...

The folder holds model.onnx, manifest.json, probe.png and, when asked for, model.mlpackage; it appears under its name
only when every check has passed. RUN is what training.run was given as --out, or one of its checkpoints; sizes and
differences are printed, and kept in its export.json. The last form adds measured results to a folder that was exported.

Exit codes: 0 done, 1 an error that its sentence explains, 2 a wrong command line, 130 Ctrl-C (nothing is left behind).
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import onnx

from iqa import image as photos
from iqa.errors import ArgumentError, IQAError
from iqa.model import Model
from iqa.preprocess import to_input
from iqa.sources import find

from . import checkpoint, compress, coreml_export, folders, onnx_export, parity
from .checkpoint import Trained
from .compress import Storage
from .mil import Program
from .nets import Activated
from .parity import Parity, Picture

RECORD = "export.json"
CORE_ML = "model.mlpackage"
MAX_MB, MAX_LOSS = 10.0, 0.05
_MOST_PHOTOS = 64


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
    """

    storage: Storage = field(default_factory=Storage)
    coreml: bool = False
    side: int = coreml_export.SIDE
    calibration: Path | None = None
    max_mb: float = MAX_MB
    max_loss: float = MAX_LOSS
    version: str | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Exported:
    """What was made.

    Attributes:
        name, version, sha256: of the model, as in its manifest; storage: how its weights are stored.
        sizes: file or package -> (bytes, bytes when zipped).
        parities: every comparison that was made.
        seconds: it took.
    """

    name: str
    version: str
    sha256: str
    storage: str
    sizes: dict[str, tuple[int, int]]
    parities: tuple[Parity, ...]
    seconds: float

    def table(self) -> str:
        """The record as text, with its units."""
        lines = [f"{self.name} {self.version}, sha256 {self.sha256}, {self.storage}", ""]
        lines.append(f"{'file':<24}{'bytes':>14}{'zipped':>14}")
        lines += [f"{name:<24}{size:>14,}{small:>14,}" for name, (size, small) in self.sizes.items()]
        heads = ("pictures", "spread", "mean", "largest", "accepted")
        lines += ["", f"{'shares of the range':<58}" + "".join(f"{head:>9}" for head in heads)]
        for p in self.parities:
            numbers = f"{p.spread:>9.1e}{p.mean:>9.1e}{p.largest:>9.1e}{p.limit:>9.0e}"
            lines.append(f"{p.what:<58}{p.pictures:>9}{numbers}")
        return "\n".join(lines)


def export(run: Path, out: Path, choices: Choices, say: Callable[[str], None] = print) -> Exported:
    """What was made: `out` is then a model folder that iqa.model loads; nothing is left behind when a check fails.

    Raises:
        OutputExistsError: `out` is there, and not a model folder that may be overwritten.
        IQAError: no checkpoint, weights that are NaN, answers that differ or leave their range, too large a file.
    """
    started = time.monotonic()
    folders.refuse_taken(out, overwrite=choices.overwrite)
    trained = checkpoint.best(run)
    parity.refuse_broken(trained.net)
    with folders.new_folder(out) as folder:
        say(f"{trained.recipe.name}: tracing the graph")
        model, parities = _onnx(folder, trained, choices, say)
        files = {folders.ONNX_FILE: [folder / folders.ONNX_FILE]}
        if choices.coreml:
            say("converting to Core ML")
            parities += _core_ml(folder, trained, model, choices)
            files[CORE_ML] = [path for path in (folder / CORE_ML).rglob("*") if path.is_file()]
        made = Exported(
            name=model.manifest.name,
            version=model.manifest.version,
            sha256=model.manifest.sha256,
            storage=str(choices.storage),
            sizes={
                name: (sum(path.stat().st_size for path in paths), compress.zipped(paths))
                for name, paths in files.items()
            },
            parities=tuple(parities),
            seconds=round(time.monotonic() - started, 1),
        )
    folders.record((run if run.is_dir() else run.parent) / RECORD, str(out), asdict(made))
    return made


def _onnx(folder: Path, trained: Trained, choices: Choices, say: Callable[[str], None]) -> tuple[Model, list[Parity]]:
    """The loaded model after its files were written, and how far it is from the network."""
    storage, spec = choices.storage, trained.recipe.inputs(trained.settings)
    net = trained.net if storage.prune is None else compress.pruned(trained.net, storage.prune)
    pictures = parity.pictures()
    plain = onnx_export.graph(net, spec)
    model = _written(folder, plain, trained, choices, int8=False)
    parities = [_compared("ONNX, fp32, against torch", model, net, pictures, parity.ONNX)]
    if str(storage) == "fp32":
        _refuse_large(model, choices)
        return model, parities
    stored = plain if storage.bits is None else compress.palettized(plain, storage.bits)
    if storage.weights == "int8":
        say("measuring the ranges of activations")
        calibration, pictures = _calibration(choices, pictures)
        stored = compress.int8(stored, [to_input(picture, spec) for picture in calibration])
    elif storage.weights == "fp16":
        stored = compress.halved(stored)
    model = _written(folder, stored, trained, choices, int8=storage.weights == "int8")
    _refuse_large(model, choices)
    limit = choices.max_loss if storage.lossy else parity.HALF
    parities.append(_compared(f"ONNX, {storage}, against torch", model, trained.net, pictures, limit))
    return model, parities


def _written(folder: Path, graph: onnx.ModelProto, trained: Trained, choices: Choices, *, int8: bool) -> Model:
    made = choices.version or trained.recipe.version
    return folders.written(
        folder, graph.SerializeToString(), trained, opset=compress.opset(graph), model_version=made, int8=int8
    )


def _refuse_large(model: Model, choices: Choices) -> None:
    size = model.manifest.size_bytes / 1e6
    if size > choices.max_mb:
        raise IQAError(
            f"The file has {size:.1f} MB, accepted: {choices.max_mb:g}. Store it smaller (--weights fp16 or int8, "
            f"--palettize 8), or accept it with --max-mb {size + 1:.0f}."
        )


def _compared(what: str, model: Model, net: Activated, pictures: Sequence[Picture], limit: float) -> Parity:
    """Each picture alone, and the first three at once."""
    spec = model.manifest.input
    wanted = [parity.torch_answer(net, spec, picture) for picture in pictures]
    found = [*map(model.predict, pictures), *model.predict_batch(pictures[:3])]
    return parity.compared(what, found, [*wanted, *wanted[:3]], net.outputs, limit)


def _calibration(choices: Choices, drawn: list[Picture]) -> tuple[list[Picture], list[Picture]]:
    """(pictures that set the ranges of activations, pictures to measure on)."""
    if choices.calibration is None:
        return drawn, drawn
    sources = list(find([choices.calibration], photos.EXTENSIONS, recursive=True))
    paths = [source.path for source in sources if source.error is None]
    chosen = paths[:: max(1, len(paths) // _MOST_PHOTOS)][:_MOST_PHOTOS]
    if len(chosen) < 2:
        raise ArgumentError(f"--calibration {choices.calibration}: found {len(chosen)} photos, accepted: 2 or more.")
    loaded = [photos.load(path, max_side=1024) for path in chosen]
    return loaded[::2], loaded[1::2]


def _core_ml(folder: Path, trained: Trained, model: Model, choices: Choices) -> list[Parity]:
    """How far the package is from the network, as converted and, where weights are stored smaller, as stored."""
    storage, inputs = choices.storage, coreml_export.image_inputs(model.manifest.input, choices.side)
    net = trained.net if storage.prune is None else compress.pruned(trained.net, storage.prune)
    made, path, parities = coreml_export.convert(net, inputs), folder / CORE_ML, []
    steps = [(made, net, "Core ML, fp16, against torch", parity.CORE_ML)]
    if storage.lossy:
        smaller = coreml_export.compressed(made, storage)
        steps.append((smaller, trained.net, f"Core ML, {storage}, against torch", choices.max_loss))
    for each, against, what, limit in steps:
        shutil.rmtree(path, ignore_errors=True)
        coreml_export.save(each, model.manifest, inputs, path)
        found, wanted = coreml_export.answers(Program(path), against, inputs)
        parities.append(parity.compared(what, found, wanted, net.outputs, limit))
    return parities


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    words = (__doc__ or "").split("\n\n")
    made = argparse.ArgumentParser(
        "python -m training.export",
        description=words[0],
        epilog="\n\n".join(words[1:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("run", nargs="?", type=Path, metavar="RUN", help="--out of training.run, or a checkpoint in it")
    made.add_argument("--out", type=Path, required=True, metavar="MODEL_DIR", help="the model folder to make")
    made.add_argument(
        "--weights",
        choices=compress.WEIGHTS,
        default="fp16",
        help="fp32; fp16 (default): half the size, the same arithmetic; int8: 8-bit arithmetic",
    )
    made.add_argument("--prune", type=float, metavar="S", help="set this share of every large layer's weights to 0")
    made.add_argument("--palettize", type=int, metavar="BITS", choices=compress.BITS, help="2**BITS values per layer")
    made.add_argument("--calibration", type=Path, metavar="DIR", help="photos for int8 (default: drawn pictures)")
    made.add_argument("--coreml", action="store_true", help=f"also make {CORE_ML}, fp16, iOS 16 and later")
    made.add_argument(
        "--coreml-side", type=int, default=coreml_export.SIDE, metavar="PX", help="tile of a network for any size"
    )
    made.add_argument("--max-mb", type=float, default=MAX_MB, help=f"accepted size of model.onnx ({MAX_MB:g})")
    made.add_argument(
        "--max-loss", type=float, default=MAX_LOSS, metavar="X", help=f"of the range, if stored smaller ({MAX_LOSS:g})"
    )
    made.add_argument("--version", metavar="X.Y.Z", help="of the model (default: the recipe's)")
    made.add_argument("--overwrite", action="store_true", help="replace a model folder of that name")
    made.add_argument("--results", type=Path, nargs="+", metavar="JSON", help="reports for the manifest in MODEL_DIR")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of the command line, as the module's text lists them."""
    made = parser()
    args = made.parse_args(argv)
    if (args.run is None) == (args.results is None):
        made.error("either RUN, to export it, or --results, to add them to a folder that was exported")
    try:
        if args.results:
            rows = folders.add_results(args.out, args.results).results
            print(f"{args.out} now states {len(rows)} results of {len(args.results)} reports.")
            return 0
        choices = Choices(
            storage=Storage(args.weights, args.prune, args.palettize),
            coreml=args.coreml,
            side=args.coreml_side,
            calibration=args.calibration,
            max_mb=args.max_mb,
            max_loss=args.max_loss,
            version=args.version,
            overwrite=args.overwrite,
        )
        print(f"\n{export(args.run, args.out, choices).table()}\n\n{args.out}")
    except IQAError as error:
        print(error, file=sys.stderr)
        return int(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        print("\nStopped; nothing was left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
