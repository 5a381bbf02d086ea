"""Promises of eval.footprint: memory that a call holds is seen, the parent's is not, and a failure is a sentence."""

from pathlib import Path

import numpy as np
import pytest

from eval import footprint
from eval.footprint import Call, dark, footprints, shown
from iqa import lowlight
from iqa.errors import IQAError
from iqa.measures import luminance

SMALL = (48, 64)
CALLS = """
import os
import numpy as np
from iqa.errors import ArgumentError

def nothing(picture):
    print("a word on stdout")

def hungry(picture, size):
    if len(picture) == 48:  # not at the warm-up
        np.ones(size, np.uint8)

def growing(picture, kept=[]):
    kept.append(np.ones(50_000_000, np.uint8))

def refuses(picture):
    raise ArgumentError("The picture is too small.")

def breaks(picture):
    return [][0]

def dies(picture):
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "costs.py").write_text(CALLS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def cost(name: str, times: int = 1, **keywords: object) -> footprint.Footprint:
    return footprint.footprint(Call(name, f"costs:{name}", keywords), *SMALL, times)


def test_what_a_call_holds_for_a_moment_is_in_the_peak() -> None:
    idle, hungry = cost("nothing"), cost("hungry", size=200_000_000)
    assert 190 < hungry.added_mb - idle.added_mb < 230
    assert 190 < hungry.peak_mb - idle.peak_mb < 230
    assert idle.added_mb < 20
    assert hungry.added_mb == hungry.peak_mb - hungry.before_mb
    assert abs(hungry.before_mb - idle.before_mb) < 20


def test_the_memory_is_that_of_the_first_call_of_several() -> None:
    found = cost("growing", times=3)
    assert 40 < found.added_mb < 70
    assert found.calls == 3
    assert found.p50_s > 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the high-water mark of a process is Linux's")
def test_what_the_parent_holds_is_not_counted() -> None:
    block = np.ones(600_000_000, np.uint8)
    assert cost("nothing").peak_mb < 500
    assert block.size > 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refuses", "refuses, 0.00 MP: the call failed in its process: .*The picture is too small"),
        ("breaks", "IndexError: list index out of range"),
        ("absent", "AttributeError: .*absent"),
        ("dies", "ended by signal 9"),
    ],
)
def test_a_call_that_fails_is_named_with_its_reason(name: str, said: str) -> None:
    with pytest.raises(IQAError, match=said):
        cost(name)


def test_a_call_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "TIMEOUT_S", 0.01)
    with pytest.raises(IQAError, match=r"took longer than 0\.01 seconds"):
        cost("nothing")


def test_a_failure_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [Call("bad", "costs:refuses"), Call("good", "costs:nothing")]
    rows, failed = footprints(wanted, [SMALL], 1)
    assert [row.name for row in rows] == ["good"]
    (sentence,) = failed
    assert sentence.startswith("bad, 0.00 MP: the call failed")
    assert "eval: bad, 0.00 MP: the call failed" in capsys.readouterr().err


def test_large_pictures_are_timed_fewer_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(footprint, "footprint", lambda call, height, width, times: asked.append(times))
    footprints([Call("any", "costs:nothing")], [*footprint.SIZES, (20_000, 20_000)], 20)
    assert asked == [5, 5, 5, 3, 1]
    footprints([Call("any", "costs:nothing")], footprint.SIZES, 2)
    assert asked[5:] == [2, 2, 2, 2]


def test_every_enhancer_is_measured_and_enhances() -> None:
    assert [call.keywords["model"] for call in footprint.calls()] == list(lowlight.ESTIMATORS)
    assert all(call.keywords["force"] and call.target == "iqa.lowlight:enhance" for call in footprint.calls())
    rows, failed = footprints(footprint.calls(), [SMALL], 1)
    assert failed == []
    assert [row.name for row in rows] == [f"lowlight.enhance, {model}" for model in lowlight.ESTIMATORS]
    for row in rows:
        assert (row.height, row.width, row.megapixels) == (*SMALL, 48 * 64 / 1e6)
        assert 0 < row.before_mb <= row.peak_mb


def test_the_picture_is_dark_and_the_same_each_time() -> None:
    first = dark(300, 400)
    np.testing.assert_array_equal(first, dark(300, 400))
    assert (first.shape, first.dtype) == ((300, 400, 3), np.uint8)
    assert 0.1 < luminance(first).mean() / 255 < 0.2
    assert lowlight.enhance(first, model="classical").applied


def test_the_text_names_every_unit_and_is_empty_without_rows() -> None:
    assert shown([]) == ""
    row = footprint.Footprint("a call", 4000, 6000, 24.0, 1.5, 3, 100.0, 350.4, 250.4)
    head, units, line = shown([row]).splitlines()
    assert head.split()[-5:] == ["size", "p50", "before", "peak", "added"]
    assert units.split() == ["MP", "s", "MB", "MB", "MB"]
    assert line.split() == ["a", "call", "24.00", "1.500", "100", "350", "250"]
