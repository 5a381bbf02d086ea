"""training.mil: the NumPy operations give what torch gives, and a package is read back with its weights."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from iqa.errors import IQAError
from iqa.preprocess import Full, InputSpec
from tests.toy_training import output
from training import coreml_export, mil
from training.mil_table import OPS, _bits
from training.nets import Activated

Case = tuple[str, dict[str, Any], Callable[[Tensor], Tensor]]
RNG = np.random.default_rng(4)
X = RNG.normal(size=(2, 6, 11, 14)).astype(np.float32)


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    """Seeded numbers."""
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def of(array: np.ndarray[Any, Any]) -> Tensor:
    """As a tensor."""
    return torch.from_numpy(array)


CUSTOM = {"pad_type": "custom", "strides": [2, 3], "dilations": [1, 2], "pad": [1, 1, 2, 2]}
POOL = {"pad_type": "custom", "kernel_sizes": [3, 2], "strides": [2, 2], "pad": [1, 1, 0, 0]}
W, D, G, T, T2 = drawn(8, 6, 3, 3), drawn(6, 1, 3, 3), drawn(8, 3, 3, 3), drawn(6, 4, 3, 3), drawn(6, 2, 2, 2)
B, SIX = drawn(8), drawn(6)
CASES: list[Case] = [
    ("conv", {"weight": W, "bias": B}, lambda x: F.conv2d(x, of(W), of(B))),
    ("conv", {"weight": W, **CUSTOM}, lambda x: F.conv2d(x, of(W), None, (2, 3), (1, 2), (1, 2))),
    ("conv", {"weight": W, "pad_type": "same"}, lambda x: F.conv2d(x, of(W), None, 1, 1)),
    ("conv", {"weight": D, "groups": 6, "pad_type": "same"}, lambda x: F.conv2d(x, of(D), None, 1, 1, 1, 6)),
    ("conv", {"weight": G, "groups": 2, "strides": [2, 2]}, lambda x: F.conv2d(x, of(G), None, 2, 0, 1, 2)),
    ("conv_transpose", {"weight": T, "strides": [2, 2]}, lambda x: F.conv_transpose2d(x, of(T), None, 2)),
    (
        "conv_transpose",
        {"weight": T, "strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 1, 1], "output_shape": [2, 4, 22, 28]},
        lambda x: F.conv_transpose2d(x, of(T), None, 2, 1, 1),
    ),
    (
        "conv_transpose",
        {"weight": T2, "groups": 3, "strides": [2, 2], "bias": SIX},
        lambda x: F.conv_transpose2d(x, of(T2), of(SIX), 2, 0, 0, 3),
    ),
    ("reverse", {"axes": [3]}, lambda x: x.flip(3)),
    ("max_pool", POOL, lambda x: F.max_pool2d(x, (3, 2), 2, (1, 0))),
    ("max_pool", {**POOL, "ceil_mode": True}, lambda x: F.max_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True)),
    ("avg_pool", POOL, lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0))),
    (
        "avg_pool",
        {**POOL, "exclude_padding_from_average": True},
        lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0), count_include_pad=False),
    ),
    (
        "batch_norm",
        {"mean": SIX, "variance": SIX**2, "gamma": SIX, "beta": SIX, "epsilon": 1e-3},
        lambda x: F.batch_norm(x, of(SIX), of(SIX**2), of(SIX), of(SIX), eps=1e-3),
    ),
    ("instance_norm", {"gamma": SIX, "beta": SIX}, lambda x: F.instance_norm(x, weight=of(SIX), bias=of(SIX))),
    ("layer_norm", {"axes": [-1]}, lambda x: F.layer_norm(x, (14,))),
    (
        "upsample_bilinear",
        {"scale_factor_height": 2.0, "scale_factor_width": 2.0, "align_corners": False},
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    ),
    (
        "resize_bilinear",
        {"target_size_height": 7, "target_size_width": 20, "sampling_mode": "STRICT_ALIGN_CORNERS"},
        lambda x: F.interpolate(x, (7, 20), mode="bilinear", align_corners=True),
    ),
    (
        "resize_bilinear",
        {"target_size_height": 7, "target_size_width": 20, "sampling_mode": "UNALIGN_CORNERS"},
        lambda x: F.interpolate(x, (7, 20), mode="bilinear"),
    ),
    (
        "upsample_nearest_neighbor",
        {"scale_factor_height": 2.0, "scale_factor_width": 3.0},
        lambda x: F.interpolate(x, scale_factor=(2.0, 3.0)),
    ),
    ("pad", {"pad": [1, 2, 3, 4], "mode": "reflect"}, lambda x: F.pad(x, (3, 4, 1, 2), "reflect")),
    ("pad", {"pad": [1, 2, 3, 4], "mode": "replicate"}, lambda x: F.pad(x, (3, 4, 1, 2), "replicate")),
    ("pad", {"pad": [1, 2], "mode": "constant", "constant_val": 0.5}, lambda x: F.pad(x, (1, 2), value=0.5)),
    ("gelu", {}, F.gelu),
    ("gelu", {"mode": "TANH_APPROXIMATION"}, lambda x: F.gelu(x, approximate="tanh")),
    ("softmax", {"axis": 1}, lambda x: x.softmax(1)),
    ("silu", {}, F.silu),
    ("elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
    ("prelu", {"alpha": SIX}, lambda x: F.prelu(x, of(SIX))),
    ("leaky_relu", {"alpha": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    ("sigmoid_hard", {"alpha": 1 / 6, "beta": 0.5}, F.hardsigmoid),
    ("softplus", {}, F.softplus),
    ("erf", {}, torch.erf),
    ("reduce_mean", {"axes": [2, 3], "keep_dims": True}, lambda x: x.mean((2, 3), keepdim=True)),
    ("reduce_max", {"axes": [1]}, lambda x: x.amax(1)),
    ("transpose", {"perm": [0, 2, 3, 1]}, lambda x: x.permute(0, 2, 3, 1)),
    ("reshape", {"shape": [0, 3, -1]}, lambda x: x.reshape(2, 3, -1)),
    (
        "slice_by_index",
        {
            "begin": [0, 1, 2, 0],
            "end": [1, 5, 0, 9],
            "stride": [1, 2, 1, 4],
            "end_mask": [False, False, True, False],
            "squeeze_mask": [True, False, False, False],
        },
        lambda x: x[0, 1:5:2, 2:, 0:9:4],
    ),
    ("linear", {"weight": drawn(5, 14), "bias": drawn(5)}, lambda x: F.linear(x, of(drawn(5, 14)), of(drawn(5)))),
    ("matmul", {"y": X, "transpose_y": True}, lambda x: x @ x.mT),
    ("less_equal", {"y": np.float32(X[0, 0, 0, 0])}, lambda x: x <= x[0, 0, 0, 0]),
    ("greater_equal", {"y": X[:, :, ::-1]}, lambda x: x >= x.flip(2)),
]


@pytest.mark.parametrize(("name", "args", "wanted"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_an_operation_gives_what_torch_gives(
    name: str, args: dict[str, Any], wanted: Callable[[Tensor], Tensor]
) -> None:
    found = OPS[name]({"x": X, **args})
    np.testing.assert_allclose(found, wanted(of(X)).numpy(), rtol=0, atol=2e-5)


def test_pixels_are_shuffled_there_and_back_as_torch_does() -> None:
    x = drawn(2, 12, 4, 6)
    there = OPS["pixel_shuffle"]({"x": x, "upscale_factor": 2})
    np.testing.assert_array_equal(there, F.pixel_shuffle(of(x), 2).numpy())
    np.testing.assert_array_equal(OPS["pixel_unshuffle"]({"x": there, "downscale_factor": 2}), x)


@pytest.mark.parametrize("width", [1, 2, 4, 6, 8])
def test_packed_indices_are_unpacked_across_bytes(width: int) -> None:
    numbers = np.random.default_rng(width).integers(0, 2**width, 37)
    as_one = sum(int(number) << (width * place) for place, number in enumerate(numbers))
    packed = np.frombuffer(as_one.to_bytes(-(-37 * width // 8), "little"), np.uint8)
    np.testing.assert_array_equal(_bits(packed, width, 37), numbers)


class Moved(nn.Module):
    """Operations that move values about, and a resize."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """An image of the size of x."""
        halves = torch.split(x, [1, 2], 1)
        near = F.interpolate(F.avg_pool2d(x, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed = torch.stack([torch.cat(halves[::-1], 1), near], 0).mean(0)
        return {"shown": F.pad(mixed, (1, 1, 1, 1), mode="reflect")[:, :, 1:-1, 1:-1].clamp(0, 1)}


SPEC = InputSpec(
    views=(Full(name="photo", multiple=4, max_pixels=10**6, context_px=0, scale=255.0, mean=(0,) * 3, std=(1,) * 3),)
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`Moved` as a package on disk."""
    net = Activated(Moved(), [output(name="shown", labels=("shown",), kind="image", activation="clip")]).eval()
    inputs = coreml_export.image_inputs(SPEC, 16)
    path = tmp_path_factory.mktemp("package") / "model.mlpackage"
    with mil.quiet():
        coreml_export.convert(net, inputs).save(str(path))
    return path


