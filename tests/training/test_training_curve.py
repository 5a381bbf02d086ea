"""The curve of a score: it rises everywhere, is nothing at first, and finds what ratings were made with."""

import numpy as np
import pytest
import torch

from iqa.errors import IQAError
from training import curve
from training.curve import Curve


def test_it_is_nothing_at_first_and_rises_wherever_a_score_can_be() -> None:
    layer, x = Curve(), torch.linspace(-9, 6, 400)[:, None]
    torch.testing.assert_close(layer(x), x)
    layer.values.copy_(torch.tensor([1.3, -0.2, 0.92]))
    assert (layer(x).diff(dim=0) > 0).all()
    torch.testing.assert_close(layer(x).sigmoid(), 0.92 * (1.3 * x - 0.2).sigmoid())


def test_the_curve_that_ratings_were_made_with_is_found_whatever_the_noise() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0.7, 1.2, 5000)
    wanted = (1.15, -0.3, 0.85)
    found = curve.best(logits, np.clip(curve.bent(logits, wanted) + rng.normal(0, 0.05, 5000), 0, 1))
    np.testing.assert_allclose(found, wanted, atol=0.05)


def test_a_rating_has_its_place_on_the_curve() -> None:
    values, ratings = (1.2, 0.4, 0.9), np.array([0.01, 0.3, 0.89])
    np.testing.assert_allclose(curve.bent(curve.straight(ratings, values), values), ratings)
    assert np.isfinite(curve.straight(np.array([0.0, 1.0]), values)).all()


def test_a_score_that_falls_with_the_ratings_has_no_curve() -> None:
    logits = np.random.default_rng(2).normal(0, 1, 500)
    with pytest.raises(IQAError, match="train longer"):
        curve.best(logits, 1 / (1 + np.exp(logits)))
