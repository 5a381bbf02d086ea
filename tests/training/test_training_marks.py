"""What watermarks and lettering are learned from: the family SEEN in more typefaces, and nothing that judges."""

import numpy as np
import pytest

from iqa import damage
from iqa.damage import blend, families
from iqa.degradations import NAMES
from tests.photos import photo
from training import lettering, looks, marks, synthesis
from training.synthesis import Step, developed

PHOTO = np.ascontiguousarray(photo("coffee")[::4, ::4])
UNSEEN = families.UNSEEN


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_training_draws_marks_of_its_family() -> None:
    step = Step("watermark", "watermark", 0.7)
    for seed in range(20):
        made = blend(PHOTO, families.place(marks.family(), PHOTO, 0.7, rng(seed)))
        assert np.array_equal(developed(PHOTO, [step], rng(seed))[0], made)
        assert not np.array_equal(made, damage.apply("watermark", PHOTO, 0.7, rng(seed)))


def test_its_family_is_seen_in_more_typefaces_and_shares_nothing_with_the_one_held_out() -> None:
    mine = marks.family()
    assert set(mine.faces) == {*families.SEEN.faces, *marks.FONTS}
    assert mine.logos == families.SEEN.logos
    assert mine.layouts == families.SEEN.layouts
    drawn = [families.place(mine, PHOTO, 0.5, rng(seed)) for seed in range(300)]
    assert {mark.drawn.face for mark in drawn} - {""} == set(mine.faces)
    assert not {mark.drawn.face for mark in drawn} & set(UNSEEN.faces)
    assert not {mark.drawn.logo for mark in drawn} - {""} & set(UNSEEN.logos)
    assert not {mark.layout for mark in drawn} & set(UNSEEN.layouts)


def test_faces_draw_letters_that_differ() -> None:
    assert len({face.draw("Sample © 2024", 40.0, 0.0).tobytes() for face in marks.family().faces.values()}) == 12


def test_nothing_held_out_is_drawn_where_a_photo_is_made_to_learn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("drawn from the family held out")

    for table in (UNSEEN.faces, UNSEEN.logos, UNSEEN.layouts):
        for name in table:
            replaced = damage.faces.Face(refused) if table is UNSEEN.faces else refused
            monkeypatch.setitem(table, name, replaced)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        families.place(UNSEEN, PHOTO, 0.5, rng())
    marked = 0
    for seed in range(120):
        marked += bool(synthesis.mixture(PHOTO, None, rng(seed), look_share=0.5)[1]["severities"][2] > 0)
    assert NAMES[2] == "watermark"
    assert marked > 10


@pytest.mark.parametrize("make", [lettering.plate, lettering.sign, lettering.printed])
def test_lettering_is_a_look_opaque_and_of_a_part_of_the_scene(make: object) -> None:
    assert make in {look.function for look in looks.LOOKS.values() if look.mistaken_for == "watermark"}
    flat = np.full((96, 128, 3), 128, np.uint8)
    for seed in range(10):
        changed = (make(flat, None, rng(seed)) != flat).any(axis=2).mean()  # type: ignore[operator]
        assert 0.0 < changed < 0.95


def test_what_is_under_a_sign_does_not_show_and_under_a_mark_it_does() -> None:
    stripes = np.zeros((120, 160, 3), np.uint8)
    stripes[:, ::2] = 255
    opposite = 255 - stripes
    for seed in range(8):
        signs = [lettering.sign(image, None, rng(seed)) for image in (stripes, opposite)]
        assert (np.abs(signs[0].astype(int) - signs[1]).max(axis=2) < 40).mean() > 0.02
        mark = families.place(marks.family(), stripes, 0.9, rng(seed))
        shown = [blend(image, mark).astype(int) for image in (stripes, opposite)]
        assert (np.abs(shown[0] - shown[1]).max(axis=2) >= 40).all()
