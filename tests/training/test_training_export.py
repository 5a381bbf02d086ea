"""training.export: what it makes loads, answers as the network and says so; what is wrong leaves no trace."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from iqa import manifest as manifests
from iqa.card import model_card
from iqa.model import load_model
from iqa.preprocess import InputSpec
from tests.toy_export import WIDE, largest, saved
from tests.toy_models import luminance, write_model
from tests.toy_training import output
from training import checkpoint, compress, export, folders, onnx_export, parity, recipe
from training.nets import Activated
from training.recipe import Raw, Settings

ROOT = Path(__file__).parents[2]
PICTURES = parity.pictures()


class Doubled(nn.Module):
    """Answers twice what it may."""

    def __init__(self, _: Settings) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 1, 1)

    def forward(self, x: Tensor) -> Raw:
        """2, whatever it sees."""
        return {"quality": 2.0 + 0.0 * self.backbone(x).mean((2, 3))}


BEYOND = replace(WIDE, name="beyond", net=Doubled, outputs=(output(activation="none"),))


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    known = {**recipe._all(), WIDE.name: WIDE, BEYOND.name: BEYOND}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "_all", lambda: known)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    return saved(WIDE, tmp_path_factory.mktemp("runs") / "wide")


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, exported with all defaults and for a phone."""
    out = tmp_path_factory.mktemp("models") / "new" / "wide"
    assert command(run, "--out", out, "--coreml") == 0
    return out


