"""Making tensors at random: PyTorch's own numbers for the same seed."""

from __future__ import annotations

import operator
from typing import Any, Unpack

from minitorch import _dtypes
from minitorch._dtypes import Array, dtype
from minitorch._tensor import Tensor
from minitorch.factory import (
    LikeOptions,
    Options,
    _like,
    empty,
    finish,
    numpy_dtype,
    spelled_out,
    zeros,
)
from minitorch.ops.math import random as draws
from minitorch.ops.support.out import MADE, takes_out

__all__ = [
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]


def _filled(made: Tensor, values: Array, requires_grad: bool) -> Tensor:
    """A new tensor, which nobody has seen yet, with an array of drawn values for its own."""
    made._hold(values.reshape(made.shape))
    return made.requires_grad_(requires_grad)


def _drawn(
    law: str, sizes: Any, generator: Any, requires_grad: bool = False, **options: Any
) -> Tensor:
    """Draws from one of a stream's distributions, `uniform` or `normal`, in a new tensor."""
    made = empty(*sizes, **options)
    kind = draws.floating(f"{law}_", made)
    values = getattr(draws.stream(generator), law)(made._array.size, dtype=kind)
    return _filled(made, values, requires_grad)


@takes_out("rand", MADE)
@spelled_out
def rand(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """Draws from U[0, 1): PyTorch's own, for the same seed.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    return _drawn("uniform", sizes, generator, size=size, dtype=dtype, **options)


@takes_out("randn", MADE)
@spelled_out
def randn(
    *sizes: Any,
    size: Any = None,
    generator: Any = None,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """Draws from the standard normal distribution: PyTorch's own, for the same seed."""
    return _drawn("normal", sizes, generator, size=size, dtype=dtype, **options)


@spelled_out
def rand_like(input: Tensor, *, generator: Any = None, **options: Unpack[LikeOptions]) -> Tensor:
    """`rand` in `input`'s shape, dtype and memory layout."""
    requires_grad = options.pop("requires_grad", False)
    made = _like("empty_like", input, 0, **options)
    return draws.uniform_(made, generator=generator).requires_grad_(requires_grad)


@spelled_out
def randn_like(input: Tensor, *, generator: Any = None, **options: Unpack[LikeOptions]) -> Tensor:
    """`randn` in `input`'s shape, dtype and memory layout."""
    requires_grad = options.pop("requires_grad", False)
    made = _like("empty_like", input, 0, **options)
    return draws.normal_(made, generator=generator).requires_grad_(requires_grad)


@takes_out("randint", MADE)
@spelled_out
def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """Whole numbers from ``[low, high)``; ``randint(high, size)`` starts at 0.

    Raises:
        RuntimeError: if low >= high.
    """
    if high is None:
        low, high = 0, low
    elif size is None:
        low, high, size = 0, low, high
    if size is None or isinstance(size, int):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, got {size!r}")
    start, end = operator.index(low), operator.index(high)
    _check_range(start, end)
    requires_grad = options.pop("requires_grad", False)
    made = empty(size, dtype=dtype or _dtypes.int64, **options)
    array = made._array
    values = draws.stream(generator).randint(array.size, start, end, array.dtype)
    return _filled(made, values, requires_grad)


@spelled_out
def randint_like(
    input: Tensor,
    low: int | None = None,
    high: int | None = None,
    *,
    generator: Any = None,
    **options: Unpack[LikeOptions],
) -> Tensor:
    """`randint` in `input`'s shape, dtype and memory layout; ``randint_like(x, high)`` from 0.

    Raises:
        RuntimeError: if low >= high.
        TypeError: if both are missing.
    """
    if low is None or high is None:
        low, high = 0, low if high is None else high
    if high is None:
        raise TypeError("randint_like() missing 1 required positional argument: 'high'")
    start, end = operator.index(low), operator.index(high)
    requires_grad = options.pop("requires_grad", False)
    made = _like("empty_like", input, 0, **options)
    _check_range(start, end)
    return draws.random_(made, start, end, generator=generator).requires_grad_(requires_grad)


def _check_range(low: int, high: int) -> None:
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )


@takes_out("randperm", MADE)
@spelled_out
def randperm(
    n: int, *, generator: Any = None, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """The numbers 0 to n - 1 in random order: PyTorch's own, for the same seed."""
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    kind = numpy_dtype("randperm", dtype, _dtypes.int64.numpy)
    order = draws.stream(generator).permutation(operator.index(n), kind)
    return finish(order, **options)


@takes_out("normal")
@spelled_out
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """Draws from normal distributions with the given means and standard deviations.

    Args:
        mean, std: numbers (then `size` is needed), or tensors that broadcast. Their gradient is 0,
            as PyTorch's is: the draws are constants.

    Raises:
        RuntimeError: for a negative standard deviation.
    """
    if size is not None:
        requires_grad = options.pop("requires_grad", False)
        made = zeros(size, dtype=dtype, **options)
        return draws.normal_(made, mean, std, generator=generator).requires_grad_(requires_grad)
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        raise TypeError("normal(): argument 'size' is needed when mean and std are numbers")
    return draws.normal(mean, std, generator=generator)
