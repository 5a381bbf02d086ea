"""AVA: 255,000 photos of a contest site with the votes of its members, 1 to 10."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._read import fields, first_file, one_size
from .dataset import DataSet, DataSetError, Mirror

_TEST = "aesthetics_image_lists/generic_test.jpgl"


def _read(root: Path) -> pd.DataFrame:
    path = first_file(root, "AVA.txt", "AVA_dataset/AVA.txt")
    rows = fields(path, 12, "index, id and ten counts of votes")
    try:
        votes = np.array([row[2:12] for row in rows], dtype=np.int64)
    except ValueError as error:
        raise DataSetError(file=path, found=str(error), accepted="ten whole numbers of votes per line") from error
    total = votes.sum(axis=1)
    if (total == 0).any():
        raise DataSetError(file=path, row=int((total == 0).argmax()) + 1, found="no vote", accepted="one vote or more")
    steps = np.arange(1, 11)
    mean = votes @ steps / total
    ids = [row[1] for row in rows]
    folders = (root / "images", root / "ava_images", root / "image", path.parent / "images")
    photos = one_size([[folder] for folder in folders], [f"{name}.jpg" for name in ids])
    result = pd.DataFrame({"name": ids, "label": mean})
    result["label_sd"] = np.sqrt(np.maximum(votes @ steps**2 / total - mean**2, 0.0))
    result["path"] = [photos.path(f"{name}.jpg") for name in ids]
    result.attrs["read"] = photos.read(root)
    result[[f"votes_{step}" for step in steps]] = votes
    if (path.parent / _TEST).is_file():
        test = {row[0] for row in fields(path.parent / _TEST, 1, "an image id")}
        result["split"] = np.where(result["name"].isin(test), "test", "train")
    return result


DATASET = DataSet(
    name="ava",
    title="AVA",
    task="aesthetics",
    citation="Murray, Marchesotti, Perronnin 2012, AVA: a large-scale database for aesthetic visual analysis, "
    "doi:10.1109/CVPR.2012.6247954",
    licence="images belong to their authors on dpchallenge.com; research",
    source="https://github.com/imfing/ava_downloader",
    get="Fetch AVA.txt, the lists and the images (32 GB) as described in imfing/ava_downloader.",
    scale=(1.0, 10.0),
    direction="higher is better",
    split_rule="official: aesthetics_image_lists/generic_test.jpgl is the test, the rest is train",
    traps=(
        "The label is the mean of ten counts of votes, columns 3 to 12; column 1 is an index, column 2 the image id.",
        "Some images of the list are gone or broken in every copy: they stay as missing or failed rows.",
        "EVA and FLIVE are partly made of AVA photos: training on one and testing on the other leaks.",
    ),
    markers=("AVA.txt|AVA_dataset/AVA.txt",),
    read=_read,
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("ava.tgz",)),
    columns={"votes_1": "votes for 1 (worst), and so on to votes_10"},
)
