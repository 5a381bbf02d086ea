"""iqa.grouping: what belongs together does, what does not stays apart, and every photo is in exactly one group."""

import itertools
from datetime import datetime, timedelta

import numpy as np
import pytest

from iqa.errors import ArgumentError
from iqa.grouping import ALIKE, GAP_S, MOST_EQUAL, Group, Shot, group, needed
from iqa.image import Capture
from iqa.look import look, similarity
from tests.cards import CAMERA, OTHER, START, Pixels, exposed, harmed, view
from tests.photos import NAMES

HARMS = ("defocus", "motion", "shake", "noise", "compression", "color_cast")
SCENES = ("coffee", "chelsea", "motorcycle", "astronaut", "rocket")


def at(seconds: float, *, digits: int = 2, zone: float | None = None, camera: tuple[str, str, str] = CAMERA) -> Capture:
    """What a camera writes that many seconds after START; ``zone``: its offset in hours, told with the time."""
    moment = START + timedelta(seconds=seconds)
    moment = moment.replace(microsecond=moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits))
    offset = None if zone is None else timedelta(hours=zone)
    return Capture(moment, 10.0**-digits, offset, camera)


def shot(name: str, picture: Pixels, capture: Capture | None = None) -> Shot:
    return Shot(name, capture or Capture(), look(picture))


def names(shots: list[Shot], groups: tuple[Group, ...]) -> list[list[str]]:
    return [[shots[i].name for i in found.members] for found in groups]


def grouped(*shots: Shot, **how: float) -> list[list[str]]:
    return names(list(shots), group(shots, **how))


def test_a_burst_is_one_group_and_the_next_scene_a_second_later_is_not() -> None:
    burst = [
        shot(f"a{i}", harmed(view("coffee"), "shake", 0.2 * i) if i else view("coffee"), at(0.2 * i)) for i in range(4)
    ]
    for scene in SCENES[1:]:
        assert grouped(*burst, shot("b", view(scene), at(1.6))) == [["a0", "a1", "a2", "a3"], ["b"]], scene


@pytest.mark.parametrize("scene", SCENES)
def test_an_exposure_bracket_is_one_group(scene: str) -> None:
    stops = (0.0, -2.0, 2.0, -1.0, 1.0)
    bracket = [shot(f"{i}", exposed(view(scene), ev), at(0.4 * i)) for i, ev in enumerate(stops)]
    assert grouped(*bracket) == [["0", "1", "2", "3", "4"]]


@pytest.mark.parametrize("scene", SCENES)
def test_a_pan_is_one_group_though_its_ends_have_little_in_common(scene: str) -> None:
    pan = [shot(f"{i}", view(scene, x=i / 5, scale=0.6), at(0.4 * i)) for i in range(6)]
    assert grouped(*pan) == [["0", "1", "2", "3", "4", "5"]]


def test_the_same_scene_after_a_long_pause_is_another_group() -> None:
    coffee = view("coffee")
    assert grouped(shot("a", coffee, at(0)), shot("b", coffee, at(GAP_S + 0.5))) == [["a"], ["b"]]
    assert grouped(shot("a", coffee, at(0)), shot("b", coffee, at(GAP_S + 0.5)), gap_s=10) == [["a", "b"]]
    assert grouped(shot("a", coffee, at(0)), shot("b", coffee, at(GAP_S))) == [["a", "b"]]


@pytest.mark.parametrize("other", [OTHER, ("Maker", "Two", "1001"), ("Rival", "One", "1001"), ("", "", "")])
def test_two_cameras_that_take_turns_never_share_a_group(other: tuple[str, str, str]) -> None:
    shots = [shot(f"{i}", view("coffee"), at(0.2 * i, camera=(CAMERA, other)[i % 2])) for i in range(6)]
    assert grouped(*shots) == [["0", "2", "4"], ["1", "3", "5"]]


def test_two_cameras_without_times_never_share_a_group() -> None:
    coffee = view("coffee")
    shots = [shot(name, coffee, Capture(camera=camera)) for name, camera in (("1", CAMERA), ("2", OTHER))]
    assert grouped(*shots) == [["1"], ["2"]]


