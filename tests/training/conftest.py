"""Photos to train on, and the tiny recipe registered; the folder is skipped where torch is not installed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.photos import NAMES, blurred, photo

if TYPE_CHECKING:
    from training.recipe import Recipe

SIZE = (72, 96)


class Absent(pytest.Module):
    """A test file that needs what is not installed."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing: it is skipped before it is imported."""
        pytest.skip("training needs the packages of requirements-train.txt", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """A skipped module where torch is not installed."""
    return None if find_spec("torch") else Absent.from_parent(parent, path=module_path)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # tiny batches: a second thread only waits


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 crops of photographs, half of them blurred."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(5)
    for number in range(24):
        image = photo(NAMES[number % len(NAMES)])
        top, left = (int(rng.integers(0, have - want)) for have, want in zip(image.shape[:2], SIZE, strict=True))
        crop = np.ascontiguousarray(image[top : top + SIZE[0], left : left + SIZE[1]])
        Image.fromarray(blurred(crop, 3.0 * (number // 6 % 2))).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session")
def rated(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of ratings of these photos: sharp ones .9, blurred ones .2; two photos per group."""
    folder = tmp_path_factory.mktemp("rated")
    rows = [f"{photos / f'{n:02}.png'},{0.2 if n // 6 % 2 else 0.9},g{n // 2}" for n in range(24)]
    (folder / "labels.csv").write_text("\n".join(["path,mos,group", *rows]) + "\n")
    return folder


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> "Recipe":
    """The tiny recipe, registered."""
    from tests.toy_training import TINY
    from training import recipe

    known = {**recipe._all(), TINY.name: TINY}
    monkeypatch.setattr(recipe, "_all", lambda: known)
    return TINY


@pytest.fixture
def changed(tiny: "Recipe") -> Callable[..., "Recipe"]:
    """The tiny recipe with changes."""

    def made(**changes: Any) -> "Recipe":
        return replace(tiny, **changes)

    return made
