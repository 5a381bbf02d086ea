"""tabs.card and the burst tab: a whole card on the page, group by group, with the lists to take away."""

import csv
import re
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from iqa import cull, quality
from iqa.burst import MAX_FRAMES
from tabs import burst as tab
from tabs import card
from tabs.upload import Photo
from tests import cards


class Silent(gr.Progress):
    """A progress bar that nobody sees."""

    def __call__(self, *_: Any, **__: Any) -> None:
        return None


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    """A card as the page hands it over, in no order."""
    folder = tmp_path_factory.mktemp("card")
    cards.write(folder)
    return [Photo(path, path.name) for path in sorted(folder.iterdir(), reverse=True)]


@pytest.fixture(scope="module")
def answer(uploads: list[Photo]) -> tuple[Any, ...]:
    """What a program gets for the card."""
    return tab.judge_card(uploads, 1, Silent())


def test_every_photo_is_in_the_numbers_and_in_the_list_of_rows(answer: tuple[Any, ...], uploads: list[Photo]) -> None:
    numbers, _, _, exported, _ = answer
    names = sorted(photo.name for photo in uploads)
    told = [row["file"] for group in numbers["groups"] for row in group["ranking"]]
    assert sorted(told + [row["file"] for row in numbers["failed"]]) == names
    with Path(exported.value["path"]).open(newline="", encoding="utf-8") as stream:
        assert sorted(row["file"] for row in csv.DictReader(stream)) == names


def test_the_keep_list_is_what_the_rows_say(answer: tuple[Any, ...]) -> None:
    numbers, *_, listed = answer
    kept = [row["file"] for group in numbers["groups"] for row in group["ranking"] if row["keep"]]
    kept += [row["file"] for row in numbers["failed"] if row["keep"]]
    assert Path(listed.value["path"]).read_text(encoding="utf-8").splitlines() == kept
    assert "DSC_0010.JPG" in kept


def test_each_group_shows_its_best_first_and_what_is_wrong_with_the_others(answer: tuple[Any, ...]) -> None:
    numbers, verdict, html, *_ = answer
    sections = re.findall(r'<section class="iqa-group.*?</section>', html, re.S)
    groups = [group for group in numbers["groups"] if len(group["ranking"]) > 1]
    assert len(sections) == len(groups) + 1
    for section, group in zip(sections, groups, strict=False):
        figures = re.findall(r"<figcaption>.*?</figcaption>", section, re.S)
        assert [re.findall("<span>(.*?)</span>", figure)[0] for figure in figures] == [
            row["file"] for row in group["ranking"]
        ]
        assert section.count("iqa-keep") == 1
        assert section.index("iqa-keep") < section.index(group["ranking"][1]["file"] + "</span>")
    assert "softer in " in sections[0]
    assert "Photos alone, kept" in sections[-1]
    assert "Keep 8 of 16 photos" in verdict
    assert "Kept, but not judged" in verdict
    assert str(quality.estimator()) in html


def test_more_photos_than_a_burst_may_have_are_shown_as_a_card(tmp_path: Path) -> None:
    small = cards.view("coffee")[::4, ::4]
    path = cards.save(tmp_path / "a.jpg", small, cards.exif(cards.after(0)))
    photos = [Photo(path, f"{i}.jpg") for i in range(MAX_FRAMES + 1)]
    numbers, _, gallery, *_ = tab.show_page(photos, tab.SCENE, 1, Silent())
    assert "groups" in numbers
    assert gallery.visible is False
    few, _, gallery, others, *_ = tab.show_page(photos[:3], tab.SCENE, 1, Silent())
    assert "ranking" in few
    assert gallery.visible is True
    assert "What is wrong with the others" in others


@pytest.mark.parametrize("keep", [0, 1.5, 6, float("nan")])
def test_a_number_to_keep_that_is_none_is_one_sentence(uploads: list[Photo], keep: float) -> None:
    with pytest.raises(gr.Error, match="whole number from 1 to 5"):
        tab.judge_card(uploads, keep, Silent())


def test_too_many_photos_and_none_that_can_be_read_are_one_sentence(uploads: list[Photo]) -> None:
    with pytest.raises(gr.Error, match="command line takes any number"):
        tab.judge_card(uploads[:1] * (card.MOST + 1), 1, Silent())
    broken = [photo for photo in uploads if photo.name == "DSC_0010.JPG"]
    with pytest.raises(gr.Error, match="before its picture is complete"):
        tab.judge_card(broken, 1, Silent())
    with pytest.raises(gr.Error, match="whole card"):
        tab.judge_card(None, 1, Silent())


def test_names_from_outside_are_escaped_in_the_groups(uploads: list[Photo]) -> None:
    bad = [Photo(photo.path, f"<script>{photo.name}") for photo in uploads]
    _, verdict, html, *_ = tab.judge_card(bad, 1, Silent())
    assert "<script>" not in html + verdict
    assert "&lt;script&gt;" in html


def test_a_group_of_many_draws_a_few_and_counts_the_rest(tmp_path: Path) -> None:
    for number in range(card.SHOWN + 3):
        picture = cards.harmed(cards.view("coffee"), "noise", number / 20)
        cards.save(tmp_path / f"{number}.jpg", picture, cards.exif(cards.after(number / 10)))
    photos = [card.Upload(Photo(path, path.name)) for path in tmp_path.iterdir()]
    album = card.Album(photos)
    found = cull.choose(photos, see=album.add)
    html = album.html(found)
    assert html.count("<figure") == card.SHOWN
    assert "and 3 more" in html
