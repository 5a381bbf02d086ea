"""eval.benchmarks.watermark: pictures that follow from photo and seed, and figures that are counted by hand."""

from collections.abc import Callable
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest

from eval.benchmark import MODEL, Figure, Options, Row, Summary
from eval.benchmarks import watermark
from eval.benchmarks._scene_lettering import KINDS as LETTERING
from eval.benchmarks.watermark import BENCHMARK, OTHERS, SEVERITIES
from eval.datasets import get
from eval.report import csv_bytes, read_csv
from iqa import damage, degradations
from iqa.damage.families import SEEN, UNSEEN, Drawn, Stamped
from tests.photos import photo

NAMES = ("astronaut", "coffee")
QUICK = Options(resamples=100)
PARTS = 1 + len(UNSEEN.layouts) * len(SEVERITIES) + len(LETTERING) + len(OTHERS)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("clean")
    for name in NAMES:
        cv2.imwrite(str(path / f"{name}.png"), photo(name)[::4, ::4, ::-1])
    return get("photos").load(path)


def scored(table: pd.DataFrame, options: Options = QUICK) -> pd.DataFrame:
    rows: list[Row] = []
    for case in BENCHMARK.cases(table, options):
        made = BENCHMARK.scorer(table, options)(case)
        assert isinstance(made, list)
        rows += [{"key": case.key, "error": "", **case.facts, **row} for row in made]
    return read_csv(csv_bytes(rows))


def figures(summary: Summary) -> dict[tuple[str, str, str], Figure]:
    named = {(figure.metric, figure.part, figure.who): figure for figure in summary.figures}
    assert len(named) == len(summary.figures)
    return named


def value(summary: Summary, metric: str, part: str = "all", who: str = MODEL) -> float | None:
    return figures(summary)[metric, part, who].value


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A model that says how far the mean is from the photo's; and the pictures that it was shown."""
    shown: list[np.ndarray] = []

    def assess(image: np.ndarray, *, model: str) -> SimpleNamespace:
        assert model == "standin"
        shown.append(image)
        return SimpleNamespace(severities={"watermark": float(image.mean()) / 255.0})

    monkeypatch.setattr(degradations, "assess", assess)
    return shown


def test_each_photo_gives_itself_marks_lettering_and_damages(table: pd.DataFrame, standin: list[np.ndarray]) -> None:
    rows = scored(table, Options(model="standin"))
    assert len(rows) == len(standin) == len(NAMES) * PARTS
    for _, mine in rows.groupby("key"):
        assert mine["part"].nunique() == PARTS == 27
        assert mine["kind"].value_counts().to_dict() == {"marked": 15, "damaged": 8, "lettering": 3, "clean": 1}
        assert mine["positive"].sum() == 15
    assert np.allclose(rows["answer"], [image.mean() / 255.0 for image in standin])
    assert np.array_equal(standin[0], photo("astronaut")[::4, ::4])
    assert all(not np.array_equal(image, standin[0]) for image in standin[1:PARTS])
    assert not {"watermark"} & set(OTHERS)
    assert set(OTHERS) < set(damage.DAMAGES)


def test_what_judges_is_nothing_that_was_learned_from(table: pd.DataFrame, standin: list[np.ndarray]) -> None:
    marked = scored(table, Options(model="standin")).query("positive == 1")
    assert set(marked["layout"]) == set(UNSEEN.layouts)
    assert set(marked["face"].dropna()) - {""} <= set(UNSEEN.faces) - set(SEEN.faces)
    assert set(marked["logo"].dropna()) - {""} <= set(UNSEEN.logos) - set(SEEN.logos)
    for _, one in marked.groupby(["key", "layout"]):  # one mark, three severities
        assert list(one["severity"]) == list(SEVERITIES)
        assert one[["treatment", "face", "logo"]].fillna("").nunique().max() == 1


