"""Learning from another model's answers: a model folder as teacher of any recipe with the same outputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from iqa import manifest
from iqa.errors import ArgumentError
from iqa.manifest import Output
from iqa.model import Model, load_model

from . import losses
from .data import Around
from .nets import activate
from .recipe import Raw, Sample, Settings, Split, Target

PREFIX = "teacher/"
WEIGHT = 0.5
"""Share of the teacher in the loss, the rest is the recipe's own; ``--extra teacher_weight=`` changes it."""


@dataclass(frozen=True)
class Taught(Around):
    """Photos with a teacher's answer added to every target, on the very pixels that the student sees.

    Attributes:
        teacher: model folder; verified and opened once per worker.
        outputs: of the recipe.
    """

    teacher: Path
    outputs: tuple[Output, ...]

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """As Photos, with ``teacher/OUTPUT``; raises ModelError too."""
        return self._answered(self.photos.sample(index, rng))

    def _answered(self, sample: Sample) -> Sample:
        answer = _opened(self.teacher).predict(sample.image)
        said = {
            PREFIX + o.name: np.stack([answer[label] for label in o.labels])
            if o.kind == "scores"
            else answer[o.labels[0]].transpose(2, 0, 1)
            for o in self.outputs
        }
        return Sample(sample.image, {**sample.target, **said}, tuple(map(self._answered, sample.also)))


@cache
def _opened(folder: Path) -> Model:
    return load_model(folder, threads=1)


def taught(split: Split, teacher: Path, outputs: tuple[Output, ...]) -> Split:
    """The split with a teacher on the training side; validation stays with people's labels.

    Raises:
        ArgumentError: the teacher does not give the same outputs: labels, range, direction.
        ManifestError, ModelError: no such model, or altered.
    """
    described = {output.name: output for output in manifest.read(teacher).outputs}
    for output in outputs:
        found = described.get(output.name)
        facts = ("kind", "labels", "low", "high", "direction")
        if found is None or any(getattr(found, fact) != getattr(output, fact) for fact in facts):
            raise ArgumentError(
                f"{teacher} cannot teach output {output.name!r} ({', '.join(output.labels)}, {output.low:g} to "
                f"{output.high:g}, {output.direction}): it gives {', '.join(described)}. Accepted: a model of the same "
                "task, with equal names, labels, range and direction."
            )
    _opened(teacher)
    seen = manifest.read(teacher).trained_on
    told = tuple(dict.fromkeys((*split.trained_on, *seen)))
    return Split(Taught(split.train, teacher, outputs), split.validation, told)


def loss(
    own: Callable[[Raw, Target], Tensor], outputs: Sequence[Output], settings: Settings
) -> Callable[[Raw, Target], Tensor]:
    """The recipe's loss, mixed with the distance from the teacher wherever a target holds its answer.

    Per output: cross entropy for softmax and sigmoid in [0, 1], mean absolute difference for anything else.

    Raises:
        ArgumentError: a teacher_weight outside [0, 1].
    """
    share = float(settings.extra.get("teacher_weight", WEIGHT))
    if not 0.0 <= share <= 1.0:
        raise ArgumentError(f"teacher_weight must be from 0 (no teacher) to 1 (nothing else), found {share:g}.")

    def mixed(raw: Raw, target: Target) -> Tensor:
        people = own(raw, target)
        told = [output for output in outputs if PREFIX + output.name in target]
        if not told:
            return people
        distances = [_distance(raw[output.name], target[PREFIX + output.name], output) for output in told]
        return (1.0 - share) * people + share * torch.stack(distances).mean()

    return mixed


def _distance(raw: Tensor, teacher: Tensor, output: Output) -> Tensor:
    if output.activation == "softmax":
        return losses.distilled(raw, teacher)
    if output.activation == "sigmoid" and (output.low, output.high) == (0, 1):
        return losses.binary(raw, teacher)
    return losses.absolute(activate(raw, output), teacher)
