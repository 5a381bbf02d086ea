"""Point spread functions: kernels of sum 1 that optics, hands and moving subjects draw on a sensor."""

import cv2
import numpy as np
from numpy.typing import NDArray

SUBSAMPLES = 8


def disc(radius_px: float) -> NDArray[np.float32]:
    """PSF of a lens out of focus: an antialiased disc (the image of a round aperture).

    Args:
        radius_px: radius of the circle of confusion, >= 0; below about 0.5 the kernel is nearly a single pixel.

    Returns:
        float32 (k, k), k odd, sum 1.
    """
    reach = int(np.ceil(radius_px)) + 1
    step = (np.arange(-reach * SUBSAMPLES, (reach + 1) * SUBSAMPLES) + 0.5) / SUBSAMPLES - 0.5
    y, x = np.meshgrid(step, step, indexing="ij")
    inside = (x * x + y * y <= max(radius_px, 0.5) ** 2).astype(np.float32)
    side = 2 * reach + 1
    kernel = inside.reshape(side, SUBSAMPLES, side, SUBSAMPLES).mean(axis=(1, 3))
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


def line(length_px: float, angle_deg: float) -> NDArray[np.float32]:
    """PSF of a steady movement during the exposure.

    Args:
        length_px: length of the smear, >= 0.
        angle_deg: direction, counter-clockwise from the x axis as seen (y up).

    Returns:
        float32 (k, k), k odd, sum 1.
    """
    angle = np.deg2rad(angle_deg)
    t = np.linspace(-0.5, 0.5, max(2, int(length_px * SUBSAMPLES))) * length_px
    return _trace(t * np.cos(angle), -t * np.sin(angle))


def shake(length_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """PSF of an unsteady hand: a smooth random path of that total extent.

    Args:
        length_px: longest distance between two points of the path, >= 0.
        rng: source of the path; the same state gives the same shape at every length.

    Returns:
        float32 (k, k), k odd, sum 1.

    Reference: Boracchi and Foi, "Modeling the performance of image restoration from motion blur", 2012,
    doi:10.1109/TIP.2012.2192126 (random acceleration with inertia; simplified: no impulsive jerks).
    """
    acceleration = rng.normal(size=(2, 256))
    velocity = cv2.GaussianBlur(np.cumsum(acceleration, axis=1), (31, 1), 8) + rng.normal(scale=8.0, size=(2, 1))
    path = np.cumsum(velocity, axis=1)
    path = path - path.mean(axis=1, keepdims=True)
    extent = np.sqrt(((path[:, :, None] - path[:, None, :]) ** 2).sum(axis=0).max())
    path = path * (length_px / max(extent, 1e-9))
    dense = np.linspace(0, path.shape[1] - 1, max(2, int(length_px * SUBSAMPLES)))
    knots = np.arange(path.shape[1])
    return _trace(np.interp(dense, knots, path[0]), np.interp(dense, knots, path[1]))


def convolve(light: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """The picture (H, W) or (H, W, C) spread by a kernel; borders reflected, same shape and mean."""
    reach = [min(k // 2, n - 1) for k, n in zip(kernel.shape, light.shape, strict=False)]
    center = [k // 2 for k in kernel.shape]
    cut = kernel[center[0] - reach[0] : center[0] + reach[0] + 1, center[1] - reach[1] : center[1] + reach[1] + 1]
    total = float(cut.sum())
    flipped = cv2.flip(np.ascontiguousarray(cut / total if total > 0 else cut), -1)
    return np.asarray(cv2.filter2D(light, cv2.CV_32F, flipped, borderType=cv2.BORDER_REFLECT_101), dtype=np.float32)


def _trace(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
    """Kernel of the points of a path, each shared among its four nearest pixels."""
    reach = int(np.ceil(max(np.abs(x).max(), np.abs(y).max()))) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float64)
    column, row = x + reach, y + reach
    c, r = np.floor(column).astype(int), np.floor(row).astype(int)
    u, v = column - c, row - r
    for dr, dc, weight in ((0, 0, (1 - u) * (1 - v)), (0, 1, u * (1 - v)), (1, 0, (1 - u) * v), (1, 1, u * v)):
        np.add.at(kernel, (r + dr, c + dc), weight)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)
