"""iqa.model: a model answers as worked out by hand, and nothing that was altered is ever used."""

import dataclasses
import hashlib
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
import toy_models as toys
from onnx import TensorProto, numpy_helper

from iqa import manifest as manifests
from iqa import model as models
from iqa.errors import ArgumentError, ManifestError, ModelError, UnknownNameError
from iqa.estimator import Estimator
from iqa.model import list_models, load_model
from iqa.onnx_wire import TENSOR_PATHS, refuse_external_data
from iqa.probe import probe_image, summary

SIZES = [(40, 56), (41, 57), (33, 16), (8, 8)]


def photo(height: int, width: int, seed: int = 0) -> toys.Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return toys.write_model(tmp_path, toys.luminance())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("toy", toys.TOYS, ids=lambda toy: toy.name)
def test_answers_are_those_worked_out_by_hand(toy: toys.Toy, size: tuple[int, int], tmp_path: Path) -> None:
    toys.write_model(tmp_path, toy)
    model = load_model(toy.name, root=tmp_path)
    image = photo(*size)
    answer, expected = model.predict(image), toy.by_hand(image)
    assert list(answer) == [label for output in toy.outputs for label in output.labels]
    for label, value in answer.items():
        assert value.dtype == np.float32
        assert value.shape == np.shape(expected[label])
        np.testing.assert_allclose(value, expected[label], rtol=0, atol=1e-6)


@pytest.mark.parametrize("toy", toys.TOYS, ids=lambda toy: toy.name)
def test_a_batch_of_mixed_sizes_answers_as_each_photo_alone(toy: toys.Toy, tmp_path: Path) -> None:
    model = load_model(toys.write_model(tmp_path, toy))
    images = [photo(height, width, seed) for seed, (height, width) in enumerate([*SIZES, *reversed(SIZES)])]
    for image, answer in zip(images, model.predict_batch(images), strict=True):
        for label, value in model.predict(image).items():
            np.testing.assert_allclose(answer[label], value, rtol=0, atol=1e-6)
    assert model.predict_batch([]) == []


def test_threads_get_the_answers_of_a_single_thread(tmp_path: Path) -> None:
    model = load_model(toys.write_model(tmp_path, toys.two_views()), threads=1)
    images = [photo(30, 40, seed) for seed in range(40)]
    alone = [model.predict(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(model.predict, images)) == alone


@pytest.mark.parametrize("probe", [True, False])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "found sha256 [0-9a-f]{64}; the manifest declares"),
        (lambda data: data[:-1], "bytes; accepted"),
        (lambda data: data + b"\0", "found more than"),
        (lambda data: b"", "found 0 bytes"),
    ],
    ids=["altered", "shortened", "appended", "emptied"],
)
def test_altered_weights_never_reach_the_runtime(folder: Path, monkeypatch, change, words: str, probe: bool) -> None:
    path = folder / "model.onnx"
    path.write_bytes(change(path.read_bytes()))
    monkeypatch.setattr(models.ort, "InferenceSession", lambda *_, **__: pytest.fail("the runtime saw the bytes"))
    with pytest.raises(ModelError, match=words):
        load_model(folder, probe=probe)


def test_the_bytes_that_were_hashed_are_the_bytes_that_run(folder: Path, monkeypatch) -> None:
    path, opened = folder / "model.onnx", models.ort.InferenceSession
    verified = path.read_bytes()

    def session(source, *args, **kwargs):
        assert source == verified
        path.write_bytes(b"swapped after the check")
        return opened(source, *args, **kwargs)

    monkeypatch.setattr(models.ort, "InferenceSession", session)
    image, model = photo(9, 9), load_model(folder)
    assert model.predict(image)["quality"] == pytest.approx(toys.luminance().by_hand(image)["quality"], abs=1e-6)
    assert model.estimator == Estimator("toy-luminance", "1.0.0", hashlib.sha256(verified).hexdigest())


def test_session_is_quiet_sequential_and_does_not_spin(folder: Path) -> None:
    options = load_model(folder, threads=2)._session.get_session_options()
    assert options.intra_op_num_threads == 2
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.execution_mode == models.ort.ExecutionMode.ORT_SEQUENTIAL
    assert load_model(folder)._session.get_providers() == ["CPUExecutionProvider"]
    with pytest.raises(ArgumentError, match="threads must be 1 or more, found 0"):
        load_model(folder, threads=0)