def test_a_row_depends_on_the_photo_and_the_seed_only(table: pd.DataFrame, standin: list[np.ndarray]) -> None:
    options = Options(model="standin")
    both, alone = scored(table, options), scored(table[table["name"] == "coffee.png"], options)
    pd.testing.assert_frame_equal(both[both["key"] == "coffee.png"].reset_index(drop=True), alone)
    other = scored(table, Options(model="standin", seed=1))
    same = (other["answer"] == both["answer"]) & (other["kind"] != "clean")
    assert same.sum() <= len(NAMES) * 5  # a blur or a codec hardly draws anything
    assert (other["answer"] == both["answer"])[both["kind"] == "clean"].all()


@pytest.mark.parametrize("make", LETTERING.values(), ids=LETTERING)
def test_lettering_is_opaque_legible_and_a_part_of_the_frame(
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray],
) -> None:
    stripes = np.zeros((160, 240, 3), np.uint8)
    stripes[:, ::2] = 255
    for seed in range(6):
        made, other = (make(image, np.random.default_rng(seed)) for image in (stripes, 255 - stripes))
        same = (np.abs(made.astype(int) - other).max(axis=2) <= 8).astype(np.uint8)
        assert 0.005 < same.mean() < 0.6
        inside = made[cv2.erode(same, np.ones((3, 3), np.uint8)) > 0]
        assert np.percentile(inside.mean(axis=1), 98) - np.percentile(inside.mean(axis=1), 2) > 25
        assert np.array_equal(made, make(stripes, np.random.default_rng(seed)))
    assert make(np.full((1, 1, 3), 90, np.uint8), np.random.default_rng(0)).shape == (1, 1, 3)


def made(photos: int = 4) -> pd.DataFrame:
    """Rows of a judge that answers with the severity of a mark, .1 to everything else, .6 to one shirt."""
    rows: list[Row] = []
    for n in range(photos):
        common: Row = {"key": f"{n}.png", "error": "", "group": str(n), "subset": "", "laplacian": 50.0}
        for layout in ("ring", "cross"):
            for severity in SEVERITIES:
                facts: Row = {"layout": layout, "severity": severity, "treatment": "words", "positive": 1}
                rows.append({**common, "part": f"{layout} {severity}", "kind": "marked", **facts, "answer": severity})
        for kind, part in (("clean", "clean"), ("lettering", "shirt"), ("damaged", "noise"), ("damaged", "motion")):
            answer = 0.6 if part == "shirt" and n == 0 else 0.1
            rows.append({**common, "part": part, "kind": kind, "positive": 0, "answer": answer})
    return read_csv(csv_bytes(rows))


def test_figures_are_those_counted_by_hand() -> None:
    summary = BENCHMARK.summarize(made(), QUICK)
    assert value(summary, "recall") == pytest.approx(2 / 3)  # .5 is found, .3 is not
    assert [value(summary, "recall", f"severity {severity}") for severity in SEVERITIES] == [0.0, 1.0, 1.0]
    assert value(summary, "recall", "layout ring") == pytest.approx(2 / 3)
    assert value(summary, "mistaken") == pytest.approx(1 / 16)
    assert value(summary, "mistaken", "negative shirt") == 0.25
    assert value(summary, "mistaken", "negative noise") == 0.0
    assert figures(summary)["mistaken", "negative noise", MODEL].high == pytest.approx(
        0.4899, abs=1e-4
    )  # Wilson, 0 of 4
    assert value(summary, "auc", "against clean") == 1.0
    assert value(summary, "auc", "against damaged") == 1.0
    assert value(summary, "auc", "against lettering") == pytest.approx(1 - 16 / 96)  # 16 marks of 24 below one of 4
    assert value(summary, "auc") == pytest.approx(1 - 16 / 384)
    assert value(summary, "auc", "severity 0.8") == 1.0
    assert value(summary, "auc", "severity 0.3") == pytest.approx(1 - 8 / 128)
    assert value(summary, "auc", who="laplacian") == 0.5
    assert summary.details["mean answer"]["unmarked"]["shirt"] == pytest.approx(0.225)  # type: ignore[index]


