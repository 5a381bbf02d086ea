"""How a run ends: what it has come to, the command that comes next, and with --export its model folder."""

import math
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from iqa import model
from iqa.errors import ArgumentError, OutputExistsError

from . import checkpoint, curves, recipe, resume
from .devices import place
from .recipe import Recipe

_HALF = 2
"""Bytes per weight, as training.export stores them by default."""
_MARGIN_MB = 0.65
"""The graph itself, and the small weights that stay in 4 bytes: at most .47 in the published models."""


def megabytes(made: Recipe) -> int:
    """Size that the exported network of a recipe stays under, 10**6 bytes, at the storage that is the default."""
    weights = sum(parameter.numel() for parameter in checkpoint.blank(made, made.defaults).parameters())
    return math.ceil(weights * _HALF / 1e6 + _MARGIN_MB)


def command(made: Recipe, out: Path, folder: Path) -> str:
    """What to type next: to export the run in `out` as the model `folder`, or to start the run that it is a start for.

    A larger file than usual is allowed for.
    """
    if not made.exported:
        follower = recipe.followers(made.name)[0]
        train = ["python", "-m", "training.run", follower, "--data", "DIR", "--out", "DIR"]
        return shlex.join([*train, "--weights", str(out / checkpoint.BEST)])
    from .choices import MAX_MB  # brings onnx, which training itself does without

    size = megabytes(made)
    room = ["--max-mb", str(size)] if size > MAX_MB else []
    return shlex.join(["python", "-m", "training.export", str(out), "--out", str(folder), *room])


def again(name: str, out: Path, folder: Path | None = None) -> str:
    """The command that resumes a run with as many processes as now, and then exports it where that was asked for."""
    processes = place()[1]
    launch = ["python"] if processes == 1 else ["torchrun", "--nproc_per_node", str(processes)]
    then = [] if folder is None else ["--export", str(folder)]
    return shlex.join([*launch, "-m", "training.run", name, "--out", str(out), "--resume", *then])


def complete(out: Path) -> bool:
    """Whether the run in a folder has come to its end."""
    return bool(checkpoint.state(out / checkpoint.LAST)["progress"]["done"])


def reached(made: Recipe, out: Path, rows: Sequence[curves.Row], folder: Path | None = None) -> str:
    """What a run has come to, and the command that comes next: to go on with it, or to export it.

    Args:
        made, out, rows: the run.
        folder: to which it is exported at its end; None = not asked for.
    """
    best = [row for row in rows if row["best"]]
    words = (
        f"epoch {best[-1]['epoch']} with {made.metric.name} {best[-1]['metric']:.4f}"
        if best
        else f"none, for {made.metric.name} was never defined; the last epoch is kept"
    )
    found = f"{len(rows)} epochs; best: {words}: {out / checkpoint.BEST}"
    export = command(made, out, folder or Path("assets", "models", made.name))
    if complete(out):
        return f"{found}\nComplete. {'Next' if folder is None else 'Exporting it, as this would'}: {export}"
    kept = "" if folder is None else f", so nothing was exported to {folder}"
    what = "export the best epoch so far" if made.exported else "start from it"
    return f"{found}\nNot complete{kept}; to go on: {again(made.name, out, folder)}\nTo {what}: {export}"


def only_models(made: Recipe) -> None:
    """Nothing; raises ArgumentError for a recipe whose network is only a start for others."""
    if not made.exported:
        others = ", ".join(recipe.followers(made.name))
        raise ArgumentError(
            f"{made.name} makes no model, but a start for {others}: give them its {checkpoint.BEST} as --weights."
        )


def refuse(made: Recipe, out: Path, folder: Path) -> None:
    """Nothing, when the run in `out` may be exported to `folder` at its end: asked before hours are spent on it.

    Raises:
        OutputExistsError: something is there already.
        ArgumentError: it could not be made there, lies in the way of the run, or has the name of another model.
        ArgumentError: the file would be larger than training.export accepts without being asked, or there is no model.
    """
    from .choices import MAX_MB

    only_models(made)
    resume.writable(out, "--out")
    resume.writable(folder, "--export")
    if folder.exists() or folder.is_symlink():
        raise OutputExistsError(f"--export {folder} is there already and was left as it is. Name another folder.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ArgumentError(f"--export {folder}: the run lies there ({out}); accepted: a folder of its own.")
    if folder.absolute().parent.resolve() == model.MODELS.resolve() and folder.name != made.name:
        raise ArgumentError(f"--export {folder}: there, a folder has the name of its model; accepted: {made.name}.")
    if (size := megabytes(made)) > MAX_MB:
        raise ArgumentError(
            f"--export {folder}: a model of {made.name} has up to {size} MB, accepted unasked: {MAX_MB:g}. Leave out "
            "--export; the run ends with the command that exports it."
        )


def exported(out: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Nothing; the model folder then holds the best epoch of the run, stored as training.export does by default.

    Raises:
        IQAError: as `training.export.export`; the run is kept.
    """
    from . import choices, export

    say(f"\n{export.export(out, folder, choices.Choices(), say=say).table()}\n\n{folder}")
