"""A U-Net that brightens: per pixel and channel a gain and an offset, from the neighborhood and from the whole frame.

The light of the scene is read off a small copy of the frame and told to every level; detail and noise are worked on
in blocks of 2 x 2 pixels. What a pixel takes from its neighborhood has a bounded reach (no norm and no pooling over the
frame), so that a photo cut into overlapping tiles, each with the copy of the whole, gives what the whole one gives.

Reference: O. Ronneberger, P. Fischer and T. Brox, "U-Net: convolutional networks for biomedical image segmentation",
2015, doi:10.1007/978-3-319-24574-4_28; a small copy that steers what is done at full size: M. Gharbi et al., "Deep
bilateral learning for real-time image enhancement", 2017, doi:10.1145/3072959.3073592.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (24, 32, 48)
"""Channels at half, quarter and eighth resolution."""
SCENE_WIDTHS = (12, 16, 24, 32)
"""Channels of the copy of the frame, halved at each step."""
MULTIPLE = 2 ** len(WIDTHS)
"""Of the sides of what the network is given."""
CONTEXT_PX = 49
"""A pixel of the output looks no further than that at its neighbors, in px; a test measures it."""
LOGGED = 1e-3
"""Added before the logarithm: about a quarter of a grey level."""
BRIGHTEST = 1.5
"""To which the picture that is raised by the gain of the frame alone is cut, before it is shown to the network."""


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


def logged(x: Tensor) -> Tensor:
    """RGB in [0, 1] beside its logarithm, (N, 6, H, W): in the dark, steps of light are ratios."""
    return torch.cat([x, (x + LOGGED).log() / 4.0 + 1.0], 1)


def _emptied(layer: nn.Module) -> nn.Module:
    for weights in layer.parameters():
        nn.init.zeros_(weights)
    return layer


class UNet(nn.Module):
    """(photo, copy of its whole frame), RGB in [0, 1], to an image output of the photo's size, before clipping.

    The photo's sides must divide by MULTIPLE; the copy may have any size, the recipe says which. y = x exp(gain of the
    frame + gain) + offset. The layers that say these start at 0, so that an untrained network returns its input: what
    it does to a photo is only what it was taught.
    """

    def __init__(self, output: str) -> None:
        super().__init__()
        self.output = output
        told = SCENE_WIDTHS[-1]
        halved = [nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.ReLU()) for a, b in pairwise((6, *SCENE_WIDTHS))]
        self.scene = nn.Sequential(*halved, nn.AdaptiveAvgPool2d(1), nn.Conv2d(told, told, 1), nn.ReLU())
        self.light = _emptied(nn.Conv2d(told, 3, 1))
        self.tell = nn.ModuleList(nn.Conv2d(told, width, 1) for width in WIDTHS)
        steps = list(pairwise((9, *WIDTHS)))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.before = nn.ModuleList(Refine(width) for width in WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(a + b, a, 1) for a, b in steps[1:])
        self.after = nn.ModuleList(Refine(width) for width in WIDTHS[:-1])
        self.enlarge = nn.Upsample(scale_factor=2.0, mode="nearest")
        self.leave = _emptied(nn.Conv2d(WIDTHS[0], 6 * 4, 3, padding=1))
        self.spread = nn.PixelShuffle(2)

    def forward(self, x: Tensor, frame: Tensor) -> dict[str, Tensor]:
        """{output: (N, 3, H, W)}."""
        seen = self.scene(logged(frame))
        light = self.light(seen).clamp(-2.0, 4.0)
        now = torch.cat([logged(x), (x * light.exp()).clamp(max=BRIGHTEST)], 1)
        kept = []
        for down, tell, refine in zip(self.down, self.tell, self.before, strict=True):
            now = refine(torch.relu(down(now) + tell(seen)))
            kept.append(now)
        kept.pop()
        for up, refine in zip(list(self.up)[::-1], list(self.after)[::-1], strict=True):
            now = refine(torch.relu(up(torch.cat([kept.pop(), self.enlarge(now)], 1))))
        gain, offset = self.spread(self.leave(now)).split(3, 1)
        return {self.output: x * (light + gain).clamp(-2.0, 5.0).exp() + offset}
