"""One hook of a module, with how it wants to be called."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.autograd.hooks import RemovableHandle, add_hook

if TYPE_CHECKING:
    from minitorch.nn.modules.module import Module


class Hook(NamedTuple):
    """A hook before or after `forward`.

    Attributes:
        with_kwargs: whether it takes the keyword arguments, too.
        always: whether it runs after an error as well.
    """

    call: Callable[..., Any]
    with_kwargs: bool = False
    always: bool = False

    def before(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Run before `forward`; returns the arguments to go on with."""
        if not self.with_kwargs:
            changed = self.call(module, args)
            if changed is None:
                return args, kwargs
            return changed if isinstance(changed, tuple) else (changed,), kwargs
        changed = self.call(module, args, kwargs)
        if changed is None:
            return args, kwargs
        if not (isinstance(changed, tuple) and len(changed) == 2):
            raise RuntimeError(
                "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                f"{changed}."
            )
        return changed

    def after(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> Any:
        """Run after `forward`; returns another result, or None."""
        if self.with_kwargs:
            return self.call(module, args, kwargs, result)
        return self.call(module, args, result)

    def after_error(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Run after an exception, which goes on; one of the hook's own only warns."""
        try:
            self.after(module, args, kwargs, result)
        except Exception as error:
            warnings.warn(
                "module forward hook with ``always_call=True`` raised an exception that was "
                f"silenced as another error was raised in forward: {error}",
                stacklevel=4,
            )


class _WrappedHook:
    """A hook before loading, which takes the module (where one is given) or does not.

    Its name and its state are those of PyTorch, whose pickles have them.
    """

    def __init__(self, hook: Callable[..., Any], module: Any = None) -> None:
        self.hook, self.with_module = hook, module is not None
        if module is not None:
            self.module = weakref.ref(module)

    def __call__(self, *args: Any) -> Any:
        return self.hook(*((self.module(), *args) if self.with_module else args))

    def __getstate__(self) -> dict[str, Any]:
        module = {"module": self.module()} if self.with_module else {}
        return {"hook": self.hook, "with_module": self.with_module, **module}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["hook"], state.get("module"))  # type: ignore[misc]


WITH_KWARGS = {
    "_forward_pre_hooks": "_forward_pre_hooks_with_kwargs",
    "_forward_hooks": "_forward_hooks_with_kwargs",
}
"""Tables of hooks, and PyTorch's of the numbers of those that want keyword arguments."""
ALWAYS = "_forward_hooks_always_called"


def to_pytorch(state: dict[str, Any], functions: Callable[[Any], Any]) -> dict[str, Any]:
    """Write a module's attributes as PyTorch does: its hooks as functions, and notes about them.

    Args:
        functions: makes a table of functions of a table of hooks.
    """
    state = dict(state)
    for name, notes in WITH_KWARGS.items():
        hooks = state[name]
        state[name] = functions(hooks)
        state[notes] = OrderedDict((n, True) for n, hook in hooks.items() if hook.with_kwargs)
        if name == "_forward_hooks":
            state[ALWAYS] = OrderedDict((n, True) for n, hook in hooks.items() if hook.always)
    if state["_backward_hooks"]:
        state["_is_full_backward_hook"] = True
    return state


def from_pytorch(state: dict[str, Any]) -> dict[str, Any]:
    """Read a module's attributes that `to_pytorch` or PyTorch wrote; any others are left alone."""
    state = dict(state)
    always = state.pop(ALWAYS, {})
    for name, notes in WITH_KWARGS.items():
        noted = state.pop(notes, {})
        table = state.get(name, {})  # changed in place: handles know it
        for number, call in table.items():
            if not isinstance(call, Hook):
                table[number] = Hook(call, number in noted, number in always)
    return state


def add(hooks: Any, hook: Any, prepend: bool = False) -> RemovableHandle:
    """Put a hook of any of these kinds into the table `hooks` and return its handle."""
    return add_hook(hooks, hook, prepend=prepend)
