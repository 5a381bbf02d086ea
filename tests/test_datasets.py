"""Every registered data set, on a miniature copy in the layout of its authors."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import datasets, run
from eval.datasets.dataset import COLUMNS, ENVIRONMENT, RATED, SPLITS
from iqa.errors import IQAError, UnknownNameError
from tests.miniature import MINIATURES, blurset, koniq, picture, table, text

NAMES = datasets.names()
TRIED = tuple(name for name in NAMES if name in MINIATURES)
"""Data sets with a miniature: their loaders are run here. A new data set may come without one, and is warned of."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The table of every data set, read from its miniature."""
    folder = tmp_path_factory.mktemp("data")
    return {name: datasets.load(name, MINIATURES[name](folder / name)) for name in TRIED}


def test_every_miniature_has_a_data_set_and_a_data_set_without_one_is_named() -> None:
    assert set(MINIATURES) <= set(NAMES)
    rated = "koniq spaq tid2013 live kadid10k clive csiq flive biq2021 ava eva aadb uhdiqa"
    pairs = "lol polyu ccnoise phototriage"
    own = "table photos pairs bursts blurset"
    assert {*rated.split(), *pairs.split(), *own.split()} <= set(TRIED)
    if untried := sorted(set(NAMES) - set(TRIED)):
        warnings.warn(f"no miniature in tests/miniature.py, so only the record is tested: {untried}", stacklevel=1)


@pytest.mark.parametrize("name", TRIED)
def test_a_table_has_the_common_columns_and_keeps_its_promises(name: str, loaded: dict[str, pd.DataFrame]) -> None:
    frame, dataset = loaded[name], datasets.get(name)
    assert tuple(frame.columns[: len(COLUMNS)]) == COLUMNS
    assert len(frame) > 0
    assert frame["name"].is_unique
    assert all(Path(path).is_absolute() for path in frame["path"])
    assert set(frame["split"]) <= {*SPLITS, ""}
    assert frame["group"].notna().all()
    assert (frame["group"] != "").all()
    present = [Path(path).is_file() for path in frame["path"]]
    assert frame["missing"].tolist() == [not there for there in present]
    assert any(present)
    assert frame["mos"].between(0, 1).all() if dataset.task in RATED else frame["mos"].isna().all()


@pytest.mark.parametrize("name", TRIED)
def test_mos_rises_with_quality_whatever_the_direction_of_the_label(name: str, loaded: dict[str, pd.DataFrame]) -> None:
    frame = loaded[name]
    if datasets.get(name).task not in RATED:
        assert frame["mos"].isna().all()
        return
    order = frame.sort_values("label")["mos"].to_numpy()
    steps = np.diff(order if frame.attrs["direction"] == "higher is better" else order[::-1])
    assert (steps >= 0).all()
    assert order.max() > order.min()


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_a_reader_must_know(name: str) -> None:
    dataset = datasets.get(name)
    assert dataset.name == name
    assert dataset.traps
    for words in (dataset.title, dataset.licence, dataset.source, dataset.get, dataset.split_rule):
        assert words
    assert dataset.citation == "none" or "doi:10." in dataset.citation
    assert dataset.task not in RATED or dataset.scale[0] < dataset.scale[1]
    assert set(dataset.counts) <= set(SPLITS) or set(dataset.counts) == {"all"}
    assert all(count > 0 for count in dataset.counts.values())


@pytest.mark.parametrize("name", TRIED)
def test_the_further_columns_are_documented(name: str, loaded: dict[str, pd.DataFrame]) -> None:
    starts = tuple(column.removesuffix("*").removesuffix("_1") for column in datasets.get(name).columns)
    further = set(loaded[name].columns) - {*COLUMNS, "label_sd"}
    assert [column for column in further if not column.startswith(starts or "\0")] == []


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'koniq'"):
        datasets.get("konik")


def test_absent_data_ends_with_code_3_and_says_where_it_looked_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(datasets.AbsentData) as caught:
        datasets.load("koniq", tmp_path)
    assert caught.value.exit_code == 3
    assert isinstance(caught.value, IQAError)
    for words in (str(tmp_path), str(tmp_path / "koniq"), "database.mmsp-kn.de", "--download", "1024x768 or 512x384"):
        assert words in str(caught.value)


def test_data_is_found_in_the_named_folder_below_it_in_the_environment_and_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.chdir(tmp_path)
    dataset = datasets.get("koniq")
    here = koniq(tmp_path / "data" / "koniq")
    assert datasets.find(dataset, here) == here
    assert datasets.find(dataset, here.parent) == here
    assert datasets.find(dataset, None) == Path("data/koniq")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "elsewhere"))
    there = koniq(tmp_path / "elsewhere" / "koniq")
    assert datasets.find(dataset, None) == there


