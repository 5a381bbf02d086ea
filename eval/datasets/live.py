"""LIVE image quality database, release 2: 29 reference photos under 5 distortions."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._read import matlab, same_length
from .dataset import DataSet, Mirror

COUNTS = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
"""Images per folder; the vectors of the .mat files run through the folders in this order."""


def _read(root: Path) -> pd.DataFrame:
    path = root / "dmos_realigned.mat"
    dmos, deviation, undistorted = (matlab(path, name) for name in ("dmos_new", "dmos_std", "orgs"))
    references = matlab(root / "refnames_all.mat", "refnames_all")
    names = [f"{folder}/img{i}.bmp" for folder, count in COUNTS.items() for i in range(1, count + 1)]
    same_length(path, images=names, dmos_new=dmos, dmos_std=deviation, orgs=undistorted, refnames_all=references)
    result = pd.DataFrame({"name": names, "label": np.array(dmos, dtype=float)})
    result["label_sd"] = np.array(deviation, dtype=float)
    result["path"] = [str(root / name) for name in names]
    result["subset"] = [name.split("/")[0] for name in names]
    result["group"] = references
    result["reference"] = [str(root / "refimgs" / name) for name in references]
    distorted = np.flatnonzero(np.array(undistorted) != 1)
    return result.iloc[distorted].reset_index(drop=True)


DATASET = DataSet(
    name="live",
    title="LIVE Image Quality Assessment Database, release 2",
    task="quality",
    citation="Sheikh, Sabir, Bovik 2006, A statistical evaluation of recent full reference image quality assessment "
    "algorithms, doi:10.1109/TIP.2006.881959",
    licence="free for research with citation, as stated in its readme",
    source="https://live.ece.utexas.edu/research/Quality/subjective.htm",
    get="Ask for it with the form on its page; unpack databaserelease2.",
    scale=(-3.0, 112.0),
    direction="lower is better",
    split_rule="group: by the 29 reference photos, ten seeded splits",
    traps=(
        "DMOS: lower is better; `mos` is flipped, `label` is not.",
        "203 of the 982 entries are undistorted references (orgs = 1) with DMOS 0: with them every figure is too good.",
        "dmos.mat holds the values before realignment: dmos_realigned.mat (dmos_new) is read.",
        "Realigned DMOS leaves 0..100 on both sides: the scale here is -3..112, so that `mos` stays in [0, 1].",
    ),
    markers=("jp2k", "dmos_realigned.mat", "refnames_all.mat"),
    read=_read,
    counts={"all": 779},
    mirror=Mirror("chaofengc/IQA-PyTorch-Datasets", ("live.tgz",)),
    columns={"reference": "path of the undistorted photo"},
)
