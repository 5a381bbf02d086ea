"""training.rated_overall: weights that are found again, never below 0, on photos without a twin elsewhere."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqa import degradations
from iqa.degradations import NAMES, Formula, Severities
from iqa.errors import ArgumentError
from tests.miniature import text
from tests.photos import blurred, photo
from training import rated_overall
from training.rated_overall import fit, held_out, rated_photos, row

TRUE = Formula(0.75, dict(zip(NAMES, (0.05, 0.3, 0.1, 0.2, 0.0, 0.15), strict=True)))


def severities(n: int, seed: int = 0) -> list[Severities]:
    return [dict(zip(NAMES, values, strict=True)) for values in np.random.default_rng(seed).random((n, 6)).tolist()]


def unclipped(said: list[Severities], rule: Formula) -> np.ndarray:
    return np.array([rule.intercept - sum(w * (one[n] or 0) for n, w in rule.weights.items()) for one in said])


def test_weights_behind_ratings_are_found_again() -> None:
    said = severities(300)
    noise = np.random.default_rng(1).normal(0, 0.01, 300)
    found = fit(said, unclipped(said, TRUE) + noise)
    assert found.intercept == pytest.approx(TRUE.intercept, abs=0.01)
    assert found.weights == pytest.approx(TRUE.weights, abs=0.01)


def test_no_weight_is_negative_and_the_intercept_is_on_the_scale() -> None:
    said = severities(300)
    liked = {name: -0.3 if name == "color_cast" else 0.2 for name in NAMES}  # people who like a cast
    found = fit(said, unclipped(said, Formula(1.3, liked)))
    assert found.weights["color_cast"] == 0
    assert min(found.weights.values()) == 0
    assert found.intercept == 1.0


def test_what_cannot_be_told_counts_as_nothing() -> None:
    said = [one | {"watermark": None} for one in severities(300)]
    found = fit(said, unclipped(said, TRUE))
    assert found.weights == pytest.approx(TRUE.weights | {"watermark": 0.0}, abs=2e-3)


def test_no_photo_with_a_twin_in_the_test_and_none_that_is_missing() -> None:
    n = 200
    table = pd.DataFrame({"path": [f"{i}" for i in range(n)], "mos": 0.5, "group": [f"{i // 2}" for i in range(n)]})
    table["split"] = ["test" if i % 8 == 0 else "train" for i in range(n)]
    table["missing"] = [i == 3 for i in range(n)]
    found = rated_photos(table, 1000, 0)
    tested = set(table["group"][table["split"] == "test"])
    assert set(found["group"]) == set(table["group"]) - tested
    assert "3" not in set(found["path"])
    assert len(found) == 149
    assert len(rated_photos(table, 60, 0)) == 60
    assert list(rated_photos(table, 60, 0)["path"]) != list(rated_photos(table, 60, 1)["path"])
    with pytest.raises(ArgumentError, match="Found 49"):
        rated_photos(table, 49, 0)


def test_a_group_is_held_out_whole() -> None:
    groups = [f"{i // 3}" for i in range(300)]
    out = held_out(groups, 0)
    assert out.sum() == 60
    assert {group for group, kept in zip(groups, out, strict=True) if kept}.isdisjoint(
        group for group, kept in zip(groups, out, strict=True) if not kept
    )


def test_the_row_can_be_pasted() -> None:
    pasted = json.loads("{" + row("degradations 1.0.0", TRUE) + "}")
    assert {name: Formula(**each) for name, each in pasted.items()} == {"degradations 1.0.0": TRUE}


def test_from_a_copy_of_the_data_set_to_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Photos that are blurred the more, the lower their rating; the names of none stand in the list of twins."""
    small = photo("coffee")[100:260, 100:340]
    (tmp_path / "Images").mkdir()
    rows = []
    for i in range(60):
        Image.fromarray(blurred(small, 1 + i / 20)).save(tmp_path / "Images" / f"ss09 ({i}).jpg", quality=95)
        rows.append(f"ss09 ({i}).jpg,{0.9 - 0.7 * i / 59:.4f}")
    text(tmp_path / "Train (Images and MOS).csv", "Image Name,MOS", *rows)
    Image.fromarray(small).save(tmp_path / "Images" / "ss08 (1).jpg")
    text(tmp_path / "Test (Images and MOS).csv", "Image Name,MOS", "ss08 (1).jpg,0.5")
    rated_overall.main(["--data", str(tmp_path), "--model", "classical", "--jobs", "1"])
    head, rated, documented, line = capsys.readouterr().out.splitlines()
    assert head.startswith(
        "classical-degradations 1.0.0: fitted on 48 training photos of BIQ2021, held out 12 by group"
    )
    assert float(rated.split("SRCC ")[1].split(",")[0]) > 0.8
    assert documented.startswith("documented weights")
    (rule,) = (Formula(**each) for each in json.loads("{" + line + "}").values())
    assert rule.weights["blurriness"] > 0.2
    assert degradations.overall(dict.fromkeys(NAMES, 0.0), rule) == rule.intercept
