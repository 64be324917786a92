"""Reading and writing by index: basic (views), advanced (copies), along a dimension, by mask."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.kernels.layout import Axes, order_by, preserved
from minitorch.kernels.rows import add_at
from minitorch.ops.math.select import where
from minitorch.ops.shape.views import clone, expand
from minitorch.ops.support import operands as args
from minitorch.ops.support.inplace import check_writable, copy_, put, write
from minitorch.ops.support.operands import (
    caller_stacklevel,
    require_tensor,
    shape_of,
    wrap_dim,
)
from minitorch.ops.support.out import SAME, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "argwhere",
    "index_put",
    "masked_scatter",
    "masked_select",
    "narrow",
    "narrow_copy",
    "nonzero",
    "nonzero_static",
    "select",
    "select_scatter",
    "slice_scatter",
    "unravel_index",
]

Key = tuple[Any, ...]  # ints, slices, None, Ellipsis, and ndarrays of indices or masks
Indices = tuple[Any, ...]  # tensors or ndarrays of indices or masks, and None for a full slice
FULL, INT, INT_OR_NONE, INT_OR_SLICE = slice(None), {int}, {int, type(None)}, {int, slice}
PARTS = (list, tuple, range, slice, np.ndarray, TensorBase, type(None), type(Ellipsis))


def _arrays(indices: Sequence[Any]) -> Key:
    """Index operands (tensors, arrays or None) as a key for NumPy."""
    return tuple([FULL if index is None else args.array_of(index) for index in indices])


# ---- what an index means ----------------------------------------------------------------------


def _parts(index: Any) -> tuple[Any, ...]:
    """The index as a tuple. A list that holds more than numbers counts as one, with a warning."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, list) and len(index) < 32 and any(isinstance(p, PARTS) for p in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be "
            "changed; use x[tuple(seq)] instead of x[seq]. In the future it will be interpreted as "
            "tensor index, x[torch.tensor(seq)].",
            UserWarning,
            stacklevel=caller_stacklevel(),
        )
        return tuple(index)
    return (index,)


def _part(part: Any) -> Any:
    """One part of an index as an int, slice, None, Ellipsis, bool, or array of indices or bools.

    Raises:
        IndexError: if it is none of those.
        TypeError: for a list of anything but numbers, or a slice of anything but ints.
        ValueError: for a slice with a step below 1.
    """
    if type(part) is int or part is None or part is Ellipsis or type(part) is bool:
        return part
    if isinstance(part, slice):
        if _is_simple(part):
            return part
        start, stop, step = (
            b if b is None else operator.index(b) for b in (part.start, part.stop, part.step)
        )
        if step is not None and step < 1:
            raise ValueError(f"step must be greater than zero, got {step}; use flip()")
        return slice(start, stop, step)
    if args.is_tensor(part):
        part = part._array
        if part.ndim == 0 and part.dtype in (np.int8, np.int16):
            return int(part)
        if part.dtype.kind not in "iub" or part.dtype in (np.int8, np.int16):
            raise IndexError(
                f"tensors used as indices must be long, int, byte or bool tensors, got {part.dtype}"
            )
        if part.dtype == np.uint8:
            if part.ndim:
                warnings.warn(
                    "indexing with dtype torch.uint8 is now deprecated, please use a dtype "
                    "torch.bool instead.",
                    UserWarning,
                    stacklevel=args.caller_stacklevel(),
                )
            part = part.astype(bool)
    elif isinstance(part, (list, tuple, range)):
        listed = np.asarray([args.array_of(p) for p in part])
        if listed.dtype.kind not in "iubf":
            raise TypeError(f"an index must be numbers, not {listed.dtype}: {part!r}")
        part = listed if listed.dtype.kind == "b" else listed.astype(np.int64)
    elif isinstance(part, np.ndarray):
        part = part.copy()  # the caller may change it
    if isinstance(part, np.ndarray):
        if part.dtype.kind not in "iub" and part.size:
            raise IndexError(
                f"tensors used as indices must be long, int, byte or bool tensors, got {part.dtype}"
            )
        if part.ndim == 0:
            return part.item()
        return part if part.dtype.kind == "b" else part.astype(np.int64, copy=False)
    try:
        if isinstance(part, np.bool_):
            raise TypeError
        return operator.index(part)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(part).__name__})"
        ) from None


