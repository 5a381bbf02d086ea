"""Where a run computes: one process on a CPU or GPU, or one of several that a launcher has started."""

import ctypes
import os
import re
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, nn

from iqa.errors import ArgumentError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h
_KEPT_BYTES = 2**31 - 1
_PATIENCE = timedelta(hours=6)
"""The others wait for the first process, which alone tries every photo before training; by default 10 to 30 minutes."""


@dataclass(frozen=True)
class Setup:
    """What the numbers of a run depend on beside its settings: processes, threads of each, type of autocast."""

    processes: int
    threads: int
    precision: str


def place() -> tuple[int, int]:
    """(number of this process, how many there are), as the launcher says; (0, 1) without one.

    Raises:
        ArgumentError: several processes were asked for, and one was started.
    """
    told = os.environ
    if "WORLD_SIZE" not in told and {"ACCELERATE_MIXED_PRECISION", "MASTER_PORT"} <= told.keys():
        raise ArgumentError(
            "`accelerate launch` started one process although it was asked for several: it does so on a CPU, and where "
            "fewer GPUs are than processes. Accepted there: torchrun --nproc_per_node N -m training.run ..."
        )
    return int(told.get("RANK", "0")), int(told.get("WORLD_SIZE", "1"))


def computing(device: str, precision: str) -> tuple[torch.device, torch.dtype]:
    """(where, in which type of autocast) these settings compute on this machine.

    Raises:
        ArgumentError: no such device here, or a precision that it lacks.
    """
    found = torch.device(_found(device))
    return found, _dtype(precision, found)


class Team:
    """One process of a run, and how it works with the others.

    Attributes:
        device: where tensors go.
        dtype: of autocast; float32 = none.
        rank, size: number of this process, and how many there are.
    """

    def __init__(self, device: str, precision: str, threads: int | None = None) -> None:
        """Take part in the run that `torchrun` or `accelerate launch` started, or stand alone.

        Raises:
            ArgumentError: no such device here, or a precision that it lacks.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self._accelerator: Any = None
        self.rank, self.size = place()
        self.device, self.dtype = computing(device, precision)
        if self.size > 1:
            _enough(device, self.device.type)
            from accelerate import Accelerator  # type: ignore[import-untyped]
            from accelerate.utils import InitProcessGroupKwargs  # type: ignore[import-untyped]

            wait = InitProcessGroupKwargs(timeout=_PATIENCE)
            on_cpu = self.device.type == "cpu"
            self._accelerator = Accelerator(cpu=on_cpu, mixed_precision="no", kwargs_handlers=[wait])  # ours is below
            self.device = self._accelerator.device
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype is torch.float16)

    @property
    def leads(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def autocast(self) -> AbstractContextManager[Any]:
        """Mixed precision, where there is any."""
        return nullcontext() if self.dtype is torch.float32 else torch.autocast(self.device.type, self.dtype)

    def shared(self, net: nn.Module) -> nn.Module:
        """The network, its gradients averaged over all processes; alone, the network itself."""
        if self._accelerator is None:
            return net
        prepared: nn.Module = self._accelerator.prepare_model(net)
        return prepared

    def setup(self) -> Setup:
        """How this run computes; its checkpoint tells it, for a resumed run to compare."""
        precision = next(name for name, dtype in PRECISIONS.items() if dtype is self.dtype)
        return Setup(self.size, torch.get_num_threads(), precision)

    def align(self, net: nn.Module, *, weights: bool = False) -> None:
        """Nothing; every process then has the buffers (batch-norm statistics) of the first one, or all its weights."""
        if self._accelerator is not None:
            for tensor in net.state_dict().values() if weights else net.buffers():
                plain = tensor.contiguous()  # which channels_last is not
                torch.distributed.broadcast(plain, 0)
                tensor.copy_(plain)

    def gathered(self, tensor: Tensor) -> Tensor:
        """Rows of all processes, on the CPU; every process must bring as many."""
        if self._accelerator is not None:
            tensor = self._accelerator.gather(tensor.contiguous())
        return tensor.float().cpu() if tensor.is_floating_point() else tensor.cpu()

    def close(self) -> None:
        """Nothing; the other processes are no longer waited for."""
        if self._accelerator is not None:
            self._accelerator.end_training()


def _found(name: str) -> str:
    here = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if name == "auto":
        return next(kind for kind in here if here[kind])
    parts = re.fullmatch(r"(cuda|mps|cpu)(?::(\d{1,4}))?", name, re.ASCII)
    if parts is None or int(parts[2] or 0) >= here[parts[1]]:
        kinds = ", ".join(f"{kind} ({count})" if kind == "cuda" else kind for kind, count in here.items() if count)
        raise ArgumentError(f"Device {name!r} is not here; accepted: auto, {kinds}.")
    return name


def _enough(name: str, kind: str) -> None:
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if ":" in name or (kind == "cuda" and torch.cuda.device_count() < here):
        raise ArgumentError(
            f"{here} processes take a GPU each, by their number: found --device {name} and {torch.cuda.device_count()} "
            "GPUs. Start as many processes as there are GPUs, with --device auto."
        )


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if name not in PRECISIONS or (name == "float16" and device.type == "cpu"):
        raise ArgumentError(
            f"Precision {name!r} on {device.type}: accepted auto, float32, bfloat16, float16 (not on a CPU)."
        )
    return PRECISIONS[name]


def keep_memory() -> bool:
    """True where glibc was told to keep freed memory, which it then hands out again instead of asking the system.

    Training frees and asks for the same large blocks in every step; by default each is a mapping whose pages the system
    has to clear anew. Measured in DESIGN.md. False elsewhere than on Linux with glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES))
