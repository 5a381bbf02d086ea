"""Smaller files from the same network: fewer weights, fewer values, fewer bits; what each costs is measured by parity.

Sizes of weights are what these change. Arithmetic on a CPU stays in float32, but for int8.
"""

import copy
import tempfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils import prune

from iqa.errors import ArgumentError

from .nets import Activated
from .onnx_export import OPSET, stripped

WEIGHTS = ("fp32", "fp16", "int8")
BITS = (2, 4, 6, 8)
LARGE = 2048
"""Weights of a layer from which storing it smaller is worth it (coremltools' default).

The first depthwise convolution of a MobileNetV2 has 288: one of a lighting recipe, trained, lost .037 of its range on a
white picture with all layers in float16 and .0015 with the large ones, which hold 99.5 % of its weights.
"""
_MULTIPLYING = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
_LLOYD = 30


@dataclass(frozen=True)
class Storage:
    """How weights are stored.

    Attributes:
        weights: one of WEIGHTS.
        prune: share of the weights of every large layer set to 0, the smallest ones; None = none.
        bits: palettes of 2**bits values per large layer; None = none.
    """

    weights: str = "fp16"
    prune: float | None = None
    bits: int | None = None

    def __post_init__(self) -> None:
        if self.weights not in WEIGHTS:
            raise ArgumentError(f"weights {self.weights!r}: accepted {', '.join(WEIGHTS)}.")
        if self.prune is not None and not 0 < self.prune < 1:
            raise ArgumentError(f"--prune {self.prune:g}: accepted a share above 0 and below 1.")
        if self.bits is not None and self.bits not in BITS:
            raise ArgumentError(f"--palettize {self.bits}: accepted {', '.join(map(str, BITS))} bits.")
        if self.bits is not None and self.weights == "int8":
            raise ArgumentError("--palettize and --weights int8 both say how a weight is stored: choose one.")

    @property
    def lossy(self) -> bool:
        """Whether answers change by more than rounding."""
        return self.weights == "int8" or self.prune is not None or self.bits is not None

    def __str__(self) -> str:
        """Such as "fp16, 50 % pruned, 4-bit palettes"."""
        parts = [self.weights]
        parts += [] if self.prune is None else [f"{self.prune:.0%} pruned"]
        parts += [] if self.bits is None else [f"{self.bits}-bit palettes"]
        return ", ".join(parts)


def pruned(net: Activated, share: float) -> Activated:
    """A copy whose large convolutions and linear layers have the smallest `share` of their weights set to 0.

    Reference: S. Han et al., "Learning both weights and connections for efficient neural networks", 2015,
    arXiv:1506.02626 (without training again).
    """
    made = copy.deepcopy(net)
    for module in made.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.weight.numel() >= LARGE:
            prune.l1_unstructured(module, "weight", amount=share)  # type: ignore[no-untyped-call]
            prune.remove(module, "weight")  # type: ignore[no-untyped-call]
    return made


def palette(values: NDArray[Any], bits: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """(2**bits values in rising order, index of the nearest one per weight) by k-means; exact zeros stay zeros.

    Reference: S. P. Lloyd, "Least squares quantization in PCM", 1982, doi:10.1109/TIT.1982.1056489; in one dimension
    the nearest center is a binary search, which is why this is not scipy's kmeans2 (no sorting: 50 times slower).
    """
    flat = np.float32(values).ravel()
    kept = flat[flat != 0]
    zeros = kept.size < flat.size
    count = 2**bits - zeros
    shares = np.linspace(0, 1, count)
    ends = np.linspace(*(kept.min(), kept.max()), count) if kept.size else np.zeros(count)
    centers = (np.quantile(kept, shares) + ends) / 2 if kept.size else ends  # dense where weights are, and at the tails
    for _ in range(_LLOYD):
        nearest = np.searchsorted((centers[1:] + centers[:-1]) / 2, kept)
        members = np.bincount(nearest, minlength=count)
        sums = np.bincount(nearest, weights=kept, minlength=count)
        centers = np.sort(np.where(members > 0, sums / np.maximum(members, 1), centers))
    table = np.sort(np.append(centers, 0.0) if zeros else centers).astype(np.float32)
    index = np.searchsorted((table[1:] + table[:-1]) / 2, flat).astype(np.uint8)
    index[flat == 0] = np.searchsorted(table, 0.0) if zeros else index[flat == 0]
    return table, index.reshape(values.shape)


def _large(model: onnx.ModelProto) -> Iterator[TensorProto]:
    """The large weights that something is multiplied by."""
    used = {node.input[1] for node in model.graph.node if node.op_type in _MULTIPLYING}
    for tensor in model.graph.initializer:
        if tensor.name in used and tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= LARGE:
            yield tensor


def _replace(
    model: onnx.ModelProto, name: str, tensors: Sequence[TensorProto], nodes: Sequence[onnx.NodeProto]
) -> None:
    """Nothing; the weight `name` is then computed by these nodes from these tensors, when a session is opened."""
    kept = [tensor for tensor in model.graph.initializer if tensor.name != name]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *tensors])
    later = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *later])


