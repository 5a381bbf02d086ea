"""Low-light enhancement against the normal exposure of the same scene: PSNR and SSIM, as it is and after GT-mean."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from iqa import image, lowlight
from iqa.lowlight import ESTIMATORS
from iqa.measures import luminance

from ..benchmark import MODEL, Benchmark, Case, Comparison, Figure, Options, Row, Summary
from ..metrics import psnr, psnr_gt_mean, ssim, ssim_gt_mean
from ._parts import answered, average, chosen, parts, spread

Pixels = NDArray[np.uint8]

FIDELITY: Mapping[str, Callable[[Pixels, Pixels], float]] = {
    "psnr": psnr,
    "ssim": ssim,
    "psnr_gt_mean": psnr_gt_mean,
    "ssim_gt_mean": ssim_gt_mean,
}
"""Metric of (picture, reference), each a column and a figure; the headline is the one without GT-mean."""
EQUAL_DB = 100.0
"""PSNR of a picture that equals its reference: it is infinite, which no mean survives."""
MIDDLE = 0.5
"""Mean luma that the baseline `gamma` aims at."""


def untouched(picture: Pixels) -> Pixels:
    """The dark photo as it is."""
    return picture


def gamma(picture: Pixels) -> Pixels:
    """The photo after the one power that would bring its mean luma to the middle; never darkened."""
    level = float(np.clip(luminance(picture).mean() / 255.0, 1 / 255, MIDDLE))
    curve = 255.0 * (np.arange(256) / 255.0) ** (math.log(MIDDLE) / math.log(level))
    return np.asarray(cv2.LUT(picture, np.rint(curve).astype(np.uint8)), dtype=np.uint8)


def clahe(picture: Pixels) -> Pixels:
    """The photo with the lightness of CIELAB equalized in 8 x 8 tiles, contrast limited to 2.

    Reference: K. Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
    """
    lightness, a, b = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB))
    equal = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    return np.asarray(cv2.cvtColor(cv2.merge([equal, a, b]), cv2.COLOR_LAB2RGB), dtype=np.uint8)


BASELINES: Mapping[str, Callable[[Pixels], Pixels]] = {"untouched": untouched, "gamma": gamma, "clahe": clahe}
"""What an enhancement has to beat; their columns are called ``untouched_psnr`` and so on."""


@dataclass(frozen=True)
class Scorer:
    """The fidelity of one enhanced photo, as a user gets it: with the gate that may leave the photo alone."""

    model: str

    def __call__(self, case: Case) -> Row:
        dark, reference = (image.load(path) for path in case.paths)
        answer = lowlight.enhance(dark, model=self.model)
        return {
            **_fidelity(answer.image, reference),
            "applied": int(answer.applied),
            "mean_luminance_before": answer.mean_luminance_before,
            "mean_luminance_after": answer.mean_luminance_after,
            "mean_luminance_reference": float(luminance(reference).mean(dtype=np.float64)) / 255.0,
            **{
                f"{name}_{metric}": value
                for name, make in BASELINES.items()
                for metric, value in _fidelity(make(dark), reference).items()
            },
        }


def _fidelity(picture: Pixels, reference: Pixels) -> dict[str, float]:
    found = {name: metric(picture, reference) for name, metric in FIDELITY.items()}
    return {name: EQUAL_DB if math.isinf(value) else value for name, value in found.items()}


def cases(table: pd.DataFrame, options: Options) -> list[Case]:
    """One case per pair; its paths are the dark photo and its reference."""
    rows = chosen(table, options)
    found = [
        Case(
            str(row["name"]),
            (Path(row["path"]), Path(row["reference"])),
            {"group": str(row["group"]), "subset": str(row["subset"])},
        )
        for _, row in rows.iterrows()
    ]
    return spread(found, options)


def scorer(table: pd.DataFrame, options: Options) -> Scorer:
    """The scorer of a model."""
    return Scorer(options.model)


def summarize(rows: pd.DataFrame, options: Options) -> Summary:
    """The mean of each metric over the pairs, with the bootstrap interval over scenes, of the model and baselines."""
    scored = answered(rows)
    figures: list[Figure] = []
    details: dict[str, object] = {}
    for part, frame in parts(scored):
        if frame.empty:
            continue
        groups = list(frame["group"])
        for who in (MODEL, *BASELINES):
            column = "" if who == MODEL else f"{who}_"
            for metric in FIDELITY:
                values = frame[f"{column}{metric}"].to_numpy(np.float64)
                figures.append(average(metric, values, groups, options, part=part, who=who))
        details[part] = {
            "pairs": len(frame),
            "scenes": len(set(groups)),
            "applied": int(frame["applied"].sum()),
            "mean luminance": {
                name: float(frame[f"mean_luminance_{name}"].mean()) for name in ("before", "after", "reference")
            },
        }
    return Summary(tuple(figures), details)


BENCHMARK = Benchmark(
    name="enhancement",
    meaning="how close is the enhanced dark photo to the normal exposure",
    source="data set",
    models=lambda: ESTIMATORS,
    estimator=lowlight.estimator,
    cases=cases,
    scorer=scorer,
    summarize=summarize,
    comparisons=tuple(Comparison(metric, metric, group="group") for metric in FIDELITY),
)
