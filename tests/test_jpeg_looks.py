"""iqa.jpeg_looks: a severity of compression read backwards, by a ladder that belongs to one version of a network."""

import pytest

from iqa import degradations, jpeg_looks
from iqa.estimator import Estimator

LADDER = [(0.1, 70), (0.3, 50), (0.9, 10)]


@pytest.mark.parametrize(
    ("severity", "quality"), [(0.0, None), (0.099, None), (0.1, 70), (0.2, 60), (0.3, 50), (0.6, 30), (1.0, 10)]
)
def test_between_two_steps_in_proportion_and_nothing_below_the_first(severity: float, quality: int | None) -> None:
    assert jpeg_looks.read(severity, LADDER) == quality


def test_an_estimator_without_a_ladder_estimates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jpeg_looks.LADDERS, "one 1.0.0", LADDER)
    assert jpeg_looks.estimated(0.3, Estimator("one", "1.0.0")) == 50
    assert jpeg_looks.estimated(0.3, Estimator("one", "1.0.1")) is None


def test_the_installed_network_has_a_ladder_that_rises_while_the_quality_falls() -> None:
    severities, qualities = zip(*jpeg_looks.LADDERS[str(degradations.estimator())], strict=True)
    assert len(severities) >= 5
    assert list(severities) == sorted(set(severities))
    assert list(qualities) == sorted(set(qualities), reverse=True)
    assert 0 < severities[0] < severities[-1] < 1
    assert 1 <= qualities[-1] < qualities[0] <= 100
