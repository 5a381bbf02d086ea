"""LOL-v1: 485 + 15 pairs of a dark and a normal exposure of one scene."""

import sys
from pathlib import Path

import pandas as pd

from iqa.sources import natural_key

from ._twins import known_groups, scan_groups
from .dataset import DataSet, DataSetError

SCENES = Path(__file__).with_name("lol_scenes.csv")
"""Pairs that share a scene: name, group. Made by `python -m eval.datasets.lol DIR` from the normal exposures."""
_FOLDERS = {"our485": "train", "eval15": "test"}
_MISALIGNED = ("our485/648.png",)


def _folder(root: Path, name: str) -> Path:
    return next((f for f in (root / name, root / f"LOL_{name}") if f.is_dir()), root / name)


def _read(root: Path) -> pd.DataFrame:
    rows = []
    for name, split in _FOLDERS.items():
        folder = _folder(root, name)
        low, high = ({p.name for p in (folder / side).glob("*.png")} for side in ("low", "high"))
        if low != high:
            found = f"{sorted(low ^ high)[0]} only once"
            raise DataSetError(file=folder, found=found, accepted="every name in low/ and in high/")
        rows += [
            {
                "name": f"{name}/{file}",
                "split": split,
                "path": str(folder / "low" / file),
                "reference": str(folder / "high" / file),
            }
            for file in sorted(low, key=natural_key)
        ]
    result = pd.DataFrame(rows, columns=["name", "split", "path", "reference"])
    result["group"] = known_groups(SCENES, result["name"])
    tested = result["group"][result["split"] == "test"]
    aside = result["group"].isin(tested) | result["name"].isin(_MISALIGNED)
    result["clean_train"] = (result["split"] == "train") & ~aside
    return result


DATASET = DataSet(
    name="lol",
    title="LOL-v1",
    task="enhancement",
    citation="Wei, Wang, Yang, Liu 2018, Deep Retinex Decomposition for Low-Light Enhancement, "
    "doi:10.48550/arXiv.1808.04560",
    licence="research",
    source="https://daooshee.github.io/BMVC2018website/",
    get="Download LOLdataset.zip and unpack it: our485/ and eval15/ with low/ and high/ each.",
    scale=(0.0, 0.0),
    direction="higher is better",
    split_rule="official: our485 is train, eval15 is test; inside train by group (scene)",
    traps=(
        "Most of the 15 test scenes also stand in our485 at another exposure: train with `clean_train` and say so.",
        "our485/648 is misaligned.",
        "PSNR without and with GT-mean differ by 2 to 6 dB: two columns, never mixed.",
        "15 pairs: an interval of about 2.4 dB on either side.",
    ),
    markers=("eval15/low|LOL_eval15/low", "eval15/high|LOL_eval15/high"),
    read=_read,
    counts={"train": 485, "test": 15},
    columns={
        "reference": "path of the normal exposure",
        "clean_train": "in our485, aligned, and its scene is not in eval15",
    },
)

if __name__ == "__main__":
    pairs = DATASET.load(Path(sys.argv[1]))
    scan_groups(pairs.assign(path=pairs["reference"])).to_csv(SCENES, index=False)
