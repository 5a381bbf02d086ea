"""What a copy of a data set lacks: rows that were published, photos of one size, cells of a rating."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import datasets, report, run
from eval.datasets.dataset import DataSet
from tests.miniature import aadb, ava, csiq, flive, koniq, picture, table, text, uhdiqa, with_json

SETS = "koniq10k_distributions_sets.csv"


def without_one_test_row(root: Path) -> None:
    lines = (root / SETS).read_text().splitlines()
    lines.pop(next(index for index, line in enumerate(lines) if line.endswith(",test")))
    text(root / SETS, *lines)


def test_rows_that_are_fewer_than_published_are_said_of_each_split(tmp_path: Path) -> None:
    frame = datasets.load("koniq", koniq(tmp_path))
    said = "2 of 7,058 train, 1 of 1,000 validation, 1 of 2,015 test photos as published are listed"
    assert frame.attrs["counts"] == said
    (tmp_path / SETS).unlink()  # the scores alone know no split
    assert datasets.load("koniq", tmp_path).attrs["counts"] == "4 of 10,073 photos as published are listed"


def listed(**splits: int) -> pd.DataFrame:
    return pd.DataFrame({"split": [split.strip("_") for split, rows in splits.items() for _ in range(rows)]})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"train": 7058, "validation": 1000, "test": 2015}, ""),
        ({"train": 7058, "validation": 1000, "test": 1995}, "1,995 of 2,015 test photos as published are listed"),
        ({"train": 7058, "validation": 1000, "test": 2014}, "2,014 of 2,015 test photos as published are listed"),
        ({"train": 7058, "validation": 1000}, "0 of 2,015 test photos as published are listed"),
        ({"_": 10073}, ""),
        ({"_": 10072}, "10,072 of 10,073 photos as published are listed"),
    ],
)
def test_a_whole_list_has_no_remark_and_one_row_less_has_one(rows: dict[str, int], said: str) -> None:
    assert datasets.get("koniq").counted(listed(**rows)) == said


def test_sets_whose_size_nobody_publishes_have_no_remark(tmp_path: Path) -> None:
    assert datasets.load("table", table(tmp_path)).attrs["counts"] == ""


def scored(root: Path, out: Path) -> report.Data:
    words = ["koniq", "--data", str(root), "--out", str(out), "--jobs", "1", "--resamples", "50", "--split", "all"]
    assert run.main(words) == 0
    return report.read(next(out.rglob("*.json"))).data


def test_a_test_row_that_is_dropped_before_scoring_changes_the_remark_of_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = koniq(tmp_path / "koniq")
    before = scored(root, tmp_path / "before")
    assert f"note: {before.remark}\n" in capsys.readouterr().out
    assert before.read == "1024x768"
    without_one_test_row(root)
    after = scored(root, tmp_path / "after")
    assert "1 of 2,015 test" in before.remark
    assert "0 of 2,015 test" in after.remark
    assert f"note: {after.remark}\n" in capsys.readouterr().out


def folders(frame: pd.DataFrame) -> set[str]:
    return {Path(path).parent.name for path in frame["path"]}


def test_koniq_never_mixes_two_sizes(tmp_path: Path) -> None:
    root = koniq(tmp_path)
    for i in range(4):
        picture(root / "512x384" / f"1000{i}.jpg", i)
    whole = datasets.load("koniq", root)  # both are whole: the larger one
    assert folders(whole) == {"1024x768"}
    assert whole.attrs["read"] == "1024x768"
    (root / "1024x768/10001.jpg").unlink()
    small = datasets.load("koniq", root)
    assert folders(small) == {"512x384"}
    assert small.attrs["read"] == "512x384"
    assert not small["missing"].any()
    (root / "512x384/10003.jpg").unlink()
    (root / "512x384/10002.jpg").unlink()
    most = datasets.load("koniq", root)  # neither is whole: the one with more, and what it lacks is missing
    assert folders(most) == {"1024x768"}
    assert most["missing"].tolist() == [False, True, False, False]


def test_aadb_never_mixes_originals_and_squashed_squares(tmp_path: Path) -> None:
    root = aadb(tmp_path)
    for name in ("farm1_1.jpg", "farm1_2.jpg", "farm1_3.jpg"):
        picture(root / "datasetImages_warp256" / name)
    (root / "datasetImages_originalSize/farm1_2.jpg").unlink()
    frame = datasets.load("aadb", root)
    assert frame.set_index("name")["missing"].to_dict()["farm1_2.jpg"]
    assert frame["missing"].sum() == 1
    assert frame.attrs["read"] == "datasetImages_originalSize, AADB_newtest_originalSize"


def test_uhdiqa_ava_and_flive_read_one_copy_for_all_photos(tmp_path: Path) -> None:
    uhd = uhdiqa(tmp_path / "uhd")
    picture(uhd / "challenge/training/0.jpg")
    picture(uhd / "challenge/test/2.jpg")
    (uhd / "training/0.jpg").unlink()
    found = datasets.load("uhdiqa", uhd)
    assert found["missing"].tolist() == [True, False, False]
    assert found.attrs["read"] == "training, validation, test"
    votes = ava(tmp_path / "ava")
    (votes / "images/953619.jpg").unlink()
    picture(votes / "ava_images/953619.jpg")
    assert datasets.load("ava", votes)["missing"].tolist() == [True, False, True]
    crowd = flive(tmp_path / "flive")
    (crowd / "database/EE371R/a.jpg").unlink()
    picture(crowd / "EE371R/a.jpg")
    assert datasets.load("flive", crowd)["missing"].tolist() == [False, True, False]


def test_csiq_reads_all_references_from_one_folder(tmp_path: Path) -> None:
    root = csiq(tmp_path)
    (root / "src_imgs/cactus.png").unlink()
    picture(root / "cactus.png")
    assert {Path(path).parent.name for path in datasets.load("csiq", root)["reference"]} == {"src_imgs"}


def test_a_further_rating_with_an_empty_cell_is_kept_and_words_are_not(tmp_path: Path) -> None:
    rows = ("a.jpg,.5,1,x,", "b.jpg,.6,,2,", "c.jpg,.7, 3 ,3,")
    text(tmp_path / "ratings.csv", "file,mos,sharp,mixed,empty", *rows)
    frame = datasets.load("table", tmp_path)
    assert np.array_equal(frame["also_sharp"], [1.0, np.nan, 3.0], equal_nan=True)
    assert not {"also_mixed", "also_empty"} & set(frame)


def test_a_rating_that_one_json_file_lacks_is_kept(tmp_path: Path) -> None:
    root = with_json(tmp_path, brightness_score=[8.5, 3.2], contrast=[7.0, 6.0])
    text(root / "image1.json", json.dumps({"brightness_score": 3.2}))
    frame = datasets.load("table", root)
    assert np.array_equal(frame["also_contrast"], [7.0, np.nan], equal_nan=True)


@pytest.mark.parametrize("head", ["name,file,mos", "file,name,mos"])
def test_of_the_columns_name_and_file_the_one_that_names_files_is_read(tmp_path: Path, head: str) -> None:
    picture(tmp_path / "a.jpg")
    cells = {"name": "1", "file": "a.jpg", "mos": "0.5"}
    text(tmp_path / "ratings.csv", head, ",".join(cells[column] for column in head.split(",")))
    frame = datasets.load("table", tmp_path)
    assert frame["name"].tolist() == ["a.jpg"]
    assert not frame["missing"].any()
    assert "also_name" not in frame


def test_two_columns_of_names_without_any_file_are_refused_by_name(tmp_path: Path) -> None:
    text(tmp_path / "ratings.csv", "name,file,mos", "a,b.jpg,0.5")
    with pytest.raises(datasets.DataSetError, match="file and name, none of which names a file"):
        datasets.load("table", tmp_path)


def test_counts_of_every_published_set_add_up_to_what_its_paper_says() -> None:
    def total(name: str) -> int:
        record: DataSet = datasets.get(name)
        return sum(record.counts.values())

    sizes = {"koniq": 10073, "biq2021": 12000, "tid2013": 25 * 24 * 5, "kadid10k": 81 * 25 * 5, "live": 982 - 203}
    sizes |= {"csiq": 866, "clive": 1169 - 7, "spaq": 11125, "lol": 500, "eva": 4070, "polyu": 100, "ccnoise": 60}
    assert {name: total(name) for name in sizes} == sizes
