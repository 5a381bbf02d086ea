"""Exports what a run has trained: a model folder for iqa, and with --coreml a Core ML package for a phone.

    python -m training.export RUN --out assets/models/quality
    python -m training.export RUN --out DIR --weights int8 --calibration PHOTOS
    python -m training.export RUN --out DIR --coreml --palettize 6
    python -m training.export --out DIR --results results/quality/koniq.json ...

The folder holds model.onnx, manifest.json, probe.png and, when asked for, model.mlpackage with the sha256 of its files
beside it; it appears under its name only when every check has passed. Below assets/models it gets its row in the
catalogue. RUN is what training.run was given as --out, or one of its checkpoints; sizes and differences are printed,
and kept in its export.json, and the manifest's description ends with what the storage costs. The last form adds
measured results to a folder that was exported.

Exit codes: 0 done, 1 an error that its sentence explains, 2 a wrong command line, 130 Ctrl-C (nothing is left behind).
"""

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Context
from pathlib import Path

import onnx

from iqa.errors import ArgumentError, IQAError
from iqa.hub import core_ml
from iqa.model import Model
from iqa.preprocess import to_input

from . import calibration, checkpoint, choices, compress, coreml_export, ending, folders, onnx_export, parity
from .calibration import Calibration
from .checkpoint import Trained
from .choices import Choices
from .mil import Program
from .nets import Activated
from .parity import Parity, Picture

RECORD = "export.json"
CORE_ML = f"model{core_ml.SUFFIX}"


@dataclass(frozen=True)
class Exported:
    """What was made.

    Attributes:
        name, version, sha256: of the model, as in its manifest; storage: how its weights are stored.
        sizes: file or package -> (bytes, bytes when zipped).
        parities: every comparison that was made: whether the file is the network, and what its storage costs.
        notes: sentences about how it was measured.
        seconds: it took.
    """

    name: str
    version: str
    sha256: str
    storage: str
    sizes: dict[str, tuple[int, int]]
    parities: tuple[Parity, ...]
    notes: tuple[str, ...]
    seconds: float

    def table(self) -> str:
        """The record as text, with its units."""
        lines = [f"{self.name} {self.version}, sha256 {self.sha256}, {self.storage}", ""]
        lines.append(f"{'file':<24}{'bytes':>14}{'zipped':>14}")
        lines += [f"{name:<24}{size:>14,}{small:>14,}" for name, (size, small) in self.sizes.items()]
        wide = max(len(p.what) for p in self.parities) + 2
        heads = ("answers", "spread", "mean", "largest", "accepted")
        lines += ["", f"{'shares of the range':<{wide}}" + "".join(f"{head:>9}" for head in heads)]
        for p in self.parities:
            numbers = f"{p.spread:>9.1e}{p.mean:>9.1e}{p.largest:>9.1e}{p.limit:>9.0e}"
            lines.append(f"{p.what:<{wide}}{p.answers:>9}{numbers}")
        return "\n".join([*lines, "", *self.notes] if self.notes else lines)


