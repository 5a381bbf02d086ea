"""Statistics of the colors of a photo, and a head on them alone: what a convolution and its pooling do not keep.

Comes in: the frame as the network sees it. Goes out: some thirty numbers per photo, and what they say of one severity,
which is added to what the pooled features say: beside thousands of these the thirty are lost. Of 738 samples held out,
each with its own mixture of damages, a MobileNetV2 that learned everything else well told the color cast at SRCC .38
(ROC AUC .74); a hidden layer on these numbers alone .57 (.85), both added .58 (.86). A perfect answer has some .78.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from . import squeeze
from .nets import Scorer, Standard, head
from .recipe import Raw

GAMMA, FLOOR = 2.2, 1e-3
"""From values to light, nearly; and the least light, of that of the brightest pixel, whose logarithm is taken."""
SMALLER = 3
"""A copy so many times smaller is looked at: 128 px of a frame of 384."""
NORMS, EDGE_NORMS = (1, 6, 24), (1, 6)
"""Minkowski norms of light and of its edges: 1 = gray world and gray edge, large = the brightest."""
TONES, TONE_WIDTH = (-1.0, 0.0, 1.0, 2.0), 0.5
"""Log-luminances, in standard deviations from its mean, around which log-chroma is described."""
GRAY = 0.02
"""Squared log-chroma at which a pixel counts 1/e as gray."""
HIDDEN = 64
"""Units between these numbers and what is added."""
_LEAST, _NOTHING = 1e-6, 1e-7


class Chroma(nn.Module):
    """(N, 3, h, w) -> (N, width): log-chroma (of red and of blue against green) under several estimates of the light.

    The estimates: Minkowski norms of light and of its edges. Beside them mean and spread of log-chroma among dark,
    middle and bright pixels, how many pixels are nearly gray and where these lie, and mean and spread of log-luminance.
    Pixels around the photo, zeros, do not count; nothing is learned.

    Attributes:
        width: how many numbers.

    Reference: J. van de Weijer, T. Gevers and A. Gijsenij, "Edge-based color constancy", 2007,
    doi:10.1109/TIP.2007.901808 (the norms).
    """

    width = 2 * (len(NORMS) + len(EDGE_NORMS)) + 4 * len(TONES) + 3 + 2
    mean: Tensor
    std: Tensor

    def __init__(self, pixels: dict[str, Any]) -> None:
        """`pixels`: a row of `nets.PIXELS`, by which the frame was normalized."""
        super().__init__()
        ends = torch.tensor([pixels["mean"], pixels["std"]]).reshape(2, 1, 3, 1, 1) * (pixels["scale"] / 255.0)
        self.register_buffer("mean", ends[0], persistent=False)
        self.register_buffer("std", ends[1], persistent=False)

    def forward(self, frame: Tensor) -> Tensor:
        """The numbers, float32."""
        x = frame.float()
        photo = squeeze.photo(x)
        share = functional.avg_pool2d(photo, SMALLER)
        value = functional.avg_pool2d((x * self.std + self.mean) * photo, SMALLER) / share.clamp(min=_LEAST)
        inside = ((share - 0.5) * 1e4).clamp(0.0, 1.0)
        light = value.clamp(0.0, 1.0) ** GAMMA
        light = light / (light * inside).amax((1, 2, 3), keepdim=True).clamp(min=_LEAST) + FLOOR
        return torch.cat([*_norms(light, inside), *_tones(light, inside)], 1)


class Toned(Scorer):
    """A Scorer, one of whose numbers is the sum of its own and of what the colors of the first view say.

    Attributes:
        chroma, cast: from that view to the numbers, and from these to what is added.
    """

    def __init__(
        self,
        backbone: nn.Module,
        outputs: Mapping[str, int],
        *,
        toned: tuple[str, int],
        pixels: dict[str, Any],
        **options: Any,
    ) -> None:
        """`toned`: output and place in it; `pixels`: as of Chroma; `options`: of Scorer."""
        super().__init__(backbone, outputs, **options)
        self.toned = toned
        self.chroma = Chroma(pixels)
        self.cast = nn.Sequential(Standard(self.chroma.width), head(self.chroma.width, (HIDDEN,), 1, 0.0))

    @property
    def renewed(self) -> tuple[tuple[str, ...], ...]:
        """As of `training.recipe.Recipe.net`: what runs from before this head was there lack."""
        return (tuple(name for name in self.state_dict() if name.startswith("cast.")),)

    @torch.no_grad()
    def rescale(self, output: str, at: int, slope: float, shift: float) -> None:
        """As of Scorer."""
        super().rescale(output, at, slope, shift)
        if (output, at) == self.toned:
            for values in self.cast[1][-1].parameters():  # type: ignore[index]
                values.mul_(slope)

    def _raw(self, views: Sequence[Tensor]) -> Raw:
        raw = super()._raw(views)
        name, at = self.toned
        return {**raw, name: anew(raw[name], [at], raw[name][:, at : at + 1] + self.cast(self.chroma(views[0])))}


def anew(numbers: Tensor, places: Sequence[int], others: Tensor) -> Tensor:
    """(N, C) numbers with (N, places) others at these places."""
    columns = list(torch.split(numbers, 1, 1))
    for at, other in zip(places, torch.split(others, 1, 1), strict=True):
        columns[at] = other
    return torch.cat(columns, 1)


def _norms(light: Tensor, inside: Tensor) -> list[Tensor]:
    """Log-chroma of the light as each norm estimates it, (N, 2) each."""
    down, across = (light[:, :, 1:] - light[:, :, :-1]).abs(), (light[..., 1:] - light[..., :-1]).abs()
    both = inside[:, :, 1:] * inside[:, :, :-1], inside[..., 1:] * inside[..., :-1]
    found = [_norm(light.clamp(max=1.0), inside, norm) for norm in NORMS]
    for norm in EDGE_NORMS:
        edges = torch.cat([down.flatten(2), across.flatten(2)], 2)[..., None]
        where = torch.cat([both[0].flatten(2), both[1].flatten(2)], 2)[..., None]
        found.append(_norm(edges + FLOOR, where, norm))
    return [torch.cat([each[:, :1] - each[:, 1:2], each[:, 2:] - each[:, 1:2]], 1) for each in found]


def _norm(x: Tensor, where: Tensor, norm: int) -> Tensor:
    """(N, 3): logarithm of the Minkowski norm of each channel; its largest value is taken out first, for its range."""
    largest = (x * where).amax((2, 3), keepdim=True).clamp(min=_LEAST)
    power = _mean((x / largest).clamp(max=1.0) ** norm, where)  # at least 1 / pixels, which half precision can hold
    return largest[:, :, 0, 0].log() + power.clamp(min=_LEAST).log() / norm


def _tones(light: Tensor, inside: Tensor) -> list[Tensor]:
    """(N, 1) each: log-chroma among dark, middle and bright pixels and among gray ones, and log-luminance."""
    logs = light.log()
    red, blue = logs[:, :1] - logs[:, 1:2], logs[:, 2:] - logs[:, 1:2]
    luma = light.mean(1, keepdim=True).log()
    middle, spread = _moments(luma, inside)
    tone = (luma - middle[:, :, None, None]) / (spread[:, :, None, None] + FLOOR)
    found: list[Tensor] = []
    for center in TONES:
        weight = inside * ((-((tone - center) ** 2) / TONE_WIDTH).exp() + _LEAST)
        for chroma in (red, blue):
            found += _moments(chroma, weight)
    gray = inside * (-(red * red + blue * blue) / GRAY).exp()
    found.append(_mean(gray, inside))
    found += [_mean(chroma, gray + FLOOR * inside) for chroma in (red, blue)]
    return [*found, middle, spread]


def _moments(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 1) each: mean and standard deviation of a plane."""
    mean = _mean(x, weight)
    return mean, (_mean((x - mean[:, :, None, None]) ** 2, weight) + _LEAST).sqrt()


def _mean(x: Tensor, weight: Tensor) -> Tensor:
    """(N, C): weighted over the plane; a ratio of means, because half precision does not hold the sums."""
    return (x * weight).mean((2, 3)) / weight.mean((2, 3)).clamp(min=_NOTHING)
