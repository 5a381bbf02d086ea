"""The benchmark of bursts: hand-counted series, agreement with the metric, and frames blurred by ourselves."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from eval import datasets
from eval.benchmark import MODEL, Figure, Options, Row, Summary
from eval.benchmarks.burst import BENCHMARK, derive, numbers, person, picked
from eval.metrics import burst_picks, wilson
from eval.report import csv_bytes, read_csv
from iqa.errors import ArgumentError
from tests.miniature import bursts, phototriage, text
from tests.photos import blurred, photo

QUICK = Options(resamples=200)


def series(
    name: str, scores: str, votes: str, *, counted: int = 0, too_close: int = 0, best: str = "", ranks: str = ""
) -> Row:
    value = numbers(votes)
    made = best or "|".join("1.0" if v == value.max() else "0.0" for v in value)
    order = np.argsort(-numbers(scores), kind="stable")
    ranks = ranks or "|".join(repr(float(place)) for place in 1 + np.argsort(order))
    files = "|".join(f"{i}.jpg" for i in range(len(value)))
    row: Row = {"key": name, "error": "", "series": name, "group": name, "subset": "", "frames": len(value)}
    row |= {"files": files, "counted": counted, "best": made, "votes": votes}
    row |= {"ranks": ranks, "too_close": too_close, "beside": "blur-type 1.1.0", "scores": scores}
    return row | {"laplacian": "|".join(reversed(scores.split("|"))), "bytes": "|".join(["9.0"] * len(value))}


def read(rows: list[Row]) -> pd.DataFrame:
    return read_csv(csv_bytes(rows))


def figure(summary: Summary, metric: str, who: str = MODEL, part: str = "all") -> Figure:
    (found,) = [f for f in summary.figures if (f.metric, f.part, f.who) == (metric, part, who)]
    return found


FOUR = [
    series("a", "0.9|0.5|0.1", "3.0|1.0|0.0", counted=1),
    series("b", "0.2|0.8|0.1", "0.0|4.0|2.0", counted=1),
    series("c", "0.9|0.5|0.1|0.0", "0.0|1.0|1.0|5.0", counted=1, too_close=1),
    series("d", "0.4|0.6", "3.0|1.0", counted=1),
]
"""Right, right, the best frame last of four, and second of two."""


def test_the_ranking_counts_and_not_the_scores_which_measures_may_overrule() -> None:
    close = [series(row, "0.70|0.71|0.1", "3.0|1.0|0.0", counted=1, ranks="1.0|2.0|3.0") for row in "abcd"]
    assert figure(BENCHMARK.summarize(read(close), QUICK), "top1").value == 1.0


def test_four_series_give_the_figures_counted_by_hand() -> None:
    summary = BENCHMARK.summarize(read(FOUR), QUICK)
    top1 = figure(summary, "top1")
    assert (top1.value, top1.n, top1.method) == (0.5, 4, "Wilson score")
    assert (top1.low, top1.high) == pytest.approx((wilson(2, 4).low, wilson(2, 4).high))
    assert figure(summary, "top2").value == 0.75
    assert figure(summary, "top3").value == 0.75
    assert figure(summary, "regret").value == pytest.approx((0 + 0 + 5 + 2) / 4)
    assert figure(summary, "top1", "random").value == pytest.approx((1 / 3 + 1 / 3 + 1 / 4 + 1 / 2) / 4)
    assert figure(summary, "top2", "random").value == pytest.approx((2 / 3 + 2 / 3 + 2 / 4 + 1) / 4)
    assert figure(summary, "top1", part="told apart").value == pytest.approx(2 / 3)
    assert figure(summary, "top1", "laplacian").value == 0.75  # its scores are those of the model, reversed
    assert summary.details["networks asked beside the score"] == ["blur-type 1.1.0"]
    assert summary.details["all"]["rank of the best frame: series"] == {"1": 2, "2": 1, "4": 1}  # type: ignore[index]


def test_equal_numbers_score_as_chance_does() -> None:
    summary = BENCHMARK.summarize(read(FOUR), QUICK)
    for metric in ("top1", "top2", "top3", "regret"):
        chance = figure(summary, metric, "random").value
        assert figure(summary, metric, "largest file").value == pytest.approx(chance)


def test_all_rows_agree_with_the_metric() -> None:
    rng = np.random.default_rng(7)
    rows, flat = [], []
    for name in range(30):
        size = int(rng.integers(2, 7))
        votes, scores = rng.multinomial(20, np.ones(size) / size), rng.normal(size=size)
        cells = ("|".join(repr(float(v)) for v in values) for values in (scores, votes))
        rows.append(series(f"s{name:02d}", *cells, counted=1))
        flat += [(scores[i], votes[i], f"s{name:02d}") for i in range(size)]
    pred, value, names = zip(*flat, strict=True)
    expected = burst_picks(pred, value, names, votes=value)
    summary = BENCHMARK.summarize(read(rows), QUICK)
    assert expected.human is not None
    for metric in ("top1", "top2", "top3", "regret"):
        assert figure(summary, metric).value == pytest.approx(getattr(expected.model, metric))
        assert figure(summary, metric, "random").value == pytest.approx(getattr(expected.random, metric))
    assert figure(summary, "top1", "people").value == pytest.approx(expected.human.top1)
    assert figure(summary, "regret", "people").value == pytest.approx(expected.human.regret)


def test_people_are_shown_only_where_votes_were_counted() -> None:
    rows: list[Row] = [row | {"counted": 0} for row in FOUR]
    assert not [f for f in BENCHMARK.summarize(read(rows), QUICK).figures if f.who == "people"]
    assert person(np.array([2.0, 1.0])).top1 == pytest.approx(2 / 3)  # who agrees with another: two of three
    assert np.isnan(person(np.array([1.0, 0.0])).top1)  # one voter has nobody to agree with


def test_a_series_in_which_all_frames_are_best_is_left_out_and_counted() -> None:
    tie = series("e", "0.9|0.5", "1.0|1.0")
    summary = BENCHMARK.summarize(read([*FOUR[:3], tie]), QUICK)
    assert figure(summary, "top1").n == 3
    assert summary.details["series in which all frames are best, left out"] == 1


def test_the_rank_decides_hits_and_the_votes_decide_regret() -> None:
    picks = picked(np.array([0.9, 0.1, 0.2]), np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.7, 0.1]))
    assert (picks.top1, picks.regret) == (1.0, pytest.approx(0.2))


def test_a_burst_on_disk_is_ranked_in_another_process(tmp_path: Path) -> None:
    frame = photo("coffee")[:300, :400]
    for i, sigma in enumerate((4.0, 0.0, 2.0)):
        Image.fromarray(blurred(frame, sigma)).save(tmp_path / f"{i}.jpg", quality=95)
    text(tmp_path / "bursts.csv", "series,file,votes", "s,0.jpg,1", "s,1.jpg,9", "s,2.jpg,2")
    table = datasets.load("bursts", tmp_path)
    (case,) = BENCHMARK.cases(table, QUICK)
    assert (case.key, case.facts["best"], case.facts["counted"]) == ("s", "0.0|1.0|0.0", 1)
    row = pickle.loads(pickle.dumps(BENCHMARK.scorer(table, QUICK)))(case)
    assert (row["chosen"], numbers(row["ranks"])[1]) == ("1.jpg", 1.0)
    told = derive(read([{"key": case.key, "error": "", **case.facts, **row}])).iloc[0]
    assert (told["top1"], told["regret"]) == (1.0, 0.0)
    for cell in ("scores", "laplacian", "bytes"):
        assert int(numbers(row[cell]).argmax()) == 1
    summary = BENCHMARK.summarize(read([{"key": case.key, "error": "", **case.facts, **row}]), QUICK)
    assert figure(summary, "top1", "laplacian").value == 1.0


def test_two_frames_with_a_keeper_make_a_row(tmp_path: Path) -> None:
    table = datasets.load("bursts", bursts(tmp_path))
    cases = BENCHMARK.cases(table, QUICK)
    assert [(case.key, case.facts["frames"], case.facts["counted"]) for case in cases] == [("s0", 2, 0), ("s1", 2, 0)]
    row = BENCHMARK.scorer(table, QUICK)(cases[0])
    assert isinstance(row, dict)
    told = derive(read([{"key": cases[0].key, "error": "", **cases[0].facts, **row}])).iloc[0]
    assert told["regret"] == 1 - told["top1"]
    assert told["top2"] == 1.0


def test_without_labels_the_csv_does_not_tell_them(tmp_path: Path) -> None:
    table = datasets.load("bursts", bursts(tmp_path))
    scorer, written, facts = BENCHMARK.scorer(table, QUICK), [], []
    for labels in (table["label"], 7.0 - 2 * table["label"]):
        best = (labels == labels.groupby(table["series"]).transform("max")).astype(float)
        cases = BENCHMARK.cases(table.assign(label=labels, votes=labels, best=best), QUICK)
        rows = [{"key": case.key, "error": "", **case.facts, **scorer(case)} for case in cases]
        facts.append([row["best"] for row in rows])
        written.append(csv_bytes([{k: v for k, v in row.items() if k not in BENCHMARK.labels} for row in rows]))
    assert facts[0] != facts[1]
    assert written[0] == written[1]


def test_hits_of_a_failed_series_are_not_derived() -> None:
    failed: Row = {"key": "f", "error": "broken", "series": "f", "group": "f", "subset": "", "best": "1.0|0.0"}
    found = derive(read([*FOUR, failed | {"votes": "1.0|0.0"}]))
    assert found["top1"].tolist()[:4] == [1.0, 1.0, 0.0, 0.0]
    assert np.isnan(found["top1"].iloc[4])


def test_published_ranks_and_shares_are_no_counts_of_people(tmp_path: Path) -> None:
    table = datasets.load("phototriage", phototriage(tmp_path))
    cases = {case.key: case for case in BENCHMARK.cases(table, QUICK)}  # no test split: all series
    assert set(cases) == {"000001", "000002"}
    assert cases["000001"].facts["best"] == "0.0|1.0|0.0"
    assert cases["000001"].facts["counted"] == 0
    limited = BENCHMARK.cases(table, Options(split="train", limit=5))
    assert [len(case.paths) for case in limited] == [3]  # a limit counts series, and never cuts one


def test_a_burst_that_is_too_long_fails_with_a_sentence(tmp_path: Path) -> None:
    Image.fromarray(photo("coffee")[:24, :24]).save(tmp_path / "a.png")
    lines = []
    for i in range(51):
        (tmp_path / f"{i}.png").write_bytes((tmp_path / "a.png").read_bytes())
        lines.append(f"s,{i}.png,{int(i == 0)}")
    table = datasets.load("bursts", text(tmp_path / "bursts.csv", "series,file,best", *lines).parent)
    with pytest.raises(ArgumentError, match="2 to 50 frames"):
        BENCHMARK.scorer(table, QUICK)(BENCHMARK.cases(table, QUICK)[0])
