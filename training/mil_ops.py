"""The operations of Core ML's MIL in NumPy: name -> function of its arguments by name, in float32.

Reference: Apple, coremltools.converters.mil.mil.ops.defs (iOS15 and iOS16), whose arguments, defaults and formulas
these are; photos are (N, C, H, W).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

Array = NDArray[Any]
Args = Mapping[str, Any]
Op = Callable[[Args], Array | list[Array]]


def _taps(x: Array, kernel: tuple[int, int], a: Args, empty: float = 0.0) -> Iterator[tuple[int, int, Array]]:
    """(row, column, what the kernel sees there) of every tap: x padded with `empty`, strided, (N, C, h, w)."""
    strides, dilations = a.get("strides", (1, 1)), a.get("dilations", (1, 1))
    pads, counts = [], []
    for i in range(2):
        reach = (kernel[i] - 1) * int(dilations[i]) + 1
        before, after = _padding(x.shape[2 + i], reach, int(strides[i]), i, a)
        spare = x.shape[2 + i] + before + after - reach
        count = spare // int(strides[i]) + 1
        if a.get("ceil_mode", False) and spare % int(strides[i]):
            # no window may begin behind the photo and its first padding
            count += count * int(strides[i]) < x.shape[2 + i] + before
            after += max(0, (count - 1) * int(strides[i]) + reach - x.shape[2 + i] - before - after)
        pads.append((before, after))
        counts.append(count)
    padded = np.pad(x, ((0, 0), (0, 0), *pads), constant_values=empty)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * int(dilations[0]), j * int(dilations[1])
            rows = slice(top, top + (counts[0] - 1) * int(strides[0]) + 1, int(strides[0]))
            columns = slice(left, left + (counts[1] - 1) * int(strides[1]) + 1, int(strides[1]))
            yield i, j, padded[:, :, rows, columns]


def _padding(length: int, reach: int, stride: int, axis: int, a: Args) -> tuple[int, int]:
    kind = a.get("pad_type", "valid")
    if kind == "custom":
        return int(a["pad"][2 * axis]), int(a["pad"][2 * axis + 1])
    if kind == "valid":
        return 0, 0
    total = max(0, (-(-length // stride) - 1) * stride + reach - length)
    return (total // 2, total - total // 2) if kind == "same" else (total - total // 2, total // 2)


def conv(a: Args) -> Array:
    """Cross-correlation; weight (C out, C in / groups, kernel)."""
    x, weight, groups = a["x"], a["weight"], int(a.get("groups", 1))
    total: Any = 0.0
    for i, j, seen in _taps(x, weight.shape[2:], a):
        shape = (seen.shape[0], groups, -1, seen.shape[2] * seen.shape[3])
        tap = weight[:, :, i, j].reshape(groups, -1, weight.shape[1])
        total = total + (tap * seen.reshape(shape) if tap.shape[1:] == (1, 1) else tap @ seen.reshape(shape))
        size = seen.shape[2:]
    return _biased(total.reshape(x.shape[0], -1, *size), a)


def conv_transpose(a: Args) -> Array:
    """The transpose of `conv`; weight (C in, C out / groups, kernel)."""
    x, weight, groups = a["x"], a["weight"], int(a.get("groups", 1))
    strides, dilations = a.get("strides", (1, 1)), a.get("dilations", (1, 1))
    photos, height, width = x.shape[0], x.shape[2], x.shape[3]
    pad = a["pad"] if a.get("pad_type", "valid") == "custom" else (0, 0, 0, 0)
    full = [
        (n - 1) * int(s) + (k - 1) * int(d) + 1
        for n, s, k, d in zip((height, width), strides, weight.shape[2:], dilations, strict=True)
    ]
    wanted = [full[i] - int(pad[2 * i]) - int(pad[2 * i + 1]) for i in range(2)]
    if a.get("output_shape") is not None:
        wanted = [int(side) for side in a["output_shape"][-2:]]
    room = [max(full[i], int(pad[2 * i]) + wanted[i]) for i in range(2)]
    out = np.zeros((photos, groups * weight.shape[1], *room), np.float32)
    grouped = x.reshape(photos, groups, -1, height * width)
    for i in range(weight.shape[2]):
        for j in range(weight.shape[3]):
            tap = weight[:, :, i, j].reshape(groups, -1, weight.shape[1]).transpose(0, 2, 1)
            top, left = i * int(dilations[0]), j * int(dilations[1])
            rows = slice(top, top + (height - 1) * int(strides[0]) + 1, int(strides[0]))
            columns = slice(left, left + (width - 1) * int(strides[1]) + 1, int(strides[1]))
            out[:, :, rows, columns] += (tap @ grouped).reshape(photos, -1, height, width)
    top, left = int(pad[0]), int(pad[2])
    return _biased(out[:, :, top : top + wanted[0], left : left + wanted[1]], a)


def _biased(x: Array, a: Args) -> Array:
    return x if a.get("bias") is None else x + a["bias"].reshape(1, -1, 1, 1)


def max_pool(a: Args) -> Array:
    """The largest value under the kernel."""
    kernel: Any = tuple(int(side) for side in a["kernel_sizes"])
    return np.asarray(np.max(np.stack([seen for *_, seen in _taps(a["x"], kernel, a, -np.inf)]), axis=0))


def avg_pool(a: Args) -> Array:
    """The mean under the kernel; padding counts as 0 unless it is excluded."""
    kernel: Any = tuple(int(side) for side in a["kernel_sizes"])
    total = sum(seen for *_, seen in _taps(a["x"], kernel, a))
    if not a.get("exclude_padding_from_average", False):
        return np.asarray(total / (kernel[0] * kernel[1]))
    return np.asarray(total / sum(seen for *_, seen in _taps(np.ones_like(a["x"]), kernel, a)))


def _along(shape: tuple[int, ...], values: Array, axis: int) -> Array:
    """Values of one axis, so that they broadcast against an array of that shape."""
    return values.reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])


def batch_norm(a: Args) -> Array:
    """By the stored mean and variance of each channel."""
    mean, variance = (_along(a["x"].shape, a[key], 1) for key in ("mean", "variance"))
    gamma, beta = (_along(a["x"].shape, np.asarray(a.get(k, d)), 1) for k, d in (("gamma", 1.0), ("beta", 0.0)))
    return np.asarray(gamma * (a["x"] - mean) / np.sqrt(variance + a.get("epsilon", 1e-5)) + beta)


def _own_norm(a: Args, axes: tuple[int, ...], shape: Callable[[Array], Array]) -> Array:
    x = a["x"]
    unit = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + a.get("epsilon", 1e-5))
    gamma, beta = (a.get(key) for key in ("gamma", "beta"))
    unit = unit if gamma is None else unit * shape(gamma)
    return np.asarray(unit if beta is None else unit + shape(beta))


def instance_norm(a: Args) -> Array:
    """By the mean and variance of each channel of each photo."""
    return _own_norm(a, tuple(range(2, a["x"].ndim)), lambda values: _along(a["x"].shape, values, 1))


def layer_norm(a: Args) -> Array:
    """By the mean and variance over the axes."""
    axes = tuple(int(axis) % a["x"].ndim for axis in a["axes"])
    sides = [side if i in axes else 1 for i, side in enumerate(a["x"].shape)]
    return _own_norm(a, axes, lambda values: values.reshape(sides))


def linear(a: Args) -> Array:
    """x W^T + b."""
    bias = a.get("bias")
    product: Array = a["x"] @ a["weight"].T
    return product if bias is None else product + bias


def matmul(a: Args) -> Array:
    """x y, either transposed."""
    x = a["x"].swapaxes(-1, -2) if a.get("transpose_x", False) else a["x"]
    y = a["y"].swapaxes(-1, -2) if a.get("transpose_y", False) else a["y"]
    return np.asarray(x @ y)


def _interpolated(x: Array, axis: int, at: Array) -> Array:
    """Linear interpolation along an axis at these coordinates, held at the ends."""
    at = np.clip(at, 0, x.shape[axis] - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    share = _along(x.shape, (at - low).astype(np.float32), axis)
    return np.asarray(np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share)


def _grid(have: int, want: int, mode: str) -> Array:
    """Coordinates of `want` samples among `have`, as the MIL page of resize_bilinear defines them."""
    i = np.arange(want)
    if mode == "UNALIGN_CORNERS":
        return (i + 0.5) * have / want - 0.5
    if mode == "DEFAULT":
        return i * have / want
    if mode == "OFFSET_CORNERS":
        delta = max(1, have - 1) / want
        return 0.5 * delta + i * delta
    if want == 1:
        return np.array([(have - 1) / 2 if mode == "ALIGN_CORNERS" else 0.0])
    return i * (have - 1) / (want - 1)


def upsample_bilinear(a: Args) -> Array:
    """Larger by factors."""
    mode = "STRICT_ALIGN_CORNERS" if a.get("align_corners", True) else "UNALIGN_CORNERS"
    height, width = _larger(a)
    return resize_bilinear(
        {"x": a["x"], "target_size_height": height, "target_size_width": width, "sampling_mode": mode}
    )


def resize_bilinear(a: Args) -> Array:
    """To a size."""
    x = a["x"]
    for axis, key in ((-2, "target_size_height"), (-1, "target_size_width")):
        x = _interpolated(x, axis, _grid(x.shape[axis], int(a[key]), a.get("sampling_mode", "DEFAULT")))
    return np.asarray(x)


def _larger(a: Args) -> tuple[int, int]:
    factors = (a.get("scale_factor_height", 1), a.get("scale_factor_width", 1))
    height, width = (int(np.floor(side * f + 1e-6)) for side, f in zip(a["x"].shape[-2:], factors, strict=True))
    return height, width


def nearest(a: Args) -> Array:
    """To a size, or larger by factors: the pixel that holds the corner of the new one."""
    named = "target_size_height" in a
    size = (int(a["target_size_height"]), int(a["target_size_width"])) if named else _larger(a)
    x = a["x"]
    for axis, want in zip((-2, -1), size, strict=True):
        x = np.take(x, np.arange(want) * x.shape[axis] // want, axis)
    return np.asarray(x)


def gelu(a: Args) -> Array:
    """x times the normal distribution function, or one of its two approximations."""
    x, mode = a["x"], a.get("mode", "EXACT")
    if mode == "TANH_APPROXIMATION":
        return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    return np.asarray(x * expit(1.702 * x) if mode == "SIGMOID_APPROXIMATION" else 0.5 * x * (1 + erf(x / np.sqrt(2))))


def softmax(a: Args) -> Array:
    """Exponentials that sum to 1 along the axis."""
    axis = int(a.get("axis", -1))
    powers = np.exp(a["x"] - a["x"].max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))
