"""Trains a recipe: from a folder of photos to a folder with checkpoints and curves.

    python -m training.run --list
    python -m training.run quality --data DIR --out DIR
    python -m training.run quality --out DIR --resume
    accelerate launch --num_processes 4 -m training.run quality --data DIR --out DIR

Exit codes: 0 done, 1 an error that its sentence explains, 2 a wrong command line, 3 data not found, 130 Ctrl-C (what
was done until the last whole epoch is kept; --resume goes on).
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]

from eval.machine import commit, machine
from iqa.errors import ArgumentError, IQAError, OutputExistsError, UnknownNameError

from . import checkpoint, curves, nets, recipe, tables
from .batches import unreadable
from .devices import keep_memory
from .distill import WEIGHT, taught
from .fit import fit
from .limits import in_range
from .recipe import Recipe, Settings, Split
from .start import checked

PACKAGES = ("torch", "timm", "safetensors", "accelerate")
MACHINE = ("workers", "device", "cache")
"""Settings that may differ when a run is resumed: they change where and how fast, not what."""
_SHOWN_FAULTS = 10


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    made = argparse.ArgumentParser("python -m training.run", description="Trains a model by its recipe.")
    made.add_argument("recipe", nargs="?", help="name of the recipe (see --list)")
    made.add_argument("--list", action="store_true", help="show all recipes and their defaults")
    made.add_argument("--data", type=Path, help="folder of the photos; the recipe says which layouts it reads")
    made.add_argument("--out", type=Path, help="folder to make; refused when it is there, except with --resume")
    made.add_argument("--resume", action="store_true", help="go on from the last whole epoch of --out")
    made.add_argument("--stop-after", type=int, metavar="N", help="stop after N epochs from now, to be resumed")
    made.add_argument("--tensorboard", action="store_true", help="also write TensorBoard events into OUT/tensorboard")
    numbers: dict[str, Callable[[str], object]] = {"--epochs": _integers, "--lr": _floats}
    for flag, kind in numbers.items():
        made.add_argument(flag, type=kind, metavar="A,B", help="one number per phase")
    for flag in ("--batch-size", "--size", "--workers", "--seed", "--limit", "--patience", "--reduce"):
        made.add_argument(flag, type=int, help=f"see training/recipe.py, Settings.{flag[2:].replace('-', '_')}")
    for flag in ("--weight-decay", "--warmup-share", "--clip-norm", "--ema"):
        made.add_argument(flag, type=float, help=f"see training/recipe.py, Settings.{flag[2:].replace('-', '_')}")
    made.add_argument("--device", help="cpu, cuda, mps or auto")
    made.add_argument("--precision", help="float32, bfloat16, float16 or auto")
    made.add_argument("--weights", metavar="FILE", help='.safetensors to start from; "" = random; else pretrained')
    made.add_argument("--teacher", metavar="MODEL_DIR", help="a model folder whose answers are learned too")
    made.add_argument("--cache", nargs="?", const="", metavar="DIR", help="keep decoded photos (in OUT/cache, or DIR)")
    made.add_argument("--extra", action="append", default=[], metavar="KEY=VALUE", help="an option of the recipe")
    return made


def _integers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _floats(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


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
    elif "cache" not in found and base.cache is None and os.environ.get("IQA_CACHE"):
        found["cache"] = os.environ["IQA_CACHE"]
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
    split = made.data(data, settings)
    checked(made, settings, split)
    return taught(split, Path(settings.teacher), made.outputs) if settings.teacher else split


def begin(made: Recipe, settings: Settings, data: Path, out: Path) -> Split:
    """The photos of a fresh run, every file of them tried; `out` is then made and holds settings.json."""
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
        "commit": commit(),
        "machine": facts,
        "packages": packages,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / checkpoint.SETTINGS).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return split


def resumed(made: Recipe, args: argparse.Namespace) -> tuple[Settings, Path]:
    """(settings, data folder) of the run in --out; raises ArgumentError when something else was typed."""
    path = args.out / checkpoint.SETTINGS
    if not path.is_file():
        raise ArgumentError(f"{args.out} holds no run to resume: no {checkpoint.SETTINGS}. Leave out --resume.")
    if not (args.out / checkpoint.LAST).is_file():
        raise ArgumentError(f"The run in {args.out} ended before its first epoch did. Start it anew without --resume.")
    told = json.loads(path.read_text(encoding="utf-8"))
    was = checkpoint.settings_from(told["settings"])
    now = chosen(made, args, was)
    changed = [
        f.name for f in fields(Settings) if getattr(now, f.name) != getattr(was, f.name) and f.name not in MACHINE
    ]
    if told["recipe"] != made.name or changed:
        what = ", ".join(f"{name} {getattr(was, name)}" for name in changed) or f"recipe {told['recipe']}"
        raise ArgumentError(
            f"The run in {args.out} has {what}; resuming goes on as it began. For other settings start a new run, "
            f"with --weights {args.out / checkpoint.BEST} from where this one is."
        )
    return now, args.data or Path(told["data"]["folder"])


def same_data(out: Path, split: Split) -> None:
    """Nothing; raises IQAError when the photos or their groups are not those that the run in `out` began with."""
    told = json.loads((out / checkpoint.SETTINGS).read_text(encoding="utf-8"))["data"]
    for side, now in (("train", tables.summary(split.train)), ("validation", tables.summary(split.validation))):
        if told[side] != now:
            found, was = ({k: v for k, v in facts.items() if k != "group_sha256"} for facts in (now, told[side]))
            names = "" if found != was else ", other groups"
            raise IQAError(
                f"The data changed since the run in {out} began: {side} had {was}, now it has {found}{names}. Resuming "
                f"would mix the two sides; restore the data, or start a new run."
            )


def taken(out: Path) -> bool:
    """Whether a folder holds anything but what a run leaves that ended before its first checkpoint."""
    if not out.is_dir():
        return out.exists()
    leavings = {checkpoint.SETTINGS, "cache", "curves.csv", "curves.png"}
    names = {path.name for path in out.iterdir() if path.suffix != ".part"}
    if names <= {"cache"}:  # made by the pass that reads every photo, which comes first
        return any(path.is_file() and path.suffix not in (".npy", ".part") for path in out.rglob("*"))
    try:
        told = json.loads((out / checkpoint.SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True  # a file of that name that no run wrote
    return bool(names - leavings) or not (isinstance(told, dict) and {"recipe", "settings", "data"} <= told.keys())


def train(args: argparse.Namespace) -> None:
    """Nothing; --out then holds the run, as far as it came."""
    made = recipe.get(args.recipe)
    if args.stop_after is not None and args.stop_after < 1:
        raise ArgumentError(f"--stop-after {args.stop_after}: accepted 1 or more.")
    leads = os.environ.get("RANK", "0") == "0"
    if args.resume:
        settings, data = resumed(made, args)
        split = photos(made, settings, data)
        same_data(args.out, split)
    else:
        if leads and taken(args.out):
            raise OutputExistsError(f"{args.out} is there already. Name another --out, or go on with --resume.")
        settings, data = nets.with_facts(chosen(made, args, made.defaults)), args.data
        split = begin(made, settings, data, args.out) if leads else photos(made, settings, data)
    if leads:
        print(f"{made.name}: {len(split.train)} samples to train, {len(split.validation)} to validate, {settings}")
        if left := nets.unused(settings):
            print(f"Not loaded from {settings.weights}, for it is of the classifier: {', '.join(left)}.")
    rows = fit(made, settings, split, args.out, resume=args.resume, stop_after=args.stop_after)
    if not leads:
        return
    if args.tensorboard:
        curves.write_tensorboard(rows, args.out / "tensorboard")
    best = [row for row in rows if row["best"]]
    words = (
        f"epoch {best[-1]['epoch']} with {made.metric.name} {best[-1]['metric']:.4f}"
        if best
        else "none (undefined metric)"
    )
    print(f"{len(rows)} epochs; best: {words}: {args.out / checkpoint.BEST}")


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
    except IQAError as error:
        print(error, file=sys.stderr)
        return int(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        again = shlex.join(["python", "-m", "training.run", args.recipe or "", "--out", str(args.out), "--resume"])
        kept = (args.out / checkpoint.LAST).is_file()
        print(
            f"\nStopped. {f'The last whole epoch is kept; go on with: {again}' if kept else 'No epoch was complete.'}",
            file=sys.stderr,
        )
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
