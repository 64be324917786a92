"""`torch.fx`'s names: programs are not taken apart here."""

from __future__ import annotations

import inspect
from typing import Any

from minitorch._not_covered import any_name, refused
from minitorch.nn.modules.module import Module

__all__ = [
    "Graph",
    "GraphModule",
    "Interpreter",
    "Node",
    "Proxy",
    "Tracer",
    "Transformer",
    "replace_pattern",
    "symbolic_trace",
    "wrap",
]

_INSTEAD = "look at the graph with minitorch.viz, or at a module's parts with named_modules"


class _Refused:
    """A class that is only there for ``isinstance`` and as a base class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refused(f"torch.fx.{type(self).__name__}", _INSTEAD)()


class Proxy(_Refused):
    """A stand-in for a tensor while a program is traced: nothing is one."""


class Node(_Refused):
    """A step of a traced program: nothing is one."""


class Graph(_Refused):
    """A traced program: nothing is one."""


class Tracer(_Refused):
    """A tracer of programs: it cannot be made."""


class Interpreter(_Refused):
    """A runner of traced programs: it cannot be made."""


class Transformer(_Refused):
    """A changer of traced programs: it cannot be made."""


class GraphModule(Module):
    """A module made of a traced program: nothing is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refused("torch.fx.GraphModule", _INSTEAD)()


def wrap(fn_or_name: Any) -> Any:
    """`fn_or_name`, a function or its name, as it is: a mark for tracing.

    Raises:
        RuntimeError: for anything else.
        NotImplementedError: unless at the top level of a module.
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            "Unsupported type for global function! Must be either a callable or string name, got "
            f"{type(fn_or_name).__name__}"
        )
    caller = inspect.currentframe()
    if caller and caller.f_back and caller.f_back.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    return fn_or_name


symbolic_trace = refused("torch.fx.symbolic_trace", _INSTEAD)
replace_pattern = refused("torch.fx.replace_pattern", _INSTEAD)

__getattr__ = any_name(__name__)
