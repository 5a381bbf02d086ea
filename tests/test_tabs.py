"""What the tabs draw: pictures, bars and words, and the examples that are made at start."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from iqa import blur, burst, damage, degradations, image, lowlight, quality
from iqa.blur import Motion
from iqa.samples import PHOTOGRAPHS, SIDE
from tabs import TABS, examples, pictures, show
from tabs import blur as blur_tab
from tabs import degradations as degradations_tab
from tabs.blur import LABELS as BLURS
from tabs.degradations import LABELS as DEGRADATIONS
from tabs.degradations import verdict, word
from tabs.upload import Photo
from tests.conftest import ROOT
from tests.photos import blurred, photo


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> examples.Examples:
    """The examples of the demo."""
    return examples.make(tmp_path_factory.mktemp("examples"))


def test_every_name_of_iqa_has_its_words() -> None:
    assert set(BLURS) == set(blur.BLUR_TYPES)
    assert set(DEGRADATIONS) == set(degradations.NAMES)
    assert set(show.FACTORS) == set(burst.WEIGHTS)
    assert set(show.TONES) == {row.name for row in quality.CATEGORIES}


def test_every_example_can_be_read_and_every_burst_is_one(made: examples.Examples) -> None:
    for shelf in (made.burst, made.blur, made.degradations, made.lowlight):
        assert len({example.caption for example in shelf}) == len(shelf) > 0
        for example in shelf:
            assert all(max(image.load(Path(file)).shape) <= SIDE for file in example.files)
            assert example.thumbnail in example.files
    assert all(burst.MIN_FRAMES <= len(example.files) <= burst.MAX_FRAMES for example in made.burst)


def test_examples_are_the_same_at_every_start(made: examples.Examples, tmp_path: Path) -> None:
    again = examples.make(tmp_path)
    for first, second in zip(made.degradations, again.degradations, strict=True):
        assert Path(first.files[0]).read_bytes() == Path(second.files[0]).read_bytes()


def test_examples_use_only_damages_of_the_table() -> None:
    rows = [damages for table in (examples.BLURS, examples.DEGRADATIONS, examples.LOWLIGHT) for *_, damages in table]
    frames = [damages for *_, burst_frames in examples.BURSTS for damages in burst_frames]
    assert {name for damages in rows + frames for name, _ in damages} <= set(damage.DAMAGES)


def test_caption_of_every_burst_is_true(made: examples.Examples) -> None:
    for example, (caption, _, frames) in zip(made.burst, examples.BURSTS, strict=True):
        found = burst.rank([image.load(Path(file), max_side=burst.FRAME_SIDE) for file in example.files])
        assert found.too_close is (examples.TOO_CLOSE in caption), caption
        assert found.too_close or found.best.index == frames.index(()), caption


def test_caption_of_every_blur_is_true(made: examples.Examples) -> None:
    for example, (caption, named, *_) in zip(made.blur, examples.BLURS, strict=True):
        found = blur.classify(image.load(Path(example.files[0])))
        assert (found.blur_type, found.certain) == (named, True), caption


def test_caption_of_every_degradation_is_true(made: examples.Examples) -> None:
    for example, (caption, named, *_) in zip(made.degradations, examples.DEGRADATIONS, strict=True):
        path = Path(example.files[0])
        found = degradations.assess(image.load(path), jpeg_quality=image.info(path).jpeg_quality).severities
        strong = {name for name, value in found.items() if word(value)[0] == "strong"}
        assert strong == ({named} if named else set()), caption
        assert named or {word(value)[0] for value in found.values()} <= {"none", "cannot tell"}, caption


def test_caption_of_every_dark_photo_is_true(made: examples.Examples) -> None:
    for example, (caption, needed, *_) in zip(made.lowlight, examples.LOWLIGHT, strict=True):
        assert lowlight.need(image.load(Path(example.files[0]))).needed is needed, caption


def test_photographs_of_the_examples_are_named_with_their_terms_in_the_readme() -> None:
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(Path(row.file).stem.split("_")[0] in said.lower() for row in PHOTOGRAPHS.values())


def test_display_copy_is_small_and_keeps_its_shape() -> None:
    copy = pictures.small(np.zeros((3000, 4000, 3), np.uint8))
    assert copy.shape == (960, 1280, 3)
    tall = np.zeros((9000, 3, 3), np.uint8)
    assert pictures.small(tall).shape == (1280, 1, 3)


def test_heat_map_colors_by_value_and_leaves_unknown_areas_grey() -> None:
    grey = np.full((90, 120, 3), 128, np.uint8)
    values = np.array([[0.0, 1.0, np.nan]], np.float32)
    seen = pictures.heat_map(grey, values).astype(int)
    assert np.array_equal(seen[45, 118], (128, 128, 128))
    soft, sharp = seen[45, 2], seen[45, 60]
    assert soft[2] > soft[1]  # the dark end of the scale is violet
    assert sharp[1] > sharp[2] + 40  # the bright end is yellow


@pytest.mark.parametrize("angle", [0.0, 45.0, 90.0, 135.0])
def test_arrow_lies_along_the_motion(angle: float) -> None:
    black = np.zeros((600, 600, 3), np.uint8)
    drawn = pictures.arrow(black, Motion(angle, 60.0), 600)
    white = np.argwhere(drawn.min(axis=2) > 200)
    white = white[white[:, 0] < 520]  # without the words
    y, x = 300 - white[:, 0], white[:, 1] - 300
    along = np.rad2deg(0.5 * np.arctan2(2 * (x * y).mean(), (x * x - y * y).mean())) % 180
    assert min(abs(along - angle), 180 - abs(along - angle)) < 5


def test_histogram_of_a_brighter_picture_lies_further_right() -> None:
    dark = photo("coffee") // 4
    drawn = pictures.histogram(dark, photo("coffee"))
    before, after = (drawn.split(f'class="iqa-{name}" points="')[1].split('"')[0] for name in ("before", "after"))

    def middle(points: str) -> float:
        pairs = np.array([[float(v) for v in pair.split(",")] for pair in points.split()[1:-1]])
        return float(np.average(pairs[:, 0], weights=160 - pairs[:, 1]))

    assert middle(after) > middle(before)


@pytest.mark.parametrize(("severity", "said"), [(0.0, "none"), (0.3, "slight"), (1.0, "strong"), (None, "cannot tell")])
def test_severity_has_a_word(severity: float | None, said: str) -> None:
    assert word(severity)[0] == said


def test_word_of_a_severity_fits_the_value_that_is_shown() -> None:
    for severity in np.linspace(0, 1, 1001).tolist():
        shown = float(show.bars([show.Bar("", severity)], low="", high="").split('aria-valuenow="')[1].split('"')[0])
        assert word(severity)[0] == ("none" if shown < 0.05 else "slight" if shown < 0.5 else "strong")


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        ({}, ("No degradation found", "", "good")),
        ({"noise": 0.2}, ("Slight noise", "", "fair")),
        ({"noise": 0.2, "blurriness": 0.7}, ("Strong blurriness", "Also slight noise. ", "bad")),
        ({"watermark": None}, ("No degradation found", "Cannot tell: watermark.", "good")),
        ({"watermark": None, "exposure": 1.0}, ("Strong exposure error", "Cannot tell: watermark.", "bad")),
    ],
)
def test_verdict_is_built_from_the_worst_severity(
    severities: dict[str, float | None], said: tuple[str, str, str]
) -> None:
    assert verdict(dict.fromkeys(degradations.NAMES, 0.0) | severities) == said


def test_verdict_of_a_photo_of_which_nothing_can_be_told_is_not_bad() -> None:
    title, _, tone = verdict(dict.fromkeys(degradations.NAMES))
    assert (title, tone) == ("Cannot tell", "plain")


def upload(folder: Path, picture: NDArray[np.uint8]) -> Photo:
    """A picture as the page hands it over."""
    path = folder / "photo.png"
    Image.fromarray(picture).save(path)
    return Photo(path, path.name)


def test_overall_says_what_it_counts_and_what_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the closed form, which sees no watermark."""
    monkeypatch.setattr(degradations, "assess", partial(degradations.assess, model="classical"))
    _, _, severities, *_ = degradations_tab.judge(upload(tmp_path, photo("coffee")))
    assert "Overall of color cast, blurriness and noise: " in severities
    assert "exposure error and compression do not count" in severities
    assert "cannot be told: watermark" in severities


