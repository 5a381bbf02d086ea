"""Photos with masks, alone and beside others: how often each is shown, and that no split parts them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa.image import load
from tests.toy_recipes import COUNT, clean, copied, masked, settled
from training import recipe
from training.masked import Joined, Masked


def test_blur_type_joins_synthetic_scenes_clean_photos_and_a_list(photos: Path, tmp_path: Path) -> None:
    made = recipe.get("blur-type")
    listed = copied(
        photos, tmp_path / "list", [f"{kind}/{n}.png" for n in range(6) for kind in ("sharp", "motion_blurred")]
    )
    extra = {"clean": str(clean(photos, tmp_path / "clean")), "list": str(listed), "repeats": "2"}
    settings = settled(made, extra={**made.defaults.extra, **extra})
    split = made.data(masked(photos, tmp_path / "masks"), settings)
    assert isinstance(split.train, Joined)
    sizes = [len(part) for part in split.train.parts]
    assert sizes[0] == 2 * sizes[1] == 2 * (COUNT - COUNT // 5)
    assert len(split.train) + len(split.validation) == (2 + 1) * COUNT + 12
    assert len(split.trained_on) == 3
    assert not set(split.train.groups) & set(split.validation.groups)
    rng = np.random.default_rng(0)
    for index in (0, sizes[0], sum(sizes[:2]), len(split.train) - 1):
        sample = split.train.sample(index, rng)
        assert sample.target["blur_type"].sum() == 1
    for path in split.train.paths:
        assert split.train.read(path).ndim == 3


def test_blur_type_takes_more_photos_with_masks_and_leaves_the_split_of_the_others_as_it_was(
    photos: Path, tmp_path: Path
) -> None:
    made = recipe.get("blur-type")
    listed = copied(
        photos, tmp_path / "list", [f"{kind}/{n}.png" for n in range(6) for kind in ("sharp", "motion_blurred")]
    )
    folder, extra = masked(photos, tmp_path / "masks"), {**made.defaults.extra, "list": str(listed)}
    before = made.data(folder, settled(made, extra=extra))
    more = tmp_path / "more"
    for path in sorted(masked(photos, more / "dogs").glob("*.png")):
        Image.fromarray(load(path)[::-1]).save(path)
    after = made.data(folder, settled(made, extra={**extra, "more": str(more)}))
    assert set(before.train.groups) < set(after.train.groups)
    assert set(before.validation.groups) < set(after.validation.groups)
    assert not set(after.train.groups) & set(after.validation.groups)
    assert after.trained_on[-1].name == "Photos with masks: dogs"


def test_blur_type_shows_clean_photos_with_a_mask_as_often_as_other_masked_ones(photos: Path, tmp_path: Path) -> None:
    made = recipe.get("blur-type")
    folder = masked(photos, tmp_path / "clean")
    names = sorted(path.stem for path in folder.glob("*.png") if not path.stem.endswith("_mask"))
    for name in names[::2]:
        (folder / f"{name}_mask.png").unlink()
    other = masked(photos, tmp_path / "masks" / "dogs")
    for path in sorted(other.glob("*.png")):
        Image.fromarray(load(path)[::-1]).save(path)
    split = made.data(other.parent, settled(made, extra={**made.defaults.extra, "clean": str(folder), "repeats": "4"}))
    assert isinstance(split.train, Joined)
    assert isinstance(split.validation, Joined)
    parts = [side.parts[1] for side in (split.train, split.validation)]
    shown = Counter(path.stem for part in parts if isinstance(part, Masked) for path in part.photos)
    assert shown == {name: 4 if (folder / f"{name}_mask.png").is_file() else 2 for name in names}
    assert [row.photos for row in split.trained_on] == [COUNT - COUNT // 5] * 2


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_in_two_overlapping_folders_stays_on_one_side(seed: int, photos: Path, tmp_path: Path) -> None:
    made = recipe.get("degradations")
    folder = masked(photos, tmp_path)
    settings = settled(made, seed=seed, extra={**made.defaults.extra, "masks": str(folder)})
    split = made.data(folder, settings)
    assert isinstance(split.train, Joined)
    assert len(split.train) + len(split.validation) == 2 * COUNT * int(made.defaults.extra["repeats"])
    assert not {*split.train.paths} & {*split.validation.paths}
    assert not {*split.train.groups} & {*split.validation.groups}


def test_degradations_uses_the_masks_that_lie_beside_photos_as_masks_only(photos: Path, tmp_path: Path) -> None:
    made = recipe.get("degradations")
    split = made.data(masked(photos, tmp_path), settled(made, limit=10))
    assert len(split.train) + len(split.validation) == 10 * int(made.defaults.extra["repeats"])
    assert sum(path.stem.endswith("_mask") for path in [*split.train.paths, *split.validation.paths]) == 10
    target = split.train.sample(0, np.random.default_rng(3)).target
    assert target["severities"].shape == (6,)
    assert target["noise_sigma"].shape == (1,)
