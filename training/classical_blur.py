"""The weights of the classical blur-type estimate: a multinomial logistic regression on seven closed-form features.

    python -m training.classical_blur --clean DIR --masks DIR

Data: photos without blur (--clean) and photos of persons with a mask per subject, NAME.webp beside NAME_mask.webp
(--masks). Every class is made from them: blurred in linear light, then noise, then JPEG, the sharp class through the
same pipeline. Subject sharp before a soft or streaked background is sharp (bokeh, panning). Split by photo before
anything else. Prints the cross-validated accuracy per class and the table that iqa.blur_features holds.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from iqa import blur, damage, psf
from iqa.blur_features import features
from iqa.image import load
from iqa.measures import analysis_luma, directional_blur, sharpness_map
from iqa.srgb import from_linear, to_linear

FOLDS = 5
RIDGE = 3e-3
PRIOR = np.array([0.4, 0.2, 0.2, 0.2])
"""Weight of each type in the loss: sharp photos are the most frequent, and calling one blurred costs the most trust."""


def variants(
    image: NDArray[np.uint8], mask: NDArray[np.float32] | None, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """(label, picture) of every class that can be made from one photo, all through the same noise and JPEG."""
    light, size = to_linear(image), damage.frame_size(image)
    disc = psf.disc(size * rng.uniform(0.004, 0.016))
    line = psf.line(size * rng.uniform(0.015, 0.07), rng.uniform(0.0, 180.0))
    shake = psf.shake(size * rng.uniform(0.015, 0.05), rng)
    made = [("sharp", light)]
    if mask is None:
        made += [("defocused_blurred", psf.convolve(light, disc)), ("motion_blurred", psf.convolve(light, line))]
        made += [("motion_blurred", psf.convolve(light, shake))]
    else:
        subject = psf.convolve(mask, psf.disc(0.004 * size))[..., None]
        made += [("defocused_object_portrait", subject * psf.convolve(light, disc) + (1 - subject) * light)]
        made += [("sharp", subject * light + (1 - subject) * psf.convolve(light, kernel)) for kernel in (disc, line)]
    for label, picture in made:
        grainy = damage.apply("noise", from_linear(picture), float(rng.uniform(0.0, 0.35)), rng)
        yield label, damage.apply("compression", grainy, float(rng.uniform(0.0, 0.5)), rng)


def examples(seed: int, paths: tuple[Path, Path | None]) -> list[tuple[str, list[float]]]:
    """(label, features) of the variants of one photo."""
    photo, mask_path = paths
    image = load(photo)
    mask = None if mask_path is None else (load(mask_path)[..., 0] > 127).astype(np.float32)
    if mask is not None and (mask.shape != image.shape[:2] or not 0.04 < mask.mean() < 0.7):
        return []
    rows = []
    for label, picture in variants(image, mask, np.random.default_rng([seed, *photo.name.encode()])):
        luma = analysis_luma(picture)
        found = features(luma, sharpness_map(luma), directional_blur(luma))
        rows.append((label, list(found.vector())))
    return rows


def fit(x: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights (features + 1, 4) of the logistic regression, classes weighted by PRIOR; the last row is the bias."""
    design = np.column_stack([x, np.ones(len(x))])
    share = (PRIOR / np.bincount(y, minlength=4))[y]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(design.shape[1], 4)
        scores = design @ weights
        value = -(share * log_softmax(scores, axis=1)[np.arange(len(y)), y]).sum() + RIDGE * (weights[:-1] ** 2).sum()
        error = share[:, None] * (softmax(scores, axis=1) - np.eye(4)[y])
        penalty = 2 * RIDGE * np.vstack([weights[:-1], np.zeros(4)])
        return float(value), (design.T @ error + penalty).ravel()

    found = minimize(loss, np.zeros(design.shape[1] * 4), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return np.asarray(found.x).reshape(design.shape[1], 4)


def main() -> None:
    """Build the examples, cross-validate by photo, fit on all, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=300, help="photos of each folder")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    sources: list[tuple[Path, Path | None]] = [
        (p, None) for p in spread(sorted(args.clean.rglob("*.webp")), args.limit)
    ]
    masks = spread(sorted(args.masks.rglob("*_mask.webp")), args.limit)
    sources += [(m.with_name(m.name.replace("_mask", "")), m) for m in masks]
    with ProcessPoolExecutor(2) as pool:
        groups = list(pool.map(partial(examples, args.seed), sources, chunksize=8))
    x = np.array([row for group in groups for _, row in group])
    y = np.array([blur.BLUR_TYPES.index(label) for group in groups for label, _ in group])
    group = np.array([i for i, rows in enumerate(groups) for _ in rows])
    fold = np.random.default_rng(args.seed).integers(0, FOLDS, len(groups))[group]
    guess = np.zeros(len(y), dtype=int)
    for k in range(FOLDS):
        weights = fit(x[fold != k], y[fold != k])
        guess[fold == k] = (np.column_stack([x, np.ones(len(x))])[fold == k] @ weights).argmax(axis=1)
    confusion = np.zeros((4, 4), dtype=int)
    np.add.at(confusion, (y, guess), 1)
    print(confusion, "recall", np.round(np.diag(confusion) / confusion.sum(axis=1), 3))
    print(np.array2string(np.round(fit(x, y), 3), separator=", "))


def spread(paths: list[Path], limit: int) -> list[Path]:
    """At most that many of the paths, evenly spread over the list."""
    return paths[:: max(1, len(paths) // limit)][:limit]


if __name__ == "__main__":
    main()
