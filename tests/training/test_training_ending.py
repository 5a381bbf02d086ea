"""How a run ends: in the command that comes next, or with --export in a model folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from iqa.image import load
from iqa.manifest import FILE_NAME
from iqa.model import MODELS, load_model
from training import checkpoint, ending, parity, recipe, run
from training.recipe import Recipe

FAST = ["--workers", "0", "--device", "cpu", "--weights", ""]


def test_one_command_leads_from_photos_without_labels_to_a_model_folder(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, folder = tmp_path / "run", tmp_path / "models" / "lighting"
    small = [*FAST, "--epochs", "0,1", "--size", "32", "--extra", "repeats=1"]
    command = ["lighting", "--data", str(photos), "--out", str(out), "--export", str(folder)]
    assert run.main([*command, *small]) == 0
    said = capsys.readouterr().out
    assert f"Exporting it, as this would: python -m training.export {out} --out {folder}\n" in said
    assert "loss by rounding to fp16" in said
    assert said.endswith(f"\n{folder}\n")
    assert sorted(path.name for path in folder.iterdir()) == [FILE_NAME, "model.onnx", "probe.png"]
    image, net = load(photos / "03.png"), checkpoint.best(out).net
    model = load_model(folder)
    found, wanted = model.predict(image), parity.torch_answer(net, model.manifest.input, image)
    assert [*found] == ["underexposed", "overexposed"]
    assert all(np.abs(found[label] - wanted[label]) <= parity.ROUNDING for label in found)


def test_a_run_that_was_stopped_is_exported_when_it_is_complete(
    rated: Path, tmp_path: Path, tiny: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    out, folder = tmp_path / "run", tmp_path / "model"
    command = [tiny.name, "--data", str(rated), "--out", str(out), *FAST, "--export", str(folder)]
    assert run.main([*command, "--stop-after", "1"]) == 0
    said = capsys.readouterr().out
    assert f"Not complete, so nothing was exported to {folder}; to go on: " in said
    assert not folder.exists()
    found = re.search("to go on: python -m training.run (.*)", said)
    assert found is not None
    assert run.main(shlex.split(found[1])) == 0
    assert load_model(folder).manifest.name == tiny.name
    again = [tiny.name, "--out", str(out), "--resume", "--export"]
    assert run.main([*again, str(tmp_path / "second")]) == 0, "a complete run needs no epoch to be exported"
    one, other = (load_model(path).manifest.sha256 for path in (folder, tmp_path / "second"))
    assert one == other


@pytest.mark.parametrize(
    ("folder", "said", "code"),
    [
        ("HERE/taken", "taken is there already and was left as it is. Name another folder.", 1),
        ("HERE/file", "no file can be made there", 2),
        ("HERE/run", "run: the run lies there", 2),
        ("HERE", "is there already", 1),
        ("HERE/new", "new: the run lies there (HERE/new/run); accepted: a folder of its own", 2),
        (str(MODELS / "other"), "a folder has the name of its model; accepted: tiny.", 2),
    ],
)
def test_a_model_folder_that_could_not_be_made_is_refused_before_a_photo_is_read(
    *,
    folder: str,
    said: str,
    code: int,
    rated: Path,
    tmp_path: Path,
    tiny: Recipe,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep")
    (tmp_path / "file").write_text("keep")
    out = tmp_path / "new" / "run" if folder.endswith("new") else tmp_path / "run"
    export = folder.replace("HERE", str(tmp_path))
    assert run.main([tiny.name, "--data", str(rated), "--out", str(out), *FAST, "--export", export]) == code
    assert said.replace("HERE", str(tmp_path)) in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "mine.txt", "taken"]


def test_a_model_that_export_would_find_too_large_is_refused_before_training(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["blur-detector", "--data", str(photos), "--out", str(tmp_path / "run"), *FAST]
    assert run.main([*command, "--export", str(tmp_path / "model")]) == 2
    assert "a model of blur-detector has up to 24 MB, accepted unasked: 10." in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", [name for name in recipe.names() if recipe.get(name).exported])
def test_the_command_allows_for_a_large_file_where_the_network_is_large_and_only_there(name: str) -> None:
    made = recipe.get(name)
    words = shlex.split(ending.command(made, Path("a run"), Path("models", name)))
    assert words[:6] == ["python", "-m", "training.export", "a run", "--out", f"models/{name}"]
    halves = 2e-6 * sum(parameter.numel() for parameter in checkpoint.blank(made, made.defaults).parameters())
    assert words[6:] == ([] if halves < 9.35 else ["--max-mb", str(int(np.ceil(halves + 0.65)))])


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODELS.glob("*/model.onnx")))
def test_a_published_model_is_no_larger_than_was_said_before_its_training(name: str) -> None:
    size = (MODELS / name / "model.onnx").stat().st_size
    assert size <= 1e6 * ending.megabytes(recipe.get(name)) <= 1e7


def test_training_alone_does_without_the_packages_of_export() -> None:
    code = "import sys, training.run; sys.exit({'onnx', 'coremltools'} & sys.modules.keys() or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
