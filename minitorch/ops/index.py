"""Reading and writing by index: basic (views), advanced (copies), along a dimension, by mask."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.ops import operands as args
from minitorch.ops.choose import where
from minitorch.ops.inplace import check_writable, put, write
from minitorch.ops.operands import tensor_of, wrap_dim

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

Key = tuple[Any, ...]  # ints, slices, None, Ellipsis, and ndarrays of indices or masks


class Slice(Function):
    """y = x[key] for a basic key: a view."""

    views = True

    def forward(self, x: Array, *, key: Key) -> Array:
        self.shape, self.key = x.shape, key
        if isinstance(key[0], int):
            self.torch_name = "SelectBackward0"
        return x[key]

    def backward(self, grad: Tensor) -> Any:
        return Pad.apply(grad, key=self.key, shape=self.shape)


class Pad(Function):
    """y = zeros with y[key] = x, for a basic key."""

    def forward(self, x: Array, *, key: Key, shape: tuple[int, ...]) -> Array:
        self.key = key
        y = np.zeros(shape, x.dtype)
        y[key] = x
        return y

    def backward(self, grad: Tensor) -> Any:
        return Slice.apply(grad, key=self.key)


class Take(Function):
    """y = x[key] for a key with index arrays: a copy. Taken twice, it gets both gradients."""

    torch_name = "IndexBackward0"

    def forward(self, x: Array, *, key: Key) -> Array:
        self.shape, self.key = x.shape, key
        return x[key]

    def backward(self, grad: Tensor) -> Any:
        return Put.apply(grad, key=self.key, shape=self.shape)


class Put(Function):
    """y = zeros with y[key] += x, repeated indices adding up."""

    torch_name = "IndexPutBackward0"

    def forward(self, x: Array, *, key: Key, shape: tuple[int, ...]) -> Array:
        self.key = key
        y = np.zeros(shape, x.dtype)
        if all(not isinstance(k, np.ndarray) or k.dtype.kind == "b" for k in key):
            y[key] = x  # a mask names no element twice
        else:
            np.add.at(y, key, x)
        return y

    def backward(self, grad: Tensor) -> Any:
        return Take.apply(grad, key=self.key)


class IndexPut(Function):
    """z = x with z[key] = y, or += y when accumulating. What is overwritten gets no gradient.

    Where a key names an element twice, the last value written stays, and only it gets a gradient.
    """

    def forward(self, x: Array, y: Array, *, key: Key, accumulate: bool) -> Array:
        self.key, self.accumulate = key, accumulate
        self.shape, self.value_shape = x.shape, y.shape
        z = x.copy()
        if accumulate:
            np.add.at(z, key, y)
        else:
            z[key] = y
        return z

    def backward(self, grad: Tensor) -> Any:
        taken = Take.apply(grad, key=self.key)
        if not self.accumulate:
            written = np.zeros(self.shape, bool)
            written[self.key] = True
            last = np.zeros(self.shape, np.intp)
            order = np.arange(taken._array.size).reshape(taken._array.shape)
            last[self.key] = order
            grad = where(grad._wrap(written), 0.0, grad)
            taken = where(grad._wrap(np.asarray(last[self.key] == order)), taken, 0.0)
        return grad, taken.sum_to_size(self.value_shape) if self.needs(1) else None


def _as_key(x: Array, index: Any) -> tuple[Key, bool]:
    """An index as a NumPy key, checked, and whether it is an advanced one.

    Raises:
        IndexError: too many indices, out of range, a mask of another shape, or no index at all.
        ValueError: a slice with a step below 1.
    """
    parts = index if isinstance(index, tuple) else (index,)
    key: list[Any] = []
    advanced = False
    for part in parts:
        if isinstance(part, (list, tuple, range)):
            listed = np.asarray([p.item() if args.is_tensor(p) else p for p in list(part)])
            part = listed if listed.size else listed.astype(np.int64)
        if args.is_tensor(part):
            part = part._array
        if isinstance(part, np.ndarray):
            if part.dtype.kind not in "iub":
                raise IndexError(
                    "tensors used as indices must be long, int, byte or bool tensors, "
                    f"got {part.dtype}"
                )
            if part.ndim == 0 and part.dtype.kind != "b":
                part = part.item()
            else:
                if part.dtype == np.uint8:
                    part = part.astype(bool)
                advanced = True
        elif isinstance(part, (bool, np.bool_)):
            part, advanced = np.asarray(part), True
        elif isinstance(part, slice):
            bounds = (part.start, part.stop, part.step)
            start, stop, step = (b if b is None else operator.index(b) for b in bounds)
            if step is not None and step < 1:
                raise ValueError(f"step must be greater than zero, got {step}; use flip()")
            part = slice(start, stop, step)
        elif part is not None and part is not Ellipsis:
            try:
                part = operator.index(part)
            except TypeError:
                raise IndexError(
                    "only integers, slices (`:`), ellipsis (`...`), None and long or byte "
                    f"Variables are valid indices (got {type(part).__name__})"
                ) from None
        key.append(part)
    _check_key(x, key)
    if not any(part is Ellipsis for part in key):
        key.append(Ellipsis)  # so that NumPy gives a 0-d view and not a scalar
    return tuple(key), advanced


def _check_key(x: Array, key: list[Any]) -> None:
    """Refuse, in PyTorch's words, what NumPy would refuse in its own."""
    used = sum(
        (k.ndim if k.dtype.kind == "b" else 1) if isinstance(k, np.ndarray) else k is not None
        for k in key
        if k is not Ellipsis
    )
    if used > x.ndim:
        if x.ndim == 0:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    dim = 0
    for position, part in enumerate(key):
        if part is Ellipsis:
            dim += x.ndim - used
        elif isinstance(part, slice):
            dim += 1
        elif isinstance(part, int):
            size = x.shape[dim]
            if not -size <= part < size:
                raise IndexError(
                    f"index {part} is out of bounds for dimension {dim} with size {size}"
                )
            dim += 1
        elif isinstance(part, np.ndarray):
            if part.dtype.kind == "b":
                if part.shape != x.shape[dim : dim + part.ndim]:
                    raise IndexError(
                        f"The shape of the mask {list(part.shape)} at index {position} does not "
                        f"match the shape of the indexed tensor {list(x.shape)} at index {dim}"
                    )
                dim += part.ndim
            else:
                size = x.shape[dim]
                wrong = part[(part < -size) | (part >= size)]
                if wrong.size:
                    raise IndexError(
                        f"index {wrong[0]} is out of bounds for dimension {dim} with size {size}"
                    )
                dim += 1
    index_shapes = [p.shape for p in key if isinstance(p, np.ndarray) and p.dtype.kind != "b"]
    if len(index_shapes) > 1:
        try:
            np.broadcast_shapes(*index_shapes)
        except ValueError:
            shapes = ", ".join(str(list(s)) for s in index_shapes)
            raise IndexError(
                f"shape mismatch: indexing tensors could not be broadcast together with shapes "
                f"{shapes}"
            ) from None


