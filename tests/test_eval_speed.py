"""Promises of eval.speed and eval.run: rows for everything, a complete report, no names of people or hosts."""

import json
import platform
from pathlib import Path

import numpy as np
import pytest

from eval import footprint, run, speed
from iqa import model
from iqa.errors import ArgumentError, OutputExistsError
from tests import toy_models as toys

TINY = ((48, 64), (24, 32))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SIZES", TINY)
    monkeypatch.setattr(speed, "STARTS", {"python alone": "pass"})
    monkeypatch.setattr(footprint, "SIZES", TINY[:1])
    monkeypatch.setattr(model, "list_models", lambda _: {})


def test_every_estimator_is_timed_at_every_size() -> None:
    rows = speed.timings(TINY, 2)
    decoding = 1 + len(speed.REDUCED_SIDES)
    whole_way = ["JPEG to quality score", "JPEG to quality score and factors"]
    assert [row.name for row in rows[decoding : decoding + 2]] == whole_way
    assert [row.name for row in rows[decoding + 2 :]] == [*speed.INPUTS, *speed.ESTIMATORS] * len(TINY)
    assert {row.megapixels for row in rows} == {48 * 64 / 1e6, 24 * 32 / 1e6}
    for row in rows:
        assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
        assert row.ratio == pytest.approx(row.p50_ms / rows[0].p50_ms)
        assert row.calls == 2


def test_every_installed_model_is_timed_and_a_broken_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model, "MODELS", tmp_path)
    good = toys.write_model(tmp_path, toys.luminance())
    (tmp_path / "torn").mkdir()
    networks, lacking = speed.models()
    assert list(networks) == [f"model {good.name}", f"model {good.name}, network alone"]
    picture = speed.scene(48, 64)
    (alone,) = networks[f"model {good.name}, network alone"](picture)
    assert alone[1].item() == networks[f"model {good.name}"](picture)["quality"].item()
    assert len(lacking) == 1
    assert lacking[0].startswith("torn: ")

    def choosy(pixels: object) -> None:
        raise ArgumentError("too large")

    rows = speed.timings(TINY[:1], 1, {**networks, "model choosy": choosy})
    assert [row.name for row in rows if row.name.startswith("model")] == list(networks)
    assert "model choosy, 0.0 MP: too large" in capsys.readouterr().err


def test_a_network_is_given_a_small_copy_alone_and_with_crops_at_its_own_size() -> None:
    shapes = [{k: v.shape for k, v in call(speed.scene(300, 400)).items()} for call in speed._inputs().values()]  # type: ignore[attr-defined]
    assert shapes == [{"whole": (1, 3, 224, 224)}, {"whole": (1, 3, 224, 224), "native": (4, 3, 224, 224)}]


def test_each_call_is_timed_alone_and_the_first_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    spans = iter([100.0, 1.0, 2.0, 4.0])

    def work() -> None:
        clock[0] += next(spans)

    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    assert speed.milliseconds(work, 3).tolist() == [1e3, 2e3, 4e3]


def test_memory_is_given_in_mib() -> None:
    before = speed.peak_rss_mib()
    block = np.ones(int(before + 100) * 2**20, np.uint8)
    assert speed.peak_rss_mib() - before > 90
    assert block.size > 0


def test_the_scene_is_the_same_each_time_and_rich_in_detail() -> None:
    first = speed.scene(60, 80)
    np.testing.assert_array_equal(first, speed.scene(60, 80))
    assert (first.shape, first.dtype) == ((60, 80, 3), np.uint8)
    assert first.std() > 20


@pytest.mark.usefixtures("tiny")
def test_the_report_is_complete_and_names_no_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "speed.json"
    assert run.main(["speed", "--repeat", "1", "--json", str(target)]) == 0
    report = json.loads(target.read_text(encoding="utf-8"))
    assert set(report) == {
        "report",
        "iqa",
        "created",
        "machine",
        "jpeg",
        "timings",
        "models_without_times",
        "start_seconds",
        "footprints",
        "footprints_failed",
        "estimators",
    }
    assert len(report["timings"]) == 3 + len(speed.REDUCED_SIDES) + (len(speed.INPUTS) + len(speed.ESTIMATORS)) * len(
        TINY
    )
    assert [row["name"] for row in report["footprints"]] == [call.name for call in footprint.calls()]
    assert report["models_without_times"] == ["no model installed"]
    assert report["footprints_failed"] == []
    assert {"low-light", "classical-lowlight"} <= {row["name"] for row in report["estimators"]}
    assert report["machine"]["packages"]["numpy"] == np.__version__
    assert not platform.node() or platform.node() not in target.read_text(encoding="utf-8")
    out = capsys.readouterr().out
    assert all(
        name in out
        for name in ("quality.score", "preprocess, whole + native", "in a process of its own", "no model installed")
    )
    with pytest.raises(OutputExistsError):
        speed.main(["--repeat", "1", "--json", str(target)])


@pytest.mark.usefixtures("tiny")
def test_processes_of_their_own_can_be_left_out(tmp_path: Path) -> None:
    target = tmp_path / "speed.json"
    assert run.main(["speed", "--repeat", "1", "--without-footprints", "--json", str(target)]) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["footprints"] == []


def test_measurements_are_listed_and_unknown_ones_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in run.MEASUREMENTS)
    assert run.main([]) == 2
    assert run.main(["sped"]) == 2
    assert "Did you mean 'speed'?" in capsys.readouterr().err


def test_nothing_is_measured_zero_times(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run.main(["speed", "--repeat", "0"])
    assert stop.value.code == 2
    assert "1 or more" in capsys.readouterr().err
