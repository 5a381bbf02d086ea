"""The known traps of the public data sets: each has misled somebody, none misleads the loaders."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from eval import datasets
from tests.miniature import (
    LIVE_COUNTS,
    aadb,
    ava,
    biq2021,
    ccnoise,
    clive,
    csiq,
    eva,
    flive,
    kadid10k,
    koniq,
    live,
    lol,
    phototriage,
    polyu,
    spaq,
    text,
    tid2013,
    uhdiqa,
)


def test_koniq_reads_the_column_mos_of_the_sets_file_as_the_z_score_it_is(tmp_path: Path) -> None:
    frame = datasets.load("koniq", koniq(tmp_path))
    assert frame["label"].iloc[0] == pytest.approx(77.4)
    assert frame["mos"].iloc[0] == pytest.approx((77.4 - 1) / 99)
    assert frame["split"].tolist() == ["train", "train", "validation", "test"]
    assert "label_sd" not in frame  # SD is of the other scale


def test_koniq_gives_the_same_mos_from_either_file(tmp_path: Path) -> None:
    both = datasets.load("koniq", koniq(tmp_path))
    (tmp_path / "koniq10k_distributions_sets.csv").unlink()
    alone = datasets.load("koniq", tmp_path)
    assert alone["mos"].tolist() == both["mos"].tolist()
    assert set(alone["split"]) == {""}


def test_koniq_ratings_on_one_to_five_are_told_from_z_scores_by_their_values(tmp_path: Path) -> None:
    text(koniq(tmp_path) / "koniq10k_distributions_sets.csv", "image_name,MOS,SD,set", "10000.jpg,3.0,0.5,test")
    frame = datasets.load("koniq", tmp_path)
    assert frame.attrs["scale"] == (1.0, 5.0)
    assert frame["mos"].tolist() == [0.5]
    assert frame["label_sd"].tolist() == [0.5]


@pytest.mark.parametrize("csv", [False, True])
def test_spaq_reads_its_workbook_and_its_csv_with_a_byte_order_mark_alike(tmp_path: Path, csv: bool) -> None:
    frame = datasets.load("spaq", spaq(tmp_path, csv=csv))
    assert frame["name"].tolist() == ["00001.jpg", "00002.jpg", "00003.jpg"]
    assert frame["label"].tolist() == [42.5, 90.0, 7.25]
    assert frame["noisiness"].tolist() == [50.0, 60.0, 10.0]
    assert not frame["missing"].any()


def test_a_broken_workbook_is_refused_with_its_name(tmp_path: Path) -> None:
    path = next(spaq(tmp_path).glob("Annotations/*.xlsx"))
    path.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(datasets.DataSetError, match="an Excel workbook"):
        datasets.load("spaq", tmp_path)


def test_tid2013_finds_its_photos_whatever_the_case_of_their_names(tmp_path: Path) -> None:
    frame = datasets.load("tid2013", tid2013(tmp_path))
    assert not frame["missing"].any()
    assert all(Path(path).is_file() for path in frame["reference"])
    assert frame["group"].tolist() == ["i01", "i01", "i25"]
    assert frame["level"].tolist() == [1, 5, 1]
    assert frame["label_sd"].tolist() == [0.13013, 0.17, 0.2]


def test_tid2013_refuses_deviations_of_another_length(tmp_path: Path) -> None:
    text(tid2013(tmp_path) / "mos_std.txt", "0.1", "0.2")
    with pytest.raises(datasets.DataSetError, match="scores of 3, deviations of 2"):
        datasets.load("tid2013", tmp_path)


def test_live_leaves_the_undistorted_entries_out_and_flips_its_dmos(tmp_path: Path) -> None:
    frame = datasets.load("live", live(tmp_path))
    assert len(frame) == 779
    assert sum(LIVE_COUNTS.values()) == 982
    assert frame["name"].iloc[0] == "jp2k/img1.bmp"
    assert frame["name"].iloc[1] == "jp2k/img3.bmp"
    assert frame["label"].is_monotonic_increasing
    assert frame["mos"].is_monotonic_decreasing
    assert frame["group"].nunique() == 29
    assert (~frame["missing"]).sum() == len(LIVE_COUNTS)


def test_live_keeps_labels_and_photos_of_the_five_folders_together(tmp_path: Path) -> None:
    frame = datasets.load("live", live(tmp_path)).set_index("name")
    ramp = np.linspace(20, 110, 982)
    assert frame.loc["wn/img1.bmp", "label"] == pytest.approx(ramp[227 + 233])
    assert frame.loc["fastfading/img1.bmp", "label"] == pytest.approx(ramp[982 - 174])


def test_a_cut_matlab_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = live(tmp_path) / "dmos_realigned.mat"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(datasets.DataSetError, match=r"dmos_realigned\.mat"):
        datasets.load("live", tmp_path)


def test_kadid_is_not_flipped_although_its_column_is_named_dmos(tmp_path: Path) -> None:
    frame = datasets.load("kadid10k", kadid10k(tmp_path))
    weak, strong = frame[frame["level"] == 1], frame[frame["level"] == 5]
    assert weak["mos"].min() > strong["mos"].max()
    assert weak["mos"].iloc[0] == pytest.approx((4.57 - 1) / 4)
    assert set(frame["group"]) == {"i01.png", "i02.png"}


def test_clive_drops_the_seven_examples_for_the_raters(tmp_path: Path) -> None:
    frame = datasets.load("clive", clive(tmp_path))
    assert frame["name"].tolist() == ["3.bmp", "4.JPG", "5.bmp"]
    assert frame["label"].iloc[0] == pytest.approx(np.linspace(10, 90, 10)[7])
    assert not frame["missing"].any()


def test_csiq_flips_its_dmos_and_maps_the_names_of_its_workbook(tmp_path: Path) -> None:
    frame = datasets.load("csiq", csiq(tmp_path)).set_index("name")
    assert frame.loc["1600.AWGN.1.png", "mos"] == pytest.approx(1 - 0.062)
    assert frame.loc["cactus.jpeg2000.5.png", "mos"] == pytest.approx(1 - 0.91)
    assert frame["label_sd"].tolist() == [0.05, 0.04, 0.01]
    assert frame["group"].tolist() == ["1600", "cactus", "cactus"]
    assert not frame["missing"].any()
    assert all(Path(path).is_file() for path in frame["reference"])


def test_csiq_reads_the_label_list_of_the_mirror_alike(tmp_path: Path) -> None:
    workbook = datasets.load("csiq", csiq(tmp_path))
    (tmp_path / "csiq.DMOS.xlsx").unlink()
    lines = map(" ".join, zip(workbook["name"], workbook["label"].astype(str), strict=True))
    text(tmp_path / "csiq_label.txt", *lines)
    listed = datasets.load("csiq", tmp_path)
    pd.testing.assert_frame_equal(listed, workbook.drop(columns="label_sd"))


def test_flive_takes_its_official_split_from_the_two_label_files(tmp_path: Path) -> None:
    frame = datasets.load("flive", flive(tmp_path))
    assert frame["split"].tolist() == ["test", "validation", "train"]
    assert frame["subset"].tolist() == ["voc_emotic_ava", "EE371R", "blur_dataset"]
    assert not frame["missing"].any()


def test_biq2021_reads_past_empty_columns_blanks_brackets_and_a_suffix_in_capitals(tmp_path: Path) -> None:
    frame = datasets.load("biq2021", biq2021(tmp_path)).set_index("name")
    assert frame["split"].tolist() == ["train"] * 3 + ["test"] * 2
    assert not frame["missing"].any()
    assert frame.loc["ss02 (1014).jpg", "path"].endswith(".JPG")
    assert frame["subset"].tolist() == ["ss03", "ss01", "ss02", "ss03", "ss02"]


def test_biq2021_marks_test_photos_with_a_twin_in_train(tmp_path: Path) -> None:
    frame = datasets.load("biq2021", biq2021(tmp_path)).set_index("name")
    assert frame.loc["ss03 (961).jpg", "group"] == frame.loc["ss03 (5687).jpg", "group"]
    assert not frame.loc["ss03 (961).jpg", "clean_test"]
    assert frame.loc["ss02 (3).jpg", "clean_test"]
    assert not frame[frame["split"] == "train"]["clean_test"].any()


def test_uhdiqa_maps_its_sets_to_splits(tmp_path: Path) -> None:
    frame = datasets.load("uhdiqa", uhdiqa(tmp_path))
    assert frame["split"].tolist() == ["train", "validation", "test"]
    assert not frame["missing"].any()


def test_ava_gives_mean_and_deviation_of_the_votes(tmp_path: Path) -> None:
    frame = datasets.load("ava", ava(tmp_path)).set_index("name")
    votes = np.repeat(np.arange(1, 11), [0, 1, 5, 17, 38, 36, 15, 6, 5, 1])
    assert frame.loc["953619", "label"] == pytest.approx(votes.mean())
    assert frame.loc["953619", "label_sd"] == pytest.approx(votes.std())
    assert frame.loc["953958", "label_sd"] == pytest.approx(4.5)
    assert frame.loc["954184", "label_sd"] == 0
    assert frame["split"].tolist() == ["train", "test", "train"]
    assert frame["missing"].tolist() == [False, False, True]


def test_eva_averages_votes_separated_by_equals_signs(tmp_path: Path) -> None:
    frame = datasets.load("eva", eva(tmp_path)).set_index("name")
    assert frame.loc["10", ["label", "label_sd", "n_votes", "composition"]].tolist() == [7.0, 1.0, 2, 3.0]
    assert frame["subset"].tolist() == ["1", "4"]
    assert not frame["missing"].any()


def test_aadb_keeps_a_photo_of_two_lists_in_the_test_only(tmp_path: Path) -> None:
    frame = datasets.load("aadb", aadb(tmp_path)).set_index("name")
    assert frame.loc["farm2_9.jpg", "split"] == "test"
    assert frame["split"].value_counts().to_dict() == {"train": 2, "test": 2, "validation": 1}
    assert "balancing_elements" in frame  # BalacingElements in the file names
    assert not frame["missing"].any()


def test_lol_sets_pairs_of_tested_scenes_and_the_misaligned_one_aside(tmp_path: Path) -> None:
    frame = datasets.load("lol", lol(tmp_path)).set_index("name")
    assert frame.loc["eval15/1.png", "group"] == frame.loc["our485/2.png", "group"]
    assert frame["clean_train"].to_dict() == {
        "our485/2.png": False,
        "our485/10.png": True,
        "our485/648.png": False,
        "eval15/1.png": False,
    }
    assert all("/high/" in path for path in frame["reference"])


def test_lol_refuses_a_dark_photo_without_its_pair(tmp_path: Path) -> None:
    (lol(tmp_path) / "eval15/high/1.png").rename(tmp_path / "eval15/high/3.png")
    with pytest.raises(datasets.DataSetError, match=r"1\.png only once"):
        datasets.load("lol", tmp_path)


def test_phototriage_reads_the_preference_as_the_share_of_the_first_photo(tmp_path: Path) -> None:
    frame = datasets.load("phototriage", phototriage(tmp_path)).set_index("name")
    assert frame.loc["000001-01.JPG", "votes"] == pytest.approx((0.25 + 0.5) / 2)
    assert frame.loc["000001-02.JPG", "votes"] == pytest.approx((0.75 + 0.75) / 2)
    assert frame[frame["best"]].index.tolist() == ["000001-02.JPG", "000002-01.JPG"]
    assert not frame["missing"].any()


def test_polyu_keeps_the_crops_of_one_photo_together(tmp_path: Path) -> None:
    frame = datasets.load("polyu", polyu(tmp_path))
    assert frame["group"].nunique() == 2
    assert frame["iso"].tolist() == [3200, 3200, 5000]
    assert all(path.endswith("_mean.JPG") and Path(path).is_file() for path in frame["reference"])


def test_ccnoise_keeps_the_crops_of_one_photo_together(tmp_path: Path) -> None:
    frame = datasets.load("ccnoise", ccnoise(tmp_path))
    assert frame["group"].nunique() == 2
    assert frame["subset"].tolist() == ["Canon_EOS_5D_Mark3", "Canon_EOS_5D_Mark3", "Nikon_D800"]
    assert frame["iso"].tolist() == [3200, 3200, 6400]
    assert all("CC_Mean_" in path and Path(path).is_file() for path in frame["reference"])
