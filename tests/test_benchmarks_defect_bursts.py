"""eval.benchmarks.defect_bursts: one clean frame that nothing but its quality gives away, and counts made by hand."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from eval.benchmark import MODEL, Case, Figure, Options, Row, Summary
from eval.benchmarks._clean_photos import chance
from eval.benchmarks._series import BRIGHTNESS, DEFECTS, SEVERITY, SHIFT, Made, make, shifted
from eval.benchmarks.defect_bursts import BENCHMARK, FRAMES
from eval.datasets import get
from eval.report import csv_bytes, read_csv
from iqa import burst, damage, quality
from iqa.errors import UnknownNameError
from iqa.srgb import to_linear
from tests.photos import photo

NAMES = ("astronaut", "coffee", "chelsea")
QUICK = Options(resamples=100)
SMALL = np.ascontiguousarray(photo("coffee")[::4, ::4])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clean")
    for name in NAMES:
        cv2.imwrite(str(path / f"{name}.png"), photo(name)[::2, ::2, ::-1])
    return path


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return get("photos").load(folder)


def full(case: Case, row: Row | list[Row]) -> Row:
    assert isinstance(row, dict)
    return {"key": case.key, "error": "", **case.facts, **row}


@pytest.fixture(scope="module")
def scored(table: pd.DataFrame) -> pd.DataFrame:
    scorer = BENCHMARK.scorer(table, QUICK)
    return read_csv(csv_bytes([full(case, scorer(case)) for case in BENCHMARK.cases(table, QUICK)]))


def figures(summary: Summary) -> dict[tuple[str, str, str], Figure]:
    named = {(figure.metric, figure.part, figure.who): figure for figure in summary.figures}
    assert len(named) == len(summary.figures)
    return named


def series(seeds: int = 60, frames: int = 6) -> list[list[Made]]:
    return [make(SMALL, frames, np.random.default_rng(seed)) for seed in range(seeds)]


def test_a_series_has_exactly_one_clean_frame_of_equal_size() -> None:
    for made in series():
        assert [frame.strength for frame in made].count(0.0) == 1
        assert [frame.label for frame in made].count("clean") == 1
        assert len({frame.picture.shape for frame in made}) == 1


def test_defects_are_of_the_table_one_of_a_family_and_within_the_strengths() -> None:
    bad = [frame.defects for made in series() for frame in made if frame.defects]
    assert set(DEFECTS) <= set(damage.DAMAGES)
    assert {name for defects in bad for name, _ in defects} == set(DEFECTS)
    for defects in bad:
        assert len({DEFECTS[name] for name, _ in defects}) == len(defects) <= 2
        assert all(SEVERITY[0] <= severity <= SEVERITY[1] for _, severity in defects)
    assert 0.05 < np.mean([len(defects) == 2 for defects in bad]) < 0.35


def test_some_series_have_one_kind_of_defect_and_others_a_mix() -> None:
    kinds = [{name for frame in made for name, _ in frame.defects} for made in series()]
    assert 0.1 < np.mean([len(names) == 1 for names in kinds]) < 0.5


def test_the_clean_frame_stands_at_any_place() -> None:
    places = [next(i for i, frame in enumerate(made) if not frame.defects) for made in series(120, 3)]
    assert np.bincount(places, minlength=3).min() >= 25


def test_every_frame_is_shifted_and_its_light_changed_the_clean_one_alike() -> None:
    height, width = SMALL.shape[:2]
    changes = []
    for made in series(30):
        picture = next(frame.picture for frame in made if not frame.defects)
        assert height - picture.shape[0] == max(1, round(SHIFT * height))
        assert width - picture.shape[1] == max(1, round(SHIFT * width))
        crops = [
            SMALL[y : y + picture.shape[0], x : x + picture.shape[1]]
            for y in range(height - picture.shape[0] + 1)
            for x in range(width - picture.shape[1] + 1)
        ]
        nearest = min(crops, key=lambda crop: float(np.abs(crop.astype(int) - picture).mean()))
        changes.append(float(to_linear(picture).mean() / to_linear(nearest).mean() - 1.0))
    assert max(map(abs, changes)) <= BRIGHTNESS + 0.003
    assert min(changes) < -BRIGHTNESS / 2
    assert max(changes) > BRIGHTNESS / 2


def test_no_two_frames_show_the_same_crop() -> None:
    crops = shifted(photo("coffee"), 9, np.random.default_rng(0))
    assert len({crop.tobytes() for crop in crops}) == 9
    assert len(shifted(np.zeros((1, 1, 3), np.uint8), 4, np.random.default_rng(0))) == 4


def test_a_series_is_repeated_by_its_seed_and_leaves_the_photo_alone() -> None:
    before = SMALL.copy()
    first, again = (make(SMALL, 5, np.random.default_rng(3)) for _ in range(2))
    assert all(
        np.array_equal(a.picture, b.picture) and a.defects == b.defects for a, b in zip(first, again, strict=True)
    )
    assert np.array_equal(SMALL, before)


def test_each_photo_gives_one_series_of_every_length(table: pd.DataFrame) -> None:
    cases = BENCHMARK.cases(table, QUICK)
    assert [case.facts["frames"] for case in cases] == list(FRAMES) * len(NAMES) == [*range(2, 11)] * 3
    assert cases[0].key == "astronaut.png#2"
    assert len({case.key for case in cases}) == 27
    assert len(BENCHMARK.cases(table, Options(limit=5))) == 5


def test_a_row_is_the_ranking_of_that_series(table: pd.DataFrame, scored: pd.DataFrame) -> None:
    row = scored[scored["key"] == "coffee.png#5"].iloc[0]
    made = make(np.ascontiguousarray(photo("coffee")[::2, ::2]), 5, chance(0, "coffee.png#5"))
    answer = burst.rank([frame.picture for frame in made], model="classical")
    order = [made[frame.index] for frame in answer.ranking]
    assert row["order"] == " > ".join(frame.label for frame in order)
    assert row["rank_of_best"] == 1 + [frame.label for frame in order].index("clean")
    assert [row[f"top{k}"] for k in (1, 2, 3)] == [row["rank_of_best"] <= k for k in (1, 2, 3)]
    assert row["regret"] == order[0].strength
    assert row["weakest"] == min(frame.strength for frame in made if frame.defects)
    assert (row["margin"], row["too_close"]) == (answer.margin, answer.too_close)


def test_a_row_depends_on_the_photo_and_the_seed_only(table: pd.DataFrame, scored: pd.DataFrame) -> None:
    (case,) = (case for case in BENCHMARK.cases(table.iloc[::-1], QUICK) if case.key == "chelsea.png#3")
    alone = read_csv(csv_bytes([full(case, BENCHMARK.scorer(table, QUICK)(case))]))
    pd.testing.assert_frame_equal(alone, scored[scored["key"] == case.key].reset_index(drop=True))
    other = BENCHMARK.scorer(table, Options(seed=1))(case)
    assert isinstance(other, dict)
    assert other["order"] != alone["order"][0]


ROWS = (
    ("a", 2, "clean > noise 0.20"),
    ("b", 3, "motion 0.40 > clean > noise 0.90"),
    ("c", 4, "clean > noise 0.60 > shake 0.70 + compression 0.20 > motion 1.00"),
    ("d", 5, "noise 0.16 > compression 0.20 > shake 0.25 > clean > defocus 0.30"),
)


def by_hand() -> pd.DataFrame:
    rows = []
    for name, frames, order in ROWS:
        labels = order.split(" > ")
        strengths = [max([float(word) for word in label.split() if "." in word], default=0.0) for label in labels]
        place = labels.index("clean") + 1
        row: Row = {"key": f"{name}#{frames}", "error": "", "group": name, "subset": "", "frames": frames}
        row |= {"rank_of_best": place, **{f"top{k}": int(place <= k) for k in (1, 2, 3)}}
        row |= {"too_close": int(name == "b"), "beside": "one 1.0.0 + two 1.0.0" * (name != "a")}
        row |= {"margin": 0.1, "regret": strengths[0], "order": order}
        row |= {"weakest": min(s for s in strengths if s), "laplacian_top1": int(name == "a"), "largest_file_top1": 0.5}
        rows.append(row)
    return read_csv(csv_bytes(rows))


def test_figures_of_four_series_counted_by_hand() -> None:
    found = figures(BENCHMARK.summarize(by_hand(), QUICK))
    assert [found[f"top{k}", "all", MODEL].value for k in (1, 2, 3)] == [0.5, 0.75, 0.75]
    assert found["top1", "all", "laplacian"].value == 0.25
    assert found["top1", "all", "largest file"].value == 0.5
    assert found["top1", "all", "random"].value == pytest.approx((1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 4)
    assert found["top3", "all", "random"].value == pytest.approx((1 + 1 + 3 / 4 + 3 / 5) / 4)
    assert found["regret", "all", MODEL].value == pytest.approx((0 + 0.4 + 0 + 0.16) / 4)
    assert found["top1", "frames 3", MODEL].value == 0.0
    assert found["top1", "weakest 0.15 to 0.3", MODEL].value == 0.5
    assert found["top1", "not too close", MODEL].value == pytest.approx(2 / 3)
    assert found["pair_accuracy", "defect noise", MODEL].value == pytest.approx(3 / 4)
    assert found["pair_accuracy", "defect motion", MODEL].value == 0.5
    assert found["pair_accuracy", "defect shake", MODEL].value == 0.0
    assert found["pair_accuracy", "all", MODEL].value == pytest.approx(5 / 9)


def test_details_say_what_was_kept_instead_and_how_many_were_too_close() -> None:
    details = BENCHMARK.summarize(by_hand(), QUICK).details
    assert details["kept in place of the clean frame"] == {"motion": 1, "noise": 1}
    assert details["share too close to call"] == 0.25
    assert details["networks asked beside the score"] == ["one 1.0.0", "two 1.0.0"]
    strengths = details["share beaten by the clean frame, by strength of the defect"]
    assert strengths["noise"] == {"0.15 to 0.3": {"share": 0.5, "frames": 2}, "0.5 to 1": {"share": 1.0, "frames": 2}}


def test_a_perfect_share_has_an_interval_with_width() -> None:
    rows = by_hand().assign(top1=1.0)
    found = figures(BENCHMARK.summarize(rows, QUICK))["top1", "all", MODEL]
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.5101, abs=1e-4)  # Wilson, 4 of 4
    assert found.method == "Wilson score"


def test_series_of_one_photo_are_resampled_together() -> None:
    photos = [by_hand().assign(group=lambda rows, i=i: rows["group"] + str(i)) for i in range(3)]
    rows = pd.concat(photos * 6, ignore_index=True)
    together = figures(BENCHMARK.summarize(rows, QUICK))["top1", "all", MODEL]
    apart = figures(BENCHMARK.summarize(rows.assign(group=[str(i) for i in range(72)]), QUICK))["top1", "all", MODEL]
    assert together.n == 12
    assert (together.high or 0) - (together.low or 0) > 1.5 * ((apart.high or 0) - (apart.low or 0))


def test_failed_series_are_left_out_and_nothing_scored_gives_nothing() -> None:
    failed = pd.DataFrame([{"key": "x#2", "error": "cut", "group": "x", "subset": "", "frames": 2}])
    assert BENCHMARK.summarize(pd.concat([by_hand(), failed]), QUICK) == BENCHMARK.summarize(by_hand(), QUICK)
    assert BENCHMARK.summarize(failed, QUICK).figures == ()


def test_the_classical_choice_is_better_than_a_blind_one(scored: pd.DataFrame) -> None:
    summary = BENCHMARK.summarize(scored, QUICK)
    found = figures(summary)
    assert summary == BENCHMARK.summarize(scored, QUICK)
    assert (found["top1", "all", MODEL].value or 0) > 1.5 * (found["top1", "all", "random"].value or 1)


def test_models_are_those_of_quality_and_comparisons_are_in_the_rows(scored: pd.DataFrame) -> None:
    assert BENCHMARK.models() == quality.ESTIMATORS
    assert BENCHMARK.estimator("classical") == quality.CLASSICAL
    with pytest.raises(UnknownNameError, match="'classical'"):
        BENCHMARK.estimator("clasical")
    for comparison in BENCHMARK.comparisons:
        assert {comparison.column, comparison.group} <= set(scored)
