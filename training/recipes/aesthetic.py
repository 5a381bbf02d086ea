"""aesthetic: five scores of how well a photo is made: overall, composition, color, contrast, focus; EfficientNet-B0.

    python -m training.run aesthetic --data DIR --out DIR

Data: a CSV with path, overall, composition, color, contrast, focus (0 to 10), or a JSON file with these keys beside
each photo. A score that is not known is left out of the loss. Rated sets know some of the five: SPAQ overall, color,
contrast, focus; EVA overall and composition; AVA and the others overall alone (for whole histograms see votes). A set
that lacks a whole score is refused, because that score would be exported untrained; ``--extra partial=yes`` trains the
rest all the same, as a first stage whose best.safetensors a set with all five goes on from (``--weights``).
Time: 0.16 s of one CPU core a photo and epoch (48 drawn photos, two epochs, the start of the program included): 1.8 h
for 800 photos and 50 epochs.
Result: none, because no photos with five scores were at hand; no model is published.

From the image-analyzer document: EfficientNet-B0, batch 32, 50 epochs, 0.001 while the head alone is trained. On
purpose different: a peak of 0.0002 instead of 0.001 for all of the network, because large steps undo what pretraining
taught and rated sets are small; a cosine, the loop's one schedule, instead of a rate that falls on a plateau; 320 px
with the photo's aspect, which belongs to its composition; no rotation and color jitter (they change composition and
color); rank correlation instead of the mean error as the measure, because a constant nearly meets the latter.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from iqa.errors import IQAError

from .. import losses, metrics, nets, parts, tables
from ..pyramid import Pyramid
from ..recipe import Arrays, Raw, Recipe, Settings, Split, Target

SCORES = ("overall", "composition", "color", "contrast", "focus")
SETS = ("spaq", "eva", "ava", "aadb", "koniq", "biq2021", "table")
COLUMNS: dict[str, dict[str, tuple[str, float, float]]] = {
    "spaq": {"color": ("colorfulness", 0, 100), "contrast": ("contrast", 0, 100), "focus": ("sharpness", 0, 100)},
    "eva": {"composition": ("composition", 1, 4)},
}
"""Data set to score to (column, worst, best); a table of one's own has them as also_SCORE on the scale of its label."""


def scored(table: pd.DataFrame, *, partial: bool) -> pd.DataFrame:
    """The table with a column score_NAME per score, in [0, 1], higher is better, NaN = not known.

    Raises:
        IQAError: a value outside its scale, or a score that no photo has (unless `partial`).
    """
    name, (low, high) = table.attrs["dataset"], table.attrs["scale"]
    own = {score: (f"also_{score}", low, high) for score in SCORES[1:]}
    places = {"overall": ("mos", 0.0, 1.0), **(own if name == "table" else COLUMNS.get(name, {}))}
    columns = {score: _unit(table, *places[score]) for score in SCORES if score in places}
    missing = [score for score in SCORES if score not in columns or not np.isfinite(columns[score]).any()]
    if missing and not partial:
        raise IQAError(
            f"No photo of {name} has a score for {', '.join(missing)}. Accepted: a table with {', '.join(SCORES)}; or "
            "--extra partial=yes, as a first stage before such a table."
        )
    unknown = np.full(len(table), np.nan)
    return table.assign(**{f"score_{score}": columns.get(score, unknown) for score in SCORES})


def _unit(table: pd.DataFrame, column: str, low: float, high: float) -> np.ndarray:
    if column not in table:
        return np.full(len(table), np.nan)
    values = (table[column].to_numpy(float) - low) / (high - low)
    if table.attrs["direction"] == "lower is better" and column.startswith("also_"):
        values = 1.0 - values
    if (values < -1e-9).any() or (values > 1 + 1e-9).any():
        raise IQAError(f"Column {column.removeprefix('also_')} leaves its scale of {low:g} to {high:g}.")
    return np.clip(values, 0.0, 1.0)


def targets(table: pd.DataFrame) -> Arrays:
    """{"scores": (photos, 5)}, NaN = not known."""
    return {"scores": table[[f"score_{score}" for score in SCORES]].to_numpy(np.float32)}


def net(settings: Settings) -> nn.Module:
    """EfficientNet-B0, 4.0 M parameters, and a head."""
    backbone = Pyramid(nets.timm_model("efficientnet_b0", settings))
    return nets.Scorer(backbone, {"scores": len(SCORES)}, hidden=(256,), dropout=0.3)


def data(folder: Path, settings: Settings) -> Split:
    """Rated photos."""
    table = scored(tables.read(folder, settings, SETS), partial=settings.extra["partial"] == "yes")
    return tables.labelled(table, settings, targets)


def loss(raw: Raw, target: Target) -> Tensor:
    """Cross entropy with soft targets over the scores that are known; 0 where none is."""
    known = torch.isfinite(target["scores"])
    if not known.any():
        return raw["scores"].float().sum() * 0.0
    return losses.binary(raw["scores"][known][:, None], target["scores"][known][:, None])


RECIPE = Recipe(
    name="aesthetic",
    task="aesthetics",
    description="Five scores of how well a photo is made: overall, composition, color, contrast, focus.",
    license="Apache-2.0",
    version="1.0.0",
    defaults=Settings(
        epochs=(3, 47),
        learning_rate=(1e-3, 2e-4),
        batch_size=32,
        size=320,
        patience=10,
        extra={"set": "", "partial": "no", **nets.OPTIONS},
    ),
    phases=parts.HEAD_THEN_ALL,
    inputs=parts.whole,
    outputs=parts.scores("scores", SCORES),
    net=net,
    data=data,
    loss=loss,
    metric=metrics.mean_srcc("scores"),
)
