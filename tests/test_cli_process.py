"""Promises of the command line as a process: names of any bytes, pipes that close, interrupts, full disks."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo, outside the folder of the test."""
    path = tmp_path_factory.mktemp("sample") / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)).save(path)
    return path


def process(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "iqa", *map(os.fsencode, map(str, arguments))]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options
    )


def test_names_of_any_bytes_work(sample: Path, tmp_path: Path) -> None:
    names = [b"two  blanks.jpg", b"new\nline.jpg", b"not\xffutf8.jpg", "snö 写真.jpg".encode(), b"\x1b[31mred.jpg"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes((sample).read_bytes())
    out, err = process("score", tmp_path, "--csv", tmp_path / "out.csv").communicate()
    assert err == b""
    shown = [line.split(b"/")[-1] for line in out.splitlines() if b".jpg" in line]
    assert sorted(shown) == sorted(
        [b"two  blanks.jpg", rb"new\nline.jpg", rb"not\xffutf8.jpg", names[3], rb"\x1b[31mred.jpg"]
    )
    out, _ = process("score", tmp_path, "--json").communicate()
    assert {os.fsencode(Path(row["file"]).name) for row in json.loads(out)} == set(names)
    assert len(list(csv.DictReader((tmp_path / "out.csv").open(newline="", encoding="utf-8")))) == len(names)


def test_output_that_nobody_reads_any_more_ends_quietly(sample: Path, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.jpg").symlink_to(sample)
    running = process("score", tmp_path)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait() == 141
    running.stderr.close()


def test_an_interrupt_exits_130_without_a_trace(sample: Path, tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number}.jpg").symlink_to(sample)
    running = process("score", tmp_path, "--csv", tmp_path / "out.csv")
    assert running.stdout is not None
    running.stdout.readline()
    time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert err.decode().strip() == "iqa: stopped."
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".jpg"] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_a_sentence(sample: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "iqa", "score", str(sample)]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"iqa: could not write the answers: No space left")
    assert b"Traceback" not in done.stderr
