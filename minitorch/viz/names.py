"""Names of tensors: in the arguments, in a module, or in the caller's own variables."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any

from minitorch.autograd.base import TensorBase
from minitorch.autograd.gradcheck.trace import PACKAGE
from minitorch.nn.modules.module import Module

MODULES = 200  # the caller's variables are searched for at most so many modules


class Names:
    """Names of leaves and of results.

    Args:
        params: a mapping from names to tensors, or pairs of both (as ``named_parameters()``).
        module: a module whose parameters are named.
        frame: whose variables name what is left.

    A name given is preferred to a module's, and that to a variable's.
    """

    def __init__(
        self,
        params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        module: Module | None = None,
        frame: FrameType | None = None,
    ) -> None:
        self.tensors: dict[int, str] = {}
        self.results: dict[tuple[int, int], str] = {}
        if params is not None:
            pairs = params.items() if isinstance(params, Mapping) else params
            for name, tensor in pairs:
                if not isinstance(tensor, TensorBase):
                    raise TypeError(f"graph: params[{name!r}] is no tensor, but {tensor!r}")
                self._name(name, tensor)
        if module is not None:
            if not isinstance(module, Module):
                raise TypeError(f"graph: expected a module, got {type(module).__name__}")
            self._name_parameters(module)
        if frame is not None:
            found = [(n, v) for n, v in _variables(frame).items() if not n.startswith("_")]
            modules = [(n, v) for n, v in found if isinstance(v, Module)][:MODULES]
            inner = {id(below) for _, v in modules for below in v.modules() if below is not v}
            outer = {id(v): (n, v) for n, v in modules if id(v) not in inner}
            for name, module in outer.values():
                self._name_parameters(module, f"{name}." if len(outer) > 1 else "")
            for name, value in found:
                if isinstance(value, TensorBase):
                    self._name(name, value)

    def _name_parameters(self, module: Module, prefix: str = "") -> None:
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            self._name(prefix + name, tensor)

    def _name(self, name: str, tensor: Any) -> None:
        self.tensors.setdefault(id(tensor), name)
        if tensor._grad_fn is not None:
            self.results.setdefault((id(tensor._grad_fn), tensor._slot), name)

    def of(self, tensor: TensorBase) -> str:
        """A leaf's or a constant's name, or ''."""
        return self.tensors.get(id(tensor), "")

    def of_result(self, node: Any, slot: int) -> str:
        """The name of a node's output, or ''."""
        return self.results.get((id(node), slot), "")


def _variables(frame: FrameType) -> dict[str, Any]:
    """The variables that code in `frame` sees."""
    variables = frame.f_globals | frame.f_locals
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        # A function's f_locals is a copy that stays with the frame, and would keep what the
        # function deletes.
        frame.f_locals.clear()
    return variables


def users_frame() -> FrameType | None:
    """The innermost frame outside minitorch."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return frame
