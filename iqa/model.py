"""A model: the row of data in a folder, verified, with its session; every trained answer goes through here."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state

from . import catalogue
from . import image as pixels
from . import manifest as manifests
from .batch import threads as usual_threads
from .errors import ArgumentError, ImageError, IQAError, ManifestError, ModelError, NotPulledError, UnknownNameError
from .estimator import Estimator
from .manifest import Manifest, Output
from .onnx_wire import refuse_external_data
from .preprocess import Full, fixed_size, full_padding, to_input
from .probe import summary

Answer = dict[str, NDArray[np.float32]]
MODELS = Path(__file__).resolve().parent.parent / "assets" / "models"
MAX_MODEL_BYTES = 512 * 2**20
MAX_PROBE_BYTES = 16 * 2**20
_RESTORE = "Restore that folder, or fetch the model again."
RANGE_SLACK = 1e-4  # of the range: rounding inside the graph, clipped away; anything more is a broken model

# The runtime's own errors share no base class below Exception.
_ORT_ERRORS = [e for e in vars(ort_state).values() if isinstance(e, type) and issubclass(e, Exception)]
_SESSION_ERRORS: tuple[type[Exception], ...] = (*_ORT_ERRORS, RuntimeError, ValueError, TypeError)


class Model:
    """A manifest and its session. Safe to use from several threads: nothing changes after it was built."""

    def __init__(self, folder: Path, manifest: Manifest, session: ort.InferenceSession) -> None:
        """Hold what ``load_model`` has verified; call that instead."""
        self.manifest = manifest
        self.estimator = Estimator(manifest.name, manifest.version, manifest.sha256)
        self._folder = folder
        self._session = session

    def predict(self, image: NDArray[np.uint8]) -> Answer:
        """Label -> float32 answer for one photo (RGB uint8): shape () for a score, (H, W, 3) for an image.

        Range, direction and unit stand in the manifest.

        Raises:
            ArgumentError: not a photo that the input spec takes.
            ModelError: the network failed, or answered with NaN, infinity, or a value outside its declared range.
        """
        return self.predict_batch([image])[0]

    def predict_batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Answer]:
        """One answer as ``predict`` gives it per photo, in order; photos whose inputs agree in size share one run."""
        inputs = [to_input(image, self.manifest.input) for image in images]
        groups: dict[object, list[int]] = {}
        for index, views in enumerate(inputs):
            groups.setdefault(tuple(view.shape for view in views.values()), []).append(index)
        answers: list[Answer] = [{} for _ in images]
        for members in groups.values():
            feed = {name: np.concatenate([inputs[i][name] for i in members]) for name in inputs[members[0]]}
            for output, values in self.run(feed, len(members)):
                for row, index in enumerate(members):
                    answers[index].update(self._unpack(output, values[row], images[index].shape))
        return answers

    def run(self, feed: dict[str, NDArray[np.float32]], photos: int) -> Iterator[tuple[Output, NDArray[np.float32]]]:
        """Each output with its checked values, for the inputs of so many photos as ``to_input`` makes them.

        Raises:
            ModelError: as ``predict``.
        """
        outputs = self.manifest.outputs
        try:
            found = self._session.run([output.name for output in outputs], feed)
        except _SESSION_ERRORS as error:
            raise ModelError(f"Model {self.estimator}: the network failed: {error}") from error
        for output, values in zip(outputs, found, strict=True):
            accepted = (photos, len(output.labels)) if output.kind == "scores" else feed[self._full().name].shape
            if values.shape != accepted:
                raise self._broken(output, f"of shape {accepted}", f"{values.shape}")
            yield output, self._checked(output, values)

    def _checked(self, output: Output, values: NDArray[np.float32]) -> NDArray[np.float32]:
        slack = RANGE_SLACK * (output.high - output.low)
        bad = values[~((values >= output.low - slack) & (values <= output.high + slack))]  # NaN is bad as well
        if bad.size:
            raise self._broken(output, f"{output.low:g} to {output.high:g}", f"{bad[0]:g} ({bad.size} such values)")
        if output.activation == "softmax" and np.abs(values.sum(axis=1) - 1).max() > 10 * RANGE_SLACK:
            raise self._broken(output, "rows that sum to 1", f"sums {values.sum(axis=1)}")
        return values.clip(output.low, output.high)

    def _broken(self, output: Output, accepted: str, found: str) -> ModelError:
        return ModelError(f"Model {self.estimator}: output {output.name!r} must be {accepted}; found {found}.")

    def _unpack(self, output: Output, row: NDArray[np.float32], shape: tuple[int, ...]) -> Answer:
        if output.kind == "scores":
            return {label: np.array(value) for label, value in zip(output.labels, row, strict=True)}
        (top, _), (left, _) = full_padding(shape[0], shape[1], self._full())
        framed = row[:, top : top + shape[0], left : left + shape[1]].transpose(1, 2, 0)
        return {output.labels[0]: np.ascontiguousarray(framed)}

    def _full(self) -> Full:
        return next(view for view in self.manifest.input.views if isinstance(view, Full))

    def check_probe(self) -> None:
        """Nothing, when the probe picture on disk is the declared one and gives the declared numbers.

        Raises:
            ModelError: another picture, or a number further off than the tolerance; both numbers are in the text.
        """
        probe = self.manifest.probe
        data = _read_verified(self._folder / probe.file, probe.sha256, MAX_PROBE_BYTES)
        try:
            answer = self.predict(pixels.load(data))
        except (ImageError, ArgumentError) as error:
            raise ModelError(f"{self._folder / probe.file}: {error}") from error
        for label, expected in probe.outputs.items():
            for found, wanted in zip(summary(answer[label]), expected, strict=True):
                if not abs(found - wanted) <= probe.tolerance:
                    wrong = f"its probe gives {label} = {wanted:.9g} within {probe.tolerance:g}, found {found:.9g}"
                    cause = "File, runtime or preprocessing differ from those it was made with."
                    raise ModelError(f"Model {self.estimator}: {wrong}. {cause}")


def load_model(
    name_or_folder: str | Path, *, root: Path | None = None, threads: int | None = None, probe: bool = True
) -> Model:
    """The model of that name, or in the folder that a Path names, verified before it is used; nothing is downloaded.

    Args:
        name_or_folder: a str is a name and nothing else; a pathlib.Path is a folder and nothing else.
        root: the folder of folders that names are looked up in; a folder linked in from elsewhere is refused.
            None: as ``model_folder`` says.
        threads: of one inference, shared by all that run at a time; None: as `iqa.batch.threads` says.
        probe: recompute the probe, a few milliseconds; False only where it has just been done.

    Raises:
        ArgumentError: a str that looks like a path, or fewer than 1 thread.
        UnknownNameError: no such name; the nearest match is in the text.
        ManifestError: the manifest is missing, malformed, or does not describe the network beside it.
        ModelError: a file is missing, altered, too large, not ONNX, reaches outside itself, or misses its probe.
    """
    if threads is not None and threads < 1:
        raise ArgumentError(f"threads must be 1 or more, found {threads}.")
    if isinstance(name_or_folder, Path):
        folder, manifest = name_or_folder, manifests.read(name_or_folder)
    elif root is None:
        folder = model_folder(name_or_folder)
        manifest = manifests.read(folder)
    else:
        folder, manifest = _row(name_or_folder, root)
    path = folder / manifest.file
    data = _read_verified(path, manifest.sha256, MAX_MODEL_BYTES, manifest.size_bytes)
    refuse_external_data(data, path)
    model = Model(folder, manifest, _open(data, path, threads))
    _compare(model._session, manifest, path)
    if probe:
        model.check_probe()
    return model


def model_folder(name: str) -> Path:
    """The folder that a name stands for: the embedded one, else the one that was pulled; nothing is downloaded.

    The embedded folder counts when its manifest is the one that the catalogue declares, or without a row there; a
    pulled folder counts when its manifest is that one.

    Raises:
        ArgumentError: a name that looks like a path. UnknownNameError: neither embedded nor in the catalogue.
        NotPulledError: in the catalogue but not on this machine; the text holds the command that fetches it.
        ModelError: altered since it was pulled.
        ManifestError, CatalogueError: malformed, or a manifest of another name.
    """
    _refuse_path(name)
    rows = catalogue.read()
    entry = rows.get(name)
    if name in _names(MODELS):
        folder = _row(name, MODELS)[0]
        if entry is None or catalogue.digest(folder) == entry.manifest_sha256:
            return folder
        if entry.repository is None:
            raise ModelError(f"{folder}: its manifest is not the one the catalogue declares. {_RESTORE}")
    if entry is None:
        raise UnknownNameError("model", name, {*_names(MODELS), *rows})
    if entry.repository is None:
        raise ModelError(f"Model {name!r} comes with iqa, but found no folder {MODELS / name}. {_RESTORE}")
    fetch = f"python -m iqa models pull {name}"
    root = catalogue.pulled_root(entry.manifest_sha256)
    if name not in _names(root):
        other = f" ({MODELS / name} holds another version)" if name in _names(MODELS) else ""
        asked = f"Model {name!r} {entry.version} is in the catalogue but not on this machine{other}."
        raise NotPulledError(f"{asked} Fetch it from {entry.repository}: {fetch}")
    if catalogue.digest(root / name) != entry.manifest_sha256:
        raise ModelError(f"{root / name}: its manifest is not the one the catalogue declares. Fetch it again: {fetch}")
    return _row(name, root)[0]


def list_models(root: Path = MODELS) -> dict[str, Manifest | IQAError]:
    """Folder name -> its manifest, or the error that makes the folder unusable; sorted; empty without ``root``.

    The weights are neither read nor verified; ``load_model`` does that.
    """
    found: dict[str, Manifest | IQAError] = {}
    for name in _names(root):
        try:
            found[name] = _row(name, root)[1]
        except IQAError as error:
            found[name] = error
    return found


def _names(root: Path) -> list[str]:
    rows = [path for path in root.iterdir() if path.is_dir() or path.is_symlink()] if root.is_dir() else []
    return sorted(path.name for path in rows if not path.name.startswith("."))


def _refuse_path(name: str) -> None:
    if "/" in name or "\\" in name or name.strip(".") == "":
        raise ArgumentError(f"{name!r} is no model name. To open a folder pass pathlib.Path({name!r}), not a text.")


def _row(name: str, root: Path) -> tuple[Path, Manifest]:
    _refuse_path(name)
    if name not in _names(root):
        raise UnknownNameError("model", name, _names(root))
    folder = root / name
    if folder.resolve() != root.resolve() / name:
        raise ModelError(f"{folder}: a link to {folder.resolve()}; accepted: a real folder. Open it by its own Path.")
    manifest = manifests.read(folder)
    if manifest.name != name:
        raise ManifestError(f"{folder}: found the name {manifest.name!r}, accepted: the folder's, {name!r}.")
    return folder, manifest


def _read_verified(path: Path, sha256: str, limit: int, size: int | None = None) -> bytes:
    accepted = min(limit, size or limit)
    if size is not None and size > limit:
        raise ModelError(f"{path}: declared with {size:,} bytes; accepted: at most {limit:,}.")
    if not path.is_file():  # a pipe or a device would be read for ever
        raise ModelError(f"{path}: no such file, though the manifest beside it names it. {_RESTORE}")
    try:
        with path.open("rb") as file:
            data = file.read(accepted + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error
    if len(data) > accepted or len(data) < (size or 0):
        found = f"{len(data):,}" if len(data) <= accepted else f"more than {accepted:,}"
        raise ModelError(f"{path}: found {found} bytes; accepted: {accepted:,}. {_RESTORE}")
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(f"{path}: found sha256 {found}; the manifest declares {sha256}. {_RESTORE}")
    return data


def _open(data: bytes, path: Path, threads: int | None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or usual_threads()
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # as fast, and what a run needed goes back: 50 MB at 384 px
    options.log_severity_level = 4  # errors arrive as exceptions
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning threads burn CPU while idle
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never the flatbuffer format, unchecked here
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _SESSION_ERRORS as error:
        raise ModelError(f"{path}: ONNX Runtime cannot open it: {error}") from error


def _compare(session: ort.InferenceSession, manifest: Manifest, path: Path) -> None:
    free = (None, None)  # ONNX names a free dimension, or leaves it out; the number of photos must be one
    inputs = {view.name: (None, 3, *fixed_size(view)) for view in manifest.input.views}
    outputs = {o.name: (None, len(o.labels)) if o.kind == "scores" else (None, 3, *free) for o in manifest.outputs}
    for what, found, declared in (("input", session.get_inputs(), inputs), ("output", session.get_outputs(), outputs)):
        names = sorted(node.name for node in found)
        if names != sorted(declared):
            raise ManifestError(f"{path}: found the {what}s {names}; the manifest declares {sorted(declared)}.")
        for node in found:
            shape, wanted = node.shape, declared[node.name]
            same = [not isinstance(s, int) or s == w for s, w in zip(shape, wanted, strict=False)]
            if node.type != "tensor(float)" or len(shape) != len(wanted) or not all(same):
                declares = f"the manifest declares tensor(float) {list(wanted)}, where None must be free"
                raise ManifestError(f"{path}: found the {what} {node.name!r} with {node.type} {shape}; {declares}.")
