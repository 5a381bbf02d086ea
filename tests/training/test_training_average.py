"""Means of weights: those of runs that fit, named in what is kept, measured, and ready for all that a run is for."""

import shutil
from pathlib import Path

import pytest
import torch

from iqa.errors import ArgumentError, OutputExistsError
from training import average, checkpoint, conformal, resume, run

SMALL = ["--size", "32", "--batch-size", "8", "--workers", "0", "--device", "cpu"]


@pytest.fixture(scope="module")
def two(rated: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A run of the rating recipe, and one that went on from it."""
    folder = tmp_path_factory.mktemp("average")
    first, second = folder / "first", folder / "second"
    common = ["rating", "--data", str(rated), *SMALL]
    assert run.main([*common, "--out", str(first), "--epochs", "1,0", "--weights", ""]) == 0
    start = str(first / checkpoint.BEST)
    assert run.main([*common, "--out", str(second), "--epochs", "0,1", "--weights", start]) == 0
    return [first, second]


def test_the_mean_of_two_runs_is_a_run(two: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "mean"
    said = average.average(two, out)
    (one, _), (other, told), (both, state) = (checkpoint.read(each / checkpoint.BEST) for each in (*two, out))
    moved = [name for name in one if one[name].is_floating_point() and not torch.equal(one[name], other[name])]
    assert len(moved) > 20
    for name in moved:
        torch.testing.assert_close(both[name], (one[name] + other[name]) / 2)
    assert f"the mean {state['value']:.4f}" in said
    assert len(state["averaged"]) == 2
    assert state["trained_on"] == told["trained_on"]
    assert resume.read_settings(out)["averaged"] == state["averaged"]
    monkeypatch.setattr(conformal, "FEWEST", 2)
    assert "inside" in conformal.conformal(out)
    assert "range" in checkpoint.best(out).state
    assert run.main(["rating", "--out", str(out), "--resume"]) == 2  # there is nothing to go on from
    with pytest.raises(OutputExistsError):
        average.average(two, out)


def test_runs_that_do_not_fit_are_refused(
    two: list[Path], rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mean"
    common = ["--data", str(rated), *SMALL, "--weights", "", "--epochs", "1,0"]
    for name, recipe, words in (
        ("other", "frame-scorer", []),
        ("large", "rating", ["--size", "64"]),
        ("seeded", "rating", ["--seed", "5"]),
    ):
        assert run.main([recipe, "--out", str(tmp_path / name), *common, *words]) == 0
    moved = Path(shutil.copytree(two[0], tmp_path / "moved"))
    tensors, state = checkpoint.read(moved / checkpoint.BEST)
    checkpoint.write(moved / checkpoint.BEST, tensors, {**state, "range": {"moved": [0, 0]}})
    for runs, match in (
        (two[:1], "two or more"),
        ([two[0], tmp_path / "other"], "accepted: one"),
        ([two[0], tmp_path / "large"], "in different ways"),
        ([two[0], tmp_path / "seeded"], "different validation photos"),
        ([two[0], moved], r"went through training\.conformal already"),
        ([two[0], tmp_path / "none"], "no folder"),
    ):
        with pytest.raises(ArgumentError, match=match):
            average.average(runs, out)
    assert average.main([str(two[0]), "--out", str(out)]) == 1
    assert "two or more" in capsys.readouterr().err
    assert not out.exists()


def test_weights_of_other_shapes_have_no_mean() -> None:
    with pytest.raises(ArgumentError, match="different shapes"):
        average.mean([{"a": torch.zeros(2)}, {"a": torch.zeros(3)}])
    count = {"n": torch.tensor(3)}
    assert average.mean([count, {"n": torch.tensor(5)}])["n"] == 3
