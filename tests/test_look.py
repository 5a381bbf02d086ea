"""iqa.look: one scene stays recognizable under what happens within a burst, and is not taken for another."""

import itertools

import numpy as np
import pytest

from iqa.look import FLAT, READ_SIDE, SIDE, look, similarity
from iqa.resize import reduced
from tests.cards import exposed, harmed, view
from tests.photos import NAMES, blurred, noisy, photo

VERY_ALIKE, UNRELATED = 0.8, 0.6


@pytest.mark.parametrize("name", NAMES)
def test_a_photo_is_like_itself_and_its_smaller_copies(name: str) -> None:
    whole = look(photo(name))
    assert similarity(whole, whole) == pytest.approx(1.0, abs=1e-4)
    assert similarity(whole, look(reduced(photo(name), READ_SIDE))) > 0.95


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stops", [-3.0, -2.0, -1.0, 1.0, 2.0])
def test_exposure_changes_a_look_little(name: str, stops: float) -> None:
    assert similarity(look(view(name)), look(exposed(view(name), stops))) > 0.68


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["defocus", "motion", "shake", "noise", "compression"])
def test_blur_noise_and_compression_change_a_look_little(name: str, damage: str) -> None:
    assert similarity(look(view(name)), look(harmed(view(name), damage))) > VERY_ALIKE


@pytest.mark.parametrize("name", NAMES)
def test_a_pan_by_a_fifth_of_the_frame_is_seen_through(name: str) -> None:
    left, right = look(view(name, x=0.0, scale=0.8)), look(view(name, x=0.8, scale=0.8))
    assert similarity(left, right) > 0.68


@pytest.mark.parametrize("scene", ["coffee", "motorcycle", "rocket"])
def test_a_subject_that_moves_is_seen_through(scene: str) -> None:
    subject = reduced(photo("chelsea"), 70)
    frames = []
    for x in (30, 110, 200):
        frame = view(scene, scale=1.0)
        frame[120 : 120 + subject.shape[0], x : x + subject.shape[1]] = subject
        frames.append(look(frame))
    assert all(similarity(a, b) > 0.68 for a, b in itertools.combinations(frames, 2))


def test_unrelated_photos_are_not_alike_whatever_their_size_or_orientation() -> None:
    looks = {name: look(photo(name)) for name in NAMES}
    turned = {name: look(np.ascontiguousarray(np.rot90(photo(name)))) for name in NAMES}
    for first, second in itertools.permutations(NAMES, 2):
        assert similarity(looks[first], looks[second]) < UNRELATED, (first, second)
        assert similarity(looks[first], turned[second]) < UNRELATED, (first, second)


def test_the_order_of_two_photos_does_not_matter() -> None:
    first, second = look(view("coffee")), look(noisy(blurred(view("coffee", x=0.7), 2), 8))
    assert similarity(first, second) == similarity(second, first)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_photo_without_pattern_is_like_no_other_not_even_itself(level: int) -> None:
    flat = look(np.full((90, 120, 3), level, np.uint8))
    assert float(flat.pattern.std()) < FLAT
    assert similarity(flat, flat) == 0.0
    assert similarity(flat, look(photo("coffee"))) == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 3), (3, 150)])
def test_the_smallest_photos_have_a_look(shape: tuple[int, int]) -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    found = look(tiny)
    assert max(found.pattern.shape) <= SIDE
    assert similarity(found, look(photo("coffee"))) <= 1.0
    assert -1.0 <= similarity(found, found) <= 1.0 + 1e-6


def test_a_look_is_small() -> None:
    found = look(photo("astronaut"))
    assert found.pattern.nbytes + found.color.nbytes < 13_000
