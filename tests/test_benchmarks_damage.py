"""eval.benchmarks.damage: rows that depend on the photo and the seed only, and figures that are counted by hand."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from eval.benchmark import MODEL, Case, Figure, Options, Row, Summary
from eval.benchmarks._clean_photos import SIDE, read
from eval.benchmarks.damage import BENCHMARK, LEVELS, OWN
from eval.datasets import get
from eval.metrics import crosstalk
from eval.report import csv_bytes, read_csv
from iqa import damage, degradations, quality
from iqa.errors import ImageError, UnknownNameError
from iqa.resize import reduced
from tests.photos import photo

NAMES = ("astronaut", "coffee", "chelsea")
QUICK = Options(resamples=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clean")
    for name in NAMES:
        cv2.imwrite(str(path / f"{name}.png"), photo(name)[::2, ::2, ::-1])
    return path


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return get("photos").load(folder)


def full(case: Case, rows: list[Row]) -> list[Row]:
    return [{"key": case.key, "error": "", **case.facts, **row} for row in rows]


@pytest.fixture(scope="module")
def scored(table: pd.DataFrame) -> pd.DataFrame:
    cases, scorer = BENCHMARK.cases(table, QUICK), BENCHMARK.scorer(table, QUICK)
    return read_csv(csv_bytes([row for case in cases for row in full(case, scorer(case))]))


def figures(summary: Summary) -> dict[tuple[str, str, str], Figure]:
    named = {(figure.metric, figure.part, figure.who): figure for figure in summary.figures}
    assert len(named) == len(summary.figures)
    return named


def value(summary: Summary, metric: str, part: str = "all", who: str = MODEL) -> float | None:
    return figures(summary)[metric, part, who].value


def test_each_photo_gives_itself_and_every_damage_at_every_level(scored: pd.DataFrame) -> None:
    for _, rows in scored.groupby("key"):
        assert rows["part"].nunique() == len(rows) == 1 + len(OWN) * LEVELS == 46
        assert list(rows["level"][rows["damage"] == "shake"]) == [1, 2, 3, 4, 5]
        assert list(rows["severity"][rows["damage"] == "shake"]) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert set(OWN) <= set(damage.DAMAGES)
    assert set(OWN.values()) == set(degradations.NAMES)


def test_rows_hold_what_the_estimators_say_of_these_pictures(scored: pd.DataFrame) -> None:
    image = np.ascontiguousarray(photo("coffee")[::2, ::2])
    row = scored[(scored["key"] == "coffee.png") & (scored["part"] == "clean")].iloc[0]
    answer = degradations.assess(image, model="classical")
    for name in set(degradations.NAMES) - {"watermark"}:
        assert row[name] == answer.severities[name]
    assert np.isnan(row["watermark"])
    assert (row["overall"], row["quality"]) == (answer.overall, quality.score(image, model="classical").quality)
    assert row["quality_by"] == str(quality.CLASSICAL)


def test_a_photo_is_compared_with_its_copy_at_half_size(scored: pd.DataFrame) -> None:
    image = np.ascontiguousarray(photo("coffee")[::2, ::2])
    half = reduced(image, max(image.shape[:2]) // 2)
    both = [quality.score(picture, model="classical").quality for picture in (image, half)]
    told = scored[scored["key"] == "coffee.png"].set_index("part")["half_size"]
    assert told["clean"] == pytest.approx(abs(both[0] - both[1]))
    assert told.drop("clean").isna().all()


def test_the_answer_is_that_of_the_head_in_charge(scored: pd.DataFrame) -> None:
    damaged = scored[scored["level"] > 0]
    expected = [row[row["head"]] for _, row in damaged.iterrows()]
    assert np.array_equal(damaged["answer"], expected, equal_nan=True)
    assert scored["answer"][scored["level"] == 0].isna().all()


def test_a_row_depends_on_the_photo_and_the_seed_only(table: pd.DataFrame, scored: pd.DataFrame) -> None:
    (case,) = (case for case in BENCHMARK.cases(table.iloc[::-1], QUICK) if case.key == "chelsea.png")
    alone = read_csv(csv_bytes(full(case, BENCHMARK.scorer(table, QUICK)(case))))
    among = scored[scored["key"] == case.key].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)
    other = read_csv(csv_bytes(full(case, BENCHMARK.scorer(table, Options(seed=1))(case))))
    assert not alone["laplacian"].equals(other["laplacian"])
    assert alone["laplacian"][0] == other["laplacian"][0]


def test_cases_carry_no_folder_and_obey_the_limit(table: pd.DataFrame) -> None:
    cases = BENCHMARK.cases(table, QUICK)
    assert [case.key for case in cases] == [f"{name}.png" for name in sorted(NAMES)]
    assert [case.facts["group"] for case in cases] == [case.key for case in cases]
    assert len(BENCHMARK.cases(table, Options(limit=2))) == 2


def test_a_large_photo_is_reduced_before_it_is_damaged(tmp_path: Path) -> None:
    large = cv2.resize(photo("coffee"), (1300, 870), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(tmp_path / "large.png"), large[..., ::-1])
    reduced = cv2.resize(large, (SIDE, round(870 * SIDE / 1300)), interpolation=cv2.INTER_AREA)
    assert np.array_equal(read(Case("large.png", (tmp_path / "large.png",))), reduced)


def test_a_broken_photo_is_an_error_not_a_row(tmp_path: Path, table: pd.DataFrame) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError):
        BENCHMARK.scorer(table, QUICK)(Case("broken.jpg", (tmp_path / "broken.jpg",)))


def made(photos: int = 4, **changes: object) -> pd.DataFrame:
    """Rows of a judge that answers with the severity of its own damage and 0 to the others; quality falls evenly."""
    rows = []
    for index in range(photos):
        for name, level in [("clean", 0), *((name, level) for name in OWN for level in range(1, 6))]:
            severity = level / 5
            heads = {head: severity if OWN.get(name) == head else 0.0 for head in degradations.NAMES}
            row: Row = {"key": f"{index}.png", "error": "", "group": str(index), "subset": ""}
            row |= {"part": f"{name} {level}", "damage": name, "head": OWN.get(name, "clean"), "level": level}
            row |= {"severity": severity, **heads, "overall": 1.0, "quality": 1.0 - severity, "quality_by": "judge 1"}
            row |= {"answer": severity if level else None, "not_rising": 1 if level else None}
            row |= {"half_size": None if level else 0.01 * (index + 1)}
            rows.append(row | {"laplacian": 100.0 - level + index, "mean_luminance": 0.5})
    frame = read_csv(csv_bytes(rows))
    return frame.assign(**changes)


def test_a_perfect_judge_gets_perfect_figures() -> None:
    summary = BENCHMARK.summarize(made(), QUICK)
    for head in degradations.NAMES:
        assert value(summary, "srcc", f"head {head}") == pytest.approx(1.0)
        assert value(summary, "auc", f"head {head}") == 1.0
        assert value(summary, "crosstalk", f"head {head}") == 0.0
    assert value(summary, "srcc") == pytest.approx(1.0)
    assert value(summary, "crosstalk") == 0.0
    assert value(summary, "false_alarm") == 0.0
    assert value(summary, "not_rising") == 1.0
    assert value(summary, "half_size") == pytest.approx(0.025)
    assert all(figure.method for figure in summary.figures if figure.value is not None)
    assert figures(summary)["false_alarm", "all", MODEL].high == pytest.approx(0.4899, abs=1e-4)  # Wilson, 0 of 4


def test_the_quality_told_of_saved_photos_is_held_against_the_true_one() -> None:
    rows = made()
    coded = rows["damage"] == "compression"
    told = rows["severity"].map(damage.jpeg_quality).where(coded & (rows["level"] > 1)) + (rows["level"] == 5) * 7
    summary = BENCHMARK.summarize(rows.assign(jpeg_quality=told), QUICK)
    assert summary.details["JPEG quality of the photos saved"] == {
        "photos": 20,
        "told": 0.8,
        "told within 1": 0.6,
        "median error": 0.0,
    }
    assert "JPEG quality of the photos saved" not in BENCHMARK.summarize(rows, QUICK).details


def test_a_reversed_head_keeps_its_sign() -> None:
    rows = made()
    summary = BENCHMARK.summarize(rows.assign(noise=1.0 - rows["noise"]), QUICK)
    assert value(summary, "srcc", "head noise") == pytest.approx(-1.0)
    assert value(summary, "auc", "head noise") == 0.0


def test_crosstalk_is_the_mean_answer_to_another_over_that_to_its_own() -> None:
    rows = made()
    rows.loc[(rows["damage"] == "compression") & (rows["level"] == 5), "noise"] = [0.2, 0.4, 0.4, 0.2]
    rows = pd.concat([rows.assign(**{c: rows[c] + str(i) for c in ("key", "group")}) for i in range(3)])
    rows = rows.reset_index(drop=True)
    rows.loc[(rows["damage"] == "noise") & (rows["level"] == 5), "noise"] = 0.6
    summary = BENCHMARK.summarize(rows, QUICK)
    assert value(summary, "crosstalk", "head noise") == pytest.approx(0.5)
    assert value(summary, "crosstalk") == pytest.approx(0.5)
    assert summary.details["most disturbing damage"]["noise"] == "compression"
    low, high = (getattr(figures(summary)["crosstalk", "all", MODEL], end) for end in ("low", "high"))
    assert 0.333 < low < 0.5 < high < 0.667


def test_crosstalk_without_any_answer_does_not_exist() -> None:
    assert crosstalk([0.1, 0.2, 0.0], [0.4, 0.6, 0.5]) == pytest.approx(0.2)
    assert np.isnan(crosstalk([0.1, 0.2, 0.3], [0.0, 0.0, 0.0]))


def test_a_clean_photo_with_any_head_above_one_half_is_a_false_alarm() -> None:
    rows = made()
    clean = rows.index[rows["level"] == 0]
    rows.loc[clean[0], ["noise", "exposure"]] = 0.6
    rows.loc[clean[1], "noise"] = 0.5
    summary = BENCHMARK.summarize(rows, QUICK)
    assert value(summary, "false_alarm") == 0.25
    assert value(summary, "false_alarm", "head noise") == 0.25
    assert value(summary, "false_alarm", "head color_cast") == 0.0
    assert summary.details["alarms on clean photos"] == ["0.png"]


def test_one_rising_step_is_counted_in_its_damage_and_in_all() -> None:
    rows = made()
    place = rows.index[(rows["key"] == "2.png") & (rows["damage"] == "motion") & (rows["level"] == 3)]
    rows.loc[place, "quality"] = 0.95
    summary = BENCHMARK.summarize(rows, QUICK)
    assert value(summary, "not_rising", "damage motion") == pytest.approx(1 - 1 / 20)
    assert value(summary, "not_rising", "damage shake") == 1.0
    assert value(summary, "not_rising") == pytest.approx(1 - 1 / 180)
    assert value(summary, "not_rising", "without watermark") == pytest.approx(1 - 1 / 160)
    assert summary.details["quality ladders"]["motion"]["rises"] == 1


def test_a_head_that_cannot_tell_has_no_figures_and_a_reason() -> None:
    summary = BENCHMARK.summarize(made(watermark=np.nan), QUICK)
    for metric in ("srcc", "auc", "crosstalk"):
        assert value(summary, metric, "head watermark") is None
        assert f"{metric} of model, head watermark" in summary.details["undefined"]
    assert summary.details["pictures without an answer"] == {"watermark": 4 * 46}
    assert value(summary, "crosstalk") == 0.0


def test_a_constant_head_is_undefined_not_zero() -> None:
    summary = BENCHMARK.summarize(made(noise=0.0), QUICK)
    assert value(summary, "srcc", "head noise") is None
    assert "constant" in summary.details["undefined"]["srcc of model, head noise"]


def test_a_model_without_quality_has_no_ladders() -> None:
    summary = BENCHMARK.summarize(made(quality=np.nan, quality_by=""), QUICK)
    assert not [figure for figure in summary.figures if figure.metric == "not_rising"]
    assert "not_rising" in summary.details["undefined"]


def test_failed_photos_are_left_out_and_nothing_scored_gives_nothing() -> None:
    rows = made(5)
    failed = pd.DataFrame([{"key": "x.png", "error": "cut", "group": "x", "subset": ""}])
    assert BENCHMARK.summarize(pd.concat([rows, failed]), QUICK) == BENCHMARK.summarize(rows, QUICK)
    nothing = BENCHMARK.summarize(read_csv(csv_bytes([{"key": "x", "error": "cut", "group": "x"}])), QUICK)
    assert nothing.figures == ()
    assert nothing.details["undefined"]


@pytest.mark.parametrize("photos", [1, 2])
def test_too_few_photos_for_an_interval_still_give_values(photos: int) -> None:
    summary = BENCHMARK.summarize(made(photos), QUICK)
    found = figures(summary)["srcc", "head blurriness", MODEL]
    assert found.value == pytest.approx(1.0)
    assert (found.low, found.high, found.n) == (None, None, photos)


def test_the_classical_estimators_follow_blur_and_noise(scored: pd.DataFrame) -> None:
    summary = BENCHMARK.summarize(scored, QUICK)
    assert summary == BENCHMARK.summarize(scored, QUICK)
    assert (value(summary, "auc", "head noise") or 0) > 0.95
    assert (value(summary, "auc", "head blurriness") or 0) > 0.9
    assert (value(summary, "srcc", "head blurriness", "laplacian") or 0) > 0
    assert (value(summary, "not_rising", "damage defocus") or 0) > 0.9


def test_what_is_compared_is_in_the_rows(scored: pd.DataFrame) -> None:
    for comparison in BENCHMARK.comparisons:
        assert {comparison.column, comparison.target or comparison.column, comparison.group} <= set(scored)
    quality_of = scored.pivot(index=["key", "damage"], columns="level", values="quality")
    first = quality_of.xs("clean", level="damage")[0]
    step = quality_of.drop("clean", level="damage")[1].unstack().sub(first, axis=0)
    noted = scored[scored["level"] == 1].pivot(index="key", columns="damage", values="not_rising")
    assert ((noted == 1) == (step[noted.columns] <= 0)).all(axis=None)


def test_models_are_those_of_the_breakdown_and_of_quality() -> None:
    assert set(BENCHMARK.models()) == {*degradations.ESTIMATORS, *quality.ESTIMATORS}
    assert BENCHMARK.estimator("classical") == degradations.CLASSICAL
    with pytest.raises(UnknownNameError, match="'classical'"):
        BENCHMARK.estimator("clasical")