def test_photos_without_a_time_group_only_by_name_and_when_very_alike() -> None:
    copy = harmed(view("coffee"), "compression", 0.4)
    assert grouped(shot("WA1", view("coffee")), shot("WA2", copy)) == [["WA1", "WA2"]]
    assert grouped(shot("WA1", view("coffee")), shot("WA10", copy), shot("WA2", view("chelsea"))) == [
        ["WA1"],
        ["WA2"],
        ["WA10"],
    ]
    moved = view("coffee", x=1.0, scale=0.6)
    pair = (view("coffee", x=0.5, scale=0.6), moved)
    assert grouped(*(shot(f"{i}", p, at(0.3 * i)) for i, p in enumerate(pair))) == [["0", "1"]]
    assert grouped(*(shot(f"{i}", p) for i, p in enumerate(pair))) == [["0"], ["1"]]


def test_a_photo_without_a_time_never_joins_photos_that_have_one() -> None:
    coffee = view("coffee")
    shots = shot("1", coffee, at(0)), shot("2", coffee, Capture(camera=CAMERA)), shot("3", coffee, at(3600))
    assert grouped(*shots) == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("digits", [0, 2])
def test_equal_times_are_told_apart_by_look_and_ordered_by_name(digits: int) -> None:
    """Ten frames within one reading of the clock: five of one scene, then five of another."""
    step = 0.0 if digits else 0.09
    shots = [
        shot(f"IMG_{i}", harmed(view(SCENES[i > 5]), "noise", 0.02 * i), at(step * i, digits=digits))
        for i in range(1, 11)
    ]
    assert {s.capture.local for s in shots} == {START}
    expected = [[f"IMG_{i}" for i in range(1, 6)], [f"IMG_{i}" for i in range(6, 11)]]
    assert grouped(*shots[::-1]) == expected


def test_sub_seconds_order_a_burst_against_its_names() -> None:
    shots = [shot(f"{9 - i}", harmed(view("coffee"), "noise", 0.02 * i), at(0.07 * i)) for i in range(1, 6)]
    assert grouped(*shots) == [["8", "7", "6", "5", "4"]]


def test_midnight_separates_nothing() -> None:
    midnight = (datetime(2024, 12, 31, 23, 59, 59, 800_000) - START).total_seconds()
    shots = [shot(f"{i}", view("coffee"), at(midnight + 0.3 * i)) for i in range(3)]
    assert len({s.capture.local.date() for s in shots if s.capture.local}) == 2
    assert grouped(*shots) == [["0", "1", "2"]]


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2)])
def test_a_change_of_the_clock_within_a_burst_separates_nothing_when_the_offset_is_told(
    before: int, after: int
) -> None:
    shift = 3600 * (after - before)
    first = [shot(f"{i}", view("coffee"), at(0.3 * i, zone=before)) for i in (0, 1)]
    second = [shot(f"{i}", view("coffee"), at(0.3 * i + shift, zone=after)) for i in (2, 3)]
    assert grouped(*first, *second) == [["0", "1", "2", "3"]]
    silent = [shot(f"{i}", view("coffee"), at(0.3 * i + (i > 1) * shift)) for i in range(4)]
    assert grouped(*silent) == [["0", "1"], ["2", "3"]]


def test_two_scenes_mixed_by_a_clock_that_was_set_back_come_apart() -> None:
    """An hour later, at the same local times, another scene: in the order of time the two alternate."""
    shots = [shot(f"a{i}", view("coffee"), at(0.4 * i)) for i in range(4)]
    shots += [shot(f"b{i}", view("motorcycle"), at(0.4 * i + 0.2)) for i in range(4)]
    assert grouped(*shots) == [["a0", "a1", "a2", "a3"], ["b0", "b1", "b2", "b3"]]


