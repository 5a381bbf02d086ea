"""The command line of training: what it leaves behind, how it goes on, and what it says when it cannot."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.toy_training import same
from training import batches, checkpoint, fit, recipe, run
from training.recipe import Recipe

FAST = ["--workers", "0", "--device", "cpu", "--weights", ""]


def test_a_run_leaves_settings_curves_and_both_checkpoints(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["tiny", "--data", str(rated), "--out", str(out), *FAST, "--lr", "0.02,0.03", "--epochs", "1,1"]
    assert run.main([*command, "--tensorboard", "--cache"]) == 0
    told = json.loads((out / "settings.json").read_text())
    assert told["settings"]["learning_rate"] == [0.02, 0.03]
    assert told["data"]["train"]["groups"] + told["data"]["validation"]["groups"] == 12
    assert told["data"]["train"]["group_sha256"] != told["data"]["validation"]["group_sha256"]
    assert {"torch", "numpy"} <= told["packages"].keys()
    assert told["trained_on"][0]["photos"] == told["data"]["train"]["samples"]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "curves.csv").read_text().splitlines()[0].startswith("epoch,phase,rate")
    assert [*(out / "tensorboard").glob("events.*")]
    assert len([*(out / "cache").rglob("*.npy")]) == 24
    assert checkpoint.best(out).state["metric"] == "SRCC"
    assert "SRCC" in capsys.readouterr().out


def test_a_run_that_was_stopped_goes_on_to_the_same_end(rated: Path, tmp_path: Path, tiny: Recipe) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    common = ["tiny", "--data", str(rated), *FAST, "--ema", "0.5"]
    assert run.main([*common, "--out", str(whole)]) == 0
    assert run.main([*common, "--out", str(halves), "--stop-after", "2"]) == 0
    assert not same(whole / checkpoint.LAST, halves / checkpoint.LAST)
    torch.manual_seed(7)
    assert run.main(["tiny", "--out", str(halves), "--resume"]) == 0
    assert same(whole / checkpoint.LAST, halves / checkpoint.LAST)
    assert same(whole / checkpoint.BEST, halves / checkpoint.BEST)


def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_go_on(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    common = ["tiny", "--data", str(rated), *FAST]
    assert run.main([*common, "--out", str(whole)]) == 0
    validate, seen = fit.Run._validate, []

    def interrupted(self: fit.Run) -> tuple[float, float]:
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return validate(self)

    monkeypatch.setattr(fit.Run, "_validate", interrupted)
    assert run.main([*common, "--out", str(out)]) == 130
    said = capsys.readouterr().err
    assert f"python -m training.run tiny --out {out} --resume" in said
    monkeypatch.setattr(fit.Run, "_validate", validate)
    assert run.main(["tiny", "--out", str(out), "--resume"]) == 0
    assert same(whole / checkpoint.LAST, out / checkpoint.LAST)


def test_a_folder_with_something_in_it_is_never_overwritten(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    assert run.main(["tiny", "--data", str(rated), "--out", str(tmp_path), *FAST]) == 1
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_run_that_died_before_its_first_checkpoint_may_start_anew(
    rated: Path,
    tmp_path: Path,
    tiny: Recipe,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    command = ["tiny", "--data", str(rated), "--out", str(out), *FAST, "--cache"]

    def interrupted(_: fit.Run) -> tuple[float, float]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(fit.Run, "_validate", interrupted)
        assert run.main([*command, "--epochs", "3,3"]) == 130
    assert sorted(path.name for path in out.iterdir()) == ["cache", "settings.json"]
    assert run.main(["tiny", "--out", str(out), "--resume"]) == 1
    assert "without --resume" in capsys.readouterr().err
    assert run.main([*command, "--epochs", "0,1"]) == 0
    assert json.loads((out / "settings.json").read_text())["settings"]["epochs"] == [0, 1]
    assert run.main(command) == 1
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['{"editor": 4}', "[]", "no JSON"])
def test_settings_of_another_program_are_never_overwritten(
    text: str, rated: Path, tmp_path: Path, tiny: Recipe
) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert run.main([tiny.name, "--data", str(rated), "--out", str(tmp_path), *FAST]) == 1
    assert (tmp_path / "settings.json").read_text() == text


def test_resuming_on_other_photos_or_groups_is_refused(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    out, data = str(tmp_path / "out"), tmp_path / "data"
    data.mkdir()
    lines = (rated / "labels.csv").read_text().splitlines()
    (data / "labels.csv").write_text("\n".join(lines))
    assert run.main([tiny.name, "--data", str(data), "--out", out, *FAST, "--stop-after", "1"]) == 0
    for changed in (lines[:-2], [line.replace(",g", ",h") for line in lines]):
        (data / "labels.csv").write_text("\n".join(changed))
        assert run.main([tiny.name, "--out", out, "--resume"]) == 1
        assert "The data changed since the run" in capsys.readouterr().err
    (data / "labels.csv").write_text("\n".join(lines))
    assert run.main([tiny.name, "--out", out, "--resume"]) == 0


def test_resuming_with_other_settings_is_refused(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert run.main(["tiny", "--data", str(rated), "--out", out, *FAST, "--stop-after", "1"]) == 0
    assert run.main(["tiny", "--out", out, "--resume", "--batch-size", "4"]) == 1
    assert "batch_size 6" in capsys.readouterr().err
    assert run.main(["tiny", "--out", str(tmp_path / "none"), "--resume"]) == 1
    assert "holds no run to resume" in capsys.readouterr().err


def test_a_photo_that_cannot_be_read_is_named_before_anything_is_made(
    photos: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(12):
        (data / f"{number}.png").write_bytes((photos / f"{number:02}.png").read_bytes())
    (data / "3.png").write_bytes((photos / "03.png").read_bytes()[:1500])
    (data / "labels.csv").write_text("path,mos\n" + "".join(f"{n}.png,0.{n % 10}\n" for n in range(12)))
    assert run.main(["tiny", "--data", str(data), "--out", str(tmp_path / "out"), *FAST]) == 1
    assert "3.png" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tinny", "--data", "DATA"], "Did you mean 'tiny'"),
        (["tiny", "--data", "EMPTY"], "holds no data set that this recipe accepts"),
        (["tiny", "--data", "DATA", "--extra", "colour=1"], "Unknown option of recipe tiny"),
        (["tiny", "--data", "DATA", "--extra", "set"], "KEY=VALUE"),
        (["tiny", "--data", "DATA", "--extra", "set=koniq"], "Known: table"),
        (["tiny", "--data", "DATA", "--epochs", "3"], "one per phase"),
        (["tiny", "--data", "DATA", "--teacher", "EMPTY"], "manifest.json"),
        (["tiny", "--data", "DATA", "--limit", "0"], "limit: found 0, accepted 1 or more"),
        (["tiny", "--data", "DATA", "--workers", "-1"], "workers: found -1, accepted 0 or more"),
        (["tiny", "--data", "DATA", "--seed", "-1"], "seed: found -1"),
        (["tiny", "--data", "DATA", "--size", "0"], "size: found 0, accepted 1 or more"),
        (["tiny", "--data", "DATA", "--lr", "nan,0.1"], "finite learning rates above 0"),
        (["tiny", "--data", "DATA", "--lr", "0.1,inf"], "finite learning rates above 0"),
        (["tiny", "--data", "DATA", "--ema", "1"], "ema: found 1.0, accepted 0 to below 1"),
        (["tiny", "--data", "DATA", "--warmup-share", "-0.1"], "warmup_share: found -0.1"),
        (["tiny", "--data", "DATA", "--weight-decay", "inf"], "weight_decay: found inf"),
        (["tiny", "--data", "DATA", "--stop-after", "0"], "--stop-after 0: accepted 1 or more"),
        (["tiny", "--data", "DATA", "--extra", "teacher_weight=much"], "--extra teacher_weight=much: accepted 0 to 1"),
        (["quality", "--data", "DATA", "--extra", "crop_share=0"], "--extra crop_share=0: accepted above 0"),
        (["quality", "--data", "DATA", "--extra", "crops=2"], "--extra crops=2: accepted ROWSxCOLUMNS"),
        (["lighting", "--data", "DATA", "--extra", "repeats=0"], "--extra repeats=0: accepted a whole number from 1"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_mistakes_are_explained(
    words: list[str], said: str, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(rated), "EMPTY": str(tmp_path)}
    assert run.main([*FAST, *(places.get(word, word) for word in words), "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_incomplete_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        run.main(["quality"])
    assert stopped.value.code == 2
    assert "--list" in capsys.readouterr().err


def test_the_list_names_every_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{name}: " in listed for name in recipe.names())


@pytest.mark.parametrize("name", recipe.names())
def test_every_recipe_page_is_complete(name: str) -> None:
    made = recipe.get(name)
    assert made.name == name
    assert len(made.defaults.epochs) == len(made.defaults.learning_rate) == len(made.phases)
    views = made.inputs(made.defaults).views
    net = checkpoint.blank(made, made.defaults)
    assert views
    assert any(phase.frozen for phase in made.phases) <= hasattr(net, "backbone")
    assert sum(parameter.numel() for parameter in net.parameters()) < 15_000_000


def test_workers_leave_ctrl_c_to_the_main_process() -> None:
    before = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    try:
        batches._quiet(0)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[0])
        torch.set_num_threads(before[1])


def test_two_processes_train_one_network(rated: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    command = ["training.run", "frame-scorer", "--data", str(rated), "--out", str(out), "--epochs", "1,1"]
    sizes = ["--size", "32", "--batch-size", "6"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, *command, *sizes, *FAST],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epochs; best") == 1
    assert len((out / "curves.csv").read_text().splitlines()) == 3
    assert checkpoint.best(out).recipe.name == "frame-scorer"
