"""iqa.watermark: the heat map is hot where the mark is, the box is around it, and nothing is looked for without one."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from photos import photo
from PIL import Image

from iqa import degradations, watermark
from iqa.__main__ import main
from iqa.errors import ArgumentError, UnknownNameError
from iqa.measures import ANALYSIS_PIXELS
from iqa.model import Model
from tabs import degradations as tab
from tabs import pictures, wiring
from tabs.upload import Photo

Pixels = NDArray[np.uint8]
RED = (255, 0, 0)
assess = partial(degradations.assess, model=degradations.NETWORKS[0])


@pytest.fixture(autouse=True)
def network(toy: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in, to which a watermark is what is purely red."""
    monkeypatch.setattr(degradations, "network", lambda _: toy)


def marked(height: int, width: int, box: tuple[int, int, int, int]) -> Pixels:
    """A gray scene with lines, and a red mark in the box (x0, y0, x1, y1)."""
    scene = np.full((height, width, 3), 120, np.uint8)
    scene[::7] = 90
    scene[box[1] : box[3], box[0] : box[2]] = RED
    return scene


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((480, 640), (420, 330, 520, 390)),
        ((640, 480), (30, 40, 120, 110)),
        ((1500, 2100), (1500, 1100, 1800, 1300)),  # larger than what the network is given
    ],
)
def test_the_box_is_around_the_mark_in_pixels_of_the_photo(
    size: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    found = watermark.watermark_map(marked(*size, box))
    cell = (size[1] / found.heat.shape[1], size[0] / found.heat.shape[0]) * 2
    assert all(abs(edge - true) <= side for edge, true, side in zip(found.box, box, cell, strict=True))
    rows, columns = found.heat.shape
    hottest = np.unravel_index(int(found.heat.argmax()), found.heat.shape)
    center = ((box[1] + box[3]) / 2 / size[0] * rows - 0.5, (box[0] + box[2]) / 2 / size[1] * columns - 0.5)
    assert np.abs(np.subtract(hottest, center)).max() < 1
    assert found.heat.dtype == np.float32
    assert (found.heat.min(), found.heat.max()) == (0.0, 1.0)


@pytest.mark.parametrize(("size", "grid"), [((600, 600), (6, 6)), ((600, 800), (6, 8)), ((900, 300), (8, 6))])
def test_the_grid_follows_the_aspect(size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert watermark.watermark_map(marked(*size, (0, 0, 60, 60))).heat.shape == grid


def test_two_marks_stand_in_one_box() -> None:
    scene = marked(480, 640, (40, 40, 100, 90))
    scene[390:440, 540:600] = RED
    x0, y0, x1, y1 = watermark.watermark_map(scene).box
    assert x0 <= 40
    assert y0 <= 40
    assert x1 >= 600
    assert y1 >= 440


def test_a_mark_that_is_everywhere_has_the_frame_as_its_box() -> None:
    scene = marked(480, 640, (0, 0, 0, 0))
    for y in range(0, 480, 16):
        for x in range(0, 640, 16):
            scene[y : y + 5, x : x + 5] = RED
    found = watermark.watermark_map(scene)
    assert found.box == (0, 0, 640, 480)


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (1, 400), (300, 4)])
def test_any_size_works_and_the_photo_is_not_touched(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    before = image.copy()
    found = watermark.watermark_map(image)
    assert np.isfinite(found.heat).all()
    assert 0 <= found.box[0] < found.box[2] <= size[1]
    assert 0 <= found.box[1] < found.box[3] <= size[0]
    assert np.array_equal(image, before)


def test_a_cell_is_hidden_by_its_surroundings_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, seen = marked(480, 640, (240, 240, 320, 320)), []  # one cell of the grid, third row from below

    def predict(copies: list[Pixels], model: str) -> list[dict[str, float]]:
        seen.extend(copies)
        return [{"watermark": 0.5} for _ in copies]

    monkeypatch.setattr(watermark, "predict", predict)
    watermark.watermark_map(scene)
    assert len(seen) == 1 + 6 * 8
    assert np.array_equal(seen[0], scene)
    hidden = seen[1 + 3 * 8 + 3]
    inside = hidden[240:320, 240:320].astype(int)
    assert np.abs(inside - (115, 115, 115)).max() < 12  # no red is left, and no hole
    far = np.ones(scene.shape[:2], bool)
    far[220:340, 220:340] = False
    assert np.array_equal(hidden[far], scene[far])


def test_no_more_copies_than_a_batch_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def predict(copies: list[Pixels], model: str) -> list[dict[str, float]]:
        sizes.append(len(copies))
        assert all(copy.shape[0] * copy.shape[1] <= ANALYSIS_PIXELS for copy in copies)
        return [{"watermark": 0.5} for _ in copies]

    monkeypatch.setattr(watermark, "predict", predict)
    watermark.watermark_map(marked(900, 1200, (0, 0, 1, 1)))
    assert max(sizes) == watermark.BATCH
    assert sum(sizes) == 49


def test_nothing_is_looked_for_below_half_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    strong, weak = marked(480, 640, (400, 300, 560, 440)), marked(480, 640, (400, 300, 440, 330))
    found = assess(strong)
    assert (found.severities["watermark"] or 0) >= watermark.FOUND
    placed = watermark.located(strong, found)
    assert placed.evidence.watermark_box == watermark.watermark_map(strong).box
    assert placed.severities == found.severities
    monkeypatch.setattr(watermark, "watermark_map", lambda *_, **__: pytest.fail("looked for a watermark"))
    found = assess(weak)
    assert 0 < (found.severities["watermark"] or 0) < watermark.FOUND
    assert watermark.located(weak, found) is found
    flat = np.full((60, 60, 3), 128, np.uint8)
    assert watermark.located(flat, assess(flat)).evidence.watermark_box is None


def test_the_closed_form_and_unknown_names_are_refused() -> None:
    with pytest.raises(ArgumentError, match="accepted: degradations"):
        watermark.watermark_map(photo("coffee"), model="classical")
    with pytest.raises(UnknownNameError, match="classical"):
        watermark.watermark_map(photo("coffee"), model="clasical")


def test_the_command_line_locates_on_request_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strong = marked(480, 640, (400, 300, 560, 440))
    Image.fromarray(strong).save(tmp_path / "a.png")
    call = ["degradations", str(tmp_path / "a.png"), "--model", degradations.NETWORKS[0]]
    box = list(watermark.watermark_map(strong).box)
    for extra, expected in (([], None), (["--locate-watermark"], box)):
        assert main([*call, "--json", *extra]) == 0
        (said,) = json.loads(capsys.readouterr().out)
        assert said["evidence"]["watermark_box"] == expected
    assert main([*call, "--locate-watermark", "--csv", str(tmp_path / "a.csv")]) == 0
    for text in (capsys.readouterr().out, (tmp_path / "a.csv").read_text(encoding="utf-8")):
        assert " ".join(map(str, box)) in text
    assert main([*call[:2], "--locate-watermark", "--model", "classical"]) == 2
    assert "sees no watermark" in capsys.readouterr().err


@pytest.mark.parametrize(("side", "word"), [(150, "strong"), (80, "slight")])
def test_the_tab_shows_what_has_a_word(tmp_path: Path, side: int, word: str) -> None:
    path, photo = tmp_path / "a.png", marked(480, 640, (400, 300, 400 + side, 300 + side))
    Image.fromarray(photo).save(path)
    numbers, verdict, *_, mark, facts = tab.judge(Photo(path, path.name))
    assert mark.visible
    x0, y0, x1, y1 = numbers["evidence"]["watermark_box"]
    assert f"{x0}, {y0} to {x1}, {y1} px" in facts
    assert f"{word} watermark" in verdict.lower()
    strong = watermark.located(photo, degradations.assess(photo)).evidence.watermark_box  # as on the command line
    assert (strong is not None) == (word == "strong")


def test_the_tab_shows_no_watermark_that_has_no_word(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(marked(480, 640, (400, 300, 430, 320))).save(path)
    *_, mark, facts = tab.judge(Photo(path, path.name))
    assert not mark.visible
    assert "Watermark" not in facts


def test_a_box_is_drawn_where_it_is_in_the_photo() -> None:
    gray = np.full((300, 400, 3), 128, np.uint8)
    drawn = pictures.boxed(gray, (800, 400, 1200, 1000), 1600)
    white = np.argwhere(drawn.min(axis=2) == 255)
    assert np.abs(white.min(axis=0) - (100, 200)).max() <= 2
    assert np.abs(white.max(axis=0) - (250, 300)).max() <= 2
    assert (gray == 128).all()


def test_a_picture_that_is_not_always_there_goes_with_its_result() -> None:
    verdict, always, mark = wiring.verdict_card("Add a photo.", 90), wiring.picture("a", 90), tab._mark()
    said, nothing, gone = wiring.Results([verdict, always, mark], verdict, "Add a photo.").blank()
    assert "Add a photo." in said
    assert nothing is None
    assert (gone.visible, gone.value) == (False, None)
