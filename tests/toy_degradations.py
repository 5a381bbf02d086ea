"""A network in place of `degradations`, whose severities can be read off the photo: for tests of what is around it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from iqa.degradations import NAMES
from iqa.model import Model, load_model
from iqa.preprocess import InputSpec, Native, Whole, to_input
from tests import toy_models as toys
from tests.toy_models import Answer, Pixels, Toy

SIDE, CROP = 48, 8
FRAME = Whole(name="frame", height=SIDE, width=SIDE, fit="squash", **toys.AS_IS, **toys.PLAIN)
CROPS = Native(name="crops", height=CROP, width=CROP, rows=2, columns=2, **toys.PLAIN)
OF_MEANS = np.array(
    [[1, 0, 0, 0, 0.25, 0], [0, 1, 0, 0, 0.5, 1], [0, 0, 0, 1, 0.25, 0]],
    np.float32,
)
"""Severities (columns) of the mean red, green and blue; the watermark is what the frame shows of pure red."""
GAIN = 12.0
"""A twelfth of the frame in pure red is a watermark of 1."""


def severities_of(image: Pixels) -> dict[str, float]:
    """What the network says of a photo, worked out with NumPy from the input that it gets."""
    views = to_input(image, InputSpec(views=(FRAME, CROPS)))
    frame, crops = views["frame"][0], views["crops"]
    said = frame.mean(axis=(1, 2)) @ OF_MEANS
    pure = np.maximum(frame[0] - frame[1] - 0.5, 0).mean()
    said[NAMES.index("watermark")] = np.clip(2 * GAIN * pure, 0, 1)
    return {**dict(zip(NAMES, map(float, said), strict=True)), "noise_sigma": float(40 * crops[:, 2].mean())}


def by_hand(image: Pixels) -> Answer:
    return {name: np.array(value) for name, value in severities_of(image).items()}


def graph() -> onnx.ModelProto:
    make = helper.make_node
    nodes = [
        make("ReduceMean", ["frame"], ["means"], axes=[2, 3], keepdims=0),
        make("MatMul", ["means", "of_means"], ["plain"]),
        make("Split", ["frame"], ["red", "green", "blue"], axis=1),
        make("Sub", ["red", "green"], ["redder"]),
        make("Sub", ["redder", "half"], ["above"]),
        make("Relu", ["above"], ["pure"]),
        make("ReduceMean", ["pure"], ["share"], axes=[2, 3], keepdims=0),
        make("Mul", ["share", "gain"], ["strength"]),
        make("MatMul", ["strength", "of_mark"], ["mark"]),
        make("Add", ["plain", "mark"], ["sum"]),
        make("Clip", ["sum", "zero", "one"], ["severities"]),
        make("ReduceMean", ["crops"], ["each"], axes=[2, 3], keepdims=0),
        make("Gather", ["each", "third"], ["blues"], axis=1),
        make("Reshape", ["blues", "by_photo"], ["grouped"]),
        make("ReduceMean", ["grouped"], ["mean"], axes=[1], keepdims=1),
        make("Mul", ["mean", "levels"], ["noise_sigma"]),
    ]
    numbers = {"half": 0.5, "gain": 2 * GAIN, "zero": 0.0, "one": 1.0, "levels": 40.0}
    constants = {name: np.array(value, np.float32) for name, value in numbers.items()}
    marks = np.array([[name == "watermark" for name in NAMES]], np.float32)
    ends = [toys.frame(SIDE, SIDE), toys.tensor("crops", "m", 3, CROP, CROP)]
    said = [toys.tensor("severities", "n", len(NAMES)), toys.tensor("noise_sigma", "n", 1)]
    indices = {"third": np.array([2]), "by_photo": np.array([-1, 4])}
    return toys.network(nodes, ends, said, of_means=OF_MEANS, of_mark=marks, **indices, **constants)


def toy(*labels: str) -> Toy:
    """The stand-in; with ``labels`` its severities go by other names."""
    none = {"direction": "0 = none", "unit": "severity"}
    severities = toys.output("severities", labels or NAMES, **none)
    sigma = toys.output("noise_sigma", ("noise_sigma",), **none | {"unit": "grey levels", "high": 40.0})
    return Toy("degradations", graph(), (FRAME, CROPS), (severities, sigma), by_hand)


def loaded(folder: Path) -> Model:
    """The stand-in, written to disk as a model folder and loaded as every model is."""
    return load_model(toys.write_model(folder, toy()))
