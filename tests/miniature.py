"""Miniature copies of the public data sets, in the layouts their authors ship, made by code; every picture is noise."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy.io import savemat

LIVE_COUNTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
LIVE_UNDISTORTED = 203
AADB_ATTRIBUTES = ("BalacingElements", "ColorHarmony", "Content", "DoF", "Light", "MotionBlur", "Object", "Repetition")


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (12, 16)) -> Path:
    """A smooth random picture of (height, width), saved in the format of the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(grid).resize(size[::-1], Image.Resampling.BICUBIC).save(path)
    return path


def text(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """A text file of the given lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def koniq(root: Path) -> Path:
    for i in range(4):
        picture(root / "1024x768" / f"1000{i}.jpg", i)
    sets = ("training", "training", "validation", "test")
    rows = [f"1000{i}.jpg,0,0,.2,.7,.1,105,{77.4 - 20 * i},0.53,{sets[i]}" for i in range(4)]
    text(root / "koniq10k_distributions_sets.csv", "image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set", *rows)
    rows = [f'"1000{i}.jpg",0,0,21,73,7,105,{3.9 - 0.8 * i},0.53,{77.4 - 20 * i}' for i in range(4)]
    head = '"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"'
    text(root / "koniq10k_scores_and_distributions.csv", head, *rows)
    return root


def spaq(root: Path, *, csv: bool = False) -> Path:
    table = pd.DataFrame({"Image name": ["00001.jpg", "00002.jpg", "00003.jpg"], "MOS": [42.5, 90.0, 7.25]})
    for attribute in ("Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"):
        table[attribute] = [50.0, 60.0, 10.0]
    for i, name in enumerate(table["Image name"]):
        picture(root / "TestImage" / name, i)
    labels = root / "Annotations" / "MOS and Image attribute scores"
    labels.parent.mkdir(parents=True)
    if csv:
        table.to_csv(labels.with_suffix(".csv"), index=False, encoding="utf-8-sig")
    else:
        table.to_excel(labels.with_suffix(".xlsx"), index=False)
    return root


def tid2013(root: Path) -> Path:
    names = ("I01_01_1.bmp", "I01_02_5.bmp", "i25_01_1.bmp")
    on_disk = ("i01_01_1.bmp", "I01_02_5.BMP", "I25_01_1.bmp")
    for i, name in enumerate(on_disk):
        picture(root / "distorted_images" / name, i)
    picture(root / "reference_images" / "I01.BMP")
    picture(root / "reference_images" / "i25.bmp")
    text(root / "mos_with_names.txt", *(f"{5.51429 - i} {name}" for i, name in enumerate(names)))
    text(root / "mos_std.txt", "0.13013", "0.17", "0.2")
    return root


def live(root: Path) -> Path:
    total = sum(LIVE_COUNTS.values())
    orgs = np.zeros(total)
    orgs[1::4][:LIVE_UNDISTORTED] = 1
    dmos = np.where(orgs == 1, 0.0, np.linspace(20, 110, total))
    references = np.array([f"ref{i % 29:02d}.bmp" for i in range(total)], dtype=object)[None, :]
    for folder in LIVE_COUNTS:
        picture(root / folder / "img1.bmp", 1)
    savemat(
        root / "dmos_realigned.mat", {"dmos_new": dmos[None, :], "dmos_std": np.ones((1, total)), "orgs": orgs[None, :]}
    )
    savemat(root / "refnames_all.mat", {"refnames_all": references})
    return root


def kadid10k(root: Path) -> Path:
    names = [f"I0{r}_0{d}_0{level}.png" for r in (1, 2) for d in (1, 2) for level in (1, 5)]
    for i, name in enumerate([*names, "I01.png", "I02.png"]):
        picture(root / "images" / name, i)
    rows = [f"{name},{name[:3]}.png,{4.57 if name.endswith('01.png') else 1.2},0.5" for name in names]
    text(root / "dmos.csv", "dist_img,ref_img,dmos,var", *rows)
    return root


def clive(root: Path) -> Path:
    names = [f"t{i}.bmp" for i in range(1, 8)] + ["3.bmp", "4.JPG", "5.bmp"]
    for i, name in enumerate(names):
        picture(root / "Images" / ("trainingImages" if name.startswith("t") else "") / name, i)
    cells = np.array(names, dtype=object)[:, None]
    for stem, content in (
        ("AllImages", cells),
        ("AllMOS", np.linspace(10, 90, 10)[None, :]),
        ("AllStdDev", np.full((1, 10), 19.0)),
    ):
        (root / "Data").mkdir(exist_ok=True)
        savemat(root / "Data" / f"{stem}_release.mat", {f"{stem}_release": content})
    return root


def csiq(root: Path) -> Path:
    rows = [
        (1600, 1, "noise", 1, 0.05, 0.062),
        ("cactus", 6, "jpeg 2000", 5, 0.04, 0.91),
        ("cactus", 3, "contrast", 2, 0.01, 0.2),
    ]
    for i, name in enumerate(
        ("awgn/1600.AWGN.1.png", "jpeg2000/cactus.jpeg2000.5.png", "contrast/cactus.contrast.2.png")
    ):
        picture(root / "dst_imgs" / name, i)
    for name in ("1600", "cactus"):
        picture(root / "src_imgs" / f"{name}.png")
    table = pd.DataFrame(rows, columns=["image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"])
    with pd.ExcelWriter(root / "csiq.DMOS.xlsx") as book:
        pd.DataFrame({"note": ["not the table"]}).to_excel(book, sheet_name="all_by_distortion")
        table.to_excel(book, sheet_name="all_by_image", startrow=3, startcol=3, index=False)
    return root


def flive(root: Path) -> Path:
    names = ("voc_emotic_ava/AVA__149.jpg", "EE371R/a.jpg", "blur_dataset/b.jpg")
    for i, name in enumerate(names):
        picture(root / "database" / name, i)
    text(root / "database/labels_image.csv", "name,mos", *(f"{name},{72.5 - i}" for i, name in enumerate(names)))
    text(root / "database/labels640.csv", "name_image,mos_image", f"{names[0]},72.5")
    text(root / "database/labels=640_padded.csv", "name_image,is_valid", f"{names[1]},True", f"{names[2]},False")
    return root


def biq2021(root: Path) -> Path:
    train = ("ss03 (5687).jpg", "ss01 (7).jpg", "ss02 (1014).jpg")
    test = ("ss03 (961).jpg", "ss02 (3).jpg")
    for i, name in enumerate((*train, *test)):
        picture(root / "Images" / name.replace("1014).jpg", "1014).JPG"), i)
    text(root / "Train (Images and MOS).csv", "Image Name,MOS,,", *(f"{n},0.{i + 2}871,," for i, n in enumerate(train)))
    text(root / "Test (Images and MOS).csv", "Image Name,MOS", *(f"{n},{i}" for i, n in enumerate(test)))
    return root


def uhdiqa(root: Path) -> Path:
    rows = []
    for i, name in enumerate(("training", "validation", "test")):
        picture(root / name / f"{i}.jpg", i)
        rows.append(f"{i}.jpg,{0.3 + 0.2 * i},{name},{'macro' if i else ''},4000,3000")
    text(root / "uhd-iqa-metadata.csv", "image_name,quality_mos,set,subset,orig_width,orig_height", *rows)
    return root


def ava(root: Path) -> Path:
    votes = {"953619": "0 1 5 17 38 36 15 6 5 1", "953958": "10 0 0 0 0 0 0 0 0 10", "954184": "0 0 0 0 0 0 0 0 0 4"}
    for i, name in enumerate(list(votes)[:2]):
        picture(root / "images" / f"{name}.jpg", i)
    text(root / "AVA.txt", *(f"{i} {name} {counts} 1 22 1396" for i, (name, counts) in enumerate(votes.items(), 1)))
    text(root / "aesthetics_image_lists/generic_test.jpgl", "953958")
    return root


def eva(root: Path) -> Path:
    head = "image_id=user_id=score=difficulty=visual=composition=quality=semantic=vote_time=1=2=3=4"
    rows = ["10=E1=8=3=4=3=3=3=5.1=1=0=0=0", "10=E2=6=3=2=3=3=3=5.1=1=0=0=0", "20=E1=0=3=1=1=1=1=9=1=0=0=0"]
    text(root / "data/votes_filtered.csv", head, *rows)
    text(root / "data/image_content_category.csv", '"image_id","category"', '"10","1"', '"20","4"')
    picture(root / "images/EVA_category/EVA_category/1/10.jpg")
    picture(root / "images/EVA_category/EVA_category/4/20.jpg")
    return root


def aadb(root: Path) -> Path:
    lists = {
        "Train": ("farm1_1.jpg", "farm1_2.jpg", "farm2_9.jpg"),
        "Validation": ("farm1_3.jpg",),
        "TestNew": ("farm2_9.jpg", "farm2_8.jpg"),
    }
    for part, names in lists.items():
        for attribute in ("score", *AADB_ATTRIBUTES):
            lines = (f"{name} {0.25 * (i + 1)}" for i, name in enumerate(names))
            text(root / "imgListFiles_label" / f"imgList{part}Regression_{attribute}.txt", *lines)
    for i in (1, 2, 3):
        picture(root / "datasetImages_originalSize" / f"farm1_{i}.jpg", i)
    picture(root / "AADB_newtest_originalSize/farm2_9.jpg", 9)
    picture(root / "AADB_newtest_originalSize/farm2_8.jpg", 8)
    return root


def lol(root: Path) -> Path:
    for name in ("our485/2.png", "our485/10.png", "our485/648.png", "eval15/1.png"):
        folder, file = name.split("/")
        for side in ("low", "high"):
            picture(root / folder / side / file, 3)
    return root


def blurset(root: Path) -> Path:
    for i, name in enumerate(("sharp/a.png", "motion_blurred/b.png", "blurry/c.png", "val/d.png")):
        picture(root / name, i)
    return root


def bursts(root: Path) -> Path:
    for i in range(4):
        picture(root / f"s{i // 2}/{i}.jpg", i)
    text(root / "bursts.csv", "series,file,best", "s0,s0/0.jpg,0", "s0,s0/1.jpg,1", "s1,s1/2.jpg,1", "s1,s1/3.jpg,0")
    return root


def phototriage(root: Path) -> Path:
    text(root / "train_pairlist.txt", "1 1 2 0.25 2 1", "1 1 3 0.5 2 3", "1 2 3 0.75 1 3")
    text(root / "val_pairlist.txt", "2 1 2 0.9 1 2")
    for name in ("000001-01", "000001-02", "000001-03", "000002-01", "000002-02"):
        picture(root / "train_val_imgs" / f"{name}.JPG")
    return root


def pairs(root: Path) -> Path:
    for side in ("low", "normal"):
        for i in range(2):
            picture(root / side / f"image{i}.jpg", i)
    return root


def photos(root: Path) -> Path:
    for i in range(3):
        picture(root / "set" / f"{i}.png", i)
    return root


def polyu(root: Path) -> Path:
    for stem in ("Canon5D2_5_160_3200_chair_5", "Canon5D2_5_160_3200_chair_11", "NikonD800_6-3_125_5000_plant__2"):
        picture(root / f"{stem}_real.JPG", 1)
        picture(root / f"{stem}_mean.JPG", 2)
    return root


def ccnoise(root: Path) -> Path:
    for stem in ("Canon_EOS_5D_Mark3_ISO_3200_C1_47", "Canon_EOS_5D_Mark3_ISO_3200_C1_9", "Nikon_D800_ISO_6400_B2_44"):
        picture(root / "CC_60NoisyImage" / f"CC_Noisy_{stem}.png", 1)
        picture(root / "CC_60MeanImage" / f"CC_Mean_{stem}.png", 2)
    return root


def table(root: Path) -> Path:
    picture(root / "photos/image1.jpg", 1)
    picture(root / "photos/image2.jpg", 2)
    rows = ("photos/image1.jpg,8.5,9,8,8.5,8", "photos/image2.jpg,6,5.5,6.5,6,6.5")
    text(root / "aesthetic.csv", "path,overall,composition,color,contrast,focus", *rows)
    return root


def with_json(root: Path, **values: Sequence[float]) -> Path:
    """Photos image0.jpg, image1.jpg, ... with a JSON file of the given values beside each."""
    for i in range(len(next(iter(values.values())))):
        picture(root / f"image{i}.jpg", i)
        text(root / f"image{i}.json", json.dumps({key: value[i] for key, value in values.items()}))
    return root


MINIATURES: dict[str, Callable[[Path], Path]] = {
    maker.__name__: maker
    for maker in (
        *(koniq, spaq, tid2013, live, kadid10k, clive, csiq, flive, biq2021, uhdiqa),
        *(ava, eva, aadb, lol, blurset, bursts, phototriage, pairs, photos, polyu, ccnoise, table),
    )
}
"""One builder per registered data set, by name: (empty folder) -> folder."""
