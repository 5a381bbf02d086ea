"""Point spread functions: kernels of sum 1 that optics, hands and moving subjects draw on a sensor."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError

SUBSAMPLES = 8


def disc(radius_px: float) -> NDArray[np.float32]:
    """PSF of a lens out of focus: an antialiased disc (the image of a round aperture).

    Args:
        radius_px: radius of the circle of confusion, >= 0; below about 0.5 the kernel is nearly a single pixel.

    Returns:
        float32 (k, k), k odd, sum 1.
    """
    y, x = _grid(radius_px)
    return _antialiased(x * x + y * y <= max(radius_px, 0.5) ** 2)


def polygon(radius_px: float, blades: int, angle_deg: float) -> NDArray[np.float32]:
    """PSF of a lens out of focus behind a diaphragm of straight blades: an antialiased regular polygon.

    Args:
        radius_px: of the disc of the same area, >= 0, so that both spread the light equally far.
        blades: corners of the polygon, 3 or more.
        angle_deg: direction of one side's normal, counter-clockwise from the x axis as seen (y up).

    Returns:
        float32 (k, k), k odd, sum 1.

    Raises:
        ArgumentError: fewer than three blades.
    """
    if blades < 3:
        raise ArgumentError(f"A diaphragm of {blades} blades leaves no opening; accepted: 3 or more.")
    apothem = max(radius_px, 0.5) * np.sqrt(np.pi / (blades * np.tan(np.pi / blades)))
    y, x = _grid(apothem / np.cos(np.pi / blades))
    normals = np.deg2rad(angle_deg) + 2 * np.pi * np.arange(blades) / blades
    inside = np.ones(x.shape, dtype=np.bool_)
    for normal in normals:
        inside &= x * np.cos(normal) - y * np.sin(normal) <= apothem
    return _antialiased(inside)


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


def _grid(radius_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of the subsamples of a kernel with that reach, in px from its center."""
    reach = int(np.ceil(radius_px)) + 1
    step = (np.arange(-reach * SUBSAMPLES, (reach + 1) * SUBSAMPLES) + 0.5) / SUBSAMPLES - 0.5
    y, x = np.meshgrid(step, step, indexing="ij")
    return y, x


def _antialiased(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Kernel of a shape given on the subsamples."""
    side = len(inside) // SUBSAMPLES
    kernel = inside.astype(np.float32).reshape(side, SUBSAMPLES, side, SUBSAMPLES).mean(axis=(1, 3))
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


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
