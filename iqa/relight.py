"""A dark photo raised in closed form: a gain from its illumination, and the noise that the gain raises removed."""

from statistics import NormalDist

import cv2
import numpy as np

from .illumination import STRIPE_ROWS, Floats, Illumination, Pixels, box, enlarge_rows, gain, stripes
from .measures.noise import MASK

LUMA_RADIUS, CHROMA_RADIUS = 2, 6  # denoising windows in pixels; color noise is coarser and less missed
NOISE_FLAT = 2.5  # how many sigma of raised noise count as flat
SECOND_PASS = 0.1  # share of eps in the second pass, whose guide is the first pass: edges come back without their noise
COLOR_FLAT = 0.5  # share of eps that is subtracted from the power of color detail (Wiener)
FADE = 0.12  # colors are scaled by gain ** -FADE: the linear toe of sRGB makes dark colors purer than raised ones
MARGIN = 5 * LUMA_RADIUS + 2 * CHROMA_RADIUS  # how far a pixel reaches in _denoise
LEVEL_SIGMA = 0.29 / 255  # standard deviation of rounding to 8 bits


def relit(image: Pixels, scene: Illumination, lift: float, rows_at_once: int = STRIPE_ROWS) -> Pixels:
    """The pixels, RGB uint8 (H, W, 3), with up to `lift` (1 or more) times their value; the same for any rows_at_once.

    Reference: X. Guo, Y. Li, H. Ling, LIME, IEEE TIP 2017, doi:10.1109/TIP.2016.2639450; K. He, J. Sun, X. Tang,
    Guided image filtering, IEEE TPAMI 2013, doi:10.1109/TPAMI.2012.213.
    """
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
