"""Hooks on all modules at once, for debugging and profiling; each returns a handle to remove it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.autograd.hooks import Hooks, RemovableHandle, add_hook
from minitorch.nn.modules._hook import Hook, add

if TYPE_CHECKING:
    from minitorch.nn.modules.module import Module


class _Everywhere:
    """The tables of these hooks."""

    def __init__(self) -> None:
        self.forward_pre: OrderedDict[int, Any] = OrderedDict()
        self.forward: OrderedDict[int, Any] = OrderedDict()
        self.backward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.registration: dict[str, Hooks] = {
            kind: OrderedDict() for kind in ("buffer", "module", "parameter")
        }

    @property
    def any_at_calls(self) -> bool:
        """Whether any is to run when a module is called."""
        return bool(self.forward_pre or self.forward or self.backward_pre or self.backward)

    def registered(self, kind: str, module: Module, name: str, value: Any) -> Any:
        """What the hooks make of a value that `module` registers; by default the value itself."""
        for hook in self.registration[kind].values():
            changed = hook(module, name, value)
            if changed is not None:
                value = changed
        return value


everywhere = _Everywhere()


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's `forward`; it may return other args."""
    return add(everywhere.forward_pre, Hook(hook))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every module's `forward`.

    It may return another output.

    >>> import minitorch
    >>> from minitorch import nn
    >>> with register_module_forward_hook(lambda module, args, output: print(module)):
    ...     nn.Sequential(nn.ReLU(), nn.Flatten())(minitorch.ones(1, 2)).shape
    ReLU()
    Flatten(start_dim=1, end_dim=-1)
    Sequential(
      (0): ReLU()
      (1): Flatten(start_dim=1, end_dim=-1)
    )
    torch.Size([1, 2])
    """
    return add(everywhere.forward, Hook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before every module's gradients are worked out."""
    return add_hook(everywhere.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when every module's gradients are there."""
    return add_hook(everywhere.backward, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` on each buffer registered; it may return another."""
    return add_hook(everywhere.registration["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, child)`` on each child registered; it may return another."""
    return add_hook(everywhere.registration["module"], hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` on each parameter; it may return another."""
    return add_hook(everywhere.registration["parameter"], hook)
