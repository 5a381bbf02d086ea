"""Learns the heads on levels (training/levels.py) of a run, all else staying as it is.

    python -m training.level_heads RUN

What these heads are given is a row of numbers in which nothing is learned, so it is taken once, of many samples, each
with damages of its own, together with what the network says without them; sixty passes over the rows then take a
minute, where as many epochs of photos would take a day. The photos are those that the network learned from, so that it
is surer of itself there than elsewhere, and the heads trust it the more. Comes in: a run of a recipe whose network is
Leveled, also one from before such heads were there. best.safetensors is written anew; printed is what the heads are
worth on the validation photos. What they say anew training.medians may move again.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm  # type: ignore[import-untyped]

from eval.metrics import srcc
from iqa.errors import ArgumentError

from . import checkpoint, command, medians, resume, validate
from .checkpoint import Trained
from .levels import HEADS, Leveled
from .recipe import Photos, Raw, Target
from .start import rate

SAMPLES, PASSES, BATCH = 20_000, 60, 64
RATE, DECAY, WARMUP = 1e-3, 0.1, 0.05
STATE = "levels"
"""Under which the state of a run tells what became of it here."""
FIRST_EPOCH = 10_001
"""Number of the epoch from which samples are drawn: more than a run has in use, so that its damages are others."""


@dataclass(frozen=True)
class Numbers:
    """Of samples: `levels`, (N, width); `said`, what the network gives without the heads; `meant`, the targets."""

    levels: Tensor
    said: Raw
    meant: Target

    def of(self, rows: Tensor) -> "Numbers":
        """Those of some samples."""
        said, meant = ({name: x[rows] for name, x in values.items()} for values in (self.said, self.meant))
        return Numbers(self.levels[rows], said, meant)


def learned(run: Path, data: Path | None = None, samples: int = SAMPLES) -> str:
    """What the heads are worth, as text; the best checkpoint of `run` then has them.

    Args:
        run: the folder of a run whose network is Leveled; heads that it has already are learned anew. One that was
            stopped cannot be gone on with then.
        data: folder of the photos that it was trained on; None = where they were.
        samples: to learn from.

    Raises:
        ArgumentError: no run, no heads on levels, or too few samples or validation photos.
        IQAError: other photos than those of the run.
    """
    if not run.is_dir():
        raise ArgumentError(f"{run} is no folder; accepted: what training.run was given as --out.")
    if samples < BATCH:
        raise ArgumentError(f"--samples {samples}: accepted {BATCH} or more.")
    with resume.alone(run):
        trained = checkpoint.best(run, anew=HEADS)
        net = trained.net.net
        if not isinstance(net, Leveled):
            raise ArgumentError(f"{trained.recipe.name} has no heads on levels; accepted: a run of degradations.")
        split, seed = validate.split_of(run, trained, data), trained.settings.seed
        validated = _numbers(trained, net, split.validation, [(-1, k) for k in range(len(split.validation))], seed)
        before = _worth(trained, net, validated)["srcc"]
        drawn = _numbers(trained, net, split.train, _draws(len(split.train), samples), trained.settings.drawn)
        _fit(trained, net, drawn)
        told = {"samples": samples, "srcc_before": before, **_worth(trained, net, validated)}
        checkpoint.write(run / checkpoint.BEST, net.state_dict(), _state(trained, net, told))
    rows = [f"{name}: SRCC {x:.3f}, before {before[name]:.3f}" for name, x in told["srcc"].items()]
    return "\n".join([f"{samples} samples to learn from, {len(validated.levels)} to validate.", *rows])


def _state(trained: Trained, net: Leveled, told: dict[str, Any]) -> dict[str, Any]:
    """That of the run, with what was done here; severities that were learned anew are no medians."""
    state = {**trained.state, STATE: told, "value": told["value"]}
    if moved := {name: row for name, row in state.pop(medians.OUTPUT, {}).items() if name not in _named(trained, net)}:
        state[medians.OUTPUT] = moved
    return state


def _named(trained: Trained, net: Leveled) -> dict[str, int]:
    """Name of each severity that has a head -> its place."""
    name, places = net.leveled
    labels = next(o.labels for o in trained.recipe.outputs if o.name == name)
    return {labels[at]: at for at in places}


def _draws(photos: int, samples: int) -> list[tuple[int, int]]:
    """(epoch, index) of so many samples: each of an epoch once before any comes again."""
    return [(FIRST_EPOCH + n // photos, n % photos) for n in range(samples)]


@torch.no_grad()
def _numbers(trained: Trained, net: Leveled, photos: Photos, keys: Sequence[tuple[int, int]], drawn: int) -> Numbers:
    levels, said, meant = [], [], []
    of_all = -(-len(keys) // trained.settings.batch_size)
    for batch in tqdm(validate.batches(trained, photos, keys, drawn), total=of_all, leave=False, unit="batch"):
        levels.append(net.levels(batch.views))
        said.append(net.unlit(batch.views))
        meant.append(batch.target)
    return Numbers(torch.cat(levels), _together(said), _together(meant))


def _together(parts: Sequence[Raw]) -> Raw:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _fit(trained: Trained, net: Leveled, drawn: Numbers) -> None:
    """Nothing; the heads then are those with which the recipe's loss is small, after PASSES over the samples."""
    torch.manual_seed(trained.settings.seed)
    net.begin()
    net.scale_of_levels.train()
    net.given(drawn.said, drawn.levels)  # mean and spread of all samples
    net.scale_of_levels.eval()
    net.lights.train()
    groups = [
        {"params": list(net.lights.parameters()), "weight_decay": DECAY},
        {"params": [net.slopes], "weight_decay": 0.0},  # its decay would pull it to 0
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    batches = len(drawn.levels) // BATCH
    for step in range(PASSES * batches):
        if step % batches == 0:
            order = torch.randperm(len(drawn.levels))
        for group in optimizer.param_groups:
            group["lr"] = rate(step, PASSES * batches, RATE, WARMUP)
        some = drawn.of(order[step % batches * BATCH :][:BATCH])
        loss = trained.recipe.loss(net.with_light(some.said, some.levels), some.meant)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    net.lights.eval()


@torch.no_grad()
def _worth(trained: Trained, net: Leveled, numbers: Numbers) -> dict[str, Any]:
    """`value` by the metric of the recipe, and `srcc` of each severity that has a head, by its name."""
    said, meant = (
        {name: x.numpy() for name, x in values.items()}
        for values in (net.with_light(numbers.said, numbers.levels), numbers.meant)
    )
    output, found = net.leveled[0], {}
    for name, at in _named(trained, net).items():
        known = np.isfinite(meant[output][:, at])
        found[name] = srcc(said[output][known, at], meant[output][known, at])
    return {"value": validate.Answers(said, meant).metric(trained), "srcc": found}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 an error that its sentence explains."""
    parser = command.parser("level_heads", "Learns the heads on levels.")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="to learn from (default: %(default)s)")
    args = parser.parse_args(argv)
    return command.said("level_heads", lambda: learned(args.run, args.data, args.samples))


if __name__ == "__main__":
    sys.exit(main())
