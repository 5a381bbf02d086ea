"""Starting from a published model: the weights that were exported, or a sentence that says which are not there."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit
from torch import nn

from iqa.degradations import NAMES as DEGRADATIONS
from iqa.errors import ArgumentError, ManifestError, ModelError, UnknownNameError
from iqa.manifest import FILE_NAME
from iqa.model import MODELS, load_model
from iqa.preprocess import to_input
from tests.photos import NAMES, photo
from tests.toy_recipes import settled
from tests.toy_training import TINY, Tiny, trained
from training import checkpoint, compress, curve, export, nets, published, recipe, run, start
from training.choices import Choices
from training.compress import Storage
from training.penalty import FORK, Penalized
from training.recipe import Recipe, Settings

FAST = ["--workers", "0", "--device", "cpu"]
QUALITY = str(MODELS / "quality")


def mirrored(_: Settings) -> nn.Module:
    """A network whose batch norm is not merged, with a layer of 2,048 weights and one of fixed means and spreads."""
    return nets.Scorer(Tiny(), {"quality": 1}, hidden=(128,), mirror=True, standard=True)


def wider(_: Settings) -> nn.Module:
    """Another network."""
    return nets.Scorer(Tiny(), {"quality": 1}, hidden=(64,), mirror=True, standard=True)


MIRRORED = replace(TINY, name="mirrored", net=mirrored)
WIDER = replace(TINY, name="wider", net=wider, starts={"mirrored": ("backbone", "backbone")})
OTHER = replace(TINY, name="other", net=wider, starts={"mirrored": ("heads", "heads"), "tiny": ("", "backbone")})


@pytest.fixture(scope="module", autouse=True)
def _registered() -> Iterator[None]:
    known = recipe._all() | {made.name: made for made in (TINY, MIRRORED, WIDER, OTHER)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "_all", lambda: known)
        yield


@pytest.fixture(scope="module")
def models(rated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name of a toy -> the folder of its run, in which `model` is the folder of its model."""
    folder = tmp_path_factory.mktemp("published")
    for made in (MIRRORED, TINY):
        trained(made, rated, folder / made.name, epochs=(1, 1), extra={"pixels": "symmetric", **made.defaults.extra})
        export.export(folder / made.name, folder / made.name / "model", Choices(), say=lambda _: None)
    return {made.name: folder / made.name for made in (MIRRORED, TINY)}


def begun(made: Recipe, weights: Path | str) -> nn.Module:
    return start.network(made, replace(made.defaults, weights=str(weights)))


def test_the_weights_are_those_of_the_checkpoint_but_for_their_storage(models: dict[str, Path]) -> None:
    kept = checkpoint.read(models["mirrored"] / checkpoint.BEST)[0]
    for path in (models["mirrored"] / "model", models["mirrored"] / "model" / "model.onnx"):
        found = begun(MIRRORED, path).state_dict()
        assert found.keys() == kept.keys()
        for name, x in kept.items():
            if name.endswith(("num_batches_tracked", "scale.count")):
                continue
            if x.numel() >= compress.LARGE:
                assert torch.equal(found[name], x.half().float()), name
                assert not torch.equal(found[name], x), "stored in half precision"
            elif name == "scale.square":
                torch.testing.assert_close(found[name], x, rtol=1e-6, atol=1e-8)
            else:
                assert torch.equal(found[name], x), name
    sources = checkpoint.best(models["mirrored"]).trained_on
    assert found["scale.count"].item() == sum(row.photos for row in sources) > 0


