"""Checkpoints: one safetensors file each, its state as JSON in the file's metadata; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import DataSet

from . import recipe as recipes
from .nets import Activated, load_strictly
from .recipe import Recipe, Settings

LAST, BEST, SETTINGS = "last.safetensors", "best.safetensors", "settings.json"
_STATE = "state"


@dataclass(frozen=True)
class Trained:
    """A network that a run has kept.

    Attributes:
        recipe, settings: how it was made.
        net: with its activations, in eval mode, on the CPU.
        trained_on: for the manifest.
        state: among others the epoch, and the metric and value by which it was the best.
    """

    recipe: Recipe
    settings: Settings
    net: Activated
    trained_on: tuple[DataSet, ...]
    state: Mapping[str, Any]


def write(path: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Nothing; the file then reads back as given, and is never there in half.

    Raises:
        IQAError: a weight is NaN or infinite.
    """
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise IQAError(f"{path}: {len(broken)} tensors hold NaN or infinity ({broken[0]}); not written. Lower --lr.")
    plain = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    part = path.with_name(path.name + ".part")
    save_file(plain, part, metadata={_STATE: json.dumps(state)})
    part.replace(path)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, state) of a file that `write` made.

    Raises:
        IQAError: no such file, or not one of these.
    """
    try:
        with safe_open(path, "pt") as file:
            state = json.loads((file.metadata() or {})[_STATE])
        return load_file(path), state
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise IQAError(
            f"{path} is no checkpoint of training.run ({type(error).__name__}: {error}). Accepted: {LAST} or {BEST} of "
            "a folder that it was given as --out."
        ) from error


def settings_dict(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values; `settings_from` gives equal ones back."""
    return asdict(settings)


def settings_from(data: Mapping[str, Any]) -> Settings:
    """The settings that a JSON object holds; keys that are not there keep their defaults, others are an error."""
    unknown = set(data) - {field.name for field in fields(Settings)}
    if unknown:
        raise IQAError(f"Settings hold the unknown {', '.join(sorted(unknown))}; they are of another version.")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return Settings(**values)


def optimizer_tensors(net: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """What the optimizer remembers, as NAME/KEY -> tensor; NAME of the parameter in the network."""
    named: dict[Tensor, str] = {parameter: name for name, parameter in net.named_parameters()}
    return {
        f"{named[parameter]}/{key}": value for parameter, kept in optimizer.state.items() for key, value in kept.items()
    }


def restore_optimizer(net: nn.Module, optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Nothing; the optimizer then goes on where `optimizer_tensors` was taken."""
    parameters = dict(net.named_parameters())
    for path, value in tensors.items():
        name, key = path.rsplit("/", 1)
        like = parameters[name]
        fits = value.shape == like.shape
        optimizer.state[like][key] = torch.empty_like(like).copy_(value) if fits else value.clone()


def best(folder: Path) -> Trained:
    """The best network of a run, ready to be exported or measured.

    Args:
        folder: what training was given as --out, or one of its checkpoint files that holds a network.

    Raises:
        IQAError: there is none, or it is of another version of its recipe.
        UnknownNameError: its recipe is not there.
    """
    path = folder / BEST if folder.is_dir() else folder
    tensors, state = read(path)
    if "trained_on" not in state:
        raise ArgumentError(f"{path} is to resume from; accepted: {BEST}.")
    recipe = recipes.get(state["recipe"])
    settings = settings_from(state["settings"])
    net = blank(recipe, settings)
    load_strictly(net, tensors, str(path))
    sources = tuple(DataSet(**row) for row in state["trained_on"])
    return Trained(recipe, settings, Activated(net, recipe.outputs).eval(), sources, state)


def blank(recipe: Recipe, settings: Settings) -> nn.Module:
    """The network of a recipe with random weights: no file is read and nothing is fetched."""
    return recipe.net(replace(settings, weights=""))


def is_run(path: Path) -> bool:
    """Whether a weights file is the best network of a run, rather than weights of a backbone."""
    try:
        with safe_open(path, "pt") as file:
            return _STATE in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False
