"""Trains a recipe: from a folder of photos to a folder with checkpoints and curves, and with --export to a model.

    python -m training.run --list
    python -m training.run rating --data DIR --out DIR
    python -m training.run lighting --data PHOTOS --out DIR --export MODEL_DIR
    python -m training.run rating --out DIR --resume
    torchrun --nproc_per_node 4 -m training.run rating --data DIR --out DIR
    accelerate launch --multi_gpu --num_processes 4 -m training.run rating --data DIR --out DIR

Several processes: torchrun starts them on GPUs and CPUs alike. `accelerate launch` does on GPUs only; with --cpu, or
without --multi_gpu where it finds a single GPU, it starts one process whatever --num_processes says (several on CPUs
need MPI there), which is refused here. A run is resumed with as many processes as it began with.

--export makes of a complete run what `python -m training.export` makes of it by default; that command has more to say.

Exit codes: 0 done, 1 an error that its sentence explains, 2 a wrong command line (what was typed is no option, name,
number or folder that is accepted here), 3 data not found, 130 Ctrl-C (what was done until the last whole epoch is kept;
--resume goes on).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, fields, replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]

from eval.machine import commit, machine
from iqa.errors import ArgumentError, IQAError, ManifestError, OutputExistsError, UnknownNameError
from iqa.manifest import read_record
from iqa.preprocess import InputSpec

from . import checkpoint, ending, nets, recipe, resume, start, tables
from .batches import unreadable
from .devices import computing, keep_memory, place
from .distill import WEIGHT, taught
from .fit import fit
from .limits import in_range
from .recipe import Recipe, Settings, Split

PACKAGES = ("torch", "timm", "safetensors", "accelerate")
_SHOWN_FAULTS = 10
_NO_MEMORY = ("out of memory", "DefaultCPUAllocator", "DataLoader worker (pid")
"""How torch's errors tell that there was too little: on a GPU, on a CPU, or a worker that the system has ended."""


class NoData(IQAError):  # noqa: N818 (an outcome with its own exit code, as in eval)
    """A folder of photos that is not there."""

    exit_code = 3


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    made = argparse.ArgumentParser("python -m training.run", description="Trains a model by its recipe.")
    made.add_argument("recipe", nargs="?", help="name of the recipe (see --list)")
    made.add_argument("--list", action="store_true", help="show all recipes and their defaults")
    made.add_argument("--data", type=Path, help="folder of the photos; the recipe says which layouts it reads")
    made.add_argument("--out", type=Path, help="folder to make; refused when it is there, except with --resume")
    made.add_argument("--resume", action="store_true", help="go on from the last whole epoch of --out")
    made.add_argument("--stop-after", type=int, metavar="N", help="stop after N epochs from now, to be resumed")
    made.add_argument("--export", type=Path, metavar="MODEL_DIR", help="the model folder to make when it is complete")
    made.add_argument("--tensorboard", action="store_true", help="also write TensorBoard events into OUT/tensorboard")
    numbers: dict[str, Callable[[str], object]] = {"--epochs": _integers, "--lr": _floats}
    for flag, kind in numbers.items():
        made.add_argument(flag, type=kind, metavar="A,B", help="one number per phase")
    whole = ("batch-size", "size", "workers", "threads", "seed", "draw", "limit", "patience", "reduce")
    for flag in (f"--{name}" for name in whole):
        made.add_argument(flag, type=int, help=f"see training/recipe.py, Settings.{flag[2:].replace('-', '_')}")
    for flag in ("--weight-decay", "--warmup-share", "--clip-norm", "--ema"):
        made.add_argument(flag, type=float, help=f"see training/recipe.py, Settings.{flag[2:].replace('-', '_')}")
    made.add_argument("--device", help="cpu, cuda, mps or auto")
    made.add_argument("--precision", help="float32, bfloat16, float16 or auto")
    words = '.safetensors, or the folder of a published model, to start from; "" = random; else pretrained'
    made.add_argument("--weights", metavar="FILE", help=words)
    made.add_argument("--teacher", metavar="MODEL_DIR", help="a model folder whose answers are learned too")
    made.add_argument("--cache", nargs="?", const="", metavar="DIR", help="keep decoded photos (in OUT/cache, or DIR)")
    made.add_argument("--extra", action="append", default=[], metavar="KEY=VALUE", help="an option of the recipe")
    return made


