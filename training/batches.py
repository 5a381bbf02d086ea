"""From photos to what a network is fed: batches whose every random number follows from seed, epoch and index."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from iqa.errors import IQAError
from iqa.preprocess import InputSpec, to_input

from .recipe import Arrays, Photos, Settings, Target


class Batches(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index) for one of several processes: what is drawn depends on seed and epoch alone.

    Training shuffles and leaves out the last, incomplete batch (batch norm needs company); validation (epoch -1) goes
    in order. Each process gets every `ranks`-th photo of each batch; the last one is filled up by repeating photos.
    """

    def __init__(self, count: int, batch_size: int, seed: int, *, train: bool, rank: int = 0, ranks: int = 1) -> None:
        self.count, self.batch_size, self.seed, self.train = count, batch_size, seed, train
        self.rank, self.ranks, self.epoch = rank, ranks, 0

    def __len__(self) -> int:
        whole = self.count // self.batch_size
        return max(1, whole) if self.train else -(-self.count // self.batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = np.arange(self.count)
        if self.train:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            chosen = order[start : start + self.batch_size]
            chosen = np.resize(chosen, -(-len(chosen) // self.ranks) * self.ranks)[self.rank :: self.ranks]
            yield [(self.epoch if self.train else -1, int(index)) for index in chosen]


@dataclass(frozen=True)
class Batch:
    """What the loop works on: inputs in the order of the views, targets, and which photos they are."""

    views: tuple[Tensor, ...]
    target: Target
    index: Tensor

    def pin_memory(self) -> "Batch":
        """The same in memory that a GPU can fetch by itself."""
        target = {name: value.pin_memory() for name, value in self.target.items()}
        return Batch(tuple(view.pin_memory() for view in self.views), target, self.index)


Row = tuple[Arrays, Arrays, int]


class Rows(Dataset[list[Row] | str]):
    """Photos as torch's loader wants them: (epoch, index) -> rows (views, target, index), or what is wrong with it.

    A sentence, because torch rebuilds an error of a worker from its traceback alone.
    """

    def __init__(self, photos: Photos, spec: InputSpec, seed: int) -> None:
        self.photos, self.spec, self.seed = photos, spec, seed

    def __getitem__(self, key: tuple[int, int]) -> list[Row] | str:
        epoch, index = key
        rng = None if epoch < 0 else np.random.default_rng((self.seed, epoch, index))
        try:
            sample = self.photos.sample(index, rng)
            all_of_it = (sample, *sample.also)
            return [(to_input(each.image, self.spec, frame=each.frame), each.target, index) for each in all_of_it]
        except IQAError as error:
            return str(error)


def collate(photos: Sequence[list[Row] | str]) -> Batch | str:
    """One batch, or a sentence when a photo cannot be read or photos differ in size after preprocessing."""
    fine = [rows for rows in photos if not isinstance(rows, str)]
    if len(fine) < len(photos):
        return next(rows for rows in photos if isinstance(rows, str))
    views, targets, index = zip(*chain.from_iterable(fine), strict=True)
    for name in views[0]:
        shapes = {view[name].shape for view in views}
        if len(shapes) > 1:
            return f"Photos of one batch differ in view {name!r}: {sorted(shapes)}. Accepted: a view of fixed size."
    inputs = tuple(torch.from_numpy(np.concatenate([view[name] for view in views])) for name in views[0])
    target = {name: torch.from_numpy(np.stack([np.float32(t[name]) for t in targets])) for name in targets[0]}
    return Batch(inputs, target, torch.tensor(index))


class _Tried(Dataset[str]):
    def __init__(self, jobs: Sequence[tuple[Photos, Path]]) -> None:
        self.jobs = jobs

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, index: int) -> str:
        photos, path = self.jobs[index]
        try:
            photos.read(path)
        except IQAError as error:
            return f"{path}: {error}"
        return ""


def loader(dataset: Dataset[Any], settings: Settings, **options: Any) -> DataLoader[Any]:
    """A loader whose workers leave Ctrl-C to the main process, and begin without its memory.

    A worker that is forked shares every page of the network's training, and each page that training then writes is
    copied: measured, 12 GB became 24 when the validation's worker was forked after the first epoch.
    """
    workers = settings.workers
    own = torch.Generator().manual_seed(settings.seed)  # else it draws from the generator that dropout draws from
    common: dict[str, Any] = {"num_workers": workers, "persistent_workers": workers > 0, "generator": own}
    if workers and "forkserver" in multiprocessing.get_all_start_methods():  # elsewhere they are spawned anyway
        common["multiprocessing_context"] = "forkserver"
    return DataLoader(dataset, worker_init_fn=_quiet, **common, **options)


def fed(batches: Iterable[Batch | str]) -> Iterator[Batch]:
    """The batches of a loader; raises IQAError with the sentence that a worker gave instead of one."""
    for batch in batches:
        if isinstance(batch, str):
            raise IQAError(batch)
        yield batch


def _quiet(_: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


def unreadable(parts: Sequence[Photos], settings: Settings, progress: Callable[[Any], Any]) -> list[str]:
    """A sentence per photo that cannot be read. Every file is decoded once: a header cannot tell a cut file, and an
    error after an hour of training costs more than this pass, which fills the cache as well."""
    seen: dict[tuple[int, str], tuple[Photos, Path]] = {}
    for number, photos in enumerate(parts):
        for path in photos.paths:
            seen.setdefault((number, str(path)), (photos, path))
    options = {"batch_size": 16, "collate_fn": list}
    return [
        text for texts in progress(loader(_Tried(list(seen.values())), settings, **options)) for text in texts if text
    ]
