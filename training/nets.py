"""Networks: backbones with pooled features, heads, and the activations that a manifest declares."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from iqa.errors import ArgumentError, IQAError, UnknownNameError
from iqa.manifest import Output

from .pyramid import mean_of_rows, most_of_rows
from .recipe import Raw, Settings

PIXELS: dict[str, dict[str, Any]] = {
    "imagenet": {"scale": 255.0, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "symmetric": {"scale": 127.5, "mean": (1.0, 1.0, 1.0), "std": (1.0, 1.0, 1.0)},
}
"""scale, mean, std of a view: what torchvision's and timm's weights were trained with, and TensorFlow's (-1 to 1)."""
OPTIONS = {"pad": "", "pixels": "imagenet", "norm": ""}
"""Options in Settings.extra of every recipe with a timm backbone: padding of its convolutions ("", or "same" as in
TensorFlow), normalization (a key of PIXELS), and "fixed" for batch norms that must keep their statistics, which not
every recipe can take. They belong to the weights: see `declared` and `published`."""


class Activated(nn.Module):
    """A network with the activations of its outputs: what is exported, and what a metric sees.

    ``sigmoid``: low + (high - low) * sigmoid. ``softmax``: over the labels. ``clip``: to [low, high]. ``expectation``:
    raw (N, bins), or (N, labels, bins), to the mean of bins evenly spaced from low to high. ``none``: as it is.
    """

    def __init__(self, net: nn.Module, outputs: Sequence[Output]) -> None:
        super().__init__()
        self.net, self.outputs = net, tuple(outputs)

    def forward(self, *views: Tensor) -> tuple[Tensor, ...]:
        """One tensor per output, in order: (N, labels), or (N, 3, H, W)."""
        raw = self.net(*views)
        return tuple(activate(raw[output.name], output) for output in self.outputs)


def activate(raw: Tensor, output: Output) -> Tensor:
    """The values of an output from what the network gives for it, as Activated says; float32."""
    raw, span = raw.float(), output.high - output.low
    if output.activation == "sigmoid":
        return output.low + span * raw.sigmoid()
    if output.activation == "softmax":
        return raw.softmax(1)
    if output.activation == "clip":
        return raw.clamp(output.low, output.high)
    if output.activation == "expectation":
        bins = torch.linspace(output.low, output.high, raw.shape[-1], device=raw.device)
        return (raw.reshape(raw.shape[0], -1, raw.shape[-1]).softmax(-1) * bins).sum(-1)
    return raw