def getitem(input: Tensor, index: Any) -> Tensor:
    """``input[index]``: a view for ints, slices, None and ``...``; a copy for lists and masks.

    Raises:
        IndexError: too many indices, out of range, or a mask of another shape.
        ValueError: a slice with a negative step.
    """
    key, advanced = _as_key(input._array, index)
    return (Take if advanced else Slice).apply(input, key=key)


def setitem(target: Tensor, index: Any, value: Any) -> None:
    """``target[index] = value``: through the view for a basic index, else by index arrays.

    Raises:
        IndexError, ValueError: as `getitem`.
        RuntimeError: if `value` does not broadcast to the place, or `target` may not be changed.
    """
    key, advanced = _as_key(target._array, index)
    if not advanced:
        put(Slice.apply(target, key=key), value)
        return
    check_writable(target)
    write(target, put_value(target, index, value))


def put_value(input: Tensor, index: Any, value: Any, accumulate: bool = False) -> Tensor:
    """`input` with `value` written at an advanced `index`; a new tensor.

    Raises:
        IndexError, ValueError: as `getitem`.
        RuntimeError: if `value` does not broadcast to the place it goes.
    """
    x = input._array
    key, _ = _as_key(x, index)
    value = args.as_dtype(value, x.dtype)
    shape = (value._array if args.is_tensor(value) else value).shape
    place = np.broadcast_to(np.empty((), np.int8), x.shape)[key].shape
    trimmed = shape[max(len(shape) - len(place), 0) :]
    leading = shape[: len(shape) - len(trimmed)]
    if any(n != 1 for n in leading) or any(
        a not in (1, b) for a, b in zip(reversed(trimmed), reversed(place), strict=False)
    ):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing "
            f"result of shape {list(place)}"
        )
    if leading:
        value = value.reshape(trimmed)
    return IndexPut.apply(input, value, key=key, accumulate=accumulate)


