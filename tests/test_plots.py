"""Pictures are drawn from the rows, name what they show, and are the same for the same rows."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Drawing
from PIL import Image

from eval import plots
from eval.benchmark import Figure, Summary
from eval.evidence import evidence
from iqa.errors import IQAError, OutputExistsError, UnknownNameError
from tests import toy_benchmark as toy

N = 90
SUMMARY = Summary((Figure("srcc", 0.8624, 0.85, 0.8731, N, "bootstrap"), Figure("ece", 0.12, None, None, N, "")))


def rows(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mos = rng.uniform(0, 1, N)
    found = pd.DataFrame(
        {
            "prediction": mos + rng.normal(0, 0.1, N),
            "mos": mos,
            "subset": np.where(np.arange(N) % 3, "ss01", "ss02"),
            "confidence": rng.uniform(0.4, 1, N),
            "correct": rng.integers(0, 2, N).astype(float),
            "true": rng.choice(["sharp", "motion_blurred"], N),
            "said": rng.choice(["sharp", "motion_blurred", "defocused_blurred"], N),
            "level": np.arange(N) % 6,
            "damage": np.repeat(["noise", "shake", "color_cast"], N // 3),
            "margin": rng.gamma(1, 0.1, N),
        }
    )
    found.attrs["title"] = "Toy, test: toy 1.0.0"
    return found


Draw = Callable[[pd.DataFrame, Path], None]
DRAWN: dict[str, Draw] = {
    "scatter": lambda r, p: plots.scatter(r, SUMMARY, p, prediction="prediction", target="mos"),
    "reliability": lambda r, p: plots.reliability(r, SUMMARY, p, confidence="confidence", correct="correct"),
    "confusion": lambda r, p: plots.confusion(r, SUMMARY, p, true="true", predicted="said"),
    "ladders": lambda r, p: plots.ladders(r, SUMMARY, p, score="prediction", level="level", damage="damage"),
    "margins": lambda r, p: plots.margins(r, SUMMARY, p, margin="margin", right="correct"),
}


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> list[Drawing]:
    """The figures that are saved, as objects that can be asked what they show."""
    seen: list[Drawing] = []
    save = plots._save

    def spy(figure: Drawing, path: Path) -> None:
        seen.append(figure)
        save(figure, path)

    monkeypatch.setattr(plots, "_save", spy)
    return seen


def words(figure: Drawing) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))  # type: ignore[attr-defined]


def lines(figure: Drawing) -> list[Any]:
    return figure.axes[0].get_lines()


@pytest.mark.parametrize("name", DRAWN)
def test_every_plot_is_a_png_that_names_its_data_and_changes_with_its_rows(
    name: str, tmp_path: Path, drawing: list[Drawing]
) -> None:
    DRAWN[name](rows(), tmp_path / "a.png")
    DRAWN[name](rows(seed=1), tmp_path / "b.png")
    one, other = ((tmp_path / f"{file}.png").read_bytes() for file in "ab")
    assert one != other
    with Image.open(io.BytesIO(one)) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 300
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20
    assert "Toy, test: toy 1.0.0" in words(drawing[0])
    assert "n = " in words(drawing[0])


def test_the_scatter_shows_fit_subsets_and_the_reports_own_figures(tmp_path: Path, drawing: list[Drawing]) -> None:
    DRAWN["scatter"](rows(), tmp_path / "a.png")
    shown = words(drawing[0])
    assert "SRCC ↑ .862 [.850, .873]" in shown
    assert "ss01 (n = 60)" in shown
    assert "fitted logistic" in shown
    assert "mos (higher is better)" in shown
    assert "falling" not in shown
    DRAWN["scatter"](rows().assign(prediction=lambda table: -table["prediction"]), tmp_path / "b.png")
    assert "fitted logistic, falling" in words(drawing[1])
    assert [len(points.get_offsets()) for points in drawing[0].axes[0].collections] == [60, 30]


def test_the_reliability_diagram_puts_each_bin_at_its_confidence_and_share(
    tmp_path: Path, drawing: list[Drawing]
) -> None:
    found = rows().assign(confidence=np.repeat([0.55, 0.85], N // 2), correct=np.r_[np.zeros(N // 2), np.ones(N // 2)])
    plots.reliability(found, SUMMARY, tmp_path / "a.png", confidence="confidence", correct="correct", bins=10)
    np.testing.assert_allclose(lines(drawing[0])[1].get_xydata(), [[0.55, 0], [0.85, 1]])
    assert "ECE ↓ .120" in words(drawing[0])


def test_the_confusion_matrix_counts_rows_by_the_truth(tmp_path: Path, drawing: list[Drawing]) -> None:
    found = pd.DataFrame({"true": ["a", "a", "a", "b"], "said": ["a", "a", "b", ""]})
    plots.confusion(found, SUMMARY, tmp_path / "a.png", true="true", predicted="said", labels=["a", "b"])
    shown = words(drawing[0])
    assert "2\n67%" in shown
    assert "1\n33%" in shown
    assert "none" in shown
    assert "n = 3" in shown
    assert "n = 4" not in shown


def test_a_ladder_shows_the_mean_of_each_level(tmp_path: Path, drawing: list[Drawing]) -> None:
    found = rows()
    DRAWN["ladders"](found, tmp_path / "a.png")
    assert [axes.get_title() for axes in drawing[0].axes] == ["color cast (n = 5)", "noise (n = 5)", "shake (n = 5)"]
    noise = found[found["damage"] == "noise"].groupby("level")["prediction"].mean()
    np.testing.assert_allclose(np.asarray(drawing[0].axes[1].get_lines()[0].get_ydata(), np.float64), noise)


def test_margins_are_binned_by_equal_numbers(tmp_path: Path, drawing: list[Drawing]) -> None:
    found = rows().assign(margin=np.arange(N) / N, correct=(np.arange(N) >= N // 2).astype(float))
    plots.margins(found, SUMMARY, tmp_path / "a.png", margin="margin", right="correct", bins=2)
    points = [line.get_xydata()[0] for line in lines(drawing[0]) if line.get_marker() == "o"]
    np.testing.assert_allclose(points, [[22 / N, 0], [67 / N, 1]])


def test_rows_without_an_answer_are_left_out_and_counted_out(tmp_path: Path, drawing: list[Drawing]) -> None:
    found = rows()
    found.loc[:9, "prediction"] = np.nan
    DRAWN["scatter"](found, tmp_path / "a.png")
    assert "n = 80" in words(drawing[0])
    with pytest.raises(IQAError, match="nothing to draw"):
        DRAWN["scatter"](found.assign(prediction=np.nan), tmp_path / "b.png")
    with pytest.raises(IQAError, match="no column mos"):
        DRAWN["scatter"](found.drop(columns="mos"), tmp_path / "b.png")


def test_the_command_draws_a_report_and_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.use(monkeypatch)
    root = toy.data(tmp_path / "data")
    path = toy.scored(root, tmp_path / "out", labels=False)
    words_typed = [str(path), "--out", str(tmp_path / "pictures"), "--data", str(root)]
    assert plots.main(words_typed) == 0
    picture = tmp_path / "pictures" / "good-scatter.png"
    first = picture.read_bytes()
    with pytest.raises(OutputExistsError):
        plots.main(words_typed)
    assert plots.main([*words_typed, "--overwrite", "--name", "scatter"]) == 0
    assert picture.read_bytes() == first
    with pytest.raises(UnknownNameError, match="scatter"):
        plots.draw(evidence(path, root), tmp_path, ["scater"])


def test_without_matplotlib_the_command_says_what_to_install() -> None:
    script = """
import sys
sys.modules["matplotlib"] = None
from eval import plots
from iqa.errors import IQAError
try:
    plots._figure(3, 3)
except IQAError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert "pip install matplotlib==" in done.stdout
