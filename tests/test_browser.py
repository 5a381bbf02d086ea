"""The demo in a real browser: what a visitor sees in every tab."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from iqa import blur, degradations, lowlight, quality
from tests import cards
from tests.conftest import Server

pytestmark = pytest.mark.browser
TABS = ("Burst selection", "Blur type", "Degradations", "Low light")
PICTURES = {"Burst selection": 2, "Blur type": 2, "Degradations": 4, "Low light": 2}
"""Least number of result pictures per tab."""
_MADE_BY = (quality.estimator, blur.estimator, degradations.estimator, lowlight.estimator)
ESTIMATORS = dict(zip(TABS, _MADE_BY, strict=True))
"""Who makes the verdict of a tab."""
RESULT = ".iqa-made:visible"
WAIT_MS = 30_000


class Visit:
    """A page of the demo that remembers what it asked other hosts for and what its console complained about."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.outside: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._note(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and not url.startswith(self.url):
            self.outside.append(url)

    def open(self, tab: str) -> "Visit":
        """The visit, with this tab in front."""
        self.page.goto(self.url)
        self.page.get_by_role("tab", name=tab).click()
        self.page.locator(".iqa-shelf:visible button").first.wait_for(timeout=WAIT_MS)
        return self

    def click_example(self, number: int = 0) -> None:
        """Clicks on an example and waits for its result."""
        self.page.locator(".iqa-shelf:visible button").nth(number).click()
        self.page.wait_for_selector(RESULT, timeout=WAIT_MS)

    def upload(self, *paths: Path) -> None:
        """Gives files to the box of the visible tab."""
        box = self.page.locator(".iqa-drop:visible input[type=file]").first
        box.set_input_files([str(path) for path in paths])

    def wait_for_verdict(self, words: str) -> None:
        """Waits until the visible verdict holds these words."""
        self.page.locator(".block.iqa-verdict:visible", has_text=words).wait_for(timeout=WAIT_MS)

    def wait_for(self, value: str) -> None:
        """Waits until a visible table of results holds this value."""
        self.page.locator(".iqa-facts:visible td", has_text=value).first.wait_for(timeout=WAIT_MS)

    def verdict(self) -> str:
        """The words of the visible verdict."""
        return str(self.page.locator(".block.iqa-verdict:visible").inner_text())