def test_a_run_from_a_model_goes_on_as_one_from_its_checkpoint_and_names_its_photos(
    models: dict[str, Path], rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = tmp_path / "fewer"
    shutil.copytree(rated, fewer)
    (fewer / "labels.csv").write_text((rated / "labels.csv").read_text().rsplit("\n", 3)[0] + "\n")
    words = ["wider", "--data", str(fewer), *FAST, "--epochs", "1,0", "--weights", str(models["mirrored"] / "model")]
    assert run.main([*words, "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr().out
    assert "a model of mirrored, the backbone alone is taken" in said
    assert "does not tell the --seed of its split: unless it was 0 as well" in said
    told = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert told["settings"]["extra"]["pixels"] == "symmetric"
    source = json.loads((models["mirrored"] / "model" / FILE_NAME).read_text())["trained_on"]
    assert len(told["trained_on"]) == 2
    assert source[0] in told["trained_on"]
    backbone = checkpoint.best(tmp_path / "run").net.net.backbone
    first = checkpoint.best(models["mirrored"]).net.net.backbone
    assert torch.equal(backbone.layers[0].weight, first.layers[0].weight), "kept while the head learned"  # type: ignore[index, union-attr]


def test_an_altered_model_and_one_without_its_manifest_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(models["mirrored"] / "model", altered)
    data = bytearray((altered / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (altered / "model.onnx").write_bytes(data)
    for path in (altered, altered / "model.onnx"):
        with pytest.raises(ModelError, match=r"found sha256 \w+; the manifest declares"):
            begun(MIRRORED, path)
    (altered / "model.onnx").rename(altered / "other.onnx")
    with pytest.raises(ArgumentError, match=r"the manifest beside it describes model\.onnx"):
        begun(MIRRORED, altered / "other.onnx")
    with pytest.raises(ModelError, match="no such file"):
        begun(MIRRORED, altered)
    (altered / FILE_NAME).unlink()
    with pytest.raises(ManifestError):
        begun(MIRRORED, altered / "other.onnx")


def test_int8_is_refused_and_palettes_are_what_the_file_holds(
    models: dict[str, Path], photos: Path, tmp_path: Path
) -> None:
    for name, words in (("int8", ["--weights", "int8", "--calibration", str(photos)]), ("six", ["--palettize", "6"])):
        out = ["--out", str(tmp_path / name), "--max-loss", "1"]
        assert export.main([str(models["mirrored"]), *out, *words]) == 0
    with pytest.raises(ArgumentError, match=r"computes in 8 bits \(int8\).*Accepted: an export with --weights fp16"):
        begun(MIRRORED, tmp_path / "int8")
    kept = checkpoint.read(models["mirrored"] / checkpoint.BEST)[0]
    found = begun(MIRRORED, tmp_path / "six").state_dict()
    (large,) = (name for name, x in kept.items() if x.numel() >= compress.LARGE)
    assert found[large].unique().numel() <= 64
    assert (found[large] - kept[large]).abs().max() < 0.05


def test_a_model_of_another_network_names_what_does_not_fit(models: dict[str, Path]) -> None:
    with pytest.raises(
        ArgumentError, match=r"of another shape \(quality\.0\.0\.weight \(128, 16\) instead of \(64, 16"
    ):
        begun(OTHER, models["mirrored"] / "model")
    with pytest.raises(ArgumentError, match="is of recipe 'mirrored'; accepted: 'tiny', 'other'"):
        begun(TINY, models["mirrored"] / "model")
    with pytest.raises(ArgumentError, match=r"missing \(backbone\.layers\.1\.bias.*merged into the convolution"):
        begun(TINY, models["tiny"] / "model")


def test_a_merged_batch_norm_comes_back_where_norms_keep_their_statistics_and_nowhere_else() -> None:
    made = recipe.get("frame-scorer")
    settings = start.with_facts(settled(made, size=128, weights=str(MODELS / "frame-scorer")))
    assert settings.extra["norm"] == "fixed"
    net, model = start.network(made, settings).eval(), load_model(MODELS / "frame-scorer")
    for name in NAMES[:2]:
        view = torch.from_numpy(to_input(photo(name), model.manifest.input)["frame"])
        with torch.no_grad():
            found = {key: value.sigmoid().numpy()[0] for key, value in net(view).items()}
        told = model.predict(photo(name))
        assert found["quality"][0] == pytest.approx(float(told["quality"]), abs=2e-4)
        assert found["range"] == pytest.approx([float(told["quality_low"]), float(told["quality_high"])], abs=2e-4)
    before = net.state_dict()["backbone.model.bn1.running_mean"].clone()
    net.train()(torch.cat([view, view]))
    assert torch.equal(net.state_dict()["backbone.model.bn1.running_mean"], before)
    learning = replace(settings, extra={**settings.extra, "norm": ""})
    with pytest.raises(ArgumentError, match="only where batch norms keep their statistics"):
        start.network(made, learning)
    with pytest.raises(UnknownNameError, match="batch norm"):
        start.network(made, replace(settings, extra={**settings.extra, "norm": "none"}))
    other = recipe.get("imitation")
    with pytest.raises(ArgumentError, match="this recipe lets them learn"):
        start.network(other, settled(other, size=64, extra={**other.defaults.extra, "norm": "fixed"}, weights=""))


def test_a_merged_convolution_is_not_taken_for_the_one_that_was_trained(
    models: dict[str, Path], rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Plain(Tiny):
        def __init__(self) -> None:
            super().__init__()
            self.layers[0] = nn.Conv2d(3, 16, 3, stride=2, bias=False)

    made = replace(TINY, name="plain", net=lambda _: nets.Scorer(Plain(), {"quality": 1}))
    known = recipe._all() | {"plain": made}
    monkeypatch.setattr(recipe, "_all", lambda: known)
    trained(made, rated, tmp_path / "run", epochs=(1, 1))
    export.export(tmp_path / "run", tmp_path / "model", Choices(storage=Storage("fp32")), say=lambda _: None)
    found = published.read(tmp_path / "model").tensors
    assert [name for name in found if name.startswith("backbone.layers")] == [
        f"backbone.layers.0{end}" for end in published.MERGED
    ]
    assert "heads.quality.0.0.weight" in found


@pytest.fixture(scope="module")
def quality() -> Penalized:
    """The network of the published model, which has no curve yet."""
    made = recipe.get("quality")
    net = start.network(made, start.with_facts(settled(made, size=384, weights=QUALITY)))
    assert isinstance(net, Penalized)
    return net.eval()


def test_the_published_model_is_a_start_for_its_own_recipe(quality: Penalized) -> None:
    model = load_model(Path(QUALITY), probe=False)
    pictures = [np.ascontiguousarray(photo(name)[:400, :400]) for name in NAMES[:3]]
    spec = model.manifest.input
    with torch.no_grad():
        raw = [quality(torch.from_numpy(to_input(picture, spec)["frame"])) for picture in pictures]
    logits = np.concatenate([torch.cat([x["quality"], x["range"]], 1)[0].double().numpy() for x in raw])
    labels = ("quality", "quality_low", "quality_high")
    answers = np.array([float(answer[label]) for answer in map(model.predict, pictures) for label in labels])
    values, _ = curve_fit(lambda x, *found: curve.bent(x, found), logits, answers, (1.0, 0.0, 0.95))
    np.testing.assert_allclose(curve.bent(logits, values), answers, rtol=0, atol=1e-5)
    block = quality.pyramid.model.blocks[FORK][0]
    assert torch.equal(quality.blocks[0][0].bn1.running_var, block.bn1.running_var)  # type: ignore[index]


def test_the_published_degradations_go_on_as_they_answer() -> None:
    """With a head on colors, whose constants the file names, and features whose spread it does not hold."""
    folder, made = QUALITY.replace("quality", "degradations"), recipe.get("degradations")
    net = start.network(made, start.with_facts(settled(made, weights=folder))).eval()
    model, picture = load_model(Path(folder), probe=False), np.ascontiguousarray(photo("coffee")[:400, :400])
    views = to_input(picture, model.manifest.input)
    with torch.no_grad():
        raw = net(*(torch.from_numpy(view) for view in views.values()))["severities"][0]
    answers = model.predict(picture)
    assert torch.sigmoid(raw).numpy() == pytest.approx([float(answers[name]) for name in DEGRADATIONS], abs=1e-4)


def test_the_rating_network_that_it_keeps_is_a_start_where_a_run_of_rating_is(quality: Penalized) -> None:
    imitation, rating = recipe.get("imitation"), recipe.get("rating")
    settings = start.with_facts(settled(imitation, weights=QUALITY))
    assert {key: settings.extra[key] for key in nets.OPTIONS} == {
        "pad": "same",
        "pixels": "symmetric",
        "norm": "",
    }
    assert "the backbone.backbone alone is taken" in start.beginning(imitation, settings)
    teacher = start.network(imitation, settings).teacher.state_dict()  # type: ignore[union-attr, operator]
    whole = start.network(rating, settled(rating, weights=QUALITY)).state_dict()
    for name, x in quality.backbone.state_dict().items():
        assert torch.equal(whole[name], x), name
        if name.startswith("backbone."):
            assert torch.equal(teacher[name.removeprefix("backbone.")], x), name
    blur = recipe.get("blur-type")
    begun_there = start.network(blur, settled(blur, weights=QUALITY)).backbone.state_dict()  # type: ignore[union-attr]
    assert begun_there.keys() == teacher.keys()
    assert all(torch.equal(begun_there[name], x) for name, x in teacher.items())
    made = recipe.get("degradations")
    taken = start.network(made, start.with_facts(settled(made, weights=QUALITY))).backbone.state_dict()  # type: ignore[union-attr, operator]
    assert taken.keys() == teacher.keys()
    assert all(torch.equal(taken[name], x) for name, x in teacher.items())
    with pytest.raises(ArgumentError, match="is of recipe 'quality'; accepted: 'frame-scorer', 'imitation'"):
        begun(recipe.get("frame-scorer"), QUALITY)
