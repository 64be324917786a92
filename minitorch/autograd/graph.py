"""PyTorch's `torch.autograd.graph`: ways to look at the graph, or to change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch._missing import missing
from minitorch._not_covered import told
from minitorch.autograd.function import Function as Node

__all__ = ["Node", "save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """Refused: what nodes save is matched by identity, and cannot pass through a user's hands.

    Raises:
        NotImplementedError: always.
    """

    refused = True

    def __init__(self, pack_hook: Callable[..., Any], unpack_hook: Callable[..., Any]) -> None:
        raise NotImplementedError(
            f"{told('torch.autograd.graph.saved_tensors_hooks')}; recompute in it what is too "
            "large to keep"
        )


class save_on_cpu:
    """A context manager that does nothing: everything that is saved is on the CPU."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        pass


__getattr__ = missing(__name__)
