"""CC: real noise in 60 crops of 15 photos, each as shot and as the mean of 500 shots of the static scene."""

import re
from pathlib import Path

import pandas as pd

from ._read import Folder
from .dataset import DataSet, DataSetError

NOISY, MEAN = "CC_60NoisyImage", "CC_60MeanImage"
_NAME = re.compile(r"CC_Noisy_(?P<camera>.+)_ISO_(?P<iso>\d+)_(?P<scene>[^_]+)_(?P<crop>\d+)\.png")


def _read(root: Path) -> pd.DataFrame:
    folder = root / "CCImages" if (root / "CCImages").is_dir() else root
    means = Folder([folder / MEAN])
    rows = []
    for path in sorted((folder / NOISY).glob("*.png")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            accepted = "names like CC_Noisy_Nikon_D800_ISO_3200_A1_107.png"
            raise DataSetError(file=folder / NOISY, found=repr(path.name), accepted=accepted)
        rows.append(
            {
                "name": path.name,
                "path": str(path),
                "reference": means.path(path.name.replace("CC_Noisy_", "CC_Mean_")),
                "group": f"{match['camera']}_{match['iso']}_{match['scene']}",
                "subset": match["camera"],
                "iso": int(match["iso"]),
            }
        )
    return pd.DataFrame(rows)


DATASET = DataSet(
    name="ccnoise",
    title="CC (cross-channel) real noise",
    task="noise",
    citation="Nam, Hwang, Matsushita, Kim 2016, A holistic approach to cross-channel image noise modeling and its "
    "application to image denoising, doi:10.1109/CVPR.2016.186",
    licence="none stated; the crops are those of Xu, Zhang, Zhang 2018, doi:10.1109/TIP.2018.2811546",
    source="https://github.com/csjunxu/Guided-Image-Denoising-TIP2018",
    get="Clone csjunxu/Guided-Image-Denoising-TIP2018 and name its folder CCImages.",
    scale=(0.0, 0.0),
    direction="higher is better",
    split_rule="group: by photo (camera, ISO, scene); the crops of one photo stay together",
    traps=(
        "ISO 1600 to 6400 alone: the noise differs by a factor of 3 at most, which makes an order hard.",
        "How the sigma of `degradations` is combined was chosen on these photos: a figure of it here is no test.",
    ),
    markers=(f"{NOISY}|CCImages/{NOISY}", f"{MEAN}|CCImages/{MEAN}"),
    read=_read,
    counts={"all": 60},
    columns={"reference": "path of the mean of 500 shots", "iso": "sensitivity from the name"},
)
