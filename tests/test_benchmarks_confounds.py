"""The confound check: it stays silent on a fair list and names each way in which a list can be unfair."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval.benchmark import Options
from eval.benchmarks._probe import folds, majority_hits, ridge_hits
from eval.benchmarks.confounds import ATTRIBUTES, THUMBNAIL, Confound, Look, check, look, main
from eval.datasets import AbsentData
from iqa.errors import ArgumentError
from tests.miniature import picture, text

QUICK = Options(resamples=200)
NAMES = (f"{THUMBNAIL} x {THUMBNAIL} thumbnail", "its contrast", *ATTRIBUTES)
HEADER: dict[str, str | float] = {
    "size": "640 x 480",
    "megapixels": 0.31,
    "aspect ratio": 1.33,
    "format": "JPEG",
    "mode": "RGB",
    "JPEG quality": 90.0,
}
PIXELS = THUMBNAIL * THUMBNAIL * 3


def photos(n: int, change: Callable[[int, np.random.Generator], Look]) -> tuple[list[Look], list[str], list[str]]:
    """n scenes, each once sharp and once blurry; `change` makes the photo of a class (0 = sharp)."""
    rng = np.random.default_rng(5)
    looks = [change(kind, rng) for _ in range(n) for kind in (0, 1)]
    return looks, ["sharp", "blurry"] * n, [f"scene {i // 2}" for i in range(2 * n)]


def fair(kind: int, rng: np.random.Generator) -> Look:
    return Look(dict(HEADER), rng.uniform(0, 1, PIXELS))


def told(looks: tuple[list[Look], list[str], list[str]]) -> dict[str, Confound]:
    found = check(*looks, QUICK)
    assert [row.name for row in found] == list(NAMES)
    return {row.name: row for row in found}


def test_a_fair_list_raises_no_alarm() -> None:
    rows = told(photos(40, fair))
    assert not [row.name for row in rows.values() if row.found]
    assert rows["format"].balanced_accuracy == 0.5  # one value: nothing but a guess
    assert rows["format"].p == 1.0
    thumbnail = rows[NAMES[0]]
    assert thumbnail.low < 0.5 < thumbnail.high


@pytest.mark.parametrize(
    ("attribute", "values"),
    [("format", ("JPEG", "PNG")), ("JPEG quality", (95.0, 70.0)), ("size", ("640 x 480", "256 x 256")), ("mode", "LP")],
)
def test_a_class_with_its_own_codec_or_size_is_named(attribute: str, values: tuple[str | float, ...]) -> None:
    rows = told(photos(20, lambda kind, rng: Look({**HEADER, attribute: values[kind]}, rng.uniform(0, 1, PIXELS))))
    assert [row.name for row in rows.values() if row.found] == [attribute]
    row = rows[attribute]
    assert (row.balanced_accuracy, row.low, row.high) == (1.0, 1.0, 1.0)
    assert row.p is not None
    assert row.p < 1e-6


def test_numbers_of_many_values_are_judged_in_ranges() -> None:
    rows = told(
        photos(40, lambda kind, rng: Look({**HEADER, "megapixels": float(rng.normal(1 + kind, 0.3))}, np.ones(PIXELS)))
    )
    assert rows["megapixels"].balanced_accuracy > 0.85
    assert rows["megapixels"].note == "8 different"


def test_a_slightly_darker_class_is_told_from_its_thumbnail() -> None:
    rows = told(photos(40, lambda kind, rng: Look(dict(HEADER), rng.uniform(0, 1, PIXELS) - 0.1 * kind)))
    assert rows[NAMES[0]].found
    assert rows[NAMES[0]].balanced_accuracy > 0.9


def test_a_class_of_lower_contrast_is_told_though_no_pixel_differs_on_average() -> None:
    rows = told(photos(40, lambda kind, rng: Look(dict(HEADER), 0.5 + rng.normal(0, 0.2 - 0.1 * kind, PIXELS))))
    assert rows["its contrast"].balanced_accuracy > 0.95


def test_scenes_that_repeat_do_not_help_to_tell_the_label() -> None:
    rng = np.random.default_rng(1)
    scenes = [rng.uniform(0, 1, PIXELS) for _ in range(20)]
    looks = [Look(dict(HEADER), scene + rng.normal(0, 1e-3, PIXELS)) for scene in scenes for _ in range(5)]
    labels = [("sharp", "blurry")[i % 2] for i in range(20) for _ in range(5)]  # known by the scene alone
    groups = [f"{i}" for i in range(20) for _ in range(5)]
    thumbnail = check(looks, labels, groups, QUICK)[0]
    assert not thumbnail.found
    codes = np.array([label == "sharp" for label in labels]).astype(np.intp)
    every_fifth = [np.arange(100) % 5 == part for part in range(5)]  # photos of a scene on both sides
    leaked = ridge_hits(np.stack([seen.thumbnail for seen in looks]), codes, every_fifth)
    assert leaked.mean() > 0.95


def test_copies_of_a_photo_that_are_not_one_scene_are_noticed() -> None:
    looks, labels, scenes = photos(30, fair)
    copies = [looks[2 * (i // 2)] for i in range(len(looks))]  # the same picture under both labels
    apart = check(copies, labels, [f"{i}" for i in range(len(copies))], QUICK)[0]
    assert apart.verdict.startswith("BELOW CHANCE")
    together = check(copies, labels, scenes, QUICK)[0]
    assert (together.balanced_accuracy, together.verdict) == (0.5, "fine")


def test_folds_test_every_row_once_and_never_part_a_group() -> None:
    groups = [f"{i % 13}" for i in range(100)]
    masks = folds(groups, seed=0)
    assert (np.sum(masks, axis=0) == 1).all()
    assert all(not set(np.array(groups)[mask]) & set(np.array(groups)[~mask]) for mask in masks)


def test_the_majority_rule_is_the_one_counted_by_hand() -> None:
    values, codes = ["x", "x", "y", "y", "x", "y", "z"], np.array([0, 0, 1, 1, 0, 0, 1])
    mask = np.array([False, False, False, False, True, True, True])
    hits = majority_hits(values, codes, [mask])
    assert hits.tolist() == [0, 0, 0, 0, 1.0, 0.0, 0.5]  # x is 0; y is 1, which is wrong; z was never seen


def test_a_look_at_a_file_gives_header_and_thumbnail(tmp_path: Path) -> None:
    half = np.zeros((90, 160, 3), np.uint8)
    half[:, 80:] = 255
    Image.fromarray(half).save(tmp_path / "a.jpg", quality=80)
    seen = look(tmp_path / "a.jpg")
    assert seen.header == {
        "size": "160 x 90",
        "megapixels": 0.0144,
        "aspect ratio": 1.78,
        "format": "JPEG",
        "mode": "RGB",
        "JPEG quality": 80.0,
    }
    columns = seen.thumbnail.reshape(THUMBNAIL, THUMBNAIL, 3).mean(axis=(0, 2))
    assert columns == pytest.approx([0.0] * 8 + [1.0] * 8, abs=0.02)


def listed(root: Path, blurry_suffix: str) -> Path:
    """Twelve scenes, each one picture under both labels; the sharp ones are PNG, the blurry ones of the suffix."""
    lines = []
    for i in range(12):
        for label, suffix in (("sharp", "png"), ("blurry", blurry_suffix)):
            path = picture(root / f"{label}{i}.{suffix}", seed=i)
            lines.append(f"{path.name},{label},scene {i}")
    return text(root / "labels.csv", "file,label,scene", *lines)


def test_the_command_prints_a_table_and_its_exit_code_is_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for suffix, code in (("png", 0), ("jpg", 1)):
        (tmp_path / suffix).mkdir()
        assert main([str(listed(tmp_path / suffix, suffix)), "--resamples", "100"]) == code
        out = capsys.readouterr().out
        assert out.startswith("24 photos of 12 scenes (sharp 12, blurry 12); 0 could not be read.")
        alarms = {line.split("  ")[0] for line in out.splitlines() if "TELLS THE LABEL" in line}
        assert alarms >= {"format", "JPEG quality"} if code else not alarms
    assert main([str(tmp_path / "jpg"), "--json", "--resamples", "100"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["photos"], found["failed"], found["scenes"]) == (24, 0, 12)
    assert {"format", "JPEG quality"} <= {row["name"] for row in found["checks"] if row["found"]}


def test_an_unreadable_photo_is_named_counted_and_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = listed(tmp_path, "png")
    (tmp_path / "sharp3.png").write_bytes(b"no photo")
    assert main([str(path), "--resamples", "100"]) == 1
    said = capsys.readouterr()
    assert "sharp3.png" in said.err
    assert "1 could not be read" in said.out


def test_too_little_or_nothing_to_check_is_refused(tmp_path: Path) -> None:
    looks, labels, groups = photos(5, fair)
    with pytest.raises(ArgumentError, match="2 classes and 5 scenes"):
        check(looks, labels, groups, QUICK)
    with pytest.raises(ArgumentError, match="1 classes"):
        check(looks, ["sharp"] * 10, [f"{i}" for i in range(10)], QUICK)
    with pytest.raises(AbsentData):
        main([str(tmp_path)])
