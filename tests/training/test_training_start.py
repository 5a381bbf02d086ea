"""Starting from another run, with its backbone and what it has seen; imitation, which is nothing but a start."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from iqa.errors import ArgumentError
from tests.toy_recipes import clean, rated, settled
from training import checkpoint, ending, export, recipe, resume, run
from training.fit import fit
from training.recipe import Recipe
from training.recipes import imitation as page
from training.start import network

FAST = ["--workers", "0", "--device", "cpu", "--weights", ""]


def test_a_start_for_others_is_no_model_and_they_begin_with_its_backbone(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rating, imitation, scorer = (recipe.get(name) for name in ("rating", "imitation", "frame-scorer"))
    runs = {}
    for made, layout in ((rating, rated), (imitation, clean)):
        runs[made.name] = tmp_path / made.name
        runs[made.name].mkdir()
        before = {"weights": str(runs["rating"] / checkpoint.BEST)} if made is imitation else {}
        settings = settled(made, **before)
        split = made.data(layout(photos, tmp_path / f"{made.name} data"), settings)
        fit(made, settings, split, runs[made.name], say=lambda _: None)
    first = checkpoint.best(runs["imitation"]).net.net
    taught_by = checkpoint.best(runs["rating"]).net.net.backbone
    assert same_weights(first.teacher, taught_by), "the teacher does not learn"  # type: ignore[arg-type]
    torch.manual_seed(0)  # as the run began
    fresh = network(imitation, settled(imitation, weights=str(runs["rating"] / checkpoint.BEST)))
    assert not same_weights(fresh.backbone, first.backbone), "the student does"  # type: ignore[arg-type]
    assert [row.name for row in checkpoint.best(runs["imitation"]).trained_on]
    start = network(scorer, settled(scorer, weights=str(runs["imitation"] / checkpoint.BEST)))
    assert same_weights(start.backbone, first.backbone)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"is of recipe 'rating'; accepted: 'frame-scorer', 'imitation'\."):
        network(scorer, settled(scorer, weights=str(runs["rating"] / checkpoint.BEST)))
    assert export.main([str(runs["imitation"]), "--out", str(tmp_path / "model")]) == 2
    assert "makes no model, but a start for frame-scorer" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
    words = shlex.split(ending.command(imitation, runs["imitation"], tmp_path / "model"))
    assert words[2:4] == ["training.run", "frame-scorer"]
    assert words[-2:] == ["--weights", str(runs["imitation"] / checkpoint.BEST)]


def test_blur_type_starts_from_what_rating_sees_and_rating_leads_to_quality_first(photos: Path, tmp_path: Path) -> None:
    rating, blur = recipe.get("rating"), recipe.get("blur-type")
    before = settled(rating, epochs=(1, 0))
    split = rating.data(rated(photos, tmp_path / "data"), before)
    run_folder = tmp_path / "rating"
    run_folder.mkdir()
    fit(rating, before, split, run_folder, say=lambda _: None)
    seen = checkpoint.best(run_folder).net.net.backbone
    for crops, views in (("2x2", 2), ("", 1)):
        extra = {**blur.defaults.extra, "crops": crops}
        settings = settled(blur, weights=str(run_folder / checkpoint.BEST), extra=extra)
        net = network(blur, settings)
        assert same_weights(net.backbone, seen)  # type: ignore[arg-type]
        assert len(net.rows) == len(blur.inputs(settings).views) == views  # type: ignore[arg-type]
    assert shlex.split(ending.command(rating, run_folder, tmp_path / "model"))[3] == "quality"


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    """Whether all tensors of two networks are equal."""
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_imitated_is_measured_in_the_variances_of_the_teacher() -> None:
    made = recipe.get("imitation")
    net = checkpoint.blank(made, settled(made)).train()
    frame = torch.rand(4, 3, 64, 64) * torch.tensor([1.0, 3.0, 9.0, 27.0])[:, None, None, None]
    for layer in (*net.between, net.told):  # type: ignore[misc, union-attr]
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    found = net(frame)["explained"]
    assert found.shape == (4, len(page.STRIDES) + 1)
    assert found.mean().item() == pytest.approx(0.0, abs=0.05), "no better than the mean explains nothing"
    assert not any(module.training for module in net.teacher.modules())  # type: ignore[union-attr]


def test_parts_are_squares_of_the_photo_and_some_are_damaged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    pixels = {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()}
    shown = [page.part(image, np.random.default_rng(seed))[0] for seed in range(40)]
    assert all(a == b and page.LEAST_PART * 60 <= a <= 60 for a, b, _ in (one.shape for one in shown))
    own = [{tuple(pixel) for pixel in one.reshape(-1, 3).tolist()} <= pixels for one in shown]
    assert 0.5 < np.mean(own) < 0.9


def test_a_run_that_starts_from_another_takes_over_what_its_weights_ask_for(
    rated: Path, tmp_path: Path, tiny: Recipe
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    common = [tiny.name, "--data", str(rated), *FAST]
    assert run.main([*common, "--out", str(first), "--extra", "pixels=symmetric", "--extra", "pad=same"]) == 0
    assert run.main([*common, "--out", str(second), "--weights", str(first / checkpoint.BEST)]) == 0
    told = json.loads((second / "settings.json").read_text())
    assert told["settings"]["extra"] == {**tiny.defaults.extra, "pixels": "symmetric", "pad": "same"}
    assert told["trained_on"] == json.loads((first / "settings.json").read_text())["trained_on"], "named once"


def test_a_resumed_run_names_what_its_start_was_trained_on_though_that_is_gone(
    rated: Path, tmp_path: Path, tiny: Recipe
) -> None:
    first, second, other = tmp_path / "first", tmp_path / "second", tmp_path / "other"
    shutil.copytree(rated, other)
    (other / "labels.csv").write_text((rated / "labels.csv").read_text().rsplit("\n", 3)[0] + "\n")
    assert run.main([tiny.name, *FAST, "--data", str(other), "--out", str(first)]) == 0
    start = ["--weights", str(first / checkpoint.BEST), "--stop-after", "1"]
    assert run.main([tiny.name, *FAST, "--data", str(rated), "--out", str(second), *start]) == 0
    began = checkpoint.state(second / checkpoint.BEST)["trained_on"]
    assert len({row["photos"] for row in began}) == 2
    shutil.rmtree(first)
    assert run.main([tiny.name, "--out", str(second), "--resume"]) == 0
    assert checkpoint.best(second).trained_on == resume.trained_on(second)
    assert [row.photos for row in resume.trained_on(second)] == [row["photos"] for row in began]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["frame-scorer"], "is of recipe 'rating'; accepted: 'frame-scorer', 'imitation'"),
        (["rating", "--seed", "4"], "Accepted: --seed 0."),
    ],
)
def test_a_run_that_is_no_start_is_refused_before_anything_is_made(
    words: list[str], told: str, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    small = ["--data", str(rated), "--size", "32", "--batch-size", "8"]
    assert run.main(["rating", *small, *FAST, "--epochs", "1,0", "--out", str(first)]) == 0
    start = ["--workers", "0", "--device", "cpu", "--weights", str(first / checkpoint.BEST)]
    assert run.main([*words, *small, *start, "--out", str(second)]) == 2
    assert told in capsys.readouterr().err
    assert not second.exists()


def test_a_frame_scorer_without_a_range_is_a_start_for_one_with_it(tmp_path: Path) -> None:
    made = recipe.get("frame-scorer")
    old = {name: x for name, x in made.net(settled(made)).state_dict().items() if not name.startswith("heads.range.")}
    file = tmp_path / checkpoint.BEST
    checkpoint.write(file, old, {"recipe": made.name, "settings": checkpoint.settings_dict(settled(made))})
    found = network(made, settled(made, weights=str(file))).state_dict()
    assert len(found) > len(old)
    assert all(torch.equal(found[name], x) for name, x in old.items())
