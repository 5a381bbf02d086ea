"""The hostile corpus, built by code: KINDS is name -> (builder, what must come of it); and a runner that measures.

``python tests/hostile.py`` loads every kind in a process of its own and prints one JSON line per kind: what came of
it, the processor's seconds of the slowest call, and the peak of resident memory in bytes.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import hostile_content
import hostile_structure
import numpy as np
from hostile_bytes import ERROR, IMAGE

from iqa.errors import ImageError
from iqa.image import info, load

Builder = Callable[[Path], bytes | str]
"""Given an empty folder: the content of a file, or the name to load."""
PROMISED_SECONDS, PROMISED_BYTES = 2.0, 10**9
_HANGS_AFTER_SECONDS, _ADDRESS_SPACE = 15, 8 * 2**30

KINDS: dict[str, tuple[Builder, str]] = {}


def _kind(name: str, expected: str, content: bytes | Callable[[], bytes]) -> None:
    if name in KINDS:
        raise ValueError(f"two kinds are called {name!r}")
    KINDS[name] = (lambda _: content() if callable(content) else content, expected)


def _pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.jpg")
    return str(folder / "pipe.jpg")


for _group in (
    hostile_content.bombs,
    hostile_content.cut,
    hostile_content.disguises,
    hostile_content.modes,
    hostile_structure.exif,
    hostile_structure.profiles,
    hostile_structure.png,
    hostile_structure.jpeg,
    hostile_structure.tiff,
    hostile_structure.others,
):
    _group(_kind)

_NAMES: dict[str, Callable[[Path], str]] = {
    "missing_behind_dots": lambda folder: str(folder / ".." / ".." / "no such" / "photo.jpg"),
    "system_file_behind_dots": lambda folder: f"{folder}{'/..' * 30}/etc/passwd",
    "nul_in_the_name": lambda folder: f"{folder}/photo\0.jpg",
    "name_of_300_characters": lambda folder: f"{folder}/{'n' * 296}.jpg",
    "a_folder": str,
    "an_endless_device": lambda _: "/dev/zero",
    "a_pipe_nobody_writes_to": _pipe,
    "a_name_that_is_no_text": lambda folder: f"{folder}/\udcff.jpg",
    "the_empty_name": lambda _: "",
    "an_address": lambda _: "http://127.0.0.1:1/photo.jpg",
}
KINDS |= {name: (build, ERROR) for name, build in _NAMES.items()}


def _outcome(call: Callable[[], object]) -> tuple[str, float]:
    start = time.process_time()  # other programs on the machine do not count; who only waits is ended by the alarm
    try:
        call()
        found = IMAGE
    except ImageError:
        found = ERROR
    return found, time.process_time() - start


def _measure(source: str) -> dict[str, object]:
    """Load one source in this process: pixels, a reduced copy, and the header."""

    def pixels() -> None:
        image = load(source)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.flags.c_contiguous:
            raise TypeError(f"not an image: {image.dtype} {image.shape}")

    calls = (pixels, lambda: load(source, max_side=200), lambda: info(source))
    outcomes, seconds = zip(*(_outcome(call) for call in calls), strict=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"load": outcomes[0], "reduced": outcomes[1], "info": outcomes[2], "seconds": max(seconds), "peak": peak}


def _in_child(source: str) -> dict[str, object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(_HANGS_AFTER_SECONDS)
        if sys.platform == "linux":  # spares the machine if a promise is broken
            resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        with os.fdopen(writing, "w") as file:
            json.dump(_measure(source), file)
        os._exit(0)  # any other exception ends this process with its traceback and a status that is not 0
    os.close(writing)
    with os.fdopen(reading) as file:
        answer = file.read()
    _, status = os.waitpid(child, 0)
    if status:
        crash = f"the process ended with status {status}"
        return {"load": crash, "reduced": crash, "info": crash, "seconds": float("inf"), "peak": 0}
    return dict(json.loads(answer))


def _run() -> None:
    for name, (build, _) in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            built = build(Path(folder))
            source = built if isinstance(built, str) else str(Path(folder) / f"{name}.jpg")
            if isinstance(built, bytes):
                Path(source).write_bytes(built)
            del built
            print(json.dumps({"kind": name, **_in_child(source)}), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))
    _run()
