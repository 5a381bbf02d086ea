"""Promises of eval.baselines and eval.naturalness: fits recover what was drawn, features are finite, no leak."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from eval import naturalness
from eval.baselines import FOLDS, LEAST, MEASURED, cross_validated, fit_naturalness, ridge
from tests.miniature import picture
from tests.photos import blurred, noisy, photo

SHAPES = (0.7, 1.0, 2.0, 4.0)


def drawn(shape: float, left: float, right: float, n: int = 400_000, seed: int = 0) -> NDArray[np.float32]:
    """Samples of the asymmetric generalized Gaussian: |x| / beta is the 1 / shape power of a gamma variable.

    The scales are `left` and `right` on either side of 0; each side has its share of them.
    """
    rng = np.random.default_rng(seed)
    size = rng.gamma(1 / shape, size=n) ** (1 / shape)
    negative = rng.random(n) < left / (left + right)
    return np.where(negative, -left * size, right * size).astype(np.float32).reshape(-1, 500)


def variance(shape: float, scale: float) -> float:
    """Second moment of one side, from numeric integration of exp(-(x / scale)^shape)."""
    x = np.linspace(0, 60 * scale, 600_001)
    density = np.exp(-((x / scale) ** shape))
    return float((x * x * density).sum() / density.sum())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_symmetric_fit_recovers_what_was_drawn(shape: float) -> None:
    found, spread = naturalness.symmetric(drawn(shape, 0.5, 0.5))
    assert found == pytest.approx(shape, rel=0.03)
    assert spread == pytest.approx(variance(shape, 0.5), rel=0.03)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("left", "right"), [(0.4, 0.8), (1.0, 0.5), (0.6, 0.6)])
def test_the_asymmetric_fit_recovers_what_was_drawn(shape: float, left: float, right: float) -> None:
    values = drawn(shape, left, right)
    found, mean, left_variance, right_variance = naturalness.asymmetric(values)
    assert found == pytest.approx(shape, rel=0.04)
    assert left_variance == pytest.approx(variance(shape, left), rel=0.04)
    assert right_variance == pytest.approx(variance(shape, right), rel=0.04)
    assert mean == pytest.approx(float(values.mean()), abs=0.01)  # the model's mean is that of the samples


def test_normalizing_takes_away_level_and_contrast() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (200, 200)).astype(np.float32)
    for level, contrast in ((60, 40), (128, 20), (200, 80)):
        field = naturalness.normalized(level + contrast * noise)
        assert float(field.mean()) == pytest.approx(0, abs=0.01)
        # Of white noise the local mean takes 2 w0 - sum w^2 = .18 of the variance, w the window's weights.
        assert float(field.std()) == pytest.approx(0.89, abs=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (7, 5), (64, 48)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_features_are_finite_for_every_size_and_for_flat_photos(size: tuple[int, int], level: int) -> None:
    flat = np.full((*size, 3), level, np.uint8)
    noisy = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for image in (flat, noisy):
        found = naturalness.features(image)
        assert found.shape == (naturalness.FEATURES,)
        assert np.isfinite(found).all()


def test_noise_makes_the_field_more_gaussian_and_blur_less() -> None:
    """Section III-A and figure 3 of the paper: the shape parameter rises with noise and falls with blur."""
    clean = photo("coffee")
    soft, grainy = blurred(clean, 3), noisy(clean, 20)
    shapes = [naturalness.features(image)[0] for image in (soft, clean, grainy)]
    assert shapes == sorted(shapes)
    assert shapes[0] < 1.6 < shapes[2]


def test_ridge_is_least_squares_at_no_penalty_and_the_mean_at_an_endless_one() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4))
    y = x @ [0.3, -0.2, 0.0, 1.0] + 0.4 + 0.1 * rng.normal(size=80)
    expected = np.linalg.lstsq(np.column_stack([x, np.ones(80)]), y)[0]
    np.testing.assert_allclose(ridge(x, y, 0.0)(x), x @ expected[:4] + expected[4], atol=1e-12)
    np.testing.assert_allclose(ridge(x, y, 1e12)(x), y.mean(), atol=1e-6)


def test_a_feature_that_never_changes_is_harmless() -> None:
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    assert np.isfinite(ridge(x, np.arange(20.0), 1.0)(x)).all()


def test_copies_of_a_photo_do_not_flatter_the_cross_validation() -> None:
    rng = np.random.default_rng(0)
    x, y = np.repeat(rng.normal(size=(40, 30)), 5, axis=0), np.repeat(rng.random(40), 5)
    groups = np.repeat(np.arange(40).astype(str), 5)
    together = cross_validated(x, y, groups, np.random.default_rng(1))
    apart = cross_validated(x, y, np.arange(200).astype(str), np.random.default_rng(1))
    assert min(apart.values()) < 0.5 * np.var(y) < min(together.values())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """70 train photos whose MOS is the strength of their noise, one of them broken, and 10 test photos."""
    folder = tmp_path_factory.mktemp("photos")
    names = [f"{index}.png" for index in range(80)]
    for index, name in enumerate(names):
        picture(folder / name, index, (24, 32))
    (folder / names[7]).write_bytes(b"no photo")
    return pd.DataFrame(
        {
            "name": names,
            "path": [str(folder / name) for name in names],
            "mos": np.random.default_rng(0).random(80),
            "group": [f"g{index % 40}" if index >= 70 else f"g{100 + index // 2}" for index in range(80)],
            "split": ["train"] * 70 + ["test"] * 10,
        }
    )


def test_the_fit_is_told_with_its_failures_and_repeats(table: pd.DataFrame) -> None:
    first, second = (fit_naturalness(table, "test", seed=3) for _ in range(2))
    assert first.about == second.about
    assert first.about["photos"] == 69
    [(name, reason)] = first.about["failed"]  # type: ignore[misc, attr-defined]
    assert (name, str(Path(table["path"].iloc[7]).parent) in reason) == ("7.png", False)
    assert "Could not load '7.png'" in reason
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    assert first(pixels) == second(pixels)


def test_photos_with_a_twin_among_those_scored_are_not_fitted(table: pd.DataFrame) -> None:
    twins = table.assign(group=["same" if index in (3, 4, 75) else group for index, group in enumerate(table["group"])])
    assert fit_naturalness(twins, "test", seed=3).about["photos"] == 67


@pytest.mark.parametrize(
    ("change", "split", "reason"),
    [
        ({"split": "test"}, "test", "no train split"),
        ({}, "all", "being scored"),
        ({}, "train", "being scored"),
        ({"split": ["train"] * (LEAST - 1) + ["test"] * (81 - LEAST)}, "test", f"needed are {LEAST}"),
    ],
)
def test_without_train_photos_of_its_own_the_baseline_is_absent_and_says_why(
    table: pd.DataFrame, change: dict[str, Any], split: str, reason: str
) -> None:
    found = fit_naturalness(table.assign(**change), split, seed=0)
    assert found.model is None
    assert reason in str(found.about["absent"])
    assert found(np.zeros((8, 8, 3), np.uint8)) is None


def test_baselines_are_the_plain_numbers_they_are_named_after(tmp_path: Path) -> None:
    pixels = np.full((10, 20, 3), 51, np.uint8)
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(50))
    found = {name: measure(pixels, path) for name, measure in MEASURED.items()}
    assert found == pytest.approx({"mean_luminance": 0.2, "bytes_per_pixel": 0.25, "laplacian": 0.0})
    assert FOLDS > 1
