"""Where a run stands: which epoch of which phase, whether a phase has had enough, what is best so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iqa.errors import IQAError

from . import checkpoint, curves
from .recipe import Settings


@dataclass
class Progress:
    """Where a run stands after an epoch; what its checkpoint tells beside the tensors.

    Attributes:
        phase, epoch_in_phase: number of the phase, and of its epochs that are done.
        steps: of the optimizer, over all phases.
        best: highest metric of all phases, whose network is kept; None = none was defined yet.
        waited: epochs since the best one of this phase. Unfreezing a backbone first costs some of what the head had
            learned, so a phase is given up for not rising above its own start, not above an earlier phase.
        done: nothing is left to train.
        rows: of the curves.
    """

    phase: int = 0
    epoch_in_phase: int = 0
    steps: int = 0
    best: float | None = None
    waited: int = 0
    done: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> bool:
        """Whether an epoch, given as its row of the curves without "best", was the best so far; it is then counted."""
        value = float(row["metric"])
        better = math.isfinite(value) and (self.best is None or value > self.best)
        start = len(self.rows) - self.epoch_in_phase
        before = [float(each["metric"]) for each in self.rows[start:] if math.isfinite(each["metric"])]
        rising = math.isfinite(value) and value > max(before, default=-math.inf)
        self.best, self.waited = (value if better else self.best), (0 if rising else self.waited + 1)
        self.rows.append({**row, "best": int(better)})
        self.epoch_in_phase += 1
        return better

    def next_phase(self, settings: Settings) -> bool:
        """Whether the next phase begins now; `done` is then told if there is none."""
        weary = 0 < settings.patience <= self.waited
        if self.epoch_in_phase < settings.epochs[self.phase] and not weary:
            return False
        later = [i for i in range(self.phase + 1, len(settings.epochs)) if settings.epochs[i] > 0]
        self.done = not later
        if later:
            self.phase, self.epoch_in_phase, self.waited = later[0], 0, 0
        return bool(later)


def resumed(state: Mapping[str, Any], settings: Settings) -> Progress:
    """The progress that a checkpoint tells; raises IQAError when it holds none, or one of other phases."""
    try:
        found = Progress(**state["progress"])
        fits = 0 <= found.phase < len(settings.epochs) and 0 <= found.epoch_in_phase <= len(found.rows)
        whole = all(row.keys() == set(curves.COLUMNS) for row in found.rows)
    except (KeyError, TypeError, AttributeError) as error:
        raise IQAError(f"{checkpoint.LAST} tells no progress to go on from ({error}). Start a new run.") from error
    if not fits or not whole:
        raise IQAError(f"The progress in {checkpoint.LAST} is not of a run with these phases. Start a new run.")
    return found
