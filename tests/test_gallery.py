"""Promises of python -m eval.run gallery: one page that holds everything and hides nothing."""

import base64
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval import gallery, run
from eval.page import SIDE, Cell, Page, Row
from iqa import lowlight, quality
from iqa.measures import luminance
from iqa.samples import PHOTOGRAPHS, photograph
from iqa.srgb import to_linear

LOADING = {"src", "srcset", "href", "data", "poster", "action", "background"}
VOID = {"meta", "img"}


class Seen(HTMLParser):
    """What a browser would find: pictures, cells with their text, everything that is loaded; every tag closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[dict[str, str | None]] = []
        self.captions: list[str] = []
        self.loaded: list[str] = []
        self.tags: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loaded += [value or "" for name, value in attrs if name in LOADING]
        if tag not in VOID:
            self._open.append(tag)
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag == "figcaption":
            self.captions.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "figcaption" in self._open:
            self.captions[-1] += f"{data} "


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "SHOWN", ("cat", "coffee"))
        patch.setattr(gallery, "STOPS", (4.0,))
        yield


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample photos, two of them."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    assert run.main(["gallery", "--out", str(path)]) == 0
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a dark photo, a large one in a folder below, and a letter that is called a photo."""
    folder = tmp_path / "own"
    (folder / "below").mkdir(parents=True)
    dark = gallery.darkened(photograph("cat"), 4.0, np.random.default_rng(0))
    Image.fromarray(dark).save(folder / "a <b> night.png")
    Image.fromarray(dark).resize((1500, 1000)).save(folder / "below" / "large.jpg")
    (folder / "bad.jpg").write_bytes(b"a letter")
    return folder


def test_every_cell_is_a_picture_with_its_words(page: Path) -> None:
    seen = Seen(page.read_text(encoding="utf-8"))
    assert len(seen.pictures) == len(seen.captions) == 2 * (len(lowlight.ESTIMATORS) + 2)
    words = [str(picture["alt"]) for picture in seen.pictures]
    assert len(set(words)) == len(words)
    assert all(word.startswith(("Cat, 4 stops darker: ", "Coffee, 4 stops darker: ")) for word in words)
    for picture in seen.pictures:
        kind, _, content = str(picture["src"]).partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(content, validate=True))) as opened:
            assert opened.size == (int(str(picture["width"])), int(str(picture["height"])))
            assert max(opened.size) <= SIDE
            assert not opened.getexif()


def test_every_estimator_is_named_with_its_version_and_numbers(page: Path) -> None:
    seen = Seen(page.read_text(encoding="utf-8"))
    made = [caption for caption in seen.captions if not caption.startswith(("Dark input", "Original"))]
    asked = {caption.split(" ", 1)[0] for caption in made}
    assert asked == set(lowlight.ESTIMATORS)
    for caption in made:
        assert re.match(r"\S+ \(\S+ \d+\.\d+\.\d+\) ", caption)
        for number in ("Mean luminance 0.", "Noise sigma ↓ ", "Quality ↑ 0.", "PSNR ↑ ", "SSIM ↑ 0."):
            assert number in caption
    originals = [caption for caption in seen.captions if caption.startswith("Original")]
    assert len(originals) == 2
    assert not any("PSNR" in caption for caption in originals)


def test_nothing_is_loaded_and_nothing_runs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    seen = Seen(text)
    assert all(value.startswith("data:") for value in seen.loaded)
    assert not {"script", "link", "iframe", "object"} & seen.tags
    assert not re.search(r"https?:|//\w|@import|url\(", re.sub(r'src="data:[^"]*"', "", text))
    assert "default-src &#x27;none&#x27;" in text


def test_the_lead_is_two_sentences_that_name_whose_the_photos_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    (lead,) = re.findall(r'<p class="lead">(.*?)</p>', text)
    for name in ("cat", "coffee"):
        assert f"{PHOTOGRAPHS[name].credit}, {PHOTOGRAPHS[name].licence}" in lead
    assert len(re.findall(r"[a-z]{3,}\. ?", lead)) == 2
    assert str(quality.estimator()) in text


