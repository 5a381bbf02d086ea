"""Estimators by name: the classical one of a task, an installed model, or a model in a folder."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iqa import manifest as manifests
from iqa.errors import ArgumentError, UnknownNameError
from iqa.estimator import Estimator
from iqa.manifest import Manifest
from iqa.model import Model, list_models, load_model

CLASSICAL = "classical"


def installed(task: str) -> tuple[str, ...]:
    """The names of the installed models of a task."""
    return tuple(name for name, row in list_models().items() if isinstance(row, Manifest) and row.task == task)


def estimator_of(name: str, classical: Estimator) -> Estimator:
    """What stands in the report: the classical estimator, or the model of that name or in that folder, with its hash.

    Raises:
        UnknownNameError: neither. ManifestError: the folder holds no model.
    """
    if name == CLASSICAL:
        return classical
    row = _manifest(name)
    return Estimator(row.name, row.version, row.sha256)


def score_of(name: str, pixels: NDArray[np.uint8]) -> float:
    """The first higher-is-better score that a model gives a photo, in [0, 1].

    The model is loaded when it is asked for, once in a process, with one thread: processes share the cores.

    Raises:
        ArgumentError: the model gives no such score. IQAError: it is not there, altered, or fails on the photo.
    """
    model = _loaded(name)
    return float(model.predict(pixels)[_label(model.manifest)])


@lru_cache(maxsize=1)
def _loaded(name: str) -> Model:
    return load_model(name if name in list_models() else Path(name), threads=1)


def _manifest(name: str) -> Manifest:
    found = list_models()
    if name in found:
        row = found[name]
        if isinstance(row, Manifest):
            return row
        raise row
    if not Path(name).is_dir():
        raise UnknownNameError("estimator", name, (CLASSICAL, *found))
    row = manifests.read(Path(name))
    _label(row)
    return row


def _label(row: Manifest) -> str:
    for output in row.outputs:
        if output.kind == "scores" and output.direction == "higher is better":
            return output.labels[0]
    directions = ", ".join(f"{output.name} ({output.direction})" for output in row.outputs)
    raise ArgumentError(f"The model {row.name} gives no score that is higher for better photos; found: {directions}.")
