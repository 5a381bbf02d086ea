"""Every hostile file gives an image or the one ImageError, in under 2 s and under 1 GB, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import hostile
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """What became of each kind: one run of the corpus."""
    run = subprocess.run(
        [sys.executable, str(HERE / "hostile.py")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=HERE.parent,
        env=os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONWARNINGS": "error"},
    )
    assert run.returncode == 0, run.stderr[-3000:]
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return {line["kind"]: line for line in lines}


def test_the_corpus_holds_at_least_forty_kinds_of_each_outcome() -> None:
    outcomes = [expected for _, expected in hostile.KINDS.values()]
    assert outcomes.count(hostile.IMAGE) >= 40
    assert outcomes.count(hostile.ERROR) >= 40


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_a_hostile_file_gives_an_image_or_the_one_error(kind: str, measured: dict[str, dict[str, Any]]) -> None:
    found = measured[kind]
    expected = hostile.KINDS[kind][1]
    assert found["load"] == expected
    assert found["reduced"] == expected
    assert found["info"] in (hostile.IMAGE, hostile.ERROR)
    assert found["seconds"] < hostile.PROMISED_SECONDS
    assert found["peak"] < hostile.PROMISED_BYTES


@pytest.mark.parametrize("kind", [kind for kind, (_, expected) in hostile.KINDS.items() if expected == hostile.IMAGE])
def test_the_header_of_a_readable_file_is_readable(kind: str, measured: dict[str, dict[str, Any]]) -> None:
    assert measured[kind]["info"] == hostile.IMAGE
