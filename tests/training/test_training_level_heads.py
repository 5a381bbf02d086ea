"""Heads on levels: learned from numbers taken once, all else as it was; severities learned anew are moved again."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit

from iqa.degradations import NAMES
from iqa.errors import ArgumentError
from tests.toy_recipes import settled
from training import average, checkpoint, export, level_heads, medians, nets, published, recipe, run, validate
from training.levels import Leveled

SMALL = ["--size", "64", "--batch-size", "8", "--workers", "0", "--weights", "", "--device", "cpu"]


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the recipe, by its command."""
    out = tmp_path_factory.mktemp("levels") / "run"
    told = ["--data", str(photos), "--out", str(out), "--epochs", "1,0", "--extra", "repeats=1"]
    assert run.main(["degradations", *told, *SMALL]) == 0
    return out


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.read(folder / checkpoint.BEST)[0]


def test_heads_learn_and_nothing_else_changes(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    before = weights(folder)
    assert level_heads.main([str(folder), "--samples", "128"]) == 0
    told = capsys.readouterr().out
    assert "128 samples to learn from" in told
    after = weights(folder)
    changed = {name for name, x in after.items() if not torch.equal(x, before[name])}
    assert {"lights.0.0.weight", "lights.1.0.weight", "slopes"} <= changed
    assert all(name.startswith(("lights.", "slopes", "scale_of_levels.")) for name in changed)
    trained = checkpoint.best(folder)
    state = trained.state["levels"]
    assert (state["samples"], set(state["srcc"])) == (128, {"color_cast", "exposure"})
    assert f"exposure: SRCC {state['srcc']['exposure']:.3f}, before {state['srcc_before']['exposure']:.3f}" in told
    found = validate.answers(trained, validate.photos_of(folder, trained))
    assert found.metric(trained) == pytest.approx(trained.state["value"], abs=1e-6)


def test_learned_again_they_are_the_same(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    level_heads.learned(folder, samples=64)
    first = weights(folder)
    level_heads.learned(folder, samples=64)
    assert all(torch.allclose(x, first[name], atol=1e-6) for name, x in weights(folder).items())


def test_samples_are_of_every_photo_before_any_comes_again() -> None:
    keys = level_heads._draws(5, 12)
    assert [index for _, index in keys] == [0, 1, 2, 3, 4] * 2 + [0, 1]
    assert len(set(keys)) == 12
    assert min(epoch for epoch, _ in keys) > 10_000


def test_what_levels_say_is_found() -> None:
    made = recipe.get("degradations")
    settings, rng = settled(made), np.random.default_rng(0)
    net = made.net(settings).eval()
    assert isinstance(net, Leveled)
    rows = rng.normal(size=(1280, net.levels.width)).astype(np.float32)
    meant = np.where(rng.random((1280, len(NAMES))) < 0.5, 0.0, expit(rows[:, :1])).astype(np.float32)
    meant[:, NAMES.index("exposure")] = np.where(rows[:, 1] > 0, expit(rows[:, 0]), 0.0)
    said = {"severities": torch.zeros(1280, len(NAMES)), "noise_sigma": torch.zeros(1280, 1)}
    targets = {"severities": torch.from_numpy(meant), "noise_sigma": torch.zeros(1280, 1)}
    numbers = level_heads.Numbers(torch.from_numpy(rows), said, targets)
    trained = checkpoint.Trained(made, settings, nets.Activated(net, made.outputs), (), {})
    level_heads._fit(trained, net, numbers.of(torch.arange(1024)))
    worth = level_heads._worth(trained, net, numbers.of(torch.arange(1024, 1280)))["srcc"]
    assert set(worth) == {"color_cast", "exposure"}
    assert worth["exposure"] > 0.3


def test_no_run_other_recipes_and_few_samples_are_refused(
    finished: Path, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert level_heads.main([str(finished / checkpoint.BEST)]) == 1
    assert "no folder" in capsys.readouterr().err
    assert level_heads.main([str(finished), "--samples", "9"]) == 1
    assert "accepted 64 or more" in capsys.readouterr().err
    assert run.main(["rating", "--data", str(rated), "--out", str(tmp_path / "r"), "--epochs", "1,0", *SMALL]) == 0
    assert level_heads.main([str(tmp_path / "r")]) == 1
    assert "no heads on levels" in capsys.readouterr().err


def test_severities_that_learned_anew_are_moved_again_and_no_others(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(medians, "FEWEST", 0)
    monkeypatch.setattr(medians, "fitted", lambda *_: (1.5, 0.2))
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    medians.moved(folder)
    level_heads.learned(folder, samples=64)
    trained = checkpoint.best(folder)
    photos = validate.photos_of(folder, trained)
    before = validate.answers(trained, photos).raw["severities"]
    own = [NAMES.index("color_cast"), NAMES.index("exposure")]
    others = [k for k in range(len(NAMES)) if k not in own]
    assert set(trained.state["severities"]) == {NAMES[k] for k in others}
    medians.moved(folder)
    after = checkpoint.best(folder)
    found = validate.answers(after, photos).raw["severities"]
    assert np.array_equal(found[:, others], before[:, others])
    np.testing.assert_allclose(found[:, own], 1.5 * before[:, own] + 0.2, atol=1e-4)
    assert set(after.state["severities"]) == set(NAMES)
    with pytest.raises(ArgumentError, match="moved already"):
        medians.moved(folder)


def test_a_run_from_before_such_heads_were_there_gets_them_and_nothing_else_is_made_anew(
    finished: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    tensors, state = checkpoint.read(folder / checkpoint.BEST)
    heads = ("lights.", "slopes", "scale_of_levels.")
    older = {name: x for name, x in tensors.items() if not name.startswith(heads)}
    checkpoint.write(folder / checkpoint.BEST, older, state)
    with pytest.raises(ArgumentError, match="missing"):
        checkpoint.best(folder)
    level_heads.learned(folder, samples=64)
    after = weights(folder)
    assert all(torch.equal(after[name], x) for name, x in older.items())
    assert after["lights.0.3.weight"].any()
    colorless = {name: x for name, x in older.items() if not name.startswith("cast.")}
    checkpoint.write(folder / checkpoint.BEST, colorless, state)
    with pytest.raises(ArgumentError, match=r"missing \(cast\."):
        level_heads.learned(folder, samples=64)
    assert set(weights(folder)) == set(colorless)


def test_a_mean_of_runs_gets_them_and_what_has_them_is_neither_averaged_nor_gone_on_with(
    finished: Path, tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mean"
    average.average([finished, finished], folder)
    level_heads.learned(folder, samples=64)
    assert checkpoint.best(folder).state["levels"]["samples"] == 64
    with pytest.raises(ArgumentError, match=r"training\.level_heads"):
        average.average([folder, folder], tmp_path / "again")
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    level_heads.learned(folder, samples=64)
    told = ["degradations", "--data", str(photos), "--out", str(folder), "--epochs", "1,0", "--extra", "repeats=1"]
    assert run.main([*told, *SMALL, "--resume"]) == 2
    assert "training.level_heads" in capsys.readouterr().err


def test_what_the_heads_say_is_found_again_in_a_published_model(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    level_heads.learned(folder, samples=256)
    assert export.main([str(folder), "--out", str(tmp_path / "model")]) == 0
    found, net = published.read(tmp_path / "model").tensors, checkpoint.best(folder).net.net
    own = [name for group in net.renewed for name in group if not name.endswith("count")]  # type: ignore[union-attr]
    assert {"slopes", "lights.1.3.weight", "scale_of_levels.mean"} <= set(own)
    kept = net.state_dict()
    assert not torch.equal(kept["slopes"], torch.ones(2))
    for name in own:
        np.testing.assert_allclose(found[name], kept[name], rtol=2e-3, atol=1e-3, err_msg=name)
