"""In-place operations as functions: ``torch.exp_(x)`` is ``x.exp_()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch._tensor import Tensor
from minitorch.ops.support.operands import require_tensor

_NAMES = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ "
    "atan_ atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ "
    "exp2_ exp_ expm1_ fill_ fix_ floor_ frac_ gcd_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ "
    "log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ resize_as_ round_ rsqrt_ "
    "sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_"
)
NAMES = _NAMES.split()
__all__: list[str] = ["detach", "fill", *NAMES]


def _function(name: str) -> Callable[..., Tensor]:
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return getattr(require_tensor(name, "input", input), name)(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Change `input` as its method `{name}` does."
    return function


globals().update({name: _function(name) for name in NAMES})


def detach(input: Tensor) -> Tensor:
    """Return a tensor over the same memory that is not part of the graph."""
    return require_tensor("detach", "input", input).detach()


def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor of `value`, of the input's shape and dtype.

    Args:
        value: a number, or a tensor of no dimensions.

    Raises:
        RuntimeError: for a tensor with dimensions.

    >>> import minitorch
    >>> fill(minitorch.zeros(2), 3)
    tensor([3., 3.])
    """
    return require_tensor("fill", "input", input).clone().fill_(value)
