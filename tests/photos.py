"""Photographs that scikit-image carries inside its wheel, and our own small damages of them, for tests."""

from functools import cache

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

_MAKERS = {
    "astronaut": skimage.data.astronaut,
    "coffee": skimage.data.coffee,
    "chelsea": skimage.data.chelsea,
    "rocket": skimage.data.rocket,
    "motorcycle": lambda: skimage.data.stereo_motorcycle()[0],
    "camera": lambda: cv2.cvtColor(skimage.data.camera(), cv2.COLOR_GRAY2RGB),
}
NAMES = tuple(_MAKERS)


def photo(name: str) -> NDArray[np.uint8]:
    """One photograph by name: RGB uint8 (H, W, 3)."""
    return _decoded(name).copy()


@cache
def _decoded(name: str) -> NDArray[np.uint8]:
    return np.ascontiguousarray(_MAKERS[name]())


def blurred(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """The photo after a Gaussian blur."""
    return image.copy() if sigma_px == 0 else np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px))


def noisy(image: NDArray[np.uint8], sigma: float, seed: int = 0) -> NDArray[np.uint8]:
    """The photo with white Gaussian noise of ``sigma`` grey levels, the same in all channels (so in luma too)."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, image.shape[:2])[..., None]
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def line_kernel(length_px: float, angle_deg: float) -> NDArray[np.float32]:
    """Kernel of a uniform linear motion; the angle counts counter-clockwise as seen, y up."""
    half = int(np.ceil(length_px / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    for t in np.linspace(-length_px / 2, length_px / 2, 16 * half):
        x = half + t * np.cos(np.radians(angle_deg))
        y = half - t * np.sin(np.radians(angle_deg))
        x0, y0 = int(x), int(y)
        for dx, wx in ((0, x0 + 1 - x), (1, x - x0)):
            for dy, wy in ((0, y0 + 1 - y), (1, y - y0)):
                if wx * wy > 0:
                    kernel[y0 + dy, x0 + dx] += wx * wy
    return (kernel / kernel.sum()).astype(np.float32)


def moved(image: NDArray[np.uint8], length_px: float, angle_deg: float) -> NDArray[np.uint8]:
    """The photo after a linear motion."""
    return np.asarray(cv2.filter2D(image, -1, line_kernel(length_px, angle_deg)))


def defocused(image: NDArray[np.uint8], radius_px: float) -> NDArray[np.uint8]:
    """The photo after a disc blur."""
    half = int(np.ceil(radius_px)) + 1
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(cv2.filter2D(image, -1, (kernel / kernel.sum()).astype(np.float32)))


def dihedral(array: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    """The eight flips and quarter turns of an image or map."""
    turned = np.swapaxes(array, 0, 1)
    flips = (slice(None), slice(None, None, -1))
    return [np.ascontiguousarray(a[v, h]) for a in (array, turned) for v in flips for h in flips]
