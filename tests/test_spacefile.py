"""The deployment manifests: both documents of the Spacefile, and the README's header."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DETA = {"v", "app_name", "icon", "micros"}
MICRO = {"name", "src", "engine", "primary", "commands", "include", "run", "dev", "presets"}
REQUIRED = {"title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version", "app_file", "license"}
ALLOWED = REQUIRED | {"suggested_hardware", "startup_duration_timeout", "short_description", "models", "datasets"}
ALLOWED |= {"tags", "preload_from_hub", "pinned"}
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    """The two documents: Deta's manifest, Hugging Face's front matter."""
    return list(yaml.safe_load_all((ROOT / "Spacefile").read_text(encoding="utf-8")))


def test_spacefile_holds_two_documents_with_known_keys_only(documents: list[dict[str, Any]]) -> None:
    deta, front = documents
    assert set(deta) <= DETA
    assert deta["v"] == 0
    assert all(set(micro) <= MICRO for micro in deta["micros"])
    assert REQUIRED <= set(front) <= ALLOWED


def test_what_the_micro_includes_is_there_and_enough(documents: list[dict[str, Any]]) -> None:
    (micro,) = documents[0]["micros"]
    assert micro["primary"] is True
    assert micro["engine"] == "custom"
    assert all((ROOT / path).exists() for path in micro["include"])
    assert {"app.py", "api.py", "tabs", "iqa"} <= set(micro["include"])
    icon = documents[0].get("icon")
    assert icon is None or (ROOT / icon).is_file()


def test_front_matter_agrees_with_the_pins(documents: list[dict[str, Any]]) -> None:
    front = documents[1]
    pinned = re.search(r"^gradio==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    assert pinned is not None
    assert (front["sdk"], front["sdk_version"]) == ("gradio", pinned[1])
    assert isinstance(front["python_version"], str)
    assert (ROOT / front["app_file"]).is_file()


def test_front_matter_keeps_to_what_a_space_accepts(documents: list[dict[str, Any]]) -> None:
    front = documents[1]
    assert {front["colorFrom"], front["colorTo"]} <= COLORS
    assert len(front["short_description"]) <= 60
    assert front["suggested_hardware"] == "cpu-basic"
    assert front["license"] == "apache-2.0"


def test_readme_begins_with_the_front_matter(documents: list[dict[str, Any]]) -> None:
    found = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert found is not None, "README.md must begin with the second document of the Spacefile, between lines of ---"
    assert yaml.safe_load(found[1]) == documents[1]
