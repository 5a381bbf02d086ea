"""iqa.cull: every photo of a card in one place, the best of each group kept, and nothing held in memory too long."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from iqa import burst, cull, image, quality
from iqa.cull import Ranked, Selection
from iqa.errors import ArgumentError, ImageError
from iqa.image import Capture, ImageInfo
from iqa.look import READ_SIDE
from tests import cards
from tests.cards import Pixels, after, exif, harmed, save, view

choose = partial(cull.choose, model="classical")
"""What grouping, reading and keeping do depends on no estimator; which frame is best, other tests ask."""


@dataclass
class Counted:
    """A photo on disk that counts how often it is read, and may be lost after a number of reads."""

    path: Path
    reads: Counter[int] = field(default_factory=Counter)
    lost_after: int = 99

    @property
    def name(self) -> str:
        return self.path.name

    def info(self) -> ImageInfo:
        return image.info(self.path)

    def pixels(self, max_side: int) -> Pixels:
        if self.reads.total() >= self.lost_after:
            raise ImageError(asked=f"load {self.name!r}", found="it is gone", accepted="a file", action="Look for it.")
        self.reads[max_side] += 1
        return image.load(self.path, max_side=max_side)


def photos(folder: Path) -> list[Counted]:
    return [Counted(path) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[str]]]:
    """A card and the groups that a person would make of it."""
    folder = tmp_path_factory.mktemp("card")
    return folder, cards.write(folder)


@pytest.fixture(scope="module")
def found(card: tuple[Path, dict[str, set[str]]]) -> Selection:
    """What is chosen from that card."""
    return choose(photos(card[0]))


def test_the_groups_are_those_that_a_person_would_make(
    found: Selection, card: tuple[Path, dict[str, set[str]]]
) -> None:
    made = {frozenset(choice.name for choice in ranked.choices) for ranked in found.groups}
    assert made == set(map(frozenset, card[1].values()))


def test_the_undamaged_photo_of_each_group_is_the_one_to_keep(found: Selection) -> None:
    best = {ranked.choices[0].name for ranked in found.groups if len(ranked.choices) > 1}
    assert best == {"DSC_0002.JPG", "DSC_0004.JPG", "DSC_0008.JPG", "P002.JPG", "IMG-WA0001.jpg"}


def test_the_network_keeps_them_as_well(card: tuple[Path, dict[str, set[str]]]) -> None:
    found = cull.choose(photos(card[0]))
    best = {ranked.choices[0].name for ranked in found.groups if len(ranked.choices) > 1 and not ranked.too_close}
    assert found.model == quality.estimator()
    assert {"DSC_0002.JPG", "DSC_0004.JPG", "DSC_0008.JPG", "P002.JPG"} <= best


@pytest.mark.parametrize("keep", [1, 2, 7])
def test_no_photo_is_left_behind(keep: int, card: tuple[Path, dict[str, set[str]]]) -> None:
    given = photos(card[0])
    found = choose(given, keep=keep)
    assert sorted(choice.index for choice in found.choices) == list(range(len(given)))
    assert all(given[choice.index].name == choice.name for choice in found.choices)
    for ranked in found.groups:
        assert [choice.rank for choice in ranked.choices] == list(range(1, len(ranked.choices) + 1))
        assert [choice.keep for choice in ranked.choices] == [n <= keep for n in range(1, len(ranked.choices) + 1)]
    assert [ranked.number for ranked in found.groups] == list(range(1, len(found.groups) + 1))


def test_what_cannot_be_read_is_kept_with_its_reason(found: Selection) -> None:
    (broken,) = found.failed
    assert (broken.name, broken.keep, broken.rank, broken.score) == ("DSC_0010.JPG", True, None, None)
    assert "before its picture is complete" in str(broken.error)
    assert "1 file that cannot be judged" in found.sentence


def test_a_photo_alone_is_kept_without_a_score(found: Selection) -> None:
    alone = [ranked for ranked in found.groups if ranked.found is None]
    assert {ranked.choices[0].name for ranked in alone} == {"DSC_0009.JPG", "IMG-WA0003.jpg"}
    for ranked in alone:
        assert [(c.keep, c.rank, c.score, c.why) for c in ranked.choices] == [(True, 1, None, cull.ALONE)]


def test_scores_and_reasons_are_those_of_the_ranking_of_the_burst(found: Selection, card: tuple[Path, object]) -> None:
    names = [f"DSC_000{n}.JPG" for n in (1, 2, 3)]
    direct = burst.rank(
        [image.load(card[0] / name, max_side=burst.FRAME_SIDE) for name in names], names=names, model="classical"
    )
    ranked = next(ranked for ranked in found.groups if ranked.choices[0].name == direct.best.name)
    assert [(c.name, c.score, c.margin_to_next, c.note) for c in ranked.choices] == [
        (f.name, f.score, f.margin_to_next, f.note) for f in direct.ranking
    ]
    assert all(c.note in c.why for c in ranked.choices)
    assert found.model == direct.model


def test_what_is_too_close_to_call_says_so_in_both_photos(found: Selection) -> None:
    close = [ranked for ranked in found.groups if ranked.too_close]
    assert [{c.name for c in ranked.choices} for ranked in close] == [{"IMG-WA0001.jpg", "IMG-WA0002.jpg"}]
    assert all(c.why.startswith(cull.TOO_CLOSE) for c in close[0].choices)
    assert close[0].choices[0].name in close[0].choices[1].why
    others = [c for ranked in found.groups if not ranked.too_close for c in ranked.choices]
    assert not any(cull.TOO_CLOSE in c.why for c in others)


def test_a_photo_is_read_small_once_and_in_full_only_to_be_compared(card: tuple[Path, object]) -> None:
    given = photos(card[0])
    found = choose(given)
    compared = {c.index for ranked in found.groups if ranked.found is not None for c in ranked.choices}
    for i, photo in enumerate(given):
        if photo.name != "DSC_0010.JPG":
            full = {burst.FRAME_SIDE: 1} if i in compared else {}
            assert photo.reads == {READ_SIDE: 1, **full}, photo.name


def test_a_group_is_seen_before_the_next_is_read(card: tuple[Path, object]) -> None:
    given = photos(card[0])
    seen: list[str] = []

    def see(ranked: Ranked, frames: Sequence[Pixels]) -> None:
        assert len(frames) == (len(ranked.choices) if ranked.found is not None else 0)
        for choice, frame in zip(ranked.choices, frames, strict=False):
            assert np.array_equal(frame, image.load(given[choice.index].path, max_side=burst.FRAME_SIDE))
        seen.extend(choice.name for choice in ranked.choices)
        read = {photo.name for photo in given if photo.reads[burst.FRAME_SIDE]}
        assert read <= set(seen)

    found = choose(given, see=see, jobs=2)
    assert seen == [choice.name for ranked in found.groups for choice in ranked.choices]


def test_more_frames_than_a_burst_may_have_are_ranked_in_parts(tmp_path: Path) -> None:
    small = np.ascontiguousarray(view("coffee")[::3, ::3])
    for number in range(burst.MAX_FRAMES + 5):
        save(tmp_path / f"{number:03}.jpg", harmed(small, "noise", number / 200), exif(after(number / 10)))
    found = choose(photos(tmp_path))
    assert [choice.name for choice in sorted(found.choices, key=lambda c: c.index)] == [
        f"{number:03}.jpg" for number in range(burst.MAX_FRAMES + 5)
    ]
    assert len(found.groups) == 2
    assert all(len(ranked.choices) <= burst.MAX_FRAMES for ranked in found.groups)
    assert "Part 2 of 2 of a longer burst." in found.groups[1].sentence


def test_a_photo_that_vanishes_before_it_is_ranked_is_kept_and_the_others_are_done(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.jpg", view("coffee"), exif(after(number / 10)))
    given = photos(tmp_path)
    given[1].lost_after = 1
    found = choose(given)
    assert [[c.name for c in ranked.choices] for ranked in found.groups] in ([["0.jpg", "2.jpg"]], [["2.jpg", "0.jpg"]])
    assert [(c.name, c.keep) for c in found.failed] == [("1.jpg", True)]
    given[0].lost_after = 3
    given = [Counted(p.path, lost_after=99 if p.name == "2.jpg" else 1) for p in given]
    (alone,) = choose(given).groups
    assert [(c.name, c.keep, c.why) for c in alone.choices] == [("2.jpg", True, cull.LAST_ONE)]
    gone = choose([Counted(p.path, lost_after=1) for p in given])
    assert (gone.groups, len(gone.failed), all(c.keep for c in gone.failed)) == ((), 3, True)


def test_progress_ends_with_all_photos_looked_at_and_compared(card: tuple[Path, object]) -> None:
    told: list[tuple[str, int, int]] = []
    given = photos(card[0])
    choose(given, progress=lambda *words: told.append(words))
    last = {what: (done, total) for what, done, total in told}
    assert last == {
        "Looking at photos": (len(given), len(given)),
        "Comparing photos": (len(given) - 1, len(given) - 1),
    }


def test_an_empty_card_is_an_empty_choice() -> None:
    found = choose([])
    assert (found.groups, found.failed, found.model) == ((), (), None)


def test_a_time_is_told_where_it_is_known(found: Selection) -> None:
    times = {choice.name: choice.captured for choice in found.choices}
    assert times["DSC_0001.JPG"] == after(0).local
    assert times["IMG-WA0001.jpg"] is None


def test_keeping_none_is_refused() -> None:
    with pytest.raises(ArgumentError, match="1 or more"):
        choose([], keep=0)


def test_a_clock_is_read_as_it_was_written(card: tuple[Path, object]) -> None:
    assert image.info(card[0] / "P002.JPG").capture == Capture(after(0.4).local, 0.01, None, cards.OTHER)
