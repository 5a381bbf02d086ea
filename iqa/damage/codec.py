"""What saving does: a round trip through a lossy codec."""

from io import BytesIO

import numpy as np
from PIL import Image

from ..errors import ArgumentError
from .frame import Picture

LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}
"""Pixels; what the formats can hold."""


def jpeg_quality(severity: float) -> int:
    """JPEG quality that a severity of `compression` in [0, 1] stands for: 90 (0) down to 4 (1), higher is better."""
    return round(90 - 86 * severity)


def compression(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """JPEG at a quality from 90 (severity just above 0) down to 4, chroma halved."""
    return saved(image, "JPEG", quality=jpeg_quality(severity), subsampling="4:2:0")


def compression_webp(image: Picture, severity: float, _: np.random.Generator) -> Picture:
    """WebP at a quality from 90 (severity just above 0) down to 0: smears detail, has no grid of 8 x 8 blocks."""
    return saved(image, "WEBP", quality=round(90 - 90 * severity), method=4)


def saved(image: Picture, codec: str, **options: object) -> Picture:
    """The picture after saving and reading it again.

    Args:
        image: RGB uint8 (H, W, 3).
        codec: a key of LONGEST_SIDE.
        options: of Pillow's encoder, such as quality.

    Raises:
        ArgumentError: a side that the format cannot hold.
    """
    if max(image.shape[:2]) > LONGEST_SIDE[codec]:
        height, width = image.shape[:2]
        raise ArgumentError(
            f"A picture of {width} x {height} px does not fit into {codec}; at most {LONGEST_SIDE[codec]} px a side. "
            "Reduce it first."
        )
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, codec, **options)
    return np.asarray(Image.open(buffer).convert("RGB"))
