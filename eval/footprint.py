"""What one call costs in a process of its own: seconds, and the most memory that is resident while it runs.

A process of its own, because memory that a library keeps or a peak that was passed earlier would be counted for the
call otherwise. `eval.run speed` reports the rows of `calls` at SIZES.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from iqa import lowlight
from iqa.errors import IQAError

Pixels = NDArray[np.uint8]

ROOT = Path(__file__).resolve().parent.parent
SIZES = ((400, 600), (1224, 1632), (3000, 4000), (4000, 6000))
"""(height, width) of 0.24, 2, 12 and 24 megapixels."""
WARM_UP = (64, 96)
"""(height, width) of the first call, which loads what is loaded late; it is not counted."""
MOST_CALLS, MOST_PIXELS = 5, 72_000_000
"""Calls per row at most, and pixels in all of them: 3 calls at 24 MP."""
TIMEOUT_S = 900
STRIPE_ROWS = 256
MB = 1e6
CHILD = "import sys; from eval.footprint import answer; answer(sys.argv[1])"


@dataclass(frozen=True)
class Call:
    """What is called with a picture.

    Attributes:
        name: in the report.
        target: ``module:function``; the function takes an RGB uint8 image (H, W, 3).
        keywords: of the function; JSON.
    """

    name: str
    target: str
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Footprint:
    """What a call costs; everything lower is better.

    Attributes:
        name: what was called.
        height, width, megapixels: of the picture; 1 megapixel = 1e6 pixels.
        p50_s: median over the calls, seconds; a small picture was given before, this one was not.
        calls: how many were timed.
        before_mb: resident before the first of them, MB of 1e6 bytes: interpreter, libraries, weights and picture.
        peak_mb: most memory that the process held until the end of the first of them, MB.
        added_mb: peak_mb - before_mb.
    """

    name: str
    height: int
    width: int
    megapixels: float
    p50_s: float
    calls: int
    before_mb: float
    peak_mb: float
    added_mb: float


def calls() -> tuple[Call, ...]:
    """Low-light enhancement by each estimator, whatever the gate says."""
    return tuple(
        Call(f"lowlight.enhance, {model}", "iqa.lowlight:enhance", {"force": True, "model": model})
        for model in lowlight.ESTIMATORS
    )


def footprints(
    wanted: Sequence[Call], sizes: Sequence[tuple[int, int]], repeat: int
) -> tuple[list[Footprint], list[str]]:
    """(the rows of all calls at all sizes, a sentence for each that failed, which is said on stderr at once as well).

    Args:
        sizes: (height, width).
        repeat: calls per row, at most; see MOST_CALLS and MOST_PIXELS.
    """
    rows: list[Footprint] = []
    failed: list[str] = []
    for call, (height, width) in product(wanted, sizes):
        times = max(1, min(repeat, MOST_CALLS, MOST_PIXELS // (height * width)))
        try:
            rows.append(footprint(call, height, width, times))
        except IQAError as error:
            failed.append(str(error))
            print(f"eval: {error}", file=sys.stderr)
    return rows, failed


def footprint(call: Call, height: int, width: int, times: int = 1) -> Footprint:
    """What a call with a dark picture of that size costs, measured in a fresh process.

    Args:
        times: how often it is called; the memory is that of the first time.

    Raises:
        IQAError: the call fails, the process is killed, or it takes longer than TIMEOUT_S.
    """
    asked = json.dumps({**asdict(call), "height": height, "width": width, "times": times})
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    what = f"{call.name}, {height * width / 1e6:.2f} MP"
    try:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, asked],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise IQAError(f"{what}: its process took longer than {TIMEOUT_S} seconds and was ended.") from error
    if done.returncode < 0:
        raise IQAError(f"{what}: its process was ended by signal {-done.returncode}; 9 is often a lack of memory.")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise IQAError(f"{what}: the call failed in its process: {reason}")
    found = json.loads(done.stdout.splitlines()[-1])
    before, peak = found["before_mb"], found["peak_mb"]
    return Footprint(
        name=call.name,
        height=height,
        width=width,
        megapixels=height * width / 1e6,
        p50_s=float(np.median(found["seconds"])),
        calls=times,
        before_mb=before,
        peak_mb=peak,
        added_mb=peak - before,
    )


def answer(asked: str) -> None:
    """Nothing; prints what `footprint` asks of its child process, as one line of JSON.

    Raises:
        Exception: whatever the call raises; the last line of its traceback is what the parent shows.
    """
    wanted = json.loads(asked)
    module, _, name = wanted["target"].partition(":")
    call: Callable[[Pixels], object] = partial(getattr(importlib.import_module(module), name), **wanted["keywords"])
    call(dark(*WARM_UP))
    picture = dark(wanted["height"], wanted["width"])
    before, seconds, peak = resident_mb(), [], 0.0
    for _ in range(wanted["times"]):
        start = time.perf_counter()
        call(picture)
        seconds.append(time.perf_counter() - start)
        peak = peak or peak_mb()
    print(f"\n{json.dumps({'seconds': seconds, 'before_mb': before, 'peak_mb': peak})}")


def dark(height: int, width: int, seed: int = 0) -> Pixels:
    """RGB uint8 (height, width, 3): a dark scene with soft light and grain, mean luma about .14 of 1.

    Drawn row by row in place: its own drawing must not be the most memory that the process ever held.
    """
    rng = np.random.default_rng(seed)
    light = rng.integers(0, 61, (12, 16, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    for top in range(0, height, STRIPE_ROWS):
        rows = picture[top : top + STRIPE_ROWS]
        cv2.add(rows, rng.integers(0, 13, rows.shape, dtype=np.uint8), dst=rows)
    return picture


def peak_mb() -> float:
    """Most memory that this process has held, MB of 1e6 bytes.

    On Linux the high-water mark of the process itself, because ``ru_maxrss`` of a process that was started from a
    larger one begins with what that one held; elsewhere ``ru_maxrss``.
    """
    found = _status("VmHWM")
    if found is not None:
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB


def resident_mb() -> float:
    """Memory that this process holds now, MB of 1e6 bytes; where that is not told, the most it has held."""
    found = _status("VmRSS")
    return peak_mb() if found is None else found


def _status(name: str) -> float | None:
    """A line of /proc/self/status in MB; None where there is no such file or line."""
    path = Path("/proc/self/status")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(f"{name}:")), None)


def shown(rows: Sequence[Footprint]) -> str:
    """The rows as text, lines ended by LF; "" without rows."""
    if not rows:
        return ""
    head = (
        f"{'in a process of its own':<34}  size     p50  before    peak   added\n"
        f"{'':<34}    MP       s      MB      MB      MB\n"
    )
    return head + "".join(
        f"{row.name:<34}{row.megapixels:6.2f}{row.p50_s:8.3f}{row.before_mb:8.0f}{row.peak_mb:8.0f}{row.added_mb:8.0f}\n"
        for row in rows
    )
