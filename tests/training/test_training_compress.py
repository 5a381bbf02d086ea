"""training.compress: what is stored smaller is smaller, and answers as nearly as it says."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from iqa.errors import ArgumentError
from tests.toy_export import WIDE
from tests.toy_training import Tiny, output
from training import compress, onnx_export
from training.compress import Storage
from training.nets import Activated, Scorer
from training.recipe import Raw

SHAPE = (2, 3, 16, 16)
NAMES = ("a", "b", "c", "bias")


def weights(seed: int, *shape: int) -> NDArray[np.float32]:
    """Numbers with heavy tails, as weights have them."""
    return np.random.default_rng(seed).laplace(0, 0.05, shape).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> onnx.ModelProto:
    """Two convolutions and a linear layer, 34,000 weights."""
    constants = {
        "a": weights(1, 32, 3, 3, 3),
        "b": weights(2, 64, 32, 3, 3),
        "c": weights(3, 256, 64),
        "bias": weights(4, 256),
    }
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["1"]),
        helper.make_node("Relu", ["1"], ["2"]),
        helper.make_node("Conv", ["2", "b"], ["3"]),
        helper.make_node("GlobalAveragePool", ["3"], ["4"]),
        helper.make_node("Flatten", ["4"], ["5"]),
        helper.make_node("Gemm", ["5", "c", "bias"], ["6"], transB=1),
        helper.make_node("Sigmoid", ["6"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["n", 3, 16, 16]), ("y", ["n", 256]))
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def answer(model: onnx.ModelProto, x: NDArray[np.float32], name: str = "x") -> NDArray[np.float32]:
    """Of ONNX Runtime."""
    onnx.checker.check_model(model, full_check=True)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run(None, {name: x})[0]
    return found


def picture(seed: int) -> NDArray[np.float32]:
    """A batch of two."""
    return np.random.default_rng(seed).normal(size=SHAPE).astype(np.float32)


def test_half_precision_storage_halves_the_file_and_keeps_the_arithmetic(network: onnx.ModelProto) -> None:
    half = compress.halved(network, NAMES)
    assert half.ByteSize() < 0.53 * network.ByteSize()
    by_hand = onnx.ModelProto()
    by_hand.CopyFrom(network)
    for tensor in (t for t in by_hand.graph.initializer if t.name in ("b", "c")):
        tensor.CopyFrom(numpy_helper.from_array(np.float32(np.float16(numpy_helper.to_array(tensor))), tensor.name))
    x = picture(0)
    np.testing.assert_allclose(answer(half, x), answer(by_hand, x), rtol=0, atol=1e-7)
    assert 0 < np.abs(answer(half, x) - answer(network, x)).max() < 1e-3


def test_what_half_precision_cannot_hold_stays_as_it_is(network: onnx.ModelProto) -> None:
    large = onnx.ModelProto()
    large.CopyFrom(network)
    tensor = next(t for t in large.graph.initializer if t.name == "b")
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1e6, "b"))
    half = compress.halved(large, NAMES)
    kinds = {t.name: t.data_type for t in half.graph.initializer}
    assert kinds["b"] == TensorProto.FLOAT
    assert kinds["c_half"] == TensorProto.FLOAT16
    assert np.isfinite(answer(half, picture(0))).all()


def test_small_layers_vectors_and_what_is_no_weight_stay_in_full_precision(network: onnx.ModelProto) -> None:
    kinds = {t.name: t.data_type for t in compress.halved(network, {*NAMES} - {"c"}).graph.initializer}
    assert {name for name, kind in kinds.items() if kind == TensorProto.FLOAT16} == {"b_half"}
    assert {"a", "bias", "c"} <= kinds.keys()


def test_the_rounded_network_is_that_of_the_graph_also_behind_a_batch_norm() -> None:
    torch.manual_seed(1)
    norms, second = (nn.BatchNorm2d(40), nn.BatchNorm2d(40)), nn.Conv2d(40, 40, 3)
    layers = nn.Sequential(nn.Conv2d(3, 40, 3), norms[0], second, norms[1])
    for norm in norms:
        nn.init.normal_(norm.get_buffer("running_mean"))
        nn.init.uniform_(norm.get_buffer("running_var"), 0.1, 4)
        nn.init.normal_(norm.weight)
    second.weight.data[3] = 0

    class Folded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.last = layers, nn.Linear(40, 60)

        def forward(self, x: torch.Tensor) -> Raw:
            return {"quality": self.last(self.layers(x).mean((2, 3)))[:, :1]}

    net = Activated(Folded(), (output(),)).eval()
    plain = onnx_export.graph(net, WIDE.inputs(WIDE.defaults))
    names = compress.shared(net, plain)
    folded = {t.name: numpy_helper.to_array(t) for t in plain.graph.initializer}
    key = "net.layers.2.weight"
    assert key in names
    assert not np.allclose(folded[key], net.state_dict()[key].numpy()), "the exporter has multiplied the factors in"
    made = compress.rounded(net, plain)
    x = torch.rand(2, 3, 24, 24)
    found = answer(compress.halved(plain, names), x.numpy(), "frame")
    with torch.inference_mode():
        np.testing.assert_allclose(found, made(x)[0].numpy(), rtol=0, atol=1e-6)
        assert np.abs(found - net(x)[0].numpy()).max() > 5e-6
    last = "net.last.weight"
    assert torch.equal(made.state_dict()[last], net.state_dict()[last].half().float())
    assert torch.equal(made.state_dict()[key][3], torch.zeros(40, 3, 3))
    assert torch.equal(made.state_dict()["net.layers.0.weight"], net.state_dict()["net.layers.0.weight"]), "small"


@pytest.mark.parametrize("bits", compress.BITS)
def test_a_palette_is_better_than_even_steps(bits: int) -> None:
    values = weights(5, 64, 32, 3, 3)
    table, index = compress.palette(values, bits)
    assert (table.size, index.shape, index.dtype) == (2**bits, values.shape, np.uint8)
    assert (np.diff(table) >= 0).all()
    steps = np.linspace(values.min(), values.max(), 2**bits)
    even = steps[np.abs(values[..., None] - steps).argmin(-1)]
    np.testing.assert_array_equal(table[index], table[np.abs(values[..., None] - table).argmin(-1)])
    assert np.square(table[index] - values).mean() < 0.9 * np.square(even - values).mean()


def test_a_palette_that_is_large_enough_loses_nothing_and_keeps_zeros() -> None:
    values = np.float32([[0.5, 0, -1.25, 0.5], [0, 3, -1.25, 0.25]])
    table, index = compress.palette(values, 4)
    np.testing.assert_array_equal(table[index], values)
    nothing = np.zeros((3, 5), np.float32)
    table, index = compress.palette(nothing, 2)
    np.testing.assert_array_equal(table[index], nothing)


def test_palettes_cost_less_with_more_bits_and_a_byte_per_weight(network: onnx.ModelProto) -> None:
    x = picture(0)
    exact = answer(network, x)
    made = {bits: compress.palettized(network, bits) for bits in compress.BITS}
    losses = [np.abs(answer(made[bits], x) - exact).mean() for bits in sorted(made)]
    assert losses == sorted(losses, reverse=True)
    assert 0 < losses[-1] < 5e-4
    assert made[8].ByteSize() < 0.3 * network.ByteSize()
    stored = next(t for t in made[4].graph.initializer if t.name == "b_index")
    assert len(np.unique(numpy_helper.to_array(stored))) <= 16


def test_8_bit_arithmetic_is_a_third_of_the_size_and_near(network: onnx.ModelProto) -> None:
    small = compress.int8(network, [{"x": picture(seed)} for seed in range(8)])
    assert small.ByteSize() < 0.35 * network.ByteSize()
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in small.graph.node}
    kinds = {numpy_helper.to_array(t).dtype for t in small.graph.initializer if np.prod(t.dims) > 2000}
    assert kinds == {np.dtype(np.int8)}
    largest = max(
        np.abs(numpy_helper.to_array(t)).max() for t in small.graph.initializer if t.data_type == TensorProto.INT8
    )
    assert largest <= 64, "7 bits, which no processor's 16-bit sums overflow"
    x = picture(99)
    exact, found = answer(network, x), answer(small, x)
    assert 0 < np.abs(found - exact).max() < 0.02
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.999


def test_pruning_zeroes_the_smallest_weights_of_large_layers_alone() -> None:
    torch.manual_seed(0)
    net = Activated(Scorer(Tiny(), {"quality": 1}, hidden=(256,)), (output(),)).eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    made = compress.pruned(net, 0.6)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items()), "a copy is pruned"
    assert made.state_dict().keys() == before.keys()
    for name, tensor in made.state_dict().items():
        zeros = float((tensor == 0).float().mean())
        if name == "net.heads.quality.0.0.weight":
            assert zeros == pytest.approx(0.6, abs=1e-3)
            gone = tensor == 0
            assert before[name][gone].abs().max() <= before[name][~gone].abs().min()
        else:
            assert torch.equal(tensor, before[name])


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"weights": "fp8"}, "accepted fp32, fp16, int8"),
        ({"prune": 1.0}, "accepted a share above 0"),
        ({"prune": float("nan")}, "accepted a share above 0"),
        ({"bits": 3}, "accepted 2, 4, 6, 8 bits"),
        ({"bits": 4, "weights": "int8"}, "choose one"),
    ],
)
def test_storage_that_makes_no_sense_is_refused(choice: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Storage(**choice)  # type: ignore[arg-type]


def test_storage_says_what_it_is() -> None:
    assert str(Storage("fp16", 0.5, 4)) == "fp16, 50% pruned, 4-bit palettes"
    assert [Storage(w).lossy for w in compress.WEIGHTS] == [False, False, True]
    assert Storage(prune=0.1).lossy


def test_zeros_are_what_zipping_saves(tmp_path: Path) -> None:
    values = weights(7, 100, 100)
    for name, array in (("full", values), ("pruned", np.where(np.abs(values) > 0.05, values, 0))):
        (tmp_path / name).write_bytes(array.astype(np.float16).tobytes())
    full, pruned = (compress.zipped([tmp_path / name]) for name in ("full", "pruned"))
    assert pruned < 0.75 * full
    assert compress.zipped([tmp_path / "full", tmp_path / "pruned"]) == full + pruned


def test_the_opset_is_read_from_the_file(network: onnx.ModelProto) -> None:
    assert compress.opset(network) == 20
