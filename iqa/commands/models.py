"""The estimators there are: those that come with the code, and the model files, listed or verified."""

import argparse
import sys

from .. import blur, degradations, lowlight, quality
from ..errors import IQAError
from ..estimator import Estimator
from ..model import MODELS, list_models, load_model
from ..table import printable, to_json

CLASSICAL = {"quality": quality, "blur": blur, "degradations": degradations, "lowlight": lowlight}
"""Task -> module with the closed-form estimator that ``--model classical`` chooses; a burst is ranked by quality."""


def show_models(options: argparse.Namespace) -> int:
    """Exit code 0, or 1 when a model file is missing, altered, or does not give the numbers of its probe."""
    rows = [_row("classical", task, module.CLASSICAL) for task, module in CLASSICAL.items()]
    rows += _files(verify=options.action == "verify")
    if options.json:
        print("[", ",\n".join(map(to_json, rows)), "]", sep="\n")
    else:
        _print(rows)
    failed = [row for row in rows if row["error"] is not None]
    for row in failed:
        print(printable(f"iqa: {row['name']}: {row['error']}"), file=sys.stderr)
    return 1 if failed else 0


def _row(
    name: str, task: str | None, model: Estimator | None, verified: bool | None = None, error: str | None = None
) -> dict[str, object]:
    """One JSON object: ``name`` as --model takes it; ``verified`` is null for what has no file and was not checked."""
    about = None if model is None else model.as_dict()
    return {"name": name, "task": task, "model": about, "verified": verified, "error": error}


def _files(*, verify: bool) -> list[dict[str, object]]:
    """A row per folder with a model file; ``verify`` also recomputes its hash and its probe."""
    rows = []
    for name, found in list_models(MODELS).items():
        if isinstance(found, IQAError):
            rows.append(_row(name, None, None, False, str(found)))
            continue
        model = Estimator(found.name, found.version, found.sha256)
        try:
            if verify:
                load_model(name, root=MODELS)
            rows.append(_row(name, found.task, model, True if verify else None))
        except IQAError as error:
            rows.append(_row(name, found.task, model, False, str(error)))
    return rows


def _print(rows: list[dict[str, object]]) -> None:
    line = "{:<12}  {:<20}  {:<30}  {}"
    print(line.format("task", "--model", "estimator and version", "state"))
    print(line.format("-" * 12, "-" * 20, "-" * 30, "-" * 8))
    for row in rows:
        about = row["model"]
        model = f"{about['name']} {about['version']}" if isinstance(about, dict) else "?"
        closed_form = row["name"] == "classical"
        unchecked = "closed form" if closed_form else "not checked"
        state = unchecked if row["verified"] is None else "verified" if row["verified"] else "FAILED"
        print(line.format(str(row["task"] or "?"), str(row["name"]), model, state))
    files = sum(row["name"] != "classical" for row in rows)
    print(f"\n{files or 'No'} model {'file' if files == 1 else 'files'} in assets/models.")
