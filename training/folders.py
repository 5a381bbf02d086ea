"""The folder of an exported model: made whole or not at all, its manifest, and later the results of its reports."""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from eval import report as reports
from eval.benchmark import MODEL
from eval.machine import commit
from iqa import catalogue, model
from iqa import manifest as manifests
from iqa.catalogue import Row
from iqa.errors import ArgumentError, IQAError, OutputExistsError
from iqa.estimator import Estimator
from iqa.manifest import Manifest, Output, Probe, Provenance, Result
from iqa.model import Model
from iqa.probe import BLOCKS, probe_image, summary

from .checkpoint import Trained

ONNX_FILE, PROBE_FILE = "model.onnx", "probe.png"
PACKAGES = ("torch", "timm", "onnx", "onnxscript", "onnxruntime", "numpy")
PROBE_SIZE, PROBE_SEED = (240, 320), 7
TOLERANCE, INT8_TOLERANCE = 1e-3, 1e-2
"""Of the probe: processors round differently, whole numbers in 8 bits more so."""
_LEVEL = 0.95


def written(folder: Path, data: bytes, trained: Trained, *, opset: int, model_version: str, int8: bool) -> Model:
    """The model in that folder, loaded and verified, after its three files were written.

    Args:
        folder: an existing one.
        data: the ONNX file.
        trained: where it comes from.
        opset: of the file.
        model_version: for the manifest.
        int8: the file computes in 8 bits.

    Raises:
        IQAError: the file is not what the recipe declares, or its answer to the probe is outside its range.
    """
    image = probe_image(*PROBE_SIZE, PROBE_SEED)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", optimize=True)
    (folder / ONNX_FILE).write_bytes(data)
    (folder / PROBE_FILE).write_bytes(stream.getvalue())
    draft = _manifest(
        data,
        stream.getvalue(),
        trained,
        opset=opset,
        model_version=model_version,
        tolerance=INT8_TOLERANCE if int8 else TOLERANCE,
    )
    manifests.write(draft, folder)
    answer = model.load_model(folder, probe=False).predict(image)
    expected = {label: tuple(summary(value)) for label, value in answer.items()}
    manifests.write(replace(draft, probe=replace(draft.probe, outputs=expected)), folder)
    return model.load_model(folder)


def _manifest(
    data: bytes, probe: bytes, trained: Trained, *, opset: int, model_version: str, tolerance: float
) -> Manifest:
    recipe = trained.recipe
    counts = {label: 1 if o.kind == "scores" else 3 * BLOCKS**2 for o in recipe.outputs for label in o.labels}
    source = commit("training")
    return Manifest(
        name=recipe.name,
        version=model_version,
        task=recipe.task,
        file=ONNX_FILE,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        license=recipe.license,
        description=recipe.description,
        input=recipe.inputs(trained.settings),
        outputs=decided(trained),
        trained_on=trained.trained_on,
        results=(),
        probe=Probe(
            file=PROBE_FILE,
            sha256=hashlib.sha256(probe).hexdigest(),
            outputs={label: (0.0,) * count for label, count in counts.items()},
            tolerance=tolerance,
        ),
        provenance=Provenance(
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            recipe=recipe.name,
            commit=source if source is not None and re.fullmatch("[0-9a-f]{40}", source) else None,
            opset=opset,
            packages={name: version(name) for name in PACKAGES},
        ),
    )


def decided(trained: Trained) -> tuple[Output, ...]:
    """The outputs of a recipe; classes of a run that training.temperature calibrated with the threshold it found."""
    outputs = trained.recipe.outputs
    if "certain" not in trained.state:
        return outputs
    least = float(trained.state["certain"]["least"])
    return tuple(replace(output, thresholds=dict.fromkeys(output.labels, least)) for output in outputs)


def tell_storage(folder: Path, sentences: Sequence[str]) -> None:
    """Nothing; the description in the manifest of that new folder then ends with these sentences.

    The manifest has no key for what storing a network costs; its description goes wherever the model goes.
    """
    found = manifests.read(folder)
    manifests.write(replace(found, description=" ".join([found.description, *sentences])), folder)


def add_results(folder: Path, paths: Sequence[Path]) -> Manifest:
    """The manifest of a model folder, after the figures of these reports have taken the place of those it had.

    Args:
        folder: with the model that the reports judge.
        paths: JSON files of reports, somewhere below a folder `results`.

    Raises:
        ArgumentError: a report on another file, on a part of its cases, or not below `results`.
        IQAError: not a report, or not a model folder.
    """
    manifest = model.load_model(folder).manifest
    rows = [row for path in paths for row in _results(path, manifest)]
    changed = replace(manifest, results=tuple(rows))
    manifests.write(changed, folder)
    return changed


