"""Fidelity of an enhanced photo to its reference, as it is and after matching the mean brightness.

The two are separate functions with separate names: matching the mean adds 2 to 6 dB on low-light benchmarks, and a
table that mixes them compares nothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage import metrics as skimage_metrics

from iqa.errors import ArgumentError

Image = NDArray[np.uint8] | NDArray[np.float64]

# skimage ships no annotations for these two.
_psnr: Callable[..., float] = skimage_metrics.peak_signal_noise_ratio
_ssim: Callable[..., float] = skimage_metrics.structural_similarity

PEAK = 255.0
WINDOW = 11
_GRAY = np.array([0.299, 0.587, 0.114])


def psnr(pred: Image, reference: Image) -> float:
    """The peak signal-to-noise ratio in dB, higher is better; infinite for equal images.

    One mean squared error over all pixels and the three channels, peak 255.

    Args:
        pred: RGB (H, W, 3), uint8 or float64 in [0, 255].
        reference: the same shape and range.

    Raises:
        ArgumentError: another shape, unequal shapes, or values outside [0, 255].
    """
    a, b = _checked(pred, reference)
    return np.inf if np.array_equal(a, b) else float(_psnr(b, a, data_range=PEAK))


def ssim(pred: Image, reference: Image) -> float:
    """The mean structural similarity, in [-1, 1], higher is better; 1 for equal images.

    Per RGB channel with an 11 x 11 Gaussian window of sigma 1.5 and population covariance, inside the border, then the
    mean of the channels, as the low-light benchmarks do.

    Args:
        pred: as `psnr`; both sides at least 11 px.
        reference: the same shape and range.

    Raises:
        ArgumentError: as `psnr`, or a side below 11 px.

    Reference: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, 2004, doi:10.1109/TIP.2003.819861.
    """
    a, b = _checked(pred, reference)
    if min(a.shape[:2]) < WINDOW:
        raise ArgumentError(f"The images are {a.shape[0]} x {a.shape[1]} px; SSIM needs {WINDOW} px on each side.")
    return float(
        _ssim(
            b,
            a,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=PEAK,
            channel_axis=2,
        )
    )


def gt_mean(pred: Image, reference: Image) -> NDArray[np.float64]:
    """The prediction times the factor that gives it the mean gray of the reference, clipped to [0, 255], float64.

    Gray is 0.299 R + 0.587 G + 0.114 B. The result is not rounded to whole levels. A black prediction stays black: no
    factor brightens it.

    Raises:
        ArgumentError: as `psnr`.

    Reference: Y. Zhang, J. Zhang, X. Guo, "Kindling the darkness" (KinD), 2019, doi:10.1145/3343031.3350926, whose
    released evaluation introduced it; Y. Wang et al., "Low-light image enhancement with normalizing flow" (LLFlow),
    2022, arXiv:2109.05923.
    """
    a, b = _checked(pred, reference)
    have, want = (a @ _GRAY).mean(), (b @ _GRAY).mean()
    return np.clip(a * (want / have), 0.0, PEAK) if have > 0 else a


def psnr_gt_mean(pred: Image, reference: Image) -> float:
    """`psnr` after `gt_mean`, in dB, higher is better: how far the prediction is apart from its overall brightness."""
    return psnr(gt_mean(pred, reference), reference)


def ssim_gt_mean(pred: Image, reference: Image) -> float:
    """`ssim` after `gt_mean`, in [-1, 1], higher is better."""
    return ssim(gt_mean(pred, reference), reference)


def _checked(pred: Image, reference: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if pred.shape != reference.shape or pred.ndim != 3 or pred.shape[2] != 3 or not pred.size:
        raise ArgumentError(
            f"The images have shapes {pred.shape} and {reference.shape}; accepted: two RGB images of one size."
        )
    a, b = pred.astype(np.float64), reference.astype(np.float64)
    for image, name in ((a, "prediction"), (b, "reference")):
        if not (image.min() >= 0 and image.max() <= PEAK):
            raise ArgumentError(f"The {name} spans [{image.min():g}, {image.max():g}]; accepted: levels 0 to 255.")
    return a, b