def test_a_package_is_read_back_and_answers(package: Path) -> None:
    program = mil.Program(package)
    assert (program.inputs, program.outputs) == ({"photo": (1, 3, 16, 16)}, ("shown",))
    pixels = np.random.default_rng(1).integers(0, 256, (1, 3, 16, 16)).astype(np.float32)
    wanted = Moved()(torch.from_numpy(pixels) / 255)["shown"].numpy()
    found = program({"photo": pixels})["shown"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-3)
    assert np.abs(found - wanted).max() > 1e-6, "half precision must show"


def test_other_inputs_are_refused(package: Path) -> None:
    program = mil.Program(package)
    for inputs in ({}, {"frame": np.zeros((1, 3, 16, 16))}, {"photo": np.zeros((1, 3, 16, 8))}):
        with pytest.raises(IQAError, match="The package takes"):
            program(inputs)


def test_an_operation_that_is_not_in_the_table_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(mil.OPS, "avg_pool")
    with pytest.raises(IQAError, match="uses avg_pool, which"):
        mil.Program(package)


def test_what_is_no_package_is_refused(package: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mlpackage"
    shutil.copytree(package, broken)
    next(broken.rglob("*.mlmodel")).write_bytes(b"no protobuf")
    for path in (tmp_path / "none.mlpackage", broken):
        with pytest.raises(IQAError, match="no Core ML mlprogram"):
            mil.Program(path)


def test_talk_of_the_converter_is_kept_off_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with mil.quiet():
        import sys

        print("progress", file=sys.stderr)
        logging.getLogger("coremltools").warning("untested")
    assert capsys.readouterr().err == ""
