"""The estimators there are: those that come with the code, and the model files, listed, verified, pulled or pushed."""

import argparse
import sys
from pathlib import Path

from .. import blur, catalogue, degradations, hub, lowlight, quality
from ..batch import Progress
from ..errors import ArgumentError, IQAError
from ..estimator import Estimator
from ..hub import Place
from ..table import printable, to_json

CLASSICAL = {"quality": quality, "blur": blur, "degradations": degradations, "lowlight": lowlight}
"""Task -> module with the closed-form estimator that ``--model classical`` chooses; a burst is ranked by quality."""


def run_models(options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a model is missing, altered, or could not be fetched or sent; the others are done.

    Raises:
        IQAError: the call cannot be carried out; nothing was done.
    """
    own = {"pull": ("revision", "sha256"), "push": ("repo", "private", "message")}
    for action, names in own.items():
        given = [f"--{name}" for name in names if getattr(options, name)]
        if given and options.action != action:
            raise ArgumentError(f"{', '.join(given)} belongs to 'models {action}', found 'models {options.action}'.")
    return {"list": _show, "verify": _show, "pull": _pull, "push": _push}[options.action](options)


def _show(options: argparse.Namespace) -> int:
    progress = Progress()
    verified = options.action == "verify"
    if not verified:
        _refuse_paths(options)
    named = [_named(text) for text in options.names]
    places = hub.verify(named, progress=progress.show) if verified else hub.survey(options.names)
    progress.clear()
    rows = [] if options.names else [_row("classical", task, m.CLASSICAL) for task, m in CLASSICAL.items()]
    rows += [_file(place) for place in places]
    if options.json:
        print("[", ",\n".join(map(to_json, rows)), "]", sep="\n")
    else:
        _print(rows)
    failed = [row for row in rows if row["error"] is not None]
    for row in failed:
        by_path = row["where"] == "folder"  # the sentence begins with it
        _complain(f"{row['error']}" if by_path else f"{row['name']}: {row['error']}")
    return 1 if failed else 0


def _named(text: str) -> str | Path:
    """A path where the text has a separator or consists of dots, else a name: a name is no path."""
    return Path(text) if "/" in text or "\\" in text or not text.strip(".") else text


def _refuse_paths(options: argparse.Namespace) -> None:
    """Raises ArgumentError for a path where only names are accepted."""
    paths = [text for text in options.names if isinstance(_named(text), Path)]
    if paths:
        accepted = "accepted: names of models; verify and push take folders as well"
        raise ArgumentError(f"models {options.action}: found the path {paths[0]!r}, {accepted}.")


def _row(name: str, task: str | None, model: Estimator | None) -> dict[str, object]:
    """One JSON object: ``name`` as --model takes it, or the path that was typed; ``verified`` null: was not checked."""
    about = None if model is None else model.as_dict()
    version = None if model is None else model.version
    files = {"where": "closed form", "version": version, "folder": None, "repository": None, "commit": None}
    return {"name": name, "task": task, "model": about, "verified": None, "error": None, **files}


def _file(place: Place) -> dict[str, object]:
    found, row = place.manifest, place.row
    model = None if found is None else Estimator(found.name, found.version, found.sha256)
    return {
        **_row(place.name, None if found is None else found.task, model),
        "verified": place.verified,
        "error": place.error,
        "where": place.where,
        "version": found.version if found is not None else None if row is None else row.version,
        "folder": None if place.folder is None else str(place.folder),
        "repository": None if row is None else row.repository,
        "commit": None if row is None else row.commit,
    }


def _print(rows: list[dict[str, object]]) -> None:
    line = "{:<12}  {:<20}  {:<30}  {}"
    print(line.format("task", "--model", "estimator and version", "state"))
    print(line.format("-" * 12, "-" * 20, "-" * 30, "-" * 8))
    for row in rows:
        about = row["model"]
        name = about["name"] if isinstance(about, dict) else row["name"]
        model = f"{name} {row['version'] or '?'}"
        print(line.format(str(row["task"] or "?"), str(row["name"]), model, _state(row)))
    files = sum(row["folder"] is not None for row in rows)
    print(f"\n{files or 'No'} model {'folder' if files == 1 else 'folders'} on this machine.")


def _state(row: dict[str, object]) -> str:
    where, verified = row["where"], row["verified"]
    if where == "closed form":
        return "closed form"
    if where == "not pulled":
        return f"not pulled from {row['repository']}"
    return f"{where}, {'not checked' if verified is None else 'verified' if verified else 'FAILED'}"


def _pull(options: argparse.Namespace) -> int:
    _refuse_paths(options)
    rows = catalogue.read()
    names = options.names or [name for name, row in rows.items() if row.repository is not None]
    if options.revision is not None and len(names) != 1:
        raise ArgumentError(f"--revision belongs to one model; found {len(names)}. Name one.")
    for name in names:
        catalogue.require(name, rows)
    done: list[dict[str, object]] = []
    progress = Progress()
    for name in names:
        try:
            folder = hub.pull(name, revision=options.revision, sha256=options.sha256, progress=progress.show)
            done.append({"name": name, "folder": str(folder), "error": None})
        except ArgumentError:
            raise
        except IQAError as error:
            done.append({"name": name, "folder": None, "error": str(error)})
        progress.clear()
        if not options.json and done[-1]["error"] is None:
            print(printable(f"{name}: verified, in {done[-1]['folder']}", sys.stdout.encoding))
        elif done[-1]["error"] is not None:
            _complain(f"{name}: {done[-1]['error']}")
    if options.json:
        print("[", ",\n".join(map(to_json, done)), "]", sep="\n")
    elif not names:
        print("The catalogue holds no model with a repository: there is nothing to pull.")
    return 1 if any(row["error"] is not None for row in done) else 0


def _push(options: argparse.Namespace) -> int:
    if len(options.names) != 1 or options.repo is None:
        found = f"{len(options.names)} models and {'no' if options.repo is None else 'a'} --repo"
        raise ArgumentError(f"push: found {found}; accepted: one NAME or folder, and --repo OWNER/NAME.")
    (name,) = options.names
    progress = Progress()
    try:
        row = hub.push(
            _named(name),
            options.repo,
            private=options.private,
            message=options.message,
            progress=progress.show,
        )
    except ArgumentError:
        raise
    except IQAError as error:
        progress.clear()
        _complain(str(error))
        return 1
    progress.clear()
    if options.json:
        print(to_json(row.as_dict()))
    else:
        print(f"{name}: {row.version} is at {row.repository}, commit {row.commit}.")
        print(f"{catalogue.PATH} has its row now. Commit it, so that others can pull the model,")
        print(f"with {row.repository} among the models: of the Spacefile and of README's header.")
    return 0


def _complain(text: str) -> None:
    print(printable(f"iqa: {text}"), file=sys.stderr)
