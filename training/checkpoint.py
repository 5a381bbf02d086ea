"""Checkpoints: one safetensors file each, its state as JSON in the file's metadata; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from iqa.errors import ArgumentError, IQAError
from iqa.manifest import DataSet, read_record

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
        IQAError: a weight is NaN or infinite, or the file cannot be written.
    """
    broken = [name for name, tensor in tensors.items() if tensor.is_floating_point() and not tensor.isfinite().all()]
    if broken:
        raise IQAError(f"{path}: {len(broken)} tensors hold NaN or infinity ({broken[0]}); not written. Lower --lr.")
    plain = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    part = path.with_name(path.name + ".part")
    try:
        save_file(plain, part, metadata={_STATE: json.dumps(state)})
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise IQAError(f"{path} could not be written ({error}). What was there before is still there.") from error


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, state) of a file that `write` made.

    Raises:
        IQAError: no such file, or not one of these.
    """
    told = state(path)
    return load_file(path), told


def state(path: Path) -> dict[str, Any]:
    """The state of a file that `write` made, without its tensors; a cut file is noticed.

    Raises:
        IQAError: no such file, or not one of these.
    """
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {})[_STATE])
        if not isinstance(told, dict):
            raise ValueError("its state is no object")
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise IQAError(
            f"{path} is no checkpoint of training.run ({type(error).__name__}: {error}). Accepted: {LAST} or {BEST} of "
            "a folder that it was given as --out."
        ) from error
    return told


def about(path: Path, told: Mapping[str, Any]) -> tuple[str, Settings]:
    """(name of the recipe, settings) that the state of a checkpoint, or settings.json, tells.

    Raises:
        IQAError: one of them is missing, or not as it was written (a ManifestError, which names the place).
    """
    name = told.get("recipe")
    if not isinstance(name, str):
        raise IQAError(f"{path} names no recipe (found {name!r}); training.run wrote none like it.")
    return name, settings_from(told.get("settings"), f"{path}: settings")


def settings_dict(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values; `settings_from` gives equal ones back."""
    return asdict(settings)


def settings_from(data: object, where: str = "Settings") -> Settings:
    """The settings that a JSON object holds; a key that is not there keeps its default, as in runs of older versions.

    Raises:
        ManifestError: a key is unknown or has none, or a value is of another type; `where` is named.
    """
    kept = {field.name: field.default for field in fields(Settings) if field.default is not MISSING} | {"extra": {}}
    read_as: Settings = read_record(Settings, kept | data if isinstance(data, dict) else data, where)
    return read_as


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
        name, _, key = path.rpartition("/")
        if name not in parameters:
            raise IQAError(f"The optimizer's {path} belongs to no weight of this network; nothing to go on with.")
        like = parameters[name]
        fits = value.shape == like.shape
        optimizer.state[like][key] = torch.empty_like(like).copy_(value) if fits else value.clone()


def training_tensors(net: nn.Module, optimizer: Optimizer, average: nn.Module | None) -> dict[str, Tensor]:
    """All tensors that training goes on from, as PART/NAME -> tensor; `restore_training` puts them back."""
    parts = {"net": net.state_dict(), "optimizer": optimizer_tensors(net, optimizer)}
    if average is not None:
        parts["average"] = average.state_dict()
    return {f"{part}/{name}": value for part, rows in parts.items() for name, value in rows.items()}


def restore_training(
    net: nn.Module, optimizer: Optimizer, average: nn.Module | None, tensors: Mapping[str, Tensor]
) -> None:
    """Nothing; network, optimizer and average are then those of `training_tensors`; raises IQAError for others."""
    parts: dict[str, dict[str, Tensor]] = {"net": {}, "optimizer": {}, "average": {}}
    for path, value in tensors.items():
        part, _, name = path.partition("/")
        parts.setdefault(part, {})[name] = value
    load_strictly(net, parts["net"], LAST)
    if average is not None:
        load_strictly(average, parts["average"], LAST)
    restore_optimizer(net, optimizer, parts["optimizer"])


def best(folder: Path, *, anew: tuple[str, ...] = ()) -> Trained:
    """The best network of a run, ready to be exported or measured.

    Args:
        folder: what training was given as --out, or one of its checkpoint files that holds a network.
        anew: how the names of tensors begin that it may lack as a whole group (`renewed`), and that are made anew then.

    Raises:
        IQAError: there is none, or it is of another version of its recipe.
        UnknownNameError: its recipe is not there.
    """
    path = folder / BEST if folder.is_dir() else folder
    tensors, told = read(path)
    if "trained_on" not in told:
        raise ArgumentError(f"{path} is to resume from; accepted: {BEST}.")
    name, settings = about(path, told)
    recipe = recipes.get(name)
    net = blank(recipe, settings)
    made = {name: x for name, x in renewed(net, tensors).items() if name.startswith(anew)}
    load_strictly(net, {**made, **tensors}, str(path))
    sources: tuple[DataSet, ...] = read_record(tuple[DataSet, ...], told["trained_on"], f"{path}: trained_on")
    return Trained(recipe, settings, Activated(net, recipe.outputs).eval(), sources, told)


def renewed(net: nn.Module, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a network makes anew: each group of its `renewed` of which `own` has none; some of a group is damage."""
    made = net.state_dict()
    lacking = [names for names in getattr(net, "renewed", ()) if not any(name in own for name in names)]
    return {name: made[name] for names in lacking for name in names}


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
