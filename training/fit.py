"""The one loop: phases, schedule, early stopping, checkpoints; the same numbers whether or not it was interrupted."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm  # type: ignore[import-untyped]

from iqa.errors import ArgumentError, IQAError

from . import checkpoint, curves, depthwise, distill, progress
from .batches import Batch, Batches, Rows, collate, fed, loader
from .devices import Team
from .limits import in_range
from .nets import activate, load_strictly
from .recipe import Arrays, Photos, Recipe, Settings, Split
from .start import began, checked, goes_on, network, optimizer, rate


class Run:
    """A network in training, with everything that outlives an epoch.

    Attributes:
        seconds: that the last epoch took to train, without its validation.
    """

    def __init__(
        self, recipe: Recipe, settings: Settings, split: Split, out: Path, team: Team, *, blank: bool = False
    ) -> None:
        """Build the network and the loaders; raises IQAError where they do not fit together.

        `blank`: the weights are restored later, so that none are read from a file or fetched.
        """
        checked(recipe, settings, split, team.size)
        self.recipe, self.settings, self.split, self.out, self.team = recipe, settings, split, out, team
        torch.manual_seed(settings.seed)
        net = checkpoint.blank(recipe, settings) if blank else network(recipe, settings)
        self.net = net.to(memory_format=torch.channels_last).to(team.device)
        if team.device.type == "cpu" and team.dtype is torch.bfloat16:
            depthwise.in_float32(self.net)
        self.average = copy.deepcopy(self.net) if settings.ema else None
        self.loss = distill.loss(recipe.loss, recipe.outputs, settings)
        self.progress = progress.Progress(next(i for i, epochs in enumerate(settings.epochs) if epochs))
        self.seconds = 0.0
        self.train, self.train_order = self._loader(split.train, train=True)
        self.validation, _ = self._loader(split.validation, train=False)
        self._begin_phase()

    def _loader(self, photos: Photos, *, train: bool) -> tuple[DataLoader[Any], Batches]:
        settings, team = self.settings, self.team
        order = Batches(len(photos), settings.batch_size, settings.drawn, train=train, rank=team.rank, ranks=team.size)
        rows = Rows(photos, self.recipe.inputs(settings), settings.drawn)
        pinned = team.device.type == "cuda"
        return loader(rows, settings, batch_sampler=order, collate_fn=collate, pin_memory=pinned), order

    def _begin_phase(self) -> None:
        frozen = self.recipe.phases[self.progress.phase].frozen
        for parameter in self.net.parameters():
            parameter.requires_grad_(True)
        for module in self.net.modules():
            for still in getattr(module, "still", ()):
                still.requires_grad_(False)
        if frozen:
            self._backbone().requires_grad_(False)
        self.optimizer = optimizer(self.net, self.settings, self.progress.phase)
        self.shared = self.team.shared(self.net)

    def _backbone(self) -> nn.Module:
        found = getattr(self.net, "backbone", None)
        if not isinstance(found, nn.Module):
            raise ArgumentError(f"The network of {self.recipe.name} has no `backbone` that a phase could freeze.")
        return found

    def epoch(self, bar: Callable[..., Any]) -> dict[str, Any]:
        """Train and validate once, write curves and checkpoints; the row of the curves."""
        now, number = self.progress, len(self.progress.rows) + 1
        torch.manual_seed(self.settings.drawn * 1_000_003 + number * 1009 + self.team.rank)  # dropout, wherever resumed
        self.train_order.epoch = number
        started = time.monotonic()
        trained = self._train(bar)
        self.seconds = time.monotonic() - started
        validated, value = self._validate()
        phase = self.recipe.phases[now.phase].name
        rate = self.optimizer.param_groups[0]["lr"]
        values = (number, phase, rate, trained, validated, value)
        better = now.add(dict(zip(curves.COLUMNS[:-1], values, strict=True)))
        if self.team.leads and (better or now.best is None):  # without a metric yet, the last network is kept
            self._keep()
        if now.next_phase(self.settings):
            self._back_to_best()
            self._begin_phase()
        if self.team.leads:
            self._write()
        return now.rows[-1]

    def _back_to_best(self) -> None:
        """What a phase learned after the best epoch is no start for the next phase."""
        if self.progress.best is None or self.progress.rows[-1]["best"]:
            return
        for net in (self.net, self.average):
            if net is not None:
                if self.team.leads:
                    load_strictly(net, checkpoint.read(self.out / checkpoint.BEST)[0], checkpoint.BEST)
                self.team.align(net, weights=True)

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

    def _about(self) -> dict[str, Any]:
        return {"recipe": self.recipe.name, "settings": checkpoint.settings_dict(self.settings)}

    def _keep(self) -> None:
        kept = (self.net if self.average is None else self.average).state_dict()
        rows = self.progress.rows
        value = rows[-1]["metric"] if math.isfinite(rows[-1]["metric"]) else None
        facts = {"epoch": len(rows), "metric": self.recipe.metric.name, "value": value}
        sources = {"trained_on": [asdict(row) for row in self.split.trained_on]}
        checkpoint.write(self.out / checkpoint.BEST, kept, self._about() | facts | sources)

    def _write(self) -> None:
        now, recipe = self.progress, self.recipe
        curves.write_csv(now.rows, self.out / "curves.csv")
        curves.write_png(now.rows, self.out / "curves.png", recipe.name, recipe.metric.name)
        tensors = checkpoint.training_tensors(self.net, self.optimizer, self.average)
        state = {"progress": asdict(now), "scaler": self.team.scaler.state_dict(), "setup": asdict(self.team.setup())}
        checkpoint.write(self.out / checkpoint.LAST, tensors, self._about() | state)

    def restore(self) -> None:
        """Nothing; the run then stands where its last checkpoint was written.

        Raises:
            IQAError: there is none, or it is of another network.
        """
        tensors, state = checkpoint.read(self.out / checkpoint.LAST)
        self.progress = progress.resumed(state, self.settings)
        self._begin_phase()
        checkpoint.restore_training(self.net, self.optimizer, self.average, tensors)
        self.team.scaler.load_state_dict(state.get("scaler", {}))


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
    events: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """The rows of the curves of a run to its end, or of what it came to; `out` then holds its checkpoints.

    Args:
        recipe, settings, split: what to train.
        out: an existing folder.
        resume: go on from its last checkpoint, to the same numbers as in one go (on the same machine and CPU threads).
        stop_after: that many epochs from now, to be resumed later; None = to the end.
        events: folder for TensorBoard, written after every epoch; None = none.
        say: receives a line per epoch, and one on the time it took.

    Raises:
        IQAError: settings do not fit the recipe, a group stands on both sides, a photo cannot be read, or the loss is
            not finite; what is there to resume from is of another number of processes, or no checkpoint.
    """
    in_range(recipe, settings)
    was = began(out / checkpoint.LAST) if resume else None
    team = Team(settings.device, settings.precision if was is None else was.precision, settings.threads)
    goes_on(was, team.setup(), say if team.leads else _silent)
    run = Run(recipe, settings, split, out, team, blank=resume)
    if resume:
        run.restore()
    last = len(run.progress.rows) + (stop_after or sum(settings.epochs))
    photos = min(len(split.train), len(run.train) * settings.batch_size)
    begun, spent, total = time.monotonic(), 0.0, 0
    with curves.Events(events, run.progress.rows) if events is not None and team.leads else nullcontext() as watched:
        while not run.progress.done and len(run.progress.rows) < last:
            row = run.epoch(tqdm if team.leads else _plain)
            spent, total = spent + run.seconds, total + photos
            if watched is not None:
                watched.add(row)
            if team.leads:
                say(_line(row, recipe.metric.name, photos / run.seconds))
    if team.leads and total:
        took = timedelta(seconds=round(time.monotonic() - begun))
        say(f"Took {took}, of which {timedelta(seconds=round(spent))} training at {total / spent:.1f} photos/s.")
    team.close()
    return run.progress.rows


def _line(row: dict[str, Any], metric: str, pace: float) -> str:
    return (
        f"epoch {row['epoch']:3} {row['phase']}: loss {row['train_loss']:.4f}, "
        f"validation {row['validation_loss']:.4f}, {metric} {row['metric']:.4f}{' (best)' if row['best'] else ''}, "
        f"{pace:.1f} photos/s"
    )


def _silent(_: str) -> None:
    """Nothing: one process of a run speaks."""


def _plain(batches: Iterator[Batch], **_: Any) -> Iterator[Batch]:
    return batches
