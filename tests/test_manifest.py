"""iqa.manifest: what was written is what is read; anything else, or another network beside it, is refused."""

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_models as toys
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from iqa import manifest as manifests
from iqa.errors import ManifestError
from iqa.manifest import Manifest, Output, Result
from iqa.model import load_model
from iqa.probe import probe_image

Place = tuple[str | int, ...]


def example(toy: toys.Toy) -> Manifest:
    image = probe_image(40, 56, seed=7)
    return toys.describe(toy, toy.network.SerializeToString(), toys.png(image), toy.by_hand(image))


VALID = [example(toy) for toy in toys.TOYS]
JSON = [json.loads(json.dumps(manifest.to_dict())) for manifest in VALID]
FREE_KEYS = {("probe", "outputs"), ("provenance", "packages"), ("outputs", 0, "thresholds")}  # keys are data there


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from places(part, (*place, key))


def changed(data: Any, place: Place, value: Any = None, *, remove: bool = False) -> Any:
    data = copy.deepcopy(data)
    holder = data
    for key in place[:-1]:
        holder = holder[key]
    if remove:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    return data


def at(data: Any, place: Place) -> Any:
    for key in place:
        data = data[key]
    return data


def read(data: Any, folder: Path) -> Manifest:
    (folder / "manifest.json").write_text(json.dumps(data), encoding="utf-8")
    return manifests.read(folder)


EVERY_PLACE = [(index, place) for index, data in enumerate(JSON) for place in places(data)]
EVERY_KEY = [
    (index, place) for index, place in EVERY_PLACE if isinstance(place[-1], str) and place[:-1] not in FREE_KEYS
]
WRONG_TYPES: dict[type, list[Any]] = {
    str: [None, 1, True, [], {}, ""],
    int: [None, "1", True, 1.5, [], -1],
    float: [None, "1", True, [], {}],
    list: [None, "x", 1, {}],
    dict: [None, "x", 1, []],
}


@pytest.mark.parametrize("manifest", VALID, ids=lambda manifest: manifest.name)
def test_writing_then_reading_is_the_identity(manifest: Manifest, tmp_path: Path) -> None:
    manifests.write(manifest, tmp_path)
    assert manifests.read(tmp_path) == manifests.read(tmp_path / "manifest.json") == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_equal_manifests_are_the_same_bytes(tmp_path: Path) -> None:
    packages = {"torch": "2.14.1", "numpy": "2.4.6", "onnx": "1.23.2"}
    written = set()
    for order in (list(packages), sorted(packages), sorted(packages, reverse=True)):
        provenance = dataclasses.replace(VALID[0].provenance, packages={name: packages[name] for name in order})
        whole_low = dataclasses.replace(VALID[0].outputs[0], low=0)  # an int where 0.0 was written before
        manifests.write(dataclasses.replace(VALID[0], provenance=provenance, outputs=(whole_low,)), tmp_path)
        written.add((tmp_path / "manifest.json").read_bytes())
        manifests.write(manifests.read(tmp_path), tmp_path)
        written.add((tmp_path / "manifest.json").read_bytes())
    assert len(written) == 1


@settings(max_examples=40, deadline=None)
@given(
    value=st.floats(-1e290, 1e290),
    n=st.integers(0, 10**12),
    text=st.text(min_size=1).filter(lambda text: text.isprintable() and text == text.strip()),
)
def test_any_number_and_text_comes_back_exactly(tmp_path_factory, value: float, n: int, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    result = dataclasses.replace(VALID[0].results[0], value=value, n=n, data_set=text)
    manifest = dataclasses.replace(VALID[0], results=(result,), description=text)
    manifests.write(manifest, folder)
    assert manifests.read(folder) == manifest


@pytest.mark.parametrize(("index", "place"), EVERY_KEY, ids=lambda value: str(value).replace(" ", ""))
def test_every_key_is_required(index: int, place: Place, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=rf"manifest\.json: .*{place[-1]}") as caught:
        read(changed(JSON[index], place, remove=True), tmp_path)
    assert "accepted" in str(caught.value)


@pytest.mark.parametrize(("index", "place"), EVERY_PLACE, ids=lambda value: str(value).replace(" ", ""))
def test_every_value_has_its_type(index: int, place: Place, tmp_path: Path) -> None:
    nullable = place[-1] in ("recipe", "commit", "interval")
    wrong = [[], 1, True] if at(JSON[index], place) is None else WRONG_TYPES[type(at(JSON[index], place))]
    for value in wrong:
        if value is None and nullable:
            continue
        with pytest.raises(ManifestError, match=r"manifest\.json: .*found.*accepted"):
            read(changed(JSON[index], place, value), tmp_path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "1" + "0" * 5000])
