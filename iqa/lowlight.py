"""Low-light enhancement: a gate that says whether a photo needs it; a network or a closed form that gives it light."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, ManifestError
from .estimator import Estimator, require
from .illumination import Illumination, Pixels, illumination, lift_for
from .networks import network
from .relight import relit

if TYPE_CHECKING:
    from .model import Model

CLASSICAL = Estimator("classical-lowlight", "1.0.0")
NETWORKS = ("low-light",)
"""Names of models whose folder turns the photo at its own size into one picture, ``enhanced``."""
ESTIMATORS = (*NETWORKS, "classical")
DEFAULT = ESTIMATORS[0]

TARGET = 0.44  # mean luma to reach in closed form, unless ...
BRIGHT = 0.87  # ... the brightest 5 % reach this max(R, G, B) first
DARK_ENOUGH = 0.55  # darkness from which the gate opens
DARK = TARGET * (1 - DARK_ENOUGH)  # the same as mean luma
ROOM_ENOUGH = 0.3  # headroom from which the gate opens
FAINTEST = 3 / 255  # of the brightest 2 %, max(R, G, B): below, an 8-bit photo holds no picture to raise
OUTPUT = ("image", "enhanced")
"""Kind and label of the one output of such a network."""
NOTHING = "This photo does not need it: it is already as bright as the target; nothing to raise."


@dataclass(frozen=True)
class Need:
    """Whether a photo needs enhancement.

    Attributes:
        needed: the gate's answer.
        darkness: [0, 1], 0 = bright: how far the mean luma stays below the target.
        headroom: [0, 1]: how much it can be raised before highlights clip; 0 = its brightest 2 % is white already.
        reason: one sentence for a person.
    """

    needed: bool
    darkness: float
    headroom: float
    reason: str


@dataclass(frozen=True)
class Enhancement:
    """An enhanced photo and what was done to it.

    Attributes:
        image: RGB uint8 (H, W, 3).
        applied: False when the gate said no, or there was nothing to raise; image is then the input itself.
        need: the gate's answer, also when it was overridden; its reason says so when there was nothing to raise.
        strength: as asked, [0, 1].
        mean_luminance_before, mean_luminance_after: mean BT.601 luma, [0, 1].
        model: who did it.
    """

    image: NDArray[np.uint8]
    applied: bool
    need: Need
    strength: float
    mean_luminance_before: float
    mean_luminance_after: float
    model: Estimator


def need(image: NDArray[np.uint8]) -> Need:
    """Whether the photo needs enhancement: darkness, headroom and a sentence.

    Args:
        image: RGB uint8 (H, W, 3).

    Raises:
        ArgumentError: not an RGB uint8 image.
    """
    _check(image)
    return _need(illumination(image))


def enhance(
    image: NDArray[np.uint8], *, strength: float = 1.0, force: bool = False, model: str = DEFAULT
) -> Enhancement:
    """The photo as a longer exposure would have shown it: lighter where it is dark, the noise that this shows reduced.

    Args:
        image: RGB uint8 (H, W, 3), any size; a large one is worked on in tiles, which cannot be told from one pass.
        strength: [0, 1], continuous; 0 gives the input itself. Of the network a share of the way from the photo to its
            picture, in sRGB; of the closed form a share of the stops of gain.
        force: enhance even when the gate says that the photo does not need it; the closed form as far as it is below
            the target.
        model: one of ESTIMATORS.

    Raises:
        ArgumentError: strength outside [0, 1], or not an RGB uint8 image.
        UnknownNameError: no such model.
        ModelError, ManifestError: the model is not here, altered or broken; nothing takes its place.
    """
    require(model, ESTIMATORS)
    if not 0 <= strength <= 1:
        raise ArgumentError(f"strength must be in [0, 1], found {strength}: 0 changes nothing, 1 is the full effect.")
    _check(image)
    by = estimator(model)
    scene = illumination(image)
    answer, before = _need(scene), _mean_luma(image)
    unchanged = Enhancement(image, False, answer, strength, before, before, by)
    if strength == 0:
        return replace(unchanged, need=replace(answer, reason=f"{answer.reason} A strength of 0 raises nothing."))
    if not answer.needed and not force:
        return unchanged
    out = _learned(image, model, strength) if model in NETWORKS else _raised(image, scene, strength)
    if out is None:
        return replace(unchanged, need=replace(answer, reason=NOTHING))
    return Enhancement(out, True, answer, strength, before, _mean_luma(out), by)


def estimator(model: str = DEFAULT) -> Estimator:
    """Who answers to that name; a network is loaded and proven by its probe, so that ``enhance`` can use it.

    Raises:
        As ``enhance``.
    """
    require(model, ESTIMATORS)
    return _network(model).estimator if model in NETWORKS else CLASSICAL


def _raised(image: Pixels, scene: Illumination, strength: float) -> Pixels | None:
    """In closed form; None when there is nothing to raise."""
    lift = lift_for(scene, TARGET, BRIGHT) ** strength
    return None if lift == 1 else relit(image, scene, lift)


def _learned(image: Pixels, name: str, strength: float) -> Pixels:
    """By the network of that name; gray stays gray, and no pixel gets darker, so that white lights stay white."""
    from .tiling import rendered  # loads ONNX Runtime, which the closed form does without

    gray = bool((image == image[..., :1]).all())

    def finish(pixels: Pixels, answer: NDArray[np.float32]) -> Pixels:
        light = answer.mean(axis=2, keepdims=True) if gray else answer
        mixed = light * np.float32(255 * strength) + pixels * np.float32(1 - strength)
        return np.maximum(np.rint(mixed).astype(np.uint8), pixels)

    return rendered(_network(name), image, finish)


def _network(name: str) -> "Model":
    """The session for that name; raises ManifestError where it does not turn a photo into one picture."""
    from .preprocess import Full, Whole

    found = network(name)
    kinds = sorted(type(view).__name__ for view in found.manifest.input.views)
    outputs = [(output.kind, *output.labels) for output in found.manifest.outputs]
    if kinds.count(Full.__name__) != 1 or set(kinds) - {Full.__name__, Whole.__name__} or outputs != [OUTPUT]:
        raise ManifestError(
            f"Model {name!r}: found the views {', '.join(kinds)} and the outputs {outputs}; accepted: one Full view, "
            f"any Whole ones, and the outputs {[OUTPUT]}."
        )
    return found


def _check(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise ArgumentError(
            f"image must be RGB uint8 (H, W, 3), found {image.dtype} {image.shape}: use iqa.image.load."
        )


def _mean_luma(image: Pixels) -> float:
    return float(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean()) / 255


def _need(scene: Illumination) -> Need:
    mean = float(scene.luma.mean())
    darkness = float(np.clip(1 - mean / TARGET, 0, 1))
    brightest = float(np.percentile(scene.peak, 98))
    headroom = float(np.clip(1 - brightest, 0, 1))
    if darkness < DARK_ENOUGH:
        reason = f"This photo does not need it: its mean luminance is {mean:.2f} of 1; below {DARK:.2f} is dark."
    elif brightest < FAINTEST:
        reason = "There is no picture in it to raise: all but its brightest 2 % lies below 3 of 255 grey levels."
    elif headroom < ROOM_ENOUGH:
        reason = (
            f"The photo is dark (mean luminance {mean:.2f} of 1, below {DARK:.2f}), but its lights are bright already: "
            "it may be a night or backlit scene that is meant to be dark."
        )
    else:
        reason = (
            f"The photo is dark: its mean luminance is {mean:.2f} of 1, below {DARK:.2f}, "
            "and even its brightest parts can be raised."
        )
    needed = darkness >= DARK_ENOUGH and headroom >= ROOM_ENOUGH and brightest >= FAINTEST
    return Need(needed, darkness, headroom, reason)
