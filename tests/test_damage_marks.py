"""iqa.damage.marks: marks of every kind in every place, and the layer that tells where they are."""

import cv2
import numpy as np
import pytest

from iqa import damage
from iqa.damage.marks import LEAST_CONTRAST, OPACITY
from iqa.damage.stamps import CONTENTS
from iqa.errors import UnknownNameError
from iqa.measures import luminance
from tests.photos import photo

PHOTO = np.ascontiguousarray(photo("astronaut")[::2, ::2])
EVERY = [(content, layout) for content in damage.CONTENTS for layout in damage.LAYOUTS]


def placed(content: str, layout: str, seed: int = 1, severity: float = 0.8) -> damage.Mark:
    return damage.place(PHOTO, severity, np.random.default_rng(seed), content=content, layout=layout)


@pytest.mark.parametrize(("content", "layout"), EVERY)
def test_a_mark_changes_the_photo_where_its_layer_says_and_nowhere_else(content: str, layout: str) -> None:
    mark = placed(content, layout)
    changed = (damage.blend(PHOTO, mark) != PHOTO).any(axis=2)
    assert mark.coverage.shape == PHOTO.shape[:2]
    assert mark.coverage.dtype == np.float32
    assert mark.coverage.min() >= 0.0
    assert mark.coverage.max() == 1.0
    assert not changed[mark.coverage == 0].any()
    assert changed[mark.coverage == 1].mean() > 0.8


@pytest.mark.parametrize(("content", "layout"), EVERY)
def test_a_mark_is_large_enough_to_see_and_leaves_most_of_the_photo(content: str, layout: str) -> None:
    for seed in range(3):
        assert 0.0005 < placed(content, layout, seed).coverage.mean() < 0.5


@pytest.mark.parametrize("content", damage.CONTENTS)
def test_layouts_are_where_their_names_say(content: str) -> None:
    for seed in range(4):
        rows, columns = np.nonzero(placed(content, "corner", seed).coverage)
        place = np.abs([rows.mean() / PHOTO.shape[0] - 0.5, columns.mean() / PHOTO.shape[1] - 0.5])
        assert (place > 0.1).all()
        rows, columns = np.nonzero(placed(content, "center", seed).coverage)
        assert abs(rows.mean() / PHOTO.shape[0] - 0.5) < 0.2
        tiles = placed(content, "tiled", seed).coverage
        assert all(quarter.any() for half in np.array_split(tiles, 2) for quarter in np.array_split(half, 2, axis=1))


def test_one_seed_is_one_mark_whose_opacity_is_the_severity() -> None:
    marks = [damage.place(PHOTO, severity, np.random.default_rng(8)) for severity in (0.25, 1.0)]
    assert np.array_equal(marks[0].coverage, marks[1].coverage)
    assert marks[0].paint == marks[1].paint
    assert marks[0].opacity == pytest.approx(OPACITY[0] + 0.25 * (OPACITY[1] - OPACITY[0]))
    assert marks[1].alpha.max() == pytest.approx(OPACITY[1])


def test_the_damage_is_the_blended_mark() -> None:
    mark = damage.place(PHOTO, 0.6, np.random.default_rng(9))
    assert np.array_equal(damage.apply("watermark", PHOTO, 0.6, np.random.default_rng(9)), damage.blend(PHOTO, mark))


def test_seeds_give_every_content_and_layout() -> None:
    marks = [damage.place(PHOTO, 0.5, np.random.default_rng(seed)) for seed in range(120)]
    assert {(mark.content, mark.layout) for mark in marks} == set(EVERY)
    assert len({mark.paint for mark in marks}) >= 4


@pytest.mark.parametrize("level", [0, 60, 128, 190, 255])
def test_a_mark_stands_out_from_what_it_covers(level: int) -> None:
    plain = np.full((90, 120, 3), level, np.uint8)
    for seed in range(30):
        mark = damage.place(plain, 1.0, np.random.default_rng(seed))
        assert abs(float(luminance(np.array([[mark.paint]], np.uint8))[0, 0]) - level) >= LEAST_CONTRAST


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 200, 3), (200, 2, 3)])
def test_the_smallest_picture_still_carries_a_mark(shape: tuple[int, int, int]) -> None:
    for seed in range(10):
        mark = damage.place(np.full(shape, 90, np.uint8), 1.0, np.random.default_rng(seed))
        assert mark.coverage.max() == 1.0


@pytest.mark.parametrize("content", CONTENTS)
def test_stamps_differ_from_seed_to_seed_and_grow_with_their_size(content: str) -> None:
    drawn = [CONTENTS[content](24.0, np.random.default_rng(seed)) for seed in range(8)]
    assert len({ink.tobytes() for ink in drawn}) >= 7
    large = CONTENTS[content](48.0, np.random.default_rng(0))
    assert large.shape[0] == pytest.approx(2 * drawn[0].shape[0], rel=0.2)
    assert large.shape[1] == pytest.approx(2 * drawn[0].shape[1], rel=0.2)


def holes(content: str) -> int:
    """Enclosed background of the same eight phrases."""
    inks = (CONTENTS[content](60.0, np.random.default_rng(seed)) for seed in range(8))
    return sum(cv2.connectedComponents((np.pad(ink, 1) < 128).astype(np.uint8))[0] - 2 for ink in inks)


def test_outlined_letters_are_hollow() -> None:
    assert holes("outlined words") > 2 * holes("words")


def test_unknown_kinds_are_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match="'emblem'"):
        placed("emblm", "center")
    with pytest.raises(UnknownNameError, match="'corner'"):
        placed("words", "coner")
