"""Folders and tables that people make themselves."""

import json
from pathlib import Path

import pytest

from eval import datasets
from tests.miniature import blurset, bursts, pairs, photos, picture, table, text, with_json


def test_blur_photos_in_a_folder_per_class_get_the_type_of_their_folder(tmp_path: Path) -> None:
    frame = datasets.load("blurset", blurset(tmp_path)).set_index("name")
    assert frame["blur_type"].to_dict() == {
        "blurry/c.png": "blurry",
        "motion_blurred/b.png": "motion_blurred",
        "sharp/a.png": "sharp",
    }  # val/d.png is in no class
    assert frame["mos"].tolist() == [0.0, 0.0, 1.0]


def test_blur_folders_below_split_folders_keep_their_split(tmp_path: Path) -> None:
    picture(tmp_path / "train/sharp/a.png")
    picture(tmp_path / "test/blurry/a.png")
    frame = datasets.load("blurset", tmp_path)
    assert frame["name"].tolist() == ["test/blurry/a.png", "train/sharp/a.png"]
    assert frame["split"].tolist() == ["test", "train"]


def test_a_blur_table_gives_scenes_as_groups_and_sources_as_subsets(tmp_path: Path) -> None:
    picture(tmp_path / "a/1_S.jpg")
    picture(tmp_path / "a/1_M.jpg")
    rows = ("a/1_S.jpg,sharp,scene_1,kit,", "a/1_M.jpg,motion_blurred,scene_1,kit,panned")
    text(tmp_path / "labels.csv", "file,label,scene,source,note", *rows)
    frame = datasets.load("blurset", tmp_path)
    assert frame["group"].tolist() == ["scene_1", "scene_1"]
    assert frame["subset"].tolist() == ["kit", "kit"]
    assert frame["blur_type"].tolist() == ["sharp", "motion_blurred"]


def test_a_blur_table_with_ones_and_zeros_means_sharp_and_blurry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "data/blur/sharp/image1.jpg")
    picture(tmp_path / "data/blur/blurry/image1.jpg")
    rows = ("data/blur/sharp/image1.jpg,1", "data/blur/blurry/image1.jpg,0")
    path = text(tmp_path / "lists/blur.csv", "path,label", *rows)
    frame = datasets.load("blurset", path)
    assert frame["blur_type"].tolist() == ["sharp", "blurry"]
    assert not frame["missing"].any()  # paths count from the folder above the table's


def test_an_unknown_blur_label_is_refused_with_its_row(tmp_path: Path) -> None:
    text(tmp_path / "labels.csv", "file,label", "a.jpg,sharp", "b.jpg,soft")
    with pytest.raises(datasets.DataSetError, match="row 3: label is 'soft'"):
        datasets.load("blurset", tmp_path)


def test_bursts_mark_the_keeper_or_the_frames_with_most_votes(tmp_path: Path) -> None:
    frame = datasets.load("bursts", bursts(tmp_path))
    assert frame["best"].tolist() == [False, True, True, False]
    assert frame["group"].tolist() == ["s0", "s0", "s1", "s1"]
    votes = ("s0,a,3", "s0,b,3", "s0,c,1")
    frame = datasets.load("bursts", text(tmp_path / "votes.csv", "series,file,votes", *votes))
    assert frame["best"].tolist() == [True, True, False]
    assert frame["votes"].tolist() == [3, 3, 1]


@pytest.mark.parametrize(
    ("column", "rows", "words"),
    [
        ("best", ("s,a,1", "s,b,2"), "row 3: best is '2'"),
        ("votes", ("s,a,1", "s,b,-2"), "row 3: votes is '-2'"),
        ("best", ("s,a,0", "s,b,0"), "one that is best or has votes"),
        ("best", ("s,a,1", "s,b,0", "t,c,1"), "row 4: series 't' without them"),
        ("keeper", ("s,a,1",), "exactly one of best, votes"),
    ],
)
def test_a_wrong_burst_table_is_refused(tmp_path: Path, column: str, rows: tuple[str, ...], words: str) -> None:
    text(tmp_path / "bursts.csv", f"series,file,{column}", *rows)
    with pytest.raises(datasets.DataSetError, match=words):
        datasets.load("bursts", tmp_path)


