"""Sharpness: two energy measures, the width of the edges in pixels, and a local map.

The energies grow with contrast, texture and noise as well as with sharpness; the edge width and the map are ratios of
gradients at two scales, in which contrast and brightness cancel.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .noise import noise_sigma

Plane = NDArray[np.float32]

FINE_PX, COARSE_PX = 1.0, 2.5
"""The two Gaussians that are compared: fine enough for a sharp edge, coarse enough to stand above noise."""
MAX_EDGE_WIDTH = 10.0
"""Upper end of the range in px, and the answer for a photo without edges."""
MIN_GRADIENT = 0.25
"""Grey levels per px after the coarse blur: below it rounding to 8 bits makes as much gradient as the scene."""
EDGE_NOISE = 8.0
"""An edge counts when its gradient is this many standard deviations of the noise's own gradient."""
MAP_NOISE = 2.0
"""A map cell counts when the root mean square gradient of its content is this many times that of the noise."""
RIDGE = 0.9
"""Pixels within this share of the highest gradient in the 5x5 neighborhood lie on the crest of an edge."""
ALONG_PX = 7
"""Side of the window in which the gradients of an edge are averaged: the noise falls, other edges stay out."""
STRONG = 0.5
"""Edges with at least this share of the gradient of the best twentieth are judged: a soft background has less."""
HALF_SHARP_PX = 2.0
"""Edge width at which the map reads 0.5: at 1024 x 768 an edge this soft is seen as soft without zooming in."""


def laplacian_variance(luma: Plane) -> float:
    """Variance of the 4-neighbor Laplacian, in grey levels squared; >= 0, higher is sharper (and noisier).

    Args:
        luma: float32 (h, w), 0..255, at analysis scale.

    Reference: Pech-Pacheco et al. 2000, Diatom autofocusing in brightfield microscopy, doi:10.1109/ICPR.2000.903548.
    """
    return float(cv2.Laplacian(luma, cv2.CV_32F, ksize=1).var(dtype=np.float64))


def tenengrad(luma: Plane) -> float:
    """Mean squared Sobel gradient, in (grey levels per px) squared; >= 0, higher is sharper (and noisier).

    The 3x3 Sobel kernels are divided by 8, so that a ramp of one grey level per px gives 1; the paper's figure, with
    undivided kernels, is 64 times larger.

    Args:
        luma: float32 (h, w), 0..255, at analysis scale.

    Reference: Tenenbaum 1970; Pertuz, Puig & Garcia 2013, doi:10.1016/j.patcog.2012.11.011.
    """
    dx = cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    dy = cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return float(np.mean(dx * dx + dy * dy, dtype=np.float64))


@dataclass(frozen=True)
class Gradients:
    """Gradients after the two Gaussians.

    Attributes:
        dx, dy: coarse gradient, grey levels per px, x to the right and y down.
        across: fine . coarse gradient: a projection, so that the noise of the fine one averages out.
        energy: coarse . coarse gradient.
        crest: pixels on the crest of an edge, however weak; edges: those that stand above the noise.
        noise_across, noise_energy: what white noise alone contributes to the two products.
    """

    dx: NDArray[np.float64]
    dy: NDArray[np.float64]
    across: Plane
    energy: Plane
    crest: NDArray[np.bool_]
    edges: NDArray[np.bool_]
    noise_across: float
    noise_energy: float


def gradients(luma: Plane) -> Gradients:
    """Gradients of the luma at the two scales, with the crests of its edges."""
    exact = luma.astype(np.float64)  # in float32 the rounding of a turned photo would move pixels over the thresholds
    fx, fy, dx, dy = (
        np.asarray(cv2.Sobel(smooth, cv2.CV_64F, x, 1 - x, ksize=1, scale=0.5), dtype=np.float64)
        for smooth in (cv2.GaussianBlur(exact, (0, 0), sigma) for sigma in (FINE_PX, COARSE_PX))
        for x in (1, 0)
    )
    energy = dx * dx + dy * dy
    crest = energy >= RIDGE**2 * cv2.dilate(energy, np.ones((5, 5), np.uint8))
    # White noise of variance v after two Gaussians: E[gradient . gradient] = v / (4 pi m^2), m = mean of the variances.
    variance = noise_sigma(luma) ** 2
    noise_across, noise_energy = (
        variance / (4 * np.pi * m * m) for m in ((FINE_PX**2 + COARSE_PX**2) / 2, COARSE_PX**2)
    )
    edges = crest & (energy > max(MIN_GRADIENT**2, EDGE_NOISE**2 * noise_energy / 2))
    across = (fx * dx + fy * dy).astype(np.float32)
    return Gradients(dx, dy, across, energy.astype(np.float32), crest, edges, noise_across, noise_energy)


def width_px(across: ArrayLike, energy: ArrayLike) -> NDArray[np.float64]:
    """Gaussian sigma of a step edge whose crest has the gradient ratio across / energy, in [0, MAX_EDGE_WIDTH].

    A step blurred by s has, after a further Gaussian t, the peak gradient c / sqrt(2 pi (s^2 + t^2)): two t, one s.
    """
    ratio = np.asarray(across, np.float64) / np.maximum(np.asarray(energy, np.float64), 1e-12)
    square = np.maximum(ratio, 1.0 + 1e-6) ** 2
    variance = (COARSE_PX**2 - square * FINE_PX**2) / (square - 1.0)
    return np.asarray(np.clip(np.sqrt(np.maximum(variance, 0.0)), 0.0, MAX_EDGE_WIDTH))


