"""The evaluation harness: ``python -m eval.run koniq --data DIR`` scores a data set, ``eval.run ls`` lists all of them.

Everything it does is a row of MEASUREMENTS, a data set, or a benchmark made from photos.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from eval import ONE_THREAD
from iqa.errors import IQAError, UnknownNameError


@dataclass(frozen=True)
class Measurement:
    """A row of the table: the module whose ``main(arguments) -> exit code`` runs it, and what it does."""

    module: str
    meaning: str


MEASUREMENTS = {
    "ls": Measurement("eval.listing", "the data sets: which are here, where they were looked for, how to get them"),
    "speed": Measurement(
        "eval.speed", "time and memory of decoding, preprocessing, every estimator, model and the start"
    ),
    "twins": Measurement("eval.twins", "near-equal photos of a data set, inside and across train and test"),
    "verify": Measurement("eval.verify", "recomputes a report from its CSV, and checks whom and what it names"),
    "compare": Measurement("eval.compare", "two reports on the same cases, by paired bootstrap"),
    "table": Measurement("eval.tables", "the README's tables from the committed reports (a data set with --data)"),
    "plot": Measurement("eval.plots", "draws a report as PNG files"),
    "gallery": Measurement("eval.gallery", "dark photos before and after enhancement, as one HTML page to look at"),
    "confounds": Measurement(
        "eval.benchmarks.confounds", "can the label of a blur list be told from a thumbnail, the size or the codec"
    ),
    "card": Measurement("eval.card", "the results for a model card: model-index and .eval_results"),
}
SCORE = "eval.measure"
"""The module that scores a data set."""

USAGE = "usage: python -m eval.run DATASET --data DIR [options]\n       python -m eval.run COMMAND [options]\n"
CODES = "exit code: 0 done, 1 a case failed or did not agree, 2 wrong call, 3 the data is absent, 130 interrupted"


def overview() -> str:
    """The names of the commands and what each does, one per line, and those of the data sets."""
    commands = "".join(f"  {name:<12}{row.meaning}\n" for name, row in MEASUREMENTS.items())
    return f"commands:\n{commands}\ndata sets and benchmarks made from photos:\n  {', '.join(_scored())}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 = done, 1 = something failed, 2 = the call is wrong, 3 = the data is absent, 130 = interrupted.

    Raises:
        SystemExit: by the argument parser of what was called.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] != ["speed"]:  # which shows what a user will see; elsewhere more threads move the last digits of sums
        for name in ONE_THREAD:
            os.environ.setdefault(name, "1")
    if words and words[0] in ("--list", "-h", "--help"):
        print(f"{USAGE}\n{overview()}\nEach has its own help: python -m eval.run koniq --help\n{CODES}")
        return 0
    if not words:
        print(f"{USAGE}Name a data set or a command.\n{overview()}", end="", file=sys.stderr)
        return 2
    module = ""
    try:
        module, rest = _called(words)
        code = int(import_module(module).main(rest))
        sys.stdout.flush()
    except IQAError as error:
        print(f"eval: {error}", file=sys.stderr)
        return int(getattr(error, "exit_code", 2))
    except KeyboardInterrupt:
        more = " What is scored is kept; the same command goes on from there." if module == SCORE else ""
        print(f"\neval: stopped.{more}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who reads us has seen enough. What is left in the buffer must not fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _called(words: list[str]) -> tuple[str, list[str]]:
    """The module whose main does what was asked, and its arguments."""
    name, *rest = words
    # `table` names a data set and a command: the data set is somebody's own, so its place is always told.
    given = any(word.partition("=")[0] == "--data" for word in rest)
    if name in MEASUREMENTS and not (name in _scored() and given):
        return MEASUREMENTS[name].module, rest
    if name in _scored():
        return SCORE, words
    raise UnknownNameError("data set or command", name, [*_scored(), *MEASUREMENTS])


def _scored() -> tuple[str, ...]:
    """Everything that can be scored."""
    from eval.benchmarks import MADE_FROM_PHOTOS, PHOTOS
    from eval.datasets import names

    return (*(name for name in names() if name != PHOTOS), *MADE_FROM_PHOTOS)


if __name__ == "__main__":
    sys.exit(main())
