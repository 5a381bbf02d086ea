"""How a run starts: settings that fit, a split without leaks, the network with its weights, the learning rate."""

import math
from pathlib import Path

from torch import nn

from iqa.errors import ArgumentError, IQAError

from . import checkpoint
from .limits import in_range
from .nets import load_strictly
from .recipe import Recipe, Settings, Split

LAST_RATE = 0.01
"""Of the peak: where the cosine ends."""


def checked(recipe: Recipe, settings: Settings, split: Split) -> None:
    """Nothing; raises ArgumentError for settings that do not fit, IQAError for a group or a file on both sides."""
    in_range(recipe, settings)
    if settings.batch_size < 2 or min(len(split.train), len(split.validation)) < 2:
        raise ArgumentError(
            f"Found batch size {settings.batch_size}, {len(split.train)} photos to train and "
            f"{len(split.validation)} to validate; accepted: 2 or more of each."
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


def network(recipe: Recipe, settings: Settings) -> nn.Module:
    """The network at its start: as the recipe builds it, or the best network of an earlier run of the same recipe."""
    if not settings.weights or not checkpoint.is_run(Path(settings.weights)):
        return recipe.net(settings)
    tensors, state = checkpoint.read(Path(settings.weights))
    if state["recipe"] != recipe.name:
        raise ArgumentError(f"{settings.weights} is of recipe {state['recipe']!r}; accepted: {recipe.name!r}.")
    net = checkpoint.blank(recipe, settings)
    load_strictly(net, tensors, settings.weights)
    return net


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
