"""Shares of light and dark pixels of a photo, and heads on them: what a convolution and its pooling do not keep.

Comes in: the frame and the native crops as the network sees them. Goes out: some 1,300 numbers per photo, and what they
say of some severities, beside what pooled features say. Called by the recipe `degradations`;
`training.level_heads` learns the heads. Where light was clipped, many pixels share the largest value of a channel,
whatever that became later; too short an exposure leaves the upper values empty. A mean over the frame tells neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from . import squeeze
from .chroma import Toned, anew
from .nets import Standard, head
from .recipe import Raw

_LOWER = (0, 1, 2, 4, 7, 11, 16, 24, 32, 48, 64, 80, 96, 112)
EDGES = (*_LOWER, *(254 - edge for edge in reversed(_LOWER)))
"""Grey levels up to which pixels are counted: close to one another at both ends."""
NEAR = (0, 1, 3, 7, 15, 31)
"""Grey levels below the largest, and above the least value of a channel, within which pixels are counted."""
LUMA = (0.299, 0.587, 0.114)
THINNED = 3
"""Of the pixels every so many, each way, are counted: a ninth is enough for shares."""
HIDDEN = 64
"""Units between these numbers and what is added."""
DROPOUT = 0.3
HEADS = ("lights.", "slopes", "scale_of_levels.")
"""How the names of what learns here begin."""
_HALF = 0.5003
"""Of a level, and a little more: of whole levels luma is a multiple of a thousandth, and must not fall on an edge."""
_FAR = 1e4
_LEAST, _RARE = 1e-3, 1e-4


class Levels(nn.Module):
    """(frame, crops) to (N, width): of six planes of both views, the shares of pixels up to and near some levels.

    The planes: luma, the largest and the least channel, red, green, blue. Pixels around the photo do not count; nothing
    is learned.

    Attributes:
        width: how many numbers.
    """

    mean: Tensor
    std: Tensor
    luma: Tensor
    width = 2 * 6 * (3 * len(EDGES) + 2 * (2 * len(NEAR) + 2))

    def __init__(self, pixels: dict[str, Any], rows: Sequence[int]) -> None:
        """`pixels`: a row of `nets.PIXELS`, by which the views were normalized; `rows`: of each view, as of Scorer."""
        super().__init__()
        self.rows = list(rows)
        ends = torch.tensor([pixels["mean"], pixels["std"]]).reshape(2, 1, 3, 1) * pixels["scale"]
        self.register_buffer("mean", ends[0], persistent=False)
        self.register_buffer("std", ends[1], persistent=False)
        self.register_buffer("luma", torch.tensor(LUMA).reshape(1, 3, 1), persistent=False)

    def forward(self, views: Sequence[Tensor]) -> Tensor:
        """The numbers, float32; the rows of a view of several are counted together."""
        counted = [self._counted(view.float(), rows) for view, rows in zip(views, self.rows, strict=True)]
        shares, near = zip(*counted, strict=True)
        up_to, close = torch.cat(shares, 1), torch.cat(near, 1)
        told = [up_to, (up_to + _LEAST).log(), (1.0 - up_to + _LEAST).log(), close, (close + _RARE).log()]
        return torch.cat(told, 1)

    def _counted(self, view: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        """(shares up to EDGES, shares near the ends and these), (N, numbers) each, of one view."""
        middle = slice(THINNED // 2, None, THINNED)  # of every 3 x 3: as many on one side as on the other
        thin = view[:, :, middle, middle].flatten(2)
        inside = squeeze.photo(thin[..., None])[..., 0]
        rgb = thin * self.std + self.mean
        luma = (rgb * self.luma).sum(1, keepdim=True)
        planes = torch.cat([luma, rgb.amax(1, keepdim=True), rgb.amin(1, keepdim=True), rgb], 1)
        planes, inside = _rows_as_one(planes, rows), _rows_as_one(inside, rows)

        def share(counted: Tensor) -> Tensor:
            found: Tensor = (counted.float() * inside).mean(2) / inside.mean(2).clamp(min=_RARE)
            return found

        around = (1.0 - inside) * _FAR
        top, bottom = (planes - around).amax(2), (planes + around).amin(2)
        up_to = [share(planes <= edge + _HALF) for edge in EDGES]
        close = [share(planes >= top[..., None] - (n + _HALF)) for n in NEAR]
        close += [share(planes <= bottom[..., None] + (n + _HALF)) for n in NEAR]
        ends = [end.clamp(0.0, 255.0) / 255.0 for end in (top, bottom)]  # none where no pixel of the photo is counted
        return torch.cat(up_to, 1), torch.cat([*close, *ends], 1)


def _rows_as_one(x: Tensor, rows: int) -> Tensor:
    """(N * rows, C, pixels) to (N, C, rows * pixels)."""
    return x.reshape(-1, rows, x.shape[1], x.shape[2]).transpose(1, 2).flatten(2)


class Leveled(Toned):
    """A Toned, some of whose numbers heads on the levels of both views say anew, from what all of them were.

    Such a number then is slope * itself + what its head says of the levels and of every number of that output. Without
    the slope a network that was made sure of itself, as by training.medians, could not be contradicted.

    Attributes:
        levels, lights: from the views to the levels, and a head for each number that these tell anew.
        scale_of_levels: mean and spread of what the heads are given.
        slopes: of these numbers, in the same order.
    """

    def __init__(
        self,
        backbone: nn.Module,
        outputs: Mapping[str, int],
        *,
        leveled: tuple[str, Sequence[int]],
        pixels: dict[str, Any],
        **options: Any,
    ) -> None:
        """`leveled`: output and places in it; `pixels`, `options`: as of Toned."""
        super().__init__(backbone, outputs, pixels=pixels, **options)
        self.leveled = leveled
        self.levels = Levels(pixels, self.rows)
        width = self.levels.width + outputs[leveled[0]]
        self.scale_of_levels = Standard(width)
        self.lights = nn.ModuleList(head(width, (HIDDEN,), 1, DROPOUT) for _ in leveled[1])
        self.slopes = nn.Parameter(torch.ones(len(leveled[1])))
        self.begin()

    @property
    def renewed(self) -> tuple[tuple[str, ...], ...]:
        """As of Toned."""
        return (*super().renewed, tuple(name for name in self.state_dict() if name.startswith(HEADS)))

    @torch.no_grad()
    def rescale(self, output: str, at: int, slope: float, shift: float) -> None:
        """As of Scorer; what the heads are given of a number, less its mean and by its spread, stays as it was."""
        name, places = self.leveled
        if output != name:
            super().rescale(output, at, slope, shift)
        elif at in places:
            place = list(places).index(at)
            last: nn.Linear = self.lights[place][-1]  # type: ignore[index]
            last.weight.mul_(slope)
            last.bias.mul_(slope).add_(shift)
            self.slopes[place] *= slope
        else:
            super().rescale(output, at, slope, shift)
            column, scale = self.levels.width + at, self.scale_of_levels
            spread = scale.square[column] - scale.mean[column] ** 2
            scale.mean[column] = slope * scale.mean[column] + shift
            scale.square[column] = slope**2 * spread + scale.mean[column] ** 2

    def begin(self) -> None:
        """Nothing; the heads then have learned nothing, and all numbers are those of a Toned."""
        self.scale_of_levels.load_state_dict(Standard(len(self.scale_of_levels.mean)).state_dict())
        nn.init.ones_(self.slopes)
        for light in self.lights:
            for part in light.modules():
                if isinstance(part, nn.Linear):
                    part.reset_parameters()
            for values in light[-1].parameters():  # type: ignore[index]
                nn.init.zeros_(values)

    def _raw(self, views: Sequence[Tensor]) -> Raw:
        return self.with_light(self.unlit(views), self.levels(views))

    def unlit(self, views: Sequence[Tensor]) -> Raw:
        """What a Toned gives."""
        return super()._raw(views)

    def given(self, raw: Raw, levels: Tensor) -> Tensor:
        """What the heads learn from: levels, and what a Toned gave, which learns nothing by it; standardized."""
        scaled: Tensor = self.scale_of_levels(torch.cat([levels, raw[self.leveled[0]].float().detach()], 1))
        return scaled

    def with_light(self, raw: Raw, levels: Tensor) -> Raw:
        """What a Toned gave, with the numbers that the heads say anew."""
        name, places = self.leveled
        said, scaled = raw[name], self.given(raw, levels)
        own = torch.cat([said[:, at : at + 1] for at in places], 1)
        told = torch.cat([light(scaled) for light in self.lights], 1)
        return {**raw, name: anew(said, places, own * self.slopes + told)}