def index_put(
    input: Tensor, indices: tuple[Tensor, ...], values: Tensor, accumulate: bool = False
) -> Tensor:
    """`input` with `values` written (or added) at the index tensors `indices`."""
    return put_value(input, tuple(indices), values, accumulate)


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The view of `input` at one `index` of `dim`, without that dimension."""
    axis = wrap_dim(dim, input._array.ndim)
    size = input._array.shape[axis] if input._array.ndim else 0
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._array.shape)} "
            f"at dimension {axis}"
        )
    return getitem(input, (slice(None),) * axis + (index,))


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The view of `length` entries of `dim` from `start` on.

    Raises:
        RuntimeError: if they do not all exist.
    """
    axis = wrap_dim(dim, input._array.ndim)
    size = input._array.shape[axis]
    begin = operator.index(start) + (size if start < 0 else 0)
    if length < 0 or begin < 0 or begin + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return getitem(input, (slice(None),) * axis + (slice(begin, begin + length),))


def _along(x: Array, dim: int, index: Array) -> Key:
    """The key that `gather` and `scatter` use: index along `dim`, position elsewhere."""
    grids = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grids[dim] = index
    return tuple(grids)


def _check_along(who: str, x: Array, dim: int, index: Tensor, other: Array) -> Array:
    i = tensor_of(who, "index", index)._array
    if i.dtype != np.int64:
        raise RuntimeError(f"{who}(): Expected dtype int64 for index, got {i.dtype}")
    if i.ndim != x.ndim and x.ndim and i.ndim:
        raise RuntimeError(
            "Index tensor must have the same number of dimensions as input tensor: "
            f"{who}: index {list(i.shape)}, input {list(x.shape)}"
        )
    for d, n in enumerate(i.shape):
        if d != dim and x.ndim and n > x.shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(i.shape)} to be no "
                f"larger than self {list(x.shape)} apart from dimension {dim}"
            )
        if other is not x and n > other.shape[d]:
            raise RuntimeError(
                f"Expected index {list(i.shape)} to be no larger than src {list(other.shape)}"
            )
    size = x.shape[dim] if x.ndim else 1
    if i.size and (i.min() < 0 or i.max() >= size):
        wrong = i[(i < 0) | (i >= size)].flat[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")
    return i


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """``out[i, j] = input[index[i, j], j]`` for dim 0, and likewise for the others.

    Shape: `index` has as many dimensions as `input`, no larger but along `dim`.

    Raises:
        RuntimeError: for an index of another dtype, shape or range.

    >>> import minitorch
    >>> x = minitorch.tensor([[1, 2], [3, 4]])
    >>> x.gather(1, minitorch.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    x = tensor_of("gather", "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    i = _check_along("gather", x._array, axis, index, x._array)
    if x._array.ndim == 0:
        return x.reshape(1)[np.zeros(i.shape, np.int64)] if i.ndim else x.reshape(())
    return Take.apply(x, key=_along(x._array, axis, i))


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None
) -> Tensor:
    """`input` with ``out[index[i, j], j] = src[i, j]`` for dim 0, and likewise for the others."""
    return _scatter("scatter", input, dim, index, value if src is None else src, False)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`input` with ``out[index[i, j], j] += src[i, j]`` for dim 0, and likewise for the others."""
    return _scatter("scatter_add", input, dim, index, src, True)


def _scatter(
    who: str, input: Tensor, dim: int, index: Tensor, src: Any, accumulate: bool
) -> Tensor:
    x = tensor_of(who, "input", input)
    axis = wrap_dim(dim, x._array.ndim)
    source = src._array if args.is_tensor(src) else np.asarray(src)
    i = _check_along(who, x._array, axis, index, source if source.ndim else x._array)
    if args.is_tensor(src) and src._array.dtype != x._array.dtype:
        raise RuntimeError(f"{who}(): Expected self.dtype to be equal to src.dtype")
    if args.is_tensor(src) and src._array.ndim:
        src = src[tuple(slice(n) for n in i.shape)]
    return IndexPut.apply(
        x, args.as_dtype(src, x._array.dtype), key=_along(x._array, axis, i), accumulate=accumulate
    )


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The entries of `dim` listed in the 1-d `index`, copied."""
    axis = wrap_dim(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    return getitem(input, (slice(None),) * axis + (index._array.reshape(-1),))


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` (which broadcasts with `input`) holds, in one dimension."""
    if mask._array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = args.broadcast_shape("masked_select", input._array.shape, mask._array.shape)
    return getitem(input.expand(shape), np.broadcast_to(mask._array, shape))


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not 0: one row each, or one tensor a dimension."""
    found = np.nonzero(np.atleast_1d(input._array))
    if as_tuple:
        return tuple(input._wrap(index.astype(np.int64)) for index in found)
    if input._array.ndim == 0:
        return input._wrap(np.zeros((len(found[0]), 0), np.int64))
    return input._wrap(np.ascontiguousarray(np.stack(found, 1), np.int64))
