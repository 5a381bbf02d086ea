"""Low-light enhancement: a gate that says whether a photo needs it, and a closed-form enhancement with strength."""

from dataclasses import dataclass, replace
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError
from .estimator import Estimator, require
from .illumination import (
    STRIPE_ROWS,
    Floats,
    Illumination,
    Pixels,
    box,
    enlarge_rows,
    gain,
    illumination,
    lift_for,
    stripes,
)
from .measures.noise import MASK

CLASSICAL = Estimator("classical-lowlight", "1.0.0")
ESTIMATORS = ("classical",)

TARGET = 0.44  # mean luma to reach, unless ...
BRIGHT = 0.87  # ... the brightest 5 % reach this max(R, G, B) first
DARK_ENOUGH = 0.55  # darkness from which the gate opens
DARK = TARGET * (1 - DARK_ENOUGH)  # the same as mean luma
ROOM_ENOUGH = 0.3  # headroom from which the gate opens
LUMA_RADIUS, CHROMA_RADIUS = 2, 6  # denoising windows in pixels; color noise is coarser and less missed
NOISE_FLAT = 2.5  # how many sigma of raised noise count as flat
SECOND_PASS = 0.1  # share of eps in the second pass, whose guide is the first pass: edges come back without their noise
COLOR_FLAT = 0.5  # share of eps that is subtracted from the power of color detail (Wiener)
FADE = 0.12  # colors are scaled by gain ** -FADE: the linear toe of sRGB makes dark colors purer than raised ones
MARGIN = 5 * LUMA_RADIUS + 2 * CHROMA_RADIUS  # how far a pixel reaches in _denoise
LEVEL_SIGMA = 0.29 / 255  # standard deviation of rounding to 8 bits
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
    image: NDArray[np.uint8], *, strength: float = 1.0, force: bool = False, model: str = "classical"
) -> Enhancement:
    """The photo with its dark parts raised, highlights kept, hue kept, and the noise that the gain raises removed.

    Args:
        image: RGB uint8 (H, W, 3), any size.
        strength: [0, 1], a share of the stops of gain; 0 applies nothing, continuous in between.
        force: enhance even when the gate says that the photo does not need it, as far as it is below the target.
        model: one of ESTIMATORS.

    Raises:
        ArgumentError: strength outside [0, 1], or not an RGB uint8 image.
        UnknownNameError: no such model.

    Reference: X. Guo, Y. Li, H. Ling, LIME, IEEE TIP 2017, doi:10.1109/TIP.2016.2639450; K. He, J. Sun, X. Tang,
    Guided image filtering, IEEE TPAMI 2013, doi:10.1109/TPAMI.2012.213.
    """
    require(model, ESTIMATORS)
    if not 0 <= strength <= 1:
        raise ArgumentError(f"strength must be in [0, 1], found {strength}: 0 changes nothing, 1 is the full effect.")
    _check(image)
    scene = illumination(image)
    answer, before = _need(scene), _mean_luma(image)
    unchanged = Enhancement(image, False, answer, strength, before, before, CLASSICAL)
    if strength == 0:
        return replace(unchanged, need=replace(answer, reason=f"{answer.reason} A strength of 0 raises nothing."))
    if not answer.needed and not force:
        return unchanged
    lift = lift_for(scene, TARGET, BRIGHT) ** strength
    if lift == 1:
        return replace(unchanged, need=replace(answer, reason=NOTHING))
    out = _render(image, scene, lift)
    return Enhancement(out, True, answer, strength, before, _mean_luma(out), CLASSICAL)


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
    headroom = float(np.clip(1 - np.percentile(scene.peak, 98), 0, 1))
    if darkness < DARK_ENOUGH:
        reason = f"This photo does not need it: its mean luminance is {mean:.2f} of 1; below {DARK:.2f} is dark."
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
    return Need(darkness >= DARK_ENOUGH and headroom >= ROOM_ENOUGH, darkness, headroom, reason)