def _dims(part: Any) -> int:
    """Count the dimensions of the tensor that a part speaks about."""
    if isinstance(part, np.ndarray):
        return part.ndim if part.dtype.kind == "b" else 1
    return 0 if part is None or part is Ellipsis or type(part) is bool else 1


def _simple_key(index: Any) -> Key | None:
    """The key for NumPy of the commonest indices, ints and slices; None for all others.

    Whether each int is in range is left to NumPy: where it complains, `_keys` says what of.
    """
    if type(index) is not tuple:
        index = (index,)
    kinds = set(map(type, index))
    if kinds == INT:
        return (*index, Ellipsis)
    if not kinds or not kinds <= INT_OR_SLICE:
        return None
    for part in index:
        if type(part) is slice and not _is_simple(part):
            return None
    return (*index, Ellipsis)


def _is_simple(part: slice) -> bool:
    """Whether a slice means in PyTorch what it means in NumPy: its bounds are ints, its step 1."""
    return part.step is None and {type(part.start), type(part.stop)} <= INT_OR_NONE


def _keys(shape: tuple[int, ...], index: Any) -> tuple[Key | None, Indices | None]:
    """An index as PyTorch reads it: a basic key for NumPy, and the indices into what that shows.

    PyTorch takes ints, slices and None first and then, of the view, index arrays and masks: the
    second part holds only those, as operands of `Take`, and None for all of a dimension. (NumPy
    counts an int beside an array as an array, which moves dimensions.) Either is None if there is
    nothing for it to do.

    Raises:
        IndexError: too many indices, out of range, a mask of another shape, or no index at all.
        TypeError, ValueError: as `_part`.
    """
    given = _parts(index)
    parts = [_part(part) for part in given]
    used = sum(_dims(part) for part in parts)
    if used > len(shape):
        if not shape and all(type(part) is int for part in parts):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    basic: list[Any] = []
    advanced: list[Any] = []
    arrays: list[tuple[int, ...]] = []
    dim, trivial, seen_ellipsis = 0, True, False
    for position, part in enumerate(parts):
        if part is Ellipsis:
            if not seen_ellipsis:  # another one stands for nothing
                rest = len(shape) - used
                basic.append(Ellipsis)
                advanced += [None] * rest
                dim += rest
            seen_ellipsis = True
        elif part is None:
            basic.append(None)
            advanced.append(None)
            trivial = False
        elif type(part) is bool:
            basic.append(None)
            advanced.append(np.zeros(int(part), np.int64))
            arrays.append((int(part),))
            trivial = False
        elif isinstance(part, slice):
            basic.append(part)
            advanced.append(None)
            trivial = trivial and part == FULL
            dim += 1
        elif isinstance(part, np.ndarray):
            _check_array(part, position, dim, shape)
            basic += [FULL] * _dims(part)
            operand = given[position]
            own = args.is_tensor(operand) and operand._array is part
            advanced.append(operand if own else part)
            arrays.append((int(part.sum()),) if part.dtype.kind == "b" else part.shape)
            dim += _dims(part)
        else:
            _check_int(part, dim, shape[dim])
            basic.append(part)
            trivial = False
            dim += 1
    if len(arrays) > 1:
        _check_together(arrays)
    if not any(part is Ellipsis for part in basic):
        basic.append(Ellipsis)  # so that NumPy gives a 0-d view and not a scalar
    return None if trivial else tuple(basic), tuple(advanced) if arrays else None


def _check_int(index: int, dim: int, size: int) -> None:
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {dim} with size {size}")


def _check_array(array: Array, position: int, dim: int, shape: tuple[int, ...]) -> None:
    if array.dtype.kind == "b":
        if array.shape != shape[dim : dim + array.ndim]:
            raise IndexError(
                f"The shape of the mask {list(array.shape)} at index {position} does not match "
                f"the shape of the indexed tensor {list(shape)} at index {dim}"
            )
    elif array.size:
        _check_int(int(array.min()), dim, shape[dim])
        _check_int(int(array.max()), dim, shape[dim])


def _check_together(shapes: list[tuple[int, ...]]) -> None:
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(str(list(shape)) for shape in shapes)
        ) from None


# ---- reading and writing ----------------------------------------------------------------------