def test_flat_picture_names_no_blur_type(tmp_path: Path) -> None:
    flat = upload(tmp_path, np.full((300, 400, 3), 128, np.uint8))
    for asked in ("all", *blur.SELECTABLE):
        _, said, _, _, bars = blur_tab.judge(flat, asked)
        assert "Cannot tell" in said
        assert "nearest" not in said
        assert "1.00" not in said + bars
        assert "iqa-fair" in said


@pytest.mark.parametrize("asked", blur.SELECTABLE)
def test_blurred_photo_never_gets_a_green_card(tmp_path: Path, asked: str) -> None:
    soft = upload(tmp_path, blurred(photo("coffee"), 4))
    found = blur.classify(image.load(soft.path))
    assert found.blur_type != "sharp"
    _, said, *_ = blur_tab.judge(soft, asked)
    assert "iqa-good" not in said
    assert BLURS[found.blur_type].lower() in said
    assert "_" not in re.sub("<[^>]*>", "", said)


def test_bars_show_value_scale_and_unknown() -> None:
    drawn = show.bars(
        [show.Bar("Noise", 0.42), show.Bar("Watermark", None, word="cannot tell")], low="none", high="severe"
    )
    assert "width:42.0%" in drawn
    assert 'aria-valuenow="0.42"' in drawn
    assert "0 = none" in drawn
    assert "1 = severe" in drawn
    assert "cannot tell" in drawn


def test_names_from_outside_are_escaped_everywhere() -> None:
    bad = "<script>"
    drawn = [
        show.card(bad, bad),
        show.bars([show.Bar(bad, 0.5, word=bad, hint=bad)], low=bad, high=bad),
        show.facts([show.Fact(bad, bad, bad)]),
        show.table([bad], [[bad]]),
        show.waiting(bad),
        show.legend("", bad, bad, ("red", bad)),
    ]
    assert all(bad not in text for text in drawn)


def test_a_tab_is_one_row_of_the_table() -> None:
    assert [tab.title for tab in TABS] == ["Burst selection", "Blur type", "Degradations", "Low light"]
    assert all(tab.sentence.endswith(".") for tab in TABS)
