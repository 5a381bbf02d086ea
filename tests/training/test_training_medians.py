"""Severities as medians: less absolute error on photos that nothing was found on, no other order, and once."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import rankdata

from iqa.degradations import NAMES
from iqa.errors import ArgumentError
from training import checkpoint, medians, run, validate

SMALL = ["--size", "64", "--batch-size", "8", "--workers", "0", "--weights", "", "--device", "cpu"]


@pytest.fixture(scope="module")
def doubtful() -> tuple[np.ndarray, np.ndarray]:
    """Answers that are right on average: a chance that there is damage, times how strong it is where there is."""
    rng = np.random.default_rng(5)
    chance, strength = rng.beta(0.4, 1.2, 5000), rng.uniform(0.3, 0.9, 5000)
    severities = np.where(rng.random(5000) < chance, strength, 0.0)
    return logit(np.clip(chance * strength, 1e-4, 1 - 1e-4)), severities


def test_a_doubt_becomes_its_likelier_side(doubtful: tuple[np.ndarray, np.ndarray]) -> None:
    logits, severities = doubtful
    slope, shift = medians.fitted(logits, severities)
    assert slope > 1.5
    made = expit((slope * logits + shift).astype(np.float32))
    assert np.array_equal(rankdata(made), rankdata(logits.astype(np.float32)))
    weight = medians.weights(severities)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[severities > 0].sum() == pytest.approx(medians.PRIOR)
    error, before = ((weight * np.abs(x - severities)).sum() for x in (made, expit(logits)))
    assert error < before - 0.02
    assert made[severities == 0].mean() < 0.7 * expit(logits)[severities == 0].mean()


def test_answers_without_a_doubt_stay() -> None:
    logits = np.linspace(-4, 4, 500)
    slope, shift = medians.fitted(logits, expit(logits))
    assert (slope, shift) == pytest.approx((1.0, 0.0), abs=1e-3)


def test_the_worth_is_that_of_photos_it_was_not_found_on(doubtful: tuple[np.ndarray, np.ndarray]) -> None:
    logits, severities = doubtful
    one = np.arange(len(logits)) % 2 == 0
    told = medians.worth(logits, severities, one)
    halves = []
    for test in (one, ~one):
        slope, shift = medians.fitted(logits[~test], severities[~test])
        away = np.abs(expit(slope * logits[test] + shift) - severities[test])
        halves.append((medians.weights(severities)[test] * away).sum())
    weight = medians.weights(severities)
    assert told["error"] == pytest.approx(sum(halves))
    assert told["error_before"] == pytest.approx((weight * np.abs(expit(logits) - severities)).sum())


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of degradations that came to its end, by its command."""
    out = tmp_path_factory.mktemp("severities") / "run"
    told = ["--data", str(photos), "--out", str(out), "--epochs", "1,0", "--extra", "repeats=1", *SMALL]
    assert run.main(["degradations", *told]) == 0
    return out


def test_a_run_is_moved_once_and_answers_as_was_found(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [(1.5 + k, 0.1 * k + 0.2) for k in range(len(NAMES))]
    left = iter([pair for pair in wanted for _ in range(3)])  # of all photos, then of each half
    monkeypatch.setattr(medians, "FEWEST", 0)
    monkeypatch.setattr(medians, "fitted", lambda *_: next(left))
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    trained = checkpoint.best(folder)
    photos = validate.photos_of(folder, trained)
    before = validate.answers(trained, photos).raw
    assert medians.main([str(folder)]) == 0
    assert "color_cast: 1.50 times the logit +0.20" in capsys.readouterr().out
    after = checkpoint.best(folder)
    made = validate.answers(after, photos).raw
    for k, (slope, shift) in enumerate(wanted):
        np.testing.assert_allclose(made["severities"][:, k], slope * before["severities"][:, k] + shift, atol=1e-4)
    np.testing.assert_allclose(made["noise_sigma"], before["noise_sigma"], atol=1e-5)
    assert set(after.state["severities"]) == set(NAMES)
    with pytest.raises(ArgumentError, match="moved already"):
        medians.moved(folder)


def test_too_few_photos_other_outputs_and_no_run_are_refused(
    finished: Path, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (finished / checkpoint.BEST).read_bytes()
    assert medians.main([str(finished)]) == 1
    assert "accepted: 10 or more of each" in capsys.readouterr().err
    assert medians.main([str(finished / checkpoint.BEST)]) == 1
    assert "no folder" in capsys.readouterr().err
    assert run.main(["rating", "--data", str(rated), "--out", str(tmp_path / "r"), "--epochs", "1,0", *SMALL]) == 0
    assert medians.main([str(tmp_path / "r")]) == 1
    assert "no severities" in capsys.readouterr().err
    assert (finished / checkpoint.BEST).read_bytes() == kept
