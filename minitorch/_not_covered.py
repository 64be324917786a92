"""Parts of PyTorch that are not covered: errors that say so, and what to do instead.

The list itself is in `_not_covered_names`, which is read when a name is missing. A module of the
list can be imported, and so can any name in it: a class whose making says that it is not covered.
Libraries import far more than they use. A name of a module that is here is not: `hasattr` says so,
by which libraries choose what they do instead.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def not_covered(name: str) -> str:
    """Return the sentence that says so, under the name by which PyTorch users know the thing.

    >>> not_covered("minitorch.fft")
    'torch.fft is not covered by minitorch'
    """
    return f"{_theirs(name)} is not covered by minitorch"


def _theirs(name: str) -> str:
    """The name in PyTorch."""
    own = name == "minitorch" or name.startswith("minitorch.")
    return "torch" + name.removeprefix("minitorch") if own else name


def refused(name: str, instead: str | None = None) -> Callable[..., Any]:
    """Return a function that stands for one that is not covered, so that it can be imported.

    Args:
        name: of it in PyTorch.
        instead: what to do instead; by default as the list has it.

    >>> refused("torch.jit.load", "save the state_dict")()
    Traceback (most recent call last):
    NotImplementedError: torch.jit.load is not covered by minitorch: save the state_dict
    """

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise error(name, instead or str(reason(name)))

    vars(refuse)["refused"] = True
    refuse.__doc__ = f"Not covered{f': {instead}' if instead else ''}."
    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    return refuse


@functools.cache
def _listed() -> tuple[dict[str, str], dict[str, str]]:
    """The reasons, by name, of modules and of the names of modules that are here."""
    from minitorch._not_covered_names import GROUPS

    modules = {f"torch.{name}": g.reason for g in GROUPS for name in g.modules.split()}
    names = {
        f"{space}.{name}": group.reason
        for group in GROUPS
        for space, held in group.names.items()
        for name in held.split()
    }
    return modules, names


def given_callable(who: str, given: Any, error: type[Exception] = TypeError) -> Any:
    """Return a function or class that is passed on as it is; raise `error` for anything else.

    >>> given_callable("torch.jit.script", 3)
    Traceback (most recent call last):
    TypeError: torch.jit.script: expected a function, class or module, got int
    """
    if not callable(given):
        raise error(f"{who}: expected a function, class or module, got {type(given).__name__}")
    return given


def reason(name: str) -> str | None:
    """Say why ``"torch.stft"``, or a module or a name in it, is not covered; None if it is unknown.

    >>> reason("torch.stft") == reason("torch.fft.rfft")
    True
    """
    modules, names = _listed()
    name = _theirs(name)
    if name in names:
        return names[name]
    while name:
        if name in modules:
            return modules[name]
        name = name.rpartition(".")[0]
    return None


def is_module(name: str) -> bool:
    """Whether ``torch.fft`` or the like is a module of the list, or in one."""
    modules, _ = _listed()
    return any(_theirs(name) == m or _theirs(name).startswith(m + ".") for m in modules)


def told(name: str) -> str:
    """Return `not_covered` with the reason, where there is one."""
    why = reason(name)
    return not_covered(name) + (f": {why}" if why else "")


def error(name: str, instead: str) -> NotImplementedError:
    """Return the error of something that exists in order to say that it is not covered."""
    return NotImplementedError(f"{not_covered(name)}: {instead}")


PROBED = ("pytest", "setup", "setUp", "teardown", "tearDown")
"""The beginnings of names that pytest asks every module for."""


def any_name(module_name: str, private: bool = False) -> Callable[[str], Any]:
    """Return a ``__getattr__`` for a module of the list: every other name is refused in use.

    Args:
        module_name: the module.
        private: whether names with an underscore are refused so, too.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith(("__" if private else "_", *PROBED)):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        made = _refusing(f"{module_name}.{name}")
        setattr(sys.modules[module_name], name, made)
        return made

    return __getattr__


def placeholder(name: str) -> ModuleType | None:
    """Return the module that stands for ``torch.fft`` or the like; None if there is no such."""
    if not is_module(name):
        return None
    made = ModuleType(name, f"{told(name)}.")
    vars(made).update(__path__=[], __getattr__=any_name(name, private=True))
    sys.modules.setdefault(name, made)
    return made


class _Refusing(type):
    """The class of the classes that stand for what is not covered."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):  # what Python and others probe for
            raise AttributeError(f"{cls.__doc__}: it has no {name!r}", name=name, obj=None)
        return _refusing(f"{cls.__module__}.{cls.__name__}.{name}")

    def __getitem__(cls, item: Any) -> Any:
        return cls  # in an annotation


def _refusing(name: str) -> type:
    """A class that stands for what is not covered, function or class: to make one is refused."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(told(name))

    module, _, own = name.rpartition(".")
    return _Refusing(
        own, (), {"__init__": __init__, "__module__": module, "__doc__": not_covered(name)}
    )
