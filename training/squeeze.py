"""Squeeze and excitation over the photo alone: timm's blocks with their weights and names, another mean.

A squeeze weighs channels by their mean over the frame. Where a photo lies in a square of zeros, the less of it the
photo fills, the more that mean is one of the surround, and no later pooling can take it out again.

Reference: J. Hu, L. Shen and G. Sun, "Squeeze-and-excitation networks", 2018, doi:10.1109/CVPR.2018.00745.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from timm.layers.squeeze_excite import EffectiveSEModule, SEModule
from timm.models._efficientnet_blocks import SqueezeExcite
from torch import Tensor, nn
from torch.nn import functional

from iqa.errors import ArgumentError

KINDS = (SqueezeExcite, SEModule, EffectiveSEModule)
"""timm's blocks that are a mean, layers one after the other in the order of their names, and a product."""


_ANY = 1e4
"""Times the least value that a pixel of a photo differs from 0 after normalization, above 1: photo against surround."""


def photo(frame: Tensor) -> Tensor:
    """(N, 1, H, W): 1 where the photo is in a normalized frame, (N, 3, H, W), 0 in the zeros around it."""
    return (frame.abs().sum(1, keepdim=True) * _ANY).clamp(max=1.0)


def share(photo: Tensor, x: Tensor) -> Tensor:
    """(N, 1, h, w): of each place of features `x`, (N, C, h, w), how much lies in the `photo`, (N, 1, H, W) in [0, 1].

    Where H and W are h and w times a stride, that is the mean over the stride's square.
    """
    return functional.adaptive_avg_pool2d(photo, (x.shape[2], x.shape[3]))


def mean(x: Tensor, weights: Tensor | None) -> Tensor:
    """(N, C): mean of `x`, (N, C, h, w), each place weighed as in (N, 1, h, w), or all alike without weights.

    A ratio of means: the sum over a large level does not fit in half precision, in which phones compute. With weights
    of 1 everywhere it is the plain mean, to the bit on a CPU; with 0 everywhere, 0.
    """
    if weights is None:
        return x.mean((2, 3))
    return (x * weights).mean((2, 3)) / weights.mean((2, 3)).clamp(min=1e-6)


class Place:
    """Where the photo lies in the frames that a network looks at: known while it looks, nothing in between.

    A Pyramid and the squeezes inside its network share one, since timm's own layers pass features only. A copy of the
    whole (copy.deepcopy) has one of its own.

    Attributes:
        photo: (N, 1, H, W), 1 where the photo is and 0 around it; None where all of the frame counts.
    """

    def __init__(self) -> None:
        self.photo: Tensor | None = None

    @contextmanager
    def of(self, photo: Tensor | None) -> Iterator[None]:
        """A block in which `photo` is where the photo lies."""
        self.photo = photo
        try:
            yield
        finally:
            self.photo = None


class Squeeze(nn.Module):
    """A block of timm's whose mean is over the photo alone; (N, C, h, w) -> (N, C, h, w).

    It takes over the layers of that block, under the same names in a state dict. Where the place of no photo is told,
    or the photo fills the frame, it gives what that block gives.
    """

    def __init__(self, block: nn.Module, place: Place) -> None:
        """In place of `block`, one of KINDS.

        Raises:
            ArgumentError: another kind of block, or one that looks at maxima as well.
        """
        super().__init__()
        if not isinstance(block, KINDS) or getattr(block, "add_maxpool", False):
            kinds = ", ".join(kind.__name__ for kind in KINDS)
            raise ArgumentError(
                f"{type(block).__name__} cannot squeeze the photo alone; accepted: timm's {kinds}, without add_maxpool."
            )
        self.place = place
        for name, layer in block.named_children():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        """The features, each channel multiplied by its weight."""
        photo = self.place.photo
        gate = mean(x, None if photo is None else share(photo, x))[:, :, None, None]
        for layer in self.children():
            gate = layer(gate)
        return x * gate


def over_photo(model: nn.Module) -> Place | None:
    """What tells the squeezes of a network where the photo lies; None where it has no block of KINDS.

    Each such block of the model then is a Squeeze, with its weights; those that were one keep their place.

    Raises:
        ArgumentError: as Squeeze.
    """
    blocks = [(name, block) for name, block in model.named_modules() if isinstance(block, (*KINDS, Squeeze))]
    place = next((block.place for _, block in blocks if isinstance(block, Squeeze)), Place())
    for name, block in blocks:
        if not isinstance(block, Squeeze):
            model.set_submodule(name, Squeeze(block, place), strict=True)
    return place if blocks else None
