"""How long decoding, preprocessing, the estimators, the models and the start take: ``python -m eval.run speed``.

Times depend on the machine; the ratio to decoding a 12-megapixel JPEG in the same run depends on it much less.
What enhancement costs in a process of its own stands in further rows, see `eval.footprint`.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from iqa import __version__, blur, burst, degradations, image, lowlight, model, quality
from iqa.errors import IQAError
from iqa.output import new_file
from iqa.preprocess import InputSpec, Native, Whole, to_input

from . import footprint
from .machine import machine

SIZES = ((3000, 4000), (1224, 1632), (480, 640))
"""(height, width) of 12, 2 and 0.3 megapixels; the first is also the JPEG that is decoded."""
REDUCED_SIDES = (quality.READ_SIDE, 1000)
JPEG_QUALITY = 90
STARTS = {
    "python alone": "pass",
    "import iqa": "import iqa",
    "import iqa.image": "import iqa.image",
    "import iqa.quality": "import iqa.quality",
    "command line": "import iqa.commands.arguments",
    "import iqa.model": "import iqa.model",
}

Pixels = NDArray[np.uint8]
Calls = dict[str, Callable[[Pixels], object]]
ESTIMATORS: Calls = {
    "quality.score": quality.score,
    "quality.score, not explained": partial(quality.score, explain=False),
    "quality.score, frame-scorer, not explained": partial(quality.score, model="frame-scorer", explain=False),
    "quality.score, classical": partial(quality.score, model="classical"),
    "blur.classify": blur.classify,
    "blur.classify, classical": partial(blur.classify, model="classical"),
    "degradations.assess": degradations.assess,
    "degradations.assess, classical": partial(degradations.assess, model="classical"),
    "lowlight.need": lowlight.need,
    "lowlight.enhance": partial(lowlight.enhance, force=True),
    "lowlight.enhance, classical": partial(lowlight.enhance, force=True, model="classical"),
    "burst.rank of 2": lambda frame: burst.rank([frame, frame[::-1]]),
}

VIEW: dict[str, Any] = {"scale": 255.0, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
WHOLE = Whole(
    name="whole",
    height=224,
    width=224,
    fit="squash",
    multiple=1,
    portrait="same",
    resize="area-bilinear",
    crop_fraction=1.0,
    **VIEW,
)
NATIVE = Native(name="native", height=224, width=224, rows=2, columns=2, **VIEW)
INPUTS = {
    "preprocess, whole 224": InputSpec(views=(WHOLE,)),
    "preprocess, whole + native": InputSpec(views=(WHOLE, NATIVE)),
}
"""What networks are usually given: a small copy of the frame, alone or with four crops at its own size."""
NO_MODEL = "no model installed"
WHOLE_WAY = "JPEG to quality score"
"""From the bytes of a file to its score, read as the command line and the demo read it; a second row has the measured
factors as well, which they show beside it."""


@dataclass(frozen=True)
class Timing:
    """How long one call takes.

    Attributes:
        name: what was called.
        megapixels: of the picture, 1e6 pixels; None where there is none.
        p50_ms, p90_ms, p99_ms: percentiles over the calls, milliseconds, lower is better.
        ratio: p50 over that of decoding the whole JPEG in the same run; lower is better.
        peak_rss_mib: most memory this process has held so far, MiB.
        calls: how many were timed, after one that was not.
    """

    name: str
    megapixels: float | None
    p50_ms: float
    p90_ms: float
    p99_ms: float
    ratio: float
    peak_rss_mib: float
    calls: int


def scene(height: int, width: int, seed: int = 0) -> Pixels:
    """RGB uint8 (height, width, 3): noise in octaves whose strength grows with their size, as in photographs.

    Reference: Field 1987, doi:10.1364/JOSAA.4.002379 (the 1/f spectrum of natural scenes).
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    step = 1
    while step < max(height, width):
        coarse = rng.standard_normal((height // step + 2, width // step + 2, 3), np.float32)
        total += np.float32(step) ** np.float32(0.5) * cv2.resize(coarse, (width, height))
        step *= 4
    total -= total.min()
    return np.asarray(total * np.float32(255 / total.max()), dtype=np.uint8)


def milliseconds(call: Callable[[], object], repeat: int) -> NDArray[np.float64]:
    """Duration of each of ``repeat`` calls in ms; one call before them is not counted."""
    call()
    spans = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        spans.append(1e3 * (time.perf_counter() - start))
    return np.array(spans)


def peak_rss_mib() -> float:
    """Most memory this process has held, MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def timings(sizes: Sequence[tuple[int, int]], repeat: int, networks: Calls | None = None) -> list[Timing]:
    """Decoding of the first size, then preprocessing, every estimator and every network at every size.

    Args:
        sizes: (height, width), the first for the JPEG.
        repeat: calls per row.
        networks: row to the answer of a model. What takes no such size, or cannot be used, has no row; that is said.
    """
    original = scene(*sizes[0])
    jpeg = io.BytesIO()
    Image.fromarray(original).save(jpeg, "JPEG", quality=JPEG_QUALITY)
    data = jpeg.getvalue()
    rows: list[Timing] = []

    def add(name: str, megapixels: float, call: Callable[[], object]) -> None:
        try:
            spans = milliseconds(call, repeat)
        except IQAError as error:
            print(f"eval: {name}, {megapixels:.1f} MP: {error}", file=sys.stderr)
            return
        p50, p90, p99 = (float(value) for value in np.percentile(spans, (50, 90, 99)))
        unit = rows[0].p50_ms if rows else p50
        rows.append(Timing(name, megapixels, p50, p90, p99, p50 / unit, peak_rss_mib(), repeat))

    whole = original.shape[0] * original.shape[1] / 1e6
    add("decode", whole, lambda: image.load(data))
    for side in REDUCED_SIDES:
        add(f"decode, max_side {side}", whole, lambda side=side: image.load(data, max_side=side))  # type: ignore[misc]
    for name, explain in ((WHOLE_WAY, False), (f"{WHOLE_WAY} and factors", True)):
        add(name, whole, partial(_scored, data, explain))
    for height, width in sizes:
        picture = image.load(data) if (height, width) == sizes[0] else cv2.resize(original, (width, height))
        for name, estimator in {**_inputs(), **ESTIMATORS, **(networks or {})}.items():
            add(name, height * width / 1e6, partial(estimator, np.ascontiguousarray(picture)))
    return rows


def _scored(data: bytes, explain: bool) -> quality.QualityAnswer:
    return quality.score(image.load(data, max_side=quality.READ_SIDE), explain=explain)


def _inputs() -> Calls:
    """Row to what makes the input of a network."""
    return {name: partial(to_input, spec=spec) for name, spec in INPUTS.items()}


def models() -> tuple[Calls, list[str]]:
    """Rows of each installed model, with and without preprocessing; and why others cannot be timed."""
    found: Calls = {}
    lacking: list[str] = []
    for name, manifest in model.list_models(model.MODELS).items():
        try:
            if isinstance(manifest, IQAError):
                raise manifest
            loaded = model.load_model(name, root=model.MODELS)
            found[f"model {name}"] = loaded.predict
            found[f"model {name}, network alone"] = _Alone(loaded)
        except IQAError as error:
            lacking.append(f"{name}: {error}")
    return found, lacking if found or lacking else [NO_MODEL]


class _Alone:
    """The network of a model without preprocessing: the input of each size is made at its first, uncounted call."""

    def __init__(self, loaded: model.Model) -> None:
        self._model = loaded
        self._inputs: dict[tuple[int, ...], dict[str, NDArray[np.float32]]] = {}

    def __call__(self, picture: Pixels) -> object:
        if picture.shape not in self._inputs:
            self._inputs[picture.shape] = to_input(picture, self._model.manifest.input)
        return list(self._model.run(self._inputs[picture.shape], 1))


def starts(repeat: int) -> dict[str, float]:
    """Median seconds from starting Python to the end of each of STARTS, in processes of their own."""
    found = {}
    for name, code in STARTS.items():
        call = partial(subprocess.run, [sys.executable, "-c", code], check=True)
        found[name] = float(np.median(milliseconds(call, repeat))) / 1e3
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after the tables were printed and the report was written.

    Raises:
        IQAError: the report cannot be written. SystemExit: by argparse.
    """
    parser = argparse.ArgumentParser(prog="python -m eval.run speed", description=__doc__)
    parser.add_argument("--repeat", type=int, default=20, metavar="N", help="calls per row (default: %(default)s)")
    parser.add_argument("--without-footprints", action="store_true", help="leave out the processes of their own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report to a file")
    parser.add_argument("--overwrite", action="store_true", help="replace an older report")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error(f"--repeat: found {options.repeat}, accepted: 1 or more")
    networks, lacking = models()
    sizes = () if options.without_footprints else footprint.SIZES
    rows, seconds = timings(SIZES, options.repeat, networks), starts(min(options.repeat, 5))
    costs, failed = footprint.footprints(footprint.calls(), sizes, options.repeat)
    report = {
        "report": "speed",
        "iqa": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": machine(),
        "jpeg": {"height": SIZES[0][0], "width": SIZES[0][1], "quality": JPEG_QUALITY, "seed": 0},
        "timings": [asdict(row) for row in rows],
        "models_without_times": lacking,
        "start_seconds": seconds,
        "footprints": [asdict(row) for row in costs],
        "footprints_failed": failed,
        "estimators": [
            task.estimator(name).as_dict()
            for task in (quality, blur, degradations, lowlight)
            for name in task.ESTIMATORS
        ],
    }
    if options.json is not None:
        with new_file(options.json, overwrite=options.overwrite) as stream:
            stream.write((json.dumps(report, indent=2, allow_nan=False) + "\n").encode())
    _print(report["machine"], rows, seconds)
    print(footprint.shown(costs), end="")
    print("".join(f"{line}\n" for line in lacking), end="")
    return 0


def _print(about: object, rows: Sequence[Timing], seconds: dict[str, float]) -> None:
    print(f"{'':<28}    size     p50     p90     p99  ratio to   peak")
    print(f"{'':<28}      MP      ms      ms      ms  decoding    MiB")
    for row in rows:
        numbers = f"{row.megapixels or 0:8.1f}{row.p50_ms:8.1f}{row.p90_ms:8.1f}{row.p99_ms:8.1f}"
        print(f"{row.name:<28}{numbers}{row.ratio:10.3f}{row.peak_rss_mib:7.0f}")
    print("\nstart, seconds: " + ", ".join(f"{name} {value:.2f}" for name, value in seconds.items()))
    if isinstance(about, dict):
        print(f"{about['processor']}, {about['cores']} cores for this process, load {about['load']}.")
