"""A rating network that is kept, less a penalty for damage that ratings say little of.

Comes in: the network of a `rating` run. Goes out: the network of the quality model. People rated few photos with
watermarks, casts or coarse compression, and a network that has to learn their order forgets some of theirs; so the
order is learned by a branch of its own, which is held near 0 on photos that nothing was done to, and may be below 0.
"""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from .curve import Curve
from .nets import Scorer, Standard
from .pyramid import Pyramid
from .recipe import Raw

FORK, END = 2, 5
"""timm's blocks that the branch has for itself, from stride 4 to 16: what damages leave behind is small and has no
meaning. What lies before never learns, so that both share it."""
SEEN = (2, 4)
"""Of these blocks those whose features are pooled, beside the level at which the branch begins."""
HIDDEN = 128
LEAK = 0.1
"""Slope of the hidden units below 0. With slope 0 and dropout between, none was on for two of five photos: what is held
at 0 is so least disturbed, and nothing more is learned from it."""
PENALTY = "penalty"
"""Its name beside the outputs: for the loss, no output of the model."""


class Penalized(nn.Module):
    """Output name -> (N, numbers) of a rating network, each less the penalty; and that, in logits, 0 at first.

    Attributes:
        backbone: the rating network, which a frozen phase keeps.
        blocks: of the branch.
        curve: of what is left, score and ends of its range alike.
        renewed: of one tensor, which a published model may lack; every start resets it.
    """

    renewed = (("curve.values",),)
    blocks: nn.ModuleList

    def __init__(self, rating: Scorer) -> None:
        """`rating`: of one view, on a Pyramid with level 1, whose first FORK blocks never learn; its mirror is taken
        over: the mean with the mirror image is that of the whole."""
        super().__init__()
        self.backbone, self.mirror = rating, rating.mirror
        rating.mirror = False
        self._branch()
        with torch.no_grad():
            width = self.eval()._features(*self._shared(torch.zeros(1, 3, 64, 64))).shape[1]
        self.scale = Standard(width)
        self.head = nn.Sequential(nn.Linear(width, HIDDEN), nn.LeakyReLU(LEAK), nn.Linear(HIDDEN, 1))
        nn.init.zeros_(self.head[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.head[-1].bias)  # type: ignore[arg-type]
        self.curve = Curve()

    @property
    def pyramid(self) -> Pyramid:
        """Of the rating network."""
        return cast(Pyramid, self.backbone.backbone)

    @property
    def heads(self) -> nn.ModuleDict:
        """Of the rating network."""
        return self.backbone.heads

    def started(self, recipe: str) -> None:
        """Nothing; from a run of `rating` the branch then begins as the blocks of that, and no score is on a curve."""
        if recipe == "rating":
            self._branch()
        self.curve.reset()

    def _branch(self) -> None:
        self.blocks = nn.ModuleList(copy.deepcopy(block) for block in self.pyramid.model.blocks[FORK:END])

    def train(self, mode: bool = True) -> "Penalized":
        """Itself; the rating network always evaluates, and so do batch norms."""
        super().train(mode)
        self.backbone.eval()
        for module in self.blocks.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, view: Tensor) -> Raw:
        """Output name -> (N, numbers) before activation."""
        raw = self._raw(view)
        if self.mirror and not self.training:
            other = self._raw(view.flip(3))
            raw = {name: (x + other[name]) / 2.0 for name, x in raw.items()}
        return {name: x if name == PENALTY else self.curve(x) for name, x in raw.items()}

    def _raw(self, view: Tensor) -> Raw:
        maps, photo = self._shared(view)
        penalty = self.head(self.scale(self._features(maps, photo)))
        rating = self.backbone.read(self.pyramid.pooled(maps, photo))
        return {name: x - penalty for name, x in rating.items()} | {PENALTY: penalty}

    def _shared(self, view: Tensor) -> tuple[list[Tensor], Tensor | None]:
        return self.pyramid.maps(view), self.pyramid.photo(view)

    def _features(self, maps: list[Tensor], photo: Tensor | None) -> Tensor:
        x = maps[self.pyramid.levels.index(1)]
        seen = [x]
        for number, block in enumerate(self.blocks, FORK):
            x = block(x)
            if number in SEEN:
                seen.append(x)
        return self.pyramid.pooled(seen, photo)
