"""What decides which epoch is the best: rank agreement for scores, recall or F1 over classes, PSNR for pictures.

Each function gives a Metric of one output of a recipe; higher is better. Targets that are NaN are not known and left
out; where nothing is left to compare, the metric is NaN, and no epoch counts as better.
"""

import numpy as np

from eval.metrics import balanced_accuracy, confusion_matrix, macro_f1, psnr, srcc

from .recipe import Arrays, Metric

FEWEST = 3
"""Photos from which a rank correlation says anything."""
LARGEST_DB = 60.0
"""Of one picture: one that is reproduced exactly would make the mean infinite."""


def mean_srcc(output: str) -> Metric:
    """The mean over the labels of Spearman's correlation, in [-1, 1]; constant labels are left out."""

    def function(predicted: Arrays, target: Arrays) -> float:
        pairs = zip(predicted[output].T, target[output].T, strict=True)
        values = np.array([_ranked(said, meant) for said, meant in pairs])
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    return Metric("mean SRCC", function)


def _ranked(said: np.ndarray, meant: np.ndarray) -> float:
    known = np.isfinite(meant)
    return srcc(said[known], meant[known]) if known.sum() >= FEWEST else float("nan")


def macro_accuracy(output: str) -> Metric:
    """The mean recall over the classes that occur, in [0, 1]; 1 / classes by chance."""
    return Metric("macro accuracy", lambda predicted, target: balanced_accuracy(_matrix(predicted, target, output)))


def mean_f1(output: str) -> Metric:
    """The mean F1 over the classes that occur or are predicted, in [0, 1]."""
    return Metric("macro F1", lambda predicted, target: macro_f1(_matrix(predicted, target, output)))


def _matrix(predicted: Arrays, target: Arrays, output: str) -> np.ndarray:
    """Counts (classes, classes), the true class in the row."""
    classes = range(target[output].shape[1])
    true, said = (rows[output].argmax(axis=1).tolist() for rows in (target, predicted))
    return confusion_matrix(true, said, list(classes))


def mean_psnr(output: str) -> Metric:
    """The mean PSNR of the pictures in dB, without GT-mean, each rounded to 8 bits as a file is."""

    def function(predicted: Arrays, target: Arrays) -> float:
        sides = ((np.rint(rows[output] * 255).astype(np.uint8).transpose(0, 2, 3, 1)) for rows in (predicted, target))
        return float(np.mean([min(psnr(said, meant), LARGEST_DB) for said, meant in zip(*sides, strict=True)]))

    return Metric("PSNR dB", function)
