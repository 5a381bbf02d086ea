"""training.parity: every recipe becomes ONNX and Core ML that answer as its network; what differs is refused."""

import copy
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from iqa.errors import IQAError
from iqa.model import load_model
from iqa.preprocess import Full
from tests.toy_export import WIDE, largest, saved
from tests.toy_training import output
from training import checkpoint, compress, export, parity, recipe
from training.choices import Choices

SIDE = 64
"""The operations are the same at any size."""
SCORE = (output(),)


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run of a recipe for tests."""
    known = {**recipe._all(), WIDE.name: WIDE}
    monkeypatch.setattr(recipe, "_all", lambda: known)
    return saved(WIDE, tmp_path_factory.mktemp("runs") / "wide")


def command(*words: object) -> int:
    """Exit code."""
    return export.main([str(word) for word in words])


@pytest.mark.parametrize("name", [name for name in recipe.names() if recipe.get(name).exported])
def test_every_recipe_answers_as_its_network_in_onnx_and_core_ml(name: str, tmp_path: Path) -> None:
    made = recipe.get(name)
    small = saved(replace(made, defaults=replace(made.defaults, size=SIDE)), tmp_path / "run")
    views = made.inputs(checkpoint.best(small).settings).views
    side = SIDE if any(isinstance(view, Full) for view in views) else Choices.side
    told = export.export(small, tmp_path / name, Choices(coreml=True, max_mb=50, side=side), say=lambda _: None)
    found = {row.what: row for row in told.parities}
    assert {what: row.limit for what, row in found.items()} == {
        "ONNX, fp32, against torch": 1e-4,
        "ONNX, fp16, against torch with weights rounded alike": 1e-4,
        "loss by rounding to fp16, against torch as trained": 5e-3,
        "Core ML, fp16, against torch": 5e-3,
    }
    for what, row in found.items():
        assert row.largest <= row.limit
        assert row.spread > 2 * parity.CORE_ML, f"{what}: answers that are all alike would prove nothing"
    exact, rounding, phone = (found[w].largest for w in found if w != "ONNX, fp32, against torch")
    assert exact < rounding / 10, "the file holds rounded weights, and the network beside it the same"
    assert phone > 0, "half precision must show"


def test_half_precision_is_proven_against_a_network_with_the_same_weights_and_its_loss_is_a_row_of_its_own(
    run: Path, tmp_path: Path
) -> None:
    exported = tmp_path / "out"
    assert command(run, "--out", exported) == 0
    rows = {row["what"]: row for row in json.loads((run / export.RECORD).read_text())[str(exported)]["parities"]}
    graph = rows["ONNX, fp16, against torch with weights rounded alike"]
    loss = rows["loss by rounding to fp16, against torch as trained"]
    assert (graph["limit"], loss["limit"]) == (1e-4, 5e-3)
    assert graph["largest"] < 1e-6 < loss["largest"] < 5e-3
    model, trained = load_model(exported), checkpoint.best(run)
    by_hand = copy.deepcopy(trained.net)
    for name, tensor in by_hand.state_dict().items():
        if tensor.dim() > 1 and tensor.numel() >= compress.LARGE:
            assert ".heads." in name, "no batch norm behind it"
            tensor.copy_(tensor.half().float())
    wanted = [parity.torch_answer(by_hand, model.manifest.input, picture) for picture in parity.pictures()]
    assert largest([model.predict(picture) for picture in parity.pictures()], wanted) < 1e-6


def test_rounding_that_costs_too_much_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "ROUNDING", 1e-6)
    assert command(run, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "loss by rounding to fp16, against torch as trained: 'quality' differs by" in said
    assert said.endswith("Store it with --weights fp32.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_was_rounded_otherwise_than_the_network_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(model: onnx.ModelProto, weights: Collection[str]) -> onnx.ModelProto:
        coarse = copy.deepcopy(model)
        for tensor in coarse.graph.initializer:
            if tensor.name in weights and len(tensor.dims) > 1:
                values = onnx.numpy_helper.to_array(tensor)
                steps = np.float32(2.0**-9)
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.round(values / steps) * steps, tensor.name))
        return halved(coarse, weights)

    halved = compress.halved
    monkeypatch.setattr(compress, "halved", cut)
    assert command(run, "--out", tmp_path / "out") == 1
    assert "against torch with weights rounded alike: 'quality' differs" in capsys.readouterr().err


@pytest.mark.parametrize(("by", "passes"), [(0.9e-4, True), (1.1e-4, False), (np.nan, False), (np.inf, False)])
def test_a_difference_is_accepted_up_to_the_limit_and_never_when_it_is_no_number(by: float, passes: bool) -> None:
    wanted = [{"quality": np.float64(value)} for value in (0.25, 0.5, 0.75)]
    found = [{"quality": row["quality"] + (by if number == 1 else 0)} for number, row in enumerate(wanted)]
    if passes:
        told = parity.compared("file", found, wanted, SCORE, parity.ONNX)  # type: ignore[arg-type]
        assert (told.answers, told.spread) == (3, 0.5)
        assert told.largest == pytest.approx(by)
        assert told.mean == pytest.approx(by / 3)
    else:
        with pytest.raises(IQAError, match=r"file: 'quality' differs by .* in one of 3 answers.* Train again\."):
            parity.compared("file", found, wanted, SCORE, parity.ONNX, advice="Train again.")  # type: ignore[arg-type]


def test_a_difference_is_a_share_of_the_range() -> None:
    wide = (output(name="blur", labels=("blur",), direction="0 = none", unit="px", high=50.0, activation="none"),)
    found, wanted = [{"blur": np.float64(20.004)}], [{"blur": np.float64(20.0)}]
    assert parity.compared("file", found, wanted, wide, 1e-4).largest == pytest.approx(8e-5)  # type: ignore[arg-type]


def test_the_pictures_differ_and_are_the_same_every_time() -> None:
    first, again = parity.pictures(), parity.pictures()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert len({picture.tobytes() for picture in first}) == len(first)
    assert {picture.shape for picture in first[:3]} == {first[0].shape}
