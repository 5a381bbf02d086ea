"""training.jpeg_ladder: what a network answers of known JPEG qualities, as a ladder that can be read backwards."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqa import degradations
from iqa.errors import ArgumentError
from tests.photos import photo
from training import jpeg_ladder
from training.jpeg_ladder import QUALITIES, Answers, error, ladder

RNG = np.random.default_rng(0)


def told(of_quality: Answers, photos: int = 40) -> Answers:
    """Answers around these, and to clean photos around .01."""
    clean = RNG.uniform(0.0, 0.02, (photos, 1))
    return np.hstack([clean, np.clip(of_quality + RNG.normal(0, 0.01, (photos, len(QUALITIES))), 0, 1)])


def test_steps_begin_above_clean_photos_and_rise_as_quality_falls() -> None:
    found = told(np.linspace(0.0, 0.9, len(QUALITIES)))
    steps = ladder(found)
    severities, qualities = zip(*steps, strict=True)
    assert severities[0] > np.quantile(found[:, 0], jpeg_ladder.UNHARMED)
    assert list(severities) == sorted(set(severities))
    assert list(qualities) == sorted(set(qualities), reverse=True)
    assert qualities[-1] == QUALITIES[-1]
    off, share = error(found, steps)
    assert off < 3
    assert 0.8 < share <= 1


def test_a_network_that_does_not_tell_has_no_ladder() -> None:
    with pytest.raises(ArgumentError, match="as it does clean ones"):
        ladder(told(np.zeros(len(QUALITIES))))


def test_the_command_prints_a_row_for_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = photo("astronaut")
    for n in range(4):
        Image.fromarray(whole[64 * n : 64 * n + 224, 32 * n : 32 * n + 224]).save(tmp_path / f"{n}.png")
    assert jpeg_ladder.main(["--data", str(tmp_path)]) == 1
    assert "4 photos; accepted: 20 or more" in capsys.readouterr().err
    paths = sorted(tmp_path.glob("*.png"))
    found = jpeg_ladder.answers(paths, degradations.DEFAULT)
    assert found.shape == (4, 1 + len(QUALITIES))
    assert found[:, 0].max() < 0.1
    assert np.median(found[:, -1]) > 0.5
