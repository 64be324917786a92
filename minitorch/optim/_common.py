"""What the optimizers share: state, large arrays in pieces, running averages, checks of options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array
from minitorch._tensor import Tensor

State = dict[str, Any]
Group = dict[str, Any]


def scalar(value: float, group: Group) -> Tensor:
    """A number as state: a 0-d float32 tensor, or float64 where that is the default dtype."""
    double = _dtypes.get_default_dtype() is _dtypes.float64 and not group.get("fused")
    return Tensor._wrap(np.array(value, np.float64 if double else np.float32))


def zeros_like(parameter: Tensor) -> Tensor:
    """Zeros of the parameter's shape, dtype and memory order, as state."""
    return Tensor._wrap(np.zeros_like(parameter._array))


def count(state: State) -> float:
    """Count a step, and return which one it is: 1 for the first."""
    step = state["step"]._array
    np.add(step, 1, out=step)
    return step.item()


def number(value: Any) -> Any:
    """An option that may be given as a tensor of one element, as a number."""
    return value.item() if isinstance(value, Tensor) else value


CACHE = 1 << 20  # bytes that stay in a core's own cache
SMALL = 16384  # elements that are not worth cutting up


def constants(like: Array, *values: float) -> list[Array]:
    """Numbers as arrays of `like`'s dtype, which NumPy takes in half the time.

    Beside float16 they are float32, in which PyTorch computes there.

    >>> constants(np.ones(2, np.float32), 0.5)
    [array(0.5, dtype=float32)]
    """
    dtype = like.dtype if like.itemsize > 2 else np.dtype(np.float32)
    return [np.array(value, dtype) for value in values]


def pieces(*arrays: Array, spare: int) -> Iterable[tuple[Array, ...]]:
    """Large arrays of one shape cut into runs that stay together in the processor's cache.

    Each run comes with `spare` arrays for what is computed on the way, the last of which is float32
    beside float16. What is small, or does not lie in memory in order, comes whole.

    >>> p, g = np.ones((300, 400), np.float32), np.ones((300, 400), np.float32)
    >>> [(a.shape, s.dtype.name) for a, b, s in pieces(p, g, spare=1)]
    [((87381,), 'float32'), ((32619,), 'float32')]
    """
    like = arrays[0]
    if like.size <= SMALL or not all([array.flags.c_contiguous for array in arrays]):
        spares = [np.empty_like(like) for _ in range(spare)]
        if like.itemsize == 2:
            spares[-1] = np.empty_like(like, np.float32)
        return [(*arrays, *spares)]
    return _cut(arrays, spare)


def _cut(arrays: tuple[Array, ...], spare: int) -> Iterator[tuple[Array, ...]]:
    kind, size = arrays[0].dtype, arrays[0].size
    length = CACHE // kind.itemsize // (len(arrays) + spare)
    flat = [array.reshape(-1) for array in arrays]
    spares = [np.empty(min(length, size), kind) for _ in range(spare)]
    if kind.itemsize == 2:
        spares[-1] = spares[-1].astype(np.float32)
    for start in range(0, size, length):
        stop = min(start + length, size)
        yield (*[a[start:stop] for a in flat], *[a[: stop - start] for a in spares])


def decayed(p: Array, g: Array, weight_decay: Any, out: Array) -> Array:
    """The gradient of ``loss + weight_decay / 2 * p**2``: `g` itself without decay, else `out`."""
    if weight_decay == 0:
        return g
    return np.add(g, np.multiply(p, weight_decay, out=out), out=out)


# The small factor first: a square by itself overflows, in float16 from 256 on and in float32 from
# 1.9e19 on. `spare` is the last of the arrays that `pieces` gives: what is float16 is computed in
# float32 and rounded once, as by PyTorch's `addcmul`, `addcdiv` and `lerp`.


def add_product(total: Array, x: Array, y: Array, factor: Array, spare: Array) -> None:
    """``total += factor * x * y``."""
    np.multiply(x, factor, out=spare)
    np.multiply(spare, y, out=spare)
    np.add(total, spare, out=total)


def add_quotient(total: Array, x: Array, y: Array, factor: Array, spare: Array) -> None:
    """``total += factor * x / y``."""
    np.multiply(x, factor, out=spare)
    np.divide(spare, y, out=spare)
    np.add(total, spare, out=total)


def approach(average: Array, target: Array, weight: Array, spare: Array) -> None:
    """Move a running average towards `target`: ``average += weight * (target - average)``."""
    np.subtract(target, average, out=spare, dtype=spare.dtype)
    np.multiply(spare, weight, out=spare)
    np.add(average, spare, out=average)


def decay_towards_square(average: Array, g: Array, keep: Array, rest: Array, spare: Array) -> None:
    """Update a running average of squares: ``average = keep * average + rest * g**2``."""
    np.multiply(average, keep, out=average)
    np.multiply(g, rest, out=spare)
    np.multiply(spare, g, out=spare)
    np.add(average, spare, out=average)


def check_range(name: str, value: Any, low: float = 0.0) -> None:
    """Refuse an option below `low`.

    Raises:
        ValueError: naming the option and its value.
    """
    if not low <= number(value):
        raise ValueError(f"Invalid {name}: {value}")


def check_lr(lr: Any) -> None:
    """Refuse a learning rate below zero, or a tensor of several.

    Raises:
        ValueError: naming it.
    """
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check_range("learning rate", lr)


def check_betas(betas: Any) -> None:
    """Refuse decay rates outside ``[0, 1)``.

    Raises:
        ValueError: naming which.
    """
    for index in (0, 1):
        if not 0.0 <= number(betas[index]) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")


def check_implementation(
    who: str, differentiable: bool, foreach: bool | None = None, fused: bool | None = None
) -> None:
    """Refuse what PyTorch refuses of these options, and steps that would be differentiated.

    There is one implementation, whichever of PyTorch's `foreach` and `fused` asks for.

    Raises:
        RuntimeError: for `fused` together with `foreach` or `differentiable`.
        NotImplementedError: for `differentiable`.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(f"{who}: differentiable=True is not covered")
