"""Splits never divide a group, and near-equal photos are found."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from eval.datasets import duplicate_groups, duplicates, group_split, seeded_splits
from iqa.errors import ArgumentError, ImageError
from tests.photos import NAMES, photo

THIRDS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def grouped(sizes: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"group": np.repeat([f"g{i}" for i in range(len(sizes))], sizes)})


@given(sizes=st.lists(st.integers(1, 12), min_size=3, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_no_group_is_on_two_sides_and_no_split_is_empty(sizes: list[int], seed: int) -> None:
    frame = grouped(sizes)
    split = group_split(frame, THIRDS, seed)
    assert split.notna().all()
    assert (frame.assign(split=split).groupby("group")["split"].nunique() == 1).all()
    assert set(split) == set(THIRDS)


def test_shares_are_met_as_closely_as_whole_groups_allow() -> None:
    split = group_split(grouped([5] * 100), THIRDS, seed=1)
    assert (split.value_counts(normalize=True)[list(THIRDS)] == pd.Series(THIRDS)).all()


def test_a_split_depends_on_groups_and_seed_and_not_on_the_order_of_the_rows() -> None:
    frame = grouped([1, 4, 2, 7, 3, 3, 5, 1, 2, 6])
    split = group_split(frame, seed=5)
    turned = group_split(frame.iloc[::-1], seed=5)
    pd.testing.assert_series_equal(split, turned.sort_index())
    assert not group_split(frame, seed=6).equals(split)


def test_ten_seeded_splits_differ_and_repeat() -> None:
    frame = grouped([2] * 30)
    first, second = seeded_splits(frame), seeded_splits(frame)
    assert len(first) == 10
    assert all(a.equals(b) for a, b in zip(first, second, strict=True))
    assert len({tuple(split) for split in first}) == 10
    assert seeded_splits(frame, n=3)[2].equals(first[2])


@pytest.mark.parametrize("fractions", [{"train": 0.8}, {"train": 0.8, "exam": 0.2}, {"train": 1.2, "test": -0.2}])
def test_shares_that_are_none_are_refused(fractions: dict[str, float]) -> None:
    with pytest.raises(ArgumentError):
        group_split(grouped([1, 1, 1]), fractions)


def test_fewer_groups_than_splits_are_refused() -> None:
    with pytest.raises(ArgumentError, match="a group is never divided"):
        group_split(grouped([9]))


@pytest.fixture
def shots(tmp_path: Path) -> pd.DataFrame:
    """Five photos, and changed copies of the first two: smaller and JPEG, darker, blurred."""
    made = {name: photo(name)[:300, :300] for name in NAMES[:5]}
    made["small"] = cv2.resize(made[NAMES[0]], None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    made["dark"] = (made[NAMES[1]] * 0.5).astype(np.uint8)
    made["blurred"] = np.asarray(cv2.GaussianBlur(made[NAMES[1]], (0, 0), 4))
    rows = []
    for name, pixels in made.items():
        path = tmp_path / f"{name}.{'jpg' if name == 'small' else 'png'}"
        Image.fromarray(pixels).save(path)
        split = "test" if name in {"small", "dark"} else "train"
        rows.append({"name": name, "path": str(path), "split": split, "missing": False})
    return pd.DataFrame(rows)


def test_changed_copies_are_found_inside_and_across_splits_and_nothing_else(shots: pd.DataFrame) -> None:
    found = duplicates(shots)
    pairs = {frozenset((row.a, row.b)): row.across for row in found.itertuples()}
    first, second = NAMES[:2]
    assert pairs == {
        frozenset((first, "small")): True,
        frozenset((second, "dark")): True,
        frozenset((second, "blurred")): False,
        frozenset(("dark", "blurred")): True,
    }
    assert (found["correlation"] <= 1.0 + 1e-6).all()


def test_copies_of_copies_share_a_group(shots: pd.DataFrame) -> None:
    groups = pd.Series(duplicate_groups(list(shots["name"]), duplicates(shots)), index=shots["name"])
    assert groups[NAMES[1]] == groups["dark"] == groups["blurred"]
    assert groups[NAMES[0]] == groups["small"]
    assert groups.nunique() == 5


def test_missing_photos_are_left_out_of_the_scan_and_unreadable_ones_are_not_passed_over(shots: pd.DataFrame) -> None:
    gone = shots.assign(missing=shots["name"] == "small")
    assert not (duplicates(gone)[["a", "b"]] == "small").any(axis=None)
    Path(shots["path"].iloc[0]).write_bytes(b"no photo")
    with pytest.raises(ImageError):
        duplicates(shots)


def test_flat_pictures_are_no_copies_of_each_other(tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        Image.new("RGB", (64, 64), (level,) * 3).save(tmp_path / f"{name}.png")
    rows = [{"name": n, "path": str(tmp_path / f"{n}.png"), "split": "", "missing": False} for n in ("black", "white")]
    assert duplicates(pd.DataFrame(rows)).empty
