"""From a network to ONNX: one file, any number of photos, nothing in it that tells on which machine it was made."""

import logging
import warnings
from typing import Any

import onnx
import torch
from torch import Tensor
from torch.export import Dim

from iqa.errors import IQAError
from iqa.preprocess import Full, InputSpec, Native, Whole, fixed_size

from .nets import Activated

OPSET = 20
"""Of the exported graphs; ONNX Runtime reads it since 1.17."""
_PHOTOS = 2
"""In the example that is traced: torch takes 1 for a constant."""
_ABOUT_PX = 64


def graph(net: Activated, spec: InputSpec) -> onnx.ModelProto:
    """The network in ONNX, float32: inputs named as the views, outputs as the manifest's, the number of photos free.

    Raises:
        IQAError: torch cannot export it; says why.
    """
    rows, shapes = zip(*(_example(view) for view in spec.views), strict=True)
    try:
        with warnings.catch_warnings(), _less_talk():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                net,
                rows,
                dynamo=True,
                external_data=False,
                verbose=False,
                opset_version=OPSET,
                input_names=[view.name for view in spec.views],
                output_names=[output.name for output in net.outputs],
                dynamic_shapes=(shapes,),
            )
    except (torch.onnx.OnnxExporterError, RuntimeError, ValueError, TypeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise IQAError(
            f"The network cannot be exported to ONNX: {lines[0] if lines else error!r}. Its forward must hold for any "
            "number of photos, without branches that look at values."
        ) from error
    model = stripped(program.model_proto)  # type: ignore[union-attr]
    onnx.checker.check_model(model, full_check=True)
    return model


class _less_talk:  # noqa: N801 - used like a function
    """A block without the exporter's own log."""

    def __enter__(self) -> None:
        self._loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
        self._levels = [logger.level for logger in self._loggers]
        for logger in self._loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.setLevel(level)


_photos = Dim("n")


def _example(view: Whole | Native | Full) -> tuple[Tensor, dict[int, Any]]:
    """(a batch as the view gives it, its free sides): photos, and height and width where they depend on the photo."""
    rows = view.rows * view.columns if isinstance(view, Native) else 1
    free: dict[int, Any] = {0: _photos if rows == 1 else rows * _photos}
    sides = list(fixed_size(view))
    for axis, name in enumerate(("height", "width")):
        if sides[axis] is None:
            multiple = 1 if isinstance(view, Native) else view.multiple
            steps = max(2, _ABOUT_PX // multiple) + axis  # height and width must not look as if they were one
            sides[axis] = steps * multiple
            side = Dim(f"{view.name}_{name}")
            free[2 + axis] = side if multiple == 1 else multiple * side
    return torch.zeros(_PHOTOS * rows, 3, int(sides[0] or 0), int(sides[1] or 0)), free


def stripped(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what only a debugger reads: source lines and paths, notes of exporters, inner shapes."""
    del model.metadata_props[:]
    model.doc_string = ""
    graphs: list[Any] = [model.graph, *model.functions]
    for part in graphs:
        del part.metadata_props[:]
        part.doc_string = ""
        for node in part.node:
            del node.metadata_props[:]
            node.doc_string = ""
            graphs += [attribute.g for attribute in node.attribute if attribute.type == onnx.AttributeProto.GRAPH]
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
        value.doc_string = ""
    del model.graph.value_info[:]
    return model
