"""Between the sRGB of files and the linear light in which optics and sensors work."""

import numpy as np
from numpy.typing import NDArray

_LEVELS = np.arange(256, dtype=np.float64) / 255.0
_TO_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_linear(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Linear light of an sRGB picture.

    Args:
        image: sRGB uint8, any shape.

    Returns:
        float32 of the same shape in [0, 1]; 1 is the white of the file.

    Reference: IEC 61966-2-1:1999.
    """
    return _TO_LINEAR[image]


def from_linear(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """sRGB uint8 of linear light: clipped to [0, 1], encoded, rounded to the nearest level.

    Reference: IEC 61966-2-1:1999.
    """
    x = np.clip(light, 0.0, 1.0)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.rint(encoded * 255.0).astype(np.uint8)
