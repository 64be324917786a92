"""Making tensors: from data, filled with a value, in sequences, and at random."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array, dtype
from minitorch._tensor import Tensor
from minitorch.ops import random as draws
from minitorch.ops.operands import SCALARS, positive_shape


def _finish(array: Array, requires_grad: bool, device: Any = None) -> Tensor:
    if device is not None:
        _dtypes.on_cpu(device)
    made = Tensor._wrap(array)
    if requires_grad:
        made.requires_grad = True
    return made


def _numpy_dtype(wanted: dtype | None) -> np.dtype[Any]:
    return (wanted or _dtypes.get_default_dtype()).numpy


# ---- from data --------------------------------------------------------------------------------


def _from_data(data: Any, wanted: dtype | None) -> Array:
    """A new array of `data`, in PyTorch's dtype for it."""
    if isinstance(data, Tensor):
        return np.array(data._array, None if wanted is None else wanted.numpy)
    if isinstance(data, np.ndarray):
        array = np.array(data, None if wanted is None else wanted.numpy, order="C")
        _dtypes.from_numpy_dtype(array.dtype)
        return array
    if isinstance(data, np.generic):
        return np.array(data, None if wanted is None else wanted.numpy)
    _check_nested(data, 0)
    plain = _plain(data)
    if wanted is not None:
        if wanted.numpy.kind in "iu":  # PyTorch truncates floats and refuses what overflows
            return _checked_integers(plain, wanted)
        return np.array(plain, wanted.numpy)
    array = np.array(plain)
    if array.size == 0 or array.dtype.kind == "f":
        holds_arrays = _holds_arrays(data)
        return array.astype(array.dtype if holds_arrays else _dtypes.get_default_dtype().numpy)
    if array.dtype.kind in "iu" and not _holds_arrays(data):
        return array.astype(np.int64)
    _dtypes.from_numpy_dtype(array.dtype)
    return array


