"""The demo in a real browser: what a visitor sees in every tab."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import Server

pytestmark = pytest.mark.browser
TABS = ("Burst selection", "Blur type", "Degradations", "Low light")
PICTURES = {"Burst selection": 2, "Blur type": 2, "Degradations": 4, "Low light": 2}
"""Least number of result pictures per tab."""
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
    assert "classical-" in visit.page.locator(RESULT).first.inner_text()
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
    visit.page.wait_for_function(
        "[...document.querySelectorAll('.iqa-verdict h3')].some(e => /detected: motion blur/i.test(e.textContent))",
        timeout=WAIT_MS,
    )
    assert "blur_type_probability" in visit.verdict()


def test_enhanced_photo_can_be_downloaded_under_its_own_name(visit: Visit, files: dict[str, Path]) -> None:
    visit.open("Low light").upload(files["dark"])
    visit.page.wait_for_selector(RESULT, timeout=WAIT_MS)
    for kind, name in (("JPEG", "dark_enhanced.jpg"), ("PNG", "dark_enhanced.png")):
        with visit.page.expect_download() as download:
            visit.page.get_by_text(f"Download {kind}").click()
        assert download.value.suggested_filename == name


def test_broken_photo_is_one_sentence_and_takes_old_results_away(visit: Visit, files: dict[str, Path]) -> None:
    visit.open("Degradations").click_example()
    visit.page.get_by_label("Clear").first.click()
    visit.upload(files["broken"])
    message = visit.page.get_by_test_id("toast-body")
    message.wait_for(timeout=WAIT_MS)
    assert "broken.jpg" in message.inner_text()
    assert "Traceback" not in visit.page.content()
    visit.page.wait_for_function(
        "![...document.querySelectorAll('.iqa-made')].some(e => e.offsetParent)", timeout=WAIT_MS
    )
    assert "Add a photo" in visit.verdict()


def test_button_without_a_photo_says_what_to_do(visit: Visit) -> None:
    visit.open("Blur type").page.get_by_role("button", name="Find the blur type").click()
    message = visit.page.get_by_test_id("toast-body")
    message.wait_for(timeout=WAIT_MS)
    assert "Drop a photo on the box" in message.inner_text()