def test_pointing_is_judged_on_the_marks_found_beside_chance() -> None:
    rows = made()
    strong = rows["severity"] == 0.8
    rows = rows.assign(
        pointed=np.where(strong, (rows["layout"] == "ring").astype(float), np.nan),
        covered=np.where(strong, 0.25, np.nan),
    )
    summary = BENCHMARK.summarize(rows, QUICK)
    assert value(summary, "pointed") == 0.5
    assert [value(summary, "pointed", f"layout {name}") for name in ("ring", "cross")] == [1.0, 0.0]
    assert value(summary, "pointed", who="random") == value(summary, "pointed", "layout ring", "random") == 0.25


def test_a_mark_is_pointed_at_where_hiding_it_costs_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    heat, coverage = np.zeros((6, 8), np.float32), np.zeros((600, 800), np.float32)
    coverage[:100, :200] = 0.5
    heat[0, 1] = 1.0
    monkeypatch.setattr(watermark, "watermark_map", lambda image, model: SimpleNamespace(heat=heat))
    judge, picture = watermark.Scorer("standin", 0), np.zeros((600, 800, 3), np.uint8)
    mark = Stamped(coverage, 0.5, (255, 255, 255), "words", "thirds", Drawn(coverage))
    assert judge._pointed(picture, mark) == {"pointed": 1, "covered": 2 / 48}
    heat[0, 2] = 1.1
    assert judge._pointed(picture, mark)["pointed"] == 0
    heat[:] = 0.0
    assert judge._pointed(picture, mark)["pointed"] == 0


def test_an_inverted_judge_is_below_chance() -> None:
    rows = made()
    summary = BENCHMARK.summarize(rows.assign(answer=1.0 - rows["answer"]), QUICK)
    assert value(summary, "auc", "against clean") == 0.0


def test_intervals_draw_the_pictures_of_a_photo_together() -> None:
    few = figures(BENCHMARK.summarize(made(4), QUICK))["auc", "all", MODEL]
    assert (few.low, few.high, few.n) == (None, None, 4)
    many = figures(BENCHMARK.summarize(made(12), QUICK))["auc", "all", MODEL]
    assert many.n == 12
    assert many.low is not None
    assert many.high is not None
    assert many.low < (many.value or 0) <= many.high


def test_a_model_that_cannot_tell_says_so_and_the_baseline_still_stands() -> None:
    rows = made().assign(answer=np.nan)
    summary = BENCHMARK.summarize(rows, QUICK)
    assert value(summary, "auc") is None
    assert value(summary, "auc", who="laplacian") == 0.5
    assert not [figure for figure in summary.figures if figure.metric in ("recall", "mistaken")]
    assert summary.details["undefined"]["recall, mistaken"] == "This model cannot tell whether there is a watermark."  # type: ignore[index]
    assert summary.details["pictures without an answer"] == len(rows)


def test_the_classical_estimator_cannot_tell(table: pd.DataFrame) -> None:
    rows = scored(table)
    assert rows["answer"].isna().all()
    assert value(BENCHMARK.summarize(rows, QUICK), "auc", "against clean") is None
    assert BENCHMARK.models() == degradations.ESTIMATORS
    assert BENCHMARK.estimator("classical") == degradations.CLASSICAL


def test_failed_photos_are_left_out_and_nothing_scored_gives_nothing() -> None:
    rows = made()
    failed = pd.DataFrame([{"key": "x.png", "error": "cut", "group": "x", "subset": ""}])
    assert BENCHMARK.summarize(pd.concat([rows, failed]), QUICK) == BENCHMARK.summarize(rows, QUICK)
    nothing = BENCHMARK.summarize(read_csv(csv_bytes([{"key": "x", "error": "cut", "group": "x"}])), QUICK)
    assert nothing.figures == ()
    for comparison in BENCHMARK.comparisons:
        assert {comparison.column, comparison.target, comparison.group} <= set(rows)
    assert watermark.DETECTED == 0.5
