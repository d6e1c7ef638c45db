"""Workers: the processes that train one model together, as torchrun and accelerate start them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

_PATIENCE = timedelta(minutes=30)  # the others wait while one tokenises


@dataclass(frozen=True)
class Workers:
    """This process's number among those that work together; alone it is the first of one."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """True in the one process that writes files and tells of events."""
        return self.rank == 0

    @contextlib.contextmanager
    def first_alone(self) -> Iterator[None]:
        """Let the first process run the block before the others do."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.count > 1:
            import torch.distributed as dist

            dist.barrier()

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over all processes, in one message."""
        if self.count > 1:
            import torch
            import torch.distributed as dist

            flat = torch.cat([tensor.flatten() for tensor in tensors])
            dist.all_reduce(flat)
            for tensor, total in zip(tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True):
                tensor.copy_(total.view_as(tensor))

    def any_of(self, flag: bool) -> bool:
        """Return whether any process says so."""
        if self.count == 1:
            return flag
        return any(self.gather(flag))

    def gather(self, value: Any) -> list[Any]:
        """Return the value of each process, in the order of their numbers."""
        if self.count == 1:
            return [value]
        import torch.distributed as dist

        values: list[Any] = [None] * self.count
        dist.all_gather_object(values, value)
        return values


def join_workers(device: str = "cpu") -> Workers:
    """Return this process's place among the workers that torchrun or accelerate started, after meeting the others."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count <= 1:
        return Workers()
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        if device.startswith("cuda"):
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=_PATIENCE)
    return Workers(dist.get_rank(), dist.get_world_size())
