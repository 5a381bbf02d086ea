"""Metrics and statistics: plain functions from arrays to a number or a frozen record.

Each row of METRICS says of one number which way is better, its bounds and its unit; a report never prints one without.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

import numpy as np

from .bursts import Bursts, Picks, burst_picks
from .calibration import ReliabilityBin, brier, expected_calibration_error, reliability
from .checks import clean, clean_pair
from .classification import (
    ClassReport,
    Rate,
    accuracy,
    auc,
    balanced_accuracy,
    confusion_matrix,
    false_alarm_rate,
    macro_f1,
    mean_recall,
    per_class,
)
from .correlation import krcc, mae, mean, median, outlier_ratio, percentile_95, plcc, rmse, srcc, why_undefined
from .crosstalk import crosstalk
from .curves import Ladder, RiskCoverage, ladder, risk_coverage
from .intervals import Interval, bonett_wright_srcc, fieller_krcc, fisher_plcc, holm, wilson
from .mapped_interval import mapped_intervals
from .mapping import Logistic, Mapped, fit_logistic4, mapped
from .pair_intervals import pair_intervals
from .ranking import (
    DISTINCT_MOS,
    PairAccuracy,
    PairClasses,
    Panel,
    pair_accuracy,
    pair_accuracy_by_difference,
    pair_classes,
    panel_size,
)
from .ratios import factor_error, median_ratio
from .resampling import Difference, bootstrap, bootstrap_all, paired_bootstrap
from .restoration import gt_mean, psnr, psnr_gt_mean, ssim, ssim_gt_mean
from .splits import Quartiles, over_splits

__all__ = [
    "DISTINCT_MOS",
    "METRICS",
    "Bursts",
    "ClassReport",
    "Difference",
    "Interval",
    "Ladder",
    "Logistic",
    "Mapped",
    "Metric",
    "PairAccuracy",
    "PairClasses",
    "Panel",
    "Picks",
    "Quartiles",
    "Rate",
    "ReliabilityBin",
    "RiskCoverage",
    "accuracy",
    "auc",
    "balanced_accuracy",
    "bonett_wright_srcc",
    "bootstrap",
    "bootstrap_all",
    "brier",
    "burst_picks",
    "clean",
    "clean_pair",
    "confusion_matrix",
    "crosstalk",
    "expected_calibration_error",
    "factor_error",
    "false_alarm_rate",
    "fieller_krcc",
    "fisher_plcc",
    "fit_logistic4",
    "gt_mean",
    "holm",
    "krcc",
    "ladder",
    "macro_f1",
    "mae",
    "mapped",
    "mapped_intervals",
    "mean",
    "mean_recall",
    "median",
    "median_ratio",
    "outlier_ratio",
    "over_splits",
    "pair_accuracy",
    "pair_accuracy_by_difference",
    "pair_classes",
    "pair_intervals",
    "paired_bootstrap",
    "panel_size",
    "per_class",
    "percentile_95",
    "plcc",
    "psnr",
    "psnr_gt_mean",
    "reliability",
    "risk_coverage",
    "rmse",
    "srcc",
    "ssim",
    "ssim_gt_mean",
    "why_undefined",
    "wilson",
]


@dataclass(frozen=True)
class Metric:
    """One number of a report.

    Attributes:
        function: what computes it, from arrays.
        takes: its arguments, in words.
        direction: which way is better.
        low: least possible value.
        high: greatest possible value.
        unit: "" for a correlation, "share" of cases, "MOS" for the unit of the targets, "dB", "people",
            "full scale" for pixels, 1 = from black to white.
        field: where the number stands when the function returns a record; "" when it returns the number.
    """

    function: Callable[..., object]
    takes: str
    direction: Literal["higher", "lower"]
    low: float
    high: float
    unit: str
    field: str = ""

    def __call__(self, *arrays: object) -> float:
        """The number itself; NaN when it is undefined for these arrays."""
        found: Any = self.function(*arrays)
        number = attrgetter(self.field)(found) if self.field else found
        return np.nan if number is None else float(number)


_MOS, _MATRIX, _SURE, _IMAGES = "predictions, MOS", "confusion matrix", "confidences, outcomes", "image, reference"
_BURST = "predictions, values, series"

METRICS: dict[str, Metric] = {
    "srcc": Metric(srcc, _MOS, "higher", -1, 1, ""),
    "plcc": Metric(plcc, _MOS, "higher", -1, 1, ""),
    "krcc": Metric(krcc, _MOS, "higher", -1, 1, ""),
    "rmse": Metric(rmse, _MOS, "lower", 0, np.inf, "MOS"),
    "mae": Metric(mae, _MOS, "lower", 0, np.inf, "MOS"),
    "plcc_mapped": Metric(mapped, _MOS, "higher", -1, 1, "", "plcc_mapped"),
    "rmse_mapped": Metric(mapped, _MOS, "lower", 0, np.inf, "MOS", "rmse_mapped"),
    "outlier_ratio": Metric(outlier_ratio, "predictions, MOS, spreads", "lower", 0, 1, "share"),
    "pair_accuracy": Metric(pair_accuracy, _MOS, "higher", 0, 1, "share", "accuracy"),
    "false_ranking": Metric(pair_classes, _MOS, "lower", 0, 1, "share", "false_ranking"),
    "panel_size": Metric(panel_size, _MOS, "higher", 0, 12, "people", "people"),
    "top1": Metric(burst_picks, _BURST, "higher", 0, 1, "share", "model.top1"),
    "top2": Metric(burst_picks, _BURST, "higher", 0, 1, "share", "model.top2"),
    "top3": Metric(burst_picks, _BURST, "higher", 0, 1, "share", "model.top3"),
    "regret": Metric(burst_picks, _BURST, "lower", 0, np.inf, "value", "model.regret"),
    "not_rising": Metric(ladder, "scores by level", "higher", 0, 1, "share", "not_rising"),
    "half_size": Metric(median, "differences of score between a photo and its half", "lower", 0, 1, ""),
    "aurc": Metric(risk_coverage, "confidences, losses", "lower", -np.inf, np.inf, "loss", "aurc"),
    "accuracy": Metric(accuracy, _MATRIX, "higher", 0, 1, "share", "rate"),
    "macro_f1": Metric(macro_f1, _MATRIX, "higher", 0, 1, ""),
    "balanced_accuracy": Metric(balanced_accuracy, _MATRIX, "higher", 0, 1, "share"),
    "false_alarm_rate": Metric(false_alarm_rate, f"{_MATRIX}, labels, clear class", "lower", 0, 1, "share", "rate"),
    "factor_error": Metric(factor_error, "estimates, true values", "lower", 1, np.inf, "times"),
    "cannot_tell": Metric(mean, "1 for each 'cannot tell', else 0", "lower", 0, 1, "share"),
    "half_size_sharp": Metric(mean, "1 for each blurred photo whose half has P(sharp) > 1/2", "lower", 0, 1, "share"),
    "false_alarm": Metric(mean, "1 for each clean photo with an alarm, else 0", "lower", 0, 1, "share"),
    "recall": Metric(mean, "1 for each marked picture that is found, else 0", "higher", 0, 1, "share"),
    "mistaken": Metric(
        mean, "1 for each picture without a mark that is taken for marked, else 0", "lower", 0, 1, "share"
    ),
    "pointed": Metric(mean, "1 for each mark found whose hottest cell shows some of it", "higher", 0, 1, "share"),
    "left_alone": Metric(mean, "1 for each photo that the gate leaves alone, else 0", "higher", 0, 1, "share"),
    "mean_change": Metric(mean, "mean absolute changes of photos", "lower", 0, 1, "full scale"),
    "change_p95": Metric(percentile_95, "mean absolute changes of photos", "lower", 0, 1, "full scale"),
    "crosstalk": Metric(crosstalk, "answers to another's damage, to the own", "lower", 0, np.inf, "share"),
    "auc": Metric(auc, "scores, positives", "higher", 0, 1, ""),
    "ece": Metric(expected_calibration_error, _SURE, "lower", 0, 1, "share"),
    "brier": Metric(brier, "probabilities, true classes", "lower", 0, 2, ""),
    "psnr": Metric(psnr, _IMAGES, "higher", 0, np.inf, "dB"),
    "ssim": Metric(ssim, _IMAGES, "higher", -1, 1, ""),
    "psnr_gt_mean": Metric(psnr_gt_mean, _IMAGES, "higher", 0, np.inf, "dB"),
    "ssim_gt_mean": Metric(ssim_gt_mean, _IMAGES, "higher", -1, 1, ""),
}
