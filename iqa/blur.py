"""What kind of blur a photo has: one of four classes, with a map of where it is sharp."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from .blur_features import WEIGHTS, features
from .errors import ManifestError, UnknownNameError
from .estimator import Estimator, require
from .measures import Direction, analysis_luma, directional_blur, sharpness_map, smear_map
from .networks import network
from .resize import reduced

if TYPE_CHECKING:
    from .model import Model

CLASSICAL = Estimator("classical-blur-type", "1.0.0")
NETWORKS = ("blur-type",)
"""Names of models whose folder gives a probability for each of BLUR_TYPES."""
ESTIMATORS = (*NETWORKS, "classical")
DEFAULT = ESTIMATORS[0]
LEARNED_SIDE = 1024
"""Longer side, px, of the largest photos that a network has learned from: it is shown a larger one at that size."""
LEARNED_LEAST = 64
"""Shorter side, px, of what a network is shown, below which no answer is certain: half of the least longer side that it
learned from, so that only strips that it did not learn from are below."""
BLUR_TYPES = ("sharp", "defocused_object_portrait", "defocused_blurred", "motion_blurred")
SELECTABLE = BLUR_TYPES[1:]
"""The types one can ask for; sharp is what is left when none is found."""

CERTAIN = 0.55
"""Least confidence of a classical answer that is not accompanied by "cannot tell"; a network's stands in its manifest,
as the threshold of each type."""
DIRECTED = 0.3
"""Least strength of a directional blur whose angle and length mean something: sharp photos reach that by content."""
SOFT = 0.5
"""A cell of the map below it is soft: its edges are wider than iqa.measures.sharpness.HALF_SHARP_PX."""
TEXTURE = 0.02
"""Least fraction of the map that must have texture for an answer to be certain."""


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
        certain: False means "cannot tell": the top prediction is weak, there is no texture to judge, or a network
            was shown less than LEARNED_LEAST.
        reason: what was seen, in a sentence.
        motion: angle and length when the top prediction is motion_blurred, certain, and the smear has a direction.
        sharpness_map: float32 (gh, gw) in [0, 1], 1 = sharp, NaN = no texture to judge.
        motion_map: float32 (gh, gw), angle in degrees, as in Motion, of soft cells that are smeared along a direction;
            NaN elsewhere, and everywhere unless the top prediction is motion_blurred and certain.
        model: who made the answer.
    """

    blur_type: str
    confidence: float
    probabilities: dict[str, float]
    certain: bool
    reason: str
    motion: Motion | None
    sharpness_map: NDArray[np.float32]
    motion_map: NDArray[np.float32]
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


def classify(image: NDArray[np.uint8], *, model: str = DEFAULT) -> BlurAnswer:
    """The blur type of a photo, with probabilities, a map and, for motion, angle and length.

    Map, angle and length are measured in closed form, whoever names the type.

    Args:
        image: RGB uint8 (H, W, 3).
        model: name of the estimator, one of ESTIMATORS.

    Raises:
        UnknownNameError: no such estimator.
        ModelError, ManifestError: its model is not here, altered or broken; nothing takes its place.
    """
    require(model, ESTIMATORS)
    luma = analysis_luma(image)
    local, direction = sharpness_map(luma), directional_blur(luma)
    said = _learned(image, model) if model in NETWORKS else _closed_form(luma, local, direction)
    top = max(said.chances, key=said.chances.__getitem__)
    textured = float(np.isfinite(local).mean()) >= TEXTURE
    doubt = said.doubt if textured else FLAT
    certain = not doubt and said.chances[top] >= said.least[top]
    moved = certain and top == "motion_blurred"
    scale = float(np.sqrt(image.shape[0] * image.shape[1] / luma.size))
    return BlurAnswer(
        blur_type=top,
        confidence=said.chances[top],
        probabilities=said.chances,
        certain=certain,
        reason=doubt or _sentence(said.reasons[top], certain),
        motion=_motion(direction, scale) if moved else None,
        sharpness_map=local,
        motion_map=_moving(luma, local) if moved else np.full_like(local, np.nan),
        model=said.model,
    )


