"""PolyU: real noise; each crop as shot and as the mean of many shots of the static scene."""

import re
from pathlib import Path

import pandas as pd

from ._read import Folder
from .dataset import DataSet, DataSetError

_NAME = re.compile(
    r"(?P<camera>[^_]+)_(?P<settings>.+_(?P<iso>\d+))_(?P<thing>[^_]+)_+(?P<crop>\d+)_real\.jpg", re.IGNORECASE
)


def _read(root: Path) -> pd.DataFrame:
    folder = root / "CroppedImages" if (root / "CroppedImages").is_dir() else root
    noisy = sorted(path for path in folder.iterdir() if path.name.lower().endswith("_real.jpg"))
    means = Folder([folder])
    rows = []
    for path in noisy:
        match = _NAME.fullmatch(path.name)
        if match is None:
            accepted = "names like Canon5D2_5_160_3200_chair_5_real.JPG"
            raise DataSetError(file=folder, found=repr(path.name), accepted=accepted)
        rows.append(
            {
                "name": path.name,
                "path": str(path),
                "reference": means.path(re.sub("_real", "_mean", path.name, flags=re.IGNORECASE)),
                "group": f"{match['camera']}_{match['settings']}_{match['thing']}",
                "subset": match["camera"],
                "iso": int(match["iso"]),
            }
        )
    return pd.DataFrame(rows)


DATASET = DataSet(
    name="polyu",
    title="PolyU Real-World Noisy Images",
    task="noise",
    citation="Xu, Li, Liang, Zhang, Zhang 2018, Real-world noisy image denoising: a new benchmark, "
    "doi:10.48550/arXiv.1804.02603",
    licence="BSD-like; see its repository",
    source="https://github.com/csjcai/PolyU-Real-World-Noisy-Images-Dataset",
    get="Clone csjcai/PolyU-Real-World-Noisy-Images-Dataset and name its folder CroppedImages.",
    scale=(0.0, 0.0),
    direction="higher is better",
    split_rule="group: by photo (camera, settings, object); the crops of one photo stay together",
    traps=(
        "The mean of many shots still holds a little noise, and JPEG: the reference is not noise-free.",
        "Noise follows camera and ISO: print a figure per camera.",
        "Some names carry a doubled underscore before the number of the crop.",
    ),
    markers=("*_real.JPG|CroppedImages/*_real.JPG", "*_mean.JPG|CroppedImages/*_mean.JPG"),
    read=_read,
    counts={"all": 100},
    columns={"reference": "path of the mean of many shots", "iso": "sensitivity from the name"},
)
