"""What lies under --out: never overwritten, gone on with where it is whole and unchanged, refused otherwise."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from tests.toy_training import TINY, ranked, same
from training import checkpoint, curves, fit, resume, run
from training.recipe import Recipe

Spoil = Callable[[Path], object]
FAST = ["--workers", "0", "--device", "cpu", "--weights", ""]


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
    assert run.main(["tiny", "--out", str(out), "--resume"]) == 2
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
    for words, was in ((["--batch-size", "4"], "batch_size 6"), (["--lr", "1,1"], "learning_rate (0.01, 0.01)")):
        assert run.main(["tiny", "--out", out, "--resume", *words]) == 2
        assert was in capsys.readouterr().err
    assert run.main(["tiny", "--out", str(tmp_path / "none"), "--resume"]) == 2
    assert "holds no run to resume" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["/dev/null/x", "/dev/null", "FILE", "FILE/x", "DANGLING", "LOOP", "a" * 300])
def test_an_out_that_cannot_be_made_is_refused_before_a_photo_is_read(
    name: str, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "FILE").write_text("mine")
    (tmp_path / "DANGLING").symlink_to(tmp_path / "none" / "x")
    (tmp_path / "LOOP").symlink_to(tmp_path / "LOOP")
    assert run.main([tiny.name, "--data", str(tmp_path), "--out", str(tmp_path / name), *FAST]) == 2
    assert "no file can be made there" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DANGLING", "FILE", "LOOP"]
    assert (tmp_path / "FILE").read_text() == "mine"


@pytest.fixture(scope="module")
def half(rated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs of four."""
    out = tmp_path_factory.mktemp("half") / "out"
    known = {TINY.name: TINY}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("training.recipe._all", lambda: known)
        assert run.main(["tiny", "--data", str(rated), "--out", str(out), *FAST, "--stop-after", "2"]) == 0
    return out


def edited(**changes: Any) -> Spoil:
    """settings.json with other settings, or with None: without them."""

    def change(out: Path) -> None:
        told = json.loads((out / checkpoint.SETTINGS).read_text())
        settings = {key: value for key, value in (told["settings"] | changes).items() if value is not None}
        (out / checkpoint.SETTINGS).write_text(json.dumps({**told, "settings": settings}))

    return change


def written(text: bytes) -> Spoil:
    """settings.json with another content."""
    return lambda out: (out / checkpoint.SETTINGS).write_bytes(text)


def told(**changes: Any) -> Spoil:
    """settings.json with other facts."""

    def change(out: Path) -> None:
        text = json.loads((out / checkpoint.SETTINGS).read_text())
        (out / checkpoint.SETTINGS).write_text(json.dumps(text | changes))

    return change


def cut(name: str, kept: int) -> Spoil:
    """The first bytes of a checkpoint."""
    return lambda out: (out / name).write_bytes((out / name).read_bytes()[:kept])


def copied(one: str, other: str) -> Spoil:
    """A checkpoint in place of another."""
    return lambda out: shutil.copy(out / one, out / other)


LAST, BEST = checkpoint.LAST, checkpoint.BEST