def _noise(image: Pixels) -> tuple[float, ...]:
    """Noise sigma of Y, Cr and Cb at full size, in [0, 1], at least that of rounding.

    From the lower quartile of the response to the mask of Immerkaer (1996, doi:10.1006/cviu.1996.0060): the quartile
    instead of the mean, because texture only adds to it. Counts per level instead of iqa.measures.noise_sigma, which
    needs the whole photo in floating point and leaves out what is nearly black: here that is most of the photo.
    """
    mask = np.rint(MASK * 6)
    counts = np.zeros((3, 16 * 255 + 1))
    for rows, inner in stripes(image.shape[0], STRIPE_ROWS, 1):
        planes = cv2.cvtColor(image[rows], cv2.COLOR_RGB2YCrCb)
        found = np.abs(cv2.filter2D(planes, cv2.CV_16S, mask, borderType=cv2.BORDER_REFLECT))[inner]
        for channel in range(3):
            counts[channel] += np.bincount(found[..., channel].ravel(), minlength=counts.shape[1])
    shares = np.cumsum(counts, axis=1) / (image.shape[0] * image.shape[1])
    edges = np.arange(counts.shape[1] + 1) - 0.5  # a level stands for the unit interval around it
    quartiles = [float(np.interp(0.25, np.concatenate([[0.0], share]), edges)) for share in shares]
    unit = NormalDist().inv_cdf(0.625) * 6 * 255  # lower quartile of |response| to unit noise, in levels
    return tuple(max(quartile / unit, LEVEL_SIGMA) for quartile in quartiles)


def _smooth(plane: Floats, guide: Floats, radius: int, eps: Floats) -> Floats:
    """The plane after a guided filter whose eps differs from pixel to pixel."""
    mean_guide, mean_plane = box(guide, radius), box(plane, radius)
    variance: Floats = np.maximum(box(guide * guide, radius) - mean_guide * mean_guide, np.float32(0))
    covariance = box(guide * plane, radius) - mean_guide * mean_plane
    slope: Floats = covariance / (variance + eps)
    return box(slope, radius) * guide + box(np.subtract(mean_plane, slope * mean_guide), radius)


def _denoise(raised: Floats, factor: Floats, sigmas: tuple[float, ...]) -> Floats:
    """RGB float32 (h, w, 3) without the noise that the factor added: its variance grew by factor ** 2 - 1."""
    planes = np.asarray(cv2.cvtColor(raised, cv2.COLOR_RGB2YCrCb), dtype=np.float32)
    grown: Floats = np.maximum(factor * factor - 1, np.float32(0)) * np.float32(NOISE_FLAT**2)
    eps: list[Floats] = [grown * np.float32(sigma**2) + np.float32(1e-9) for sigma in sigmas]
    luma: Floats = np.ascontiguousarray(planes[..., 0])
    guide = _smooth(luma, luma, LUMA_RADIUS, eps[0])
    luma = _smooth(luma, guide, LUMA_RADIUS, eps[0] * np.float32(SECOND_PASS))
    fade = factor ** np.float32(-FADE)
    colors = [_color(planes[..., c] - np.float32(0.5), luma, eps[c]) * fade + 0.5 for c in (1, 2)]
    return np.asarray(cv2.cvtColor(cv2.merge([luma, *colors]), cv2.COLOR_YCrCb2RGB), dtype=np.float32)


def _color(plane: Floats, luma: Floats, eps: Floats) -> Floats:
    """A color difference without its noise: what follows the luma, and of the rest what stands out from the noise."""
    follows = _smooth(plane, luma, CHROMA_RADIUS, eps)
    rest: Floats = plane - follows
    keep = np.maximum(1 - COLOR_FLAT * eps / (box(rest * rest, LUMA_RADIUS) + np.float32(1e-9)), 0)
    return np.asarray(follows + keep * rest, dtype=np.float32)


def _render(image: Pixels, scene: Illumination, lift: float, rows_at_once: int = STRIPE_ROWS) -> Pixels:
    """The enhanced pixels; the result does not depend on rows_at_once."""
    out = np.empty_like(image)
    shape = (image.shape[0], image.shape[1])
    sigmas = _noise(image)
    done = 0
    for rows, inner in stripes(shape[0], rows_at_once, MARGIN):
        pixels = image[rows].astype(np.float32) / np.float32(255)
        peak = pixels.max(axis=2)
        light = enlarge_rows(scene.slope, shape, rows) * peak + enlarge_rows(scene.offset, shape, rows)
        factor = gain(np.clip(light, 0, 1), peak, lift)
        clean = _denoise(pixels * factor[..., None], factor, sigmas)[inner]
        height = clean.shape[0]
        out[done : done + height] = np.rint(np.clip(clean, 0, 1) * 255).astype(np.uint8)
        done += height
    return out
