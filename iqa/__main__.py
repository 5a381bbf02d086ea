"""The command line: ``python -m iqa score photo.jpg``; ``--help`` lists the rest."""

import os
import signal
import sys
from collections.abc import Sequence

from .errors import IQAError

OK, FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141
"""Exit codes: done; a photo failed and the others are done; the call is wrong and nothing was done; the two signals."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code of the command that the arguments (by default those of the process) ask for.

    Raises:
        SystemExit: for ``--help`` (0) and calls that argparse refuses (2).
    """
    try:
        from .commands.arguments import (
            run,  # loads numpy and OpenCV: an interrupt meanwhile must be as quiet as one later
        )

        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except IQAError as error:
        print(f"iqa: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends at once what is still being done
        print("\niqa: stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads us has seen enough. What is left in the buffer must not fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        if error.filename is not None:  # writing to an open stream names no file; what opens, lists or renames does
            print(f"iqa: stopped at {error.filename!r}: {error.strerror}.", file=sys.stderr)
            return FAILED
        print(f"iqa: could not write the answers: {error.strerror or error}.", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


if __name__ == "__main__":
    sys.exit(main())
