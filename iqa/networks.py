"""The networks that tasks answer with: each loaded and proven once in a process, shared by its threads."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from .errors import ManifestError, ModelError

if TYPE_CHECKING:
    from .model import Model

_LOADING = Lock()


def network(name: str) -> "Model":
    """The one session of this process for that name.

    Raises:
        ModelError, ManifestError: the model is not here, altered or broken; nothing takes its place.
    """
    with _LOADING:  # two threads that ask at the same time would load it twice
        return _loaded(name)


def forget() -> None:
    """Drops every session, so that the next answer loads its folder anew."""
    with _LOADING:
        _loaded.cache_clear()


@cache
def _loaded(name: str) -> "Model":
    from .model import load_model  # loads ONNX Runtime, which the classical estimators do without

    try:
        return load_model(name)
    except (ModelError, ManifestError) as error:
        raise type(error)(
            f"{error} The closed-form estimator needs no model; ask for it by name: classical."
        ) from error