def palettized(model: onnx.ModelProto, bits: int) -> onnx.ModelProto:
    """A copy whose large weights are a byte each, an index into their palette."""
    made = copy.deepcopy(model)
    for tensor in list(_large(made)):
        table, index = palette(numpy_helper.to_array(tensor), bits)
        name = tensor.name
        parts = [numpy_helper.from_array(table, f"{name}_palette"), numpy_helper.from_array(index, f"{name}_index")]
        nodes = [
            helper.make_node("Cast", [f"{name}_index"], [f"{name}_position"], to=TensorProto.INT32),
            helper.make_node("Gather", [f"{name}_palette", f"{name}_position"], [name], axis=0),
        ]
        _replace(made, name, parts, nodes)
    return made


def _to_halve(model: onnx.ModelProto, weights: Collection[str]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Name and values of the large weights that float16 can hold; vectors (biases, statistics) are none."""
    for tensor in list(model.graph.initializer):
        if tensor.name in weights and tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            values = numpy_helper.to_array(tensor)
            if values.size >= LARGE and np.abs(values).max() <= np.finfo(np.float16).max:
                yield tensor.name, values


def halved(model: onnx.ModelProto, weights: Collection[str]) -> onnx.ModelProto:
    """A copy whose weights of these names are stored as float16 with a Cast behind: half the size, the same arithmetic.

    What float16 cannot hold stays float32, and so does a small layer: it saves nothing, and may cost much.
    """
    made = copy.deepcopy(model)
    for weight, values in _to_halve(model, weights):
        name = f"{weight}_half"
        cast = helper.make_node("Cast", [name], [weight], to=TensorProto.FLOAT)
        _replace(made, weight, [numpy_helper.from_array(values.astype(np.float16), name)], [cast])
    return made


def rounded(net: Activated, model: onnx.ModelProto) -> Activated:
    """A copy of the network whose weights are rounded as `halved` rounds those of its graph.

    The exporter multiplies the factors of a batch norm into the convolution before it, and the product is what is
    rounded; so each weight is changed by the share by which its counterpart in the graph changes. Where nothing was
    multiplied, that is the weight itself in half precision, to the last bit.
    """
    made = copy.deepcopy(net)
    own = made.state_dict()
    for name, values in _to_halve(model, shared(net, model)):
        exact = values.astype(np.float64)
        half = values.astype(np.float16).astype(np.float64)
        share = np.divide(half, exact, out=np.ones_like(exact), where=exact != 0)
        own[name].copy_(torch.from_numpy(own[name].double().numpy() * share))
    return made


def shared(net: Activated, model: onnx.ModelProto) -> set[str]:
    """Names of the tensors that a network and its graph both have, in one shape."""
    sides = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    return {tensor.name for tensor in model.graph.initializer if sides.get(tensor.name) == tuple(tensor.dims)}


def int8(model: onnx.ModelProto, feeds: Sequence[dict[str, NDArray[np.float32]]]) -> onnx.ModelProto:
    """The model with convolutions and matrix products in 8 bits, ranges of activations as the feeds show them.

    Weights have 7 bits per channel: 8 of them overflow on processors without VNNI, which would be another answer there.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Feeds(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(feeds)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._left, None)

    with tempfile.TemporaryDirectory(prefix="iqa-int8-") as folder:
        plain, ready, done = (Path(folder) / f"{name}.onnx" for name in ("plain", "ready", "done"))
        onnx.save(model, plain)
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)  # folds batch norm into convolutions
        quantize_static(
            str(ready),
            str(done),
            Feeds(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return stripped(onnx.load(done))


def opset(model: onnx.ModelProto) -> int:
    """Of the standard operations in a model."""
    return next((row.version for row in model.opset_import if row.domain in ("", "ai.onnx")), OPSET)


def zipped(paths: Sequence[Path]) -> int:
    """Bytes of these files when compressed, as they are on their way to a phone: what pruning and palettes save."""
    return sum(len(zlib.compress(path.read_bytes(), 6)) for path in paths)
