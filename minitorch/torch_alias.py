"""Answer ``import torch`` with minitorch, module by module.

    import minitorch
    minitorch.install_as_torch()
    import torch

It is also a pytest plugin, ``pytest -p minitorch.torch_alias``, so that a library's own tests run
on minitorch; and with the folder `FOLDER` on its PYTHONPATH every Python does it by itself.

A finder at the head of ``sys.meta_path`` is asked before Python searches for anything:

- ``torch`` itself is a module of its own, with PyTorch's version; whatever else is asked of it, or
  set on it, is minitorch's;
- ``torch.nn`` and the like are handed minitorch's module of that name, not a copy: two names in
  ``sys.modules`` for one object, so that a class is one class however it was imported;
- what minitorch lacks is refused by name, and never found in a PyTorch that is installed too.

Classes say that they are PyTorch's (``torch.nn.modules.linear.Linear``), as programs print and
pickle that name, and libraries look at it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import minitorch
from minitorch import library, overrides, version
from minitorch._missing import missing
from minitorch._not_covered import not_covered, placeholder, refused, told
from minitorch.torch_version import TorchVersion

OWN, THEIRS = "minitorch", "torch"
SCHEDULES = "minitorch.optim.lr_scheduler"
FOLDER = str(Path(minitorch.__file__).parent / "as_torch")
_ANY = DistributionFinder.Context()
ELSEWHERE = {
    "torch._custom_ops": "minitorch.library",
    "torch.utils.data._utils.collate": "minitorch.utils.data.collate",
    "torch.utils.data._utils.worker": "minitorch.utils.data.worker",
    "torch.amp.autocast_mode": "minitorch.amp",
    "torch.amp.grad_scaler": "minitorch.amp",
    "torch.autograd.grad_mode": "minitorch.autograd.mode",
    "torch.cuda.memory": "minitorch.cuda",
    "torch.cuda.random": "minitorch.cuda",
    "torch.cuda.streams": "minitorch.cuda",
    "torch._dynamo._trace_wrapped_higher_order_op": "minitorch._dynamo",
    "torch._dynamo.eval_frame": "minitorch._dynamo",
    "torch._dynamo.utils": "minitorch._dynamo",
    "torch.utils.model_zoo": "minitorch.hub",
}
"""Modules of PyTorch's that are part of another one here."""


def install_as_torch() -> None:
    """Let ``torch`` mean minitorch in this process from now on.

    A PyTorch that was imported before stays with those who hold it.

    >>> import subprocess, sys
    >>> program = "import minitorch as m; m.install_as_torch(); import torch; print(torch.ones(2))"
    >>> subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout
    'tensor([1., 1.])\\n'
    """
    if not any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        for name in [name for name in sys.modules if name.partition(".")[0] == THEIRS]:
            del sys.modules[name]
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == OWN:
                adopt(module)
        sys.meta_path.insert(0, TorchFinder())
        overrides.enable()  # a class that is no tensor's subclass may take functions over, too


def pytest_load_initial_conftests() -> None:
    """Let ``torch`` mean minitorch before pytest loads the first conftest.py."""
    install_as_torch()


class Torch(ModuleType):
    """minitorch under PyTorch's name and version."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(minitorch, name)
        if not name.startswith("__"):
            vars(self)[name] = value  # for the next time, which is as quick as in any module
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("__"):
            setattr(minitorch, name, value)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        delattr(minitorch, name)
        vars(self).pop(name, None)

    def __dir__(self) -> list[str]:
        return dir(minitorch)


class Overloaded:
    """An operation of PyTorch's own, ``torch.ops.aten.add``: its forms, ``add.Tensor``, are one."""

    def __init__(self, function: Any) -> None:
        self.__wrapped__ = function
        self.__name__ = function.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self