def test_a_named_folder_without_the_data_is_not_replaced_by_another_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    koniq(tmp_path / "data" / "koniq")
    assert datasets.find(datasets.get("koniq"), tmp_path / "typo") is None


def test_the_listing_shows_every_set_where_it_was_looked_for_and_whether_it_is_there(tmp_path: Path) -> None:
    koniq(tmp_path / "koniq")
    listing = datasets.listing(tmp_path).set_index("name")
    assert tuple(listing.index) == NAMES
    assert listing.loc["koniq", "here"] == str(tmp_path / "koniq")
    assert listing.loc["spaq", "here"] == ""
    assert str(tmp_path / "spaq") in listing.loc["spaq", "looked"]


def test_photos_that_are_not_on_disk_stay_in_the_table(tmp_path: Path) -> None:
    root = koniq(tmp_path)
    (root / "1024x768" / "10001.jpg").unlink()
    frame = datasets.load("koniq", root)
    assert frame["missing"].tolist() == [False, True, False, False]


def test_a_single_file_stands_for_itself(tmp_path: Path) -> None:
    path = table(tmp_path) / "aesthetic.csv"
    assert len(datasets.load("table", path)) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("10009.jpg,0,0,.2,.7,.1,105,seventy,0.5,test", ["row 6", "'seventy'", "a finite number"]),
        ("10009.jpg,0,0,.2,.7,.1,105,,0.5,test", ["row 6", "MOS is ''"]),
        ("10009.jpg,0,0,.2,.7,.1,105,70,0.5,testing", ["row 6", "'testing'", "training, validation, test"]),
        ("10001.jpg,0,0,.2,.7,.1,105,70,0.5,test", ["'10001.jpg' is listed twice", "each image once"]),
        ("10009.jpg,0,0,.2,.7,.1,105,701,0.5,test", ["701", "10009.jpg", "from 1 to 100"]),
    ],
)
def test_a_wrong_row_is_reported_by_file_row_finding_and_what_is_accepted(
    tmp_path: Path, line: str, words: list[str]
) -> None:
    path = koniq(tmp_path) / "koniq10k_distributions_sets.csv"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(datasets.DataSetError) as caught:
        datasets.load("koniq", tmp_path)
    assert str(tmp_path) in caught.value.file
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("content", ["", "version https://git-lfs.github.com/spec/v1", "image_name;MOS\n1.jpg;3\n"])
def test_a_label_file_of_another_kind_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    text(koniq(tmp_path) / "koniq10k_distributions_sets.csv", content)
    with pytest.raises(datasets.DataSetError, match=r"koniq10k_distributions_sets\.csv"):
        datasets.load("koniq", tmp_path)


def test_a_split_of_another_name_is_refused(tmp_path: Path) -> None:
    root = blurset(tmp_path)
    text(root / "labels.csv", "file,label,split", "sharp/a.png,sharp,holdout")
    with pytest.raises(datasets.DataSetError, match="'holdout'"):
        datasets.load("blurset", root)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The example of the design as one more file of the package; gives the number of its lines."""
    design = (Path(__file__).parent.parent / "DESIGN.md").read_text(encoding="utf-8")
    code = design.partition("## Adding a data set")[2].partition("```python\n")[2].partition("```")[0]
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "studio.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(datasets, "__path__", [*datasets.__path__, str(tmp_path / "package")])
    importlib.invalidate_caches()
    datasets._all.cache_clear()
    yield len(code.splitlines())
    datasets._all.cache_clear()
    sys.modules.pop("eval.datasets.studio", None)


def test_the_example_in_the_design_is_a_data_set_by_being_one_file_of_less_than_40_lines(
    studio: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 10 < studio < 40
    root = tmp_path / "studio"
    picture(root / "portraits" / "A.JPG")
    text(root / "ratings.csv", "file,annoyance,person", "a.jpg,1,ann", "b.jpg,4,bob")
    frame = datasets.load("studio", tmp_path)
    assert frame["mos"].tolist() == [1.0, 0.25]
    assert frame["group"].tolist() == ["ann", "bob"]
    assert frame["missing"].tolist() == [False, True]
    assert frame.attrs["counts"] == "2 of 800 photos as published are listed"
    assert datasets.names() == tuple(sorted((*NAMES, "studio")))
    assert run.main(["ls", "studio", "--data", str(tmp_path)]) == 0
    assert "Studio portraits" in capsys.readouterr().out
