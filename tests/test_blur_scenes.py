"""iqa.blur by the network that comes with iqa: scenes where what matters is whether the subject is sharp."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from photos import photo

from iqa import blur, psf
from iqa.srgb import from_linear, to_linear

Pixels = NDArray[np.uint8]
Weight = NDArray[np.float32]


def subject() -> Weight:
    """The astronaut of that photo, drawn by hand, head to chest: (H, W, 1) in [0, 1]."""
    drawn = np.zeros((512, 512), np.float32)
    cv2.ellipse(drawn, (224, 110), (80, 100), 0, 0, 360, 1.0, -1)
    cv2.fillPoly(drawn, [np.array([(20, 512), (45, 260), (130, 150), (300, 150), (380, 270), (410, 512)])], 1.0)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 2.0))[..., None]


def smeared(image: Pixels, kernel: NDArray[np.float32], where: Weight) -> Pixels:
    """The photo with that point spread function where the weight is 1, in linear light."""
    light = to_linear(image)
    return from_linear(light + where * (cv2.filter2D(light, -1, kernel) - light))


@pytest.mark.parametrize("radius_px", [3.0, 5.0, 8.0])
def test_a_soft_subject_before_a_sharp_background(radius_px: float) -> None:
    answer = blur.classify(smeared(photo("astronaut"), psf.disc(radius_px), subject()))
    assert answer.blur_type == "defocused_object_portrait"


@pytest.mark.parametrize("kernel", [psf.disc(3.0), psf.disc(8.0), psf.line(10.0, 0.0), psf.line(50.0, 0.0)])
def test_bokeh_or_panning_behind_a_sharp_subject_is_sharp(kernel: NDArray[np.float32]) -> None:
    assert blur.classify(smeared(photo("astronaut"), kernel, 1.0 - subject())).blur_type == "sharp"


@pytest.mark.parametrize(
    ("kernel", "expected"), [(psf.disc(5.0), "defocused_blurred"), (psf.line(25.0, 0.0), "motion_blurred")]
)
def test_the_same_blur_over_all_of_it_is_not(kernel: NDArray[np.float32], expected: str) -> None:
    whole = np.ones_like(subject())
    assert blur.classify(smeared(photo("astronaut"), kernel, whole)).blur_type == expected
