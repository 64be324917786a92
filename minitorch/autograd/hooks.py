"""Hooks: functions hung on a tensor, a node or a module, and the handle that removes one."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

Hooks = OrderedDict[int, Callable[..., Any]]


class RemovableHandle:
    """Handle of a registered hook: ``handle.remove()`` takes it off again.

    Only a weak reference to the table of hooks is held, so that a forgotten handle keeps
    neither a graph nor a module alive. Also a context manager that removes on exit.
    """

    next_id: ClassVar[int] = 0

    def __init__(self, hooks: Hooks, *, extra_dict: Any = None) -> None:
        self.hooks_dict_ref = weakref.ref(hooks)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extras = extra_dict if isinstance(extra_dict, list) else [extra_dict]
        self.extra_dict_ref = tuple(weakref.ref(d) for d in extras if d is not None)

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, ...]:
        extras = tuple(reference() for reference in self.extra_dict_ref)
        return (self.hooks_dict_ref(), self.id, extras)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        # A copy's handle is to take the hook off the copy, whose table was copied along.
        hooks, self.id, *extras = state
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        tables = extras[0] if extras else ()
        self.extra_dict_ref = tuple(weakref.ref(d) for d in tables if d is not None)
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()


def add_hook(hooks: Hooks, hook: Callable[..., Any], *, prepend: bool = False) -> RemovableHandle:
    """Put `hook` into the table `hooks` and return its handle."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class _Registered:
    """Whether any hook on a gradient was ever registered in this process."""

    gradient_hooks = False


registered = _Registered()


def add_gradient_hook(hooks: Hooks, hook: Callable[..., Any]) -> RemovableHandle:
    """`add_hook` for a hook that runs during a backward, which may see what leaves have by then."""
    registered.gradient_hooks = True
    return add_hook(hooks, hook)


def replaced(hook: Callable[..., Any], value: Any, result: Any) -> Any:
    """Take a hook's `result` for the gradient `value`, unless that is None.

    Raises:
        TypeError: for a result that is no tensor.
        RuntimeError: for a tensor of another shape or dtype.
    """
    if result is None:
        return value
    if not hasattr(result, "_requires_grad"):
        raise TypeError(
            f"expected Variable, but hook returned '{type(result).__name__}'; a hook on a gradient "
            "returns a tensor, or None to leave it as it is"
        )
    if value is not None:
        _check_alike(hook, value, result)
    return result


def all_replaced(hook: Callable[..., Any], values: tuple[Any, ...], results: Any) -> Any:
    """Take the results of a node's hook for its gradients; None among them is no gradient.

    Raises:
        TypeError: for results that are no tuple of tensors.
        RuntimeError: for another number of them, or tensors of another shape or dtype.
    """
    if results is None:
        return values
    if not isinstance(results, tuple):
        raise TypeError(
            f"expected tuple, but hook returned '{type(results).__name__}'; a node's hook returns "
            "a tuple with a tensor or None for each gradient that it was given"
        )
    if len(results) != len(values):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got "
            f"{len(results)}, but expected {len(values)})"
        )
    for value, result in zip(values, results, strict=True):
        replaced(hook, value, result)
    return results


def _check_alike(hook: Callable[..., Any], value: Any, result: Any) -> None:
    if result._numpy_dtype != value._numpy_dtype:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was {value.type()} got "
            f"{result.type()})"
        )
    if result._any_stored.shape != value._any_stored.shape:
        raise RuntimeError(f"hook '{_name(hook)}' has changed the size of value")


def _name(hook: Callable[..., Any]) -> str:
    return getattr(hook, "__name__", "<unknown>")
