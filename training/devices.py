"""Where a run computes: one process on a CPU or GPU, or one of several that Accelerate's launcher has started."""

import ctypes
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from iqa.errors import ArgumentError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of glibc's malloc.h
_KEPT_BYTES = 2**31 - 1


class Team:
    """One process of a run, and how it works with the others.

    Attributes:
        device: where tensors go.
        dtype: of autocast; float32 = none.
        rank, size: number of this process, and how many there are.
    """

    def __init__(self, device: str, precision: str) -> None:
        """Take part in the run that `accelerate launch` started, or stand alone.

        Raises:
            ArgumentError: no such device here, or a precision that it lacks.
        """
        self._accelerator: Any = None
        self.rank, self.size = 0, 1
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import Accelerator  # type: ignore[import-untyped]

            self._accelerator = Accelerator(cpu=device == "cpu")
            self.rank, self.size = self._accelerator.process_index, self._accelerator.num_processes
            self.device = self._accelerator.device
        else:
            self.device = torch.device(_found(device))
        self.dtype = _dtype(precision, self.device)
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

    def align(self, net: nn.Module) -> None:
        """Nothing; every process then has the buffers (batch-norm statistics) of the first one."""
        if self._accelerator is not None:
            for buffer in net.buffers():
                torch.distributed.broadcast(buffer, 0)

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
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if here[kind])
    if not here.get(name.partition(":")[0], False):
        raise ArgumentError(
            f"Device {name!r} is not here; accepted: auto, {', '.join(kind for kind in here if here[kind])}."
        )
    return name


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
