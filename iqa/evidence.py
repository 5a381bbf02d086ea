"""What the degradations of a photo were read from, as numbers and as pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .measures import (
    Exposure,
    analysis_luma,
    blockiness,
    clipped_masks,
    color_cast,
    correct_cast,
    edge_width,
    noise_sigma,
    quantized_quality,
    sharpness_map,
)
from .resize import reduced

PREVIEW_SIDE = 1024
SHADOW_MARK, HIGHLIGHT_MARK = (40, 90, 255), (255, 40, 40)

STANDS_FOR = {"cast_delta_e": "color_cast", "noise_sigma": "noise", "edge_width_px": "blurriness"}
"""Number to the severity without which it is not shown: of a black frame there is an edge width, but no edge."""

STEPS, LOOKS = "steps", "looks"
"""How a JPEG quality is known: by the steps of the coefficients, or by what a network makes of the pixels."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Evidence:
    """What the severities stand for: the closed form reads them from it; beside a network's it is measured, save what
    says otherwise.

    Attributes:
        illuminant: (r, g, b) of the estimated light in linear light, the largest is 1.
        cast_delta_e: Delta E_ab of that light from neutral, 0 = neutral.
        corrected: uint8 (h, w, 3) preview with the cast taken out.
        noise_sigma: standard deviation of the noise in grey levels, at analysis scale; where a network answers, the
            geometric mean of what it says and of what flat places show (iqa.measures.grain_sigma): the one knows
            texture from noise, the other the noise of cameras.
        edge_width_px: Gaussian sigma of the strong edges in px, at analysis scale.
        sharpness_map: float32 (gh, gw) in [0, 1], 1 = sharp, NaN = no texture to judge.
        clipped: uint8 (h, w, 3) preview, lost shadows blue and lost highlights red.
        clipped_shadows: fraction of the pixels, [0, 1].
        clipped_highlights: fraction of the pixels, [0, 1].
        mean_luminance: [0, 1].
        blockiness: strength of the 8x8 grid of JPEG, 0 = none.
        jpeg_quality: quality the file was saved with, 1..100; None when unknown.
        jpeg_quality_estimated: quality, 1..100, higher is better, of the JPEG saving whose steps the pixels still show,
            whatever file they are in now (measures.quantized_quality), the last one or one very much coarser before it.
            Else the quality at which a JPEG looks as compressed to a network (iqa.jpeg_looks), the middle of a photo
            larger than analysis scale; the last step of the ladder stands for all below; None where that is too little
            to say, where no network was asked, and where compression, or `native` of a larger photo, is None.
        jpeg_quality_by: STEPS where the former was measured, LOOKS where it is a guess; None where it is None.
        native: blurriness, noise and compression, [0, 1], 0 = none, that a network sees in the middle of a photo larger
            than analysis scale, at its own pixels. None for a smaller photo, where the photo or its middle has no
            texture, of a strip whose copy at analysis scale is an icon, and where no network was asked. The middle may
            be out of focus on purpose.
        watermark_map: float32 (gh, gw) in [0, 1], 1 = where the watermark is; None: not looked for (iqa.watermark), or
            no watermark to look for.
        watermark_box: (x0, y0, x1, y1) around it in px of the photo, the last two excluded; None as above.
    """

    illuminant: tuple[float, float, float]
    cast_delta_e: float
    corrected: NDArray[np.uint8]
    noise_sigma: float
    edge_width_px: float
    sharpness_map: NDArray[np.float32]
    clipped: NDArray[np.uint8]
    clipped_shadows: float
    clipped_highlights: float
    mean_luminance: float
    blockiness: float
    jpeg_quality: int | None
    jpeg_quality_estimated: int | None = None
    jpeg_quality_by: str | None = None
    native: Mapping[str, float] | None = None
    watermark_map: NDArray[np.float32] | None = None
    watermark_box: Box | None = None


def measured(image: NDArray[np.uint8], tones: Exposure, jpeg_quality: int | None) -> Evidence:
    """The evidence that is measured, beside the quality that the header of the file tells.

    Args:
        image: RGB uint8 (H, W, 3).
        tones: its exposure.
        jpeg_quality: 1..100, or None where it is not known.
    """
    luma, saved = analysis_luma(image), quantized_quality(image)
    cast = color_cast(image)
    preview = reduced(image, PREVIEW_SIDE)
    largest = max(cast.illuminant)
    red, green, blue = (value / largest for value in cast.illuminant)
    return Evidence(
        illuminant=(red, green, blue),
        cast_delta_e=cast.magnitude,
        corrected=correct_cast(preview, cast),
        noise_sigma=noise_sigma(luma),
        edge_width_px=edge_width(luma),
        sharpness_map=sharpness_map(luma),
        clipped=_mark_clipped(image, preview),
        clipped_shadows=tones.clipped_shadows,
        clipped_highlights=tones.clipped_highlights,
        mean_luminance=tones.mean_luminance,
        blockiness=blockiness(image),
        jpeg_quality=jpeg_quality,
        jpeg_quality_estimated=saved,
        jpeg_quality_by=None if saved is None else STEPS,
    )


def _mark_clipped(image: NDArray[np.uint8], preview: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The preview dimmed to grey, clipped shadows blue, clipped highlights red."""
    grey = cv2.cvtColor(cv2.cvtColor(preview, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    marked = (0.6 * grey).astype(np.float32)
    for mask, color in zip(clipped_masks(image), (SHADOW_MARK, HIGHLIGHT_MARK), strict=True):
        size = (preview.shape[1], preview.shape[0])
        part = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
        marked = marked * (1.0 - part) + np.array(color, np.float32) * part
    return np.rint(marked).astype(np.uint8)
