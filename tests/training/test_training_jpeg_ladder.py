"""training.jpeg_ladder: what a network answers of known JPEG qualities, as a ladder that can be read backwards."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa import degradations, jpeg_looks
from iqa.errors import ArgumentError
from tests.photos import photo
from training import jpeg_ladder
from training.jpeg_ladder import QUALITIES, Answers, errors, ladder

RISING = np.linspace(0.0, 0.9, len(QUALITIES))


def told(of_quality: Answers, photos: int = 40) -> Answers:
    """Answers around these, and to clean photos around .01."""
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.0, 0.02, (photos, 1))
    return np.hstack([clean, np.clip(of_quality + rng.normal(0, 0.01, (photos, len(QUALITIES))), 0, 1)])


def saved(folder: Path, photos: int) -> Path:
    whole = photo("astronaut")
    for n in range(photos):
        Image.fromarray(whole[16 * n : 16 * n + 64, 8 * n : 8 * n + 64]).save(folder / f"{n:02}.png")
    return folder


def test_steps_begin_above_clean_photos_and_rise_as_quality_falls() -> None:
    found = told(RISING)
    steps = ladder(found)
    severities, qualities = zip(*steps, strict=True)
    assert severities[0] > np.quantile(found[:, 0], jpeg_ladder.UNHARMED)
    assert list(severities) == sorted(set(severities))
    assert list(qualities) == sorted(set(qualities), reverse=True)
    assert qualities[-1] == QUALITIES[-1]
    off = errors(found, steps)
    assert np.nanmedian(off) < 3
    assert 0.8 < np.isfinite(off).mean() < 1


def test_errors_are_those_counted_by_hand() -> None:
    found = np.array([[0.0, *[0.5] * len(QUALITIES)], [0.0, *[0.05] * len(QUALITIES)]])
    off = errors(found, [(0.1, 70), (0.9, 30)])  # .5 reads 50, .05 nothing
    assert off[0].tolist() == [abs(50 - quality) for quality in QUALITIES]
    assert np.isnan(off[1]).all()


def test_a_network_that_does_not_tell_has_no_ladder() -> None:
    with pytest.raises(ArgumentError, match="as it does clean ones"):
        ladder(told(np.zeros(len(QUALITIES))))


def test_the_command_prints_a_row_that_can_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jpeg_ladder, "answers", lambda paths, model: told(RISING, len(paths)))
    assert jpeg_ladder.main(["--data", str(saved(tmp_path, 24))]) == 0
    said, row = capsys.readouterr().out.strip().split("\n")
    ((by, steps),) = json.loads(f"{{{row}}}").items()
    assert by == str(degradations.estimator())
    assert [tuple(step) for step in steps] == ladder(told(RISING, 24))
    assert said.startswith(f"{by}: 24 photos")
    low, high = map(float, re.findall(r"\[([\d.]+), ([\d.]+)\]", said)[0])
    assert low <= high < 5


def test_too_few_photos_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert jpeg_ladder.main(["--data", str(saved(tmp_path, 4))]) == 1
    assert "4 photos; accepted: 20 or more" in capsys.readouterr().err


def test_the_network_is_asked_of_each_quality(tmp_path: Path) -> None:
    Image.fromarray(photo("coffee")[:240, :240]).save(tmp_path / "a.png")
    found = jpeg_ladder.answers([tmp_path / "a.png"], degradations.DEFAULT)
    assert found.shape == (1, 1 + len(QUALITIES))
    assert found[0, 0] < 0.1
    assert found[0, -1] > 0.5
    assert jpeg_looks.read(float(found[0, -1]), jpeg_looks.LADDERS[str(degradations.estimator())]) is not None