PIECES: dict[str, Callable[..., Any]] = {
    "_to_copy": lambda self, **options: self.to(**options, copy=True),
    "alias": lambda self: self.view_as(self),
    "index": lambda self, indices: self[tuple(slice(None) if i is None else i for i in indices)],
    "slice": lambda self, dim=0, start=None, end=None, step=1: self[
        (slice(None),) * (dim % self.dim()) + (slice(start, end, step),)
    ],
}
"""Operators of PyTorch's that are an expression here."""


def _aten(name: str) -> Any:
    """The function that is PyTorch's operator ``aten::name``; None if there is none.

    It is PyTorch's own function, or method, of that name; a loss of `nn.functional` is not, as an
    operator takes its reduction as a number. What begins with an underscore are pieces of other
    operations, which libraries name when they are imported, and seldom call.
    """
    if name in PIECES:
        return PIECES[name]
    space, _, rest = name.partition("_")
    if space in ("linalg", "special") and hasattr(minitorch, space):
        return getattr(getattr(minitorch, space), rest, None)
    for holder in (minitorch, minitorch.Tensor, minitorch.nn.functional):
        found = getattr(holder, name, None)
        if callable(found) and "reduction" not in getattr(found, "__annotations__", ()):
            return found
    piece = name.startswith("_") and not name.startswith("__")
    return refused(f"torch.ops.aten.{name}", "it is a piece of other operations") if piece else None


class Operators:
    """`torch.ops`: operations by their namespaces, ``torch.ops.mine.double``."""

    def __init__(self, namespace: str = "") -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not self._namespace:
            return Operators(name)
        qualified = f"{self._namespace}::{name}"
        found: Any = library.operations.get(qualified)
        if found is None and self._namespace == "aten":
            own = _aten(name)
            found = Overloaded(own) if callable(own) else None
        if found is None:
            kind = "'_OpNamespace' object has no attribute"
            raise AttributeError(f"{kind} {name!r}: {not_covered(f'the operator {qualified}')}")
        return found

    def load_library(self, path: Any) -> None:
        """Refuse a library of PyTorch's operators, as the system's loader would.

        Raises:
            OSError: always.
        """
        raise OSError(f"{path}: a library for PyTorch's own binary, which minitorch is not")


class TorchFinder(DistributionFinder):
    """Finds minitorch's module where a program asks for PyTorch's."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, below = fullname.partition(".")
        if top == OWN:
            # `from torch.nn import fold` asks for the submodule minitorch.nn.fold: the module that
            # it imports from says in its __name__ who it is.
            spec = PathFinder.find_spec(fullname, path)
            if below and spec is None:
                stand_in = placeholder(f"{THEIRS}.{below}")
                if stand_in is None:
                    raise refusal(THEIRS + "." + below, THEIRS + "." + below)
                return ModuleSpec(fullname, SameModule(stand_in), is_package=True)
            if spec is not None and spec.loader is not None:
                spec.loader = Adopting(spec.loader)
            return spec
        if top != THEIRS:
            return None
        if not below:
            return ModuleSpec(
                THEIRS, SameModule(_torch()), origin=minitorch.__file__, is_package=True
            )
        if below == "version":
            return ModuleSpec(fullname, SameModule(_version()), origin=version.__file__)
        own = ELSEWHERE.get(fullname, OWN + fullname.removeprefix(THEIRS))
        module: ModuleType | None
        try:
            module = import_module(own)
        except ModuleNotFoundError as error:
            if error.name not in (own, fullname):
                raise  # the module is there, and something that it needs itself is not
            if (module := placeholder(fullname)) is None:
                raise refusal(fullname, own) from None
        return ModuleSpec(fullname, SameModule(module), is_package=hasattr(module, "__path__"))

    def find_distributions(
        self, context: DistributionFinder.Context = _ANY
    ) -> Iterable[Distribution]:
        """PyTorch, as far as a program that asks for its version is concerned."""
        return [Installed()] if context.name in (None, THEIRS) else []


class Installed(Distribution):
    """The facts that pip knows of an installed package."""

    def read_text(self, filename: str) -> str | None:
        """Its name and version, which are in its METADATA."""
        told = f"Metadata-Version: 2.1\nName: {THEIRS}\nVersion: {version.TORCH}\n"
        return {"METADATA": told, "top_level.txt": THEIRS}.get(filename)

    def locate_file(self, path: Any) -> Any:
        """Where a file of it would be: nowhere."""
        return path


class SameModule(Loader):
    """Hands out a module that is loaded already."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.own_spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        if self.own_spec is not None:
            module.__spec__ = self.own_spec  # the import system has just put the alias's there
            adopt(module)