@pytest.mark.parametrize("key", ["low", "value"])
def test_numbers_are_finite(number: str, key: str, tmp_path: Path) -> None:
    text = json.dumps(JSON[0])
    old = json.dumps({key: {"low": 0.0, "value": 0.5}[key]})[1:-1]
    assert old in text
    (tmp_path / "manifest.json").write_text(text.replace(old, f'"{key}": {number}'), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"manifest\.json: .*found"):
        manifests.read(tmp_path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *[
            (("sha256",), bad)
            for bad in ("0" * 63, "0" * 65, "A" * 64, "g" * 64, "sha256:" + "0" * 64, "0" * 64 + "\n")
        ],
        *[
            (("file",), bad)
            for bad in (
                "../x.onnx",
                "/x.onnx",
                "a/x.onnx",
                "a\\x.onnx",
                "C:x.onnx",
                ".onnx",
                "x.pt",
                "x.onnx\n",
                "x\0.onnx",
            )
        ],
        *[(("probe", "file"), bad) for bad in ("../probe.png", "/probe.png", "a\\probe.png", "probe.jpg")],
        *[
            (("results", 0, "report"), bad)
            for bad in ("run.json", "/results/run.json", "results/../run.json", "results//run.json", "results/run.txt")
        ],
        *[(("name",), bad) for bad in ("..", "a/b", "A", "-a", "a" * 65, "a b")],
        *[(("version",), bad) for bad in ("1", "1.0", "v1.0.0", "1.0.0-beta", "01.0.0", "1.٣.0")],
        *[
            (("provenance", "created"), bad)
            for bad in ("2026-11-21", "2026-13-21T04:00:00Z", "2026-11-21T04:00:00+01:00")
        ],
        *[(("provenance", "commit"), bad) for bad in ("main", "0" * 39)],
        *[(("description",), bad) for bad in (" ", "two\nlines", "nul\0", "\ud800")],
        (("size_bytes",), 0),
        (("probe", "tolerance"), 0.02),
        (("outputs", 0, "direction"), "lower is better"),
        (("outputs", 0, "high"), 0.0),
        (("outputs", 0, "high"), 5.0),
        (("outputs", 0, "labels"), []),
        (("outputs", 0, "labels"), ["quality", "quality"]),
        (("outputs", 0, "thresholds"), {"sharp": 0.5}),
        (("results", 0, "interval"), [0.75, 0.25]),
        (("probe", "outputs"), {"quality": [0.5, 0.5]}),
        (("probe", "outputs"), {"other": [0.5]}),
        (("outputs",), []),
        (("outputs",), [JSON[0]["outputs"][0]] * 2),
        (("outputs",), [JSON[0]["outputs"][0], {**JSON[0]["outputs"][0], "name": "second"}]),
        (("input", "views"), []),
    ],
    ids=repr,
)
def test_what_a_field_does_not_accept_is_refused(place: Place, value: Any, tmp_path: Path) -> None:
    key = next(part for part in reversed(place) if isinstance(part, str))
    with pytest.raises(ManifestError, match=rf"manifest\.json: manifest\..*{key}.*found.*accepted"):
        read(changed(JSON[0], place, value), tmp_path)


