"""Photos with one kind of blur at any size: what is shown of a label can be seen, and no label has sizes of its own."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iqa import psf
from iqa.blur import BLUR_TYPES
from iqa.srgb import to_linear
from tests.photos import photo
from training import blurred, tables
from training.blurred import SHARES, VISIBLE_PX, blur_scene, listed, resized, saved, shown_shape, visible
from training.recipe import Settings
from training.recipes import blur_type
from training.synthesis import SCENES, USUAL

PHOTO = np.ascontiguousarray(photo("astronaut")[:256, 80:400])
MASK = np.zeros(PHOTO.shape[:2], np.float32)
MASK[60:220, 90:230] = 1.0
SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=25, deadline=None)
SHAPES = st.tuples(st.integers(64, 2000), st.integers(64, 2000))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_every_type_is_made_and_as_often_as_it_should() -> None:
    small, cover = PHOTO[::4, ::4], MASK[::4, ::4]
    names = [blur_scene(small, cover, rng(seed))[1] for seed in range(300)]
    assert set(names) == set(SCENES)
    assert set(SHARES) == set(BLUR_TYPES)
    for label, share in SHARES.items():
        found = np.mean([SCENES[name].label == label for name in names])
        assert abs(found - share) < 0.09


def test_without_a_mask_no_subject_is_told_from_its_background() -> None:
    names = {blur_scene(PHOTO[::4, ::4], None, rng(seed))[1] for seed in range(80)}
    assert names == {name for name, scene in SCENES.items() if not scene.needs_mask}


def test_the_size_that_is_shown_says_nothing_about_the_type() -> None:
    pictures = [blur_scene(PHOTO, cover, rng(seed)) for seed in range(30) for cover in (MASK, None)]
    for (one, _), (other, _) in zip(pictures[::2], pictures[1::2], strict=True):
        assert one.shape == other.shape, "drawn before the type, and from the size of the photo alone"


@FEW
@given(SEEDS)
def test_photos_are_shown_smaller_and_larger_squashed_and_as_they_are(seed: int) -> None:
    draw = rng(seed)
    shapes = [shown_shape((480, 640), draw) for _ in range(300)]
    longer = np.array([max(shape) for shape in shapes])
    assert blurred.SIDES[0] <= longer.min() < 200
    assert 900 < longer.max() <= blurred.SIDES[1]
    assert np.mean([shape == (256, 256) for shape in shapes]) == pytest.approx(blurred.SQUASHED, abs=0.1)
    assert np.mean([shape == (480, 640) for shape in shapes]) == pytest.approx(blurred.AS_IT_IS, abs=0.1)
    kept = [shape for shape in shapes if shape != (256, 256)]
    assert max(abs(width - height * 4 / 3) for height, width in kept) < 2


@FEW
@given(SHAPES, SHAPES)
def test_a_blur_is_as_wide_as_can_be_seen_where_it_is_shown(shape: tuple[int, int], shown: tuple[int, int]) -> None:
    found = visible(USUAL, shape, shown)
    factor = min(1.0, shown[0] / shape[0], shown[1] / shape[1])
    unit = factor * np.sqrt(shape[0] * shape[1])
    for (low, high), (first, last), px in (
        (found.radius, USUAL.radius, VISIBLE_PX / 2),
        (found.smear, USUAL.smear, VISIBLE_PX),
        (found.path, USUAL.path, VISIBLE_PX),
    ):
        assert first <= low <= high == last
        assert low * unit >= px * (1 - 1e-9) or low == high, "visible, or as wide as it can be"
    assert visible(USUAL, (2000, 2000), (4000, 4000)) == USUAL


@FEW
@given(SEEDS)
def test_a_camera_treats_every_picture_alike(seed: int) -> None:
    light = to_linear(PHOTO[::4, ::4])
    soft = psf.convolve(light, psf.disc(3.0))
    shape = shown_shape((64, 80), rng(seed))
    pictures = [saved(source, shape, rng(seed)) for source in (light, soft)]
    assert [(picture.shape, picture.dtype) for picture in pictures] == [((*shape, 3), np.uint8)] * 2
    assert np.array_equal(saved(light, shape, rng(seed)), pictures[0])
    brightness = [float(to_linear(picture).mean()) for picture in pictures]
    assert brightness[0] == pytest.approx(brightness[1], rel=0.15)


@pytest.mark.parametrize("shape", [(256, 320), (128, 160), (300, 100), (400, 640), (1, 1)])
def test_a_picture_gets_the_size_that_is_asked_for_and_keeps_its_level(shape: tuple[int, int]) -> None:
    found = resized(PHOTO, shape)
    assert found.shape == (*shape, 3)
    assert found.dtype == np.uint8
    assert np.abs(found.mean((0, 1)) - PHOTO.mean((0, 1))).max() < 1.5


def test_listed_photos_are_shown_at_other_sizes_and_aspects_too() -> None:
    square = np.ascontiguousarray(PHOTO[:128, :128])
    shapes = [listed(square, rng(seed)).shape for seed in range(200)]
    aspects = np.array([width / height for height, width, _ in shapes])
    areas = np.sqrt([height * width for height, width, _ in shapes]) / 128
    assert 1 / 1.53 < aspects.min() < 0.75
    assert 1.33 < aspects.max() < 1.53
    assert 0.39 < areas.min() < 0.48
    assert 1.7 < areas.max() < 2.02
    assert np.mean([shape == (128, 128, 3) for shape in shapes]) == pytest.approx(blurred.AS_IT_IS, abs=0.1)


def test_listed_photos_of_a_rare_type_come_several_times_in_training_and_once_in_validation() -> None:
    kinds = ["sharp"] * 90 + ["motion_blurred"] * 30 + ["defocused_blurred"] * 25
    frame = pd.DataFrame({"blur_type": kinds, "path": [f"{i}.png" for i in range(len(kinds))]})
    frame["group"], frame["split"] = frame["path"], ""
    frame.attrs = {"dataset": "photos"}
    settings_ = Settings(epochs=(1,), learning_rate=(0.1,), workers=0, extra={})
    split = tables.labelled(frame, settings_, blur_type.targets, even="blur_type")
    once = tables.labelled(frame, settings_, blur_type.targets)
    often = Counter(split.train.paths)
    assert set(often) == set(once.train.paths)
    assert split.validation.paths == once.validation.paths
    assert split.trained_on == once.trained_on
    asked = dict(zip(frame["path"], frame["blur_type"], strict=True))
    shown = Counter(asked[str(path)] for path in split.train.paths)
    assert max(shown.values()) < 1.5 * min(shown.values())
    for kind in shown:
        assert len({n for path, n in often.items() if asked[str(path)] == kind}) == 1


def test_some_photos_of_every_type_and_some_listed_ones_are_in_black_and_white() -> None:
    small, cover = PHOTO[::4, ::4], MASK[::4, ::4]
    made = [blur_scene(small, cover, rng(seed)) for seed in range(600)]
    gray = [name for picture, name in made if not np.ptp(picture.astype(int), axis=2).max()]
    assert {SCENES[name].label for name in gray} == set(BLUR_TYPES)
    assert len(gray) / len(made) == pytest.approx(blurred.GRAY, abs=0.04)
    shown = [listed(small, rng(seed)) for seed in range(300)]
    assert np.mean([not np.ptp(picture.astype(int), axis=2).max() for picture in shown]) == pytest.approx(
        blurred.GRAY, abs=0.05
    )