@dataclass(frozen=True)
class Edges:
    """The edge pixels of a photo, 1-D arrays of one length.

    Attributes:
        row, column: where, px.
        width: edge width in px, averaged along the edge.
        gradient: after the fine Gaussian, in grey levels per px, across the edge and averaged along it.
        angle_deg: (-180, 180], where the gradient points, counter-clockwise from the x axis as seen (y up).
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    width: NDArray[np.float64]
    gradient: NDArray[np.float64]
    angle_deg: NDArray[np.float64]


def find_edges(luma: Plane) -> Edges:
    """Crests of the luma that stand above its noise, with their widths."""
    g = gradients(luma)
    rows, columns = np.nonzero(g.edges)
    across, energy = (
        cv2.blur(np.where(g.edges, plane - np.float32(noise), np.float32(0)), (ALONG_PX, ALONG_PX))[rows, columns]
        for plane, noise in ((g.across, g.noise_across), (g.energy, g.noise_energy))
    )
    angle = np.degrees(np.arctan2(-g.dy[rows, columns], g.dx[rows, columns]))
    # The ratio averages the noise out, the coarse gradient has little: their product is the fine gradient, steadied.
    gradient = across / np.maximum(energy, 1e-12) * np.sqrt(g.energy[rows, columns], dtype=np.float64)
    return Edges(rows, columns, width_px(across, energy), gradient, angle)


def sharp_width(edges: Edges, angle_deg: float, half_angle_deg: float) -> tuple[float, int]:
    """(lower quartile of the widths, edge pixels) of the strong edges whose gradient lies near an axis; (0, 0) = none.

    Fewer than 16 edge pixels, or than a fiftieth of all, are no evidence.
    """
    here = np.abs((edges.angle_deg - angle_deg + 90) % 180 - 90) <= half_angle_deg
    gradient = edges.gradient[here]
    if len(gradient) < max(16, 0.02 * len(here)):
        return 0.0, 0
    widths = edges.width[here][gradient >= STRONG * np.quantile(gradient, 0.95)]
    return float(np.quantile(widths, 0.25)), len(widths)


def edge_width(luma: Plane) -> float:
    """Gaussian sigma of the photo's sharp edges, in px of the luma given; lower is sharper; [0, MAX_EDGE_WIDTH].

    The lower quartile over the strong edges (a photo is sharp when its subject is, whatever the background does),
    taken for each of four edge orientations; the widest of the four is the answer, because a moving camera leaves the
    edges along its path sharp. Nearly independent of contrast, brightness and white noise. An isolated ideal step reads
    1.0, and up to 0.3 too wide below 2 px; fine texture reads down to 0. A photo without any edge above the noise gives
    MAX_EDGE_WIDTH.

    Args:
        luma: float32 (h, w), 0..255, at analysis scale.

    Reference: Zhuo & Sim 2011, Defocus map estimation from a single image, doi:10.1016/j.patcog.2011.03.009 (the
    re-blur ratio at the crest of an edge; here between two Gaussians, projected and averaged along the edge).
    """
    edges = find_edges(luma)
    found = [sharp_width(edges, axis, 22.5) for axis in (0, 45, 90, 135)]
    return max((width for width, count in found if count), default=MAX_EDGE_WIDTH)


def map_shape(shape: tuple[int, ...], grid: int = 32) -> tuple[int, int]:
    """(rows, columns) of a map of a luma of that shape: the longer side ``grid`` cells, at most one per pixel."""
    longer = max(shape)
    cells = min(max(1, grid), longer)
    rows, columns = (max(1, round(side * cells / longer)) for side in shape)
    return rows, columns


def sharpness_map(luma: Plane, grid: int = 32) -> Plane:
    """Local sharpness, float32 (gh, gw) in [0, 1], 1 = sharp, the longer side ``grid`` cells; NaN = cannot tell.

    1 / (1 + (w / HALF_SHARP_PX)^2) of the local edge width w. NaN marks cells without texture above the noise (sky, a
    plain wall). Dense filters reduced by area averaging: a flipped photo has the flipped map. Motion blur leaves the
    edges along the motion, which then read sharper than the photo looks: ``directional_blur`` answers that question.

    Args:
        luma: float32 (h, w), 0..255, at analysis scale.
        grid: cells along the longer side; at most one per pixel.

    Reference: as edge_width.
    """
    height, width = map_shape(luma.shape, grid)
    parts = max(1, min(4, *(side // n for side, n in zip(luma.shape, (height, width), strict=True))))
    g = gradients(luma)

    def local(plane: Plane) -> NDArray[np.float64]:
        """Average around each cell, half a cell wide: blurred on a grid ``parts`` times finer, which is cheap."""
        dense = cv2.resize(plane, (width * parts, height * parts), interpolation=cv2.INTER_AREA)
        smooth = cv2.GaussianBlur(dense, (0, 0), parts / 2)
        return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float64)

    weight = np.where(g.crest, g.energy, np.float32(1e-6))
    total = local(weight)
    across = local(weight * g.across) - g.noise_across * total
    energy = local(weight * g.energy) - g.noise_energy * total
    sharp = 1.0 / (1.0 + (width_px(across, energy) / HALF_SHARP_PX) ** 2)
    texture = local(g.energy) - g.noise_energy
    judged = texture > max((2 * MIN_GRADIENT) ** 2, MAP_NOISE**2 * g.noise_energy)
    return np.where(judged, sharp, np.nan).astype(np.float32)
