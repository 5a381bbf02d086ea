"""A U-Net that brightens: per pixel and channel a gain and an offset, predicted from the neighborhood.

Bounded reach (no norm and no pooling over the frame), so that a photo cut into overlapping tiles gives what the whole
one gives. Only convolutions, ReLU, nearest enlargement, addition and multiplication: what every runtime has.

Reference: O. Ronneberger, P. Fischer and T. Brox, "U-Net: convolutional networks for biomedical image segmentation",
2015, doi:10.1007/978-3-319-24574-4_28.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (16, 24, 40, 64, 96)
"""Channels at full, half, quarter ... resolution."""
MULTIPLE = 2 ** (len(WIDTHS) - 1)
"""Of the sides of what the network is given."""
CONTEXT_PX = 112
"""A pixel of the output looks no further than that, in px; a test measures it."""
LOGGED = 1e-3
"""Added before the logarithm: about a quarter of a grey level."""


class Refine(nn.Module):
    """Two 3 x 3 convolutions added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """As x."""
        added: Tensor = x + self.layers(x)
        return added


class UNet(nn.Module):
    """RGB in [0, 1] to an image output of the same size, before clipping; sides must divide by MULTIPLE.

    y = x exp(gain) + offset. The last layer starts at 0, so that an untrained network returns its input: what it does
    to a photo is only what it was taught.
    """

    def __init__(self, output: str) -> None:
        super().__init__()
        self.output = output
        self.enter = nn.Conv2d(6, WIDTHS[0], 3, padding=1)
        steps = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.before = nn.ModuleList(Refine(width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(a + b, a, 1) for a, b in steps)
        self.after = nn.ModuleList(Refine(width) for width in WIDTHS[:-1])
        self.enlarge = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.leave = nn.Conv2d(WIDTHS[0], 6, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """{output: (N, 3, H, W)}."""
        logs = (x + LOGGED).log() / 4.0 + 1.0  # in the dark, steps of light are ratios
        now = self.before[0](self.enter(torch.cat([x, logs], 1)))
        kept = []
        for down, refine in zip(self.down, list(self.before)[1:], strict=True):
            kept.append(now)
            now = refine(torch.relu(down(now)))
        for up, refine in zip(list(self.up)[::-1], list(self.after)[::-1], strict=True):
            now = refine(torch.relu(up(torch.cat([kept.pop(), self.enlarge(now)], 1))))
        gain, offset = self.leave(now).split(3, 1)
        return {self.output: x * gain.clamp(-2.0, 5.0).exp() + offset}
