"""The ONNX file format at the level of bytes: does every weight lie inside the file?"""

from collections.abc import Iterator
from pathlib import Path

from .errors import ModelError

# Where an ONNX file (onnx.proto) can hold a tensor: message -> field number -> message.
TENSOR_PATHS: dict[str, dict[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": dict.fromkeys((5, 10), "TensorProto")
    | dict.fromkeys((6, 11), "GraphProto")
    | dict.fromkeys((22, 23), "SparseTensorProto"),
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "TensorProto": {},  # external_data = 13, data_location = 14
}


def refuse_external_data(data: bytes, path: Path) -> None:
    """Nothing, when every tensor of an ONNX file lies inside it; decided on the wire format, before any other parser.

    Raises:
        ModelError: a tensor that points to another file (or to memory), or bytes that are not a protobuf message.

    Reference: onnx/onnx.proto; protobuf.dev/programming-guides/encoding.
    """
    stack = [("ModelProto", memoryview(data))]
    try:
        while stack:
            message, body = stack.pop()
            for field, value in _fields(body):
                if message == "TensorProto" and (field == 13 or (field == 14 and value != 0)):
                    raise ModelError(f"{path}: a tensor lies outside the file; accepted: one file with every weight.")
                if isinstance(value, memoryview) and field in TENSOR_PATHS[message]:
                    stack.append((TENSOR_PATHS[message][field], value))
    except (IndexError, ValueError) as error:
        raise ModelError(f"{path}: not an ONNX file ({error}). Pickled and other formats are never opened.") from error


def _fields(body: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        field, wire = tag >> 3, tag & 7
        if wire not in (0, 1, 2, 5) or not 0 < field < 2**29:
            raise ValueError(f"field {field} of wire type {wire}")
        size, at = _varint(body, at) if wire in (0, 2) else ({1: 8, 5: 4}[wire], at)
        if wire == 0:
            yield field, size
            continue
        if size > len(body) - at:
            raise ValueError(f"field {field} is cut off")
        yield field, body[at : at + size]
        at += size


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than 10 bytes")