class Attention(nn.Module):
    """Squeeze and excitation of pooled features, (N, C) -> (N, C).

    Reference: J. Hu, L. Shen and G. Sun, "Squeeze-and-excitation networks", 2018, doi:10.1109/CVPR.2018.00745.
    """

    def __init__(self, width: int, reduction: int = 4) -> None:
        super().__init__()
        hidden = max(1, width // reduction)
        self.gate = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """The features, each multiplied by its weight in (0, 1)."""
        gated: Tensor = x * self.gate(x)
        return gated


def head(width: int, hidden: Sequence[int], out: int, dropout: float = 0.2) -> nn.Sequential:
    """Linear layers of these widths with ReLU and dropout between them; (N, width) -> (N, out)."""
    layers: list[nn.Module] = []
    for side in hidden:
        layers += [nn.Linear(width, side), nn.ReLU(), nn.Dropout(dropout)]
        width = side
    return nn.Sequential(*layers, nn.Linear(width, out))


class Standard(nn.Module):
    """Features less their mean, by their standard deviation, cut at 6 of these; (N, C) -> (N, C).

    Both are those of all photos seen while the features did not learn (of the first batch where they always do), and
    stay: unlike in a batch norm, what else is in a batch says nothing about a photo. For pretrained features.
    """

    count: Tensor
    mean: Tensor
    square: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("square", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """The standardized features."""
        if self.training and (not x.requires_grad or self.count == 0):
            self._count(x.detach())
        spread = (self.square - self.mean * self.mean).clamp(min=1e-8).sqrt()
        return ((x.float() - self.mean) / spread).clamp(-6.0, 6.0)

    @torch.no_grad()
    def _count(self, x: Tensor) -> None:
        x = x.float()  # squares of half-precision numbers lose the spread
        share = len(x) / (self.count + len(x))
        self.mean.lerp_(x.mean(0), share)
        self.square.lerp_((x * x).mean(0), share)
        self.count += len(x)


class Scorer(nn.Module):
    """One backbone for all views, their pooled features side by side, and a head per output (or per label).

    Attributes:
        backbone: (N, 3, h, w) -> (N, width), with a `width`; what a frozen phase freezes.
    """

    def __init__(
        self,
        backbone: nn.Module,
        outputs: Mapping[str, int],
        *,
        rows: Sequence[int] = (1,),
        hidden: Sequence[int] = (),
        dropout: float = 0.2,
        attention: bool = False,
        head_per_label: bool = False,
        standard: bool = False,
        mirror: bool = False,
        extremes: bool = False,
    ) -> None:
        """`outputs`: name -> numbers (labels or bins); `rows`: per view, rows per photo as its kind gives them.

        A view of several rows gives the mean of their features, and with `extremes` the largest of each beside it.

        Features of several levels differ in scale by orders of magnitude: a batch norm evens them out, or with
        `standard`, for a backbone that is pretrained, their Standard. With `mirror`, what it gives in use is the mean
        of what it gives for its views and for their mirror images, before activation: equal for both.
        """
        super().__init__()
        self.backbone, self.rows, self.mirror, self.extremes = backbone, list(rows), mirror, extremes
        parts = len(self.rows) + sum(extremes and count > 1 for count in self.rows)
        width = int(backbone.width) * parts  # type: ignore[arg-type]
        self.scale: nn.Module = Standard(width) if standard else nn.BatchNorm1d(width)
        self.attention = Attention(width) if attention else nn.Identity()
        self.heads = nn.ModuleDict()
        for name, count in outputs.items():
            single = [head(width, hidden, 1, dropout) for _ in range(count)] if head_per_label else []
            self.heads[name] = nn.ModuleList(single or [head(width, hidden, count, dropout)])

    def forward(self, *views: Tensor) -> Raw:
        """Output name -> (N, numbers) before activation."""
        raw = self._raw(views)
        if not self.mirror or self.training:
            return raw
        other = self._raw([view.flip(3) for view in views])
        return {name: (x + other[name]) / 2.0 for name, x in raw.items()}

    def _raw(self, views: Sequence[Tensor]) -> Raw:
        pooled = []
        for view, rows in zip(views, self.rows, strict=True):
            features = self.backbone(view)
            pooled.append(mean_of_rows(features, rows))
            if self.extremes and rows > 1:
                pooled.append(most_of_rows(features, rows))
        return self.read(torch.cat(pooled, 1))

    def read(self, pooled: Tensor) -> Raw:
        """Output name -> (N, numbers) from the pooled features of all views, side by side."""
        features = self.attention(self.scale(pooled))
        return {
            name: torch.cat([one(features) for one in parts], 1)  # type: ignore[attr-defined]
            for name, parts in self.heads.items()
        }

    @torch.no_grad()
    def rescale(self, output: str, at: int, slope: float, shift: float) -> None:
        """Nothing; that number of an output, which one head must give, then is slope * itself + shift."""
        last: nn.Linear = self.heads[output][0][-1]  # type: ignore[index]
        last.weight[at] *= slope
        last.bias[at] = slope * last.bias[at] + shift


def pixels(settings: Settings) -> dict[str, Any]:
    """{scale, mean, std} for the views of a recipe: a row of PIXELS, by ``extra["pixels"]``.

    Raises:
        UnknownNameError: no such row.
    """
    name = settings.extra.get("pixels", OPTIONS["pixels"])
    if name not in PIXELS:
        raise UnknownNameError("normalization of pixels", name, PIXELS)
    return PIXELS[name]


def declared(weights: str | None) -> dict[str, str]:
    """The OPTIONS that a weights file for a backbone itself declares in its metadata; {} without a file.

    Known are ``pad_type='...'`` and ``x/127.5-1``; a file without them counts as timm's own.

    Raises:
        IQAError: no such file, or not a .safetensors file.
    """
    if not weights:
        return {}
    words = " ".join(f"{key}: {value}" for key, value in _metadata(Path(weights)).items())
    found = {"pad": "same"} if "pad_type='same'" in words else {}
    return found | ({"pixels": "symmetric"} if "x/127.5-1" in words.replace(" ", "") else {})


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise IQAError(
            f"Weights {path} cannot be read ({error}); accepted: a .safetensors file, or a model folder."
        ) from error


def timm_model(name: str, settings: Settings) -> nn.Module:
    """A timm network without classifier: from scratch (weights ""), pretrained (None), or with weights from a file.

    A file must hold every tensor of the network, in the same shape, and none beside a classifier's.

    Raises:
        IQAError: pretrained weights cannot be fetched, or the file is of another network; says which tensors.
    """
    kind: dict[str, Any] = {"pad_type": settings.extra["pad"]} if settings.extra.get("pad") else {}
    if settings.weights is None:
        return _pretrained(name, kind)
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, **kind)
    if settings.weights:
        path = Path(settings.weights)
        _metadata(path)  # says so when it is no such file
        load_strictly(model, load_file(path), str(path), beside=("classifier.", "fc.", "head."))
    return model


def _pretrained(name: str, kind: Mapping[str, Any]) -> nn.Module:
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        model: nn.Module = timm.create_model(name, pretrained=True, num_classes=0, **kind)
    except (OSError, RuntimeError, ValueError, HTTPError, HfHubHTTPError) as error:
        raise IQAError(
            f"The pretrained weights of {name} could not be fetched ({type(error).__name__}: {error}). Without a "
            'network: --weights FILE.safetensors, or --weights "" to start from random weights.'
        ) from error
    return model


def load_strictly(model: nn.Module, tensors: Mapping[str, Tensor], source: str, beside: Sequence[str] = ()) -> None:
    """Nothing; the model then holds the tensors. Names that start as in `beside` may be left over.

    Raises:
        ArgumentError: tensors are missing, unknown or of another shape; the first ones are named.
    """
    own = model.state_dict()
    left = sorted(name for name in tensors if name not in own and not name.startswith(tuple(beside)))
    missing = sorted(name for name in own if name not in tensors and not name.endswith("num_batches_tracked"))
    shapes = [
        f"{name} {tuple(tensors[name].shape)} instead of {tuple(own[name].shape)}"
        for name in own
        if name in tensors and tensors[name].shape != own[name].shape
    ]
    if left or missing or shapes:
        found = {"missing": missing, "unknown": left, "of another shape": shapes}
        words = "; ".join(f"{len(names)} {what} ({', '.join(names[:3])})" for what, names in found.items() if names)
        raise ArgumentError(f"Weights {source} are not of this network: {words}. Nothing was loaded.")
    model.load_state_dict({name: tensors[name].to(own[name].dtype) for name in own if name in tensors}, strict=False)


def unused(settings: Settings) -> list[str]:
    """Names in a weights file that no backbone takes (its classifier), for the log; empty without a file."""
    if not settings.weights:
        return []
    with safe_open(Path(settings.weights), "pt") as file:
        return sorted(name for name in file.keys() if name.startswith(("classifier.", "fc.", "head.")))  # noqa: SIM118


def parameters(net: nn.Module) -> str:
    """Number of parameters in all and in the backbone, as a phrase."""
    counts = {"net": net, "backbone": getattr(net, "backbone", None)}
    return json.dumps({k: sum(p.numel() for p in m.parameters()) for k, m in counts.items() if m is not None})
