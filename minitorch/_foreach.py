"""One operation on each tensor of a list: ``torch._foreach_add(tensors, 1)`` and others.

PyTorch has them for speed, and libraries of optimizers call them. Here each is a loop over the
tensors' own methods, so that what is said of those holds for these.

>>> import minitorch
>>> xs = [minitorch.ones(2), minitorch.zeros(1)]
>>> minitorch._foreach_add(xs, [minitorch.ones(2), minitorch.ones(1)], alpha=2)
(tensor([3., 3.]), tensor([2.]))
>>> minitorch._foreach_mul_(xs, 5)
[tensor([5., 5.]), tensor([0.])]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch._tensor import Tensor

_METHODS = (
    "abs acos add addcdiv addcmul asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp "
    "expm1 floor frac lerp lgamma log log10 log1p log2 maximum minimum mul neg pow reciprocal "
    "round rsqrt sigmoid sign sin sinh sqrt sub tan tanh trunc"
)
METHODS = _METHODS.split()
ALONE = ["clone", "copy_", "max", "mm", "norm", "zero_"]

__all__: list[str] = ["_foreach_" + name for name in ALONE]
__all__ += [f"_foreach_{name}{end}" for name in METHODS for end in ("", "_")]


def _each(name: str, count: int, argument: Any) -> list[Any]:
    """An argument a tensor: the elements of a list, or the same for all."""
    if not isinstance(argument, (list, tuple)):
        return [argument] * count
    if len(argument) != count:
        raise RuntimeError(
            f"{name}: expected lists of one length, got {count} tensors and {len(argument)}"
        )
    return list(argument)


def _foreach(method: str) -> Callable[..., Any]:
    """The function that calls `method` of each tensor."""
    name = f"_foreach_{method}"
    plain = method.removesuffix("_")

    def function(self: Any, *args: Any, **kwargs: Any) -> Any:
        if plain == "pow" and not isinstance(self, (list, tuple)):
            self, args = [self] * len(args[0]), (args[0], *args[1:])  # a number to each power
        if not isinstance(self, (list, tuple)) or not self:
            raise RuntimeError(f"{name}: expected a list of at least one tensor, got {self!r}")
        count = len(self)
        columns = [_each(name, count, argument) for argument in args]
        if plain in ("addcdiv", "addcmul") and len(columns) == 3:
            scalars = columns.pop()
            if isinstance(args[2], Tensor):
                scalars = args[2].tolist()
            made = [
                getattr(x, method)(*rest, value=scalar)
                for x, *rest, scalar in zip(self, *columns, scalars, strict=True)
            ]
        elif plain in ("maximum", "minimum"):
            bound = "clamp_min" if plain == "maximum" else "clamp_max"
            end = method.removeprefix(plain)
            made = [
                _bounded(x, other, bound + end) for x, other in zip(self, *columns, strict=True)
            ]
        else:
            named = {key: _each(name, count, value) for key, value in kwargs.items()}
            made = [
                _call(x, method, rest, {key: values[i] for key, values in named.items()})
                for i, (x, *rest) in enumerate(zip(self, *columns, strict=True))
            ]
        return list(self) if method.endswith("_") else tuple(made)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Call `{method}` of each tensor in `self`; arguments may be lists, too."
    return function


def _call(x: Any, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if not isinstance(x, Tensor):  # _foreach_pow(2, tensors)
        return x ** args[0]
    return getattr(x, method)(*args, **kwargs)


def _bounded(x: Tensor, other: Any, method: str) -> Tensor:
    """The larger or smaller of two, which keeps NaN."""
    return getattr(x, method)(other)


globals().update({f"_foreach_{m}{end}": _foreach(m + end) for m in METHODS for end in ("", "_")})
_foreach_clone, _foreach_zero_ = _foreach("clone"), _foreach("zero_")
_foreach_mm = _foreach("mm")


def _foreach_copy_(self: Any, src: Any, non_blocking: bool = False) -> list[Tensor]:
    """Copy each tensor of `src` into that of `self`."""
    return [x.copy_(value) for x, value in zip(self, src, strict=True)]


def _foreach_norm(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    """The norm of each tensor, taken as one vector."""
    return tuple(x.norm(ord, dtype=dtype) for x in self)


def _foreach_max(self: Any) -> tuple[Tensor, ...]:
    """The largest element of each tensor."""
    return tuple(x.max() for x in self)
