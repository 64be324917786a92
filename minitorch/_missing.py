"""Names that a module has not: what it loads when asked, and errors that say the nearest it has."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

from minitorch._not_covered import placeholder, reason, told

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
        error = f"module {module_name!r} has no attribute {name!r}"
        if not (name.startswith("__") and name.endswith("__")):
            if (module := placeholder(f"{module_name}.{name}")) is not None:
                setattr(sys.modules[module_name], name, module)
                return module
            error += f": {told(f'{module_name}.{name}')}"
            if reason(f"{module_name}.{name}") is None:
                known = {
                    k: "module" if v.endswith(f".{k}") else "function" for k, v in later.items()
                }
                known |= {k: _kind_of(value) for k, value in vars(sys.modules[module_name]).items()}
                error += did_you_mean(name, known)
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
        kind, wanted = type(self.owner), f"torch.Tensor.{self.wanted}"
        told_so = f"'{kind.__name__}' object has no attribute '{self.wanted}': {told(wanted)}"
        if reason(wanted) is not None:
            return told_so
        return told_so + did_you_mean(self.wanted, dict.fromkeys(dir(kind), "function"))


def did_you_mean(name: str, known: Mapping[str, str]) -> str:
    """Return the end of an error that says the nearest of the names known; nothing if none is.

    Args:
        name: what was asked for. Its kind shows in how it is written: CamelCase is a class, letters
            and a number are a dtype; anything else is a function, failing that a module or
            dtype.
        known: what there is, and the kind of each.

    >>> did_you_mean("opitm", {"optim": "module"}), did_you_mean("func", {"trunc": "class"})
    ("; did you mean 'optim'?", '')
    """
    import difflib  # which is slow to load

    if name[:1].isupper():
        kinds = ["class"]
    else:
        kinds = ["function", "module", "dtype"]
        if re.fullmatch("[a-z]+[0-9]+", name):
            kinds = ["dtype", *kinds]
    for kind in kinds:
        alike = [other for other in known if known[other] == kind and not other.startswith("_")]
        if nearest := difflib.get_close_matches(name, alike, n=1, cutoff=0.7):
            return f"; did you mean {nearest[0]!r}?"
    return ""


def _kind_of(value: Any) -> str:
    """The kind of a name, by its value."""
    if isinstance(value, ModuleType):
        return "module"
    if isinstance(value, type):
        return "class"
    return "dtype" if type(value).__name__ in ("dtype", "Absent") else "function"
