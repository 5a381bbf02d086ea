"""Every recipe page says its data, its command, its time and its result, and where it leaves its document."""

import re
import sys

import pytest

from training import recipe

LABELS = ("Data", "Time", "Result")
DOCUMENTED: dict[str, dict[str, float]] = {
    "blur-detector": {"batch_size": 32, "epochs": 50, "learning_rate": 1e-3},
    "aesthetic": {"batch_size": 32, "epochs": 50, "learning_rate": 1e-3},
    "lighting": {"batch_size": 32, "epochs": 50, "learning_rate": 1e-3},
    "low-light": {"batch_size": 16, "epochs": 100, "learning_rate": 1e-4, "size": 256},
    "degradations": {
        "batch_size": 32,
        "epochs": 50,
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "patience": 10,
        "clip_norm": 1,
        "size": 224,
    },
    "blur-type": {
        "batch_size": 16,
        "epochs": 100,
        "learning_rate": 1e-3,
        "weight_decay": 1e-3,
        "patience": 20,
        "size": 224,
    },
    "frame-scorer": {
        "batch_size": 32,
        "epochs": 50,
        "learning_rate": 1e-4,
        "weight_decay": 1e-4,
        "patience": 10,
        "size": 224,
    },
    "pick-label": {"batch_size": 16, "epochs": 8, "learning_rate": 5e-4, "size": 224},
    "votes": {"epochs": 10, "size": 224},
}
"""What the documents of the systems say that this one replaces; epochs of all phases, the rate of the last one."""


def page(name: str) -> str:
    """The text of a recipe's module."""
    recipe.get(name)
    return sys.modules[f"training.recipes.{name.replace('-', '_')}"].__doc__ or ""


def paragraph(text: str, label: str) -> str:
    """What a label introduces, up to the next label or an empty line, on one line; "" without the label."""
    found = re.search(rf"^{label}: (.+?)(?=^(?:{'|'.join(LABELS)}): |^$|\Z)", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


@pytest.mark.parametrize("name", recipe.names())
def test_every_page_begins_with_its_name_and_shows_its_own_command(name: str) -> None:
    text = page(name)
    assert text.startswith(f"{name}: ")
    more = r"(?: --\w+ \S+)*"
    assert re.search(rf"^    python -m training\.run {name} --data [A-Z]+{more} --out DIR$", text, re.MULTILINE)
    others = set(re.findall(r"python -m training\.run (\S+)", text)) - {name}
    assert not others


@pytest.mark.parametrize("name", recipe.names())
def test_every_page_says_its_data_a_measured_time_and_a_result(name: str) -> None:
    told = {label: paragraph(page(name), label) for label in LABELS}
    assert all(len(words) > 40 for words in told.values()), told
    assert re.search(r"\d (?:ms|s|min|h)\b", told["Time"]), told["Time"]
    assert re.search(r"\d+ (?:\w+ )?(?:photos|samples|pairs)\b", told["Time"]), told["Time"]
    assert re.search(r"\d", told["Result"]) or re.match(r"none, because ", told["Result"]), told["Result"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_page_names_both_numbers_wherever_a_default_leaves_its_document(name: str) -> None:
    defaults, words = recipe.get(name).defaults, " ".join(page(name).split())
    own = {"epochs": sum(defaults.epochs), "learning_rate": defaults.learning_rate[-1]}
    for key, documented in DOCUMENTED[name].items():
        value = own.get(key, getattr(defaults, key))
        assert value == documented or f"{value:g} instead of {documented:g}" in words, key


def test_a_page_without_a_figure_is_noticed() -> None:
    assert paragraph("x: y.\n\nTime: not\nmeasured.\nResult: .5\n", "Time") == "not measured."
    assert paragraph("Data: photos.\n\nFrom the document: 3 s.", "Data") == "photos."
    assert paragraph("Data: photos.", "Time") == ""
