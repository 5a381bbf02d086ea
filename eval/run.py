"""The measurements: ``python -m eval.run speed``; ``--list`` names them all. Each is a module with ``main``."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from iqa.errors import IQAError, UnknownNameError


@dataclass(frozen=True)
class Measurement:
    """A row of the table: the module whose ``main(arguments) -> exit code`` runs it, and what it measures."""

    module: str
    meaning: str


MEASUREMENTS = {
    "speed": Measurement("eval.speed", "how long decoding, every classical estimator and the start take"),
}

USAGE = "usage: python -m eval.run MEASUREMENT [options]\n"


def overview() -> str:
    """The names of the measurements and what each measures, one per line."""
    return "".join(f"  {name:<12}{row.meaning}\n" for name, row in MEASUREMENTS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 = done, 1 = something failed, 2 = the call is wrong, 3 = the data is absent, 130 = interrupted.

    Raises:
        SystemExit: by the measurement's own argument parser.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in ("--list", "-h", "--help"):
        print(f"{USAGE}\n{overview()}\nEach has its own help: python -m eval.run speed --help")
        return 0
    if not words:
        print(f"{USAGE}Name a measurement:\n{overview()}", end="", file=sys.stderr)
        return 2
    try:
        if words[0] not in MEASUREMENTS:
            raise UnknownNameError("measurement", words[0], MEASUREMENTS)
        return int(import_module(MEASUREMENTS[words[0]].module).main(words[1:]))
    except IQAError as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\neval: stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
