"""What a recipe is: a lab-notebook page that says how one model is made, from a folder of photos to its outputs.

A recipe is one file in training/recipes/ with a RECIPE; being there registers it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from iqa.errors import UnknownNameError
from iqa.manifest import DataSet, Output
from iqa.preprocess import InputSpec

Raw = dict[str, Tensor]
"""Output name -> what the network gives before its activation: logits for sigmoid, softmax and expectation."""
Target = dict[str, Tensor]
"""Name -> float32 (N, labels), or (N, 3, H, W) for an image; classes as one-hot rows or distributions.

Two kinds of names are added to those of a recipe: ``weight`` (N, 1), where its data weigh photos, and
``teacher/OUTPUT``, the answer of the teacher.
"""
Picture = NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""
Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Settings:
    """What a command line can override; the recipe holds its defaults, the checkpoint the values used.

    Attributes:
        epochs: per phase, in the order of Recipe.phases.
        learning_rate: per phase, the peak of its cosine.
        batch_size: photos.
        size: sides of the input in px, as the recipe understands it.
        weight_decay, warmup_share, clip_norm: AdamW's decay; share of the steps with a rising rate; gradient norm.
        patience: epochs without a better validation metric, within a phase, until the phase stops; 0 = never.
        ema: decay per step of the exponential mean of the weights, which is then validated and kept; 0 = none.
        workers: processes that load photos, one thread each.
        threads: of the process that trains; None = what torch takes: OMP_NUM_THREADS, else all cores.
        device: "cpu", "cuda", "mps" or "auto".
        precision: "float32", "bfloat16" or "float16" (autocast); "auto" = float32 but on a GPU.
        seed: of everything random, the split among it.
        draw: another number draws other damages and crops while the split stays: for a run that starts from another.
        limit: at most that many photos, evenly spread over the groups; None = all.
        weights: a .safetensors file for the backbone, best.safetensors of a run, or the folder of a published model;
            None = timm's pretrained weights, "" = from scratch.
        teacher: a model folder whose answers are learned too; None = none.
        cache: folder for decoded photos; None = decode them anew in every epoch.
        reduce: longer side, px, to which photos are reduced when read for training (never for validation); None = not.
        extra: options of one recipe alone, as text; a recipe's defaults list them all.
    """

    epochs: tuple[int, ...]
    learning_rate: tuple[float, ...]
    batch_size: int = 32
    size: int = 224
    weight_decay: float = 1e-4
    warmup_share: float = 0.05
    clip_norm: float = 1.0
    patience: int = 10
    ema: float = 0.0
    workers: int = 2
    threads: int | None = None
    device: str = "auto"
    precision: str = "auto"
    seed: int = 0
    draw: int = 0
    limit: int | None = None
    weights: str | None = None
    teacher: str | None = None
    cache: str | None = None
    reduce: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def drawn(self) -> int:
        """What order, crops, damages and dropout follow from, beside epoch and index; of draw 0 the seed."""
        return self.seed + (self.draw << 31)


@dataclass(frozen=True)
class Phase:
    """A stretch of training: `frozen` keeps the backbone as it is, its batch-norm statistics included."""

    name: str
    frozen: bool


@dataclass(frozen=True)
class Sample:
    """One photo and what is to be learned of it.

    Attributes:
        image: RGB uint8 (H, W, 3); the loop alone turns it into views, by Recipe.inputs.
        target: name -> float32 (labels,), or (3, H, W) in [0, 1] for an image, of the size of the one Full view.
        also: further pictures that a loss compares with this one, so that they stand in the same batch, in addition to
            its size; with targets of the same names. For training only.
        frame: the photo that the image was cut from, for views of the whole frame; None: the image is the photo.
    """

    image: NDArray[np.uint8]
    target: Arrays
    also: "tuple[Sample, ...]" = ()
    frame: NDArray[np.uint8] | None = None


class Photos(Protocol):
    """A map-style data set whose randomness is an argument, so that an epoch is the same wherever it is resumed.

    Workers may be started afresh: no lambdas and no open files in it (partials of module functions are fine).
    """

    @property
    def groups(self) -> Sequence[str]:
        """Group of each sample: what must not be in two splits."""
        ...

    @property
    def paths(self) -> Sequence[Path]:
        """Every file that is read, in any order; each is tried once before training starts."""
        ...

    def read(self, path: Path, /) -> NDArray[np.uint8]:
        """The pixels of one of the paths; raises IQAError when it cannot be read."""
        ...

    def __len__(self) -> int: ...

    def sample(self, index: int, rng: np.random.Generator | None) -> Sample:
        """Photo `index`, augmented by `rng`; None = validation, the same every time.

        Raises:
            IQAError: the photo cannot be read.
        """
        ...


@dataclass(frozen=True)
class Split:
    """Training and validation photos, no group in both, and what the manifest says of them."""

    train: Photos
    validation: Photos
    trained_on: tuple[DataSet, ...]


@dataclass(frozen=True)
class Metric:
    """What decides which epoch is the best; higher is better.

    Attributes:
        name: as printed, with its unit.
        function: (predictions after activation, targets), each name -> array over all validation photos, to a number.
    """

    name: str
    function: Callable[[Arrays, Arrays], float]


@dataclass(frozen=True)
class Recipe:
    """How one model is made.

    Attributes:
        name: slug; of the file, the command and the model folder.
        task: as in the manifest: quality, blur-type, degradations, lowlight ...
        description: one line for the manifest and the model card.
        license: of the weights.
        version: of the model that a run makes.
        defaults: the settings of the published run.
        phases: in order, one per entry of Settings.epochs.
        inputs: the views for these settings; preprocessing stands here and nowhere else.
        outputs: what the exported graph gives; its activations are added by `training.nets.Activated`.
        net: module whose forward takes one tensor (photos * rows, 3, h, w) per view, in order, and returns Raw; its
            `backbone` attribute is what a frozen phase freezes. Where it has a method `started`, that is called once
            the weights of an earlier run are in it, with the name of that run's recipe; `renewed` names groups
            of tensors, each of which is made anew where the run, or the model published of it, has none of the group.
        data: photos, split by group before anything else; raises IQAError that says which layout is accepted.
        loss: scalar from (raw outputs, targets).
        metric: decides on the best epoch and on stopping.
        baseline: what it must beat: validation photos to (what it is, its value of the metric); None = no simple one.
        starts: name of another recipe, whose best weights --weights may name, to (attribute of that one's network that
            is taken, "" = all of it; attribute of this one's network that takes it). What takes all of it is a network
            of that recipe: where a run of that one may be named, a run or a model of this one may be as well.
        exported: False for a network that is only a start for others, and no model.
    """

    name: str
    task: str
    description: str
    license: str
    version: str
    defaults: Settings
    phases: tuple[Phase, ...]
    inputs: Callable[[Settings], InputSpec]
    outputs: tuple[Output, ...]
    net: Callable[[Settings], nn.Module]
    data: Callable[[Path, Settings], Split]
    loss: Callable[[Raw, Target], Tensor]
    metric: Metric
    baseline: Callable[[Photos], tuple[str, float]] | None = None
    starts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    exported: bool = True


@cache
def _all() -> dict[str, Recipe]:
    from . import recipes

    names = sorted(info.name for info in pkgutil.iter_modules(recipes.__path__) if not info.name.startswith("_"))
    found: list[Recipe] = [importlib.import_module(f"training.recipes.{name}").RECIPE for name in names]
    return {recipe.name: recipe for recipe in found}


def names() -> tuple[str, ...]:
    """Names of all recipes, sorted."""
    return tuple(_all())


def followers(name: str) -> tuple[str, ...]:
    """Names of the recipes that may start from a run of this one: those of a model, and of all of it, first."""
    found = [made for made in _all().values() if name in made.starts]
    return tuple(made.name for made in sorted(found, key=lambda made: (not made.exported, made.starts[name][0])))


def kept(name: str) -> dict[str, str]:
    """Recipes whose networks that of recipe `name` keeps whole -> the attributes that they are; {} if unknown."""
    starts = _all()[name].starts if name in _all() else {}
    return {other: taker for other, (part, taker) in starts.items() if not part}


def get(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownNameError: no such recipe; the nearest name and the list are in the text.
    """
    if name not in _all():
        raise UnknownNameError("recipe", name, names())
    return _all()[name]
