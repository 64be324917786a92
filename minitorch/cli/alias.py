"""Answer ``import torch`` with minitorch, module by module and as the very same module objects.

A finder at the head of ``sys.meta_path`` is asked before Python searches for anything:

- ``torch.nn`` and the like are handed minitorch's module of that name, not a copy: two names in
  ``sys.modules`` for one object, so that a class is one class however it was imported;
- what minitorch lacks is refused by name, and never found in a PyTorch that is installed too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from minitorch._missing import missing, not_covered

OWN, THEIRS = "minitorch", "torch"
NEED_PYTORCH = ("torchaudio", "torchvision")


def install() -> None:
    """Let ``torch`` mean minitorch in this process from now on."""
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        for name in [name for name in sys.modules if name.partition(".")[0] == THEIRS]:
            del sys.modules[name]
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == OWN:
                install_missing_getattr(module)
        sys.meta_path.insert(0, TorchFinder())


class TorchFinder(MetaPathFinder):
    """Finds minitorch's module where a program asks for PyTorch's."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, below = fullname.partition(".")
        if top in NEED_PYTORCH:
            raise refusal(fullname, "it is built on PyTorch's own binary parts")
        if top == OWN:
            # `from torch import fft` asks for the submodule minitorch.fft: the module that it
            # imports from says in its __name__ who it is. (The error's name must not be that same
            # name, or the import statement takes it for "not a submodule" and says less.)
            if below and PathFinder.find_spec(fullname, path) is None:
                raise refusal(THEIRS + "." + below)
            return None
        if top != THEIRS:
            return None
        own = OWN + fullname.removeprefix(THEIRS)
        try:
            module = import_module(own)
        except ModuleNotFoundError as error:
            if error.name not in (own, fullname):
                raise  # the module is there, and something that it needs itself is not
            raise refusal(fullname) from None
        return ModuleSpec(fullname, SameModule(module), is_package=hasattr(module, "__path__"))


class SameModule(Loader):
    """Hands out a module that is loaded already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.own_spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec  # the import system has just put the alias's there
        install_missing_getattr(module)


def install_missing_getattr(module: ModuleType) -> None:
    """Let the error for a name that `module` lacks say that minitorch does not cover it."""
    namespace = vars(module)
    namespace.setdefault("__getattr__", missing(module.__name__))  # for `module.name`
    # For `from module import name`: given a __path__, Python asks the finder before it gives up.
    namespace.setdefault("__path__", [])


def refusal(name: str, why: str = "") -> ModuleNotFoundError:
    """Return the error for a module or name that minitorch does not have."""
    return ModuleNotFoundError(not_covered(name) + (f": {why}" if why else ""), name=name)
