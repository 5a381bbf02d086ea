"""What a model file is, needs and promises: the record beside the weights, its strict reader and its writer."""

import json
import re
import types
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from .errors import ManifestError
from .preprocess import Accept, Full, InputSpec, Name
from .probe import BLOCKS

FORMAT = 1
FILE_NAME = "manifest.json"
MAX_BYTES = 1_000_000


def _matches(pattern: str, words: str) -> Accept:
    return Accept(re.compile(pattern).fullmatch, words)


def _is_utc(text: str) -> bool:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").strftime("%Y-%m-%dT%H:%M:%SZ") == text
    except ValueError:
        return False


Text = Annotated[str, Accept(lambda text: text.strip() == text != "" and text.isprintable(), "one line of text")]
Slug = Annotated[str, _matches(r"[a-z0-9][a-z0-9._-]{0,63}", "lower-case letters, digits, '.', '_', '-', at most 64")]
Version = Annotated[str, _matches(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}", "a version such as 1.0.0")]
Sha256 = Annotated[str, _matches(r"[0-9a-f]{64}", "64 lower-case hex digits")]
Size = Annotated[int, Accept(lambda size: size >= 1, "a number of bytes from 1")]
Opset = Annotated[int, Accept(lambda opset: opset >= 1, "a whole number from 1")]
Number = Annotated[int, Accept(lambda number: number >= 0, "a whole number from 0")]
Tolerance = Annotated[float, Accept(lambda value: 0 <= value <= 0.01, "a number from 0 to 0.01")]
OnnxFile = Annotated[str, _matches(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.onnx", "a plain file name ending in .onnx")]
PngFile = Annotated[str, _matches(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.png", "a plain file name ending in .png")]
Report = Annotated[str, _matches(r"results(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99})+\.json", "results/... .json")]
Utc = Annotated[str, Accept(_is_utc, "a UTC time such as 2026-11-21T04:00:00Z")]


@dataclass(frozen=True, kw_only=True)
class Output:
    """One ONNX output and what its numbers mean.

    Attributes:
        name: of the ONNX output.
        kind: ``scores``: (N, len(labels)), one row per photo; ``image``: (N, 3, H, W), RGB, laid out as the Full view.
        labels: the name of each column, or of the one image.
        low, high: the range that every value keeps.
        direction: what a larger number means; a higher-is-better score and a likelihood have range 0 to 1.
        unit: e.g. ``score``, ``severity``, ``probability``, ``px``.
        activation: the last step inside the graph; nothing is applied outside. ``softmax``: the labels sum to 1.
        thresholds: label -> the value at or above which it counts as detected; empty where nothing is decided.
    """

    name: Name
    kind: Literal["scores", "image"]
    labels: tuple[Name, ...]
    low: float
    high: float
    direction: Literal["higher is better", "0 = none", "higher is likelier", "no direction"]
    unit: Text
    activation: Literal["none", "sigmoid", "softmax", "clip", "expectation"]
    thresholds: Mapping[Name, float]

    def __post_init__(self) -> None:
        scale = (self.low, self.high)
        unit_range = self.activation == "softmax" or self.direction in ("higher is better", "higher is likelier")
        _rule(bool(self.labels) and len(set(self.labels)) == len(self.labels), "labels", self.labels, "distinct labels")
        _rule(self.kind == "scores" or len(self.labels) == 1, "labels", self.labels, "one label for an image")
        _rule(self.kind == "scores" or self.activation != "softmax", "activation", "softmax", "another for an image")
        _rule(self.low < self.high, "high", self.high, f"a number above low = {self.low}")
        _rule(not unit_range or scale == (0, 1), "low and high", scale, f"0 and 1 for {self.direction}")
        _rule(self.direction != "0 = none" or self.low == 0, "low", self.low, "0, as 0 = none")
        _rule(set(self.thresholds) <= set(self.labels), "thresholds", sorted(self.thresholds), f"among {self.labels}")


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Photos that shaped the weights; ``license`` is an SPDX identifier or the terms in words."""

    name: Text
    split: Text
    photos: Number
    license: Text
    source: Text


@dataclass(frozen=True, kw_only=True)
class Result:
    """A measured agreement: ``interval`` is its 95 % interval or null, ``report`` the file that it was read from."""

    data_set: Text
    split: Text
    n: Number
    metric: Text
    value: float
    interval: tuple[float, float] | None
    report: Report

    def __post_init__(self) -> None:
        _rule(self.interval is None or self.interval[0] <= self.interval[1], "interval", self.interval, "low, high")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A picture and the numbers that it must give, each within the absolute ``tolerance``.

    ``outputs`` maps every label to one number, or for an image to 48: the means of 4 x 4 blocks, channel by channel.
    """

    file: PngFile
    sha256: Sha256
    outputs: Mapping[Name, tuple[float, ...]]
    tolerance: Tolerance


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the file came from: UTC time, recipe, git commit, ONNX opset, and package -> version."""

    created: Utc
    recipe: Text | None
    commit: Annotated[str, _matches(r"[0-9a-f]{40}", "40 lower-case hex digits")] | None
    opset: Opset
    packages: Mapping[Text, Text]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The row of data that a model is; DESIGN.md describes the file, key by key."""

    format: Literal[1] = 1
    name: Slug
    version: Version
    task: Slug
    file: OnnxFile
    sha256: Sha256
    size_bytes: Size
    license: Text
    description: Text
    input: InputSpec
    outputs: tuple[Output, ...]
    trained_on: tuple[DataSet, ...]
    results: tuple[Result, ...]
    probe: Probe
    provenance: Provenance

    def __post_init__(self) -> None:
        names = [output.name for output in self.outputs]
        expected = {label: 1 if o.kind == "scores" else 3 * BLOCKS**2 for o in self.outputs for label in o.labels}
        found = {label: len(values) for label, values in self.probe.outputs.items()}
        full = sum(isinstance(view, Full) for view in self.input.views)
        labels = [label for output in self.outputs for label in output.labels]
        _rule(bool(names) and len(set(names)) == len(names), "outputs", names, "one or more, all of different names")
        _rule(len(set(labels)) == len(labels), "outputs", labels, "each label once")
        _rule(found == expected, "probe.outputs", found, f"this many numbers per label: {expected}")
        has_image = any(output.kind == "image" for output in self.outputs)
        _rule(not has_image or full == 1, "input.views", f"{full} full views", "one, as an output is an image")

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that ``read`` turns into an equal manifest."""
        return asdict(self)


def _refused(where: str, found: object, accepted: str) -> ManifestError:
    shown = repr(found)
    return ManifestError(f"{where}: found {shown if len(shown) <= 200 else shown[:200] + '...'}, accepted: {accepted}.")


def _rule(holds: bool, key: str, found: object, accepted: str) -> None:
    if not holds:
        raise _refused(key, found, accepted)


def read(path: Path) -> Manifest:
    """The manifest in a file, or in ``manifest.json`` of a folder.

    Raises:
        ManifestError: naming file, key, what was found and what is accepted, at the first thing out of order.
    """
    path = path / FILE_NAME if path.is_dir() else path
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror}); a model folder holds {FILE_NAME}.") from error
    if len(data) > MAX_BYTES:
        raise ManifestError(f"{path}: found more than {MAX_BYTES:,} bytes, accepted: at most that.")
    try:
        content = json.loads(data.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: found {error}, accepted: UTF-8 JSON, each key once.") from error
    version = content.get("format") if isinstance(content, dict) else None
    if isinstance(content, dict) and not (type(version) is int and version == FORMAT):
        raise _refused(f"{path}: format", version, f"{FORMAT}; a newer format needs a newer iqa")
    manifest: Manifest = read_record(Manifest, content, f"{path}: manifest")
    return manifest


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    (key, times), *_ = Counter(key for key, _ in pairs).most_common(1) or [("", 0)]
    if times > 1:
        raise ValueError(f"the key {key!r} {times} times")
    return dict(pairs)


def write(manifest: Manifest, path: Path) -> None:
    """Nothing; the file (or ``manifest.json`` of a folder) then reads back equal, the same bytes for equal manifests.

    Raises:
        ManifestError: a field is not what ``read`` accepts; nothing is written.
    """
    path = path / FILE_NAME if path.is_dir() else path
    checked = read_record(Manifest, manifest.to_dict(), f"{path}: manifest")
    text = json.dumps(checked.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    part = path.with_name(path.name + ".part")  # then renamed: a reader never meets half a manifest
    part.write_bytes(text.encode())
    part.replace(path)


def read_record(kind: Any, data: object, where: str) -> Any:
    """The value of type ``kind`` that JSON data describe, read strictly: nothing is guessed, dropped or filled in.

    ``kind`` is a frozen dataclass (every field is a required key) or what its fields may be: a union of dataclasses
    told apart by their literal ``kind``, ``X | None``, tuple, Mapping, Literal, Annotated with Accept, str, int, float.

    Raises:
        ManifestError: naming the place (``where`` and the key), what was found and what is accepted.
    """
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        value = read_record(args[0], data, where)
        for accept in args[1:]:
            _rule(bool(accept.test(value)), where, data, accept.words)
        return value
    if origin is Literal:
        same = any(type(data) is type(arg) and data == arg for arg in args)  # True == 1, but is no format version
        _rule(same, where, data, " or ".join(map(repr, args)))
        return data
    readers = {Union: _read_union, types.UnionType: _read_union, tuple: _read_tuple, Mapping: _read_mapping}
    if origin in readers:
        return readers[origin](args, data, where)
    return _read_fields(kind, data, where) if is_dataclass(kind) else _read_scalar(kind, data, where)


def _read_scalar(kind: type, data: Any, where: str) -> object:
    if kind is float:
        finite = type(data) in (int, float) and abs(data) < 1e300  # refuses nan, inf, and integers no float can hold
        _rule(finite, where, data, "a finite number")
        return float(data)
    _rule(type(data) is kind, where, data, {str: "a text", int: "a whole number"}[kind])  # a JSON true is no number
    return data


def _read_union(args: tuple[Any, ...], data: object, where: str) -> object:
    if types.NoneType in args:
        return None if data is None else read_record(args[0], data, where)
    by_kind = {get_args(get_type_hints(record)["kind"])[0]: record for record in args}
    found = data.get("kind") if isinstance(data, dict) else data
    _rule(isinstance(found, str) and found in by_kind, f"{where}.kind", found, " or ".join(map(repr, by_kind)))
    return read_record(by_kind[found], data, where)


def _read_tuple(args: tuple[Any, ...], data: Any, where: str) -> object:
    _rule(isinstance(data, list | tuple), where, data, "a list")
    kinds = args[:1] * len(data) if args[-1] is Ellipsis else args
    _rule(len(kinds) == len(data), where, data, f"a list of {len(kinds)}")
    return tuple(read_record(kind, data[i], f"{where}[{i}]") for i, kind in enumerate(kinds))


def _read_mapping(args: tuple[Any, ...], data: Any, where: str) -> object:
    _rule(isinstance(data, dict), where, data, "an object")
    keys = sorted(read_record(args[0], key, f"{where} key") for key in data)  # sorted: equal manifests, equal bytes
    return {key: read_record(args[1], data[key], f"{where}.{key}") for key in keys}


def _read_fields(kind: Any, data: Any, where: str) -> object:
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]
    _rule(isinstance(data, dict), where, data, f"an object with the keys {', '.join(names)}")
    for name in names:
        _rule(name in data, f"{where}.{name}", "no such key", "nothing less: every key is required")
    for key in data:
        _rule(key in names, f"{where}.{key}", "an unknown key", f"only {', '.join(names)}")
    values = {name: read_record(hints[name], data[name], f"{where}.{name}") for name in names}
    try:
        return kind(**values)
    except ManifestError as error:  # a rule between fields: the record knows the rule, the reader knows the place
        raise ManifestError(f"{where}.{error}") from error
