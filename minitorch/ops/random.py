"""Filling a tensor with random numbers, in PyTorch's order and from PyTorch's streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.kernels import random
from minitorch.ops.inplace import check_writable, copy_

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def stream(generator: Any) -> random.Stream:
    """The stream of a `Generator`; the default one for None.

    Raises:
        TypeError: for anything else.
    """
    if generator is None:
        return random.default
    try:
        return generator._stream
    except AttributeError:
        raise TypeError(
            f"generator: expected a torch.Generator or None, got {type(generator).__name__}"
        ) from None


def _fill(target: Tensor, values: Array) -> Tensor:
    """Write a flat stream of values into `target` in memory order."""
    laid_out = np.empty_like(target._array)
    random.fill(laid_out, values)
    return copy_(target, target._wrap(laid_out))


def _floating(who: str, target: Tensor) -> np.dtype[Any]:
    if target._array.dtype.kind != "f":
        raise NotImplementedError(f'"{who}" not implemented for {target.dtype}')
    return target._array.dtype


def uniform_(
    input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Any = None
) -> Tensor:
    """Fill with draws from U[from, to).

    Raises:
        RuntimeError: if from > to, or the interval is too wide for the dtype.
    """
    check_writable(input)
    dtype = _floating("uniform_", input)
    low, high = float(from_), float(to)
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    if high - low > np.finfo(dtype).max:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype}>::max(), but found "
            f"to={high} and from={low} which result in to-from to exceed the limit"
        )
    return _fill(input, stream(generator).uniform(input._array.size, low, high, dtype))


def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution.

    Raises:
        RuntimeError: for a negative standard deviation.
    """
    check_writable(input)
    dtype = _floating("normal_", input)
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    contiguous = input._array.flags.c_contiguous
    drawn = stream(generator).normal(input._array.size, mean, std, dtype, contiguous=contiguous)
    return _fill(input, drawn)


def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones drawn with probability `p` (a number, or a tensor of them), else zeros."""
    check_writable(input)
    if hasattr(p, "_array"):
        drawn = bernoulli(p.expand(tuple(input.shape)), generator=generator)
        return copy_(input, drawn)
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    drawn_flat = stream(generator).bernoulli(input._array.size, float(p), input._array.dtype)
    return _fill(input, drawn_flat)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Any = None) -> Tensor:
    """Ones drawn with the probabilities in `input` (or with `p`), else zeros, of its shape.

    Raises:
        RuntimeError: for a probability outside 0..1.
    """
    out = input._wrap(np.empty_like(input._array))
    if p is not None:
        return bernoulli_(out, p, generator=generator)
    probabilities = input._array
    if probabilities.dtype.kind != "f":
        raise NotImplementedError(f'"bernoulli" not implemented for {input.dtype}')
    if probabilities.size and not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    drawn = stream(generator).bernoulli_from(np.ascontiguousarray(probabilities).reshape(-1))
    out._array[...] = drawn.reshape(probabilities.shape)
    return out


def random_(
    input: Tensor, from_: int = 0, to: int | None = None, *, generator: Any = None
) -> Tensor:
    """Fill with whole numbers from ``[from, to)``; without bounds, from all the dtype holds."""
    check_writable(input)
    array = input._array
    if from_ == 0 and to is None:
        return _fill(input, stream(generator).random(array.size, array.dtype))
    low, high = (0, from_) if to is None else (from_, to)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    return _fill(input, stream(generator).randint(array.size, low, high, array.dtype))
