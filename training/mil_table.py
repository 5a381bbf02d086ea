"""The table of MIL operations: those of `mil_ops`, those that move values without changing them, and the one-liners."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import erf, expit

from .mil_ops import (
    Args,
    Array,
    Op,
    avg_pool,
    batch_norm,
    conv,
    conv_transpose,
    gelu,
    instance_norm,
    layer_norm,
    linear,
    matmul,
    max_pool,
    nearest,
    resize_bilinear,
    softmax,
    upsample_bilinear,
)


def _axes(a: Args) -> tuple[int, ...] | None:
    return None if a.get("axes") is None else tuple(int(axis) for axis in np.atleast_1d(a["axes"]))


def _reduced(function: Callable[..., Any]) -> Op:
    def op(a: Args) -> Array:
        return np.asarray(function(a["x"], axis=_axes(a), keepdims=bool(a.get("keep_dims", False))))

    return op


def _binary(function: Callable[[Any, Any], Any]) -> Op:
    return lambda a: np.asarray(function(a["x"], a["y"]))


def _unary(function: Callable[[Any], Any]) -> Op:
    return lambda a: np.asarray(function(a["x"]))


def _reshape(a: Args) -> Array:
    x = a["x"]
    return np.asarray(x.reshape([x.shape[i] if side == 0 else int(side) for i, side in enumerate(a["shape"])]))


def _concat(a: Args) -> Array:
    if a.get("interleave", False):
        raise NotImplementedError("concat with interleave")
    return np.concatenate(a["values"], int(a["axis"]))


def _split(a: Args) -> list[Array]:
    axis = int(a["axis"])
    if a.get("split_sizes") is None:
        return np.split(a["x"], int(a["num_splits"]), axis)
    return np.split(a["x"], np.cumsum(a["split_sizes"])[:-1], axis)


def _slice_by_index(a: Args) -> Array:
    x, rank = a["x"], a["x"].ndim
    given = {key: value for key, value in a.items() if value is not None}
    masks: dict[str, Any] = {key: given.get(key, [False] * rank) for key in ("begin_mask", "end_mask", "squeeze_mask")}
    steps = [int(step) for step in given.get("stride", [1] * rank)]
    index: list[Any] = []
    for i in range(rank):
        begin = None if masks["begin_mask"][i] else int(a["begin"][i])
        end = None if masks["end_mask"][i] else int(a["end"][i])
        index.append(int(a["begin"][i]) if masks["squeeze_mask"][i] else slice(begin, end, steps[i]))
    return np.asarray(x[tuple(index)])


def _slice_by_size(a: Args) -> Array:
    ends = [None if size == -1 else begin + size for begin, size in zip(a["begin"], a["size"], strict=True)]
    return np.asarray(a["x"][tuple(slice(int(b), e) for b, e in zip(a["begin"], ends, strict=True))])


def _pad(a: Args) -> Array:
    pairs = np.reshape(a["pad"], (-1, 2)).astype(int)
    pads = [(0, 0)] * (a["x"].ndim - len(pairs)) + [(int(before), int(after)) for before, after in pairs]
    mode: Any = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}[a.get("mode", "constant")]
    more: dict[str, Any] = {"constant_values": a.get("constant_val", 0.0)} if mode == "constant" else {}
    return np.pad(a["x"], pads, mode, **more)


def _pixel_shuffle(a: Args) -> Array:
    (n, channels, height, width), r = a["x"].shape, int(a["upscale_factor"])
    parts = a["x"].reshape(n, channels // r**2, r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
    return np.asarray(parts.reshape(n, channels // r**2, height * r, width * r))


def _pixel_unshuffle(a: Args) -> Array:
    (n, channels, height, width), r = a["x"].shape, int(a["downscale_factor"])
    parts = a["x"].reshape(n, channels, height // r, r, width // r, r).transpose(0, 1, 3, 5, 2, 4)
    return np.asarray(parts.reshape(n, channels * r**2, height // r, width // r))


def _bits(packed: Array, width: int, count: int) -> Array:
    """`count` numbers of `width` bits, the lowest bit of the lowest byte first."""
    bits = np.unpackbits(packed.view(np.uint8), bitorder="little", count=width * count)
    return np.asarray(bits.reshape(count, width) @ (1 << np.arange(width)))


def _lut_to_dense(a: Args) -> Array:
    count, width = int(np.prod(a["shape"])), int(a["lut"].size).bit_length() - 1
    return np.asarray(a["lut"].ravel()[_bits(a["indices"], width, count)].reshape(a["shape"]))


def _sparse_to_dense(a: Args) -> Array:
    dense = np.zeros(int(np.prod(a["shape"])), a["nonzero_data"].dtype)
    dense[_bits(a["mask"], 1, dense.size).astype(bool)] = a["nonzero_data"]
    return np.asarray(dense.reshape(a["shape"]))


def _affine_dequantize(a: Args) -> Array:
    data, axis = a["quantized_data"].astype(np.float32), int(a["axis"])
    shape = [-1 if i == axis % data.ndim else 1 for i in range(data.ndim)]
    scale, zero = (np.asarray(a[key], np.float32) for key in ("scale", "zero_point"))
    return np.asarray(
        (data - (zero.reshape(shape) if zero.ndim else zero)) * (scale.reshape(shape) if scale.ndim else scale)
    )


def _sigmoid_hard(a: Args) -> Array:
    return np.asarray(np.clip(a["x"] * a.get("alpha", 0.2) + a.get("beta", 0.5), 0, 1))


def _leaky(a: Args) -> Array:
    alpha = np.asarray(a.get("alpha", 0.01))
    slope = alpha.reshape(1, -1, *[1] * (a["x"].ndim - 2)) if alpha.ndim else alpha  # prelu has one per channel
    return np.asarray(np.where(a["x"] >= 0, a["x"], a["x"] * slope))


OPS: dict[str, Op] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "linear": linear,
    "matmul": matmul,
    "upsample_bilinear": upsample_bilinear,
    "resize_bilinear": resize_bilinear,
    "upsample_nearest_neighbor": nearest,
    "resize_nearest_neighbor": nearest,
    "gelu": gelu,
    "softmax": softmax,
    "constexpr_lut_to_dense": _lut_to_dense,
    "constexpr_sparse_to_dense": _sparse_to_dense,
    "constexpr_affine_dequantize": _affine_dequantize,
    "reshape": _reshape,
    "transpose": lambda a: np.transpose(a["x"], [int(axis) for axis in a["perm"]]),
    "expand_dims": lambda a: np.expand_dims(a["x"], _axes(a) or ()),
    "squeeze": lambda a: np.squeeze(a["x"], _axes(a)),
    "concat": _concat,
    "stack": lambda a: np.stack(a["values"], int(a["axis"])),
    "split": _split,
    "slice_by_index": _slice_by_index,
    "slice_by_size": _slice_by_size,
    "pad": _pad,
    "reverse": lambda a: np.flip(a["x"], _axes(a)),
    "tile": lambda a: np.tile(a["x"], [int(times) for times in a["reps"]]),
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "cast": _unary(np.asarray),  # to the type of its output, as after every operation
    "identity": _unary(np.asarray),
    "add": _binary(np.add),
    "sub": _binary(np.subtract),
    "mul": _binary(np.multiply),
    "real_div": _binary(np.divide),
    "maximum": _binary(np.maximum),
    "minimum": _binary(np.minimum),
    "pow": _binary(np.power),
    "less_equal": _binary(np.less_equal),
    "greater_equal": _binary(np.greater_equal),
    "reduce_mean": _reduced(np.mean),
    "reduce_sum": _reduced(np.sum),
    "reduce_max": _reduced(np.max),
    "reduce_min": _reduced(np.min),
    "relu": lambda a: np.maximum(a["x"], 0),
    "relu6": lambda a: np.clip(a["x"], 0, 6),
    "thresholded_relu": lambda a: np.where(a["x"] >= a.get("alpha", 1.0), a["x"], 0),
    "leaky_relu": _leaky,
    "prelu": _leaky,
    "elu": lambda a: np.where(a["x"] > 0, a["x"], a.get("alpha", 1.0) * np.expm1(np.minimum(a["x"], 0))),
    "clip": lambda a: np.clip(a["x"], a["alpha"], a["beta"]),
    "sigmoid": _unary(expit),
    "sigmoid_hard": _sigmoid_hard,
    "silu": lambda a: np.asarray(a["x"] * expit(a["x"])),
    "softplus": lambda a: np.logaddexp(a["x"], 0),
    "tanh": _unary(np.tanh),
    "erf": _unary(erf),
    "exp": _unary(np.exp),
    "log": lambda a: np.log(a["x"] + a.get("epsilon", 0.0)),
    "sqrt": _unary(np.sqrt),
    "rsqrt": lambda a: np.asarray(1 / np.sqrt(a["x"] + a.get("epsilon", 0.0))),
    "inverse": lambda a: np.asarray(1 / (a["x"] + a.get("epsilon", 0.0))),
    "square": _unary(np.square),
    "abs": _unary(np.abs),
}
"""What `training.mil` can run; an operation that is not here is refused by name."""