class Slice(Function):
    """y = x[key] for a basic key: a view."""

    views = True
    backward_takes_arrays = True

    def forward(self, x: Array, *, key: Key) -> Array:
        self.shape, self.key = x.shape, key
        return x[key]

    def name(self) -> str:
        """The node's name: PyTorch makes one for each part of the key, and shows the last."""
        parts = [part for part in self.key if part is not Ellipsis and part != FULL]
        kind = parts[-1] if parts and not self.torch_name else FULL
        if isinstance(kind, int):
            return "SelectBackward0"
        return "UnsqueezeBackward0" if kind is None else super().name()

    def backward(self, grad: Tensor) -> Any:
        return Embed.apply(grad, view=Slice, params={"key": self.key}, shape=self.shape)


class Embed(Function):
    """y = zeros of `shape`, but x where a view of it shows: the gradient of such a view."""

    torch_name = "DiagEmbedBackward0"
    backward_takes_arrays = True

    def forward(
        self, x: Array, *, view: type[Function], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Array:
        self.view, self.params = view, params
        y = np.zeros(shape, x.dtype)
        view().forward(y, **params)[...] = x
        return y

    def backward(self, grad: Tensor) -> Any:
        return self.view.apply(grad, **self.params)


class Indexing(Function):
    """Reading or writing at index arrays, one a dimension; None stands for all of a dimension.

    The indices are operands and not metadata, so that what is saved of them is versioned.
    """

    def key(self, indices: Sequence[Array | None]) -> Key:
        """The indices as NumPy wants them, kept for backward."""
        self.save(*indices)
        return tuple([FULL if index is None else index for index in indices])


class Take(Indexing):
    """y = x[indices]: a copy. Taken twice, it gets both gradients."""

    memory_layout = "chosen"
    torch_name = "IndexBackward0"
    differentiable_inputs = slice(1)
    backward_takes_arrays = True

    def forward(self, x: Array, *indices: Array | None) -> Array:
        self.shape = x.shape
        return x[self.key(indices)]

    def backward(self, grad: Tensor) -> Any:
        indices = self.saved
        return Put.apply(grad, *indices, shape=self.shape), *[None] * len(indices)


class Put(Indexing):
    """y = zeros with y[indices] += x, repeated indices adding up."""

    torch_name = "IndexPutBackward0"
    differentiable_inputs = slice(1)
    backward_takes_arrays = True

    def forward(self, x: Array, *indices: Array | None, shape: tuple[int, ...]) -> Array:
        key, y = self.key(indices), np.zeros(shape, x.dtype)
        if all(index is None or index.dtype.kind == "b" for index in indices):
            y[key] = x  # a mask names no element twice
        else:
            add_at(y, key, x)
        return y

    def backward(self, grad: Tensor) -> Any:
        indices = self.saved
        return Take.apply(grad, *indices), *[None] * len(indices)


def getitem(input: Tensor, index: Any) -> Tensor:
    """``input[index]``: a view for ints, slices, None and ``...``; a copy for lists and masks.

    Raises:
        IndexError: too many indices, out of range, or a mask of another shape.
        ValueError: a slice with a negative step.
    """
    key = _simple_key(index)
    if key is not None:
        try:
            return Slice.apply_view(input, key=key)
        except IndexError:
            pass
    basic, advanced = _keys(input._array.shape, index)
    if advanced is None:
        return Slice.apply_view(input, key=(Ellipsis,) if basic is None else basic)
    shown = input if basic is None else Slice.apply(input, key=basic)
    taken: Tensor = Take.apply(shown, *advanced)
    if not shown._stored.flags.c_contiguous:
        taken._lie_in(_order_taken(shown._stored, _arrays(advanced), taken.ndim))
    return taken


def _order_taken(x: Array, key: Key, ndim: int) -> Axes:
    """The order of memory of x[key], of `ndim` dimensions: that of the dimensions not indexed."""
    places = [place for place, part in enumerate(key) if part is not FULL]
    dims = [place for place, part in enumerate(key) for _ in range(_dims(part))]
    kept = [x.strides[dim] for dim, place in enumerate(dims) if place not in places]
    kept += x.strides[len(dims) :]
    first = places[0] if places[-1] - places[0] < len(places) else 0
    strides = (*kept[:first], *[0] * (ndim - len(kept)), *kept[first:])
    return order_by((1,) * ndim, [strides])


class IndexPut(Indexing):
    """z = x with z[indices] = y, or += y when accumulating. What is overwritten gets no gradient.

    Where an element is named twice, the last value written stays, and only it gets a gradient.
    """

    differentiable_inputs = slice(2)

    def forward(self, x: Array, y: Array, *indices: Array | None, accumulate: bool) -> Array:
        self.accumulate = accumulate
        self.shape, self.value_shape = x.shape, y.shape
        key, z = self.key(indices), preserved(x)
        if accumulate:
            add_at(z, key, y)
        else:
            z[key] = y
        return z

    def backward(self, grad: Tensor) -> Any:
        indices = self.saved
        taken = Take.apply(grad, *indices)
        if not self.accumulate:
            key = _arrays(indices)
            written, last = np.zeros(self.shape, bool), np.zeros(self.shape, np.intp)
            written[key] = True
            order = np.arange(taken._array.size).reshape(taken._array.shape)
            last[key] = order
            grad = where(grad._wrap(written), 0.0, grad)
            taken = where(grad._wrap(np.asarray(last[key] == order)), taken, 0.0)
        sent = taken.sum_to_size(self.value_shape) if self.needs(1) else None
        return grad, sent, *[None] * len(indices)


def setitem(target: Tensor, index: Any, value: Any) -> None:
    """``target[index] = value``: through the view for a basic index, else by index arrays.

    Args:
        target: what is changed.
        index: any index.
        value: a number, or a tensor that broadcasts to ``target[index]``.

    Raises:
        IndexError, ValueError: as `getitem`.
        TypeError: for a value that is neither tensor nor number.
        ValueError: also for an int that no 64 bits hold.
        RuntimeError: if `value` does not broadcast to the place, has another dtype (where there are
            index arrays), or `target` may not be changed.
    """
    if not args.is_tensor(value):
        if not isinstance(value, (bool, int, float, np.integer)):
            raise TypeError(f"can't assign a {type(value).__name__} to a {target.dtype} tensor")
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError(f"Overflow when unpacking long long: {value}")
        value = args.scalar_as(value, target._array.dtype, filling=True)
    key = _simple_key(index)
    if key is not None:
        try:
            if _write_at_once(target, key, value):
                return
        except IndexError:
            pass
    basic, advanced = _keys(target._array.shape, None if index is True else index)
    if advanced is None and _write_at_once(target, (Ellipsis,) if basic is None else basic, value):
        return
    place = target if basic is None else Slice.apply(target, key=basic)
    if not place._array.size:
        check_writable(target)
    if advanced is None:
        put(place, value)
        return
    check_writable(place)
    value = _fitting(place._array, advanced, value)
    if mode.grad and any(t._requires_grad for t in (target, place, value) if args.is_tensor(t)):
        write(place, IndexPut.apply(place, value, *advanced, accumulate=False))
        return
    place._write(value._array if args.is_tensor(value) else value, _arrays(advanced))
    target._bump_version()


def _write_at_once(target: Tensor, key: Key, value: Any) -> bool:
    """Write a number, or elements of the same dtype and shape, where there is nothing to record."""
    is_tensor = args.is_tensor(value)
    records = mode.grad and (target._requires_grad or (is_tensor and value._requires_grad))
    if records or target._slow_path or (is_tensor and value._slow_path and value._is_stale()):
        return False
    place, array = target._array[key], value._array if is_tensor else value
    if is_tensor and (array.dtype != place.dtype or array.shape != place.shape):
        return False
    place[...] = array
    target._bump_version()
    return True


def _fitting(x: Array, indices: Indices, value: Any, accumulate: bool = False) -> Any:
    """`value`, without leading dimensions that x[indices] has not; refused if it does not fit."""
    array = value._array if args.is_tensor(value) else value
    if array.dtype != x.dtype and array.size == 1 and not accumulate and _is_mask(indices):
        # PyTorch fills by a mask, which takes a number of any dtype.
        args.check_representable(array.item(), x.dtype)
        value = args.as_dtype(value.reshape(()), x.dtype)
        array = args.array_of(value)
    if array.dtype != x.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{x.dtype} for the destination and {array.dtype} for the source."
        )
    shape = array.shape
    if not shape:
        return value
    place = np.broadcast_to(np.empty((), np.int8), x.shape)[_arrays(indices)].shape
    trimmed = shape[max(len(shape) - len(place), 0) :]
    leading = shape[: len(shape) - len(trimmed)]
    if any(n != 1 for n in leading) or any(
        a not in (1, b) for a, b in zip(reversed(trimmed), reversed(place), strict=False)
    ):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(shape)} cannot be broadcast to indexing "
            f"result of shape {list(place)}"
        )
    return value.reshape(trimmed) if leading else value


