"""Confidence of classes: a temperature and a threshold that hold on photos they were not found on, and only once."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import softmax

from iqa import model
from iqa.errors import ArgumentError
from training import checkpoint, choices, export, run, temperature, validate

SMALL = ["--size", "32", "--batch-size", "8", "--workers", "0", "--weights", "", "--device", "cpu"]


@pytest.fixture(scope="module")
def overconfident() -> tuple[np.ndarray, np.ndarray]:
    """Logits that are three times too large, and classes drawn from what they should be."""
    rng = np.random.default_rng(3)
    honest = rng.normal(0, 3.0, (6000, 4))
    codes = np.array([rng.choice(4, p=row) for row in softmax(honest, axis=1)])
    return 3.0 * honest, codes


def test_the_temperature_undoes_what_is_too_sure(overconfident: tuple[np.ndarray, np.ndarray]) -> None:
    logits, codes = overconfident
    scale = temperature.fitted(logits, codes)
    assert scale.temperature == pytest.approx(3.0, rel=0.06)
    assert np.abs(scale.shift).max() < 0.15
    told = temperature.worth(logits, codes, np.arange(len(codes)) % 2 == 0)
    assert told["ece_before"] > 0.1
    assert told["ece"] < 0.03


def test_the_shift_undoes_how_often_a_class_was_shown(overconfident: tuple[np.ndarray, np.ndarray]) -> None:
    """Of the last class one in ten is kept; a network that learned from what is left doubts it by the logarithm."""
    logits, codes = overconfident
    kept = (codes != 3) | (np.arange(len(codes)) % 10 == 0)
    learned = logits[kept] / 3.0 + np.log([1.0, 1.0, 1.0, 0.1])
    scale = temperature.fitted(learned, codes[kept])
    assert scale.shift.sum() == pytest.approx(0.0, abs=1e-9)
    assert scale.shift[3] - scale.shift[:3].mean() == pytest.approx(np.log(10.0), abs=0.3)
    told = temperature.worth(learned, codes[kept], np.arange(kept.sum()) % 2 == 0)
    assert told["least_recall"] > told["least_recall_before"] + 0.1
    assert told["recall"] > told["recall_before"]


def test_every_class_counts_alike() -> None:
    rows = temperature.even(np.array([0, 0, 0, 0, 2, 2, 0]))
    assert sorted(rows.tolist()) == [0, 1, 2, 3, 4, 4, 4, 5, 5, 6]


def test_the_threshold_promises_its_share_on_the_other_half(overconfident: tuple[np.ndarray, np.ndarray]) -> None:
    logits, codes = overconfident
    told = temperature.worth(logits, codes, np.arange(len(codes)) % 2 == 0)
    assert told["error"] == pytest.approx(temperature.ERROR, abs=0.02)
    assert 0.3 < told["certain"] < 0.8


def test_by_hand_the_threshold_is_the_lowest_that_holds() -> None:
    """One error and one more among 40 and one more are 5 % at most; a second error below ends it."""
    sure = np.linspace(6.0, 2.0, 60)
    logits = np.stack([sure, np.zeros(60)], axis=1)
    logits[[10, 45, 46]] = logits[[10, 45, 46], ::-1]
    found = temperature.least(logits, np.zeros(60, int))
    assert softmax(logits[44]).max() <= found <= softmax(logits[44]).max() + 1e-3
    assert temperature.least(logits, np.ones(60, int)) == 1.0


def test_an_answer_of_a_rare_class_weighs_as_much_as_its_class() -> None:
    """Two errors among 100 of one class are a hundredth of all, among 24 of the other a twenty-fourth."""
    sure = np.concatenate([np.linspace(9.0, 2.0, 100), np.linspace(8.9, 2.1, 24)])
    codes = np.repeat([0, 1], [100, 24])
    right = np.where(codes[:, None] == [0, 1], sure[:, None], 0.0)
    surest = {}
    for name, wrong in (("frequent", [60, 61]), ("rare", [114, 115])):
        logits = right.copy()
        logits[wrong] = logits[wrong, ::-1]
        surest[name] = temperature.least(logits, codes), softmax(logits[wrong[1]]).max()
    assert surest["frequent"][0] < surest["frequent"][1]
    assert surest["rare"][0] > surest["rare"][1]


def test_answers_of_one_confidence_are_let_through_together_or_not_at_all() -> None:
    logits = np.concatenate([np.tile([5.0, 0.0], (60, 1)), np.tile([3.0, 0.0], (30, 1))])
    codes = np.zeros(90, int)
    codes[85:] = 1  # of the less sure ones; those before them in the list are right
    found = temperature.least(logits, codes)
    served = softmax(logits, axis=1).max(axis=1) >= found
    assert served.sum() in (0, 60)
    assert found <= 1.0


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a recipe of classes that came to its end, by its command."""
    folder, out = tmp_path_factory.mktemp("voted"), tmp_path_factory.mktemp("classes") / "run"
    rows = [f"{photos / f'{n:02}.png'},{0.2 if n // 6 % 2 else 0.9},g{n // 2}" for n in range(24)]
    (folder / "labels.csv").write_text("\n".join(["path,mos,group", *rows]) + "\n")
    assert run.main(["pick-label", "--data", str(folder), "--out", str(out), "--epochs", "1,0", *SMALL]) == 0
    return out


def test_a_run_is_calibrated_once_and_its_model_holds_the_threshold(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temperature, "FEWEST", 2)
    monkeypatch.setattr(temperature, "fitted", lambda *_: temperature.Scale(2.0, np.array([-0.5, 0.0, 0.5])))
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    trained = checkpoint.best(folder)
    photos = validate.photos_of(folder, trained)
    name = trained.recipe.outputs[0].name
    before = validate.answers(trained, photos).raw[name]
    assert "certain from" in temperature.calibrated(folder)
    after = checkpoint.best(folder)
    np.testing.assert_allclose(validate.answers(after, photos).raw[name], before / 2.0 + [-0.5, 0.0, 0.5], atol=1e-6)
    changed = {key for key, value in trained.net.net.state_dict().items() if not torch.equal(value, _of(after, key))}
    assert {key.rsplit(".", 1)[1] for key in changed} == {"weight", "bias"}
    assert len(changed) == 2
    export.export(folder, tmp_path / "model", choices.Choices(), say=lambda _: None)
    (output,) = model.load_model(tmp_path / "model").manifest.outputs
    assert output.thresholds == dict.fromkeys(output.labels, after.state["certain"]["least"])
    with pytest.raises(ArgumentError, match="calibrated already"):
        temperature.calibrated(folder)


def _of(trained: checkpoint.Trained, key: str) -> torch.Tensor:
    return trained.net.net.state_dict()[key]


def test_too_few_photos_other_outputs_and_no_run_are_refused(
    finished: Path, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = (finished / checkpoint.BEST).read_bytes()
    assert temperature.main([str(finished)]) == 1
    assert "100 or more" in capsys.readouterr().err
    assert temperature.main([str(finished / checkpoint.BEST)]) == 1
    assert "no folder" in capsys.readouterr().err
    assert run.main(["rating", "--data", str(rated), "--out", str(tmp_path / "r"), "--epochs", "1,0", *SMALL]) == 0
    assert temperature.main([str(tmp_path / "r")]) == 1
    assert "no classes" in capsys.readouterr().err
    assert (finished / checkpoint.BEST).read_bytes() == kept