@pytest.mark.parametrize("holder", [place for place in ((), *places(JSON[0])) if isinstance(at(JSON[0], place), dict)])
def test_unknown_keys_are_refused(holder: Place, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="surprise"):
        read(changed(JSON[0], (*holder, "surprise"), 1), tmp_path)


@pytest.mark.parametrize("version", [0, 2, True, 1.0, "1", None])
def test_another_format_version_is_named_first(version: Any, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"format: found .*, accepted: 1; a newer format needs a newer iqa"):
        read({"format": version, "surprise": 1}, tmp_path)


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    text = json.dumps(JSON[0]).replace('"unit": "score"', '"unit": "score", "unit": "score"')
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match="found the key 'unit' 2 times"):
        manifests.read(tmp_path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000, b"{}" + b" " * manifests.MAX_BYTES],
    ids=["empty", "cut", "list", "null", "not UTF-8", "mark", "deep", "large"],
)
def test_files_that_are_no_manifest_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(ManifestError, match=r"manifest\.json: .*found.*accepted"):
        manifests.read(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.json: cannot be read \(No such file"):
        manifests.read(tmp_path)


def test_what_cannot_be_read_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="sha256: found 'short'"):
        manifests.write(dataclasses.replace(VALID[0], sha256="short"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_image_needs_the_view_that_it_is_laid_out_as() -> None:
    with pytest.raises(ManifestError, match="0 full views"):
        dataclasses.replace(VALID[3], input=VALID[0].input)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"direction": "0 = none", "low": -1.0}, "0, as 0 = none"),
        ({"direction": "higher is likelier", "low": -1.0}, "0 and 1"),
        ({"kind": "image", "labels": ("a", "b")}, "one label for an image"),
        ({"kind": "image", "activation": "softmax"}, "another for an image"),
    ],
)
def test_an_output_keeps_the_laws_of_scores(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        dataclasses.replace(VALID[0].outputs[0], **changes)


def test_records_cannot_be_changed() -> None:
    for record in (VALID[0], VALID[0].outputs[0], VALID[0].results[0]):
        assert isinstance(record, Manifest | Output | Result)
        with pytest.raises(dataclasses.FrozenInstanceError):
            record.__setattr__(dataclasses.fields(record)[0].name, None)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (toys.mean_of(name="image"), r"found the inputs \['image'\]; the manifest declares \['frame'\]"),
        (toys.mean_of(result="answer"), r"found the outputs \['answer'\]; the manifest declares \['score'\]"),
        (toys.mean_of(kind=TensorProto.DOUBLE), r"tensor\(double\)"),
        (toys.mean_of(batch=1), r"\[1, 3, 8, 8\].*None must be free"),
        (toys.classes().network.SerializeToString(), r"found the outputs \['probabilities'\]"),
    ],
    ids=["input name", "output name", "dtype", "fixed batch", "other outputs"],
)
def test_a_network_that_is_not_the_declared_one_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        load_model(toys.swap_network(toys.write_model(tmp_path, toys.luminance()), data))


def test_sizes_and_label_counts_must_be_the_declared_ones(tmp_path: Path) -> None:
    folder = toys.write_model(tmp_path, toys.luminance())
    manifest = manifests.read(folder)
    view = dataclasses.replace(manifest.input.views[0], height=16)
    manifests.write(dataclasses.replace(manifest, input=dataclasses.replace(manifest.input, views=(view,))), folder)
    with pytest.raises(ManifestError, match=r"\['n', 3, 8, 8\].*\[None, 3, 16, 8\]"):
        load_model(folder)
    outputs = (toys.output("score", ("quality", "light")),)
    probe = dataclasses.replace(manifest.probe, outputs={"quality": (0.5,), "light": (0.5,)})
    manifests.write(dataclasses.replace(manifest, outputs=outputs, probe=probe), folder)
    with pytest.raises(ManifestError, match=r"\['n', 1\].*\[None, 2\]"):
        load_model(folder)
