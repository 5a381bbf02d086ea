"""Every recipe, on the data it accepts: it trains, goes on to the same bits, and its model folder answers photos."""

import json
import pickle
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from iqa.errors import ArgumentError, IQAError
from iqa.image import load
from iqa.model import load_model
from iqa.preprocess import Native, Whole, fixed_size
from tests.toy_recipes import COUNT, SIDE, clean, copied, masked, rated, settled
from tests.toy_training import same
from training import checkpoint, ending, export, parity, recipe, tables
from training.fit import fit
from training.recipe import Recipe, Split
from training.recipes import aesthetic, blur_detector, degradations, low_light, pick_label


def pairs(photos: Path, folder: Path) -> Path:
    """low/ and normal/."""
    clean(photos, folder / "normal")
    (folder / "low").mkdir()
    for path in (folder / "normal").iterdir():
        Image.fromarray(load(path) // 4).save(folder / "low" / path.name)
    return folder


def sorted_by_blur(photos: Path, folder: Path) -> Path:
    """sharp/ and blurry/, as the fixture blurred them."""
    kinds = ["blurry" if n // 6 % 2 else "sharp" for n in range(24)]
    return copied(photos, folder, [f"{kind}/{n}.png" for n, kind in enumerate(kinds)])


LAYOUTS: dict[str, Callable[[Path, Path], Path]] = {
    "blur-detector": sorted_by_blur,
    "blur-type": masked,
    "degradations": clean,
    "imitation": clean,
    "lighting": clean,
    "low-light": pairs,
}
"""The layout that a recipe accepts, where it is not a table of scores."""


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_trains_resumes_to_the_same_bits_and_predicts_from_its_model_folder(
    name: str, photos: Path, tmp_path: Path
) -> None:
    made = recipe.get(name)
    settings = settled(made)
    split = made.data(LAYOUTS.get(name, rated)(photos, tmp_path / "data"), settings)
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir()
    halves.mkdir()
    rows = fit(made, settings, split, whole, say=lambda _: None)
    fit(made, settings, split, halves, stop_after=1, say=lambda _: None)
    torch.manual_seed(99)
    fit(made, settings, split, halves, resume=True, say=lambda _: None)
    assert same(whole / checkpoint.LAST, halves / checkpoint.LAST)
    assert same(whole / checkpoint.BEST, halves / checkpoint.BEST)
    assert np.isfinite([row[key] for row in rows for key in ("train_loss", "validation_loss", "metric")]).all()
    assert not set(split.train.groups) & set(split.validation.groups)
    there = pickle.loads(pickle.dumps((split.train, split.validation)))  # as they reach a worker
    assert [part.groups for part in there] == [split.train.groups, split.validation.groups]
    folder = tmp_path / name
    typed = shlex.split(ending.command(made, whole, folder))
    if not made.exported:
        return
    assert typed[:3] == ["python", "-m", "training.export"]
    assert export.main(typed[3:]) == 0, "the command that a run ends with"
    model, image = load_model(folder), load(photos / "07.png")
    found = model.predict(image)
    wanted = parity.torch_answer(checkpoint.best(whole).net, made.inputs(settings), image)
    for output in made.outputs:
        for label in output.labels:
            assert found[label].shape == ((*image.shape[:2], 3) if output.kind == "image" else ())
            assert output.low <= found[label].min() <= found[label].max() <= output.high
            assert np.abs(found[label] - wanted[label]).max() <= parity.ROUNDING * (output.high - output.low)


@pytest.mark.parametrize(("name", "least", "most"), [("blur-type", 3.5e6, 4e6), ("low-light", 1e5, 1.5e5)])
def test_networks_have_the_size_they_promise(name: str, least: float, most: float) -> None:
    net = checkpoint.blank(recipe.get(name), recipe.get(name).defaults)
    assert least <= sum(parameter.numel() for parameter in net.parameters()) <= most


def test_a_network_without_pretrained_weights_does_not_take_any(tmp_path: Path) -> None:
    made = recipe.get("low-light")
    with pytest.raises(ArgumentError, match=r"random weights or a best\.safetensors"):
        made.net(replace(made.defaults, weights=str(tmp_path / "other.safetensors")))


def test_a_degradation_that_is_not_known_teaches_nothing_and_the_others_do() -> None:
    raw = {"severities": torch.zeros(4, 6, requires_grad=True), "noise_sigma": torch.zeros(4, 1, requires_grad=True)}
    target = {"severities": torch.rand(4, 6), "noise_sigma": torch.full((4, 1), 3.0)}
    target["severities"][:, 3] = target["severities"][0, 1] = target["noise_sigma"][2] = torch.nan
    degradations.loss(raw, target).backward()
    moved = {name: x.grad != 0 for name, x in raw.items() if x.grad is not None}
    assert torch.equal(moved["severities"], target["severities"].isfinite())
    assert torch.equal(moved["noise_sigma"], target["noise_sigma"].isfinite())


def test_degradations_looks_at_the_frame_and_at_crops_of_half_its_side() -> None:
    made = recipe.get("degradations")
    frame, crops = made.inputs(made.defaults).views
    assert (fixed_size(frame), fixed_size(crops)) == ((384, 384), (192, 192))
    assert isinstance(frame, Whole)
    assert frame.fit == "shrink"
    assert isinstance(crops, Native)
    assert crops.rows * crops.columns == 4
    net = checkpoint.blank(made, made.defaults)
    assert sum(x.numel() for x in net.parameters()) * 2 < 9.3e6, "10 MB in half precision, graph and probe included"


def test_low_light_learns_from_pairs_and_from_darkened_photos_at_once(photos: Path, tmp_path: Path) -> None:
    made = recipe.get("low-light")
    extra = {**made.defaults.extra, "photos": str(clean(photos, tmp_path / "photos"))}
    split = made.data(pairs(photos, tmp_path / "pairs"), settled(made, extra=extra))
    assert len(split.train) + len(split.validation) == 2 * COUNT
    for index in (0, len(split.train) - 1):
        sample = split.train.sample(index, np.random.default_rng(1))
        assert sample.image.shape == (SIDE, SIDE, 3)
        assert sample.target["enhanced"].shape == (3, SIDE, SIDE)
        assert sample.frame is not None
        assert min(sample.frame.shape[:2]) >= SIDE
    with pytest.raises(ArgumentError, match="multiples of 8"):
        made.data(tmp_path / "pairs", settled(made, size=50))


def test_low_light_trains_on_what_the_test_scenes_do_not_show(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(photos.glob("*.png"))[:8]
    rows = {"name": [f"{n}" for n in range(8)], "path": map(str, files), "reference": map(str, files)}
    table = pd.DataFrame({**rows, "group": ["a", "a", "b", "c", "d", "e", "f", "g"], "split": ["test", *["train"] * 7]})
    table["clean_train"] = [False, False, True, True, True, True, True, False]
    table.attrs = {"dataset": "lol"}
    monkeypatch.setattr(tables, "read", lambda *_: table)
    split: Split = low_light.data(tmp_path, settled(recipe.get("low-light")))
    assert {*split.train.groups, *split.validation.groups} == {"b", "c", "d", "e", "f"}


def test_the_five_scores_are_read_from_json_and_mapped_to_one_scale(photos: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(clean(photos, tmp_path).glob("*.png"))):
        row = {"overall": number / 2, "composition": 5, "color": 10, "contrast": 0, "focus": 2.5}
        path.with_suffix(".json").write_text(json.dumps(row))
    made = recipe.get("aesthetic")
    split = made.data(tmp_path, settled(made))
    found = np.stack([split.train.sample(n, None).target["scores"] for n in range(len(split.train))])
    assert found[:, 1:].tolist() == [[0.5, 1.0, 0.0, 0.25]] * len(found)
    assert found[:, 0].max() <= 0.75


def test_a_set_without_a_score_is_refused_or_masked(rated: Path) -> None:
    made = recipe.get("aesthetic")
    with pytest.raises(IQAError, match="composition, color, contrast, focus"):
        made.data(rated, settled(made))
    partial = {**made.defaults.extra, "partial": "yes"}
    split = made.data(rated, settled(made, extra=partial))
    target = torch.from_numpy(np.stack([split.train.sample(n, None).target["scores"] for n in range(4)]))
    assert torch.isnan(target[:, 1:]).all()
    raw = torch.zeros(4, 5, requires_grad=True)
    aesthetic.loss({"scores": raw}, {"scores": target}).backward()
    assert raw.grad is not None
    assert (raw.grad[:, 0] != 0).all()
    assert (raw.grad[:, 1:] == 0).all()


def test_scores_outside_their_scale_are_refused() -> None:
    table = pd.DataFrame({"mos": [0.5, 0.5], "also_focus": [3.0, 11.0]})
    table.attrs = {"dataset": "table", "scale": (0.0, 10.0), "direction": "higher is better"}
    with pytest.raises(IQAError, match="focus leaves its scale of 0 to 10"):
        aesthetic.scored(table, partial=True)


def test_labels_follow_the_thresholds_and_classes_count_alike() -> None:
    table = pd.DataFrame({"mos": [0.0, 0.25, 0.26, 0.75, 0.76, 1.0]})
    found = pick_label.targets(table, *pick_label.bounds("0.25,0.75"))
    assert found["label"].argmax(axis=1).tolist() == [0, 0, 1, 1, 2, 2]
    uneven = pick_label.targets(pd.DataFrame({"mos": [0.1, 0.1, 0.1, 0.9]}), 0.25, 0.75)
    assert uneven["weight"][:3].sum() == pytest.approx(float(uneven["weight"][3, 0]))


@pytest.mark.parametrize("text", ["0.5", "a,b", "0.7,0.3", "0.2,1.0", "0.1,0.2,0.3"])
def test_odd_thresholds_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="thresholds="):
        pick_label.bounds(text)


def test_every_type_of_blur_is_blurry() -> None:
    table = pd.DataFrame({"blur_type": ["sharp", "motion_blurred", "blurry", "defocused_object_portrait"]})
    found = blur_detector.targets(table)
    assert found["sharpness"][:, 0].tolist() == [1, 0, 0, 0]
    assert found["weight"][0, 0] == pytest.approx(3 * found["weight"][1, 0])


def test_the_recipe_shown_in_the_design_works(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = (Path(__file__).parents[2] / "DESIGN.md").read_text(encoding="utf-8")
    code = design.partition("## Adding a recipe")[2].partition("```python\n")[2].partition("```")[0]
    assert len(code.splitlines()) < 40
    module: dict[str, Any] = {"__name__": "training.recipes.shown", "__package__": "training.recipes"}
    exec(compile(code, "DESIGN.md", "exec"), module)
    made: Recipe = module["RECIPE"]
    known = {**recipe._all(), made.name: made}
    monkeypatch.setattr(recipe, "_all", lambda: known)
    settings = settled(made, size=32)
    rows = fit(made, settings, made.data(photos, settings), tmp_path, say=lambda _: None)
    assert np.isfinite(rows[-1]["metric"])
    assert checkpoint.best(tmp_path).recipe is made