def test_only_photographs_with_terms_are_shown() -> None:
    shown = [name for name, row in PHOTOGRAPHS.items() if row.licence is not None]
    assert "motorcycle" not in shown
    assert {PHOTOGRAPHS[name].licence for name in shown} == {"CC0", "public domain"}


def test_a_page_is_not_replaced_unless_that_was_asked_for(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = page.read_bytes()
    assert run.main(["gallery", "--out", str(page)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert page.read_bytes() == before
    assert run.main(["gallery", "--out", str(page), "--overwrite"]) == 0
    assert page.read_bytes() == before
    assert [path.name for path in page.parent.iterdir()] == [page.name]


def test_what_is_no_page_is_never_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"dear")
    assert run.main(["gallery", "--out", str(photo), "--overwrite"]) == 2
    assert "ends in .html" in capsys.readouterr().err
    assert photo.read_bytes() == b"dear"


def test_a_bad_photo_is_told_and_the_others_are_shown(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own.html"
    assert run.main(["gallery", "--out", str(out), "--data", str(own), "--model", "classical"]) == 1
    told = capsys.readouterr().err
    assert "gallery: bad.jpg: its content is of no accepted format" in told
    text = out.read_text(encoding="utf-8")
    seen = Seen(text)
    words = [picture["alt"] for picture in seen.pictures]
    assert words == [
        f"{name}: {what}"
        for name in ("a <b> night.png", "below/large.jpg")
        for what in ("the input", "as enhanced by classical")
    ]
    assert "<h2>Not shown</h2>" in text
    assert "bad.jpg: its content is of no accepted format" in text
    assert str(tmp_path) not in text
    assert not any("PSNR" in caption for caption in seen.captions)
    assert max(int(str(picture["width"])) for picture in seen.pictures) == SIDE


def test_a_photo_that_needs_nothing_says_so_in_its_cell() -> None:
    row = gallery.row(gallery.Scene("bright", photograph("coffee")), ["classical"])
    assert [cell.note[:11] for cell in row.cells] == ["", "Left as it "]
    assert "does not need it" in row.cells[1].note


def test_photos_beyond_the_limit_are_counted(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "one.html"
    assert run.main(["gallery", "--out", str(out), "--data", str(own), "--limit", "1", "--model", "classical"]) == 0
    assert "2 more photos were left out; --limit 3 shows them all" in capsys.readouterr().err
    assert "2 more photos of the folder are left out" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--model", "clasical"], (2, "Did you mean 'classical'?")),
        (["--data", "nowhere"], (3, "does not exist")),
        (["--data", "."], (3, "could be shown")),
    ],
)
def test_a_call_that_shows_nothing_leaves_nothing(
    words: list[str],
    answer: tuple[int, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run.main(["gallery", "--out", "page.html", *words]) == answer[0]
    assert answer[1] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_darkening_takes_light_and_adds_noise() -> None:
    gray = np.full((96, 96, 3), 200, np.uint8)
    means = []
    for stops in (0.0, 2.0, 4.0):
        dark = gallery.darkened(gray, stops, np.random.default_rng(1))
        light = to_linear(dark)
        assert light.mean() == pytest.approx(to_linear(gray).mean() * 2**-stops, rel=0.02)
        assert light.std() > 0
        means.append(float(luminance(dark).mean()))
    assert means == sorted(means, reverse=True)


def test_texts_of_a_page_are_escaped() -> None:
    flat = np.zeros((20, 2000, 3), np.uint8)
    cell = Cell('a "b" & <c>', 'alt "x" <y>', flat, [("<n>", "<1>")], "<i>")
    text = Page("<t>", "<l>", [Row("<r>", [cell])], ["<m>"], ["<f>"]).html()
    seen = Seen(text)
    assert seen.pictures[0]["alt"] == 'alt "x" <y>'
    assert (seen.pictures[0]["width"], seen.pictures[0]["height"]) == ("720", "7")
    assert not {"t", "l", "r", "c", "m", "f", "n", "i", "y"} & seen.tags