def export(run: Path, out: Path, wanted: Choices, say: Callable[[str], None] = print) -> Exported:
    """What was made: `out` is then a model folder that iqa.model loads; nothing is left behind when a check fails.

    Raises:
        OutputExistsError: `out` is there, and not a model folder that may be overwritten.
        ArgumentError: a choice that the recipe or the photos do not allow, or a recipe that makes no model.
        IQAError: no checkpoint, weights that are NaN, answers that differ or leave their range, too large a file.
    """
    started = time.monotonic()
    folders.refuse_taken(out, overwrite=wanted.overwrite)
    trained = _whole(run)
    kept = (run if run.is_dir() else run.parent) / RECORD
    folders.recorded(kept)
    folders.refuse_other_name(out, trained.recipe.name)
    if wanted.coreml:
        coreml_export.image_inputs(trained.recipe.inputs(trained.settings), wanted.side)
    sets = calibration.of(wanted.calibration) if wanted.storage.weights == "int8" else None
    with folders.new_folder(out) as folder:
        say(f"{trained.recipe.name}: tracing the graph")
        model, parities = _onnx(folder, trained, wanted, sets, say)
        costs = [_cost(f"Stored as {wanted.storage}", parities[-1], "drawn pictures" if sets is None else sets.kind)]
        files = {folders.ONNX_FILE: [folder / folders.ONNX_FILE]}
        if wanted.coreml:
            say("converting to Core ML")
            parities += _core_ml(folder, trained, model, wanted)
            stored = wanted.storage if wanted.storage.lossy else "fp16"
            costs.append(_cost(f"Core ML package, {stored}", parities[-1], "drawn pictures"))
            core_ml.record(folder / CORE_ML, folder / folders.ONNX_FILE)
            files[CORE_ML] = [path for path in (folder / CORE_ML).rglob("*") if path.is_file()]
        folders.tell_storage(folder, costs)
        made = Exported(
            name=model.manifest.name,
            version=model.manifest.version,
            sha256=model.manifest.sha256,
            storage=str(wanted.storage),
            sizes={
                name: (sum(path.stat().st_size for path in paths), compress.zipped(paths))
                for name, paths in files.items()
            },
            parities=tuple(parities),
            notes=() if sets is None else (str(sets),),
            seconds=round(time.monotonic() - started, 1),
        )
    folders.record(kept, str(out), asdict(made))
    folders.enter(out, say)
    return made


def _whole(run: Path) -> Trained:
    """The best network of a run that makes a model, its weights all numbers."""
    trained = checkpoint.best(run)
    ending.only_models(trained.recipe)
    parity.refuse_broken(trained.net)
    return trained


def _onnx(
    folder: Path, trained: Trained, wanted: Choices, sets: Calibration | None, say: Callable[[str], None]
) -> tuple[Model, list[Parity]]:
    """(the loaded model after its files were written, how far it is from the network); `sets` are those of int8."""
    storage, spec = wanted.storage, trained.recipe.inputs(trained.settings)
    net = trained.net if storage.prune is None else compress.pruned(trained.net, storage.prune)
    pictures = parity.pictures()
    plain = onnx_export.graph(net, spec)
    model = _written(folder, plain, trained, wanted, int8=False)
    parities = [_compared("ONNX, fp32, against torch", model, net, pictures, parity.ONNX)]
    if str(storage) == "fp32":
        _refuse_large(model, wanted)
        return model, parities
    stored = plain if storage.bits is None else compress.palettized(plain, storage.bits)
    if sets is not None:
        say("measuring the ranges of activations")
        stored = compress.int8(stored, [to_input(picture, spec) for picture in sets.ranges])
        pictures = list(sets.measured)
    elif storage.weights == "fp16":
        stored = compress.halved(stored, compress.shared(net, plain))
    model = _written(folder, stored, trained, wanted, int8=storage.weights == "int8")
    _refuse_large(model, wanted)
    if storage.weights == "fp16" and storage.bits is None:
        alike = compress.rounded(net, plain)
        what = f"ONNX, {storage}, against torch with weights rounded alike"
        parities.append(_compared(what, model, alike, pictures, parity.ONNX))
    parities.append(_loss(model, trained.net, pictures, wanted))
    return model, parities


def _loss(model: Model, net: Activated, pictures: Sequence[Picture], wanted: Choices) -> Parity:
    """What the way of storing costs: the file against the network as it was trained."""
    if wanted.storage.lossy:
        limit, advice = wanted.max_loss, "Store it less small, or accept the loss with --max-loss."
        return _compared(
            f"loss by {wanted.storage}, against torch as trained", model, net, pictures, limit, advice=advice
        )
    what, advice = "loss by rounding to fp16, against torch as trained", "Store it with --weights fp32."
    return _compared(what, model, net, pictures, parity.ROUNDING, advice=advice)


