"""training.choices: what makes no sense on the command line of an export ends it with code 2, before any work."""

from pathlib import Path

import pytest

from iqa.errors import ArgumentError
from tests.toy_export import saved
from training import checkpoint, choices, export, onnx_export, recipe
from training.choices import Choices


def command(*words: object) -> int:
    """Exit code."""
    return export.main([str(word) for word in words])


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no checkpoint is read: whoever tries to fails the test."""

    def read(folder: Path) -> None:
        raise AssertionError(f"{folder} was read")

    monkeypatch.setattr(checkpoint, "best", read)


NUMBERS = {
    "--max-mb": ("nan", "inf", "-inf", "0", "-1"),
    "--max-loss": ("nan", "inf", "0", "-0.1", "1.5"),
    "--prune": ("nan", "inf", "0", "1", "-0.5", "1.5"),
    "--coreml-side": ("0", "-16", "4097"),
}


@pytest.mark.parametrize(("flag", "value"), [(flag, value) for flag in NUMBERS for value in NUMBERS[flag]])
@pytest.mark.usefixtures("idle")
def test_a_number_outside_its_range_is_refused_before_any_work(
    flag: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"--max-loss": ["--weights", "int8"], "--coreml-side": ["--coreml"]}.get(flag, [])
    assert command("run", "--out", tmp_path / "out", f"{flag}={value}", *more) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{flag} {value}")
    assert ": accepted" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--version", "one"], "--version: found 'one', accepted: a version such as 1.0.0"),
        (["--version", "1.0"], "--version: found '1.0', accepted: a version such as 1.0.0"),
        (["--palettize", "4", "--weights", "int8"], "choose one"),
        (["--calibration", "photos"], "--calibration belongs to --weights int8, which was not asked for"),
        (["--coreml-side", "64"], "--coreml-side belongs to --coreml"),
        (["--max-loss", "0.2"], "--max-loss belongs to --weights int8, --prune and --palettize"),
    ],
)
@pytest.mark.usefixtures("idle")
def test_options_of_which_nothing_would_come_are_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("run", "--out", tmp_path / "out", *words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--palettize", "nan"], ["--palettize", "3"], ["--coreml-side", "1.5"], ["--max-m", "1"]]
)
def test_what_is_no_such_number_or_option_is_refused_by_the_parser(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        command("run", "--out", tmp_path / "out", *words)
    assert stopped.value.code == 2


def test_help_names_every_option_and_usage_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command("--help")
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    for flag in ("--weights", "--coreml", "--prune", "--palettize", "--overwrite", "--max-mb", "--results"):
        assert flag in told
    for words in (["--out", tmp_path], ["run"], ["run", "--out", tmp_path, "--results", "a.json"]):
        with pytest.raises(SystemExit) as stopped:
            command(*words)
        assert stopped.value.code == 2
    assert command("--out", tmp_path, "--results", "a.json", "--coreml", "--max-mb", "3") == 2
    assert "--coreml, --max-mb: accepted with RUN" in capsys.readouterr().err


def test_what_is_typed_is_what_is_chosen() -> None:
    typed = ["run", "--out", "o", "--weights", "int8", "--max-mb", "2.5", "--version", "1.2.3", "--overwrite"]
    found = choices.chosen(choices.parser("Text", "model.mlpackage").parse_args(typed))
    assert (found.storage.weights, found.max_mb, found.version, found.overwrite) == ("int8", 2.5, "1.2.3", True)
    plain = choices.chosen(choices.parser("Text", "model.mlpackage").parse_args(["run", "--out", "o"]))
    assert plain == Choices()


def test_a_tile_that_does_not_fit_and_photos_that_are_too_few_are_refused_before_the_graph_is_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(onnx_export, "graph")
    enhancer = saved(recipe.get("low-light"), tmp_path / "run")
    assert command(enhancer, "--out", tmp_path / "out", "--coreml", "--coreml-side", "50") == 2
    assert "accepted multiples of" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    words = ("--weights", "int8", "--calibration", tmp_path / "empty")
    assert command(enhancer, "--out", tmp_path / "out", *words) == 2
    assert "found 0 different photos" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_choice_is_checked_wherever_it_is_made() -> None:
    with pytest.raises(ArgumentError, match="--max-mb nan: accepted a finite number"):
        Choices(max_mb=float("nan"))