@pytest.fixture
def visit(browser: Any, server: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A visit in a window of its own: 1400 px wide, or as the test's parameter says."""
    width = getattr(request, "param", 1400)
    page = browser.new_page(viewport={"width": width, "height": 900})
    yield Visit(page, server.url)
    page.close()


def shown_pictures(page: Any) -> int:
    """How many result pictures are visible and fully loaded."""
    return int(
        page.evaluate(
            "[...document.querySelectorAll('img')].filter(i => i.offsetParent && !i.closest('.iqa-shelf')"
            " && i.complete && i.naturalWidth > 0).length"
        )
    )


@pytest.mark.parametrize("tab", TABS)
def test_example_shows_pictures_a_verdict_and_the_estimator(visit: Visit, tab: str) -> None:
    visit.open(tab).click_example()
    visit.page.wait_for_timeout(500)
    assert shown_pictures(visit.page) >= PICTURES[tab]
    assert str(ESTIMATORS[tab]()) in visit.page.locator(RESULT).first.inner_text()
    assert "example" not in visit.verdict()
    assert visit.outside == []
    assert visit.complaints == []


@pytest.mark.parametrize("tab", TABS)
def test_upload_is_judged_at_once(visit: Visit, files: dict[str, Path], tab: str) -> None:
    visit.open(tab)
    visit.upload(*([files["soft"], files["sharp"]] if tab == TABS[0] else [files["dark"]]))
    visit.page.wait_for_selector(RESULT, timeout=WAIT_MS)
    said = visit.page.locator("body").inner_text()
    expected = {
        "Burst selection": "Keep sharp.jpg",
        "Blur type": "Probability of each type",
        "Degradations": "Severity of each degradation",
        "Low light": "Enhanced",
    }
    assert expected[tab] in said
    assert visit.outside == []
    assert visit.complaints == []


@pytest.mark.parametrize("visit", [390], indirect=True)
@pytest.mark.parametrize("tab", TABS)
def test_phone_shows_everything_without_scrolling_sideways(visit: Visit, tab: str) -> None:
    visit.open(tab).click_example()
    for name in TABS:
        assert visit.page.get_by_role("tab", name=name).is_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("visit", [390], indirect=True)
@pytest.mark.parametrize("tab", TABS)
def test_phone_has_no_room_for_pictures_before_there_are_some(visit: Visit, tab: str, files: dict[str, Path]) -> None:
    frames = ".iqa-picture:visible, .iqa-pair:visible, .iqa-ranked:visible, .iqa-legend:visible"
    visit.open(tab)
    assert not visit.page.locator(frames).count()
    visit.upload(*([files["broken"], files["soft"]] if tab == TABS[0] else [files["broken"]]))
    visit.page.locator(".block.iqa-verdict:visible .iqa-bad").wait_for(timeout=WAIT_MS)
    assert not visit.page.locator(frames).count()
    visit.open(tab).click_example()
    visit.page.wait_for_timeout(500)
    assert shown_pictures(visit.page) >= PICTURES[tab]


def test_best_frame_of_a_burst_is_marked_and_stands_first(visit: Visit) -> None:
    visit.open("Burst selection").click_example()
    first = visit.page.locator(".iqa-ranked:visible .caption-label").first.inner_text()
    assert first.startswith("#1 · best · ")
    assert first.split("·")[-1].strip() in visit.verdict()
    with visit.page.expect_download() as download:
        visit.page.get_by_text("Download the ranking").click()
    assert download.value.suggested_filename == "burst_ranking.csv"


def test_blur_type_that_is_chosen_is_answered(visit: Visit) -> None:
    visit.open("Blur type").click_example()
    visit.page.get_by_text("Motion blur", exact=True).first.click()
    visit.wait_for_verdict("motion blur")
    assert "blur_type" not in visit.verdict()  # a name for programs


def test_enhanced_photo_can_be_downloaded_under_its_own_name(visit: Visit, files: dict[str, Path]) -> None:
    visit.open("Low light").upload(files["dark"])
    visit.page.wait_for_selector(RESULT, timeout=WAIT_MS)
    for kind, name in (("JPEG", "dark_enhanced.jpg"), ("PNG", "dark_enhanced.png")):
        with visit.page.expect_download() as download:
            visit.page.get_by_text(f"Download {kind}").click()
        assert download.value.suggested_filename == name


def test_broken_photo_is_one_sentence_in_the_place_of_the_verdict(visit: Visit, files: dict[str, Path]) -> None:
    visit.open("Degradations").click_example()
    visit.page.get_by_label("Clear").first.click()
    visit.upload(files["broken"])
    visit.wait_for_verdict("This photo could not be judged")
    assert "broken.jpg" in visit.verdict()
    assert "Traceback" not in visit.page.content()
    assert visit.page.locator(RESULT).count() == 0
    assert visit.page.locator(".block.iqa-verdict:visible .iqa-bad").count() == 1


def test_button_without_a_photo_says_what_to_do(visit: Visit) -> None:
    visit.open("Blur type").page.get_by_role("button", name="Find the blur type").click()
    visit.wait_for_verdict("No photo yet")
    assert "Drop a photo on the box" in visit.verdict()


def test_setting_changed_by_the_keyboard_is_answered(visit: Visit) -> None:
    visit.open("Low light").click_example()
    slider = visit.page.locator("input[type=range]:visible")
    slider.focus()
    for _ in range(2):
        slider.press("ArrowLeft")
    visit.wait_for("0.90")
    number = visit.page.locator("input[type=number]:visible")
    number.fill("0.4")
    visit.wait_for("0.40")
    number.fill("7")
    visit.wait_for_verdict("strength must be in [0, 1]")
    number.fill("0.5")
    visit.wait_for("0.50")


def test_removing_a_frame_ranks_the_others_again(visit: Visit) -> None:
    visit.open("Burst selection").click_example()
    best = visit.verdict().split()[1]
    visit.page.locator(".iqa-drop:visible tr", has_text=best.split(".")[0]).get_by_role("button").last.click()
    visit.page.wait_for_function(
        f"!document.querySelector('.iqa-ranked').innerText.includes('{best}')", timeout=WAIT_MS
    )
    assert best not in visit.verdict()


def test_photo_dropped_on_a_full_box_takes_the_place_of_the_first(visit: Visit, files: dict[str, Path]) -> None:
    visit.open("Blur type").click_example()
    visit.page.evaluate(
        """data => {
            const moved = new DataTransfer(), bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
            moved.items.add(new File([bytes], "dropped.jpg", {type: "image/jpeg"}));
            const box = [...document.querySelectorAll(".iqa-drop")].find(e => e.offsetParent).querySelector("table");
            for (const kind of ["dragover", "drop"])
                box.dispatchEvent(new DragEvent(kind, {dataTransfer: moved, bubbles: true, cancelable: true}));
        }""",
        base64.b64encode(files["soft"].read_bytes()).decode(),
    )
    visit.page.wait_for_function(
        "[...document.querySelectorAll('.iqa-drop')].some(e => e.innerText.includes('dropped'))", timeout=WAIT_MS
    )
    visit.wait_for_verdict("out of focus")


def test_clicked_frame_is_shown_large_and_unmarked(visit: Visit) -> None:
    visit.open("Burst selection").click_example()
    visit.page.locator(".iqa-ranked:visible .thumbnail-item").first.click()
    shown = visit.page.locator(".iqa-ranked:visible .preview .media-button img")
    shown.wait_for(timeout=WAIT_MS)
    box = shown.bounding_box()
    assert box["height"] > 400
    assert visit.page.locator(".iqa-ranked:visible .preview .thumbnails img").first.bounding_box()["height"] < 60
    assert visit.page.locator(".iqa-ranked:visible .preview .caption").inner_text().startswith("#1 · best")


@pytest.mark.parametrize("tab", TABS)
def test_nothing_on_the_left_moves_when_an_example_is_clicked(visit: Visit, tab: str) -> None:
    visit.open(tab)
    places = "[...document.querySelectorAll('.iqa-shelf, .iqa-legend')].filter(e => e.offsetParent)"
    measure = f"{places}.map(e => e.getBoundingClientRect().top + scrollY)"
    before = visit.page.evaluate(measure)
    visit.click_example()
    after = visit.page.evaluate(measure)[: len(before)]
    assert after == pytest.approx(before, abs=2)


@pytest.mark.parametrize("visit", [800], indirect=True)
@pytest.mark.parametrize("tab", TABS)
def test_results_never_cover_the_examples(visit: Visit, tab: str) -> None:
    visit.open(tab).click_example()
    shelf, verdict, *buttons = visit.page.evaluate(
        """() => { const seen = name => [...document.querySelectorAll(name)].filter(e => e.offsetParent);
        return [...seen(".iqa-shelf"), ...seen(".block.iqa-verdict"), ...seen(".iqa-shelf button")]
            .map(e => e.getBoundingClientRect().toJSON()); }"""
    )
    assert verdict["top"] >= shelf["bottom"] or verdict["left"] >= shelf["right"]
    assert all(button["right"] <= shelf["right"] + 1 for button in buttons)


@pytest.mark.parametrize("visit", [390, 1280], indirect=True)
def test_reason_of_every_frame_is_in_view(visit: Visit) -> None:
    visit.open("Burst selection").click_example()
    width = visit.page.viewport_size["width"]
    for cell in visit.page.locator(".iqa-table:visible tbody td:nth-child(4)").all():
        box = cell.bounding_box()
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("visit", [390, 1400], indirect=True)
def test_card_shows_each_group_with_its_best_and_fits_the_window(visit: Visit, tmp_path: Path) -> None:
    made = cards.write(tmp_path)
    visit.open("Burst selection").page.get_by_text("Whole card", exact=True).click()
    visit.upload(*sorted(tmp_path.iterdir()))
    visit.wait_for_verdict("Keep 8 of 16 photos")
    groups = visit.page.locator(".iqa-group:visible")
    assert groups.count() == 1 + sum(len(names) > 1 for names in made.values())
    assert groups.first.locator(".iqa-keep").count() == 1
    assert groups.first.locator("figure").first.inner_text().startswith("keep")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= visit.page.viewport_size["width"]
    assert visit.page.locator(".iqa-ranked:visible").count() == 0
    with visit.page.expect_download() as download:
        visit.page.get_by_text("Download the names to keep").click()
    assert download.value.suggested_filename == "keep.txt"
    assert (visit.outside, visit.complaints) == ([], [])