def test_a_clock_that_stands_still_counts_as_no_clock() -> None:
    """Scans with one date for all: only what is very alike and follows by name is joined."""
    near = view("coffee", scale=0.7), view("coffee", scale=0.86)
    few = [shot(f"{i:03}", near[i % 2], at(0, digits=0)) for i in range(MOST_EQUAL)]
    many = [shot(f"{i:03}", near[i % 2], at(0, digits=0)) for i in range(MOST_EQUAL + 1)]
    assert len(group(few, most=100)) == 1
    assert len(group(many, most=100)) == MOST_EQUAL + 1


def test_pairs_of_one_scene_are_joined_and_those_of_two_kept_apart_at_every_distance_in_time() -> None:
    """Six scenes in fourteen states each: 546 pairs of one scene, 2,940 of two."""
    states = [
        *((lambda p, name=name, much=much: harmed(p, name, much)) for name in HARMS for much in (0.3, 0.7)),
        *((lambda p, stops=stops: exposed(p, stops)) for stops in (-2.0, 2.0)),
    ]
    scenes = [[look(state(view(name))) for state in states] for name in NAMES]
    same = [similarity(a, b) for scene in scenes for a, b in itertools.combinations(scene, 2)]
    other = [similarity(a, b) for p, q in itertools.combinations(scenes, 2) for a in p for b in q]
    assert (len(same), len(other)) == (546, 2940)
    assert max(other) < needed(0.0)
    assert np.mean(np.array(same) >= needed(60.0)) >= 0.99
    assert np.mean(np.array(same) >= ALIKE) >= 0.95


def test_photos_without_pattern_stay_alone() -> None:
    flat = np.full((90, 120, 3), 128, np.uint8)
    assert grouped(shot("1", flat, at(0)), shot("2", flat, at(0.1))) == [["1"], ["2"]]


@pytest.mark.parametrize("most", [2, 3, 7, 50])
@pytest.mark.parametrize("count", [2, 51, 120])
def test_a_long_burst_is_cut_into_parts_that_hold_every_frame_once(most: int, count: int) -> None:
    same = look(view("coffee"))
    shots = [Shot(f"{i:04}", at(0.1 * i), same) for i in range(count)]
    parts = group(shots, most=most)
    assert [i for part in parts for i in part.members] == list(range(count))
    assert all(1 <= len(part.members) <= most for part in parts)
    assert [(part.part, part.parts) for part in parts] == [(i + 1, len(parts)) for i in range(len(parts))]


def test_a_long_burst_is_cut_at_its_pause() -> None:
    same = look(view("coffee"))
    shots = [Shot(f"{i:04}", at(0.1 * i + 2.0 * (i >= 33)), same) for i in range(60)]
    assert [len(part.members) for part in group(shots)] == [33, 27]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_photos_are_given_changes_nothing(seed: int) -> None:
    made = [
        *(shot(f"a{i}", exposed(view("coffee"), i - 1), at(0.3 * i)) for i in range(3)),
        *(shot(f"b{i}", view("coffee"), at(0.3 * i, camera=OTHER)) for i in range(2)),
        *(shot(f"c{i}", view("astronaut")) for i in range(2)),
        shot("d", view("rocket"), at(1.5)),
    ]
    order = np.random.default_rng(seed).permutation(len(made))
    assert grouped(*(made[i] for i in order)) == grouped(*made)
    assert grouped(*made) == [["a0", "a1", "a2"], ["b0", "b1"], ["c0", "c1"], ["d"]]


def test_photos_of_one_name_stay_two_photos() -> None:
    coffee = view("coffee")
    (found,) = group([shot("same.jpg", coffee, at(0.1)), shot("same.jpg", coffee, at(0))])
    assert sorted(found.members) == [0, 1]
    assert group([]) == ()


def test_more_likeness_is_asked_for_the_further_apart_two_photos_are() -> None:
    asked = [needed(seconds) for seconds in (0, 0.5, 1, 2, 4, 60)]
    assert asked == sorted(asked)
    assert asked[0] < asked[2] < asked[4] == asked[5]


@pytest.mark.parametrize("how", [{"gap_s": -1.0}, {"gap_s": float("nan")}, {"most": 1}])
def test_parameters_without_meaning_are_refused(how: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match="0 or more"):
        group([], **how)
