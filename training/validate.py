"""What a trained network answers on the validation photos of its run, without training on.

Comes in: the folder of a run, finished or stopped, or of the mean of several. Goes out: its photos, batch by batch, and
outputs and targets, for `conformal`, which moves the ends of a range, `temperature` and `medians`, which make classes
and severities mean what they say, `level_heads`, and `average`, which says what a mean of weights is worth.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import resume
from .batches import Batch, Rows, collate, fed, loader
from .checkpoint import Trained
from .nets import activate
from .recipe import Arrays, Photos, Split


@dataclass(frozen=True)
class Answers:
    """One row per photo.

    Attributes:
        raw: output to its numbers before the activation, (photos, labels).
        target: name to (photos, labels).
    """

    raw: Arrays
    target: Arrays

    def metric(self, trained: Trained) -> float:
        """By which the recipe chooses."""
        outputs = trained.recipe.outputs
        predicted = {o.name: activate(torch.from_numpy(self.raw[o.name]), o).numpy() for o in outputs}
        return float(trained.recipe.metric.function(predicted, self.target))


def batches(trained: Trained, photos: Photos, keys: Sequence[tuple[int, int]], drawn: int) -> Iterator[Batch]:
    """What the network is fed of photos, in the order of `keys`, (epoch, index); -1: as validated.

    `drawn`: from what damages and crops follow beside the key (`Settings.drawn`).
    """
    settings = trained.settings
    order = [keys[at : at + settings.batch_size] for at in range(0, len(keys), settings.batch_size)]
    rows = Rows(photos, trained.recipe.inputs(settings), drawn)
    yield from fed(loader(rows, settings, batch_sampler=order, collate_fn=collate))


@torch.no_grad()
def answers(trained: Trained, photos: Photos) -> Answers:
    """Outputs and targets of all photos, in their order."""
    raw: dict[str, list[torch.Tensor]] = {}
    target: dict[str, list[torch.Tensor]] = {}
    for batch in batches(trained, photos, [(-1, k) for k in range(len(photos))], trained.settings.seed):
        found = trained.net.net(*batch.views)
        for name in (o.name for o in trained.recipe.outputs):
            raw.setdefault(name, []).append(found[name])
        for name, values in batch.target.items():
            target.setdefault(name, []).append(values)
    return Answers(_whole(raw), _whole(target))


def _whole(parts: dict[str, list[torch.Tensor]]) -> Arrays:
    return {name: np.asarray(torch.cat(values)) for name, values in parts.items()}


def split_of(run: Path, trained: Trained, data: Path | None = None) -> Split:
    """The photos of a run, the same as when it began: what others validate may be what it learned from.

    Args:
        run: its folder. trained: its best network.
        data: folder of the photos, when it moved.

    Raises:
        IQAError: the photos, or their groups, are others now.
    """
    if "averaged" in trained.state:
        settings, facts = trained.settings, resume.facts_of(run)
    else:
        settings, facts = resume.resumed(trained.recipe, run, lambda was: was)
    split = trained.recipe.data(data or Path(facts.folder), settings)
    resume.same_data(run, facts, split)
    return split


def photos_of(run: Path, trained: Trained, data: Path | None = None) -> Photos:
    """Those of `split_of` that validate."""
    return split_of(run, trained, data).validation
