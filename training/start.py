"""How a run starts or goes on: settings that fit, a split without leaks, the network with its weights, its rate."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import DataSet, read_record

from . import checkpoint, nets, published
from . import recipe as recipes
from .devices import Setup
from .limits import in_range
from .nets import load_strictly
from .pyramid import Pyramid, keeps_norms
from .recipe import Recipe, Settings, Split

LAST_RATE = 0.01
"""Of the peak: where the cosine ends."""


def checked(recipe: Recipe, settings: Settings, split: Split, processes: int = 1) -> None:
    """Nothing; raises ArgumentError for settings that do not fit, IQAError for a group or a file on both sides."""
    in_range(recipe, settings)
    least = 2 * processes  # each process needs two photos of a batch for its batch norm
    if min(settings.batch_size, len(split.train)) < least or len(split.validation) < 2:
        raise ArgumentError(
            f"Found batch size {settings.batch_size}, {len(split.train)} photos to train and "
            f"{len(split.validation)} to validate; accepted: {least} or more of the first two"
            f"{f' for {processes} processes' if processes > 1 else ''}, 2 or more to validate."
        )
    both = sorted(set(split.train.groups) & set(split.validation.groups))
    if both:
        raise IQAError(
            f"{len(both)} groups are in training and in validation, such as {both[0]!r}: split by group first."
        )
    train, validation = ({path.resolve() for path in side.paths} for side in (split.train, split.validation))
    if train & validation:
        raise IQAError(
            f"{len(train & validation)} files are in training and in validation, such as {min(train & validation)}: "
            "give the rows of a file one group, or name folders that do not overlap."
        )


def with_facts(settings: Settings, typed: Collection[str] = ()) -> Settings:
    """The settings with the options that belong to the weights they start from, but for those that were `typed`.

    Of a file for a backbone what it declares; of an earlier run the padding and normalization it was trained with, of a
    published model those that it shows.
    Written into the settings, so that a run can be loaded again without the file.
    """
    before = earlier(settings)
    found = nets.declared(settings.weights) if before is None else before.options
    return replace(settings, extra={**settings.extra, **{k: v for k, v in found.items() if k not in typed}})


@dataclass(frozen=True)
class Earlier:
    """A run whose best weights another run starts from, or the model that was published of it.

    Attributes:
        recipe: its name.
        seed: of its split; None: a model does not tell.
        options: those of nets.OPTIONS that it was trained with.
        trained_on: what its manifest would name, or names.
        tensors: name -> weight of its network; None: they lie in the checkpoint.
    """

    recipe: str
    seed: int | None
    options: Mapping[str, str]
    trained_on: tuple[DataSet, ...]
    tensors: Mapping[str, Tensor] | None = None


def earlier(settings: Settings) -> Earlier | None:
    """What `settings.weights` is of: a run, or a published model; None for a backbone's, for none, and for pretrained.

    Raises:
        IQAError: a model folder that is malformed, altered or of int8, or a checkpoint that tells too little.
    """
    if not settings.weights:
        return None
    path = Path(settings.weights)
    if published.is_model(path):
        found = published.read(path)
        name = found.manifest.provenance.recipe
        if name is None:
            raise ArgumentError(f"--weights {path}: its manifest names no recipe, and so no network that it is of.")
        return Earlier(name, None, found.options, found.manifest.trained_on, found.tensors)
    if not checkpoint.is_run(path):
        return None
    told = checkpoint.state(path)
    name, was = checkpoint.about(path, told)
    sources = read_record(tuple[DataSet, ...], told.get("trained_on", []), f"{path}: trained_on")
    return Earlier(name, was.seed, {key: was.extra[key] for key in nets.OPTIONS if key in was.extra}, sources)


def sources(settings: Settings, split: Split) -> Split:
    """The split, its `trained_on` with what an earlier run, whose weights are the start, has seen."""
    before = earlier(settings)
    seen = () if before is None else before.trained_on
    return replace(split, trained_on=tuple(dict.fromkeys((*split.trained_on, *seen))))


def network(recipe: Recipe, settings: Settings) -> nn.Module:
    """The network at its start: as the recipe builds it, or with the best weights of an earlier run, or of a model.

    Of a run of the same recipe all of them; of one in `recipe.starts` what that says.

    Raises:
        ArgumentError: the run is of another recipe, or its weights are not of this network.
    """
    before = earlier(settings)
    if before is None:
        return _kept(recipe.net(settings), settings)
    name, part, taker = _taken(recipe, settings, before)
    tensors = checkpoint.read(Path(str(settings.weights)))[0] if before.tensors is None else before.tensors
    prefix = f"{part}." if part else ""
    own = {key.removeprefix(prefix): x for key, x in tensors.items() if key.startswith(prefix)}
    net = _kept(checkpoint.blank(recipe, settings), settings)
    into = getattr(net, taker) if taker else net
    if not taker:
        own = {**checkpoint.renewed(net, own), **own}
    (load_strictly if before.tensors is None else published.load)(into, own, str(settings.weights))
    if started := getattr(net, "started", None):
        started(name)
    return net


def _kept(net: nn.Module, settings: Settings) -> nn.Module:
    """The network; raises ArgumentError where its batch norms learn although the settings say that they are fixed."""
    if keeps_norms(settings) and any(isinstance(part, Pyramid) and not part.fixed_norm for part in net.modules()):
        raise ArgumentError(
            "The batch norms of these weights were merged into the convolutions, or --extra norm=fixed says so; this "
            "recipe lets them learn, which would undo what they hold. Accepted: best.safetensors of the run."
        )
    return net


def beginning(recipe: Recipe, settings: Settings) -> str:
    """What is left of --weights, and what they do not tell, as sentences for the log; empty when there is nothing.

    Raises:
        ArgumentError: it is of a run that this one cannot start from, or whose --seed was another.
    """
    before = earlier(settings)
    if before is None:
        left = ", ".join(nets.unused(settings))
        return f"Not loaded from {settings.weights}, for it is of the classifier: {left}." if left else ""
    _, part, _ = _taken(recipe, settings, before)
    if before.seed not in (None, settings.seed):
        raise ArgumentError(
            f"{settings.weights} is of a run with --seed {before.seed}: photos that validate here may be among those "
            f"that it has learned. Accepted: --seed {before.seed}."
        )
    kind = "run" if before.tensors is None else "model"
    told = [f"Of {settings.weights}, a {kind} of {before.recipe}, the {part} alone is taken."] if part else []
    if before.seed is None:
        told.append(
            f"{settings.weights} does not tell the --seed of its split: unless it was {settings.seed} as well, photos "
            "that validate here may be among those that it has learned."
        )
    return " ".join(told)


def _taken(recipe: Recipe, settings: Settings, before: Earlier) -> tuple[str, str, str]:
    """(the recipe that the start counts as, attribute of the earlier network that is taken, attribute that takes it).

    "" is the whole network. One that keeps that of another recipe whole, as that of quality does with that of rating,
    can stand for it.
    """
    if before.recipe == recipe.name:
        return recipe.name, "", ""
    if before.recipe in recipe.starts:
        return before.recipe, *recipe.starts[before.recipe]
    for name, place in recipes.kept(before.recipe).items():
        if name in (recipe.name, *recipe.starts):
            part, taker = recipe.starts.get(name, ("", ""))
            return name, f"{place}.{part}".strip("."), taker
    names = (recipe.name, *recipe.starts)
    accepted = dict.fromkeys([*names, *(made for made in recipes.names() if recipes.kept(made).keys() & set(names))])
    raise ArgumentError(
        f"{settings.weights} is of recipe {before.recipe!r}; accepted: {', '.join(map(repr, accepted))}."
    )


def optimizer(net: nn.Module, settings: Settings, phase: int) -> torch.optim.Optimizer:
    """AdamW for what a phase trains of a network: every parameter that requires a gradient now."""
    trained = [p for p in net.parameters() if p.requires_grad]
    groups = [  # scales and biases are few, and shrinking them only shifts what a norm undoes
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate[phase])


def began(last: Path) -> Setup | None:
    """How the run computed that a checkpoint is of; None for one that does not tell."""
    setup: Setup | None = read_record(Setup | None, checkpoint.state(last).get("setup"), f"{last}: setup")
    return setup


def goes_on(was: Setup | None, now: Setup, say: Callable[[str], None]) -> None:
    """Nothing; says so when the threads are others than those of the run that is resumed.

    Raises:
        ArgumentError: another number of processes, each of which takes batch-norm statistics of its own photos.
    """
    if was is None:
        return
    if was.processes != now.processes:
        raise ArgumentError(
            f"The run began with {was.processes} process{'es' * (was.processes > 1)}, now there would be "
            f"{now.processes}: another result. Accepted: `torchrun --nproc_per_node {was.processes}` as before "
            "(python alone for 1), or a new run with --weights from where this one is."
        )
    if was.threads != now.threads:
        say(
            f"Note: the run began with {was.threads} threads and goes on with {now.threads}: sums are added in another "
            f"order, so the last digits may differ from a run in one go. For equal ones: --threads {was.threads}."
        )


def rate(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """Learning rate of a step: rising linearly over the share of warm-up, then half a cosine down to LAST_RATE.

    Reference: I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017,
    doi:10.48550/arXiv.1608.03983.
    """
    warmup = round(steps * warmup_share)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, steps - warmup - 1)
    return peak * (LAST_RATE + (1.0 - LAST_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share))))
