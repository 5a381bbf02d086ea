"""training.calibration: what sets the ranges of 8 bits does not measure their loss, every time the same."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa import image as photo
from iqa.errors import ArgumentError
from iqa.preprocess import to_input
from tests.toy_export import WIDE
from training import calibration
from training.parity import Picture, pictures


def fed(shown: tuple[Picture, ...]) -> set[bytes]:
    """What a network gets to see of each picture."""
    return {to_input(picture, WIDE.inputs(WIDE.defaults))["frame"].tobytes() for picture in shown}


def test_drawn_pictures_set_ranges_or_measure_and_none_does_both() -> None:
    sets, again = calibration.of(None), calibration.drawn()
    assert not fed(sets.ranges) & fed(sets.measured)
    assert fed(sets.measured) == fed(tuple(pictures()))
    assert len(fed(sets.ranges)) == len(sets.ranges) >= 8
    assert all(np.array_equal(a, b) for a, b in zip(sets.ranges, again.ranges, strict=True))
    assert str(sets) == (
        f"int8: {len(sets.ranges)} drawn pictures set the ranges of activations, {len(sets.measured)} others measure "
        "the loss."
    )


def test_a_photo_and_its_copies_are_in_one_set_only(photos: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted(photos.glob("*.png"))[:6]):
        for copy in range(3):
            shutil.copyfile(path, tmp_path / f"{number}{copy}.png")
    sets = calibration.of(tmp_path)
    assert (len(sets.ranges), len(sets.measured)) == (3, 3)
    assert not fed(sets.ranges) & fed(sets.measured)


def test_of_many_photos_64_are_taken_from_the_whole_folder_the_same_every_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(130):
        picture = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{number:03}.png")
    sets, again = calibration.of_photos(tmp_path), calibration.of_photos(tmp_path)
    assert 40 <= len(sets.ranges) + len(sets.measured) <= 64
    assert [p.tobytes() for p in sets.ranges] == [p.tobytes() for p in again.ranges]
    last = photo.load(tmp_path / "129.png").tobytes()
    assert last in {p.tobytes() for p in (*sets.ranges, *sets.measured)}


@pytest.mark.parametrize("copies", [0, 1, 3])
def test_fewer_than_two_different_photos_are_refused(copies: int, photos: Path, tmp_path: Path) -> None:
    for number in range(copies):
        shutil.copyfile(photos / "00.png", tmp_path / f"{number}.png")
    with pytest.raises(ArgumentError, match=f"found {min(copies, 1)} different photos, accepted: 2 or more"):
        calibration.of_photos(tmp_path)
