"""From closed-form measures to severities in [0, 1]: where each begins, and where it is as severe as can be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .damage import jpeg_quality
from .measures import blockiness, quantized_quality


@dataclass(frozen=True)
class Ramp:
    """From a measure to a severity: 0 up to ``none``, 1 from ``severe`` on, linear (or in the logarithm) between."""

    none: float
    severe: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Severity in [0, 1] of a value of the measure."""
        low, high, x = self.none, self.severe, value
        if self.logarithmic:
            low, high, x = np.log(low), np.log(high), np.log(max(value, 1e-9))
        return float(np.clip((x - low) / (high - low), 0.0, 1.0))


CAST = Ramp(8.0, 28.0)  # Delta E_ab of the light
BLUR = Ramp(1.2, 3.5, logarithmic=True)  # edge width, px at analysis scale
NOISE = Ramp(2.5, 15.0, logarithmic=True)  # sigma, grey levels
EXPOSURE = Ramp(0.2, 0.9)  # 1 - exposure factor
BLOCKS = Ramp(0.12, 0.9)  # blockiness
JPEG = Ramp(-75.0, -10.0)  # minus the JPEG quality of the file
SAVED = Ramp(-jpeg_quality(0.0), -jpeg_quality(1.0))  # minus that of the pixels: the severity that iqa.damage calls it


def measured_compression(image: NDArray[np.uint8], blocks: float | None = None) -> float:
    """The severity of compression, [0, 1], 0 = none: what the steps of a JPEG say, or its blocks where they say more.

    Args:
        image: RGB uint8 (H, W, 3) at its own pixels.
        blocks: severity of what is seen of them; None = by their measure.
    """
    quality = quantized_quality(image)
    return max(BLOCKS(blockiness(image)) if blocks is None else blocks, 0.0 if quality is None else SAVED(-quality))
