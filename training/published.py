"""A published model as a start: the weights that a model folder's ONNX file holds, under the names that they had.

An export keeps the names of parameters and buffers behind `net.`, but not all of them as they were: what is stored in
half precision or in palettes stands behind a Cast or a Gather, tensors with equal values are stored once, and what
follows from constants alone is computed. What can be found again is found, to the last bit of what the file holds;
what cannot is missing, and a network that asks for it is refused. A batch norm that was merged into the convolution
before it comes back as one that adds the merged bias and no more: the same function, while it keeps its statistics.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from iqa import manifest as manifests
from iqa.errors import ArgumentError, ModelError
from iqa.manifest import Manifest
from iqa.model import MAX_MODEL_BYTES
from iqa.onnx_wire import refuse_external_data

from .nets import PIXELS, load_strictly
from .pyramid import FIXED, Pyramid

Arrays = dict[str, NDArray[Any]]

_PREFIX = "net."
"""Of `nets.Activated`, which is what is exported."""
_STORAGE = ("_half", "_palette", "_index", "_position")
"""Ends of names under which `compress` stores a weight."""
_SLOTS = {
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
    "Conv": ("weight", "bias"),
    "ConvTranspose": ("weight", "bias"),
    "Gemm": ("weight", "bias"),
}
"""What the inputs of an operation are, after its first one, in the module that it was."""
_MERGED = "weight_bias"
"""End of the name of the bias that a convolution without one gets from the batch norm behind it."""
MERGED = (".merged_weight", ".merged_bias")
"""Ends of the names under which `read` gives what such a convolution holds: that of the convolution stands before."""


@dataclass(frozen=True)
class Published:
    """A verified model folder.

    Attributes:
        manifest: what the folder says of itself.
        tensors: name in the network that was exported -> float32; without what cannot be found again. Of a convolution
            with a batch norm merged into it, weight and bias stand under names that end in MERGED.
        options: those of nets.OPTIONS that its input and its convolutions show.
    """

    manifest: Manifest
    tensors: Mapping[str, Tensor]
    options: Mapping[str, str]


def is_model(path: Path) -> bool:
    """Whether what --weights names is a model folder, or an ONNX file."""
    return (path / manifests.FILE_NAME).is_file() or (path.suffix == ".onnx" and path.is_file())


def read(path: Path) -> Published:
    """The weights of a model folder, or of the ONNX file in one, verified before they are used.

    Means and spreads of `nets.Standard` come back with the number of photos in `trained_on` as the photos that they
    were taken over: the file does not hold that number, and no answer depends on it.

    Raises:
        ManifestError: no manifest beside the file, or a malformed one.
        ModelError: the file is missing, altered, too large, or reaches outside itself.
        ArgumentError: it is another file than that of the manifest, or computes in 8 bits.
    """
    folder = path.parent if path.suffix == ".onnx" and path.is_file() else path
    manifest = manifests.read(folder)
    if folder != path and path.name != manifest.file:
        raise ArgumentError(f"--weights {path}: the manifest beside it describes {manifest.file}; accepted: {folder}.")
    graph = _verified(folder / manifest.file, manifest)
    if any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in graph.node):
        raise ArgumentError(
            f"--weights {path}: the model computes in 8 bits (int8), its weights were rounded and merged for that and "
            "cannot be found again. Accepted: an export with --weights fp16 or fp32, or best.safetensors of its run."
        )
    known = _constants(graph)
    named = {name: x for name, x in known.items() if name.startswith(_PREFIX) and not _stored(name, known)}
    found = {**named, **_stored_once(graph, known), **_standards(graph, known, manifest)}
    merged = list(_merged(graph))
    for convolution, weight, bias in merged:
        arrays = known[weight], known[bias]
        for name in (weight, bias, f"{convolution}.bias"):
            found.pop(name, None)
        found |= {convolution + end: x for end, x in zip(MERGED, arrays, strict=True)}
    tensors = {
        name.removeprefix(_PREFIX): torch.from_numpy(np.array(x, np.float32))
        for name, x in found.items()
        if np.issubdtype(x.dtype, np.floating)
    }
    return Published(manifest, tensors, _options(graph, manifest) | ({"norm": FIXED} if merged else {}))


def load(net: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Nothing; the network then holds the tensors, but for constants, which it makes itself and the file names too.

    Raises:
        ArgumentError: tensors are missing, unknown or of another shape; the first ones are named.
    """
    own = net.state_dict()
    constant = {name for name, _ in net.named_buffers()} - set(own)
    merged = {name: x for name, x in tensors.items() if name.endswith(MERGED)}
    plain = {name: x for name, x in tensors.items() if name not in constant and name not in merged}
    plain |= _parted(net, merged)
    try:
        load_strictly(net, plain, source)
    except ArgumentError as error:
        lost = [name for name in own if name.endswith("running_var") and name not in plain]
        raise ArgumentError(
            f"{error} A batch norm that was merged into the convolution before it, as exporting does in a network that "
            "sees a photo once and not its mirror image too, is found again only where batch norms keep their "
            "statistics; accepted: best.safetensors of the run."
            if lost
            else str(error)
        ) from error


