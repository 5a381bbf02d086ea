"""The one loop: phases, schedule, early stopping, checkpoints; the same numbers whether or not it was interrupted."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm  # type: ignore[import-untyped]

from iqa.errors import ArgumentError, IQAError

from . import checkpoint, curves, distill
from .batches import Batch, Batches, Rows, collate, fed, loader
from .devices import Team
from .nets import activate, load_strictly
from .recipe import Arrays, Photos, Recipe, Settings, Split
from .start import checked, network, rate


@dataclass
class Progress:
    """Where a run stands after an epoch; what its checkpoint tells beside the tensors."""

    phase: int = 0
    epoch_in_phase: int = 0
    steps: int = 0
    best: float | None = None
    waited: int = 0
    done: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)


class Run:
    """A network in training, with everything that outlives an epoch."""

    def __init__(self, recipe: Recipe, settings: Settings, split: Split, out: Path, team: Team) -> None:
        """Build the network and the loaders; raises IQAError where they do not fit together."""
        checked(recipe, settings, split)
        self.recipe, self.settings, self.split, self.out, self.team = recipe, settings, split, out, team
        torch.manual_seed(settings.seed)
        self.net = network(recipe, settings).to(memory_format=torch.channels_last).to(team.device)
        self.average = copy.deepcopy(self.net) if settings.ema else None
        self.loss = distill.loss(recipe.loss, recipe.outputs, settings)
        self.progress = Progress(next(i for i, epochs in enumerate(settings.epochs) if epochs))
        self.train, self.train_order = self._loader(split.train, train=True)
        self.validation, _ = self._loader(split.validation, train=False)
        self._begin_phase()

    def _loader(self, photos: Photos, *, train: bool) -> tuple[DataLoader[Any], Batches]:
        settings, team = self.settings, self.team
        order = Batches(len(photos), settings.batch_size, settings.seed, train=train, rank=team.rank, ranks=team.size)
        rows = Rows(photos, self.recipe.inputs(settings), settings.seed)
        pinned = team.device.type == "cuda"
        return loader(rows, settings, batch_sampler=order, collate_fn=collate, pin_memory=pinned), order

    def _begin_phase(self) -> None:
        frozen = self.recipe.phases[self.progress.phase].frozen
        for parameter in self.net.parameters():
            parameter.requires_grad_(True)
        if frozen:
            self._backbone().requires_grad_(False)
        trained = [p for p in self.net.parameters() if p.requires_grad]
        groups = [  # scales and biases are few, and shrinking them only shifts what a norm undoes
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": self.settings.weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=self.settings.learning_rate[self.progress.phase])
        self.shared = self.team.shared(self.net)

    def _backbone(self) -> nn.Module:
        found = getattr(self.net, "backbone", None)
        if not isinstance(found, nn.Module):
            raise ArgumentError(f"The network of {self.recipe.name} has no `backbone` that a phase could freeze.")
        return found

    def epoch(self, bar: Callable[..., Any]) -> dict[str, Any]:
        """Train and validate once, write curves and checkpoints; the row of the curves."""
        now, number = self.progress, len(self.progress.rows) + 1
        torch.manual_seed(self.settings.seed * 1_000_003 + number * 1009 + self.team.rank)  # dropout, wherever resumed
        self.train_order.epoch = number
        trained = self._train(bar)
        validated, value = self._validate()
        better = math.isfinite(value) and (now.best is None or value > now.best)
        now.best, now.waited = (value, 0) if better else (now.best, now.waited + 1)
        phase = self.recipe.phases[now.phase].name
        rate = self.optimizer.param_groups[0]["lr"]
        values = (number, phase, rate, trained, validated, value, int(better))
        now.rows.append(dict(zip(curves.COLUMNS, values, strict=True)))
        now.epoch_in_phase += 1
        self._advance()
        if self.team.leads:
            self._write(better or number == 1)
        return now.rows[-1]

    def _advance(self) -> None:
        now = self.progress
        weary = 0 < self.settings.patience <= now.waited
        if now.epoch_in_phase < self.settings.epochs[now.phase] and not weary:
            return
        later = [i for i in range(now.phase + 1, len(self.recipe.phases)) if self.settings.epochs[i] > 0]
        now.done = not later
        if later:
            now.phase, now.epoch_in_phase, now.waited = later[0], 0, 0
            self._begin_phase()

    def _train(self, bar: Callable[..., Any]) -> float:
        self.net.train()
        if self.recipe.phases[self.progress.phase].frozen:
            self._backbone().eval()  # its batch-norm statistics and dropout as well
        total, count = torch.zeros((), device=self.team.device), 0
        for step, batch in enumerate(bar(fed(self.train), total=len(self.train), leave=False, unit="batch")):
            self._set_rate(step)
            with self.team.autocast():
                raw = self.shared(*self._on_device(batch))
            loss = self.loss(raw, self._target(batch))
            if not math.isfinite(loss.item()):
                raise IQAError(
                    f"The loss is {loss.item()} in batch {step + 1}. Lower --lr, or use --precision float32."
                )
            self.optimizer.zero_grad(set_to_none=True)
            self.team.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            self.team.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip_norm)
            self.team.scaler.step(self.optimizer)
            self.team.scaler.update()
            self.progress.steps += 1
            self._follow()
            total, count = total + loss.detach(), count + 1
        return float(self.team.gathered(total[None] / count).mean())

    def _set_rate(self, step: int) -> None:
        phase, settings = self.progress.phase, self.settings
        steps = settings.epochs[phase] * len(self.train)
        at = self.progress.epoch_in_phase * len(self.train) + step
        for group in self.optimizer.param_groups:
            group["lr"] = rate(at, steps, settings.learning_rate[phase], settings.warmup_share)

    @torch.no_grad()
    def _follow(self) -> None:
        if self.average is None:
            return
        decay = min(self.settings.ema, (1 + self.progress.steps) / (10 + self.progress.steps))
        ours = self.net.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(ours[name], 1.0 - decay)
            else:
                value.copy_(ours[name])

    @torch.no_grad()
    def _validate(self) -> tuple[float, float]:
        net = (self.net if self.average is None else self.average).eval()
        self.team.align(net)
        found: dict[str, list[Tensor]] = {}
        for batch in fed(self.validation):
            target = self._target(batch)
            with self.team.autocast():
                raw = net(*self._on_device(batch))
            rows = {f"p/{o.name}": activate(raw[o.name], o) for o in self.recipe.outputs}
            rows |= {f"t/{name}": value for name, value in target.items()}
            size = len(batch.index)
            rows |= {"index": batch.index, "loss": self.recipe.loss(raw, target).detach().float().expand(size)}
            for name, value in rows.items():
                found.setdefault(name, []).append(self.team.gathered(value.to(self.team.device)))
        whole = {name: torch.cat(values) for name, values in found.items()}
        _, first = np.unique(whole.pop("index").numpy(), return_index=True)  # several processes fill up the last batch
        arrays = {name: value.numpy()[first] for name, value in whole.items()}
        predicted, truth = (_named(arrays, prefix) for prefix in ("p/", "t/"))
        return float(arrays["loss"].mean()), float(self.recipe.metric.function(predicted, truth))

    def _on_device(self, batch: Batch) -> Iterator[Tensor]:
        for view in batch.views:
            yield view.to(self.team.device, memory_format=torch.channels_last, non_blocking=True)

    def _target(self, batch: Batch) -> dict[str, Tensor]:
        return {name: value.to(self.team.device, non_blocking=True) for name, value in batch.target.items()}

    def _write(self, better: bool) -> None:
        now, recipe = self.progress, self.recipe
        curves.write_csv(now.rows, self.out / "curves.csv")
        curves.write_png(now.rows, self.out / "curves.png", recipe.name, recipe.metric.name)
        about = {"recipe": recipe.name, "settings": checkpoint.settings_dict(self.settings)}
        if better:
            kept = (self.net if self.average is None else self.average).state_dict()
            value = now.rows[-1]["metric"]
            facts = {
                "epoch": len(now.rows),
                "metric": recipe.metric.name,
                "value": value if math.isfinite(value) else None,
            }
            sources = {"trained_on": [asdict(row) for row in self.split.trained_on]}
            checkpoint.write(self.out / checkpoint.BEST, kept, about | facts | sources)
        optimizer = checkpoint.optimizer_tensors(self.net, self.optimizer)
        parts = {"net": self.net.state_dict(), "optimizer": optimizer}
        if self.average is not None:
            parts["average"] = self.average.state_dict()
        tensors = {f"{part}/{name}": value for part, rows in parts.items() for name, value in rows.items()}
        state = about | {"progress": asdict(now), "scaler": self.team.scaler.state_dict()}
        checkpoint.write(self.out / checkpoint.LAST, tensors, state)

    def restore(self) -> None:
        """Nothing; the run then stands where its last checkpoint was written.

        Raises:
            IQAError: there is none, or it is of another network.
        """
        tensors, state = checkpoint.read(self.out / checkpoint.LAST)
        self.progress = Progress(**state["progress"])
        self._begin_phase()
        parts: dict[str, dict[str, Tensor]] = {"net": {}, "optimizer": {}, "average": {}}
        for path, value in tensors.items():
            part, _, name = path.partition("/")
            parts[part][name] = value
        load_strictly(self.net, parts["net"], checkpoint.LAST)
        if self.average is not None:
            load_strictly(self.average, parts["average"], checkpoint.LAST)
        checkpoint.restore_optimizer(self.net, self.optimizer, parts["optimizer"])
        self.team.scaler.load_state_dict(state["scaler"])


def _named(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def fit(
    recipe: Recipe,
    settings: Settings,
    split: Split,
    out: Path,
    *,
    resume: bool = False,
    stop_after: int | None = None,
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """The rows of the curves of a run to its end, or of what it came to; `out` then holds its checkpoints.

    Args:
        recipe, settings, split: what to train.
        out: an existing folder.
        resume: go on from its last checkpoint, to the same numbers as in one go (on the same machine and CPU threads).
        stop_after: that many epochs from now, to be resumed later; None = to the end.
        say: receives a line per epoch.

    Raises:
        IQAError: settings do not fit the recipe, a group stands on both sides, a photo cannot be read, or the loss is
            not finite.
    """
    team = Team(settings.device, settings.precision)
    run = Run(recipe, settings, split, out, team)
    if resume:
        run.restore()
    last = len(run.progress.rows) + (stop_after or sum(settings.epochs))
    while not run.progress.done and len(run.progress.rows) < last:
        started = time.monotonic()
        row = run.epoch(tqdm if team.leads else _plain)
        photos = len(run.train) * settings.batch_size / (time.monotonic() - started)
        if team.leads:
            say(
                f"epoch {row['epoch']:3} {row['phase']}: loss {row['train_loss']:.4f}, "
                f"validation {row['validation_loss']:.4f}, "
                f"{recipe.metric.name} {row['metric']:.4f}{' (best)' if row['best'] else ''}, {photos:.0f} photos/s"
            )
    team.close()
    return run.progress.rows


def _plain(batches: Iterator[Batch], **_: Any) -> Iterator[Batch]:
    return batches
