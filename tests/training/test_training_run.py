"""The command line of training: what it leaves behind, how it goes on, and what it says when it cannot."""

import json
import re
import signal
from pathlib import Path

import pytest
import torch

from tests.toy_training import ranked, same
from training import checkpoint, fit, recipe, run
from training.recipe import Recipe

FAST = ["--workers", "0", "--device", "cpu", "--weights", ""]


def test_a_run_leaves_settings_curves_and_both_checkpoints(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    data = ranked(rated, tmp_path / "data")
    command = ["tiny", "--data", str(data), "--out", str(out), *FAST, "--lr", "0.02,0.03", "--epochs", "1,1"]
    assert run.main([*command, "--cache"]) == 0
    told = json.loads((out / "settings.json").read_text())
    assert told["settings"]["learning_rate"] == [0.02, 0.03]
    assert told["data"]["train"]["groups"] + told["data"]["validation"]["groups"] == 12
    assert told["data"]["train"]["group_sha256"] != told["data"]["validation"]["group_sha256"]
    assert {"torch", "numpy"} <= told["packages"].keys()
    assert told["trained_on"][0]["photos"] == told["data"]["train"]["samples"]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "curves.csv").read_text().splitlines()[0].startswith("epoch,phase,rate")
    assert len([*(out / "cache").rglob("*.npy")]) == 24
    assert checkpoint.best(out).state["metric"] == "SRCC"
    said = capsys.readouterr().out
    rows = [row.split(",") for row in (out / "curves.csv").read_text().splitlines()[1:]]
    best = max(rows, key=lambda row: float(row[5]))
    assert f"2 epochs; best: epoch {best[0]} with SRCC {float(best[5]):.4f}: {out / checkpoint.BEST}" in said
    assert f"Complete. Next: python -m training.export {out} --out assets/models/tiny" in said
    assert re.search(r"Took 0:00:\d\d, of which 0:00:\d\d training at [\d.]+ photos/s", said)


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


