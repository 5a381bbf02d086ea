"""Closed-form measures of a photo; each file is one family, each measure cites its paper."""

from .color import ColorCast, color_cast, colorfulness, correct_cast
from .compression import blockiness
from .direction import Direction, directional_blur
from .exposure import Exposure, brightness, clipped_masks, contrast, exposure
from .grain import grain_sigma
from .noise import noise_sigma
from .quantization import quantized_quality
from .scale import ANALYSIS_PIXELS, analysis_luma, luminance
from .sharpness import edge_width, laplacian_variance, sharpness_map, tenengrad
from .smear import Smear, smear_map

__all__ = [
    "ANALYSIS_PIXELS",
    "ColorCast",
    "Direction",
    "Exposure",
    "Smear",
    "analysis_luma",
    "blockiness",
    "brightness",
    "clipped_masks",
    "color_cast",
    "colorfulness",
    "contrast",
    "correct_cast",
    "directional_blur",
    "edge_width",
    "exposure",
    "grain_sigma",
    "laplacian_variance",
    "luminance",
    "noise_sigma",
    "quantized_quality",
    "sharpness_map",
    "smear_map",
    "tenengrad",
]
