"""Sizes that PyTorch's compiler may not know yet: here each is a number, and these say so.

>>> import minitorch
>>> minitorch.sym_int(2.5), minitorch.sym_max(2, 3.0), isinstance(2, minitorch.SymInt)
(2, 3.0, False)
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

from minitorch._not_covered import error

__all__ = [
    "SymBool",
    "SymFloat",
    "SymInt",
    "cond",
    "sym_float",
    "sym_int",
    "sym_ite",
    "sym_max",
    "sym_min",
    "sym_not",
    "sym_sqrt",
    "sym_sum",
]


class _Symbol:
    """A number that is not known yet: there is none.

    Raises:
        NotImplementedError: always.
    """

    def __init__(self, *args: Any) -> None:
        raise error(f"torch.{type(self).__name__}", "sizes are plain numbers")


class SymInt(_Symbol):
    """An integer that is not known yet: there is none."""


class SymFloat(_Symbol):
    """A float that is not known yet: there is none."""


class SymBool(_Symbol):
    """A truth that is not known yet: there is none."""


def sym_float(a: Any) -> float:
    """``float(a)``."""
    return builtins.float(a)


def sym_int(a: Any) -> int:
    """`a` as an int; what is behind the point is cut off."""
    return math.trunc(a) if isinstance(a, builtins.float) else builtins.int(a)


def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """``t if b else f``."""
    return t if b else f


def sym_max(a: Any, b: Any) -> Any:
    """The larger number, a float if either is one."""
    return _alike(max, a, b)


def sym_min(a: Any, b: Any) -> Any:
    """The smaller number, a float if either is one."""
    return _alike(min, a, b)


def _alike(choose: Any, a: Any, b: Any) -> Any:
    chosen = choose(a, b)
    return builtins.float(chosen) if isinstance(a, float) or isinstance(b, float) else chosen


def sym_not(a: Any) -> bool:
    """``not a``."""
    return not a


def sym_sqrt(a: Any) -> float:
    """``math.sqrt(a)``."""
    return math.sqrt(a)


def sym_sum(args: Any) -> Any:
    """``sum(args)``."""
    return sum(args)


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], operands: Any = ()
) -> Any:
    """Call `true_fn` with the operands if `pred`, a bool or a tensor of one, else `false_fn`.

    >>> import minitorch
    >>> cond(minitorch.tensor(True), lambda x: x + 1, lambda x: x, (minitorch.zeros(1),))
    tensor([1.])
    """
    return true_fn(*operands) if pred else false_fn(*operands)