def _is_mask(indices: Indices) -> bool:
    """Whether the only index array is of bools."""
    return [part.dtype.kind for part in _arrays(indices) if isinstance(part, np.ndarray)] == ["b"]


def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """`input` with `values` written at the index tensors `indices`, or added if `accumulate`.

    Raises:
        IndexError: as `getitem`.
        RuntimeError: if `values` has another dtype, or does not broadcast to the place.
    """
    x = require_tensor("index_put", "input", input)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(
            "index_put(): argument 'indices' (position 1) must be tuple of Tensors, not "
            f"{type(indices).__name__}"
        )
    if not indices:
        raise RuntimeError("index_put: expected at least one index tensor")
    given = [require_tensor("index_put", f"indices[{i}]", t) for i, t in enumerate(indices)]
    basic, key = _keys(x._array.shape, tuple(t if t._array.ndim else t.reshape(1) for t in given))
    assert basic is None
    value = _fitting(x._array, key or (), require_tensor("index_put", "values", values), accumulate)
    return IndexPut.apply(x, value, *(key or ()), accumulate=accumulate)


# ---- one dimension ----------------------------------------------------------------------------


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The view of `input` at one `index` of `dim`, without that dimension.

    Raises:
        IndexError: for a 0-d tensor, or an index out of range.
    """
    x = require_tensor("select", "input", input)
    shape = x._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis, i = wrap_dim(dim, len(shape)), args.integer("select", "index", index)
    if not -shape[axis] <= i < shape[axis]:
        raise IndexError(
            f"select(): index {i} out of range for tensor of size {list(shape)} at dimension {axis}"
        )
    return Slice.apply_view(x, key=(*(FULL,) * axis, i, ...))


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The view of `length` entries of `dim` from `start` on.

    Raises:
        RuntimeError: for a 0-d tensor, or if the entries do not all exist.
        IndexError: if `start` is out of range.
    """
    x = require_tensor("narrow", "input", input)
    if x._array.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    count = args.integer("narrow", "length", length)
    if count < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    axis = wrap_dim(dim, x._array.ndim)
    if args.is_tensor(start) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError(
            f"narrow(): start must be an 0-dim integral Tensor, got {start.dtype} of shape "
            f"{list(start.shape)}"
        )
    size, begin = x._array.shape[axis], args.integer("narrow", "start", start)
    if not -size <= begin <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {begin})"
        )
    begin += size if begin < 0 else 0
    if begin + count > size:
        raise RuntimeError(f"start ({begin}) + length ({count}) exceeds dimension size ({size}).")
    return Slice.apply_view(x, key=(*(FULL,) * axis, slice(begin, begin + count), ...))