class Adopting(Loader):
    """Loads one of minitorch's own modules, and gives its classes PyTorch's names."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        adopt(module)


def adopt(module: ModuleType) -> None:
    """Let a module's classes say that they are PyTorch's, and its errors what is not covered."""
    name = OWN + module.__name__.removeprefix(OWN).removeprefix(THEIRS)
    for key, value in list(vars(module).items()):
        if isinstance(value, type) and value.__module__ == name:
            # What stands in a file of minitorch's own is in PyTorch a class of the top module.
            public = name.partition("._")[0] if hasattr(minitorch, key) else name
            if public.startswith(SCHEDULES):
                public = SCHEDULES  # one file in PyTorch
            value.__module__ = THEIRS + public.removeprefix(OWN)
            _say_types(value, vars(module))
    namespace = vars(module)
    if name == SCHEDULES:  # programs ask for a schedule's __module__ whether it is the library's
        namespace["__name__"] = THEIRS + name.removeprefix(OWN)
    for theirs, own in ELSEWHERE.items():
        parent, _, child = theirs.rpartition(".")
        if own == name == OWN + parent.removeprefix(THEIRS):
            namespace.setdefault(child, module)  # ``torch.cuda.random`` is `torch.cuda` itself
    # A function may have its module's name, as `nn.utils.weight_norm`: were the module imported by
    # PyTorch's name, Python would set it in the function's place.
    for key, value in namespace.items():
        held = sys.modules.get(f"{name}.{key}")
        if held is not None and not isinstance(value, ModuleType):
            sys.modules[THEIRS + held.__name__.removeprefix(OWN)] = held
    namespace.setdefault("__getattr__", missing(name))  # for `module.name`
    # For `from module import name`: given a __path__, Python asks the finder before it gives up.
    namespace.setdefault("__path__", [])


def _say_types(kind: type, namespace: dict[str, Any]) -> None:
    """Let a class's annotations be types, as PyTorch's are, which others ask for from elsewhere.

    Those that only a type checker can read, as their names are not imported, stay strings.
    """
    for name, said in vars(kind).get("__annotations__", {}).items():
        if isinstance(said, str):
            with suppress(NameError, TypeError, AttributeError):
                kind.__annotations__[name] = eval(said, namespace)


def _torch() -> ModuleType:
    """Make the module ``torch``."""
    made = Torch(THEIRS, minitorch.__doc__)
    vars(made).update(
        torch=made,
        __version__=TorchVersion(version.TORCH),
        __file__=minitorch.__file__,
        __path__=[],
        __all__=minitorch.__all__,
        ops=Operators(),
        version=_version(),
    )
    return made


def _version() -> ModuleType:
    """Make the module ``torch.version``, with PyTorch's version."""
    made = ModuleType(f"{THEIRS}.version", version.__doc__)
    vars(made).update({k: v for k, v in vars(version).items() if not k.startswith("__")})
    vars(made).update(__version__=version.TORCH, __file__=version.__file__)
    return made


def refusal(name: str, lacking: str) -> ModuleNotFoundError:
    """Return the error for a module or name that minitorch does not have.

    Args:
        name: of it in PyTorch.
        lacking: the error's `name`. If it were that of the module that is asked for, an import
            statement would take the error for "not a submodule", and say less.
    """
    return ModuleNotFoundError(told(name), name=lacking)
