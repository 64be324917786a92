"""Models over several devices: there is one, so a model is called as it is."""

from __future__ import annotations

from typing import Any

from minitorch._missing import missing
from minitorch.nn.modules.module import Module


class DataParallel(Module):
    """Calls `module`, as PyTorch's does where there is no GPU; in state dicts it is 'module.'.

    >>> from minitorch import nn
    >>> list(DataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """One of several processes' copies of a model: there is one process, so it is refused.

    Libraries ask whether a model is one; none is.

    Raises:
        ValueError: always, as PyTorch does in a process that has joined no group.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group: minitorch has one process; use the module itself"
        )


__getattr__ = missing(__name__)
