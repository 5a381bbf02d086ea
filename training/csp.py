"""A small cross-stage-partial network in plain torch: about 1.3 M parameters, any input size, no pretrained weights.

Each stage halves the sides, sends one half of its channels through residual blocks and lets the other half pass, and
keeps what every block made until a 1 x 1 convolution mixes it.

Reference: C.-Y. Wang et al., "CSPNet: a new backbone that can enhance learning capability of CNN", 2020,
doi:10.1109/CVPRW50498.2020.00203.
"""

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128, 256)
BLOCKS = (1, 2, 2, 1)


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch norm, SiLU; sides are divided by the stride."""

    def __init__(self, inside: int, outside: int, side: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inside, outside, side, stride, side // 2, bias=False), nn.BatchNorm2d(outside), nn.SiLU()
        )


class Residual(nn.Module):
    """Two 3 x 3 convolutions added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(ConvNorm(width, width, 3), ConvNorm(width, width, 3))

    def forward(self, x: Tensor) -> Tensor:
        """As x."""
        added: Tensor = x + self.layers(x)
        return added


class Partial(nn.Module):
    """A stage of one resolution: half the channels pass, half go through the blocks, all are mixed at the end."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.inner = width // 2
        self.enter = ConvNorm(width, width)
        self.blocks = nn.ModuleList(Residual(self.inner) for _ in range(blocks))
        self.leave = ConvNorm(width + blocks * self.inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """As x."""
        x = self.enter(x)
        kept, now = [x], x[:, self.inner :]
        for block in self.blocks:
            now = block(now)
            kept.append(now)
        mixed: Tensor = self.leave(torch.cat(kept, 1))
        return mixed


class CSP(nn.Module):
    """Pooled features of the network, (N, 3, h, w) -> (N, width): mean and spread over the frame of the last stage.

    The spread tells a frame that is soft everywhere from one that is soft in places.

    Attributes:
        width: number of features.
    """

    def __init__(self, last: int = 640) -> None:
        super().__init__()
        layers: list[nn.Module] = [ConvNorm(3, WIDTHS[0] // 2, 3, 2)]
        before = WIDTHS[0] // 2
        for width, blocks in zip(WIDTHS, BLOCKS, strict=True):
            layers += [ConvNorm(before, width, 3, 2), Partial(width, blocks)]
            before = width
        self.layers = nn.Sequential(*layers, ConvNorm(before, last))
        self.width = 2 * last

    def forward(self, x: Tensor) -> Tensor:
        """(N, width)."""
        features = self.layers(x)
        mean = features.mean((2, 3))
        away = features - mean[:, :, None, None]
        return torch.cat([mean, ((away * away).mean((2, 3)) + 1e-6).sqrt()], 1)
