"""Names that a module has not: what it loads when asked, and errors that say the nearest it has."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from minitorch._not_covered import not_covered, placeholder

NOTHING: Mapping[str, str] = MappingProxyType({})


def missing(module_name: str, later: Mapping[str, str] = NOTHING) -> Callable[[str], Any]:
    """Return a module-level ``__getattr__``, used as ``__getattr__ = missing(__name__)``.

    Python calls it only for names that the module lacks, so it raises AttributeError, and
    ``hasattr`` and ``getattr`` with a default work as ever. Dunder names are what Python itself and
    other libraries probe for (``__path__``, ``__array__``): they get the plain message.

    Args:
        module_name: the module.
        later: names that it has all the same, and the modules that are only now loaded for them: a
            submodule of that name, or another module that has it.

    >>> missing("math")("squirt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AttributeError: module 'math' has no attribute 'squirt': ... did you mean 'sqrt'?
    """

    def __getattr__(name: str) -> Any:
        if name in later:
            found: Any = importlib.import_module(later[name])
            if later[name] != f"{module_name}.{name}":
                found = getattr(found, name)
            setattr(sys.modules[module_name], name, found)
            return found
        if (module := placeholder(f"{module_name}.{name}")) is not None:
            setattr(sys.modules[module_name], name, module)
            return module
        error = f"module {module_name!r} has no attribute {name!r}"
        if not (name.startswith("__") and name.endswith("__")):
            error += f": {not_covered(f'{module_name}.{name}')}"
            known = [*vars(sys.modules[module_name]), *later]
            error += did_you_mean(name, [other for other in known if not other.startswith("_")])
        # `obj` is what a traceback searches for a suggestion of its own; ours is made already.
        raise AttributeError(error, name=name, obj=None)

    return __getattr__


class MissingAttribute(AttributeError):
    """Error for an attribute that an object does not have; its advice is worked out when shown.

    (Many only probe, with ``hasattr``, and never look at the message.)
    """

    def __init__(self, name: str, owner: object) -> None:
        super().__init__(name, owner)
        self.wanted, self.owner = name, owner

    def __str__(self) -> str:
        known = [other for other in dir(self.owner) if not other.startswith("_")]
        kind = type(self.owner).__name__
        return (
            f"'{kind}' object has no attribute '{self.wanted}': "
            f"{not_covered(f'torch.Tensor.{self.wanted}')}" + did_you_mean(self.wanted, known)
        )


def did_you_mean(name: str, known: list[str]) -> str:
    """Return the end of an error that says the nearest of the names known; nothing if none is."""
    import difflib  # which is slow to load

    nearest = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
