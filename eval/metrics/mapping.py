"""The monotone logistic between predictions and MOS, with its parameters and convergence in the open."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import expit

from .checks import Column, clean_pair
from .correlation import plcc, rmse, srcc, why_undefined

# Limits of the search, in standard deviations of the predictions. At slope 10 the curve is straight to within 1 % over
# the data, at 0.01 it is a step; further out the parameters move and the mapping does not.
CENTER_MARGIN = 5.0
SLOPES = (0.01, 10.0)
# The first is VQEG's start; the flatter ones reach the optimum when the relation is nearly straight.
_START_SLOPES = (0.25, 1.0, 4.0)
_MAX_EVALUATIONS = 400


@dataclass(frozen=True)
class Logistic:
    """A fitted mapping ``beta2 + (beta1 - beta2) / (1 + exp(-(x - beta3) / beta4))`` from predictions to MOS.

    Attributes:
        beta1: MOS at the top of the predictions.
        beta2: MOS at the bottom; greater than beta1 when the mapping falls.
        beta3: prediction at the middle of the slope.
        beta4: width of the slope in units of the prediction, above 0.
        converged: whether the search ended by its tolerance; when False the betas are the best found, not the best.
        rmse: error of the mapped predictions, in the unit of the MOS.
        reason: why it did not converge, as a sentence; empty when it did.
    """

    beta1: float
    beta2: float
    beta3: float
    beta4: float
    converged: bool
    rmse: float
    reason: str = ""

    @property
    def direction(self) -> int:
        """1 when the mapping rises, -1 when it falls: then the predictions have the wrong sign."""
        return -1 if self.beta2 > self.beta1 else 1

    def __call__(self, pred: ArrayLike) -> Column:
        """The predictions on the MOS scale, float64 of the same shape; NaN when nothing could be fitted."""
        x = np.asarray(pred, dtype=np.float64)
        mapped: Column = self.beta2 + (self.beta1 - self.beta2) * expit((x - self.beta3) / self.beta4)
        return mapped


@dataclass(frozen=True)
class Mapped:
    """Linear agreement before and after the logistic, both always shown.

    Attributes:
        plcc: of the raw predictions, signed.
        rmse: of the raw predictions, which must be on the MOS scale for it to mean anything.
        plcc_mapped: after the mapping, with the sign of the mapping: negative when the mapping falls.
        rmse_mapped: after the mapping, in the unit of the MOS.
        logistic: the mapping, its parameters and whether it converged.
    """

    plcc: float
    rmse: float
    plcc_mapped: float
    rmse_mapped: float
    logistic: Logistic


def fit_logistic4(pred: ArrayLike, mos: ArrayLike) -> Logistic:
    """The monotone four-parameter logistic that maps the predictions to the MOS with the least squared error.

    Starts at VQEG's values, beta1 = max(mos), beta2 = min(mos), beta3 = mean(pred), beta4 = sd(pred) / 4, and again
    with 4 and 16 times that slope; the best of the three is kept. The mapping rises where the SRCC is positive and
    falls where it is negative, so predictions of reversed sign get the mirrored mapping. No randomness.

    Raises:
        ArgumentError: see `clean_pair`.

    Reference: VQEG, "Final report on the validation of objective models of video quality assessment, phase II", 2003;
    H. R. Sheikh, M. F. Sabir, A. C. Bovik, 2006, doi:10.1109/TIP.2006.881959.
    """
    x, y = clean_pair(pred, mos)
    reason = why_undefined(x, y)
    if reason is not None:
        return Logistic(np.nan, np.nan, np.nan, np.nan, converged=False, rmse=np.nan, reason=reason)
    sign = -1.0 if srcc(x, y) < 0 else 1.0
    center, scale = sign * x.mean(), x.std()
    level, spread = y.mean(), y.std()
    found = _search((sign * x - center) / scale, (y - level) / spread)
    low, height, middle, slope = found.x
    bottom, top = level + spread * low, level + spread * (low + height)
    return Logistic(
        beta1=float(top if sign > 0 else bottom),
        beta2=float(bottom if sign > 0 else top),
        beta3=float(sign * (center + scale * middle)),
        beta4=float(scale * slope),
        converged=bool(found.status > 0),
        rmse=float(spread * np.sqrt(np.mean(found.fun**2))),
        reason="" if found.status > 0 else f"The search stopped after {found.nfev} evaluations: {found.message}",
    )


def mapped(pred: ArrayLike, mos: ArrayLike) -> Mapped:
    """PLCC and RMSE, raw and after the four-parameter logistic; both numbers of a constant are NaN.

    Raises:
        ArgumentError: see `clean_pair`.
    """
    x, y = clean_pair(pred, mos)
    logistic = fit_logistic4(x, y)
    after = np.nan if np.isnan(logistic.rmse) else logistic.direction * plcc(logistic(x), y)
    return Mapped(plcc(x, y), rmse(x, y), after, logistic.rmse, logistic)


def _search(z: Column, y: Column) -> OptimizeResult:
    """The best of the starts, for standardized columns and a mapping that rises."""

    def residual(p: Column) -> Column:
        curve: Column = p[0] + p[1] * expit((z - p[2]) / p[3]) - y
        return curve

    def jacobian(p: Column) -> NDArray[np.float64]:
        u = (z - p[2]) / p[3]
        s = expit(u)
        steep = p[1] * s * (1 - s) / p[3]
        return np.stack([np.ones_like(z), s, -steep, -steep * u], axis=1)

    lower = [-np.inf, 0.0, z.min() - CENTER_MARGIN, SLOPES[0]]
    upper = [np.inf, np.inf, z.max() + CENTER_MARGIN, SLOPES[1]]
    runs = [
        least_squares(
            residual,
            [y.min(), np.ptp(y), 0.0, slope],
            jacobian,
            bounds=(lower, upper),
            x_scale="jac",
            max_nfev=_MAX_EVALUATIONS,
        )
        for slope in _START_SLOPES
    ]
    return min(runs, key=lambda run: float(run.cost))
