"""Errors for names that a module does not have, which say the nearest one that it has."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from typing import NoReturn


def missing(module_name: str) -> Callable[[str], NoReturn]:
    """Return a module-level ``__getattr__``, used as ``__getattr__ = missing(__name__)``.

    Python calls it only for names that the module lacks, so it always raises AttributeError, and
    ``hasattr`` and ``getattr`` with a default work as ever. Dunder names are what Python itself and
    other libraries probe for (``__path__``, ``__array__``): they get the plain message.

    >>> missing("math")("squirt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AttributeError: module 'math' has no attribute 'squirt': ... did you mean 'sqrt'?
    """

    def __getattr__(name: str) -> NoReturn:
        error = f"module {module_name!r} has no attribute {name!r}"
        if not (name.startswith("__") and name.endswith("__")):
            error += f": {not_covered(f'{module_name}.{name}')}"
            known = [other for other in vars(sys.modules[module_name]) if not other.startswith("_")]
            if nearest := difflib.get_close_matches(name, known, n=1):
                error += f"; did you mean {nearest[0]!r}?"
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
        nearest = difflib.get_close_matches(self.wanted, known, n=1)
        kind = type(self.owner).__name__
        return (
            f"'{kind}' object has no attribute '{self.wanted}': "
            f"{not_covered(f'torch.Tensor.{self.wanted}')}"
            + (f"; did you mean {nearest[0]!r}?" if nearest else "")
        )


def not_covered(name: str) -> str:
    """Return the sentence that says so, under the name by which PyTorch users know the thing.

    >>> not_covered("minitorch.fft")
    'torch.fft is not covered by minitorch'
    """
    if name == "minitorch" or name.startswith("minitorch."):
        name = "torch" + name.removeprefix("minitorch")
    return f"{name} is not covered by minitorch"
