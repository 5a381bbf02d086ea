"""From a network to a Core ML package: image inputs, normalization and activations inside, float16, iOS 16.

Each row of a view is an image input of its own, because a photo is what an app has: `frame` for a view of one row,
`crops_0`, `crops_1`, ... for native crops. A view of free size is cut to a fixed tile. Core ML's image input knows one
scale for all channels, so mean and deviation are subtracted and divided in the graph. How an app must cut and resize
stands in the package's metadata (`preprocessing`), as in the manifest. What is 0 there around a photo has no color that
an image could hold: an app fills it with SURROUND, which the package takes for it.
"""

import copy
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.padding import pad_same_arg
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import Manifest
from iqa.model import Answer
from iqa.preprocess import Full, InputSpec, Native, Whole, to_input
from iqa.probe import probe_image

from .compress import LARGE, Storage, palette
from .mil import Program, quiet
from .nets import Activated

SIDE = 512
"""Of the tile that a view of free size becomes, px."""
SURROUND = (255, 0, 255)
"""RGB of what lies around the photo in a view that pads: filled in after resizing, so that no edge is mixed with it."""
_FAILURES = (NotImplementedError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True)
class ImageInput:
    """An image input of the package: `height` x `width`, RGB, for one row of a view."""

    name: str
    view: Whole | Native | Full
    height: int
    width: int

    @property
    def padded(self) -> bool:
        """Whether a photo may leave some of it empty."""
        return isinstance(self.view, Whole) and self.view.fit in ("pad", "shrink")


def image_inputs(spec: InputSpec, side: int = SIDE) -> list[ImageInput]:
    """The image inputs for these views; `side` is that of a tile.

    Raises:
        ArgumentError: the tile does not divide by what the view asks for.
    """
    made = []
    for view in spec.views:
        if isinstance(view, Native):
            rows = view.rows * view.columns
            names = [view.name] if rows == 1 else [f"{view.name}_{row}" for row in range(rows)]
            made += [ImageInput(name, view, view.height, view.width) for name in names]
        elif isinstance(view, Full):
            if side < 1 or side % view.multiple:
                raise ArgumentError(f"--coreml-side {side}: accepted multiples of {view.multiple}.")
            made.append(ImageInput(view.name, view, side, side))
        else:
            made.append(ImageInput(view.name, view, view.height, view.width))
    return made


class FromImages(nn.Module):
    """A network that takes pixel / scale of every image input, (1, 3, H, W), and normalizes them itself."""

    surround: Tensor

    def __init__(self, net: Activated, inputs: Sequence[ImageInput]) -> None:
        super().__init__()
        self.net, self.views = net, [each.view.name for each in inputs]
        for view in {each.view.name: each.view for each in inputs}.values():
            self.register_buffer(f"mean_{view.name}", torch.tensor(view.mean).reshape(1, 3, 1, 1))
            self.register_buffer(f"factor_{view.name}", 1.0 / torch.tensor(view.std).reshape(1, 3, 1, 1))
        self.scale = {each.view.name: each.view.scale for each in inputs if each.padded}
        self.register_buffer("surround", torch.tensor(SURROUND).reshape(1, 3, 1, 1).float())

    def forward(self, *images: Tensor) -> tuple[Tensor, ...]:
        """As Activated."""
        rows: dict[str, list[Tensor]] = {}
        for name, image in zip(self.views, images, strict=True):
            normal = (image - getattr(self, f"mean_{name}")) * getattr(self, f"factor_{name}")
            if name in self.scale:  # 0 where a pixel is no level away, else 1
                levels = (image - self.surround / self.scale[name]).abs().sum(1, keepdim=True) * self.scale[name]
                normal = normal * (2.0 * levels).clamp(max=1.0)
            rows.setdefault(name, []).append(normal)
        found: tuple[Tensor, ...] = self.net(*(r[0] if len(r) == 1 else torch.cat(r) for r in rows.values()))
        return found


class _Padded(nn.Module):
    """A convolution with TensorFlow's padding, whose widths are numbers instead of operations when it is traced.

    Weights that TensorFlow has trained need it; coremltools cannot convert what computes them from the size.
    """

    def __init__(self, conv: Conv2dSame) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """As the convolution."""
        conv, sides = self.conv, [int(side) for side in x.shape[-2:]]
        padded = F.pad(x, pad_same_arg(sides, list(conv.kernel_size), list(conv.stride), list(conv.dilation)))
        return F.conv2d(padded, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)


def _with_numbers(net: Activated) -> Activated:
    """A copy in which padding that depends on the size has become numbers."""
    made = copy.deepcopy(net)
    for module in list(made.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv2dSame):
                setattr(module, name, _Padded(child))
    return made


def convert(net: Activated, inputs: Sequence[ImageInput]) -> Any:
    """The network as a coremltools model, not yet saved.

    Raises:
        IQAError: it cannot be traced or converted; says why.
    """
    example = tuple(torch.rand(1, 3, each.height, each.width) for each in inputs)
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import coremltools as ct  # type: ignore[import-untyped]

            traced = torch.jit.trace(FromImages(_with_numbers(net), inputs).eval(), example, check_trace=False)  # type: ignore[no-untyped-call]
            return ct.convert(
                traced,
                inputs=[
                    ct.ImageType(
                        name=each.name,
                        shape=(1, 3, each.height, each.width),
                        scale=1.0 / each.view.scale,
                        color_layout=ct.colorlayout.RGB,
                    )
                    for each in inputs
                ],
                outputs=[ct.TensorType(name=output.name, dtype=np.float32) for output in net.outputs],
                convert_to="mlprogram",
                compute_precision=ct.precision.FLOAT16,
                minimum_deployment_target=ct.target.iOS16,
                skip_model_load=True,
            )
    except _FAILURES as error:
        raise IQAError(
            f"The network cannot be converted to Core ML ({type(error).__name__}: {error}). Plain convolutions, "
            "pooling with its stride written out, and resizing by whole factors can."
        ) from error


