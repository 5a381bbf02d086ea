"""Reads a saved Core ML package back and runs it in NumPy, so that parity is known without a Mac.

It stands in for Core ML's CPU path: every operation computes in float32 and rounds to the type that the package gives
its result (float16 for most). What a phone's own units do beyond that, such as sums in half precision, it does not
know.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iqa.errors import IQAError

from .mil_table import OPS

_UNREADABLE = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """A block in which coremltools may be loaded and used: no progress bars, no talk about versions of torch."""
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


class Program:
    """A Core ML mlprogram as it lies on disk; call it with its inputs.

    Attributes:
        inputs: name -> shape; an image input is (1, 3, H, W), RGB, 0 to 255.
        outputs: names, in order.
        operations: kinds in use, constants left out.
    """

    def __init__(self, path: Path) -> None:
        """Read an .mlpackage, its weights included.

        Raises:
            IQAError: not a Core ML mlprogram, or it holds operations that OPS does not.
        """
        with quiet():
            from coremltools.converters.mil.frontend.milproto.load import load  # type: ignore[import-untyped]
            from coremltools.models import MLModel  # type: ignore[import-untyped]
            from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

            try:
                model = MLModel(str(path), skip_model_load=True)
                spec = model.get_spec()
                program = load(spec, spec.specificationVersion, model.weights_dir)
            except (*_UNREADABLE, DecodeError) as error:
                raise IQAError(
                    f"{path} is no Core ML mlprogram that can be read ({type(error).__name__}: {error}). Export again."
                ) from error
        self._function: Any = program.functions["main"]
        self.inputs = {name: tuple(int(side) for side in var.shape) for name, var in self._function.inputs.items()}
        self.outputs = tuple(var.name for var in self._function.outputs)
        self._done = _last_uses(self._function)
        self.operations = {op.op_type for op in self._function.operations} - {"const"}
        unknown = sorted(self.operations - set(OPS))
        if unknown:
            raise IQAError(
                f"{path} uses {', '.join(unknown)}, which training.mil_table cannot run yet, so its parity is unknown. "
                "Add the operation there, or write the network without it."
            )

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Output name -> array, for arrays of the shapes that `inputs` names.

        Raises:
            IQAError: another name or shape.
        """
        found = {name: array.shape for name, array in inputs.items()}
        if found != self.inputs:
            raise IQAError(f"The package takes {self.inputs}; found {found}.")
        values: dict[Any, NDArray[Any]] = {
            var: _rounded(np.asarray(inputs[name]), var) for name, var in self._function.inputs.items()
        }
        with np.errstate(over="ignore"):  # beyond float16 is infinity, which the comparison of answers then finds
            for op in self._function.operations:
                self._run(op, values)
                for var in self._done[op]:
                    values.pop(var, None)
        return {var.name: np.asarray(values[var], np.float32) for var in self._function.outputs}

    def _run(self, op: Any, values: dict[Any, NDArray[Any]]) -> None:
        if op.op_type == "const":
            return
        args = {name: _value(var, values) for name, var in op.inputs.items() if var is not None}
        result = OPS[op.op_type](args)
        results = result if isinstance(result, list) else [result]
        for var, array in zip(op.outputs, results, strict=True):
            if tuple(array.shape) != tuple(var.shape):
                raise IQAError(f"{op.op_type} {var.name} gave {array.shape}; the package declares {tuple(var.shape)}.")
            values[var] = _rounded(array, var)


def _last_uses(function: Any) -> dict[Any, list[Any]]:
    """Operation -> what nothing needs after it: at 512 px all values of a network together take gigabytes."""
    last: dict[Any, Any] = {}
    for op in function.operations:
        for var in op.inputs.values():
            for each in var if isinstance(var, list | tuple) else (var,):
                last[each] = op
    done: dict[Any, list[Any]] = {op: [] for op in function.operations}
    for var, op in last.items():
        if var not in function.outputs:
            done[op].append(var)
    return done


def _value(var: Any, values: Mapping[Any, NDArray[Any]]) -> Any:
    """What an argument holds, half precision as float32 (the arithmetic is in that)."""
    if isinstance(var, list | tuple):
        return [_value(each, values) for each in var]
    found = values.get(var, var.val)
    return np.asarray(found, np.float32) if getattr(found, "dtype", None) == np.float16 else found


def _rounded(array: NDArray[Any], var: Any) -> NDArray[Any]:
    """The array in the type of a variable."""
    from coremltools.converters.mil.mil.types import nptype_from_builtin  # type: ignore[import-untyped]

    return array.astype(nptype_from_builtin(var.dtype), copy=False)