def _parted(net: nn.Module, merged: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of merged convolutions and of the batch norms behind them; none of norms that would learn.

    The batch norm of a convolution is the next one in the order in which the modules were made.
    """
    modules = list(net.named_modules())
    fixed = {m for _, owner in modules if isinstance(owner, Pyramid) and owner.fixed_norm for m in owner.modules()}
    found: dict[str, Tensor] = {}
    for at, (name, _) in enumerate(modules):
        norms = ((key, norm) for key, norm in modules[at:] if isinstance(norm, nn.BatchNorm2d) and norm in fixed)
        if name + MERGED[0] not in merged or (behind := next(norms, None)) is None:
            continue
        (weight, bias), (key, norm) = (merged[name + end] for end in MERGED), behind
        found |= {f"{name}.weight": weight, f"{key}.weight": torch.ones_like(bias), f"{key}.bias": bias}
        found |= {f"{key}.running_mean": torch.zeros_like(bias), f"{key}.running_var": torch.ones_like(bias) - norm.eps}
    return found


def _verified(path: Path, manifest: Manifest) -> Any:
    """The graph of the file, which is the declared one to the last bit and holds all of its weights."""
    import onnx  # training itself does without

    again = "Restore that folder, or fetch the model again."
    if not path.is_file():
        raise ModelError(f"{path}: no such file, though the manifest beside it names it. {again}")
    if (size := path.stat().st_size) > MAX_MODEL_BYTES:
        raise ModelError(f"{path}: found {size:,} bytes; accepted: at most {MAX_MODEL_BYTES:,}.")
    data = path.read_bytes()
    if (found := hashlib.sha256(data).hexdigest()) != manifest.sha256:
        raise ModelError(f"{path}: found sha256 {found}; the manifest declares {manifest.sha256}. {again}")
    refuse_external_data(data, path)
    return onnx.load_from_string(data).graph


def _constants(graph: Any) -> Arrays:
    """Name -> values of what does not depend on the input: the stored tensors, and those that `compress` made of."""
    from onnx import helper, numpy_helper

    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type not in ("Cast", "Gather") or any(name not in known for name in node.input):
            continue
        first = known[node.input[0]]
        if node.op_type == "Cast":
            (kind,) = (attribute.i for attribute in node.attribute if attribute.name == "to")
            known[node.output[0]] = first.astype(helper.tensor_dtype_to_np_dtype(kind))
        else:
            known[node.output[0]] = first[known[node.input[1]]]
    return known


def _stored(name: str, known: Arrays) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in known for end in _STORAGE)


def _stored_once(graph: Any, known: Arrays) -> Arrays:
    """The tensors that equal one of another module and are stored under its name alone.

    A module is known by one of its own; none of those that it has may stand under a name of its own and not be used.
    """
    found: Arrays = {}
    for node in graph.node:
        inputs = dict(zip(_SLOTS.get(node.op_type, ()), node.input[1:], strict=False))
        owners = {
            name.removesuffix(f".{slot}")
            for slot, name in inputs.items()
            if name in known and name.startswith(_PREFIX) and name.endswith(f".{slot}")
        }
        own = [
            owner
            for owner in owners
            if all(name == f"{owner}.{slot}" or f"{owner}.{slot}" not in known for slot, name in inputs.items())
        ]
        if len(own) == 1:
            found |= {f"{own[0]}.{slot}": known[name] for slot, name in inputs.items() if name in known}
    return found


def _merged(graph: Any) -> Iterator[tuple[str, str, str]]:
    """(convolution, weight, bias) where a batch norm was merged into it: what stands there is another tensor.

    One that had a bias keeps its names; then only the batch norm, which is gone, keeps it from being taken.
    """
    for node in graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and any(name.endswith(_MERGED) for name in node.input[2:]):
            yield node.input[2].removesuffix("." + _MERGED), node.input[1], node.input[2]


def _standards(graph: Any, known: Arrays, manifest: Manifest) -> Arrays:
    """`square` and `count` of nets.Standard, of which the graph has the mean and the spread alone."""
    centered = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "Sub"}
    found: Arrays = {}
    for node in graph.node:
        mean = centered.get(node.input[0], "") if node.op_type == "Div" else ""
        if mean not in known or not mean.endswith(".mean") or node.input[1] not in known:
            continue
        stem, spread = mean.removesuffix("mean"), known[node.input[1]]
        of_mean = known[mean] * known[mean]  # rounded to float32, as when the spread was taken
        found[f"{stem}square"] = (of_mean.astype(np.float64) + spread.astype(np.float64) ** 2).astype(np.float32)
    photos = np.array(max(1, sum(row.photos for row in manifest.trained_on)), np.float32)
    kept = {name for name in (*known, *found) if name.endswith(".square")}  # a large one is stored as it is
    return {**found, **{f"{name.removesuffix('square')}count": photos for name in kept}}


def _options(graph: Any, manifest: Manifest) -> dict[str, str]:
    """Padding as TensorFlow's is not the same on both sides, but where a side is odd and both ways agree."""
    pads = [list(a.ints) for node in graph.node if node.op_type == "Conv" for a in node.attribute if a.name == "pads"]
    found = {"pad": "same"} if any(pad[: len(pad) // 2] != pad[len(pad) // 2 :] for pad in pads) else {}
    views = [{"scale": view.scale, "mean": view.mean, "std": view.std} for view in manifest.input.views]
    rows = [name for name, row in PIXELS.items() if all(view == row for view in views)]
    return found | ({"pixels": rows[0]} if rows else {})
