"""votes: histograms as counted, or made from mean and deviation; the answer is their mean."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from iqa.errors import ArgumentError, IQAError
from training import nets, recipe
from training.recipes import votes


def table(**columns: object) -> pd.DataFrame:
    """A table as the loader of AVA gives it."""
    made = pd.DataFrame(columns)
    made.attrs = {"dataset": "ava", "scale": (1.0, 10.0), "direction": "higher is better"}
    return made


def counts(*rows: Sequence[float]) -> dict[str, np.ndarray]:
    """Columns votes_1 to votes_10."""
    return dict(zip(votes.VOTES, np.array(rows, float).T, strict=True))


def test_made_histograms_have_the_mean_they_are_made_from() -> None:
    mean = np.array([0.0, 0.02, 0.31, 0.5, 0.77, 1.0])
    for sd in (0.01, 0.15, 0.5):
        rows = votes.around(mean, np.full(6, sd))
        assert rows.sum(axis=1) == pytest.approx(np.ones(6), abs=1e-12)
        assert rows.min() >= 0
        assert rows @ votes.STEPS == pytest.approx(mean, abs=2e-6)


def test_made_histograms_have_the_spread_they_are_made_from_and_one_peak() -> None:
    mean, sd = np.repeat([0.4, 0.5, 0.6], 3), np.tile([0.1, 0.15, 0.2], 3)
    rows = votes.around(mean, sd)
    found = np.sqrt(rows @ votes.STEPS**2 - (rows @ votes.STEPS) ** 2)
    assert found == pytest.approx(sd, abs=0.01)
    rising = np.diff(rows, axis=1) > 0
    assert (np.diff(rising.astype(int), axis=1) <= 0).all()


def test_counted_votes_are_kept_and_give_avas_mean() -> None:
    rows = ([0, 1, 5, 17, 38, 36, 15, 6, 5, 1], [10, 7, 15, 26, 26, 21, 10, 8, 1, 2])  # the first two lines of AVA.txt
    steps, total = np.arange(1, 11), np.sum(rows, axis=1)
    mean = rows @ steps / total
    found = votes.targets(votes.voted(table(mos=(mean - 1) / 9, label_sd=[1.0, 1.0], **counts(*rows)), 0.15))
    assert found["votes"] == pytest.approx(np.array(rows) / total[:, None], abs=1e-7)
    assert found["aesthetic"][:, 0] == pytest.approx((mean - 1) / 9, abs=1e-6)


def test_photos_without_votes_get_those_of_their_mean_and_deviation() -> None:
    nan = [float("nan")] * 10
    made = table(mos=[0.5, 0.5, 0.5], label_sd=[0.9, 2.7, np.nan], **counts(nan, nan, nan))
    found = votes.targets(votes.voted(made, 0.2))["votes"]
    assert found == pytest.approx(votes.around(np.full(3, 0.5), np.array([0.1, 0.3, 0.2])), abs=1e-6)
    assert found[0].max() > found[2].max() > found[1].max()


@pytest.mark.parametrize(("cells", "wanted"), [("3,7" + 8 * ",0", [0.7, 0.3]), (9 * ",", None)])
def test_own_tables_count_votes_in_their_own_direction_or_leave_them_out(
    cells: str, wanted: list[float] | None, photos: Path, tmp_path: Path
) -> None:
    rows = [f"{path},1.5,{cells}" for path in sorted(photos.glob("*.png"))]
    (tmp_path / "t.csv").write_text("\n".join([f"path,faults,{','.join(votes.VOTES)}", *rows]) + "\n")
    told = {"label": "faults", "low": 1, "high": 10, "direction": "lower is better"}
    (tmp_path / "dataset.json").write_text(json.dumps(told))
    made = recipe.get("votes")
    found = made.data(tmp_path, replace(made.defaults, weights="")).train.sample(0, None).target["votes"]
    made_up = votes.around(np.array([1 - 0.5 / 9]), np.array([0.15]))[0]
    assert found == pytest.approx(made_up if wanted is None else [0.0] * 8 + wanted, abs=1e-6)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(IQAError, match="negative count"):
        votes.voted(table(mos=[0.5], **counts([-1, 2, 0, 0, 0, 0, 0, 0, 0, 0])), 0.15)


@pytest.mark.parametrize("text", ["wide", "0.01", "0.6", "nan", "inf"])
def test_odd_spreads_are_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="spread="):
        votes.spread(text)


def test_the_answer_is_the_mean_of_the_histogram_that_is_learned() -> None:
    made = recipe.get("votes")
    shares = torch.from_numpy(votes.around(np.array([0.2, 0.7]), np.array([0.15, 0.1]))).float()
    raw = {"aesthetic": shares.log()}
    answer = nets.activate(raw["aesthetic"], made.outputs[0])
    assert answer[:, 0].tolist() == pytest.approx([0.2, 0.7], abs=1e-5)
    assert made.loss(raw, {"votes": shares}).item() == pytest.approx(0.0, abs=1e-5)
    assert made.loss(raw, {"votes": shares.flip(1)}).item() > 0.2