@takes_out("narrow_copy", SAME)
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow`, copied."""
    return clone(narrow(input, dim, start, length))


def written(view: Tensor, whole: Tensor, src: Any, who: str) -> Tensor:
    """`whole`, with `src` copied into `view`, a part of it; the node is named after `who`."""
    source = require_tensor(who, "src", src)
    if source._array.shape != view._array.shape:
        raise RuntimeError(
            f"{who}: expected src to have a size equal to the slice of self. src size = "
            f"{list(source._array.shape)}, slice size = {list(view._array.shape)}"
        )
    if view._array.size:
        copy_(view, source)
    return args.set_grad_fn_name(f"{who.title().replace('_', '')}Backward0", whole)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` with `src` at one `index` of `dim`.

    Raises:
        IndexError: as `select`.
        RuntimeError: for a `src` of another shape.
    """
    whole = clone(require_tensor("select_scatter", "input", input))
    return written(select(whole, dim, index), whole, src, "select_scatter")


@takes_out("slice_scatter", SAME)
def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """A copy of `input` with `src` at a slice of `dim`.

    Raises:
        RuntimeError: for a `src` of another shape, or a step below 1.
    """
    whole = clone(require_tensor("slice_scatter", "input", input))
    if whole._array.ndim == 0:
        raise IndexError("slice_scatter() cannot be applied to a 0-dim tensor.")
    if step < 1:
        raise RuntimeError(f"slice step must be positive, got {step}")
    axis = wrap_dim(dim, whole._array.ndim)
    view = Slice.apply(whole, key=(*(FULL,) * axis, slice(start, end, step), ...))
    return written(view, whole, src, "slice_scatter")


# ---- by mask ----------------------------------------------------------------------------------


@takes_out("masked_select", SAME)
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` (which broadcasts with `input`) holds, in one dimension.

    Raises:
        RuntimeError: if `mask` is not of bools.
    """
    who = "masked_select"
    x, m = require_tensor(who, "input", input), require_tensor(who, "mask", mask)
    if m._array.dtype.kind != "b":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {m.dtype}")
    shape = args.broadcast_shape("masked_select", x._array.shape, m._array.shape)
    taken = Take.apply(expand(x, shape).reshape(-1), _flat(m, shape))
    return args.set_grad_fn_name("MaskedSelectBackward0", taken)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the first elements of `source`, in order, where `mask` holds.

    Raises:
        RuntimeError: for a mask not of bools, another dtype, or too few elements.
    """
    who = "masked_scatter"
    x, m = require_tensor(who, "input", input), require_tensor(who, "mask", mask)
    src = require_tensor(who, "source", source)
    if src._array.dtype != x._array.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{x.dtype} and {src.dtype}"
        )
    if m._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {m.dtype}"
        )
    shape = args.broadcast_shape("masked_scatter", x._array.shape, m._array.shape)
    where = _flat(m, shape)
    count = int(where._array.sum())
    if src._array.size < count:
        raise RuntimeError(
            f"Number of elements of source ({src._array.size}) < number of ones in mask ({count})"
        )
    flat, values = expand(x, shape).reshape(-1), src.reshape(-1)[:count]
    y = IndexPut.apply(flat, values, where, accumulate=False).reshape(shape)
    return args.set_grad_fn_name("MaskedScatterBackward0", y)


def _flat(mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    return expand(mask, shape).reshape(-1)


@takes_out("nonzero", SAME)
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not 0: one row each, or one tensor a dimension."""
    x = require_tensor("nonzero", "input", input)
    found = np.nonzero(np.atleast_1d(x._array))
    if as_tuple:
        return tuple(x._wrap(index.astype(np.int64)) for index in found)
    if x._array.ndim == 0:
        return x._wrap(np.zeros((len(found[0]), 0), np.int64))
    return x._wrap(np.stack(found).T)  # a column lies in one piece, as in PyTorch


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of `nonzero`, cut off or filled up to `size` rows.

    Raises:
        RuntimeError: for a negative size.

    >>> import minitorch
    >>> nonzero_static(minitorch.tensor([5.0, 0.0]), size=2).tolist()
    [[0], [-1]]
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = nonzero(input)
    made = found.new_full((size, found.shape[1]), fill_value)
    kept = min(size, len(found))
    made[:kept] = found[:kept]
    return made


def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not 0, one row each."""
    return nonzero(input)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """For each index into the elements in order, where that is in a tensor of `shape`.

    Raises:
        TypeError: for indices that are not integers.
        ValueError: for indices outside `shape` (from the back, they may be negative).

    >>> import minitorch
    >>> minitorch.unravel_index(minitorch.tensor([5, 3]), (2, 3))
    (tensor([1, 1]), tensor([2, 0]))
    """
    x = require_tensor("unravel_index", "indices", indices)
    if x._array.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {x.dtype}")
    sizes = shape_of("unravel_index", (shape,))
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    total, flat = math.prod(sizes), x._array.astype(np.int64)
    if flat.size and not -total <= flat.min() <= flat.max() < total:
        raise ValueError(
            f"unravel_index: indices must be below {total} for shape {sizes}, got "
            f"{flat.min()} to {flat.max()}"
        )
    found = np.unravel_index(np.where(flat < 0, flat + total, flat), sizes)
    return tuple(x._wrap(np.asarray(part, np.int64)) for part in found)
