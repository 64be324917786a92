"""Hooks on all modules at once, for debugging and profiling; each returns a handle to remove it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from minitorch.autograd.hooks import Hooks, RemovableHandle, add_hook
from minitorch.nn.modules._hook import Hook, add

# One table of all that run when a module is called, so that a call asks only whether it is empty.
AT_CALLS: OrderedDict[int, tuple[str, Any]] = OrderedDict()
AT_REGISTRATION: dict[str, Hooks] = {k: OrderedDict() for k in ("buffer", "module", "parameter")}


def at_calls(kind: str) -> list[Any]:
    """The hooks of one kind: 'forward_pre', 'forward', 'backward_pre' or 'backward'."""
    return [hook for its_kind, hook in AT_CALLS.values() if its_kind == kind]


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """Pass a value that `module` registers through the hooks; by default it stays."""
    for hook in AT_REGISTRATION[kind].values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's `forward`; it may return other args."""
    return add(AT_CALLS, ("forward_pre", Hook(hook)))


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
    return add(AT_CALLS, ("forward", Hook(hook, with_kwargs, always_call)))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before every module's gradients are worked out."""
    return add(AT_CALLS, ("backward_pre", hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when every module's gradients are there."""
    return add(AT_CALLS, ("backward", hook))


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` on each buffer registered; it may return another."""
    return add_hook(AT_REGISTRATION["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, child)`` on each child registered; it may return another."""
    return add_hook(AT_REGISTRATION["module"], hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` on each parameter; it may return another."""
    return add_hook(AT_REGISTRATION["parameter"], hook)
