"""Photos to learn from: splits without leaks, epochs that can be repeated, augmentations that keep the label true."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iqa.errors import ArgumentError, IQAError, UnknownNameError
from iqa.image import load
from training import batches, tables
from training.data import Crop, Damaged, Frame, Paired, Reader, flip, readers
from training.recipe import Settings
from training.recipes.lighting import exposed

SETTINGS = Settings(epochs=(1,), learning_rate=(0.1,), workers=0, extra={"set": ""})


def table(groups: list[int], splits: list[str]) -> pd.DataFrame:
    names = [f"{k}.png" for k in range(len(groups))]
    rows = {"name": names, "path": names, "group": [f"g{g}" for g in groups], "split": splits}
    return pd.DataFrame({**rows, "mos": 0.5})


_ROW = st.tuples(st.integers(0, 6), st.sampled_from(["train", "train", "validation", "test", ""]))


@given(st.lists(_ROW, min_size=1, max_size=40), st.integers(0, 5))
def test_no_group_is_on_two_sides_and_none_is_in_the_test(rows: list[tuple[int, str]], seed: int) -> None:
    frame = table([group for group, _ in rows], [split for _, split in rows])
    tested = set(frame["group"][frame["split"] == "test"])
    settings = replace(SETTINGS, seed=seed)
    free = frame[~frame["group"].isin(tested)]
    assume(free["group"].nunique() >= 2 and not (free["split"] == "validation").all())
    assume(set(free["group"][free["split"] != "validation"]) - set(free["group"][free["split"] == "validation"]))
    train, validation = tables.divided(frame, settings)
    assert len(train) * len(validation) > 0
    sides = [set(train["group"]), set(validation["group"])]
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & tested


@pytest.mark.parametrize(
    ("groups", "splits"),
    [([0, 0, 0], [""] * 3), ([0, 1, 2], ["test", "test", ""]), ([0, 1, 0, 1], ["train", "train", *["validation"] * 2])],
)
def test_photos_that_cannot_be_divided_are_refused(groups: list[int], splits: list[str]) -> None:
    with pytest.raises(IQAError, match="are left for training and validation"):
        tables.divided(table(groups, splits), SETTINGS)


def test_copies_of_a_photo_are_never_parted(photos: Path, tmp_path: Path) -> None:
    for number in range(10):
        for name in (f"{number}.png", f"copy_{number}.png"):
            (tmp_path / name).write_bytes((photos / f"{number:02}.png").read_bytes())
    for seed in range(5):
        settings = replace(SETTINGS, seed=seed)
        sides = tables.divided(tables.read(tmp_path, settings, ("photos",)), settings)
        held, shown = ({Path(path).read_bytes() for path in side["path"]} for side in sides)
        assert len(held) + len(shown) == 10
        assert not held & shown


def test_a_photo_without_copies_keeps_its_group(photos: Path) -> None:
    found = tables.read(photos, SETTINGS, ("photos",))
    assert list(found["group"]) == list(found["name"])


_MANY = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["train", "train", "", "", "validation", "test"])),
    min_size=12,
    max_size=30,
)


@given(_MANY, _MANY, st.integers(0, 3))
def test_joined_sources_agree_on_the_side_of_a_photo(
    one: list[tuple[int, str]], other: list[tuple[int, str]], seed: int
) -> None:
    both = [table([group for group, _ in rows], [split for _, split in rows]) for rows in (one, other)]
    tested = {path for frame in both for path in frame["path"][frame["split"] == "test"]}
    settings = replace(SETTINGS, seed=seed)
    try:
        sides = [tables.divided(frame, settings) for frame in tables.together(both, settings)]
    except IQAError:
        assume(False)
    train, validation = (
        {value for pair in sides for value in pair[side][column]} for side in (0, 1) for column in ("path",)
    )
    assert train
    assert validation
    assert not train & validation
    assert not (train | validation) & tested


def test_sources_that_leave_nothing_to_validate_are_refused() -> None:
    one, other = table([*range(10)], [""] * 10), table([0, 1], [""] * 2)
    train, _ = tables.divided(tables.together([one, one], SETTINGS)[0], SETTINGS)
    other["path"] = list(train["path"])[:2]
    with pytest.raises(IQAError, match="Source 2 has 2 photos"):
        tables.together([one, other], SETTINGS)


def test_an_official_validation_is_taken_as_it_is() -> None:
    frame = table([*range(10)], ["train"] * 7 + ["validation"] * 2 + ["test"])
    train, validation = tables.divided(frame, SETTINGS)
    assert list(validation["name"]) == ["7.png", "8.png"]
    assert len(train) == 7


def test_a_limit_takes_from_every_group_before_it_takes_twice() -> None:
    frame = table([0] * 20 + [1] * 20 + [2] * 20, [""] * 60)
    few = tables.limited(frame, replace(SETTINGS, limit=7))
    assert sorted(few.groupby("group").size()) == [2, 2, 3]


def test_a_folder_without_a_known_layout_is_refused_with_all_layouts(tmp_path: Path) -> None:
    with pytest.raises(IQAError, match=r"Accepted.*biq2021: Images.*table: "):
        tables.read(tmp_path, SETTINGS, ("biq2021", "table"))
    with pytest.raises(UnknownNameError, match="Did you mean 'koniq'"):
        tables.read(tmp_path, replace(SETTINGS, extra={"set": "konik"}), ("koniq", "table"))


def test_missing_photos_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("path,mos\na.png,0.5\nb.png,0.6\n")
    with pytest.raises(IQAError, match=r"2 of 2 photos.*a\.png"):
        tables.read(tmp_path, SETTINGS, ("table",))


def test_json_files_beside_the_photos_are_read(photos: Path, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes((photos / f"{number:02}.png").read_bytes())
        (tmp_path / f"{number}.json").write_text(f'{{"overall": {number}.5}}')
    read = tables.read(tmp_path, SETTINGS, ("koniq", "table"))
    assert tables.mos(read)["quality"][:, 0].tolist() == pytest.approx([0.05, 0.15, 0.25, 0.35])


def test_classes_are_one_hot_and_balancing_gives_each_class_the_same_weight() -> None:
    frame = pd.DataFrame({"kind": ["a", "a", "a", "b"]})
    rows = tables.one_hot(frame, "kind", ("a", "b", "c"), "kind")["kind"]
    assert rows.tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]]
    weight = tables.balancing(rows)["weight"][:, 0]
    assert weight.mean() == pytest.approx(1)
    assert weight[:3].sum() == pytest.approx(weight[3])
    with pytest.raises(IQAError, match="holds 'b'"):
        tables.one_hot(frame, "kind", ("a",), "kind")


def test_each_epoch_sees_every_photo_once_in_its_own_order() -> None:
    order = batches.Batches(12, 4, seed=1, train=True)
    drawn = []
    for epoch in (1, 2):
        order.epoch = epoch
        found = [key for batch in order for key in batch]
        assert sorted(index for _, index in found) == [*range(12)]
        assert {number for number, _ in found} == {epoch}
        drawn.append(found)
    assert [i for _, i in drawn[0]] != [i for _, i in drawn[1]]
    order.epoch = 1
    assert [key for batch in order for key in batch] == drawn[0]


@pytest.mark.parametrize("train", [True, False])
def test_processes_share_each_batch_without_overlap(train: bool) -> None:
    whole = [*batches.Batches(10, 4, seed=3, train=train)]
    parts = [[*batches.Batches(10, 4, seed=3, train=train, rank=rank, ranks=2)] for rank in (0, 1)]
    for batch, one, other in zip(whole, *parts, strict=True):
        assert len(one) == len(other)
        assert {*one, *other} == {*batch}


def damage(image: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, Any]]:
    severity = rng.random()
    return (image * severity).astype(np.uint8), {"severity": np.array([severity], np.float32)}


def test_damage_differs_between_epochs_but_not_in_validation(photos: Path) -> None:
    paths = sorted(photos.glob("*.png"))[:3]
    clean = Damaged(paths, ["a", "b", "c"], damage, seed=4, repeats=2)
    assert len(clean) == 6

    def seen(index: int, rng: np.random.Generator | None) -> float:
        return float(clean.sample(index, rng).target["severity"][0])

    assert len({seen(0, None), seen(3, None)}) == 2  # the same photo, damaged in two ways
    assert seen(0, None) == seen(0, None)
    epochs = [seen(0, np.random.default_rng((0, epoch, 0))) for epoch in (1, 2, 1)]
    assert epochs[0] == epochs[2] != epochs[1]


def test_pairs_are_cut_and_flipped_alike(photos: Path) -> None:
    paths = sorted(photos.glob("*.png"))[:4]
    pairs = Paired(paths, paths, list("abcd"), (20, 30), "restored")
    for rng in (None, *map(np.random.default_rng, range(8))):
        sample = pairs.sample(1, rng)
        assert sample.image.shape == (20, 30, 3)
        assert np.array_equal(np.rint(sample.target["restored"] * 255).transpose(1, 2, 0), sample.image)
    with pytest.raises(ArgumentError, match=f"{paths[0]} is .*, {paths[0]} is .* Lower --size"):
        Paired(paths, paths, list("abcd"), (200, 30), "restored").sample(0, None)


@given(st.integers(0, 10_000))
def test_a_crop_keeps_resolution_and_aspect(seed: int) -> None:
    image = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3)
    found = Crop(0.5)(image, np.random.default_rng(seed))
    height, width = found.shape[:2]
    assert 20 <= height <= 40
    assert abs(width / height - 1.5) < 0.08
    step = int(found[0, 1, 0]) - int(found[0, 0, 0])
    assert step in (3, -3)  # neighbors stay neighbors: nothing is resampled
    assert int(found[1, 0, 0]) - int(found[0, 0, 0]) == 180


def test_a_flip_is_a_mirror_image_half_of_the_time() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    rng = np.random.default_rng(1)
    mirrored = [np.array_equal(flip(image, rng), image[:, ::-1]) for _ in range(400)]
    assert 160 < sum(mirrored) < 240


def test_exposure_labels_say_what_was_done(photos: Path) -> None:
    image = load(sorted(photos.glob("*.png"))[0])
    for seed in range(30):
        shown, target = exposed(image, np.random.default_rng(seed))
        under, over = target["exposure"]
        assert 0 <= min(under, over) == 0 <= max(under, over) <= 1
        gained = float(shown.mean()) - float(image.mean())
        assert (gained < 0) == (under > 0)
        assert (gained > 0) == (over > 0)


def test_another_frame_keeps_pixels_and_never_grows(photos: Path) -> None:
    image = load(sorted(photos.glob("*.png"))[0])
    cut, smaller = Frame(cut=1.0, reduce=0.0), Frame(cut=0.0, reduce=1.0, least=0.5)
    aspects = []
    for seed in range(40):
        part = cut(image, np.random.default_rng(seed))
        aspects.append(part.shape[1] / part.shape[0])
        assert part.shape[0] == image.shape[0] or part.shape[1] == image.shape[1]
        assert {tuple(pixel) for pixel in part[0]} <= {tuple(pixel) for pixel in image.reshape(-1, 3)}
        less = smaller(image, np.random.default_rng(seed))
        assert 0.5 <= max(less.shape) / max(image.shape) <= 1.0
    assert min(aspects) < 0.7
    assert max(aspects) > 1.4


def test_a_cached_photo_is_the_photo_until_the_file_changes(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes((photos / "00.png").read_bytes())
    reader = Reader(cache=tmp_path / "cache")
    assert np.array_equal(reader(path), load(path))
    (kept,) = (tmp_path / "cache").rglob("*.npy")
    np.save(kept, np.zeros((2, 2, 3), np.uint8))
    assert reader(path).shape == (2, 2, 3)  # read from the cache
    path.write_bytes((photos / "07.png").read_bytes())
    assert np.array_equal(reader(path), load(path))
    assert not [*(tmp_path / "cache").rglob("*.part")]


def test_only_training_reads_reduced_photos(photos: Path) -> None:
    path = sorted(photos.glob("*.png"))[0]
    train, validation = readers(replace(SETTINGS, reduce=48))
    assert max(train(path).shape) == 48
    assert np.array_equal(validation(path), load(path))


def test_photos_of_different_size_in_one_batch_are_explained() -> None:
    rows = [({"frame": np.zeros((1, 3, side, 8), np.float32)}, {"q": np.zeros(1, np.float32)}, 0) for side in (8, 9)]
    found = batches.collate([[row] for row in rows])
    assert isinstance(found, str)
    assert "differ in view 'frame'" in found


def test_every_unreadable_file_is_named(photos: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes((photos / "00.png").read_bytes()[:2000])
    letter = tmp_path / "letter.jpg"
    letter.write_text("no photo")
    clean = Damaged([photos / "01.png", cut, letter], ["a", "b", "c"], damage)
    found = batches.unreadable([clean], SETTINGS, list)
    assert len(found) == 2
    assert "cut.png" in found[0]
    assert "letter.jpg" in found[1]


def test_a_summary_depends_on_the_groups_and_not_on_their_order(photos: Path) -> None:
    paths = sorted(photos.glob("*.png"))[:3]
    told: Callable[..., Any] = lambda *groups: tables.summary(Damaged(paths, groups, damage, repeats=2))  # noqa: E731
    assert told("a", "b", "b") == told("b", "a", "a")
    assert told("a", "b", "b")["group_sha256"] != told("a", "b", "c")["group_sha256"]
    assert told("a", "b", "b")["samples"] == 6
