"""The loop: it learns, freezes, stops, keeps, resumes to the same bits, and refuses what cannot work."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from iqa.errors import ArgumentError, IQAError
from iqa.preprocess import Full, InputSpec
from tests.toy_models import luminance, write_model
from tests.toy_training import QUIET, TINY, Tiny, output, same, trained
from training import checkpoint, losses, nets, recipe, tables
from training.data import Labelled, Paired
from training.devices import Team
from training.distill import taught
from training.fit import Run, fit
from training.recipe import Metric, Phase, Raw, Recipe, Settings, Split, Target
from training.start import rate


@pytest.mark.parametrize("name", ["frame-scorer", "rating", "lighting"])
def test_every_recipe_learns_and_its_best_network_can_be_loaded(
    name: str, photos: Path, rated: Path, tmp_path: Path
) -> None:
    made = recipe.get(name)
    changes = {"epochs": (1, 5), "learning_rate": (1e-3, 3e-4), "batch_size": 8, "size": 64}
    extra = {**made.defaults.extra, **({"repeats": "2"} if name == "lighting" else {})}
    rows = trained(made, photos if name == "lighting" else rated, tmp_path, **changes, extra=extra)
    assert [row["phase"] for row in rows] == ["head", *["all"] * 5]
    assert min(row["train_loss"] for row in rows[-2:]) < rows[0]["train_loss"]
    kept = checkpoint.best(tmp_path)
    views = [torch.zeros(2, 3, view.height, view.width) for view in made.inputs(kept.settings).views]
    answers = kept.net(*views)
    assert [tuple(a.shape) for a in answers] == [(2, len(o.labels)) for o in made.outputs]
    assert kept.trained_on[0].photos > 0


@pytest.mark.parametrize(("workers", "ema"), [(0, 0.9), (1, 0.0)])
def test_two_epochs_and_two_more_give_the_bits_of_four(
    workers: int, ema: float, rated: Path, tmp_path: Path, tiny: Recipe
) -> None:
    settings = replace(tiny.defaults, workers=workers, ema=ema)
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder in (whole, halves):
        folder.mkdir()
    split = tiny.data(rated, settings)
    fit(tiny, settings, split, whole, **QUIET)
    for resume, epochs in ((False, 1), (True, 2), (True, None)):  # the second stop lies behind a change of phase
        torch.manual_seed(99)  # a later process does not start with the generator of the earlier one
        fit(tiny, settings, split, halves, resume=resume, stop_after=epochs, **QUIET)
    for name in (checkpoint.LAST, checkpoint.BEST):
        assert same(whole / name, halves / name)
    assert (whole / "curves.csv").read_bytes() == (halves / "curves.csv").read_bytes()
    assert (whole / "curves.csv").read_text().count("\n") == 5


def test_another_seed_gives_another_network(rated: Path, tmp_path: Path, tiny: Recipe) -> None:
    for seed in (0, 1):
        trained(tiny, rated, tmp_path / str(seed), seed=seed, epochs=(0, 1))
    one, other = (checkpoint.read(tmp_path / str(seed) / checkpoint.BEST)[0] for seed in (0, 1))
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_frozen_phase_leaves_the_backbone_as_it_was_with_its_statistics(rated: Path, tmp_path: Path) -> None:
    settings = replace(TINY.defaults, epochs=(1, 1))
    run = Run(TINY, settings, TINY.data(rated, settings), tmp_path, Team("cpu", "float32"))
    before = {name: value.clone() for name, value in run.net.state_dict().items()}
    run.epoch(lambda batches, **_: batches)
    frozen = {name: torch.equal(value, before[name]) for name, value in run.net.state_dict().items()}
    assert all(equal for name, equal in frozen.items() if name.startswith("backbone."))
    assert not any(equal for name, equal in frozen.items() if name.endswith("weight") and name.startswith("heads."))
    run.epoch(lambda batches, **_: batches)
    after = run.net.state_dict()
    assert not torch.equal(after["backbone.layers.1.running_mean"], before["backbone.layers.1.running_mean"])
    assert not torch.equal(after["backbone.layers.0.weight"], before["backbone.layers.0.weight"])


def test_fixed_blocks_never_learn(rated: Path, tmp_path: Path) -> None:
    made = recipe.get("rating")
    settings = replace(made.defaults, epochs=(0, 1), batch_size=8, size=64, workers=0, weights="")
    run = Run(made, settings, made.data(rated, settings), tmp_path, Team("cpu", "float32"))
    before = {name: value.clone() for name, value in run.net.named_parameters()}
    run.epoch(lambda batches, **_: batches)
    equal = {name: torch.equal(value, before[name]) for name, value in run.net.named_parameters()}
    fixed = tuple(f"backbone.model.{part}." for part in ("conv_stem", "bn1", "blocks.0", "blocks.1"))
    assert all(same for name, same in equal.items() if name.startswith(fixed))
    assert not any(same for name, same in equal.items() if name.startswith("backbone.model.blocks.6"))


def test_the_pace_counts_photos_that_are_there_and_training_alone(
    rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    clock = count()
    monkeypatch.setattr("training.fit.time.monotonic", lambda: next(clock))  # a second per look
    settings = replace(TINY.defaults, epochs=(0, 2), batch_size=5000)
    split = TINY.data(rated, settings)
    fit(TINY, settings, split, tmp_path, say=said.append)
    assert said[0].endswith(f", {len(split.train)}.0 photos/s")
    assert said[-1] == f"Took 0:00:05, of which 0:00:02 training at {len(split.train)}.0 photos/s."


def test_a_group_on_both_sides_is_refused(rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    def leaking(folder: Path, settings: Settings) -> Split:
        split = TINY.data(folder, settings)
        return Split(split.train, split.train, split.trained_on)

    with pytest.raises(IQAError, match="in training and in validation"):
        trained(changed(data=leaking), rated, tmp_path)


def test_a_file_on_both_sides_is_refused(rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    def leaking(folder: Path, settings: Settings) -> Split:
        split = TINY.data(folder, settings)
        assert isinstance(split.train, Labelled)
        again = replace(split.train, groups=[f"other {group}" for group in split.train.groups])
        return Split(split.train, again, split.trained_on)

    with pytest.raises(IQAError, match="files are in training and in validation"):
        trained(changed(data=leaking), rated, tmp_path)


def test_a_loss_that_is_not_finite_stops_the_run(rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    broken = changed(loss=lambda raw, target: raw["quality"].mean() * float("nan"))
    with pytest.raises(IQAError, match=r"loss is nan in batch 1.*--lr"):
        trained(broken, rated, tmp_path)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_photo_that_breaks_later_is_named(workers: int, rated: Path, tmp_path: Path) -> None:
    settings = replace(TINY.defaults, workers=workers)
    split = TINY.data(rated, settings)
    assert isinstance(split.train, Labelled)
    gone = tmp_path / "gone.png"
    train = replace(split.train, paths=[gone, *split.train.paths[1:]])
    with pytest.raises(IQAError, match=r"gone\.png.*no such file"):
        fit(TINY, settings, Split(train, split.validation, ()), tmp_path, **QUIET)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": (1,)}, "one per phase"),
        ({"epochs": (0, 0)}, "not all 0"),
        ({"learning_rate": (0.1, 0.0)}, "above 0"),
        ({"batch_size": 1}, "2 or more"),
        ({"device": "tpu"}, "accepted: auto"),
        ({"device": "cpu:7"}, "Device 'cpu:7' is not here"),
        ({"device": "cuda:x"}, "Device 'cuda:x' is not here"),
        ({"precision": "float16"}, "not on a CPU"),
        ({"threads": 0}, "threads: found 0, accepted 1 to 1024"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], words: str, rated: Path, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=words):
        trained(TINY, rated, tmp_path, **changes)


class Brighten(nn.Module):
    """One gain and one offset: enough to undo a darkening."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Raw:
        return {"restored": self.layer(x)}


