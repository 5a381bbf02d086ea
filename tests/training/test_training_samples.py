"""What a run learns from, as files: the pictures themselves, their classes and scenes, and nothing overwritten."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqa.blur import BLUR_TYPES
from training import checkpoint, recipe, run, samples
from training.data import Damaged

SMALL = ["--size", "32", "--batch-size", "8", "--workers", "0", "--weights", "", "--device", "cpu"]


@pytest.fixture(scope="module")
def finished(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(run of blur-type that came to its end, folder of its photos with a subject in the middle of each)."""
    folder, out = tmp_path_factory.mktemp("masked"), tmp_path_factory.mktemp("run") / "run"
    for path in sorted(photos.glob("*.png")):
        image = Image.open(path)
        image.save(folder / path.name)
        mask = np.zeros((image.height, image.width), np.uint8)
        mask[20:50, 30:60] = 255
        Image.fromarray(mask).save(folder / f"{path.stem}_mask.png")
    command = ["blur-type", "--data", str(folder), "--out", str(out), "--epochs", "1,0", "--extra", "repeats=2", *SMALL]
    assert run.main(command) == 0
    return out, folder


def test_pictures_lie_beside_a_table_of_classes_and_scenes(finished: tuple[Path, Path], tmp_path: Path) -> None:
    out, _ = finished
    assert samples.main([str(out), "--out", str(tmp_path / "pool"), "--count", "20"]) == 0
    table = pd.read_csv(tmp_path / "pool" / "labels.csv")
    assert list(table) == ["file", "scene", "label"]
    assert len(table) == 20
    assert set(table["label"]) <= set(BLUR_TYPES)
    assert table["label"].nunique() > 1
    assert all(Image.open(tmp_path / "pool" / name).mode == "RGB" for name in table["file"])
    made = recipe.get("blur-type")
    split = made.data(Path(finished[1]), checkpoint.best(out).settings)
    held = {*split.validation.groups}
    assert not {*table["scene"]} & held
    for name, scene in zip(table["file"], table["scene"], strict=True):
        assert split.train.groups[int(Path(name).stem)] == scene


def test_every_sample_has_the_group_of_its_photo() -> None:
    pool = Damaged([Path("a"), Path("b")], ["x", "y"], lambda image, _: (image, {}), repeats=3)
    assert [*pool.groups] == ["x", "y"] * 3
    assert len(pool.groups) == len(pool)


def test_what_is_there_is_left_as_it_is(
    finished: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = finished
    assert samples.main([str(out), "--out", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert samples.main([str(out), "--out", str(tmp_path / "new"), "--count", "0"]) == 1
    assert "1 or more" in capsys.readouterr().err
    assert samples.main([str(tmp_path), "--out", str(tmp_path / "new")]) == 1
    assert not (tmp_path / "new").exists()
