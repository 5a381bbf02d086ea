"""What kind of blur a photo has: one of four classes, with a map of where it is sharp."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from .errors import UnknownNameError
from .estimator import Estimator, require
from .measures import Direction, analysis_luma, directional_blur, edge_width, sharpness_map

CLASSICAL = Estimator("classical-blur-type", "1.0.0")
ESTIMATORS = ("classical",)
BLUR_TYPES = ("sharp", "defocused_object_portrait", "defocused_blurred", "motion_blurred")
SELECTABLE = BLUR_TYPES[1:]
"""The types one can ask for; sharp is what is left when none is found."""

CERTAIN = 0.55
"""Least confidence of an answer that is not accompanied by "cannot tell"."""
MIDDLE = 0.7
"""Radius of the middle of the frame, in halves of its sides: the same for a photo turned by a quarter."""
TEXTURE = 0.02
"""Least fraction of the map that must have texture for an answer to be certain."""

WEIGHTS = np.array(
    [
        [0.688, 0.744, -1.376, -0.056],  # best
        [2.391, -0.734, -1.278, -0.380],  # center
        [-1.007, 1.375, -0.816, 0.448],  # surround
        [-0.997, -0.622, 1.324, 0.295],  # width
        [0.281, -0.458, -1.287, 1.464],  # direction
        [0.167, -0.559, -0.845, 1.236],  # length
        [-0.236, 0.592, 0.028, -0.384],  # texture
        [-0.259, -0.735, 2.304, -1.310],  # bias
    ]
)
"""Log-odds per feature (rows as in Features, the last row is the bias) and type; from training/classical_blur.py."""


@dataclass(frozen=True)
class Motion:
    """A linear smear: angle_deg in [0, 180), counter-clockwise from the x axis as seen; length in px of the image."""

    angle_deg: float
    length_px: float


@dataclass(frozen=True)
class BlurAnswer:
    """The blur type of one photo.

    Attributes:
        blur_type: the top prediction, one of BLUR_TYPES.
        confidence: its probability, [0, 1].
        probabilities: of all four types; their sum is 1.
        certain: False means "cannot tell": the top prediction is weak, or there is no texture to judge.
        reason: what was seen, in a sentence.
        motion: angle and length when the top prediction is motion_blurred, else None.
        sharpness_map: float32 (gh, gw) in [0, 1], 1 = sharp, NaN = no texture to judge.
        model: who made the answer.
    """

    blur_type: str
    confidence: float
    probabilities: dict[str, float]
    certain: bool
    reason: str
    motion: Motion | None
    sharpness_map: NDArray[np.float32]
    model: Estimator


@dataclass(frozen=True)
class Detection:
    """The answer to "does the photo have this blur type?".

    Attributes:
        blur_type: the type that was asked for.
        detected: True when it is the top prediction.
        confidence: probability of the top prediction, [0, 1].
        blur_type_probability: probability of the type that was asked for, [0, 1].
    """

    blur_type: str
    detected: bool
    confidence: float
    blur_type_probability: float


def detect(answer: BlurAnswer, blur_type: str) -> Detection:
    """Whether the type that was asked for is the top prediction.

    Raises:
        UnknownNameError: not one of SELECTABLE.
    """
    if blur_type not in SELECTABLE:
        raise UnknownNameError("blur type", blur_type, SELECTABLE)
    return Detection(blur_type, answer.blur_type == blur_type, answer.confidence, answer.probabilities[blur_type])


@dataclass(frozen=True)
class Features:
    """What the classical estimate looks at.

    Attributes:
        best: sharpness of the sharpest tenth of the frame, [0, 1].
        center: sharpness of the sharpest quarter of the middle, [0, 1].
        surround: the same of what is around it.
        width: natural logarithm of the edge width in px at analysis scale.
        direction: strength of the directional blur, [0, 1].
        length: natural logarithm of 1 + length of the smear in percent of the frame's size.
        texture: fraction of the map that could be judged, [0, 1].
    """

    best: float
    center: float
    surround: float
    width: float
    direction: float
    length: float
    texture: float

    def vector(self) -> tuple[float, ...]:
        """The seven numbers in the order of WEIGHTS."""
        return (self.best, self.center, self.surround, self.width, self.direction, self.length, self.texture)


def features(luma: NDArray[np.float32], local: NDArray[np.float32], direction: Direction) -> Features:
    """The features of a photo from its analysis luma, its sharpness map and its directional blur."""
    height, width = local.shape
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    middle = np.hypot(x, y) <= MIDDLE
    size = float(np.sqrt(luma.size))
    return Features(
        best=_upper(local, 90),
        center=_upper(local[middle], 75),
        surround=_upper(local[~middle], 75),
        width=float(np.log(max(edge_width(luma), 0.1))),
        direction=direction.strength,
        length=float(np.log1p(100.0 * direction.length_px / size)),
        texture=float(np.isfinite(local).mean()),
    )


def _upper(values: NDArray[np.float32], percentile: float) -> float:
    """A percentile of the values that are not NaN; 0 when there is none."""
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percentile)) if known.size else 0.0


def classify(image: NDArray[np.uint8], *, model: str = "classical") -> BlurAnswer:
    """The blur type of a photo, with probabilities, a map and, for motion, angle and length.

    Args:
        image: RGB uint8 (H, W, 3).
        model: name of the estimator, one of ESTIMATORS.

    Raises:
        UnknownNameError: no such estimator.
    """
    require(model, ESTIMATORS)
    luma = analysis_luma(image)
    local, direction = sharpness_map(luma), directional_blur(luma)
    seen = features(luma, local, direction)
    chances = softmax(np.array([*seen.vector(), 1.0]) @ WEIGHTS)
    probabilities = {name: float(chance) for name, chance in zip(BLUR_TYPES, chances, strict=True)}
    top = max(probabilities, key=probabilities.__getitem__)
    certain = probabilities[top] >= CERTAIN and seen.texture >= TEXTURE
    scale = float(np.sqrt(image.shape[0] * image.shape[1] / luma.size))
    motion = Motion(direction.angle_deg, direction.length_px * scale) if top == "motion_blurred" else None
    return BlurAnswer(
        top, probabilities[top], probabilities, certain, _reason(top, seen, certain), motion, local, CLASSICAL
    )


def estimator(model: str = "classical") -> Estimator:
    """Who answers to that name; raises UnknownNameError when nobody does."""
    require(model, ESTIMATORS)
    return CLASSICAL


def _reason(top: str, seen: Features, certain: bool) -> str:
    """One sentence about what was seen."""
    if seen.texture < TEXTURE:
        return "There is almost no texture in this photo by which blur could be judged."
    found = {
        "sharp": "Edges in the frame are narrow, as in a photo in focus.",
        "defocused_object_portrait": "The middle of the frame is softer than what surrounds it.",
        "defocused_blurred": "Edges are wide in all directions and nowhere in the frame narrow.",
        "motion_blurred": "Fine detail is missing along one direction more than across it.",
    }[top]
    return found if certain else f"The evidence is weak. What speaks for it: {found[0].lower()}{found[1:]}"