def test_images_are_learned_from_pairs(photos: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    names = sorted(photos.glob("*.png"))[:12]
    parts = [Paired(side, side, [path.name for path in side], (32, 48), "restored") for side in (names[:8], names[8:])]
    plain = {"scale": 255.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
    picture = output(
        name="restored", kind="image", labels=("restored",), direction="no direction", activation="clip", unit="sRGB"
    )
    made = changed(
        phases=(Phase("all", frozen=False),),
        inputs=lambda _: InputSpec(views=(Full(name="photo", multiple=16, max_pixels=10**6, context_px=0, **plain),)),
        outputs=(picture,),
        net=lambda _: Brighten(),
        data=lambda folder, settings: Split(parts[0], parts[1], ()),
        loss=lambda raw, target: losses.charbonnier(raw["restored"], target["restored"]),
        metric=Metric("PSNR, dB", lambda p, t: -10 * np.log10(np.mean((p["restored"] - t["restored"]) ** 2))),
    )
    rows = trained(made, photos, tmp_path, epochs=(12,), learning_rate=(0.1,), batch_size=4)
    assert rows[-1]["metric"] > rows[0]["metric"] + 6


def test_classes_are_learned_with_balancing(rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    def data(folder: Path, settings: Settings) -> Split:
        def targets(rows: Any) -> dict[str, Any]:
            named = rows.assign(kind=np.where(rows["mos"] > 0.5, "sharp", "blurred"))
            found = tables.one_hot(named, "kind", ("sharp", "blurred"), "quality")
            return {**found, **tables.balancing(found["quality"])}

        return tables.labelled(tables.read(folder, settings, ("table",)), settings, targets)

    made = changed(
        outputs=(output(labels=("sharp", "blurred"), direction="higher is likelier", activation="softmax"),),
        net=lambda _: nets.Scorer(Tiny(), {"quality": 2}),
        data=data,
        loss=lambda raw, target: losses.cross_entropy(raw["quality"], target["quality"], 0.1, weight=target["weight"]),
        metric=Metric("accuracy", lambda p, t: float((p["quality"].argmax(1) == t["quality"].argmax(1)).mean())),
    )
    rows = trained(made, rated, tmp_path, epochs=(0, 15), learning_rate=(0.01, 0.1))
    assert rows[-1]["train_loss"] < 0.9 * rows[0]["train_loss"]


def test_a_teacher_is_learned_from(photos: Path, rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    toy = luminance()
    folder = write_model(tmp_path, toy)
    name, label = toy.outputs[0].name, toy.outputs[0].labels[0]
    made = changed(
        outputs=(output(name=name, labels=(label,)),),
        net=lambda _: nets.Scorer(Tiny(), {name: 1}),
        data=lambda folder, settings: split_of(folder, settings, name),
        loss=lambda raw, target: losses.binary(raw[name], target[name]),
        metric=Metric("likeness", lambda p, t: 1.0),
    )
    settings = replace(made.defaults, epochs=(0, 25), learning_rate=(0.01, 0.03), extra={"teacher_weight": "1"})
    split = taught(made.data(rated, settings), folder, made.outputs)
    rows = fit(made, settings, split, tmp_path, **QUIET)
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    learned = checkpoint.read(tmp_path / checkpoint.BEST)[1]
    assert learned["settings"]["extra"] == {"teacher_weight": "1"}
    assert "teacher/" + name in split.train.sample(0, None).target
    assert "teacher/" + name not in split.validation.sample(0, None).target


def test_a_teacher_of_another_task_is_refused(rated: Path, tmp_path: Path) -> None:
    folder = write_model(tmp_path, luminance())
    with pytest.raises(ArgumentError, match="cannot teach output 'quality'"):
        taught(TINY.data(rated, TINY.defaults), folder, TINY.outputs)


def split_of(folder: Path, settings: Settings, name: str) -> Split:
    return tables.labelled(tables.read(folder, settings, ("table",)), settings, lambda rows: tables.mos(rows, name))


def test_the_rate_rises_then_falls_to_a_hundredth() -> None:
    rates = [rate(step, 100, 1.0, 0.1) for step in range(100)]
    assert rates[:10] == pytest.approx([(k + 1) / 11 for k in range(10)])
    assert rates[10] == 1.0
    assert np.all(np.diff(rates[10:]) < 0)
    assert rates[-1] == pytest.approx(0.01)
    assert rate(0, 1, 1.0, 0.05) == 1.0


def test_scales_and_biases_are_not_decayed(rated: Path, tmp_path: Path) -> None:
    settings = replace(TINY.defaults, epochs=(0, 1), weight_decay=0.5)
    run = Run(TINY, settings, TINY.data(rated, settings), tmp_path, Team("cpu", "float32"))
    decayed, plain = run.optimizer.param_groups
    assert decayed["weight_decay"] == 0.5
    assert plain["weight_decay"] == 0.0
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in plain["params"]} == {1}


def test_an_earlier_run_is_a_start_for_the_same_recipe_only(
    rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    trained(TINY, rated, tmp_path / "first", epochs=(0, 1))
    start = str(tmp_path / "first" / checkpoint.BEST)
    settings = replace(TINY.defaults, weights=start)
    run = Run(TINY, settings, TINY.data(rated, settings), tmp_path, Team("cpu", "float32"))
    kept = checkpoint.read(Path(start))[0]
    assert all(torch.equal(value, kept[name]) for name, value in run.net.state_dict().items())
    with pytest.raises(ArgumentError, match="of recipe 'tiny'"):
        trained(changed(name="other"), rated, tmp_path / "second", weights=start)


def test_targets_reach_the_loss_as_they_are(rated: Path, tmp_path: Path, changed: Callable[..., Recipe]) -> None:
    seen: list[Target] = []

    def spying(raw: Raw, target: Target) -> Tensor:
        seen.append(target)
        return losses.binary(raw["quality"], target["quality"])

    trained(changed(loss=spying), rated, tmp_path, epochs=(0, 1))
    assert {tuple(target["quality"].shape) for target in seen} <= {(6, 1), (4, 1), (5, 1)}
    values = torch.cat([target["quality"] for target in seen])
    assert ((values - 0.2).abs() < 1e-6).logical_or((values - 0.9).abs() < 1e-6).all()
