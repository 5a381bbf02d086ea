"""A timm network as a backbone: its features at several levels, pooled over the photo."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from iqa.errors import UnknownNameError

from . import squeeze
from .recipe import Settings

FIXED = "fixed"
"""Value of ``extra["norm"]``: batch norms keep their statistics, because the weights to start from come from a model in
which they were merged into the convolutions; "" = as the recipe says."""


class Pyramid(nn.Module):
    """Features of a timm network, pooled over the frame: means (and spreads) of some levels beside the last one.

    Works on any size; (N, 3, h, w) -> (N, width).

    Attributes:
        width: number of features.
        still: modules that never learn, whatever the phase.
    """

    def __init__(
        self,
        model: nn.Module,
        levels: Sequence[int] = (),
        *,
        spread: bool = False,
        masked: bool = False,
        fixed_norm: bool = False,
        fixed_blocks: int = 0,
    ) -> None:
        """The pooled features of `model`.

        Args:
            model: from `timm_model`.
            levels: indices of timm's feature levels (0 has stride 2) beside the last features.
            spread: adds the standard deviations over the frame.
            masked: pools over the photo alone, not over the zeros around it (see `Whole.fit`), and so do the squeezes
                inside `model`, where it has any (see `training.squeeze`); in the model itself, which is no copy.
            fixed_norm: batch norms keep the statistics they came with, so that what else is in a batch (damaged copies,
                other photos) says nothing about a photo; a ninth faster on a CPU as well.
            fixed_blocks: so many of timm's blocks, and the stem, never learn: edges and textures are the same in every
                task, and it is the first blocks, large in height and width, that cost most of a step.
        """
        super().__init__()
        self.model: Any = model
        self.levels, self.spread, self.masked, self.fixed_norm = list(levels), spread, masked, fixed_norm
        self._place = squeeze.over_photo(model) if masked else None
        self.width = self._tried()
        self.still = [model.conv_stem, model.bn1, *model.blocks[:fixed_blocks]] if fixed_blocks else []  # type: ignore[index]

    def train(self, mode: bool = True) -> "Pyramid":
        """Itself, in training or evaluation mode; with fixed_norm its batch norms always evaluate."""
        super().train(mode)
        if self.fixed_norm:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def _tried(self) -> int:
        """Number of features, by a trial; what the trial does not use is dropped (it would only be dead weight)."""
        was = self.model.training
        self.model.eval()
        features = self(torch.zeros(1, 3, 64, 64))
        features.sum().backward()
        for name, child in list(self.model.named_children()):
            own = list(child.parameters())
            if own and all(parameter.grad is None for parameter in own):
                setattr(self.model, name, nn.Identity())
        self.model.zero_grad(set_to_none=True)
        self.model.train(was)
        return int(features.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """(N, width)."""
        return self.pooled(self.maps(x), self.photo(x))

    def maps(self, x: Tensor) -> list[Tensor]:
        """(N, C, h, w) at each of the levels, then the last."""
        if self._place is None:
            return self._maps(x)
        with self._place.of(self.photo(x)):
            return self._maps(x)

    def _maps(self, x: Tensor) -> list[Tensor]:
        if not self.levels:
            return [self.model.forward_features(x)]
        last, levels = self.model.forward_intermediates(x, indices=self.levels)
        return [*levels, last]

    def photo(self, x: Tensor) -> Tensor | None:
        """(N, 1, h, w): 1 where the photo is, 0 around it; None where all of the frame counts."""
        return squeeze.photo(x) if self.masked else None

    def pooled(self, maps: Sequence[Tensor], photo: Tensor | None) -> Tensor:
        """(N, features) of these maps, side by side, over the `photo` alone."""
        return torch.cat([self._pooled(level, photo) for level in maps], 1)

    def _pooled(self, x: Tensor, photo: Tensor | None) -> Tensor:
        share = None if photo is None else squeeze.share(photo, x)
        mean = squeeze.mean(x, share)
        if not self.spread:
            return mean
        away = x - mean[:, :, None, None]
        return torch.cat([mean, (squeeze.mean(away * away, share) + 1e-6).sqrt()], 1)


def keeps_norms(settings: Settings) -> bool:
    """Whether the batch norms of these weights must keep their statistics.

    Raises:
        UnknownNameError: ``extra["norm"]`` is neither "" nor FIXED.
    """
    name = settings.extra.get("norm", "")
    if name not in ("", FIXED):
        raise UnknownNameError("kind of batch norm", name, (FIXED,))
    return name == FIXED


def mean_of_rows(features: Tensor, rows: int) -> Tensor:
    """(N, C) from (N * rows, C): one row per photo where a view gives several (native crops)."""
    return features if rows == 1 else features.reshape(-1, rows, features.shape[1]).mean(1)


def most_of_rows(features: Tensor, rows: int) -> Tensor:
    """(N, C) from (N * rows, C): the largest of each feature among the rows of a photo: what is in one crop alone."""
    return features if rows == 1 else features.reshape(-1, rows, features.shape[1]).amax(1)
