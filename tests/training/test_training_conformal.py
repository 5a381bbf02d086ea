"""The range of a score: moved ends hold on photos they were not found on, and only once."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from iqa.errors import ArgumentError
from tests.toy_recipes import settled
from training import checkpoint, conformal, curve, recipe, run, validate
from training.nets import Standard

SMALL = ["--size", "32", "--batch-size", "8", "--workers", "0", "--weights", "", "--device", "cpu"]


@pytest.fixture(scope="module")
def noisy() -> tuple[np.ndarray, np.ndarray]:
    """4,000 ratings around a known middle, and ends that are far too narrow."""
    rng = np.random.default_rng(4)
    middle = rng.normal(0.5, 0.8, 4000)
    ratings = 1 / (1 + np.exp(-(middle + rng.normal(0, 0.5, 4000))))
    return np.stack([middle - 0.1, middle + 0.2], axis=1), ratings


def test_moved_ends_hold_on_the_other_half(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    ends, ratings = noisy
    assert conformal.coverage(ends, ratings, (0.0, 0.0))[0] < 0.4
    moved = conformal.moves(ends[:2000], ratings[:2000])
    inside, width = conformal.coverage(ends[2000:], ratings[2000:], moved)
    assert inside == pytest.approx(0.9, abs=0.02)
    assert 0.2 < width < 0.6
    assert moved[0] == pytest.approx(0.1 - 1.645 * 0.5, abs=0.05)  # the 5 % quantile of the noise
    assert moved[1] == pytest.approx(1.645 * 0.5 - 0.2, abs=0.05)


def test_ends_that_are_too_wide_come_closer(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    ends, ratings = noisy
    wide = ends + np.array([-3.0, 3.0])
    low, high = conformal.moves(wide, ratings)
    assert low > 0 > high
    assert conformal.coverage(wide, ratings, (low, high))[0] == pytest.approx(0.9, abs=0.01)


@pytest.fixture(scope="module")
def finished(photos: Path, rated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the rating recipe that came to its end, by its command."""
    out = tmp_path_factory.mktemp("range") / "run"
    assert run.main(["rating", "--data", str(rated), "--out", str(out), "--epochs", "1,0", *SMALL]) == 0
    return out


def test_a_run_is_moved_once_and_keeps_everything_else(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformal, "FEWEST", 2)
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    before, state = checkpoint.read(folder / checkpoint.BEST)
    assert "inside" in conformal.conformal(folder)
    after, told = checkpoint.read(folder / checkpoint.BEST)
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["heads.range.0.3.bias"]
    assert told["range"]["photos"] > 2
    assert {key: told[key] for key in state} == state
    with pytest.raises(ArgumentError, match="moved already"):
        conformal.conformal(folder)


def test_the_curve_of_a_score_is_found_with_its_range(
    finished: Path, rated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformal, "FEWEST", 2)
    out, start = tmp_path / "run", str(finished / checkpoint.BEST)
    common = ["--data", str(rated), *SMALL]
    common[common.index("--weights") + 1] = start
    assert run.main(["quality", "--out", str(out), "--epochs", "1", *common]) == 0
    seen = checkpoint.best(out)
    photos = validate.photos_of(out, seen, None)
    monkeypatch.setattr(curve, "best", lambda *_: (1.2, 0.3, 0.9))
    before = validate.answers(seen, photos).raw["quality"].astype(float)
    assert "0.900 times the sigmoid" in conformal.conformal(out)
    after = validate.answers(checkpoint.best(out), photos).raw["quality"].astype(float)
    np.testing.assert_allclose(1 / (1 + np.exp(-after)), curve.bent(before, (1.2, 0.3, 0.9)), atol=1e-5)


def test_ends_on_a_curve_hold_as_well(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    ends, ratings = noisy
    values = (1.3, -0.2, 0.99)
    moved = conformal.moves(ends[:2000], ratings[:2000], values)
    assert conformal.coverage(ends[2000:], ratings[2000:], moved, values)[0] == pytest.approx(0.9, abs=0.02)


def test_what_the_run_was_not_validated_on_is_refused(
    finished: Path, rated: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (finished / checkpoint.BEST).read_bytes()
    table = (rated / "labels.csv").read_text().splitlines()
    (tmp_path / "labels.csv").write_text("\n".join(table[:-4]) + "\n")
    assert conformal.main([str(finished), "--data", str(tmp_path)]) == 1
    assert "data changed" in capsys.readouterr().err
    assert conformal.main([str(finished)]) == 1
    assert "100 or more" in capsys.readouterr().err
    assert conformal.main([str(finished / checkpoint.BEST)]) == 1
    assert "no folder" in capsys.readouterr().err
    assert (finished / checkpoint.BEST).read_bytes() == kept


def test_a_run_that_was_stopped_can_be_calibrated_and_is_then_not_gone_on_with(
    rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformal, "FEWEST", 2)
    early = tmp_path / "early"
    common = ["--data", str(rated), *SMALL]
    assert run.main(["rating", "--out", str(early), "--epochs", "2,0", "--stop-after", "1", *common]) == 0
    conformal.conformal(early)
    kept = (early / checkpoint.BEST).read_bytes()
    assert run.main(["rating", "--out", str(early), "--resume", "--device", "cpu"]) == 2
    assert "went through training.conformal, which a better epoch would undo" in capsys.readouterr().err
    assert (early / checkpoint.BEST).read_bytes() == kept


def test_a_network_without_a_range_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no output 'range'"):
        conformal.last_layer(recipe.get("lighting").net(settled(recipe.get("lighting"))))


def test_no_group_is_in_both_halves() -> None:
    groups = [f"g{n // 3}" for n in range(60)]
    one = conformal.halves(groups, 0)
    assert 20 < one.sum() < 40
    assert not {g for g, first in zip(groups, one, strict=True) if first} & {
        g for g, first in zip(groups, one, strict=True) if not first
    }


def test_standard_features_are_those_of_all_batches_and_stay_once_features_learn() -> None:
    torch.manual_seed(0)
    photos = torch.randn(300, 3) * torch.tensor([1.0, 50.0, 0.01]) + torch.tensor([0.0, 10.0, 5.0])
    layer = Standard(3).train()
    for batch in photos.split(7):
        layer(batch)
    torch.testing.assert_close(layer.mean, photos.mean(0), rtol=1e-4, atol=1e-4)
    expected = ((photos - photos.mean(0)) / photos.std(0, correction=0)).clamp(-6, 6)
    torch.testing.assert_close(layer.eval()(photos), expected, rtol=0.01, atol=0.02)
    layer.train()
    mean = layer.mean.clone()
    layer(torch.full((4, 3), 1e6, requires_grad=True))
    assert torch.equal(layer.mean, mean)
    assert layer(torch.full((4, 3), 1e6)).abs().max() == 6.0