@pytest.mark.parametrize(("step", "at"), [("_follow", 5), ("_validate", 2)])  # in batch 2 of 3 of epoch 2; behind it
def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_go_on(
    *,
    step: str,
    at: int,
    rated: Path,
    tmp_path: Path,
    tiny: Recipe,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    common = ["tiny", "--data", str(rated), *FAST]
    assert run.main([*common, "--out", str(whole)]) == 0
    usual, seen = getattr(fit.Run, step), []

    def interrupted(self: fit.Run) -> object:
        seen.append(1)
        if len(seen) == at:
            signal.raise_signal(signal.SIGINT)
        return usual(self)

    monkeypatch.setattr(fit.Run, step, interrupted)
    assert run.main([*common, "--out", str(out)]) == 130
    said = capsys.readouterr().err
    assert f"python -m training.run tiny --out {out} --resume" in said
    assert (out / "curves.csv").read_text().count("\n") == 2
    monkeypatch.setattr(fit.Run, step, usual)
    assert run.main(["tiny", "--out", str(out), "--resume"]) == 0
    assert same(whole / checkpoint.LAST, out / checkpoint.LAST)


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
        (["tiny", "--data", "DATA", "--extra", "colour=1"], "Unknown option of recipe tiny"),
        (["tiny", "--data", "DATA", "--extra", "set"], "KEY=VALUE"),
        (["tiny", "--data", "DATA", "--extra", "set=koniq"], "Known: table"),
        (["tiny", "--data", "DATA", "--epochs", "3"], "one per phase"),
        (["tiny", "--data", "DATA", "--limit", "0"], "limit: found 0, accepted 1 or more"),
        (["tiny", "--data", "DATA", "--workers", "-1"], "workers: found -1, accepted 0 to 256"),
        (["tiny", "--data", "DATA", "--seed", "-1"], "seed: found -1"),
        (["tiny", "--data", "DATA", "--size", "0"], "size: found 0, accepted 1 or more"),
        (["tiny", "--data", "DATA", "--epochs", "0,0"], "found [0, 0], accepted 0 to 1000000 each, not all 0"),
        (["tiny", "--data", "DATA", "--lr", "nan,0.1"], "finite learning rates above 0"),
        (["tiny", "--data", "DATA", "--lr", "0.1,inf"], "finite learning rates above 0"),
        (["tiny", "--data", "DATA", "--lr", "nan"], "learning_rate: found 1, accepted 2, one per phase"),
        (["tiny", "--data", "DATA", "--threads", "0"], "threads: found 0, accepted 1 to 1024"),
        (["tiny", "--data", "DATA", "--workers", "9999"], "workers: found 9999, accepted 0 to 256"),
        (["tiny", "--data", "DATA", "--size", "9" * 400], "height: found 999"),
        (["tiny", "--data", "DATA", "--patience", "-" + "9" * 400], "accepted 0 or more"),
        (["tiny", "--data", "DATA", "--batch-size", "1"], "batch_size: found 1, accepted 2 or more"),
        (["tiny", "--data", "DATA", "--precision", "float16"], "'float16' on cpu: accepted auto, float32, bfloat16"),
        (["tiny", "--data", "DATA", "--device", "cuda:99"], "Device 'cuda:99' is not here; accepted: auto,"),
        (["tiny", "--data", "DATA", "--cache", "/dev/null/x"], "--cache /dev/null/x: no file can be made there"),
        (["tiny", "--data", "DATA", "--extra", "pad=zz"], '--extra pad=zz: accepted "" or same'),
        (["tiny", "--data", "DATA", "--extra", "pixels=zz"], "--extra pixels=zz: accepted imagenet or symmetric"),
        (
            ["degradations", "--data", "DATA", "--extra", "crops=99x9"],
            "rows: found 99, accepted: a whole number from 1 to 16",
        ),
        (["tiny", "--data", "DATA", "--ema", "1"], "ema: found 1.0, accepted 0 to below 1"),
        (["tiny", "--data", "DATA", "--warmup-share", "-0.1"], "warmup_share: found -0.1"),
        (["tiny", "--data", "DATA", "--weight-decay", "inf"], "weight_decay: found inf"),
        (["tiny", "--data", "DATA", "--stop-after", "0"], "--stop-after 0: accepted 1 or more"),
        (["tiny", "--data", "DATA", "--extra", "teacher_weight=much"], "--extra teacher_weight=much: accepted 0 to 1"),
        (["degradations", "--data", "DATA", "--extra", "crops=2"], "--extra crops=2: accepted ROWSxCOLUMNS"),
        (["lighting", "--data", "DATA", "--extra", "repeats=0"], "--extra repeats=0: accepted a whole number from 1"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_what_is_not_accepted_is_explained_and_is_a_wrong_command_line(
    words: list[str], said: str, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = [str(rated) if word == "DATA" else word for word in words]
    assert run.main([*FAST, *typed, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "EMPTY"], "holds no data set that this recipe accepts"),
        (["--data", "DATA", "--teacher", "EMPTY"], "manifest.json"),
        (["--data", "DATA", "--weights", "DATA"], "cannot be read"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_a_folder_without_what_is_needed_is_explained_and_is_no_wrong_command_line(
    words: list[str], said: str, rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(rated), "EMPTY": str(tmp_path)}
    assert run.main(["tiny", *FAST, *(places.get(word, word) for word in words), "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_only_the_option_turns_the_cache_of_photos_on(
    rated: Path, tmp_path: Path, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IQA_CACHE", str(tmp_path / "models"))  # the folder of models that were pulled
    for name, words in {"without": [], "with": ["--cache", str(tmp_path / "photos")]}.items():
        command = [tiny.name, "--data", str(rated), "--out", str(tmp_path / name), *FAST, "--epochs", "0,1", *words]
        assert run.main(command) == 0
        kept = json.loads((tmp_path / name / "settings.json").read_text())["settings"]["cache"]
        assert kept == (words[1] if words else None)
        assert len([*(tmp_path / "photos").rglob("*.npy")]) == (24 if words else 0)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "1.5"], "--epochs: found '1.5', accepted whole numbers such as 2,10"),
        (["--epochs", "1,"], "--epochs: found '1,', accepted whole numbers"),
        (["--lr", "x"], "--lr: found 'x', accepted numbers such as 0.001,0.0003"),
    ],
)
def test_numbers_that_are_none_are_a_usage_error(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run.main(["quality", "--data", str(tmp_path), "--out", str(tmp_path / "out"), *words])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_data_that_is_not_there_has_its_own_exit_code(
    tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main([tiny.name, "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out"), *FAST]) == 3
    assert "none: there is no such folder" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"), "CUDA out of memory. Tried"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory"), "DefaultCPUAllocator"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error."), "--shm-size"),
        (MemoryError(), "MemoryError"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_too_little_memory_or_disk_is_explained(
    *,
    error: Exception,
    words: str,
    rated: Path,
    tmp_path: Path,
    tiny: Recipe,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object) -> float:
        raise error

    monkeypatch.setattr(fit.Run, "_train", failing)
    assert run.main([tiny.name, "--data", str(rated), "--out", str(tmp_path / "out"), *FAST]) == 1
    assert words in capsys.readouterr().err


def test_a_mistake_of_our_own_keeps_its_traceback(
    rated: Path, tmp_path: Path, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> float:
        raise RuntimeError("Caught a mistake in DataLoader worker process 0")

    monkeypatch.setattr(fit.Run, "_train", failing)
    with pytest.raises(RuntimeError, match="Caught a mistake"):
        run.main([tiny.name, "--data", str(rated), "--out", str(tmp_path / "out"), *FAST])


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
