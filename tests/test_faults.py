"""tabs.faults: what is wrong with a frame is marked where it is, and measured."""

import numpy as np
import pytest
from numpy.typing import NDArray

from iqa import damage
from iqa.burst import NOTES
from tabs.faults import SIDE, SOFT_MARK, annotated, standard
from tests.photos import blurred, noisy, photo

Pixels = NDArray[np.uint8]


def near(picture: Pixels, color: tuple[int, int, int], reach: float = 110.0) -> NDArray[np.bool_]:
    """Pixels tinted with a color."""
    return np.asarray(np.linalg.norm(picture.astype(float) - color, axis=2) < reach)


def test_the_soft_half_is_marked_and_the_sharp_half_is_not() -> None:
    best = photo("camera")
    half = best.copy()
    half[:, : best.shape[1] // 2] = blurred(best, 5)[:, : best.shape[1] // 2]
    drawn, said = annotated(half, NOTES["sharpness"], standard(best))
    plain, _ = annotated(half, "", standard(best))
    marked = near(drawn, SOFT_MARK) & ~near(plain, SOFT_MARK)
    left, right = marked[: int(0.8 * SIDE), : SIDE // 2 - 20], marked[: int(0.8 * SIDE), SIDE // 2 + 20 :]
    assert left.mean() > 0.15  # sky and coat have no texture to lose
    assert right.mean() < 0.02
    assert said.startswith("softer in ")


def test_lost_highlights_are_marked_and_told_with_both_brightnesses() -> None:
    best = photo("coffee")
    bright = np.clip(best.astype(int) + 120, 0, 255).astype(np.uint8)
    drawn, said = annotated(bright, NOTES["good_exposure"], standard(best))
    assert "lost highlights" in said
    assert "best 0." in said
    assert (drawn[..., 0].astype(int) - drawn[..., 1] > 60).mean() > (
        annotated(bright, "", standard(best))[0][..., 0].astype(int) - annotated(bright, "", standard(best))[0][..., 1]
        > 60
    ).mean()


def test_a_dark_frame_without_lost_tones_gets_no_color() -> None:
    best = photo("chelsea")
    drawn, said = annotated((best * 0.6).astype(np.uint8), NOTES["good_exposure"], standard(best))
    assert "lost" not in said
    plain, _ = annotated((best * 0.6).astype(np.uint8), "", standard(best))
    above = slice(0, drawn.shape[0] // 2)
    assert np.array_equal(drawn[above], plain[above])


def test_noise_is_shown_enlarged_and_told_in_grey_levels() -> None:
    best = photo("chelsea")
    drawn, said = annotated(noisy(best, 20), NOTES["low_noise"], standard(best))
    corner = drawn[10:60, -60:-10].astype(float)
    assert corner.std() > 8
    level = float(said.split("noise ")[1].split()[0])
    assert level == pytest.approx(20, rel=0.5)


def test_of_a_coarser_saving_both_qualities_are_told() -> None:
    fine, coarse = (damage.saved(photo("coffee"), "JPEG", quality=quality) for quality in (90, 40))
    assert annotated(coarse, NOTES["low_compression"], standard(fine))[1] == "JPEG quality 40, best 90"
    unseen = annotated(coarse, NOTES["low_compression"], standard(photo("coffee")))[1]
    assert unseen == "JPEG quality 40, in the best none is seen"
    cropped, blocky = coarse[3:-2, 3:-2], blurred(coarse, 0.6)
    assert annotated(cropped, NOTES["low_compression"], standard(fine))[1] == "JPEG quality 40, best 90"
    assert annotated(blocky, NOTES["low_compression"], standard(fine))[1].startswith("blocks of 8 x 8 px: strength 0.")
    assert annotated(fine, NOTES["low_compression"], standard(coarse))[1] == "a network sees it"


def test_every_fault_has_its_words_and_none_means_an_unmarked_copy() -> None:
    best = photo("coffee")
    bad = noisy(blurred(best // 2, 3), 15)
    for note in NOTES.values():
        drawn, said = annotated(bad, note, standard(best))
        assert said
        assert max(drawn.shape) == SIDE
    untouched, said = annotated(best, "", standard(best))
    assert said == ""
    named, said = annotated(best, "too small to compare", standard(best))
    assert said == ""
    assert not np.array_equal(named, untouched)


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (30, 20), (700, 40)])
def test_frames_of_any_size_can_be_drawn(shape: tuple[int, int]) -> None:
    tiny = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    drawn, _ = annotated(tiny, ", ".join(NOTES.values()), standard(photo("coffee")))
    assert drawn.dtype == np.uint8
    assert max(drawn.shape[:2]) <= SIDE