@pytest.fixture(scope="module")
def precise(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, exported without rounding."""
    out = tmp_path_factory.mktemp("models") / "wide"
    assert command(run, "--out", out, "--weights", "fp32") == 0
    return out


def command(*words: object) -> int:
    """Exit code."""
    return export.main([str(word) for word in words])


@pytest.mark.parametrize(("kind", "limit"), [("precise", 1e-6), ("exported", parity.ROUNDING)])
def test_the_folder_answers_as_the_network(kind: str, limit: float, run: Path, request: pytest.FixtureRequest) -> None:
    model, trained = load_model(request.getfixturevalue(kind)), checkpoint.best(run)
    wanted = [parity.torch_answer(trained.net, model.manifest.input, picture) for picture in PICTURES]
    assert np.ptp([answer["quality"] for answer in wanted]) > 0.2
    assert largest([model.predict(picture) for picture in PICTURES], wanted) < limit
    assert largest(model.predict_batch(PICTURES[:3]), wanted[:3]) < limit


def test_the_manifest_says_what_the_recipe_says(exported: Path, run: Path) -> None:
    found, trained = manifests.read(exported), checkpoint.best(run)
    assert (found.name, found.version, found.task) == (WIDE.name, WIDE.version, WIDE.task)
    assert (found.outputs, found.trained_on) == (WIDE.outputs, trained.trained_on)
    assert found.input == WIDE.inputs(trained.settings)
    assert found.results == ()
    assert (found.provenance.recipe, found.provenance.opset) == ("wide", onnx_export.OPSET)
    assert {"torch", "onnx", "onnxruntime"} <= found.provenance.packages.keys()
    files = {"model.onnx", "manifest.json", "probe.png", "model.mlpackage", "model.mlpackage.sha256"}
    assert {path.name for path in exported.iterdir()} == files


def test_the_manifest_and_the_card_say_what_the_storage_costs(run: Path, exported: Path, precise: Path) -> None:
    found = manifests.read(exported).description
    told = re.findall(r"(\w[\w ,]+): 1?\d answers to drawn pictures differ by at most ([^ ,]+), on average", found)
    assert found.startswith(f"{WIDE.description} Stored as fp16: 11 answers")
    assert [what for what, _ in told] == ["Stored as fp16", "Core ML package, fp16"]
    kept = json.loads((run / export.RECORD).read_text())[str(exported)]["parities"]
    for (_, share), row in zip(told, kept[-2:], strict=True):
        assert row["largest"] <= float(share) < 1.11 * row["largest"], "rounded up, to two digits"
    assert found in model_card(manifests.read(exported))
    assert "Stored as fp32: 11 answers" in manifests.read(precise).description
    assert "Core ML" not in manifests.read(precise).description


def test_one_file_holds_everything_and_tells_nothing_of_this_machine(exported: Path) -> None:
    data = (exported / "model.onnx").read_bytes()
    model = onnx.load_from_string(data)
    for word in (str(ROOT), ".py", "site-packages", "stack_trace", str(Path.home())):
        assert word.encode() not in data
    assert [row.version for row in model.opset_import if row.domain == ""] == [onnx_export.OPSET]
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    ends = [each.type.tensor_type.shape.dim[0] for each in (*model.graph.input, *model.graph.output)]
    assert [end.dim_param for end in ends] == ["n", "n"]


def test_half_precision_is_stored_and_not_computed_with(exported: Path, precise: Path) -> None:
    half, full = ((folder / "model.onnx").stat().st_size for folder in (exported, precise))
    assert half < 0.55 * full
    model = onnx.load(exported / "model.onnx")
    used = {tensor.name for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16}
    assert used
    assert {node.op_type for node in model.graph.node if set(node.input) & used} == {"Cast"}


def test_exporting_again_gives_the_same_file(run: Path, precise: Path, tmp_path: Path) -> None:
    assert command(run / checkpoint.BEST, "--out", tmp_path / "again", "--weights", "fp32", "--version", "1.2.3") == 0
    again, first = manifests.read(tmp_path / "again"), manifests.read(precise)
    assert (again.sha256, again.probe) == (first.sha256, first.probe)
    assert again.version == "1.2.3"


def test_sizes_and_differences_are_printed_and_kept_beside_the_run(
    run: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = json.loads((run / export.RECORD).read_text())[str(exported)]
    assert kept["sizes"]["model.onnx"][0] == (exported / "model.onnx").stat().st_size
    assert kept["sizes"]["model.mlpackage"][0] > 80_000
    assert [row["limit"] for row in kept["parities"]] == [1e-4, 1e-4, 5e-3, 5e-3]
    assert all(0 <= row["mean"] <= row["largest"] <= row["limit"] for row in kept["parities"])
    assert all(row["spread"] > 0.1 for row in kept["parities"])
    assert command(run, "--out", tmp_path / "small", "--palettize", "6", "--prune", "0.2", "--max-loss", "0.3") == 0
    told = capsys.readouterr().out
    assert "loss by fp16, 20% pruned, 6-bit palettes, against torch as trained" in told
    assert f"{(tmp_path / 'small' / 'model.onnx').stat().st_size:,}" in told
    assert {str(exported), str(tmp_path / "small")} <= json.loads((run / export.RECORD).read_text()).keys()


def test_8_bits_are_calibrated_on_photos_and_their_loss_is_measured_on_others(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (run, "--weights", "int8", "--calibration", photos)
    assert command(*words, "--out", tmp_path / "out", "--max-loss", "0.2") == 0
    told = capsys.readouterr().out
    line = next(line for line in told.splitlines() if line.startswith("loss by int8, against torch as trained"))
    answers, spread, mean, most, _ = map(float, line.split()[-5:])
    assert (answers, spread > 0.05, 0 < mean < most < 0.2) == (12 + 3, True, True)
    stated = "int8: 12 photos set the ranges of activations, 12 others measure the loss."
    assert stated in told
    assert json.loads((run / export.RECORD).read_text())[str(tmp_path / "out")]["notes"] == [stated]
    first = load_model(tmp_path / "out").manifest
    cost = re.search(
        r"Stored as int8: 15 answers to photos differ by at most (\S+), on average by (\S+), of the", first.description
    )
    assert cost is not None
    assert most <= float(cost[1]) < 1.11 * most
    assert mean <= float(cost[2]) < 1.11 * mean
    assert first.probe.tolerance == folders.INT8_TOLERANCE
    assert command(*words, "--out", tmp_path / "out", "--max-loss", "0.2", "--overwrite") == 0
    assert load_model(tmp_path / "out").manifest.sha256 == first.sha256
    capsys.readouterr()
    assert command(*words, "--out", tmp_path / "strict", "--max-loss", "1e-6") == 1
    assert "accepted: at most 1e-06" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["EMPTY"], "is no checkpoint of training.run"),
        (["NAN"], r"hold NaN or infinity, the first is net.heads.quality.0.0.weight"),
        (["BEYOND"], "must be 0 to 1; found 2"),
        (["RUN", "--max-mb", "0.01"], "MB, accepted: 0.01. Store it smaller"),
        (["RUN", "--prune", "0.97"], "of its range in one of 11 answers; accepted: at most 0.05"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_nothing_behind(
    words: list[str], said: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RUN": run, "EMPTY": tmp_path / "empty"}
    places["EMPTY"].mkdir()
    if "NAN" in words:
        places["NAN"] = saved(WIDE, tmp_path / "empty" / "nan")
        _spoil(places["NAN"] / checkpoint.BEST)
    if "BEYOND" in words:
        places["BEYOND"] = saved(BEYOND, tmp_path / "empty" / "beyond")
    assert command(*(places.get(word, word) for word in words), "--out", tmp_path / "new" / "out") == 1
    assert said in capsys.readouterr().err
    assert list((tmp_path / "new").glob("*")) == []


def test_a_record_that_is_none_is_noticed_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(onnx_export, "graph")
    folder = saved(WIDE, tmp_path / "run")
    for content in ("[1]", "no JSON"):
        (folder / export.RECORD).write_text(content)
        assert command(folder, "--out", tmp_path / "out") == 1
        assert "move it away, then export again" in capsys.readouterr().err
        assert (folder / export.RECORD).read_text() == content


def _spoil(path: Path) -> None:
    """One weight of the file becomes NaN, as no run would write it."""
    with safe_open(path, "pt") as file:
        told = file.metadata()
    tensors = load_file(path)
    tensors["net.heads.quality.0.0.weight"][0, 0] = torch.nan
    save_file(tensors, path, metadata=told)


def test_a_file_that_answers_otherwise_is_not_exported(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(net: Activated, spec: InputSpec) -> onnx.ModelProto:
        model = onnx_graph(net, spec)
        bias = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("heads.quality.0.6.bias"))
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + 0.01, bias.name))
        return model

    onnx_graph = onnx_export.graph
    monkeypatch.setattr(onnx_export, "graph", altered)
    assert command(run, "--out", tmp_path / "out") == 1
    assert "ONNX, fp32, against torch: 'quality' differs by" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_behind(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compress, "halved", stopped)
    assert command(run, "--out", tmp_path / "out") == 130
    assert "nothing was left behind" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_model_folder_is_replaced_only_when_asked_and_nothing_else_ever(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path, luminance())
    before = (model / "model.onnx").read_bytes()
    assert command(run, "--out", model) == 1
    assert "Add --overwrite" in capsys.readouterr().err
    assert (model / "model.onnx").read_bytes() == before
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep")
    for taken in (mine, mine / "notes.txt"):
        assert command(run, "--out", taken, "--overwrite") == 1
        assert "is no model folder" in capsys.readouterr().err
    assert (mine / "notes.txt").read_text() == "keep"
    assert command(run, "--out", model, "--overwrite", "--weights", "fp32") == 0
    assert load_model(model).manifest.name == "wide"
    assert {path.name for path in tmp_path.iterdir()} == {model.name, "mine"}


def test_the_probe_is_the_same_picture_for_every_model(exported: Path) -> None:
    shape = np.asarray(Image.open(exported / "probe.png")).shape
    assert shape == (*folders.PROBE_SIZE, 3)
    load_model(exported).check_probe()
