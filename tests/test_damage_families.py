"""iqa.damage.families: two families of watermarks that share nothing, and the older damage as it was."""

import hashlib
from itertools import combinations

import numpy as np
import pytest

from iqa import damage
from iqa.damage import faces, families, stamps
from iqa.damage.families import SEEN, UNSEEN, Family, place
from iqa.damage.marks import LEAST_CONTRAST, OPACITY
from iqa.measures import luminance
from tests.photos import photo

PHOTO = np.ascontiguousarray(photo("astronaut")[::4, ::4])
BOTH = {"seen": SEEN, "unseen": UNSEEN}
EVERY = [(family, layout) for family in BOTH for layout in BOTH[family].layouts]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def drawn(family: Family, count: int = 300) -> list[families.Stamped]:
    return [place(family, PHOTO, 0.5, rng(seed)) for seed in range(count)]


def test_the_damage_of_the_table_draws_what_it_always_drew() -> None:
    """The hash was taken before there were families; of Pillow 12.3 and OpenCV 5.0, as pinned."""
    y, x = np.mgrid[:96, :128]
    image = np.stack([x * 2 % 256, y * 2 % 256, (x + y) % 256], -1).astype(np.uint8)
    made = hashlib.sha256()
    for seed in range(24):
        made.update(damage.apply("watermark", image, 0.25 + 0.03 * seed, rng(seed)).tobytes())
    assert made.hexdigest() == "a45cc58ed2309c1644f7546b97bf62ad839901dd48abec928b4b0926929eb354"


def test_what_is_drawn_is_all_of_a_family_and_nothing_of_the_other() -> None:
    found = {name: drawn(family) for name, family in BOTH.items()}
    for name, family in BOTH.items():
        assert {mark.drawn.face for mark in found[name]} - {""} == set(family.faces)
        assert {mark.drawn.logo for mark in found[name]} - {""} == set(family.logos)
        assert {mark.layout for mark in found[name]} == set(family.layouts)
        assert {mark.content for mark in found[name]} == set(family.treatments)
    for trait in ("face", "phrase", "logo"):
        seen, unseen = ({getattr(mark.drawn, trait) for mark in marks} - {""} for marks in found.values())
        assert len(unseen) >= 6
        assert not seen & unseen
    assert not set(SEEN.layouts) & set(UNSEEN.layouts)
    assert set(SEEN.treatments) & set(UNSEEN.treatments) == {"words", "logo"}


def test_no_word_of_one_family_is_a_word_of_the_other() -> None:
    said = [
        {word.lower() for seed in range(400) for word in family.phrase(rng(seed), False).split()} - {"©"}
        for family in BOTH.values()
    ]
    assert min(len(words) for words in said) > 100
    assert not {word for word in said[0] & said[1] if len(word) > 2}
    assert not set(families.STEMS) & set(stamps.SYLLABLES)


def test_what_the_damage_of_the_table_draws_is_in_the_family_to_learn_from() -> None:
    assert set(damage.LAYOUTS) <= set(SEEN.layouts)
    assert SEEN.logos["emblem"] is stamps.emblem
    assert all(SEEN.layouts[name] is layout for name, layout in damage.LAYOUTS.items())


def test_no_two_faces_and_no_two_logos_are_the_same() -> None:
    lines = {name: face.draw("Sample 27", 40.0, 0.0) for name, face in (faces.AILERON | faces.HELD_OUT).items()}
    shapes = {name: logo(40.0, rng(3)) for family in BOTH.values() for name, logo in family.logos.items()}
    for inks in (lines, shapes):
        assert all(ink.dtype == np.uint8 and ink.max() > 200 for ink in inks.values())
        assert all(one.tobytes() != other.tobytes() for one, other in combinations(inks.values(), 2))


@pytest.mark.parametrize("name", faces.HELD_OUT)
def test_a_face_grows_with_its_size_and_its_spacing(name: str) -> None:
    face = faces.HELD_OUT[name]
    small, large, wide = (face.draw("Sample", *size).shape for size in ((24.0, 0.0), (48.0, 0.0), (24.0, 6.0)))
    assert large[0] == pytest.approx(2 * small[0], rel=0.2)
    assert large[1] == pytest.approx(2 * small[1], rel=0.2)
    assert wide[1] > small[1] + 15
    if not face.latin_only:
        assert face.draw("ОБРАЗЕЦ", 24.0, 0.0).tobytes() != face.draw("???????", 24.0, 0.0).tobytes()


@pytest.mark.parametrize(("name", "layout"), EVERY)
def test_a_mark_is_seen_and_leaves_most_of_the_photo(name: str, layout: str) -> None:
    family = BOTH[name]
    only = Family(family.faces, family.phrase, family.logos, family.treatments, {layout: family.layouts[layout]})
    for seed in range(8):
        mark = place(only, PHOTO, 0.8, rng(seed))
        assert mark.coverage.shape == PHOTO.shape[:2]
        assert mark.coverage.dtype == np.float32
        assert mark.coverage.max() == 1.0
        assert 0.0005 < mark.coverage.mean() < 0.6
        changed = (damage.blend(PHOTO, mark) != PHOTO).any(axis=2)
        assert not changed[mark.coverage == 0].any()


@pytest.mark.parametrize("family", BOTH.values(), ids=BOTH)
def test_one_seed_is_one_mark_whose_opacity_is_the_severity(family: Family) -> None:
    weak, strong, again = (place(family, PHOTO, severity, rng(5)) for severity in (0.2, 1.0, 1.0))
    assert np.array_equal(weak.coverage, strong.coverage)
    assert np.array_equal(strong.coverage, again.coverage)
    assert weak.paint == strong.paint
    assert weak.opacity == pytest.approx(OPACITY[0] + 0.2 * (OPACITY[1] - OPACITY[0]))
    assert strong.opacity == OPACITY[1]
    for seed in range(20):
        mark = place(family, np.full((90, 120, 3), 128, np.uint8), 1.0, rng(seed))
        assert abs(float(luminance(np.array([[mark.paint]], np.uint8))[0, 0]) - 128) >= LEAST_CONTRAST


@pytest.mark.parametrize("family", BOTH.values(), ids=BOTH)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 200, 3), (200, 2, 3)])
def test_the_smallest_picture_still_carries_a_mark(family: Family, shape: tuple[int, int, int]) -> None:
    for seed in range(25):
        assert place(family, np.full(shape, 90, np.uint8), 1.0, rng(seed)).coverage.max() == 1.0