def _integers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted whole numbers such as 2,10") from error


def _floats(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, accepted numbers such as 0.001,0.0003") from error


def chosen(made: Recipe, args: argparse.Namespace, base: Settings) -> Settings:
    """The settings after what was typed; raises ArgumentError for an option that the recipe does not have."""
    renamed = {"lr": "learning_rate"}
    names = {field.name for field in fields(Settings)} - {"extra"}
    typed = {renamed.get(key, key): value for key, value in vars(args).items() if value is not None}
    found: dict[str, Any] = {key: value for key, value in typed.items() if key in names}
    extra = dict(base.extra)
    accepted = {**made.defaults.extra, **nets.OPTIONS, "teacher_weight": str(WEIGHT)}
    for text in args.extra:
        key, equals, value = text.partition("=")
        if not equals:
            raise ArgumentError(f"--extra {text!r}: accepted KEY=VALUE.")
        if key not in accepted:
            raise UnknownNameError(f"option of recipe {made.name}", key, accepted)
        extra[key] = value
    if found.get("cache") == "":
        found["cache"] = str(args.out / "cache")
    return replace(base, **found, extra=extra)


def listing() -> str:
    """All recipes: name, what it makes, its command, its defaults where they say something."""
    lines = []
    for name in recipe.names():
        made = recipe.get(name)
        told = made.defaults
        phases = ", ".join(
            f"{p.name} {n} epochs at {r:g}"
            for p, n, r in zip(made.phases, told.epochs, told.learning_rate, strict=True)
        )
        options = "".join(f" --extra {key}={value}" for key, value in told.extra.items())
        lines += [f"{name}: {made.description}", f"    {phases}; size {told.size}, batch {told.batch_size}{options}"]
    return "\n".join(lines)


def photos(made: Recipe, settings: Settings, data: Path) -> Split:
    """The photos of a recipe, with the teacher's answers where there is one; settings and split fit each other."""
    in_range(made, settings)
    computing(settings.device, settings.precision)
    try:
        read_record(InputSpec, asdict(made.inputs(settings)), f"{made.name}: inputs")
    except ManifestError as error:  # sizes that no model may have
        raise ArgumentError(str(error)) from error
    if settings.cache is not None:
        resume.writable(Path(settings.cache), "--cache")
    if not data.exists():
        raise NoData(f"--data {data}: there is no such folder. Name one with photos; the recipe says which layouts.")
    split = made.data(data, settings)
    start.checked(made, settings, split)
    split = start.sources(settings, split)
    return taught(split, Path(settings.teacher), made.outputs) if settings.teacher else split


def begin(made: Recipe, settings: Settings, data: Path, out: Path, held: ExitStack) -> Split:
    """The photos of a fresh run, every file of them tried; `out` is then made, locked, and holds settings.json."""
    split = photos(made, settings, data)
    faults = unreadable(
        [split.train, split.validation], settings, lambda x: tqdm(x, "reading every photo", leave=False)
    )
    if faults:
        more = f"\n... and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise IQAError(
            f"{len(faults)} photos cannot be read. Replace them or take them out:\n"
            + "\n".join(faults[:_SHOWN_FAULTS])
            + more
        )
    facts = machine()
    packages = {**facts.pop("packages"), **{name: version(name) for name in PACKAGES}}  # type: ignore[dict-item]
    told = {
        "recipe": made.name,
        "version": made.version,
        "settings": checkpoint.settings_dict(settings),
        "data": {
            "folder": str(data),
            "train": tables.summary(split.train),
            "validation": tables.summary(split.validation),
        },
        "trained_on": [asdict(row) for row in split.trained_on],
        "commit": commit("training"),
        "machine": facts,
        "packages": packages,
    }
    out.mkdir(parents=True, exist_ok=True)
    held.enter_context(resume.alone(out))
    _free(out)  # reading took a while: another run may have come
    resume.write_settings(out, told)
    return split


def _free(out: Path) -> None:
    if resume.taken(out):
        raise OutputExistsError(f"{out} is there already. Name another --out, or go on with --resume.")


