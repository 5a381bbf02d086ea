"""Toy networks with an answer that can be worked out by hand, written to disk as real model folders."""

import dataclasses
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from iqa import manifest as manifests
from iqa.manifest import DataSet, Manifest, Output, Probe, Provenance, Result
from iqa.preprocess import Full, InputSpec, Native, Whole
from iqa.probe import probe_image, summary

Pixels = NDArray[np.uint8]
Answer = dict[str, NDArray[np.float64]]
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
TO_CLASSES = np.array([[8, -4, 1, 0.5], [-2, 6, 1, -0.5], [-3, -1, 2, 4]])  # exact in float16
PLAIN = {"scale": 255.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}
AS_IS = {"multiple": 1, "portrait": "same", "resize": "area-bilinear", "crop_fraction": 1.0}
SQUASHED = Whole(name="frame", height=8, width=8, fit="squash", **AS_IS, **PLAIN)
CROPS = Native(name="crops", height=8, width=8, rows=2, columns=2, **PLAIN)
FULL = Full(name="photo", multiple=4, max_pixels=1_000_000, context_px=0, **PLAIN)


@dataclass(frozen=True)
class Toy:
    """A network, what it declares, and the same answer worked out with NumPy from the photo."""

    name: str
    network: onnx.ModelProto
    views: tuple[Whole | Native | Full, ...]
    outputs: tuple[Output, ...]
    by_hand: Callable[[Pixels], Answer]


def output(name: str, labels: tuple[str, ...], **changes: Any) -> Output:
    row = {"kind": "scores", "low": 0.0, "high": 1.0, "direction": "higher is better", "unit": "score"}
    return Output(name=name, labels=labels, **{**row, "activation": "none", "thresholds": {}, **changes})