@pytest.mark.parametrize(
    ("spoil", "said", "code"),
    [
        (written(b'{"recipe": "ti'), "cut or changed by hand", 1),
        (written(b""), "cut or changed by hand", 1),
        (written(b"\xff\xfe"), "cut or changed by hand", 1),
        (written(b"[" * 100_000), "cut or changed by hand", 1),
        (written(b"[]"), "cut or changed by hand", 1),
        (written(b"{}"), "names no recipe", 1),
        (told(recipe=["tiny"]), "names no recipe", 1),
        (told(settings=[1]), "settings: found [1], accepted: an object", 1),
        (told(data=3), "does not tell the data as it was written", 1),
        (told(data={"folder": 1, "train": {}, "validation": {}}), "does not tell the data as it was written", 1),
        (edited(colour=1), "settings.colour: found 'an unknown key'", 1),
        (edited(epochs=None), "settings.epochs: found 'no such key'", 1),
        (edited(batch_size="6"), "settings.batch_size: found '6', accepted: a whole number", 1),
        (edited(extra={"set": 3}), "settings.extra.set: found 3", 1),
        (edited(batch_size=4), "is of batch_size 6, which settings.json beside it does not say", 1),
        (edited(workers=-1), "workers: found -1", 2),
        (cut(LAST, 0), "is no checkpoint", 1),
        (cut(LAST, -1), "new run elsewhere, with --weights", 1),
        (cut(BEST, 100), "is no checkpoint", 1),
        (copied(BEST, LAST), "another kind, without progress", 1),
        (copied(LAST, BEST), "another kind, without trained_on", 1),
        (lambda out: (out / BEST).unlink(), "the best epoch so far would be lost", 1),
        (lambda out: (out / LAST).unlink(), "but no last.safetensors to resume from. Start a new run elsewhere", 2),
    ],
)
def test_a_run_that_is_cut_or_was_changed_is_refused_and_left_as_it_is(
    *,
    spoil: Spoil,
    said: str,
    code: int,
    half: Path,
    tmp_path: Path,
    tiny: Recipe,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    shutil.copytree(half, out)
    spoil(out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run.main([tiny.name, "--out", str(out), "--resume"]) == code
    assert said in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_run_goes_on_without_the_weights_that_it_started_from(
    half: Path, rated: Path, tmp_path: Path, tiny: Recipe
) -> None:
    start, whole, halves = tmp_path / "start.safetensors", tmp_path / "whole", tmp_path / "halves"
    shutil.copy(half / BEST, start)
    common = [tiny.name, "--data", str(rated), *FAST[:4], "--weights", str(start)]
    assert run.main([*common, "--out", str(whole)]) == 0
    assert run.main([*common, "--out", str(halves), "--stop-after", "1"]) == 0
    start.unlink()
    assert run.main([tiny.name, "--out", str(halves), "--resume"]) == 0
    assert same(whole / LAST, halves / LAST)


def test_a_run_that_goes_on_with_other_sources_says_so(
    half: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "half"
    shutil.copytree(half, out)
    told = json.loads((out / "settings.json").read_text())
    (out / "settings.json").write_text(json.dumps({**told, "commit": "a" * 40}))
    assert resume.other_code(out, "a" * 40) == ""
    assert "may have changed" in resume.other_code(out, "a" * 40 + "+changes")
    monkeypatch.setattr(run, "commit", lambda *folders: "b" * 40)
    assert run.main([tiny.name, "--out", str(out), "--resume"]) == 0
    assert f"then {'a' * 40}, now {'b' * 40}" in capsys.readouterr().out


def test_two_runs_never_share_a_folder(
    half: Path, rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh, other = tmp_path / "fresh", tmp_path / "other"
    shutil.copytree(half, other)
    fresh.mkdir()
    command = [tiny.name, "--data", str(rated), "--out", str(fresh), *FAST, "--epochs", "0,1"]
    with resume.alone(fresh), resume.alone(other):
        assert run.main(command) == 2
        assert run.main([tiny.name, "--out", str(other), "--resume"]) == 2
    assert capsys.readouterr().err.count("Another run is training in") == 2
    assert [*fresh.iterdir()] == []
    assert same(half / LAST, other / LAST)
    assert run.main(command) == 0
    assert run.main([tiny.name, "--out", str(other), "--resume"]) == 0


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard would show: per curve, (epoch, value)."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(point.step, point.value) for point in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_events_come_after_every_epoch_and_are_not_doubled_by_resuming(
    rated: Path, tmp_path: Path, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, seen = tmp_path / "out", []
    epoch = fit.Run.epoch

    def looking(self: fit.Run, bar: Callable[..., Any]) -> dict[str, Any]:
        seen.append(len(points(out / "tensorboard").get("metric", [])))
        return epoch(self, bar)

    monkeypatch.setattr(fit.Run, "epoch", looking)
    data = ranked(rated, tmp_path / "data")
    command = [tiny.name, "--data", str(data), "--out", str(out), *FAST, "--tensorboard"]
    assert run.main([*command, "--stop-after", "2"]) == 0
    assert run.main([tiny.name, "--out", str(out), "--resume"]) == 0  # watched, because it was before
    assert seen == [0, 1, 2, 3]
    rows = [line.split(",") for line in (out / "curves.csv").read_text().splitlines()[1:]]
    shown = points(out / "tensorboard")
    assert set(shown) == set(curves.COLUMNS) - {"epoch", "phase", "best"}
    for name, values in shown.items():
        column = curves.COLUMNS.index(name)
        assert values == [(int(row[0]), pytest.approx(float(row[column]), rel=1e-6)) for row in rows]
    assert len([*(out / "tensorboard").glob("events.*")]) == 1
