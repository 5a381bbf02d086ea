"""Where a run computes: devices, threads, launchers, and several processes that train one network."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from iqa.errors import ArgumentError
from tests.toy_training import TINY
from training import batches, checkpoint, devices, run, start

ROOT = Path(__file__).parents[2]


def together(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Two processes by torchrun, over gloo, with one thread each."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*launch, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_two_processes_train_one_network(rated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    sizes = ["--size", "32", "--batch-size", "6", "--workers", "0", "--device", "cpu", "--weights", ""]
    done = together("training.run", "frame-scorer", "--data", rated, "--out", out, "--epochs", "1,1", *sizes)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epochs; best") == done.stdout.count("Complete. Next:") == 1
    assert len((out / "curves.csv").read_text().splitlines()) == 3
    assert checkpoint.best(out).recipe.name == "frame-scorer"
    assert checkpoint.state(out / checkpoint.LAST)["setup"] == {"processes": 2, "threads": 1, "precision": "float32"}
    assert run.main(["frame-scorer", "--out", str(out), "--resume"]) == 2
    assert "The run began with 2 processes, now there would be 1" in capsys.readouterr().err


def test_two_processes_end_with_equal_weights(rated: Path, tmp_path: Path) -> None:
    done = together("tests.toy_training", rated, tmp_path)
    assert done.returncode == 0, done.stderr
    (one, told), (other, _) = (checkpoint.read(tmp_path / f"{rank}.safetensors") for rank in (0, 1))
    assert told == {"processes": 2}
    assert len(one) == len(other) > 20
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_workers_leave_ctrl_c_to_the_main_process() -> None:
    before = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    try:
        batches._quiet(0)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[0])
        torch.set_num_threads(before[1])


def test_threads_are_set_and_kept_with_the_checkpoint(
    rated: Path, tmp_path: Path, tiny: object, capsys: pytest.CaptureFixture[str]
) -> None:
    was, out = torch.get_num_threads(), tmp_path / "out"
    common = ["tiny", "--out", str(out), "--workers", "0", "--device", "cpu"]
    try:
        assert run.main([*common, "--data", str(rated), "--weights", "", "--threads", "2", "--stop-after", "1"]) == 0
        assert checkpoint.state(out / checkpoint.LAST)["setup"]["threads"] == torch.get_num_threads() == 2
        assert run.main([*common, "--resume", "--stop-after", "1"]) == 0
        assert "Note:" not in capsys.readouterr().out
        assert run.main([*common, "--resume", "--stop-after", "1", "--threads", "1"]) == 0
        said = capsys.readouterr().out
        assert "began with 2 threads and goes on with 1" in said
        assert "For equal ones: --threads 2" in said
    finally:
        torch.set_num_threads(was)


def test_a_run_of_an_older_version_tells_no_setup_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / checkpoint.LAST
    checkpoint.write(path, {"w": torch.ones(1)}, {"recipe": "tiny"})
    said: list[str] = []
    start.goes_on(start.began(path), devices.Setup(3, 3, "float32"), said.append)
    assert said == []


@pytest.mark.parametrize(("was", "now"), [(1, 2), (4, 2), (2, 1)])
def test_another_number_of_processes_is_refused(was: int, now: int) -> None:
    with pytest.raises(ArgumentError, match=f"began with {was} process.*now there would be {now}"):
        start.goes_on(devices.Setup(was, 1, "float32"), devices.Setup(now, 1, "float32"), print)


def test_a_launcher_that_started_one_process_instead_of_several_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert devices.place() == (0, 1)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "no")
    assert devices.place() == (0, 1)
    monkeypatch.setenv("MASTER_PORT", "29500")  # what `accelerate launch --cpu --num_processes 2` leaves
    with pytest.raises(ArgumentError, match=r"torchrun --nproc_per_node N -m training\.run"):
        devices.place()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert devices.place() == (1, 2)


def test_every_process_needs_two_photos_of_a_batch(rated: Path) -> None:
    split = TINY.data(rated, TINY.defaults)
    start.checked(TINY, TINY.defaults, split, processes=3)
    with pytest.raises(ArgumentError, match=r"batch size 6.*8 or more of the first two for 4 processes"):
        start.checked(TINY, TINY.defaults, split, processes=4)


def test_a_precision_is_resumed_with_as_it_was(rated: Path, tmp_path: Path, tiny: object) -> None:
    out = str(tmp_path / "out")
    common = ["tiny", "--out", out, "--workers", "0", "--device", "cpu"]
    assert run.main([*common, "--data", str(rated), "--weights", "", "--stop-after", "1"]) == 0
    path = tmp_path / "out" / checkpoint.LAST
    tensors, state = checkpoint.read(path)
    checkpoint.write(path, tensors, {**state, "setup": {**state["setup"], "precision": "bfloat16"}})
    assert run.main([*common, "--resume", "--stop-after", "1"]) == 0
    assert checkpoint.state(path)["setup"]["precision"] == "bfloat16"
    assert checkpoint.state(path)["settings"]["precision"] == "auto"