def compressed(model: Any, storage: Storage) -> Any:
    """The model with its large weights as palettes, as the weights that pruning has left, or in 8 bits.

    iOS 16 knows one of these per weight: palettes hold the zeros of pruning as one of their values, 8 bits as zeros.
    """
    with quiet():
        import coremltools.optimize.coreml as optimize  # type: ignore[import-untyped]

        kind: Any
        if storage.bits is not None:
            bits = storage.bits

            def table(weight: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
                values, index = palette(weight, bits)
                return values.astype(weight.dtype), index.ravel()

            kind = optimize.OpPalettizerConfig(mode="custom", lut_function=table, weight_threshold=LARGE)
            change = optimize.palettize_weights
        elif storage.weights == "int8":
            kind = optimize.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int8", weight_threshold=LARGE)
            change = optimize.linear_quantize_weights
        elif storage.prune is not None:
            least = min(storage.prune / 2, 0.5)
            kind = optimize.OpThresholdPrunerConfig(
                threshold=0.0, minimum_sparsity_percentile=least, weight_threshold=LARGE
            )
            change = optimize.prune_weights
        else:
            return model
        return change(model, config=optimize.OptimizationConfig(global_config=kind))


def save(model: Any, manifest: Manifest, inputs: Sequence[ImageInput], path: Path) -> None:
    """Nothing; the package then lies at `path`, which is new, and says what it is.

    Its `sha256` is that of the ONNX file beside it: the two are siblings, made from one network.
    """
    model.short_description = manifest.description
    model.version = manifest.version
    model.license = manifest.license
    told: dict[str, Any] = {
        "name": manifest.name,
        "task": manifest.task,
        "sha256": manifest.sha256,
        "preprocessing": json.dumps(manifest.input.to_dict()),
        "outputs": json.dumps([asdict(output) for output in manifest.outputs]),
    }
    model.user_defined_metadata.update(told)
    for each in inputs:
        around = f"; around the photo RGB {', '.join(map(str, SURROUND))} instead of 0" if each.padded else ""
        model.input_description[each.name] = (
            f"{each.view.kind} view, {each.width} x {each.height}, RGB; see preprocessing{around}"
        )
    for output in manifest.outputs:
        labels = ", ".join(output.labels)
        model.output_description[output.name] = (
            f"{labels}: {output.unit}, {output.low:g} to {output.high:g}, {output.direction}"
        )
    with quiet():
        model.save(str(path))


def tried(inputs: Sequence[ImageInput]) -> list[dict[str, NDArray[np.uint8]]]:
    """Pictures to compare on, one per image input and case: drawn, noise, dark, and drawn in a surround."""
    cases = []
    for case in range(4 if any(each.padded for each in inputs) else 3):
        rng = np.random.default_rng(case)
        shown = {}
        for number, each in enumerate(inputs):
            drawn = probe_image(max(16, each.height), max(16, each.width), 16 * case + number)
            drawn = drawn[: each.height, : each.width]
            inside = drawn.copy()
            if each.padded:
                inside[: each.height // 8] = inside[each.height - each.height // 8 :] = SURROUND
            shown[each.name] = (drawn, rng.integers(0, 256, drawn.shape, dtype=np.uint8), drawn // 12, inside)[case]
        cases.append(shown)
    return cases


def as_views(case: Mapping[str, NDArray[np.uint8]], inputs: Sequence[ImageInput]) -> dict[str, NDArray[np.float32]]:
    """View name -> what the network takes, (rows, 3, H, W), for the pictures of one case of `tried`."""
    views: dict[str, list[NDArray[np.float32]]] = {}
    for each in inputs:
        normal = _as_is(case[each.name], each.view)
        if each.padded:
            normal[:, :, (case[each.name] == SURROUND).all(2)] = 0.0
        views.setdefault(each.view.name, []).append(normal)
    return {name: np.concatenate(rows) for name, rows in views.items()}


def answers(program: Program, net: Activated, inputs: Sequence[ImageInput]) -> tuple[list[Answer], list[Answer]]:
    """(of the package on disk, of the network): label -> numbers, for the same pixels of `tried`."""
    found, wanted = [], []
    for case in tried(inputs):
        pixels = {name: image.transpose(2, 0, 1)[None].astype(np.float32) for name, image in case.items()}
        given = program(pixels)
        found.append(_by_label(net, [given[output.name] for output in net.outputs]))
        with torch.inference_mode():
            torch_found = net(*(torch.from_numpy(view) for view in as_views(case, inputs).values()))
        wanted.append(_by_label(net, [values.numpy() for values in torch_found]))
    return found, wanted


def _by_label(net: Activated, found: Sequence[NDArray[np.float32]]) -> Answer:
    answer: Answer = {}
    for output, values in zip(net.outputs, found, strict=True):
        columns = values.T if output.kind == "scores" else [values]
        answer |= {label: np.asarray(column) for label, column in zip(output.labels, columns, strict=True)}
    return answer


def _as_is(image: NDArray[np.uint8], view: Whole | Native | Full) -> NDArray[np.float32]:
    """The picture normalized as the view says and nothing else, by the one preprocessing."""
    normal = {"scale": view.scale, "mean": view.mean, "std": view.std}
    plain = Full(name=view.name, multiple=1, max_pixels=image.size, context_px=0, **normal)  # type: ignore[arg-type]
    return to_input(image, InputSpec(views=(plain,)))[view.name]
