"""How a run went, epoch by epoch: a CSV for programs, a PNG for people, TensorBoard when asked."""

import csv
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

Row = Mapping[str, float | int | str]
"""One epoch, COLUMNS to values: epoch counts from 1, best is 1 where the metric was the best so far."""
COLUMNS = ("epoch", "phase", "rate", "train_loss", "validation_loss", "metric", "best")


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Nothing; the file then has one line per epoch, numbers at full precision, no times: equal runs, equal bytes."""
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)


def write_png(rows: Sequence[Row], path: Path, title: str, metric: str) -> None:
    """Nothing; the file then shows both losses and the metric over the epochs, with the best one marked."""
    from matplotlib.figure import Figure  # not pyplot: no window system, no global state

    epochs = [int(row["epoch"]) for row in rows]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [float(row["train_loss"]) for row in rows], marker=".", label="training")
    left.plot(epochs, [float(row["validation_loss"]) for row in rows], marker=".", label="validation")
    left.set(xlabel="epoch", ylabel="loss")
    left.legend()
    right.plot(epochs, [float(row["metric"]) for row in rows], marker=".", color="tab:green")
    best = [row for row in rows if row["best"]]
    if best:
        right.axvline(int(best[-1]["epoch"]), color="gray", linestyle=":")
    right.set(xlabel="epoch", ylabel=f"validation {metric}")
    for before, row in pairwise(rows):
        if before["phase"] != row["phase"]:
            for axes in (left, right):
                axes.axvline(int(before["epoch"]) + 0.5, color="gray", linewidth=0.6)
    figure.suptitle(title)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, format="png", dpi=120)
    part.replace(path)


class Events:
    """The rows as TensorBoard scalars, each on disk as soon as it is added: `tensorboard --logdir FOLDER` shows a run.

    A context manager, which closes the file.
    """

    def __init__(self, folder: Path, rows: Sequence[Row]) -> None:
        """Begin with the rows of the epochs so far; event files that are there already are replaced by them."""
        from torch.utils.tensorboard import SummaryWriter

        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        self._writer = SummaryWriter(str(folder), purge_step=1)  # a TensorBoard that is watching forgets the old ones
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Nothing; the file then holds that epoch too."""
        for key in ("rate", "train_loss", "validation_loss", "metric"):
            self._writer.add_scalar(key, float(row[key]), int(row["epoch"]))
        self._writer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writer.close()
