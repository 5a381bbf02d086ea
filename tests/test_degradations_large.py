"""iqa.degradations by a network, a stand-in, of photos above analysis scale: a copy, and the middle as it is."""

from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from photos import photo

from iqa import answer, damage, degradations, evidence, jpeg_looks, ramps
from iqa.degradations import NAMES, analysis_copy, middle
from iqa.measures import ANALYSIS_PIXELS, blockiness
from iqa.model import Model
from iqa.ramps import BLOCKS
from tabs import degradations as tab
from tests import toy_degradations as stand_in

Pixels = NDArray[np.uint8]
COFFEE = photo("coffee")
LARGE = cv2.resize(COFFEE, (1800, 1200), interpolation=cv2.INTER_CUBIC)
assess = partial(degradations.assess, model=degradations.NETWORKS[0])


@pytest.fixture(autouse=True)
def network(toy: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in in the place of the published network, with a ladder that tells of any compression."""
    monkeypatch.setattr(degradations, "network", lambda _: toy)
    monkeypatch.setitem(jpeg_looks.LADDERS, str(toy.estimator), [(0.0, 90), (1.0, 10)])


def test_the_network_is_given_the_photo_at_analysis_scale_and_the_middle_of_a_larger_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[list[Pixels]] = []

    def predict(copies: list[Pixels], model: str) -> list[dict[str, float]]:
        given.append(copies)
        return [dict.fromkeys((*NAMES, "noise_sigma"), 0.25)] * len(copies)

    monkeypatch.setattr(degradations, "predict", predict)
    assess(LARGE)
    assess(COFFEE)
    (copy, near), (small,) = given
    assert copy.shape[0] * copy.shape[1] <= ANALYSIS_PIXELS < 1.01 * copy.shape[0] * copy.shape[1]
    assert np.array_equal(copy, cv2.resize(LARGE, copy.shape[1::-1], interpolation=cv2.INTER_AREA))
    top, left = (1200 - copy.shape[0]) // 2, (1800 - copy.shape[1]) // 2
    assert np.array_equal(near, LARGE[top : top + copy.shape[0], left : left + copy.shape[1]])
    assert small is COFFEE


def test_what_the_middle_of_a_larger_photo_shows_at_its_own_pixels_is_told_beside() -> None:
    found, said = assess(LARGE), stand_in.severities_of(middle(LARGE))
    assert found.evidence.native == pytest.approx({name: said[name] for name in degradations.NATIVE}, abs=1e-5)
    copy = stand_in.severities_of(analysis_copy(LARGE))
    assert found.severities["blurriness"] == pytest.approx(copy["blurriness"], abs=1e-5)
    assert answer.degradations(found)["evidence"]["native"] == dict(found.evidence.native or {})
    assert assess(COFFEE).evidence.native is answer.degradations(assess(COFFEE))["evidence"]["native"] is None


def test_the_tab_shows_them_of_a_larger_photo_alone() -> None:
    found = assess(LARGE)
    facts = tab._evidence(found)
    assert [facts.count(f"{tab.LABELS[name]} at full size") for name in degradations.NATIVE] == [1, 1, 1]
    assert f"{(found.evidence.native or {})['compression']:.2f}" in facts
    assert "at full size" not in tab._evidence(assess(COFFEE))


def test_blocks_of_a_larger_photo_count_though_its_copy_has_lost_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (evidence, ramps):
        monkeypatch.setattr(module, "quantized_quality", lambda _: None)
    blocky = damage.saved(LARGE, "JPEG", quality=8, subsampling="4:2:0")
    native = BLOCKS(blockiness(blocky))
    seen = [stand_in.severities_of(view(blocky))["compression"] for view in (analysis_copy, middle)]
    assert native > max(seen) + 0.2
    assert assess(blocky).severities["compression"] == native
    seen = [stand_in.severities_of(view(LARGE))["compression"] for view in (analysis_copy, middle)]
    assert assess(LARGE).severities["compression"] == pytest.approx(max(seen), abs=1e-5)
    small = damage.saved(COFFEE, "JPEG", quality=8, subsampling="4:2:0")  # the network sees them itself
    said = stand_in.severities_of(small)["compression"]
    assert BLOCKS(blockiness(small)) > said + 0.1
    assert assess(small).severities["compression"] == pytest.approx(said, abs=1e-5)


@pytest.mark.parametrize("picture", [LARGE, COFFEE])
def test_steps_of_a_jpeg_in_the_pixels_are_told_whatever_the_network_says(picture: Pixels) -> None:
    saved = damage.saved(picture, "JPEG", quality=47, subsampling="4:2:0")
    found = assess(saved)
    assert found.evidence.jpeg_quality_estimated == 47
    assert found.severities["compression"] == pytest.approx(0.5)  # as iqa.damage calls that quality
    assert assess(saved, model="classical").evidence.jpeg_quality_estimated == 47


def test_a_middle_without_texture_says_nothing() -> None:
    flat = LARGE.copy()
    flat[150:1050, 250:1550] = 250
    assert not np.ptp(middle(flat))
    found = assess(flat)
    assert found.severities["compression"] == pytest.approx(
        max(stand_in.severities_of(analysis_copy(flat))["compression"], BLOCKS(blockiness(flat))), abs=1e-5
    )
    assert stand_in.severities_of(middle(flat))["compression"] > (found.severities["compression"] or 0.0) + 0.1
    assert (found.evidence.native, found.evidence.jpeg_quality_estimated) == (None, None)
    assert assess(LARGE).evidence.jpeg_quality_estimated is not None


def test_of_a_long_strip_no_middle_is_told() -> None:
    strip = np.ascontiguousarray(np.tile(COFFEE[:200], (1, 20, 1)))
    assert min(analysis_copy(strip).shape[:2]) < degradations.LEARNED_LEAST
    found = assess(strip)
    assert found.evidence.native is None
    assert {name for name in NAMES if found.severities[name] is None} == {"watermark", "noise", "compression"}
