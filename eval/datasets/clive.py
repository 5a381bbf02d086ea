"""LIVE In the Wild Image Quality Challenge (CLIVE): 1,162 photos from phones, rated by a crowd."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._read import Folder, matlab, same_length
from .dataset import DataSet, Mirror

EXAMPLES = 7
"""Entries at the head of the lists that only taught the raters the task."""


def _read(root: Path) -> pd.DataFrame:
    data = root / "Data"
    names = matlab(data / "AllImages_release.mat", "AllImages_release")
    label = matlab(data / "AllMOS_release.mat", "AllMOS_release")
    deviation = matlab(data / "AllStdDev_release.mat", "AllStdDev_release")
    same_length(data, AllImages_release=names, AllMOS_release=label, AllStdDev_release=deviation)
    photos = Folder([root / "Images"])
    result = pd.DataFrame({"name": names, "label": np.array(label, dtype=float)})
    result["label_sd"] = np.array(deviation, dtype=float)
    result["path"] = [photos.path(name) for name in names]
    return result.iloc[EXAMPLES:].reset_index(drop=True)


DATASET = DataSet(
    name="clive",
    title="LIVE In the Wild Image Quality Challenge Database",
    task="quality",
    citation="Ghadiyaram, Bovik 2016, Massive Online Crowdsourced Study of Subjective and Objective Picture Quality, "
    "doi:10.1109/TIP.2015.2500021",
    licence="free for research with citation, as stated in its readme",
    source="https://live.ece.utexas.edu/research/ChallengeDB/index.html",
    get="Ask for it with the form on its page; unpack ChallengeDB_release.",
    scale=(0.0, 100.0),
    direction="higher is better",
    split_rule="none published: ten seeded splits by photo",
    traps=(
        "The first 7 of the 1,169 entries are training examples of the raters: they are dropped.",
        "The names end in .bmp, .JPG and .jpg.",
    ),
    markers=("Images", "Data/AllImages_release.mat", "Data/AllMOS_release.mat", "Data/AllStdDev_release.mat"),
    read=_read,
    counts={"all": 1162},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("live_challenge.tgz",)),
)