def _cost(stored: str, found: Parity, pictures: str) -> str:
    """The sentence of the manifest about a file against the network as it was trained; both shares are rounded up."""
    up = Context(prec=2, rounding=ROUND_CEILING).create_decimal_from_float
    most, mean = (f"{up(share):.2g}" for share in (found.largest, found.mean))
    return (
        f"{stored}: {found.answers} answers to {pictures} differ by at most {most}, on average by {mean}, of the range "
        "from those of the trained network."
    )


def _written(folder: Path, graph: onnx.ModelProto, trained: Trained, wanted: Choices, *, int8: bool) -> Model:
    made = wanted.version or trained.recipe.version
    return folders.written(
        folder, graph.SerializeToString(), trained, opset=compress.opset(graph), model_version=made, int8=int8
    )


def _refuse_large(model: Model, wanted: Choices) -> None:
    size = model.manifest.size_bytes / 1e6
    if size > wanted.max_mb:
        raise IQAError(
            f"The file has {size:.1f} MB, accepted: {wanted.max_mb:g}. Store it smaller (--weights fp16 or int8, "
            f"--palettize 8), or accept it with --max-mb {size + 1:.0f}."
        )


def _compared(
    what: str, model: Model, net: Activated, pictures: Sequence[Picture], limit: float, *, advice: str = ""
) -> Parity:
    """Each picture alone, and the first three at once."""
    spec = model.manifest.input
    wanted = [parity.torch_answer(net, spec, picture) for picture in pictures]
    found = [*map(model.predict, pictures), *model.predict_batch(pictures[:3])]
    return parity.compared(what, found, [*wanted, *wanted[:3]], net.outputs, limit, advice=advice)


def _core_ml(folder: Path, trained: Trained, model: Model, wanted: Choices) -> list[Parity]:
    """How far the package is from the network, as converted and, where weights are stored smaller, as stored."""
    storage, inputs = wanted.storage, coreml_export.image_inputs(model.manifest.input, wanted.side)
    net = trained.net if storage.prune is None else compress.pruned(trained.net, storage.prune)
    made, path, parities = coreml_export.convert(net, inputs), folder / CORE_ML, []
    steps = [(made, net, "Core ML, fp16, against torch", parity.CORE_ML)]
    if storage.lossy:
        smaller = coreml_export.compressed(made, storage)
        steps.append((smaller, trained.net, f"Core ML, {storage}, against torch", wanted.max_loss))
    for each, against, what, limit in steps:
        shutil.rmtree(path, ignore_errors=True)
        coreml_export.save(each, model.manifest, inputs, path)
        found, exact = coreml_export.answers(Program(path), against, inputs)
        parities.append(parity.compared(what, found, exact, net.outputs, limit))
    return parities


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of the command line, as the module's text lists them."""
    made = choices.parser(__doc__ or "", CORE_ML)
    args = made.parse_args(argv)
    if (args.run is None) == (args.results is None):
        made.error("either RUN, to export it, or --results, to add them to a folder that was exported")
    try:
        if args.results:
            idle = [f"--{key.replace('_', '-')}" for key, value in vars(args).items() if value != made.get_default(key)]
            if idle := sorted(set(idle) - {"--out", "--results"}):
                raise ArgumentError(f"{', '.join(idle)}: accepted with RUN; --results only adds to a folder.")
            rows = folders.add_results(args.out, args.results).results
            folders.enter(args.out, print)
            print(f"{args.out} now states {len(rows)} results of {len(args.results)} reports.")
            return 0
        print(f"\n{export(args.run, args.out, choices.chosen(args)).table()}\n\n{args.out}")
    except ArgumentError as error:
        print(error, file=sys.stderr)
        return 2
    except IQAError as error:
        print(error, file=sys.stderr)
        return int(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        print("\nStopped; nothing was left behind.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
