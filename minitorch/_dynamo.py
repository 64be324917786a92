"""The compiler behind `torch.compile`, where libraries look for its switches: there is none."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

from minitorch._missing import missing
from minitorch.compiler import (
    allow_in_graph as allow_in_graph,
    assume_constant_result as assume_constant_result,
    disable as disable,
    is_compiling as is_compiling,
    list_backends as list_backends,
    reset as reset,
    substitute_in_graph as substitute_in_graph,
)

config = SimpleNamespace()
"""Settings that have no effect."""


class OptimizedModule:
    """A module as compiled: nothing is one, as `compile` gives back what it is given."""


class TransformGetItemToIndex(nullcontext[None]):
    """A context manager that changes nothing: an index may be a tensor anywhere."""


def optimize(*args: Any, **kwargs: Any) -> Any:
    """Return a decorator that changes nothing."""
    return allow_in_graph


run = disallow_in_graph = forbid_in_graph = allow_in_graph


def is_compile_supported(device_type: Any) -> bool:
    """False."""
    return False


def graph_break(msg: str = "") -> None:
    """Do nothing: there is no graph to break."""


def mark_dynamic(t: Any, index: Any, **kwargs: Any) -> None:
    """Do nothing: every size may change."""


maybe_mark_dynamic = mark_static = mark_static_address = mark_unbacked = mark_dynamic

eval_frame = sys.modules[__name__]  # where PyTorch keeps the class

__getattr__ = missing(__name__)