def test_low_light_pairs_are_read_from_folders_and_from_a_table(tmp_path: Path) -> None:
    folders = datasets.load("pairs", pairs(tmp_path))
    names = [Path(path).relative_to(tmp_path).as_posix() for path in folders["reference"]]
    assert names == ["normal/image0.jpg", "normal/image1.jpg"]
    path = text(tmp_path / "pairs.csv", "low_path,normal_path", "low/image0.jpg,normal/image0.jpg")
    listed = datasets.load("pairs", path)
    assert listed[["path", "reference"]].to_numpy().tolist() == folders[["path", "reference"]].to_numpy()[:1].tolist()


def test_a_dark_photo_without_its_normal_exposure_is_refused(tmp_path: Path) -> None:
    (pairs(tmp_path) / "normal/image1.jpg").unlink()
    with pytest.raises(datasets.DataSetError, match=r"image1\.jpg only once"):
        datasets.load("pairs", tmp_path)


def test_clean_photos_come_from_any_folder_and_keep_their_groups_when_labeled(tmp_path: Path) -> None:
    assert datasets.load("photos", photos(tmp_path))["name"].tolist() == ["set/0.png", "set/1.png", "set/2.png"]
    rows = ("set/0.png,benchmark,kodak,CC0", "set/1.png,train,kodak,CC0")
    text(tmp_path / "labels.csv", "file,split,group,licence", *rows)
    frame = datasets.load("photos", tmp_path)
    assert frame["split"].tolist() == ["test", "train"]
    assert frame["group"].tolist() == ["kodak", "kodak"]


def test_a_table_of_ratings_knows_the_documented_columns_and_their_scale(tmp_path: Path) -> None:
    frame = datasets.load("table", table(tmp_path))
    assert frame["mos"].tolist() == [0.85, 0.6]
    assert frame["also_composition"].tolist() == [9.0, 5.5]
    assert not frame["missing"].any()


def test_a_json_file_beside_each_photo_rates_it(tmp_path: Path) -> None:
    frame = datasets.load("table", with_json(tmp_path, brightness_score=[8.5, 3.2]))
    assert frame["name"].tolist() == ["image0.jpg", "image1.jpg"]
    assert frame["mos"].tolist() == [0.85, pytest.approx(0.32)]


def test_another_scale_and_direction_are_declared_never_guessed(tmp_path: Path) -> None:
    text(tmp_path / "ratings.csv", "file,dmos", "a.jpg,20", "b.jpg,80")
    with pytest.raises(datasets.DataSetError, match="exactly one of mos, score, quality"):
        datasets.load("table", tmp_path)
    told = {"label": "dmos", "low": 0, "high": 100, "direction": "lower is better"}
    text(tmp_path / "dataset.json", json.dumps(told))
    assert datasets.load("table", tmp_path)["mos"].tolist() == [0.8, pytest.approx(0.2)]


def test_a_label_outside_its_scale_is_an_error_that_names_the_scale(tmp_path: Path) -> None:
    text(tmp_path / "ratings.csv", "file,mos", "a.jpg,0.5", "b.jpg,4.5")
    with pytest.raises(datasets.DataSetError, match=r"4\.5 of b\.jpg.*from 0 to 1"):
        datasets.load("table", tmp_path)


@pytest.mark.parametrize(
    "told", [[], {"label": "mos"}, {"label": "mos", "low": 5, "high": 1}, {"label": 3, "low": 0, "high": 1}]
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, told: object) -> None:
    text(tmp_path / "ratings.csv", "file,mos", "a.jpg,0.5")
    text(tmp_path / "dataset.json", json.dumps(told))
    with pytest.raises(datasets.DataSetError, match=r"dataset\.json"):
        datasets.load("table", tmp_path)


def test_several_tables_are_not_chosen_from(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        text(tmp_path / name, "file,mos", "a.jpg,0.5")
    with pytest.raises(datasets.DataSetError, match=r"2 tables \(a\.csv, b\.csv\)"):
        datasets.load("table", tmp_path)
