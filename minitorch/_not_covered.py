"""Parts of PyTorch that are not covered, and what to do instead.

A module of this list can be imported, and so can any name in it: a class whose making says that it
is not covered. Libraries import far more than they use.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_COMPLEX = "there are no complex dtypes; numpy.fft and numpy.linalg take what .numpy() gives"
_QUANTIZED = "there are no quantized dtypes; compute in float32"
_SPARSE = "there are no sparse tensors; use dense ones, or index_add and scatter_add"
_COMPILER = "programs are not taken apart; they run as they are written"
_EXPORT = "save the state_dict, and export the model in PyTorch"
_GPU = "there is the CPU alone"

MODULES = {
    "torch._inductor": _COMPILER,
    "torch._library": _COMPILER,
    "torch._prims_common": _COMPILER,
    "torch._subclasses": _COMPILER,
    "torch.ao": _QUANTIZED,
    "torch.distributed": "there is one process",
    "torch.export": _EXPORT,
    "torch.fft": _COMPLEX,
    "torch.fx": _COMPILER,
    "torch.jit": "nothing is compiled",
    "torch.masked": "there are no masked tensors; use where, or masked_select",
    "torch.mtia": _GPU,
    "torch.nested": "there are no nested tensors; pad, as torch.nn.utils.rnn.pad_sequence does",
    "torch.nn.intrinsic": _QUANTIZED,
    "torch.nn.qat": _QUANTIZED,
    "torch.nn.quantizable": _QUANTIZED,
    "torch.nn.quantized": _QUANTIZED,
    "torch.onnx": _EXPORT,
    "torch.package": "save the state_dict",
    "torch.quantization": _QUANTIZED,
    "torch.sparse": _SPARSE,
}
"""Where nothing more is there than what minitorch's own module of that name has."""


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


def refused(name: str, instead: str) -> Callable[..., Any]:
    """Return a function that stands for one that is not covered, so that it can be imported.

    >>> refused("torch.hub.list", "clone the repository")()
    Traceback (most recent call last):
    NotImplementedError: torch.hub.list is not covered by minitorch: clone the repository
    """

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{not_covered(name)}: {instead}")

    refuse.__doc__ = f"Not covered: {instead}."
    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    return refuse


def reason(name: str) -> str | None:
    """Say why the module `name`, ``"torch.fft"``, or one that it is in, is not covered."""
    name = _theirs(name)
    while name:
        if name in MODULES:
            return MODULES[name]
        name = name.rpartition(".")[0]
    return None


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
    why = reason(name)
    if why is None:
        return None
    made = ModuleType(name, f"{not_covered(name)}: {why}.")
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
    told = not_covered(name)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"{told}: {reason(name)}")

    module, _, own = name.rpartition(".")
    return _Refusing(own, (), {"__init__": __init__, "__module__": module, "__doc__": told})
