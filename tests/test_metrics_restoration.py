"""eval.metrics.restoration: PSNR and SSIM from their definitions, with and without matching the mean."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from eval.metrics import gt_mean, psnr, psnr_gt_mean, ssim, ssim_gt_mean
from iqa.errors import ArgumentError

GRAY = np.array([0.299, 0.587, 0.114])


def scene(seed: int = 0) -> NDArray[np.uint8]:
    """Smooth texture in color, no clipping, (40, 52, 3)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:40, :52]
    waves = [np.sin(rows / a + b) + np.cos(columns / b + a) for a, b in rng.uniform(2, 6, (3, 2))]
    return np.clip(120 + 25 * np.stack(waves, axis=2) + rng.normal(0, 4, (40, 52, 3)), 20, 230).astype(np.uint8)


def noisy(sigma: float, seed: int = 1) -> NDArray[np.uint8]:
    image = scene() + np.random.default_rng(seed).normal(0, sigma, (40, 52, 3))
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def ssim_by_definition(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wang et al. 2004, equation 13, on one channel: 11 x 11 Gaussian, only windows inside the image."""
    offset = np.arange(-5, 6)
    window = np.exp(-(offset**2) / (2 * 1.5**2))
    window /= window.sum()

    def blur(image: NDArray[np.float64]) -> NDArray[np.float64]:
        return correlate1d(correlate1d(image, window, axis=0), window, axis=1)[5:-5, 5:-5]

    ma, mb, c1, c2 = blur(a), blur(b), (0.01 * 255) ** 2, (0.03 * 255) ** 2
    va, vb, cov = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    return float(np.mean((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))))


def test_psnr_is_that_of_the_error_over_all_channels() -> None:
    a = np.full((12, 12, 3), 100, np.uint8)
    b = a.copy()
    b[..., 0] += 3
    # MSE = 9 / 3 = 3.
    assert psnr(b, a) == pytest.approx(10 * np.log10(255**2 / 3), abs=1e-12)
    assert psnr(a, a) == np.inf
    assert psnr(np.zeros_like(a), np.full_like(a, 255)) == 0.0


def test_ssim_equals_its_definition_per_channel() -> None:
    a, b = noisy(12).astype(float), scene().astype(float)
    expected = np.mean([ssim_by_definition(a[..., c], b[..., c]) for c in range(3)])
    assert ssim(noisy(12), scene()) == pytest.approx(expected, abs=1e-10)
    assert ssim(scene(), scene()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("metric", [psnr, ssim, psnr_gt_mean, ssim_gt_mean])
def test_fidelity_falls_as_noise_grows_and_ignores_flips(metric) -> None:
    found = [metric(noisy(sigma), scene()) for sigma in (2, 6, 15, 40)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.2 * found[-1]
    flipped = metric(np.ascontiguousarray(noisy(6)[:, ::-1]), np.ascontiguousarray(scene()[:, ::-1]))
    assert flipped == pytest.approx(found[1], abs=1e-9)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_neither_figure_prefers_a_side(metric) -> None:
    assert metric(noisy(9), scene()) == pytest.approx(metric(scene(), noisy(9)), abs=1e-12)


def test_gt_mean_gives_the_mean_gray_of_the_reference() -> None:
    dark = (scene() * 0.3).astype(np.uint8)
    matched = gt_mean(dark, scene())
    assert (matched @ GRAY).mean() == pytest.approx((scene() @ GRAY).mean(), rel=1e-12)
    np.testing.assert_allclose(matched, dark * (matched[0, 0, 0] / dark[0, 0, 0]), rtol=1e-12)
    uneven = np.full((4, 4, 3), 10, np.uint8)
    uneven[0] = 200
    bright = gt_mean(uneven, np.full((4, 4, 3), 200, np.uint8))
    assert (bright[0, 0, 0], bright[1, 0, 0]) == (255.0, pytest.approx(10 * 200 / 57.5)), "what passes white is clipped"


def test_matching_the_mean_is_worth_decibels_and_never_happens_by_itself() -> None:
    dark = (noisy(4) * 0.6).astype(np.uint8)
    assert psnr_gt_mean(dark, scene()) > psnr(dark, scene()) + 10
    assert ssim_gt_mean(dark, scene()) > ssim(dark, scene())
    assert psnr_gt_mean(dark, scene()) == psnr(gt_mean(dark, scene()), scene())
    assert ssim_gt_mean(dark, scene()) == ssim(gt_mean(dark, scene()), scene())


def test_a_black_prediction_stays_black() -> None:
    black = np.zeros_like(scene())
    assert not gt_mean(black, scene()).any()
    assert psnr_gt_mean(black, scene()) == psnr(black, scene())


@pytest.mark.parametrize(
    ("pred", "reference", "said"),
    [
        (np.zeros((12, 12, 3)), np.zeros((12, 13, 3)), "one size"),
        (np.zeros((12, 12)), np.zeros((12, 12)), "RGB"),
        (np.zeros((12, 12, 4)), np.zeros((12, 12, 4)), "RGB"),
        (np.full((12, 12, 3), -1.0), np.zeros((12, 12, 3)), "prediction spans"),
        (np.zeros((12, 12, 3)), np.full((12, 12, 3), 256.0), "reference spans"),
        (np.full((12, 12, 3), np.nan), np.zeros((12, 12, 3)), "levels 0 to 255"),
    ],
)
@pytest.mark.parametrize("metric", [psnr, ssim, gt_mean])
def test_what_is_no_pair_of_images_is_refused(metric, pred, reference, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        metric(pred, reference)


def test_an_image_smaller_than_the_window_has_no_ssim() -> None:
    small = np.zeros((10, 30, 3), np.uint8)
    with pytest.raises(ArgumentError, match="10 x 30"):
        ssim(small, small)
