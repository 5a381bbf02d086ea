"""iqa.quality, the classical estimator: one score in [0, 1] that no damage raises and no orientation moves."""

import itertools
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import NAMES as PHOTOS
from photos import blurred, moved, photo
from PIL import Image

from iqa import damage, quality
from iqa.errors import ArgumentError, UnknownNameError
from iqa.image import load
from iqa.samples import PHOTOGRAPHS
from iqa.samples import photograph as example_photograph

classical = partial(quality.score, model="classical")
LADDER = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SMEARS = (0, 5, 10, 15, 20, 30)
TURNS = [(flip, turns) for flip in (False, True) for turns in range(4)]


EXAMPLES = [f"example {name}" for name in PHOTOGRAPHS]


def picture(name: str) -> NDArray[np.uint8]:
    """A photo of the tests, or a photograph that the demo makes its examples from, at their size."""
    return example_photograph(name.removeprefix("example ")) if name.startswith("example ") else photo(name)


@pytest.mark.parametrize("name", [*PHOTOS, *EXAMPLES])
@pytest.mark.parametrize(
    ("harm", "seed"),
    [("defocus", 0), ("motion", 0), ("motion", 1), ("shake", 0), ("shake", 1), ("noise", 0), ("underexposure", 0)],
)
def test_more_damage_never_raises_the_quality(name: str, harm: str, seed: int) -> None:
    """Of photographs without damage: blur takes the noise out of a noisy one, darkening repairs a washed-out one."""
    scores = [
        classical(damage.apply(harm, picture(name), step, np.random.default_rng(seed))).quality for step in LADDER
    ]
    assert all(after <= before for before, after in itertools.pairwise(scores)), scores
    assert scores[-1] < scores[0] - 0.1


@pytest.mark.parametrize("name", [*PHOTOS, *EXAMPLES])
def test_a_wider_gaussian_never_raises_the_quality(name: str) -> None:
    scores = [classical(blurred(picture(name), sigma)).quality for sigma in (0, 1, 2, 3, 4, 6, 8, 12)]
    assert all(after <= before for before, after in itertools.pairwise(scores)), scores


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_longer_smear_never_raises_the_quality(name: str) -> None:
    scores = [classical(moved(picture(name), length, 0) if length else picture(name)).quality for length in SMEARS]
    assert all(after <= before for before, after in itertools.pairwise(scores)), scores


@pytest.mark.parametrize("name", [*PHOTOS, *EXAMPLES])
@pytest.mark.parametrize("severity", [0.3, 0.6, 1.0])
def test_a_soft_subject_never_beats_the_sharp_photo(name: str, severity: float) -> None:
    """Not a ladder: the sharp background stays, and by closed forms cannot be told from a subject."""
    soft = damage.apply("subject_defocus", picture(name), severity, np.random.default_rng(0))
    assert classical(soft).quality <= classical(picture(name)).quality


@pytest.mark.parametrize("name", PHOTOS)
def test_quality_is_the_same_in_all_eight_orientations(name: str) -> None:
    upright = classical(photo(name)).quality
    for flip, turns in TURNS:
        turned = np.rot90(photo(name)[:, ::-1] if flip else photo(name), turns)
        assert classical(np.ascontiguousarray(turned)).quality == pytest.approx(upright, abs=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_quality_is_the_same_under_every_exif_orientation(orientation: int) -> None:
    def saved(tag: int) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = tag
        buffer = BytesIO()
        Image.fromarray(photo("coffee")).save(buffer, "JPEG", quality=92, exif=exif)
        return buffer.getvalue()

    expected = classical(load(saved(1))).quality
    assert classical(load(saved(orientation))).quality == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", PHOTOS)
def test_jpeg_at_98_scores_as_the_png_of_the_same_pixels(name: str) -> None:
    scores = []
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 98})):
        buffer = BytesIO()
        Image.fromarray(photo(name)).save(buffer, kind, **options)
        scores.append(classical(load(buffer.getvalue())).quality)
    assert scores[0] == pytest.approx(scores[1], abs=0.02)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (64, 64, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_pictures_without_content_give_a_finite_score(shape: tuple[int, int, int], level: int) -> None:
    answer = classical(np.full(shape, level, np.uint8))
    assert 0.0 <= answer.quality <= 1.0
    assert all(0.0 <= value <= 1.0 for value in answer.factors.values())


def test_quality_is_the_stated_combination_of_its_factors() -> None:
    answer = classical(photo("coffee"))
    product = np.prod([max(answer.factors[name], quality.FLOOR) ** w for name, w in answer.weights.items()])
    assert answer.quality == pytest.approx(float(product), abs=1e-12)
    assert sum(answer.weights.values()) == pytest.approx(1.0)
    assert answer.quality == quality.combined(answer.factors)
    assert answer.interval is None
    assert answer.model == quality.estimator("classical") == quality.CLASSICAL


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0.0, "Very Poor"),
        (0.2, "Poor"),
        (0.4, "Fair"),
        (0.6, "Good"),
        (0.79999, "Good"),
        (0.8, "Excellent"),
        (1.0, "Excellent"),
    ],
)
def test_categories_meet_at_the_documented_limits(value: float, name: str) -> None:
    assert quality.category(value) == name


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_quality_outside_the_scale_has_no_category(value: float) -> None:
    with pytest.raises(ArgumentError, match=r"\[0, 1\]"):
        quality.category(value)


def test_an_unknown_estimator_is_named_with_its_nearest_match() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'classical'"):
        quality.score(photo("coffee"), model="clasical")
