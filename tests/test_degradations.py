"""iqa.degradations, closed form: each severity follows its own damage, the overall follows the documented formula."""

from functools import partial
from io import BytesIO

import numpy as np
import pytest
from photos import photo
from PIL import Image

from iqa import damage, degradations, evidence, ramps
from iqa.errors import ArgumentError, UnknownNameError
from iqa.image import load
from iqa.samples import PHOTOGRAPHS, photograph

OWN = {"color_cast": "color_cast", "defocus": "blurriness", "noise": "noise", "underexposure": "exposure"}
assess = partial(degradations.assess, model="classical")
PHOTOS = ("astronaut", "coffee", "chelsea", "motorcycle")


def harmed(name: str, harm: str, severity: float, seed: int = 0) -> np.ndarray:
    return damage.apply(harm, photo(name), severity, np.random.default_rng(seed))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(("harm", "own"), [*OWN.items(), ("overexposure", "exposure"), ("compression", "compression")])
def test_severity_grows_with_its_damage(name: str, harm: str, own: str) -> None:
    steps = [assess(harmed(name, harm, s)).severities[own] for s in (0.0, 0.5, 1.0)]
    assert steps[0] is not None
    assert steps == sorted(steps)
    assert steps[-1] > steps[0] + 0.2


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_content_is_not_called_bad(level: int) -> None:
    found = assess(np.full((90, 120, 3), level, np.uint8))
    assert found.severities["blurriness"] is None
    assert "blurriness" in found.overall_without
    assert found.overall == (1.0 if level == 128 else None)
    if level != 128:
        assert (found.severities["color_cast"], found.severities["noise"]) == (None, None)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_jpeg_at_98_is_judged_as_the_png_of_the_same_pixels(name: str) -> None:
    image, answers = photograph(name), []
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 98})):
        buffer = BytesIO()
        Image.fromarray(image).save(buffer, kind, **options)
        answers.append(assess(load(buffer.getvalue())))
    assert answers[0].overall == pytest.approx(answers[1].overall, abs=0.02)
    assert answers[0].severities == pytest.approx(answers[1].severities, abs=0.06)


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_without_damage_have_low_severities(name: str) -> None:
    told = [value for value in assess(photo(name)).severities.values() if value is not None]
    assert max(told) <= 0.5


def test_overall_of_a_hand_computed_case() -> None:
    severities = {"color_cast": 0.12, "blurriness": 0.05, "watermark": 0.4, "noise": 0.08, "exposure": 1.0}
    assert degradations.overall(severities) == pytest.approx(1 - 0.024 - 0.015 - 0.1 - 0.02)


def test_what_cannot_be_told_is_said_and_counts_as_nothing() -> None:
    answer = assess(photo("coffee"))
    assert answer.severities["watermark"] is None
    assert answer.overall_without == ("watermark",)
    assert answer.overall == pytest.approx(degradations.overall({**answer.severities, "watermark": 0.0}))


def test_every_severity_and_the_overall_stay_in_range() -> None:
    for level in (0, 255):
        answer = assess(np.full((40, 60, 3), level, np.uint8))
        assert set(answer.severities) == set(degradations.NAMES)
        assert all(value is None or 0.0 <= value <= 1.0 for value in answer.severities.values())
        assert answer.overall is None or 0.0 <= answer.overall <= 1.0


def test_a_low_jpeg_quality_of_the_file_is_compression_even_without_visible_blocks() -> None:
    clean = assess(photo("coffee"), jpeg_quality=95).severities["compression"]
    low = assess(photo("coffee"), jpeg_quality=15).severities["compression"]
    assert clean is not None
    assert low is not None
    assert low > 0.8 > clean


@pytest.mark.parametrize("name", ["astronaut", "motorcycle", "rocket", "camera"])
def test_the_corrected_preview_is_closer_to_the_photo_than_the_cast_one(name: str) -> None:
    """Scenes with something neutral in them; a table of brown wood cannot be told from a warm light."""
    cast = harmed(name, "color_cast", 0.8)
    corrected = assess(cast).evidence.corrected.astype(float)

    def chroma(image: np.ndarray) -> np.ndarray:
        return image.mean(axis=(0, 1)) / image.mean()

    wanted = chroma(photo(name).astype(float))
    assert np.abs(chroma(corrected) - wanted).sum() < np.abs(chroma(cast.astype(float)) - wanted).sum()


def test_clipped_areas_are_marked_where_they_are() -> None:
    image = np.full((100, 100, 3), 120, np.uint8)
    image[:50, :50], image[50:, 50:] = 0, 255
    marked = assess(image).evidence.clipped
    assert tuple(marked[25, 25]) == evidence.SHADOW_MARK
    assert tuple(marked[75, 75]) == evidence.HIGHLIGHT_MARK
    assert len(set(marked[25, 75].tolist())) == 1


@pytest.mark.parametrize(("value", "severity"), [(0.0, 0.0), (1.0, 0.0), (2.0, 0.5), (3.0, 1.0), (9.0, 1.0)])
def test_a_ramp_is_linear_between_its_ends(value: float, severity: float) -> None:
    assert ramps.Ramp(1.0, 3.0)(value) == pytest.approx(severity)


def test_a_logarithmic_ramp_has_its_middle_at_the_geometric_mean() -> None:
    assert ramps.Ramp(1.0, 100.0, logarithmic=True)(10.0) == pytest.approx(0.5)


@pytest.mark.parametrize("value", [0, 101])
def test_a_jpeg_quality_outside_its_scale_is_refused(value: int) -> None:
    with pytest.raises(ArgumentError, match=r"1\.\.100"):
        assess(photo("coffee"), jpeg_quality=value)


def test_an_unknown_estimator_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="classical"):
        assess(photo("coffee"), model="deep")