def _results(path: Path, manifest: Manifest) -> list[Result]:
    found = reports.read(path)
    parts = path.absolute().parts
    if "results" not in parts:
        raise ArgumentError(f"{path}: accepted: a report below a folder `results`, where the manifest says it lies.")
    judged = Estimator(manifest.name, manifest.version, manifest.sha256)
    if found.model != judged:
        raise ArgumentError(
            f"{path} judges {found.model} (sha256 {found.model.sha256}); the folder holds {judged} (sha256 "
            f"{judged.sha256}). Score this file, then add its report."
        )
    if found.options.limit is not None:
        raise ArgumentError(f"{path} is on {found.asked} cases of the {found.data.split} split: score all of it first.")
    place = "/".join(parts[len(parts) - 1 - parts[::-1].index("results") :])
    return [
        Result(
            data_set=found.data.title,
            split=found.data.split,
            n=figure.n,
            metric=figure.metric,
            value=figure.value,
            interval=(figure.low, figure.high)
            if figure.low is not None and figure.high is not None and np.isclose(found.options.level, _LEVEL)
            else None,
            report=place,
        )
        for figure in found.summary.figures
        if figure.who == MODEL and figure.part == "all" and figure.value is not None
    ]


def recorded(path: Path) -> dict[str, object]:
    """What `record` has written into the JSON file; empty when it is not there.

    Raises:
        IQAError: it cannot be read, or holds something else.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise IQAError(f"{path} is no JSON ({error}); move it away, then export again.") from error
    except OSError as error:
        raise IQAError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not isinstance(kept, dict):
        raise IQAError(f"{path} is no record of exports; move it away, then export again.")
    return kept


def record(path: Path, key: str, told: dict[str, object]) -> None:
    """Nothing; the JSON file then says this under that key, beside what it said under others.

    Raises:
        IQAError: it cannot be written, or holds something else.
    """
    kept = recorded(path)
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps({**kept, key: told}, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise IQAError(f"{key} was made, but {path} could not be written: {error.strerror or error}.") from error


def refuse_other_name(out: Path, name: str) -> None:
    """Nothing, when a model of that name may be embedded as `out`, or `out` does not lie in assets/models.

    Raises:
        ArgumentError: it lies there under another name, by which nothing would find it.
    """
    if _embedded(out) and out.name != name:
        raise ArgumentError(f"--out {out}: a folder in {model.MODELS} has the name of its model; accepted: {name}.")


def enter(out: Path, say: Callable[[str], None]) -> None:
    """Nothing; a model in assets/models then has its row in the catalogue, without a repository.

    The row of a model that was published stays: it says what is on the Hub, until the next push.

    Raises:
        IQAError: the catalogue cannot be read or written; the folder is done.
    """
    digest = catalogue.digest(out)
    if not _embedded(out) or digest is None:
        return
    found = manifests.read(out)
    before = catalogue.read().get(found.name)
    if before is not None and before.repository is not None:
        if digest != before.manifest_sha256:
            say(f"The catalogue has {found.name} {before.version} from {before.repository}; push this one to enter it.")
        return
    row = Row(repository=None, commit=None, manifest_sha256=digest, version=found.version)
    if row != before:
        catalogue.write_row(found.name, row)
        say(f"{catalogue.PATH} has its row now.")


def _embedded(out: Path) -> bool:
    return out.absolute().parent.resolve() == model.MODELS.resolve()


def refuse_taken(out: Path, *, overwrite: bool) -> None:
    """Nothing, when a model folder may get that name.

    Raises:
        OutputExistsError: something else has it, or a model folder that is not to be replaced.
    """
    if not out.exists() and not out.is_symlink():
        return
    if not (out.is_dir() and not out.is_symlink() and (out / manifests.FILE_NAME).is_file()):
        raise OutputExistsError(f"{out} is there and is no model folder; it was left as it is. Name another --out.")
    if not overwrite:
        raise OutputExistsError(f"{out} is there already and was left as it is. Add --overwrite to replace it.")


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets the name `out` when the block ends well, in place of the one that had it."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent)
    except OSError as error:
        raise IQAError(f"Could not write {str(out)!r}: {error.strerror or error}. Name another --out.") from error
    with holder as place:
        made, before = Path(place) / "made", Path(place) / "before"
        made.mkdir()
        yield made
        if out.exists():
            out.rename(before)
        try:
            made.rename(out)
        except OSError:
            if before.exists():
                before.rename(out)
            raise