def _fresh(made: Recipe, args: argparse.Namespace, held: ExitStack | None) -> tuple[Settings, Split]:
    """(settings, photos) of a new run; the first process alone tries every photo and makes the folder."""
    if held:
        resume.writable(args.out, "--out")
        _free(args.out)
    settings = start.with_facts(chosen(made, args, made.defaults), [text.partition("=")[0] for text in args.extra])
    if (told := start.beginning(made, settings)) and held:
        print(told, flush=True)
    return settings, begin(made, settings, args.data, args.out, held) if held else photos(made, settings, args.data)


def _resumed(made: Recipe, args: argparse.Namespace, held: ExitStack | None) -> tuple[Settings, Split]:
    """(settings, photos) of the run in --out, which are those that it began with."""
    resume.writable(args.out, "--out")
    if held and args.out.is_dir():
        held.enter_context(resume.alone(args.out))
    settings, facts = resume.resumed(made, args.out, lambda was: chosen(made, args, was))
    resume.uncalibrated(args.out)
    split = photos(made, settings, args.data or Path(facts.folder))
    resume.same_data(args.out, facts, split)
    return settings, replace(split, trained_on=resume.trained_on(args.out))


def train(args: argparse.Namespace) -> None:
    """Nothing; --out then holds the run, as far as it came."""
    with ExitStack() as held:  # the lock on --out, which the first process takes
        _train(args, held if place()[0] == 0 else None)


def _train(args: argparse.Namespace, held: ExitStack | None) -> None:
    made = recipe.get(args.recipe)
    if args.stop_after is not None and args.stop_after < 1:
        raise ArgumentError(f"--stop-after {args.stop_after}: accepted 1 or more.")
    if args.tensorboard and find_spec("tensorboard") is None:
        raise ArgumentError("--tensorboard: the package is not installed. pip install -r requirements-train.txt")
    if args.export is not None and held:
        ending.refuse(made, args.out, args.export)
    settings, split = (_resumed if args.resume else _fresh)(made, args, held)
    say = partial(print, flush=True)  # a log file is watched as well
    if held:
        say(f"{made.name}: {len(split.train)} samples to train, {len(split.validation)} to validate, {settings}")
        if args.resume and (told := resume.other_code(args.out, commit("training"))):
            say(told)
    events = args.out / "tensorboard"
    watched = events if args.tensorboard or (args.resume and events.is_dir()) else None
    rows = fit(made, settings, split, args.out, resume=args.resume, stop_after=args.stop_after, events=watched, say=say)
    if held:
        say(ending.reached(made, args.out, rows, args.export))
        if made.baseline is not None:
            what, value = made.baseline(split.validation)
            say(f"To beat on the same validation samples: {what}, {made.metric.name} {value:.4f}.")
        if args.export is not None and ending.complete(args.out):
            ending.exported(args.out, args.export, say)


def explained(error: Exception) -> tuple[str, int]:
    """(sentence, exit code) for an error that a person can do something about; raises it again when it is none."""
    if isinstance(error, IQAError):
        wrong = isinstance(error, ArgumentError | UnknownNameError)
        return str(error), 2 if wrong else int(getattr(error, "exit_code", 1))
    if isinstance(error, OSError):
        return f"A file could not be read or written: {error}. What was kept until here is still there.", 1
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        first = (str(error) or type(error).__name__).strip().splitlines()[0]
        return (
            f"The memory does not suffice ({first}). Lower --batch-size, --size, --workers or, in a container, raise "
            "its shared memory (--shm-size); --workers 0 needs none."
        ), 1
    raise error


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code of the command line, as the module's text lists them."""
    made = parser()
    args = made.parse_args(argv)
    keep_memory()
    try:
        if args.list:
            print(listing())
            return 0
        if args.recipe is None or args.out is None or (args.data is None and not args.resume):
            made.error("RECIPE, --data and --out are needed (--list shows the recipes)")
        train(args)
    except (IQAError, OSError, MemoryError, RuntimeError) as error:
        return _failed(*explained(error))
    except KeyboardInterrupt:
        kept = args.out is not None and (args.out / checkpoint.LAST).is_file()
        more = (
            f"The last whole epoch is kept; go on with: {ending.again(args.recipe, args.out, args.export)}"
            if kept
            else ""
        )
        return _failed(f"\nStopped. {more or 'No epoch was complete.'}", 130)
    return 0


def _failed(sentence: str, code: int) -> int:
    rank = os.environ.get("RANK", "0")
    print(sentence if rank == "0" else f"process {rank}: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
