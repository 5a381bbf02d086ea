"""What lies under --out: nothing yet, what an early end left, a run to go on with, or something that must stay."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import DataSet, read_record

from . import checkpoint, tables
from .recipe import Recipe, Settings, Split

MACHINE = ("workers", "threads", "device", "cache")
"""Settings that may differ when a run is resumed: they change where and how fast, not what."""
_CALIBRATIONS = {
    "range": "training.conformal",
    "certain": "training.temperature",
    "severities": "training.medians",
    "levels": "training.level_heads",
}
"""What the state of a run holds once it was calibrated, and by what."""
_LEAVINGS = {checkpoint.SETTINGS, "cache", "curves.csv", "curves.png", "tensorboard"}


@dataclass(frozen=True)
class Facts:
    """What settings.json keeps of the data: the folder, and per side what `tables.summary` gives."""

    folder: str
    train: dict[str, Any]
    validation: dict[str, Any]


def writable(folder: Path, flag: str) -> None:
    """Nothing; raises ArgumentError when no file can be made in a folder, which need not be there yet."""
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists() or path.is_symlink())
        with TemporaryFile(dir=there):  # tried, because the rights alone do not tell of a read-only disk
            pass
    except OSError as error:
        raise ArgumentError(
            f"{flag} {folder}: no file can be made there ({error.strerror or error}). Accepted: a folder to write in, "
            "or the name of a new one."
        ) from error


def taken(out: Path) -> bool:
    """Whether a folder holds anything but what a run leaves that ended before its first checkpoint."""
    if not out.is_dir():
        return out.exists()
    names = {path.name for path in out.iterdir() if path.suffix != ".part"}
    if names <= {"cache"}:  # made by the pass that reads every photo, which comes first
        return any(path.is_file() and path.suffix not in (".npy", ".part") for path in out.rglob("*"))
    try:
        told = json.loads((out / checkpoint.SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True  # a file of that name that no run wrote
    return bool(names - _LEAVINGS) or not (isinstance(told, dict) and {"recipe", "settings", "data"} <= told.keys())


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """A folder in which no other process trains; raises ArgumentError when one does. Not checked on Windows."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArgumentError(
                    f"Another run is training in {out}. Wait for its end, or name another --out."
                ) from error
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)  # workers share the handle, so closing it is not enough
        os.close(handle)


def write_settings(out: Path, told: dict[str, Any]) -> None:
    """Nothing; the folder then has its settings.json, whole or not at all."""
    part = out / f"{checkpoint.SETTINGS}.part"
    part.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    part.replace(out / checkpoint.SETTINGS)


def resumed(made: Recipe, out: Path, choose: Callable[[Settings], Settings]) -> tuple[Settings, Facts]:
    """(settings, facts on the data) of the run in `out`, so far as what was typed (`choose`) leaves them as they were.

    Raises:
        ArgumentError: there is none, it is of another recipe, or something else was typed.
        IQAError: settings.json or a checkpoint is cut, was changed by hand, or is of another run.
    """
    path, last = out / checkpoint.SETTINGS, out / checkpoint.LAST
    if not path.is_file():
        raise ArgumentError(f"{out} holds no run to resume: no {checkpoint.SETTINGS}. Leave out --resume.")
    if not last.is_file():
        if (out / checkpoint.BEST).exists():
            raise ArgumentError(
                f"{out} holds {checkpoint.BEST}, but no {checkpoint.LAST} to resume from. Start a new run elsewhere, "
                f"with --weights {out / checkpoint.BEST}."
            )
        raise ArgumentError(f"The run in {out} ended before its first epoch did. Start it anew without --resume.")
    name, was = checkpoint.about(path, _read(path))
    began = facts_of(out)
    now = choose(was)
    changed = _differing(now, was)
    if name != made.name or changed:
        what = ", ".join(f"{key} {getattr(was, key)}" for key in changed) or f"recipe {name}"
        raise ArgumentError(
            f"The run in {out} has {what}; resuming goes on as it began. For other settings start a new run, "
            f"with --weights {out / checkpoint.BEST} from where this one is."
        )
    _of_this_run(out, name, was)
    return now, began


def calibrated_by(state: Mapping[str, Any]) -> str:
    """What calibrated the network of that state: the name of a module; "" = nothing did."""
    return next((name for key, name in _CALIBRATIONS.items() if key in state), "")


