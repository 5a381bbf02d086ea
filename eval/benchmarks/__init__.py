"""The kinds of benchmark, one module each with a BENCHMARK; `KINDS` imports a module when its row is asked for."""

import importlib
from collections.abc import Iterator, Mapping

from eval import datasets
from eval.benchmark import Benchmark
from eval.datasets import DataSet
from iqa.errors import IQAError, UnknownNameError

PHOTOS = "photos"
"""The data set whose rows are clean photos: what the synthetic benchmarks are made from."""
MADE_FROM_PHOTOS = ("damage", "defect-bursts", "do-no-harm", "false-blur", "watermark")
BY_TASK = {
    "quality": "rating",
    "aesthetics": "rating",
    "table": "rating",
    "blur": "blur",
    "enhancement": "enhancement",
    "noise": "noise",
    "burst": "burst",
}
"""Task of a data set to the kind of benchmark that its labels can judge."""


class Kinds(Mapping[str, Benchmark]):
    """Name to Benchmark; only the module that is asked for is imported."""

    names = (*dict.fromkeys(BY_TASK.values()), *MADE_FROM_PHOTOS)

    def __getitem__(self, name: str) -> Benchmark:
        if name not in self.names:
            raise UnknownNameError("kind of benchmark", name, self.names)  # a LookupError, as mappings raise
        module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
        benchmark: Benchmark = module.BENCHMARK
        return benchmark

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


KINDS: Mapping[str, Benchmark] = Kinds()


def get(name: str) -> Benchmark:
    """The kind of benchmark of that name.

    Raises:
        UnknownNameError: no such kind.
    """
    return KINDS[name]


def named(name: str) -> tuple[Benchmark, DataSet]:
    """What a name on the command line stands for: the kind of benchmark and the data set that it reads.

    Raises:
        UnknownNameError: neither a data set nor a synthetic benchmark.
        IQAError: a data set that is only the source of others.
    """
    if name in MADE_FROM_PHOTOS:
        return KINDS[name], datasets.get(PHOTOS)
    dataset = datasets.get(name)
    if dataset.task not in BY_TASK:
        raise IQAError(f"{dataset.title} has no labels. It is the source of {', '.join(MADE_FROM_PHOTOS)}.")
    return KINDS[BY_TASK[dataset.task]], dataset
