"""Focus ladders: the subject blurs first, then everything; nothing but the order is learned of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa.damage import Picture
from iqa.errors import IQAError
from training import nets
from training.fit import fit
from training.focus import FIRST, Focus
from training.ladders import LADDER, SEVERITY
from training.recipes.rating import RECIPE

SIDE = 160


def portrait(folder: Path, covered: int) -> Path:
    """A photo with fine texture everywhere, and a mask of its middle, `covered` px wide."""
    folder.mkdir()
    image = np.random.default_rng(0).integers(40, 216, (SIDE, SIDE, 3), dtype=np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[20:140, 80 - covered // 2 : 80 + covered // 2] = 255
    Image.fromarray(image).save(folder / "a.png")
    Image.fromarray(mask).save(folder / "a_mask.png")
    return folder


def ladder_of(folder: Path) -> Focus:
    """Of the one photo there."""
    return Focus(photos=[folder / "a.png"], masks=[folder / "a_mask.png"], scenes=["a"], unknown={"quality": 1})


def detail(image: Picture, *, inside: bool) -> float:
    """Mean step from pixel to pixel, in the middle of the subject or at the left edge."""
    columns = slice(70, 90) if inside else slice(0, 20)
    scale = image.shape[1] / SIDE
    part = image[:, round(columns.start * scale) : round(columns.stop * scale)].astype(float)
    return float(np.abs(np.diff(part, axis=1)).mean() / part.mean())


def test_the_subject_blurs_first_then_everything(tmp_path: Path) -> None:
    ladder = ladder_of(portrait(tmp_path / "p", 60))
    kept = []
    for seed in range(8):
        first = ladder.sample(0, np.random.default_rng(seed))
        steps = [first, *first.also]
        assert [step.target[SEVERITY][0] for step in steps] == [0.0, 0.5, 1.0]
        assert {float(step.target[LADDER][0]) for step in steps} == {float(FIRST)}
        assert all(np.isnan(step.target["quality"]).all() for step in steps)
        assert len({step.image.shape for step in steps}) == 1
        inside = [detail(step.image, inside=True) for step in steps]
        behind = [detail(step.image, inside=False) for step in steps]
        assert inside[1] < 0.7 * inside[0]
        assert behind[2] < 0.7 * behind[1]
        kept.append(behind[0] > 0.7 * behind[1])
    assert 0 < sum(kept) < len(kept), "the background of the best one is sharp in some ladders, bokeh in others"


def test_a_photo_whose_mask_says_nothing_comes_alone(tmp_path: Path) -> None:
    sample = ladder_of(portrait(tmp_path / "p", 2)).sample(0, np.random.default_rng(0))
    assert not sample.also
    assert sample.target[LADDER] == -1


def test_quality_learns_from_scenes_beside_ratings_and_validates_on_ratings_alone(rated: Path, tmp_path: Path) -> None:
    scenes = portrait(tmp_path / "scenes", 60)
    small = replace(RECIPE.defaults, epochs=(0, 1), size=64, batch_size=6, weights="", workers=0, device="cpu")
    plain = RECIPE.data(rated, small)
    split = RECIPE.data(rated, replace(small, extra={**small.extra, "scenes": str(scenes)}))
    assert len(split.train) == len(plain.train) + 2
    assert split.validation.groups == plain.validation.groups
    assert [row.photos for row in split.trained_on] == [plain.trained_on[0].photos, 1]
    assert split.trained_on[1].name == "Photos with masks: scenes"
    out = tmp_path / "run"
    out.mkdir()
    (row,) = fit(RECIPE, small, split, out, say=lambda _: None)
    assert np.isfinite([row["train_loss"], row["validation_loss"]]).all()


def test_scenes_that_are_rated_photos_are_left_out_by_content_whatever_they_are_called(
    rated: Path, photos: Path, tmp_path: Path
) -> None:
    scenes = portrait(tmp_path / "scenes", 60)
    mask = (scenes / "a_mask.png").read_bytes()
    for number in (0, 7):  # one of them is in validation or training: neither may be here
        (scenes / f"copy{number}.png").write_bytes((photos / f"{number:02}.png").read_bytes())
        (scenes / f"copy{number}_mask.png").write_bytes(mask)
    small = replace(RECIPE.defaults, weights="", extra={**RECIPE.defaults.extra, "scenes": str(scenes)})
    split = RECIPE.data(rated, small)
    assert [path.name for path in split.train.paths if path.is_relative_to(scenes)] == ["a.png", "a_mask.png"]
    (scenes / "a.png").unlink()
    with pytest.raises(IQAError, match="is one of the rated photos"):
        RECIPE.data(rated, small)


def test_a_limit_holds_for_scenes_as_well_and_an_older_run_knows_none(rated: Path, tmp_path: Path) -> None:
    scenes = portrait(tmp_path / "scenes", 60)
    for number in range(5):
        for part in ("", "_mask"):
            pixels = np.asarray(Image.open(scenes / f"a{part}.png")).copy()
            pixels[0, 0] = number
            Image.fromarray(pixels).save(scenes / f"b{number}{part}.png")
    small = replace(RECIPE.defaults, weights="", limit=4, extra={**RECIPE.defaults.extra, "scenes": str(scenes)})
    assert [row.photos for row in RECIPE.data(rated, small).trained_on[1:]] == [4]
    before = replace(small, extra={"set": "", **nets.OPTIONS})
    assert len(RECIPE.data(rated, before).trained_on) == 1


def test_a_ladder_without_ratings_is_no_validation(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rating to validate on"):
        ladder_of(portrait(tmp_path / "p", 60)).sample(0, None)