def uncalibrated(out: Path) -> None:
    """Nothing; raises ArgumentError when the best network of the run in `out` was calibrated: a better one would go
    without."""
    best = out / checkpoint.BEST
    if told := calibrated_by(checkpoint.state(best)):
        raise ArgumentError(
            f"The run in {out} went through {told}, which a better epoch would undo. Start a new run, with --weights "
            f"{best} from where this one is."
        )


def read_settings(out: Path) -> dict[str, Any]:
    """What settings.json in `out` holds; raises IQAError when it is cut or gone."""
    return _read(out / checkpoint.SETTINGS)


def facts_of(out: Path) -> Facts:
    """Those on the data of the run in `out`; raises IQAError when settings.json is not as it was written."""
    path = out / checkpoint.SETTINGS
    return _facts(path, _read(path).get("data"))


def trained_on(out: Path) -> tuple[DataSet, ...]:
    """What the manifest names, as written when the run in `out` began: the weights it started from may be gone.

    Raises:
        IQAError: settings.json is not as it was written.
    """
    path = out / checkpoint.SETTINGS
    rows: tuple[DataSet, ...] = read_record(tuple[DataSet, ...], _read(path).get("trained_on"), f"{path}: trained_on")
    return rows


def other_code(out: Path, now: str | None) -> str:
    """A sentence when the run in `out` began with other sources than those of `now`, a commit; empty when not."""
    was = read_settings(out).get("commit")
    if was == now and not str(now).endswith("+changes"):
        return ""
    return (
        f"The sources may have changed since this run began (then {was or 'no commit'}, now {now or 'no commit'}): its "
        "loss or its data may differ from here on."
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(told, dict):
            raise ValueError("no object")
    except (OSError, ValueError, RecursionError) as error:
        raise IQAError(
            f"{path} cannot be read ({error}): it was cut or changed by hand. Restore it, or start a new run elsewhere "
            f"with --weights {path.with_name(checkpoint.BEST)}."
        ) from error
    return told


def _facts(path: Path, data: object) -> Facts:
    try:
        facts = Facts(**data)  # type: ignore[arg-type]
    except TypeError:
        facts = None
    if (
        facts is None
        or not isinstance(facts.folder, str)
        or not all(isinstance(x, dict) for x in (facts.train, facts.validation))
    ):
        raise IQAError(f"{path} does not tell the data as it was written; restore it, or start a new run.")
    return facts


def _differing(one: Settings, other: Settings) -> list[str]:
    names = (field.name for field in fields(Settings) if field.name not in MACHINE)
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def _of_this_run(out: Path, recipe: str, settings: Settings) -> None:
    """Nothing; raises IQAError when a checkpoint is cut, or not of the run that settings.json describes."""
    best = out / checkpoint.BEST
    if not best.exists():
        raise IQAError(f"{best} is gone, so the best epoch so far would be lost. Restore it, or start a new run.")
    for path, key in ((best, "trained_on"), (out / checkpoint.LAST, "progress")):
        try:
            told = checkpoint.state(path)
        except IQAError as error:
            other = "" if path == best else f", with --weights {best}"
            raise IQAError(f"{error} Restore it, or start a new run elsewhere{other}.") from error
        name, used = checkpoint.about(path, told)
        changed = [f"{each} {getattr(used, each)}" for each in _differing(used, settings)]
        if name != recipe or changed or key not in told:
            what = name if name != recipe else ", ".join(changed) or f"another kind, without {key}"
            raise IQAError(
                f"{path} is of {what}, which {checkpoint.SETTINGS} beside it does not say: one of them was changed or "
                "comes from another run. Restore it, or start a new run."
            )


def same_data(out: Path, facts: Facts, split: Split) -> None:
    """Nothing; raises IQAError when the photos or their groups are not those that the run in `out` began with."""
    for side, began, photos in (
        ("train", facts.train, split.train),
        ("validation", facts.validation, split.validation),
    ):
        now = tables.summary(photos)
        if began != now:
            found, was = ({k: v for k, v in told.items() if k != "group_sha256"} for told in (now, began))
            names = "" if found != was else ", other groups"
            raise IQAError(
                f"The data changed since the run in {out} began: {side} had {was}, now it has {found}{names}. Resuming "
                f"would mix the two sides; restore the data, or start a new run."
            )