def tensor(name: str, *shape: object) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def network(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    **constants: NDArray[Any],
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "toy", inputs, outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


def frame(height: object = 8, width: object = 8) -> onnx.ValueInfoProto:
    return tensor("frame", "n", 3, height, width)


def luminance() -> Toy:
    """The mean luminance of the frame, in [0, 1]."""
    nodes = [
        helper.make_node("ReduceMean", ["frame"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["score"]),
    ]
    weights = LUMINANCE.reshape(3, 1).astype(np.float32)
    return Toy(
        "toy-luminance",
        network(nodes, [frame()], [tensor("score", "n", 1)], weights=weights),
        (SQUASHED,),
        (output("score", ("quality",)),),
        lambda image: {"quality": image.mean(axis=(0, 1)) / 255 @ LUMINANCE},
    )


def two_views() -> Toy:
    """The green mean of the frame, and the largest red mean of four native crops."""
    nodes = [
        helper.make_node("ReduceMean", ["frame"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["means", "green"], ["light"], axis=1),
        helper.make_node("ReduceMean", ["crops"], ["each"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["each", "red"], ["reds"], axis=1),
        helper.make_node("Reshape", ["reds", "by_photo"], ["grouped"]),
        helper.make_node("ReduceMax", ["grouped"], ["worst"], axes=[1], keepdims=1),
    ]
    constants = {"green": np.array([1]), "red": np.array([0]), "by_photo": np.array([-1, 4])}

    def by_hand(image: Pixels) -> Answer:
        near = [max(0, (side - 16) // 4) for side in image.shape[:2]]  # the first crop is centered at a quarter
        starts = [(first, side - 8 - first) for first, side in zip(near, image.shape[:2], strict=True)]
        crops = [image[top : top + 8, left : left + 8, 0].mean() for top in starts[0] for left in starts[1]]
        return {"light": image[..., 1].mean() / 255, "noise": np.max(crops) / 255}

    return Toy(
        "toy-two-views",
        network(
            nodes,
            [frame(), tensor("crops", "m", 3, 8, 8)],
            [tensor("light", "n", 1), tensor("worst", "n", 1)],
            **constants,
        ),
        (SQUASHED, CROPS),
        (output("light", ("light",)), output("worst", ("noise",), direction="0 = none", unit="severity")),
        by_hand,
    )


def classes() -> Toy:
    """Four probabilities: the softmax of a matrix, stored in half precision behind a Cast, times the channel means."""
    nodes = [
        helper.make_node("Cast", ["half"], ["weights"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["frame"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    labels = ("sharp", "defocused_object_portrait", "defocused_blurred", "motion_blurred")

    def by_hand(image: Pixels) -> Answer:
        powers = np.exp(image.mean(axis=(0, 1)) / 255 @ TO_CLASSES)
        return dict(zip(labels, powers / powers.sum(), strict=True))

    declared = output(
        "probabilities",
        labels,
        direction="higher is likelier",
        unit="probability",
        activation="softmax",
        thresholds={"motion_blurred": 0.75},
    )
    half = TO_CLASSES.astype(np.float16)
    return Toy(
        "toy-classes",
        network(nodes, [frame()], [tensor("probabilities", "n", 4)], half=half),
        (SQUASHED,),
        (declared,),
        by_hand,
    )


def brighter() -> Toy:
    """The square root of every pixel: an image of any size."""
    shape = ("n", 3, "h", "w")
    declared = output("bright", ("enhanced",), kind="image", direction="no direction", unit="relative intensity")
    return Toy(
        "toy-brighter",
        network(
            [helper.make_node("Sqrt", ["photo"], ["bright"])], [tensor("photo", *shape)], [tensor("bright", *shape)]
        ),
        (FULL,),
        (declared,),
        lambda image: {"enhanced": np.sqrt(image / 255)},
    )


MEASURED = {"data_set": "toy", "split": "test", "n": 10, "metric": "SRCC"}
MEASURED |= {"value": 0.5, "interval": (0.25, 0.75), "report": "results/toy/run.json"}
TOYS = (luminance(), two_views(), classes(), brighter())


def png(image: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def describe(toy: Toy, data: bytes, probe: bytes, answer: Answer) -> Manifest:
    expected = {label: tuple(summary(np.asarray(value))) for label, value in answer.items()}
    return Manifest(
        name=toy.name,
        version="1.0.0",
        task="toy",
        file="model.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        license="Apache-2.0",
        description="A network with an answer that can be worked out by hand.",
        input=InputSpec(views=toy.views),
        outputs=toy.outputs,
        trained_on=(DataSet(name="none", split="none", photos=0, license="CC0-1.0", source="set by hand"),),
        results=(Result(**MEASURED),),
        probe=Probe(file="probe.png", sha256=hashlib.sha256(probe).hexdigest(), outputs=expected, tolerance=1e-6),
        provenance=Provenance(
            created="2026-11-21T04:00:00Z", recipe=None, commit=None, opset=17, packages={"onnx": onnx.__version__}
        ),
    )


def write_model(root: Path, toy: Toy) -> Path:
    """The folder of a complete, valid model."""
    folder = root / toy.name
    folder.mkdir(parents=True)
    data = toy.network.SerializeToString()
    image = probe_image(40, 56, seed=7)
    probe = png(image)
    (folder / "model.onnx").write_bytes(data)
    (folder / "probe.png").write_bytes(probe)
    manifests.write(describe(toy, data, probe, toy.by_hand(image)), folder)
    return folder


def swap_network(folder: Path, data: bytes) -> Path:
    """The same folder with other weights and a manifest that declares their size and hash."""
    (folder / "model.onnx").write_bytes(data)
    manifest = manifests.read(folder)
    sha256 = hashlib.sha256(data).hexdigest()
    manifests.write(dataclasses.replace(manifest, sha256=sha256, size_bytes=len(data)), folder)
    return folder


# --- networks that break a promise ------------------------------------------------------------------------------------


def outside() -> onnx.TensorProto:
    """A tensor whose numbers lie in weights.bin."""
    tensor = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[3, 1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def hidden_places() -> dict[str, onnx.ModelProto]:
    """Networks that hold the outside tensor, one per place that ONNX has for a tensor."""
    graph = helper.make_graph([], "inner", [], [], [outside()])
    sparse = onnx.SparseTensorProto(values=outside(), dims=[3])
    attributes = {
        "tensor": onnx.AttributeProto(t=outside()),
        "tensors": onnx.AttributeProto(tensors=[outside()]),
        "graph": onnx.AttributeProto(g=graph),
        "graphs": onnx.AttributeProto(graphs=[graph]),
        "sparse_tensor": onnx.AttributeProto(sparse_tensor=sparse),
        "sparse_tensors": onnx.AttributeProto(sparse_tensors=[sparse]),
    }
    nodes = {name: onnx.NodeProto(attribute=[attribute]) for name, attribute in attributes.items()}
    places = {f"node {name}": onnx.ModelProto(graph=onnx.GraphProto(node=[node])) for name, node in nodes.items()}
    node, attribute = nodes["graph"], attributes["tensor"]
    nameless = TensorProto(external_data=[onnx.StringStringEntryProto(key="location", value="weights.bin")])
    return places | {
        "sparse initializer": onnx.ModelProto(graph=onnx.GraphProto(sparse_initializer=[sparse])),
        "function node": onnx.ModelProto(functions=[onnx.FunctionProto(node=[node])]),
        "function default": onnx.ModelProto(functions=[onnx.FunctionProto(attribute_proto=[attribute])]),
        "training": onnx.ModelProto(training_info=[onnx.TrainingInfoProto(algorithm=graph)]),
        "data alone": onnx.ModelProto(graph=onnx.GraphProto(initializer=[nameless])),
        "location alone": onnx.ModelProto(graph=onnx.GraphProto(initializer=[TensorProto(data_location=1)])),
    }


def mean_of(name: str = "frame", result: str = "score", *, kind: int = TensorProto.FLOAT, batch: object = "n") -> bytes:
    """The mean of the frame, through an input and an output of any name, type and number of photos."""
    ends = [helper.make_tensor_value_info(end, kind, [batch, *rest]) for end, *rest in ((name, 3, 8, 8), (result, 1))]
    nodes = [
        helper.make_node("ReduceMean", [name], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["means"], [result], axes=[1], keepdims=1),
    ]
    return network(nodes, ends[:1], ends[1:]).SerializeToString()


def scaled(factor: float) -> bytes:
    """The luminance times a factor, under the name of a score in [0, 1]."""
    toy = luminance().network
    toy.graph.node[-1].output[0] = "raw"
    toy.graph.node.append(helper.make_node("Mul", ["raw", "factor"], ["score"]))
    toy.graph.initializer.append(numpy_helper.from_array(np.array(factor, np.float32), "factor"))
    return toy.SerializeToString()
