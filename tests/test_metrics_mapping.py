"""eval.metrics.mapping: the logistic is monotone, signed, repeatable, and says when it failed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from eval.metrics import fit_logistic4, mapped, mapping, plcc, rmse

RAMP = np.linspace(-2.0, 3.0, 201)


def curve(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic with beta = 4.5, 1.5, 0.4, 0.6."""
    return 1.5 + 3.0 / (1.0 + np.exp(-(x - 0.4) / 0.6))


def noisy(seed: int, relation=curve, noise: float = 0.3) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=500)
    return x, relation(x) + rng.normal(0, noise, 500)


def test_plcc_after_mapping_equals_the_hand_checked_case() -> None:
    # Three distinct predictions, so the best monotone curve passes through the means 2, 5, 10 of the pairs. By hand:
    # within 6 x 1, between 2 (121 + 4 + 169) / 9 = 196/3, total 214/3; PLCC = sqrt(196/214), RMSE = sqrt(6/6).
    found = mapped([0, 0, 1, 1, 2, 2], [1, 3, 4, 6, 9, 11])
    assert found.logistic.converged
    assert found.plcc_mapped == pytest.approx(np.sqrt(196 / 214), abs=1e-7)
    assert found.rmse_mapped == pytest.approx(1.0, abs=1e-7)
    assert found.plcc == pytest.approx(np.sqrt(192 / 214), abs=1e-12)


def test_an_exact_logistic_is_recovered() -> None:
    fit = fit_logistic4(RAMP, curve(RAMP))
    assert fit.converged
    assert (fit.beta1, fit.beta2, fit.beta3, fit.beta4) == pytest.approx((4.5, 1.5, 0.4, 0.6), abs=1e-6)
    assert fit.rmse == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(fit([0.4, 1e9, -1e9]), [3.0, 4.5, 1.5], atol=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_mapped_figures_do_not_depend_on_the_scale_of_the_predictions(scale: float) -> None:
    x, y = noisy(3)
    here, there = mapped(x, y), mapped(x * scale + 7 * scale, y)
    assert there.plcc_mapped == pytest.approx(here.plcc_mapped, abs=1e-7)
    assert there.rmse_mapped == pytest.approx(here.rmse_mapped, abs=1e-7)


@pytest.mark.parametrize("relation", [curve, np.exp, np.cbrt, lambda x: 2 * x, np.sign])
def test_mapping_raises_plcc_and_never_the_error_of_a_straight_line(relation) -> None:
    x, y = noisy(4, relation)
    found = mapped(x, y)
    line = np.polyval(np.polyfit(x, y, 1), x)
    assert found.logistic.converged, found.logistic.reason
    assert found.plcc_mapped >= found.plcc - 1e-3
    assert found.rmse_mapped <= rmse(line, y) * 1.002
    assert (np.diff(found.logistic(RAMP)) >= 0).all()
    assert found.plcc == plcc(x, y)
    assert found.rmse == rmse(x, y)


def test_predictions_of_reversed_sign_are_not_repaired() -> None:
    x, y = noisy(5)
    right, wrong = mapped(x, y), mapped(-x, y)
    assert right.logistic.direction == 1
    assert wrong.logistic.direction == -1
    assert (np.diff(wrong.logistic(RAMP)) <= 0).all()
    assert wrong.plcc_mapped == pytest.approx(-right.plcc_mapped, abs=1e-9)
    assert wrong.plcc_mapped < -0.8


def test_the_same_columns_give_the_same_bits() -> None:
    x, y = noisy(6)
    assert fit_logistic4(x, y) == fit_logistic4(x.copy(), y.copy())


def test_a_constant_is_shown_as_not_converged_with_the_reason() -> None:
    found = mapped([0.5] * 5, [1, 2, 3, 4, 5])
    assert not found.logistic.converged
    assert "constant" in found.logistic.reason
    assert np.isnan([found.plcc, found.plcc_mapped, found.rmse_mapped, found.logistic.beta1]).all()
    assert found.rmse == pytest.approx(rmse([0.5] * 5, [1, 2, 3, 4, 5]))


def test_a_search_that_runs_out_says_so_and_keeps_its_best(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = noisy(7)
    monkeypatch.setattr(mapping, "_MAX_EVALUATIONS", 2)
    fit = fit_logistic4(x, y)
    assert not fit.converged
    assert "after 2 evaluations" in fit.reason
    assert fit.rmse == pytest.approx(rmse(fit(x), y), abs=1e-9)
