"""One hook of a module, with how it wants to be called."""

from __future__ import annotations

import warnings
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


class LoadHook(NamedTuple):
    """A hook before loading, which takes the module or does not."""

    call: Callable[..., Any]
    with_module: bool

    def before_loading(self, module: Any, *args: Any) -> None:
        """Run before the module's own state is loaded."""
        self.call(*((module, *args) if self.with_module else args))


def add(hooks: Any, hook: Any, prepend: bool = False) -> RemovableHandle:
    """Put a hook of any of these kinds into the table `hooks` and return its handle."""
    return add_hook(hooks, hook, prepend=prepend)