@pytest.mark.parametrize("name", ["model.onnx", "probe.png", "manifest.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises((ModelError, ManifestError), match=name):
        load_model(folder)


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")
    with pytest.raises(ModelError, match="no such file"):
        load_model(folder)


def test_files_over_the_cap_are_not_read(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(models, "MAX_MODEL_BYTES", 100)
    with pytest.raises(ModelError, match=r"declared with .* bytes; accepted: at most 100"):
        load_model(folder)


@pytest.mark.parametrize("data", [pickle.dumps([0.5]), b"PK\3\4" + bytes(60), b"\x08", b"\x3a\x7f", b"\xff" * 30])
def test_what_is_not_onnx_is_refused_without_being_opened(folder: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx: not an ONNX file"):
        load_model(toys.swap_network(folder, data))
    with pytest.raises(ModelError, match="ONNX Runtime cannot open it"):
        load_model(toys.swap_network(folder, onnx.ModelProto(ir_version=9).SerializeToString()))


def test_external_data_is_refused_though_the_runtime_would_read_it(folder: Path, monkeypatch) -> None:
    network = toys.luminance().network
    network.graph.initializer[0].CopyFrom(toys.outside())
    (folder / "weights.bin").write_bytes(np.array([0.1, 0.2, 0.3], np.float32).tobytes())
    monkeypatch.chdir(folder)
    data, options = network.SerializeToString(), models.ort.SessionOptions()
    options.graph_optimization_level = models.ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    unguarded = models.ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    white = {"frame": np.ones((1, 3, 8, 8), np.float32)}
    assert unguarded.run(None, white)[0] == pytest.approx(0.6)  # the bytes name ./weights.bin, and it was read
    with pytest.raises(ModelError, match="lies outside the file"):
        load_model(toys.swap_network(folder, data))


@pytest.mark.parametrize(("place", "network"), toys.hidden_places().items(), ids=list(toys.hidden_places()))
def test_external_data_is_found_wherever_it_hides(place: str, network: onnx.ModelProto) -> None:
    with pytest.raises(ModelError, match="lies outside the file"):
        refuse_external_data(network.SerializeToString(), Path(place))


def test_the_walk_knows_every_path_to_a_tensor() -> None:
    found: dict[str, dict[int, str]] = {}
    waiting = [onnx.ModelProto.DESCRIPTOR]
    while waiting:
        message = waiting.pop()
        parts = {f.number: f.message_type for f in message.fields if f.message_type}
        found[message.name] = {number: part.name for number, part in parts.items()}
        waiting += [part for part in parts.values() if part.name not in found]
    holders = {"TensorProto"}
    while grown := {name for name, parts in found.items() if holders & set(parts.values())} - holders:
        holders |= grown
    paths = {name: {number: part for number, part in found[name].items() if part in holders} for name in holders}
    assert paths == TENSOR_PATHS
    numbers = TensorProto.DESCRIPTOR.fields_by_name
    assert (numbers["external_data"].number, numbers["data_location"].number) == (13, 14)


@pytest.mark.parametrize("factor", [np.nan, np.inf, -np.inf, 3.0, -1.0, 1.001])
def test_answers_outside_the_declared_range_are_errors(folder: Path, factor: float) -> None:
    model = load_model(toys.swap_network(folder, toys.scaled(factor)), probe=False)
    with pytest.raises(ModelError, match="output 'score' must be 0 to 1; found"):
        model.predict(np.full((9, 9, 3), 255, np.uint8))
    rounded = load_model(toys.swap_network(folder, toys.scaled(1.00005)), probe=False)  # clipped, no error
    assert rounded.predict(np.full((9, 9, 3), 255, np.uint8))["quality"] == 1


def test_probabilities_that_do_not_sum_to_one_are_errors(tmp_path: Path) -> None:
    toy = toys.classes()
    toy.network.graph.node[-1].op_type = "Sigmoid"
    del toy.network.graph.node[-1].attribute[:]
    model = load_model(toys.write_model(tmp_path, toy), probe=False)
    with pytest.raises(ModelError, match="rows that sum to 1"):
        model.predict(photo(9, 9))


@pytest.mark.parametrize(
    ("groups", "words"), [(3, "the network failed: .*[Rr]eshape"), (2, r"shape \(1, 1\); found \(2")]
)
def test_a_network_that_fails_is_an_error_with_its_words(tmp_path: Path, groups: int, words: str) -> None:
    toy = toys.two_views()  # four crops per photo
    toy.network.graph.initializer[-1].CopyFrom(numpy_helper.from_array(np.array([-1, groups]), "by_photo"))
    model = load_model(toys.write_model(tmp_path, toy), probe=False)
    with pytest.raises(ModelError, match=rf"toy-two-views 1\.0\.0: .*{words}"):
        model.predict(photo(9, 9))


@pytest.mark.parametrize("toy", toys.TOYS, ids=lambda toy: toy.name)
def test_one_wrong_probe_number_is_found_and_both_are_shown(toy: toys.Toy, tmp_path: Path) -> None:
    folder = toys.write_model(tmp_path, toy)
    manifest = manifests.read(folder)
    label, values = list(manifest.probe.outputs.items())[-1]
    wrong = {**manifest.probe.outputs, label: (*values[:-1], values[-1] + 1e-4)}
    manifests.write(dataclasses.replace(manifest, probe=dataclasses.replace(manifest.probe, outputs=wrong)), folder)
    with pytest.raises(ModelError, match=rf"gives {label} = [0-9.e-]+ within 1e-06, found [0-9.e-]+\."):
        load_model(folder)
    with pytest.raises(ModelError, match=label):
        load_model(folder, probe=False).check_probe()


def test_a_changed_probe_picture_is_refused(folder: Path) -> None:
    image = probe_image(40, 56, seed=7)
    image[0, 0, 0] ^= 1  # too little to change any answer
    (folder / "probe.png").write_bytes(toys.png(image))
    with pytest.raises(ModelError, match=r"probe\.png: found sha256"):
        load_model(folder)


def test_a_probe_that_is_no_picture_is_a_model_error(folder: Path) -> None:
    (folder / "probe.png").write_bytes(b"no picture")
    manifest = manifests.read(folder)
    probe = dataclasses.replace(manifest.probe, sha256=hashlib.sha256(b"no picture").hexdigest())
    manifests.write(dataclasses.replace(manifest, probe=probe), folder)
    with pytest.raises(ModelError, match=r"probe\.png"):
        load_model(folder)


def test_an_image_is_pinned_by_its_block_means() -> None:
    means = np.arange(48.0).reshape(3, 4, 4)
    image = np.kron(means, np.array([[[0, 2, 1], [1, 1, 1]]])).transpose(1, 2, 0)  # blocks of 2 x 3 pixels
    assert summary(image.astype(np.float32)) == pytest.approx(means.ravel(), abs=1e-6)


def test_probe_picture_is_the_same_for_ever() -> None:
    drawn = hashlib.sha256(probe_image(64, 96, seed=3).tobytes()).hexdigest()
    assert drawn == "57a07d598af8cada14c63e83f08fc5309fcf6774b0b712821ab31c77e6b6a983"
    assert (probe_image(64, 96, seed=3) != probe_image(64, 96, seed=4)).any()
    with pytest.raises(ArgumentError, match="sides 16 to 4096"):
        probe_image(8, 64, seed=0)


def test_an_unknown_name_gets_the_nearest_match_and_no_substitute(folder: Path) -> None:
    with pytest.raises(
        UnknownNameError, match=r"'toy-luminanse'\. Did you mean 'toy-luminance'\? Known: toy-luminance"
    ):
        load_model("toy-luminanse", root=folder.parent)
    with pytest.raises(UnknownNameError, match="Known: none"):
        load_model("toy-luminance", root=folder.parent / "nothing")
    (folder.parent / ".hidden").mkdir()
    for name in ("toy-luminance\0", "TOY-LUMINANCE", ".hidden", "*", "x" * 300):
        with pytest.raises(UnknownNameError):
            load_model(name, root=folder.parent)


@pytest.mark.parametrize("name", ["a/b", "/etc", "../toy-luminance", "toy-luminance/", "a\\b", ".", "..", ""])
def test_a_text_that_looks_like_a_path_is_refused_with_a_hint(folder: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match=r"pass pathlib\.Path"):
        load_model(name, root=folder.parent)


def test_a_folder_linked_in_from_elsewhere_opens_by_path_only(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "toy-luminance").symlink_to(folder, target_is_directory=True)
    with pytest.raises(ModelError, match="a link to"):
        load_model("toy-luminance", root=root)
    assert load_model(root / "toy-luminance").manifest.name == "toy-luminance"


def test_a_name_and_its_manifest_must_agree(folder: Path) -> None:
    moved = folder.rename(folder.with_name("other"))
    with pytest.raises(ManifestError, match="'toy-luminance', accepted: the folder's, 'other'"):
        load_model("other", root=moved.parent)
    assert load_model(moved).manifest.name == "toy-luminance"


def test_the_list_shows_broken_folders_too(tmp_path: Path) -> None:
    for toy in toys.TOYS:
        toys.write_model(tmp_path, toy)
    (tmp_path / "toy-classes" / "manifest.json").write_text("{")
    (tmp_path / "empty").mkdir()
    (tmp_path / "README.md").write_text("not a model")
    (tmp_path / "toy-brighter").rename(tmp_path / "renamed")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    found = list_models(tmp_path)
    assert list(found) == ["dangling", "empty", "renamed", "toy-classes", "toy-luminance", "toy-two-views"]
    assert isinstance(found["dangling"], ModelError)
    assert isinstance(found["renamed"], ManifestError)
    assert isinstance(found["empty"], ManifestError)
    assert isinstance(found["toy-classes"], ManifestError)
    assert found["toy-luminance"] == manifests.read(tmp_path / "toy-luminance")
    assert list_models(tmp_path / "nothing") == {}
