"""Depthwise convolutions in float32 where a CPU computes the others in bfloat16: a step takes two thirds of the time.

The gradients of a depthwise convolution in bfloat16 take most of a step on a CPU, as oneDNN has no fast path for them.

Comes in: the network of a run. Goes out: the same one, its weights and names unchanged. Called by training.fit.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Depthwise(nn.Conv2d):
    """A depthwise convolution that leaves autocast alone: float32 inside, the type that came in outside."""

    def forward(self, x: Tensor) -> Tensor:
        """As the kind of convolution that it was."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float()).to(x.dtype)


def in_float32(net: nn.Module) -> None:
    """Nothing; every depthwise convolution inside `net` then is a Depthwise, with its weights and hooks."""
    for module in net.modules():
        if isinstance(module, Depthwise) or not isinstance(module, nn.Conv2d):
            continue
        if module.groups == module.in_channels > 1:
            module.__class__ = _of(type(module))


def _of(kind: Any) -> Any:
    """That kind of convolution, such as timm's with padding as in TensorFlow, as a Depthwise."""
    return Depthwise if kind is nn.Conv2d else type(f"Depthwise{kind.__name__}", (Depthwise, kind), {})