def predict(image: NDArray[np.uint8], model: str = NETWORKS[0]) -> dict[str, float]:
    """The probability of each of BLUR_TYPES that a network gives a photo, without map or measures; their sum is 1.

    Args:
        image: RGB uint8 (H, W, 3).
        model: one of NETWORKS.

    Raises:
        UnknownNameError: no such network. ModelError, ManifestError: as ``classify``.
    """
    require(model, NETWORKS)
    answer = _network(model).predict(reduced(image, LEARNED_SIDE))
    return {name: float(answer[name]) for name in BLUR_TYPES}


def estimator(model: str = DEFAULT) -> Estimator:
    """Who answers to that name; a network is loaded and proven by its probe, so that ``classify`` can use it.

    Raises:
        As ``classify``.
    """
    require(model, ESTIMATORS)
    return _network(model).estimator if model in NETWORKS else CLASSICAL


FLAT = "There is almost no texture in this photo by which blur could be judged."
NARROW = "The photo is narrower than those that the network learned from."
SEEN = {
    "sharp": "Edges in the frame are narrow, as in a photo in focus.",
    "defocused_object_portrait": "The middle of the frame is softer than what surrounds it.",
    "defocused_blurred": "Edges are wide in all directions and nowhere in the frame narrow.",
    "motion_blurred": "Fine detail is missing along one direction more than across it.",
}
"""What speaks for a type in closed form."""
LIKE = {
    "sharp": "Its subject looks in focus and still; a soft background does not count.",
    "defocused_object_portrait": "Its subject looks out of focus, what is behind or around it is sharper.",
    "defocused_blurred": "All of it looks out of focus.",
    "motion_blurred": "Subject or camera look as if they moved during the exposure.",
}
"""What it means that a network names a type."""


@dataclass(frozen=True)
class _Said:
    """Probability of each type, the least that is certain, a sentence for each, who says so, why none is sure."""

    chances: dict[str, float]
    least: dict[str, float]
    reasons: dict[str, str]
    model: Estimator
    doubt: str = ""


def _closed_form(luma: NDArray[np.float32], local: NDArray[np.float32], direction: Direction) -> _Said:
    seen = features(luma, local, direction)
    chances = softmax(np.array([*seen.vector(), 1.0]) @ WEIGHTS)
    named = {name: float(chance) for name, chance in zip(BLUR_TYPES, chances, strict=True)}
    return _Said(named, dict.fromkeys(BLUR_TYPES, CERTAIN), SEEN, CLASSICAL)


def _learned(image: NDArray[np.uint8], name: str) -> _Said:
    answering = _network(name)
    least = dict(answering.manifest.outputs[0].thresholds)
    narrow = min(reduced(image, LEARNED_SIDE).shape[:2]) < LEARNED_LEAST
    return _Said(predict(image, name), least, LIKE, answering.estimator, NARROW if narrow else "")


def _network(name: str) -> "Model":
    """The session for that name; raises ManifestError where it does not tell the types, or not when it is certain."""
    found = network(name)
    told = [(output.activation, output.labels, set(output.thresholds)) for output in found.manifest.outputs]
    if told != [("softmax", BLUR_TYPES, set(BLUR_TYPES))]:
        raise ManifestError(
            f"Model {name!r}: found the outputs {told}; accepted: one softmax over {', '.join(BLUR_TYPES)}, with the "
            "threshold of each, from which an answer is certain (training.temperature finds it)."
        )
    return found


def _motion(direction: Direction, scale: float) -> Motion | None:
    """Angle and length in px of the photo; None where there is no one direction, as of a curved shake."""
    if direction.strength < DIRECTED:
        return None
    return Motion(direction.angle_deg, direction.length_px * scale)


def _moving(luma: NDArray[np.float32], local: NDArray[np.float32]) -> NDArray[np.float32]:
    smear = smear_map(luma)
    here = (local < SOFT) & (smear.strength >= DIRECTED)  # NaN is not soft
    return np.where(here, smear.angle_deg, np.nan).astype(np.float32)


def _sentence(found: str, certain: bool) -> str:
    return found if certain else f"The evidence is weak. What speaks for it: {found[0].lower()}{found[1:]}"
