"""Promises of the command line: answers, formats, exit codes, and what it never does."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import photos
import pytest
import toy_models
from PIL import Image

from iqa import __version__, blur, burst, degradations, image, lowlight, model, quality
from iqa.__main__ import main
from iqa.commands import answers
from iqa.commands.arguments import DOES


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three frames that differ by blur, a dark photo, and a file that breaks off."""
    place = tmp_path_factory.mktemp("photos")
    small = photos.photo("astronaut")[::2, ::2]
    for name, sigma in (("IMG_1.jpg", 1.5), ("IMG_2.jpg", 0.0), ("IMG_10.jpg", 4.0)):
        Image.fromarray(photos.blurred(small, sigma)).save(place / name, quality=92)
    Image.fromarray((small * 0.1).astype(np.uint8)).save(place / "night.png")
    (place / "broken.jpg").write_bytes((place / "IMG_1.jpg").read_bytes()[:2000])
    return place


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def listed(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    def refuse(constant: str) -> float:
        raise AssertionError(f"JSON holds {constant}")

    found = json.loads(run(capsys, *arguments, "--json")[1], parse_constant=refuse)
    assert isinstance(found, list)
    return found


ANSWER_KEYS = {
    "score": ["file", "model", "quality", "quality_low", "quality_high", "category", "factors"],
    "blur": ["file", "model", "blur_type", "confidence", "probabilities", "certain", "reason", "motion"],
    "degradations": ["file", "model", *degradations.NAMES, "overall", "overall_weights", "overall_without", "evidence"],
}


@pytest.mark.parametrize("command", ANSWER_KEYS)
def test_json_has_the_promised_keys_and_one_object_per_photo(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys, command, folder / "IMG_2.jpg", folder / "night.png")
    assert [row["file"] for row in found] == [str(folder / "IMG_2.jpg"), str(folder / "night.png")]
    for row in found:
        assert list(row) == ANSWER_KEYS[command]
        assert list(row["model"]) == ["name", "version", "sha256"]


def test_scores_are_those_of_the_library(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = listed(capsys, "score", folder / "IMG_2.jpg")
    expected = quality.score(image.load(folder / "IMG_2.jpg"))
    assert (row["quality"], row["category"]) == (expected.quality, expected.category)
    assert row["model"] == expected.model.as_dict()


def test_degradations_know_the_quality_the_file_was_saved_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting in (5, 95):
        Image.fromarray(photos.photo("coffee")).save(tmp_path / f"{setting}.jpg", quality=setting)
    low, high = listed(capsys, "degradations", tmp_path, "--model", "classical")
    assert low["compression"] > 0.9 > high["compression"]
    pixels = image.load(tmp_path / "95.jpg")
    direct = degradations.assess(pixels, jpeg_quality=95, model="classical")
    assert direct.severities["compression"] == high["compression"]


@pytest.mark.parametrize("blur_type", blur.SELECTABLE)
def test_a_blur_type_that_is_asked_for_is_answered_beside_the_rest(
    blur_type: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = listed(capsys, "blur", "--type", blur_type, folder / "IMG_2.jpg")
    assert list(row) == [*ANSWER_KEYS["blur"], "asked_type", "detected", "blur_type_probability"]
    assert row["asked_type"] == blur_type
    assert row["blur_type_probability"] == row["probabilities"][blur_type]
    assert row["detected"] is (row["blur_type"] == blur_type)
    assert row["confidence"] == row["probabilities"][row["blur_type"]] == max(row["probabilities"].values())


def test_a_burst_is_one_object_with_the_sharpest_frame_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "burst", *sorted(folder.glob("IMG*")), "--json")
    found = json.loads(out)
    assert code == 0
    assert found["best"] == str(folder / "IMG_2.jpg")
    assert found["too_close"] is False
    assert [Path(row["file"]).name for row in found["ranking"]] == ["IMG_2.jpg", "IMG_1.jpg", "IMG_10.jpg"]
    assert [row["rank"] for row in found["ranking"]] == [1, 2, 3]
    assert found["ranking"][-1]["margin_to_next"] is None


def test_a_broken_frame_is_named_and_the_others_are_ranked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "burst", folder, "--json")
    found = json.loads(out)
    assert code == 1
    assert len(found["ranking"]) == 4
    assert [row["file"] for row in found["failed"]] == [str(folder / "broken.jpg")]
    assert "broken.jpg" in err


@pytest.mark.parametrize("count", [1, burst.MAX_FRAMES + 1])
def test_a_burst_of_too_few_or_too_many_frames_is_a_wrong_call(
    count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(count):
        (tmp_path / f"{number}.jpg").write_bytes(b"")
    code, out, err = run(capsys, "burst", tmp_path)
    assert (code, out) == (2, "")
    assert "2 to 50" in err


def test_one_readable_frame_is_no_burst(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "burst", folder / "IMG_1.jpg", folder / "broken.jpg", "--json")
    assert code == 1
    assert json.loads(out)["best"] is None
    assert "nothing to rank" in err


def test_a_failed_photo_is_reported_and_the_others_are_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = folder / "missing.jpg"
    code, out, err = run(capsys, "score", folder, missing, "--json")
    rows = {Path(row["file"]).name: row for row in json.loads(out)}
    assert code == 1
    assert list(rows) == ["broken.jpg", "IMG_1.jpg", "IMG_2.jpg", "IMG_10.jpg", "night.png", "missing.jpg"]
    broken = {name: row for name, row in rows.items() if list(row) == ["file", "model", "error"]}
    assert set(broken) == {"broken.jpg", "missing.jpg"}
    assert all(row["model"] is None for row in broken.values())
    assert "broken.jpg" in err
    assert "no such file" in err


def test_an_error_of_our_own_in_one_photo_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = image.load

    def fail(path: Path, **options: Any) -> object:
        if path.name == "IMG_2.jpg":
            raise ZeroDivisionError("by nothing")
        return load(path, **options)

    monkeypatch.setattr(answers.image, "load", fail)
    code, out, err = run(capsys, "score", folder / "IMG_1.jpg", folder / "IMG_2.jpg", folder / "IMG_10.jpg", "--json")
    assert code == 1
    assert ["error" in row for row in json.loads(out)] == [False, True, False]
    assert "ZeroDivisionError: by nothing" in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["scroe", "a.jpg"],
        ["score"],
        ["score", "--nonsense", "a.jpg"],
        ["score", "EMPTY"],
        ["score", ""],
        ["score", "--", ""],
        ["score", "a.jpg", "--model", "nobody"],
        ["score", "a.jpg", "--jobs", "0"],
        ["score", "--csv", "a.jpg", "b.jpg"],
        ["score", "a.jpg", "--csv", "/nonexistent/folder/a.csv"],
        ["blur", "a.jpg", "--type", "sharp"],
        ["blur", "a.jpg", "--type", "wobbly"],
        ["enhance", "a.jpg", "--strength", "1.1"],
        ["enhance", "a.jpg", "--strength", "nan"],
        ["enhance", "a.jpg", "--quality", "0"],
        ["enhance", "a.jpg", "--format", "bmp"],
        ["models", "burn"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_exits_2_with_a_sentence(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([str(tmp_path) if a == "EMPTY" else a for a in arguments])
    except SystemExit as stop:  # argparse's own way
        code = int(str(stop.code))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith("iqa: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", DOES)
def test_help_explains_each_command_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    assert f"example: python -m iqa {command} " in out
    assert max(map(len, out.splitlines())) <= 80


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert (stop.value.code, capsys.readouterr().out) == (0, f"iqa {__version__}\n")


def test_the_csv_file_holds_the_numbers_of_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "scores.csv"
    rows = listed(capsys, "score", folder, "--csv", target)
    with target.open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert [row["file"] for row in written] == [row["file"] for row in rows]
    for row, line in zip(rows, written, strict=True):
        assert line["error"] == row.get("error", "")
        assert line["quality"] == str(row.get("quality", ""))
        assert line["model_name"] == (row["model"] or {"name": ""})["name"]


def test_a_csv_file_is_replaced_only_when_that_is_asked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine.csv"
    target.write_text("precious")
    code, out, err = run(capsys, "score", folder / "IMG_1.jpg", "--csv", target)
    assert (code, out, target.read_text()) == (2, "", "precious")
    assert "--overwrite" in err
    assert run(capsys, "score", folder / "IMG_1.jpg", "--csv", target, "--overwrite")[0] == 0
    assert target.read_text().startswith("file,quality")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_options_may_stand_between_photos_and_dashes_behind_two_dashes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg", "-c.jpg", "--json"):
        Path(name).write_bytes((folder / "IMG_1.jpg").read_bytes())
    code, out, _ = run(capsys, "score", "a.jpg", "--json", "b.jpg", "--", "-c.jpg", "--json")
    assert code == 0
    assert [row["file"] for row in json.loads(out)] == ["a.jpg", "b.jpg", "-c.jpg", "--json"]


def test_models_lists_every_classical_estimator_with_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys, "models")
    expected = [module.CLASSICAL.as_dict() for module in (quality, blur, degradations, lowlight)]
    assert [row["model"] for row in rows if row["name"] == "classical"] == expected
    assert all(str(row["version"]) in run(capsys, "models")[1] for row in expected)


def test_models_verify_finds_the_file_that_was_altered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = toy_models.write_model(tmp_path, toy_models.luminance())
    monkeypatch.setattr(model, "MODELS", tmp_path)
    monkeypatch.setattr(model.catalogue, "read", dict)
    monkeypatch.setenv("IQA_CACHE", str(tmp_path / "cache"))
    rows = listed(capsys, "models", "verify")
    assert [row["verified"] for row in rows if row["name"] == good.name] == [True]
    weights = next(good.glob("*.onnx"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    code, out, err = run(capsys, "models", "verify")
    assert code == 1
    assert "FAILED" in out
    assert "sha256" in err
    assert run(capsys, "models", "list")[0] == 0
