"""Which epoch is the best, when a phase has had enough, and from what the next one starts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from iqa.errors import IQAError
from tests.toy_training import TINY, trained
from training import checkpoint, progress
from training.devices import Team
from training.fit import Run
from training.recipe import Metric, Recipe


def test_training_stops_when_the_metric_no_longer_rises(
    rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    values = iter([0.1, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    made = changed(metric=Metric("falling", lambda predicted, target: next(values)))
    rows = trained(made, rated, tmp_path, epochs=(0, 20), patience=3)
    assert [row["best"] for row in rows] == [1, 1, 0, 0, 0]
    assert checkpoint.best(tmp_path).state["epoch"] == 2


def test_a_patience_that_ends_in_the_frozen_phase_goes_on_with_the_next(
    rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    made = changed(metric=Metric("flat", lambda predicted, target: 0.5))
    rows = trained(made, rated, tmp_path, epochs=(9, 1), patience=2)
    assert [row["phase"] for row in rows] == ["head", "head", "head", "all"]


def test_a_phase_is_given_up_for_not_rising_above_its_own_start(
    rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    values = iter([0.9, 0.1, 0.2, 0.3, 0.2, 0.1])  # unfreezing costs first: no epoch of the second phase is the best
    made = changed(metric=Metric("falling", lambda predicted, target: next(values)))
    rows = trained(made, rated, tmp_path, epochs=(1, 20), patience=2)
    assert [row["phase"] for row in rows] == ["head", *["all"] * 5]
    assert [row["best"] for row in rows] == [1, 0, 0, 0, 0, 0]
    assert checkpoint.best(tmp_path).state["value"] == 0.9


@pytest.mark.parametrize("ema", [0.0, 0.5])
def test_a_phase_starts_from_the_best_network_so_far(
    ema: float, rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    values = iter([0.5, 0.4])
    made = changed(metric=Metric("falling", lambda predicted, target: next(values)))
    settings = replace(made.defaults, epochs=(2, 1), ema=ema)
    run = Run(made, settings, made.data(rated, settings), tmp_path, Team("cpu", "float32"))
    run.epoch(lambda batches, **_: batches)
    validated = (run.average or run.net).state_dict()
    first = {name: value.clone() for name, value in validated.items()}
    assert run.progress.phase == 0
    run.epoch(lambda batches, **_: batches)
    assert run.progress.phase == 1
    again = Run(made, settings, made.data(rated, settings), tmp_path, Team("cpu", "float32"), blank=True)
    again.restore()
    for net in (run.net, run.average, again.net, again.average):
        assert net is None or all(torch.equal(value, first[name]) for name, value in net.state_dict().items())


def test_without_a_defined_metric_the_last_network_is_kept(
    rated: Path, tmp_path: Path, changed: Callable[..., Recipe]
) -> None:
    made = changed(metric=Metric("undefined", lambda predicted, target: float("nan")))
    rows = trained(made, rated, tmp_path, epochs=(1, 2))
    assert [row["best"] for row in rows] == [0, 0, 0]
    state = checkpoint.best(tmp_path).state
    assert (state["epoch"], state["value"]) == (3, None)


ROW = {"epoch": 1, "phase": "head", "rate": 0.1, "train_loss": 1.0, "validation_loss": 1.0, "metric": 0.5, "best": 1}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"progress": 3},
        {"progress": {"colour": 1}},
        {"progress": {"phase": 2}},
        {"progress": {"phase": "all"}},
        {"progress": {"epoch_in_phase": 1}},
        {"progress": {"rows": [1]}},
        {"progress": {"rows": [{**ROW, "colour": 1}]}},
    ],
)
def test_progress_of_something_else_is_refused(told: dict[str, Any]) -> None:
    whole = {"progress": {"phase": 1, "epoch_in_phase": 1, "rows": [ROW]}}
    assert progress.resumed(whole, TINY.defaults).rows == [ROW]
    with pytest.raises(IQAError, match=r"Start a new run\."):
        progress.resumed(told, TINY.defaults)
