"""The benchmark of blur types: figures counted by hand, and photos blurred by ourselves."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from eval import datasets
from eval.benchmark import MODEL, Figure, Options, Row, Summary
from eval.benchmarks._blur_figures import macro_interval
from eval.benchmarks.blur import BENCHMARK, derive, judge
from eval.metrics import (
    auc,
    balanced_accuracy,
    brier,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    risk_coverage,
    wilson,
)
from eval.report import csv_bytes, read_csv
from iqa.blur import BLUR_TYPES
from iqa.errors import ArgumentError, IQAError, UnknownNameError
from tests.miniature import blurset, picture, text
from tests.photos import blurred, photo

QUICK = Options(resamples=200)
SHARP, PORTRAIT, DEFOCUSED, MOTION = BLUR_TYPES


def row(key: str, true: str, chances: tuple[float, ...], **cells: str | float | None) -> Row:
    """A row of the CSV as the scorer makes it, for an answer with these four probabilities."""
    said = BLUR_TYPES[int(np.argmax(chances))]
    made: Row = {"key": key, "error": "", "blur_type": true, "group": key, "subset": "", "kind": "", "predicted": said}
    made |= {"confidence": max(chances), "certain": int(max(chances) >= 0.5)}
    return (
        made
        | {f"p_{name}": p for name, p in zip(BLUR_TYPES, chances, strict=True)}
        | {"laplacian": 1.0, "half_p_sharp": 0.2}
        | cells
    )


def read(rows: list[Row]) -> pd.DataFrame:
    return read_csv(csv_bytes(rows))


def figure(summary: Summary, metric: str, part: str = "all", who: str = MODEL) -> Figure:
    found = [f for f in summary.figures if (f.metric, f.part, f.who) == (metric, part, who)]
    assert len(found) == 1, [(f.metric, f.part, f.who) for f in summary.figures]
    return found[0]


FIVE = [
    row("a", SHARP, (0.9, 0.1, 0.0, 0.0), laplacian=90.0),
    row("b", SHARP, (0.4, 0.3, 0.2, 0.1), laplacian=10.0),
    row("c", SHARP, (0.2, 0.0, 0.8, 0.0), laplacian=50.0),
    row("d", MOTION, (0.1, 0.0, 0.0, 0.9), laplacian=20.0, half_p_sharp=0.6),
    row("e", MOTION, (0.3, 0.0, 0.7, 0.0), laplacian=5.0),
]
"""Right, right but unsure, a false alarm, right, the wrong kind of blur."""


def test_five_photos_give_the_figures_counted_by_hand() -> None:
    summary = BENCHMARK.summarize(read(FIVE), QUICK)
    accuracy = figure(summary, "accuracy")
    assert (accuracy.value, accuracy.n, accuracy.method) == (0.6, 5, "Wilson score")
    assert (accuracy.low, accuracy.high) == pytest.approx((wilson(3, 5).low, wilson(3, 5).high))
    assert figure(summary, "accuracy", "class sharp").value == pytest.approx(2 / 3)
    assert figure(summary, "accuracy", "class motion_blurred").value == 0.5
    assert figure(summary, "balanced_accuracy").value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert figure(summary, "false_alarm_rate").value == pytest.approx(1 / 3)
    assert figure(summary, "cannot_tell").value == 0.2
    assert figure(summary, "half_size_sharp").value == 0.5  # of the two blurred ones d
    assert figure(summary, "accuracy", "certain answers").value == 0.5
    assert figure(summary, "auc").value == pytest.approx(5 / 6)  # 1 - P(sharp): c above e, the only pair out of order
    assert figure(summary, "auc", who="laplacian").value == pytest.approx(5 / 6)  # only b below d
    assert figure(summary, "brier").value == pytest.approx((0.02 + 0.5 + 1.28 + 0.02 + 1.58) / 5)


def test_figures_equal_the_metrics_of_the_same_names() -> None:
    rng = np.random.default_rng(3)
    rows = [row(f"{i}", BLUR_TYPES[i % 4], tuple(rng.dirichlet(np.ones(4)).tolist())) for i in range(60)]
    frame = read(rows)
    summary, judged = BENCHMARK.summarize(frame, QUICK), judge(frame, two_classes=False)
    matrix = confusion_matrix(judged.true, judged.said, BLUR_TYPES)
    assert figure(summary, "ece").value == pytest.approx(expected_calibration_error(frame["confidence"], judged.right))
    blurry = [float(name != SHARP) for name in judged.true]
    assert figure(summary, "auc").value == pytest.approx(auc(1 - judged.chances[:, 0], blurry))
    assert figure(summary, "aurc").value == pytest.approx(risk_coverage(judged.confidence, ~judged.right).aurc)
    assert figure(summary, "macro_f1").value == pytest.approx(macro_f1(matrix))
    assert figure(summary, "balanced_accuracy").value == pytest.approx(balanced_accuracy(matrix))
    assert figure(summary, "brier").value == pytest.approx(brier(judged.chances, judged.codes))
    assert summary.details["all"]["confusion"]["rows are the truth"] == matrix.tolist()  # type: ignore[index]
    for name in ("ece", "macro_f1", "auc", "brier", "aurc"):
        found = figure(summary, name)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.high


def test_a_reversed_model_has_an_auc_below_one_half() -> None:
    turned = [row(str(r["key"]), str(r["blur_type"]), (0.9, 0.1, 0, 0)) for r in FIVE[3:]]
    turned += [row(str(r["key"]), str(r["blur_type"]), (0.1, 0.9, 0, 0)) for r in FIVE[:3]]
    assert figure(BENCHMARK.summarize(read(turned), QUICK), "auc").value == 0.0


def test_a_list_of_sharp_and_blurry_is_judged_on_two_classes() -> None:
    rows = [
        row("a", SHARP, (0.6, 0.4, 0, 0)),
        row("b", "blurry", (0.1, 0.5, 0.4, 0)),
        row("c", "blurry", (0.1, 0, 0, 0.9)),
        row("d", "blurry", (0.7, 0.3, 0, 0)),
    ]
    summary = BENCHMARK.summarize(read(rows), QUICK)
    assert figure(summary, "accuracy").value == 0.75
    assert figure(summary, "balanced_accuracy").value == pytest.approx((1 + 2 / 3) / 2)
    expected = [[0.6, 0.4], [0.1, 0.9], [0.1, 0.9], [0.7, 0.3]]
    assert figure(summary, "brier").value == pytest.approx(brier(np.array(expected), np.array([0, 1, 1, 1])))


def test_subsets_and_frequent_kinds_have_figures_of_their_own() -> None:
    rows = [row(f"s{i}", SHARP, (0.9, 0.1, 0, 0), subset="kit") for i in range(4)]
    rows += [row(f"p{i}", SHARP, (1 - 0.2 * i, 0, 0, 0.2 * i), subset="web", kind="panning") for i in range(5)]
    rows += [row("x", MOTION, (0.1, 0, 0, 0.9), subset="web", kind="rare")]
    summary = BENCHMARK.summarize(read(rows), QUICK)
    assert figure(summary, "accuracy", "subset kit").value == 1.0
    panning = figure(summary, "accuracy", "kind panning")
    assert (panning.value, panning.n) == (0.6, 5)
    assert figure(summary, "false_alarm_rate", "kind panning").value == pytest.approx(0.4)
    assert not [f for f in summary.figures if "rare" in f.part]


def test_the_interval_of_a_flawless_macro_accuracy_does_not_shrink_to_a_point() -> None:
    found = macro_interval([np.ones(11, dtype=bool)] * 3)
    assert found.high == 1.0
    assert wilson(11, 11).low < found.low < wilson(33, 33).low  # between one class of 11 and one of 33
    one = macro_interval([np.array([True, False, True])])
    assert (one.low, one.high) == pytest.approx((wilson(2, 3).low, wilson(2, 3).high))


def test_failed_photos_are_in_no_figure() -> None:
    failed: Row = {"key": "f", "error": "broken", "blur_type": SHARP, "group": "f", "subset": "", "kind": ""}
    with_failure, without = (BENCHMARK.summarize(read(rows), QUICK) for rows in ([failed, *FIVE], FIVE))
    assert with_failure == without


def test_the_constant_answer_stands_beside_the_model() -> None:
    summary = BENCHMARK.summarize(read(FIVE), QUICK)
    assert figure(summary, "accuracy", who="constant").value == 0.6
    assert figure(summary, "balanced_accuracy", who="constant").value == 0.5


def test_a_photo_is_scored_in_another_process_and_blur_is_seen(tmp_path: Path) -> None:
    for name, sigma in (("sharp/a.png", 0.0), ("defocused_blurred/a.png", 6.0)):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(blurred(photo("coffee"), sigma)).save(tmp_path / name)
    table = datasets.load("blurset", tmp_path)
    cases = BENCHMARK.cases(table, QUICK)
    scorer = pickle.loads(pickle.dumps(BENCHMARK.scorer(table, QUICK)))
    blurry, sharp = (scorer(case) for case in cases)
    assert sharp["laplacian"] > 10 * blurry["laplacian"]
    assert sum(sharp[f"p_{name}"] for name in BLUR_TYPES) == pytest.approx(1.0)
    rows = [{"key": case.key, "error": "", **case.facts, **scorer(case)} for case in cases]
    assert figure(BENCHMARK.summarize(read(rows), QUICK), "accuracy").value == 1.0
    assert derive(read(rows))["correct"].tolist() == [1.0, 1.0]


def test_the_whole_run_works_on_a_folder_of_two_classes(tmp_path: Path) -> None:
    table = datasets.load("blurset", blurset(tmp_path))
    cases = BENCHMARK.cases(table, QUICK)
    assert [case.key for case in cases] == ["blurry/c.png", "motion_blurred/b.png", "sharp/a.png"]
    scorer = BENCHMARK.scorer(table, QUICK)
    rows = [{"key": case.key, "error": "", **case.facts, **scorer(case)} for case in cases]
    read_back = derive(read(rows))
    share = read_back["correct"].mean()
    assert figure(BENCHMARK.summarize(read_back, QUICK), "accuracy").value == pytest.approx(share)


def test_without_labels_the_csv_does_not_tell_them(tmp_path: Path) -> None:
    table = datasets.load("blurset", blurset(tmp_path))
    scorer = BENCHMARK.scorer(table, QUICK)
    written = []
    for labels in (BLUR_TYPES[:3], BLUR_TYPES[1:]):
        cases = BENCHMARK.cases(table.assign(blur_type=labels, note=labels), QUICK)
        rows = [{"key": case.key, "error": "", **case.facts, **scorer(case)} for case in cases]
        assert len({tuple(row.items()) for row in rows}) == 3
        written.append(csv_bytes([{k: v for k, v in row.items() if k not in BENCHMARK.labels} for row in rows]))
    assert written[0] == written[1]


def test_right_is_derived_from_answer_and_label_and_nothing_of_a_failed_photo() -> None:
    failed: Row = {"key": "f", "error": "broken", "blur_type": SHARP, "group": "f", "subset": "", "kind": ""}
    found = derive(read([*FIVE, failed]))["correct"]
    assert found.tolist()[:5] == [1.0, 1.0, 0.0, 1.0, 0.0]
    assert np.isnan(found[5])


def test_a_note_of_the_list_becomes_the_kind_of_the_case(tmp_path: Path) -> None:
    picture(tmp_path / "1.jpg")
    picture(tmp_path / "2.jpg")
    text(tmp_path / "labels.csv", "file,label,scene,note", "1.jpg,sharp,s1,panning", "2.jpg,motion_blurred,s1,")
    table = datasets.load("blurset", tmp_path)
    assert table["note"].tolist() == ["panning", ""]
    assert [case.facts["kind"] for case in BENCHMARK.cases(table, QUICK)] == ["panning", ""]


def test_split_and_limit_choose_the_cases(tmp_path: Path) -> None:
    for i in range(9):
        picture(tmp_path / f"test/sharp/{i}.png", i)
    picture(tmp_path / "train/sharp/x.png")
    table = datasets.load("blurset", tmp_path)
    assert len(BENCHMARK.cases(table, Options())) == 9  # without a word, the test split where there is one
    assert len(BENCHMARK.cases(table, Options(split="all"))) == 10
    few = BENCHMARK.cases(table, Options(limit=3))
    assert [case.key for case in few] == ["test/sharp/0.png", "test/sharp/4.png", "test/sharp/8.png"]
    with pytest.raises(ArgumentError, match="'validation'; this data set has test, train"):
        BENCHMARK.cases(table, Options(split="validation"))


def test_a_photo_that_is_not_there_fails_with_a_sentence(tmp_path: Path) -> None:
    path = blurset(tmp_path)
    table = datasets.load("blurset", path)
    (path / "sharp/a.png").unlink()
    with pytest.raises(IQAError, match=r"a\.png"):
        BENCHMARK.scorer(table, QUICK)(BENCHMARK.cases(table, QUICK)[2])


def test_only_known_estimators_are_judged() -> None:
    assert BENCHMARK.estimator("classical").name == "classical-blur-type"
    with pytest.raises(UnknownNameError):
        BENCHMARK.estimator("classic")