def _plain(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data._array
    return [_plain(item) for item in data] if isinstance(data, (list, tuple, range)) else data


def _holds_arrays(data: Any) -> bool:
    """Whether the first leaf of nested data is NumPy's or a tensor's, with a dtype of its own."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, float)


def _checked_integers(plain: Any, wanted: dtype) -> Array:
    array = np.array(plain)
    if array.dtype.kind == "O":
        raise RuntimeError(f"value cannot be converted to type {wanted} without overflow")
    return array.astype(wanted.numpy)


def _is_number(item: Any) -> bool:
    return isinstance(item, SCALARS) or (hasattr(item, "ndim") and item.ndim == 0)


def _check_nested(data: Any, depth: int) -> None:
    """Refuse ragged or non-numeric data in PyTorch's words."""
    if isinstance(data, (list, tuple)):
        for item in data:
            if not isinstance(item, (list, tuple)):
                _check_nested(item, depth + 1)
        lengths = [-1 if _is_number(x) else len(x) for x in data]
        for item, length in zip(data, lengths, strict=True):
            if length != lengths[0]:
                raise ValueError(
                    f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
                    if length >= 0 and lengths[0] >= 0
                    else f"expected a rectangular nest of numbers, got {item!r} beside {data[0]!r}"
                )
            _check_nested(item, depth + 1)
    elif not isinstance(data, (*SCALARS, Tensor, np.ndarray, range)):
        raise TypeError(f"tensor(): cannot make a tensor of {type(data).__name__}: {data!r}")


def tensor(
    data: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new leaf with a copy of `data`.

    Args:
        data: a number, nested sequences of numbers, an ndarray or a tensor.
        dtype: by default the data's: Python floats become the default dtype, ints int64.
        requires_grad: whether to record what is computed from it.

    Raises:
        ValueError: for nested sequences of unequal length.
        TypeError: for data that is not numbers.
        RuntimeError: for integers that are asked for gradients.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return _finish(_from_data(data, dtype), requires_grad, device)


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing its memory (and its graph) where it can."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == dtype.numpy):
        return from_numpy(data)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Array) -> Tensor:
    """A tensor over an ndarray's own memory.

    Raises:
        TypeError: for anything but an ndarray, or a dtype that PyTorch has not.
        ValueError: for an array with negative strides.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    _dtypes.from_numpy_dtype(ndarray.dtype)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().)"
        )
    return Tensor._wrap(ndarray.view())


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of anything that speaks DLPack."""
    return Tensor._wrap(np.from_dlpack(ext_tensor))


# ---- filled -----------------------------------------------------------------------------------


def zeros(
    *size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of the given size.

    >>> zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    array = np.zeros(positive_shape("zeros", size), _numpy_dtype(dtype))
    return _finish(array, requires_grad, device)


def ones(
    *size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones of the given size."""
    return _finish(
        np.ones(positive_shape("ones", size), _numpy_dtype(dtype)), requires_grad, device
    )


def empty(
    *size: Any,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Room of the given size, to be filled: zeros here, whatever was in memory in PyTorch."""
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`fill_value` everywhere; the dtype is its own unless given."""
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    wanted = _dtypes.scalar_dtype(value) if dtype is None else dtype.numpy
    return _finish(np.full(positive_shape("full", (size,)), value, wanted), requires_grad, device)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
    return _finish(np.eye(n, m, dtype=_numpy_dtype(dtype)), requires_grad, device)


def zeros_like(input: Tensor, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros of `input`'s shape, dtype and memory layout."""
    return full_like(input, 0, dtype=dtype, requires_grad=requires_grad)


def ones_like(input: Tensor, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Ones of `input`'s shape, dtype and memory layout."""
    return full_like(input, 1, dtype=dtype, requires_grad=requires_grad)


def empty_like(input: Tensor, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """Room of `input`'s shape, dtype and memory layout."""
    return full_like(input, 0, dtype=dtype, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: dtype | None = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` in `input`'s shape, dtype and memory layout."""
    wanted = None if dtype is None else dtype.numpy
    return _finish(np.full_like(input._array, fill_value, wanted), requires_grad)


# ---- sequences --------------------------------------------------------------------------------


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """From `start` (0 if only one bound is given) by `step` up to, but not including, `end`.

    Raises:
        RuntimeError: for a step of 0, or one that leads away from `end`.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign: "
            f"arange({start}, {end}, {step})"
        )
    whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    kind = (_dtypes.int64 if whole else _dtypes.get_default_dtype()) if dtype is None else dtype
    count = math.ceil((end - start) / step)
    if whole:
        values = np.arange(count, dtype=np.int64) * step + start
    else:
        values = start + np.arange(count, dtype=np.float64) * step
    return _finish(values.astype(kind.numpy), requires_grad, device)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` values, evenly apart, from `start` to `end` inclusive.

    Raises:
        RuntimeError: for a negative number of steps.
    """
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = _numpy_dtype(dtype)
    first, last = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if kind.kind != "f" or steps < 2:
        return _finish(np.linspace(first, last, steps).astype(kind), requires_grad, device)
    # From both ends to the middle, in the dtype itself: PyTorch's rounding.
    a, b = kind.type(first), kind.type(last)
    step = (b - a) / kind.type(steps - 1)
    count = np.arange(steps, dtype=kind)
    half = steps // 2
    values = np.empty(steps, kind)
    values[:half] = a + step * count[:half]
    values[half:] = b - step * (kind.type(steps - 1) - count[half:])
    return _finish(values, requires_grad, device)


# ---- random -----------------------------------------------------------------------------------


def rand(
    *size: Any,
    generator: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Draws from U[0, 1): PyTorch's own, for the same seed.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    made = zeros(*size, dtype=dtype, device=device)
    return draws.uniform_(made, generator=generator).requires_grad_(requires_grad)


def randn(
    *size: Any,
    generator: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Draws from the standard normal distribution: PyTorch's own, for the same seed."""
    made = zeros(*size, dtype=dtype, device=device)
    return draws.normal_(made, generator=generator).requires_grad_(requires_grad)


def rand_like(input: Tensor, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """`rand` in `input`'s shape, dtype and memory layout."""
    return draws.uniform_(empty_like(input, dtype=dtype)).requires_grad_(requires_grad)


def randn_like(input: Tensor, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """`randn` in `input`'s shape, dtype and memory layout."""
    return draws.normal_(empty_like(input, dtype=dtype)).requires_grad_(requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers from ``[low, high)``; ``randint(high, size)`` starts at 0.

    Raises:
        RuntimeError: if low >= high.
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None or isinstance(size, int):
        raise TypeError(f"randint(): argument 'size' must be a tuple of ints, got {size!r}")
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    made = zeros(size, dtype=dtype or _dtypes.int64, device=device)
    filled = draws.random_(made, operator.index(low), operator.index(high), generator=generator)
    return filled.requires_grad_(requires_grad)


def randperm(
    n: int,
    *,
    generator: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers 0 to n - 1 in random order: PyTorch's own, for the same seed."""
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    order = draws.stream(generator).permutation(operator.index(n))
    kind = (dtype or _dtypes.int64).numpy
    return _finish(order.astype(kind), requires_grad, device)


def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, dtype: Any = None
) -> Tensor:
    """Draws from normal distributions with the given means and standard deviations.

    Args:
        mean, std: numbers (then `size` is needed) or tensors that broadcast.
    """
    if size is not None:
        return draws.normal_(zeros(size, dtype=dtype), mean, std, generator=generator)
    if isinstance(mean, Tensor) and not isinstance(std, Tensor):
        made = zeros(mean.shape, dtype=dtype or mean.dtype)
        return draws.normal_(made, 0.0, std, generator=generator) + mean
    if not isinstance(std, Tensor):
        raise TypeError("normal(): argument 'size' is needed when mean and std are numbers")
    if std._array.size and std._array.min() < 0:
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shapes = np.broadcast_shapes(std._array.shape, getattr(mean, "_array", np.empty(())).shape)
    noise = draws.normal_(zeros(shapes, dtype=dtype or std.dtype), generator=generator)
    return noise * std + mean
