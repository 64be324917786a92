"""Making tensors: from data, filled with a value, in sequences, and at random."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any, TypedDict, TypeVar, Unpack, cast, get_args, get_type_hints

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array, dtype
from minitorch._storage import UntypedStorage, memory_of
from minitorch._tensor import Tensor
from minitorch.kernels.layout import in_order, order_of
from minitorch.ops.support.operands import (
    SCALARS,
    integer,
    memory_order,
    positive_shape,
    require_tensor,
    scalar_as,
    shape_given,
    warn_caller,
)
from minitorch.ops.support.out import MADE, takes_out

__all__ = [
    "arange",
    "as_tensor",
    "asarray",
    "complex",
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "eye",
    "from_dlpack",
    "from_numpy",
    "frombuffer",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tensor",
    "tril_indices",
    "triu_indices",
    "zeros",
    "zeros_like",
]


BUFFERS = (bytes, bytearray, memoryview)
Factory = TypeVar("Factory", bound=Callable[..., Tensor])


class Options(TypedDict, total=False):
    """The keywords of every factory, besides the dtype; `finish` sees to them."""

    device: Any
    layout: Any
    pin_memory: bool | None
    requires_grad: bool


class LikeOptions(TypedDict, total=False):
    """The keywords of a factory that takes a tensor for its pattern; `_like` sees to them."""

    dtype: dtype | None
    layout: Any
    device: Any
    pin_memory: bool
    requires_grad: bool
    memory_format: Any


def spelled_out(factory: Factory) -> Factory:
    """Name each of a factory's ``**options`` in its signature, and refuse others in its name."""
    (options,) = get_args(get_type_hints(factory)["options"])
    signature = inspect.signature(factory)
    parameters = list(signature.parameters.values())[:-1]
    for name, annotation in options.__annotations__.items():
        hint = annotation.__forward_arg__
        default = False if "bool" in hint else None
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint))
    known = {parameter.name for parameter in parameters}

    @functools.wraps(factory)
    def checked(*args: Any, **kwargs: Any) -> Tensor:
        if not known.issuperset(kwargs):
            name = next(name for name in kwargs if name not in known)
            raise TypeError(f"{factory.__name__}() got an unexpected keyword argument {name!r}")
        return factory(*args, **kwargs)

    vars(checked)["__signature__"] = signature.replace(parameters=parameters)
    return cast(Factory, checked)


def finish(
    array: Array,
    *,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool | None = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor over a new array, once the keywords that every factory takes are seen to.

    Raises:
        NoSuchDevice: for any device but the CPU.
        NotImplementedError: for a layout that is not strided.
        RuntimeError: for pinned memory, or integers that are asked for gradients.
    """
    if device is not None:
        _dtypes.on_cpu(device)
    if layout is not None and layout is not _dtypes.strided:
        raise NotImplementedError(f"layout: every tensor is torch.strided here, got {layout!r}")
    if pin_memory:
        raise RuntimeError("pin_memory=True requires an accelerator; minitorch has the CPU only")
    tensor = Tensor._wrap_any(array)
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def numpy_dtype(who: str, wanted: Any, default: np.dtype[Any] | None = None) -> np.dtype[Any]:
    """The NumPy dtype of `wanted`, which may be Python's float, int or bool.

    Raises:
        TypeError: if it is no dtype.
    """
    if wanted is None:
        return _dtypes.get_default_dtype().numpy if default is None else default
    if isinstance(wanted, dtype):
        return wanted.numpy
    for cls, meant in ((float, _dtypes.float64), (int, _dtypes.int64), (bool, _dtypes.bool_)):
        if wanted is cls:
            return meant.numpy
    raise TypeError(f"{who}(): argument 'dtype' must be torch.dtype, not {wanted!r}")


# ---- from data --------------------------------------------------------------------------------


def _from_data(data: Any, wanted: dtype | None) -> Array:
    """A new array of `data`, in PyTorch's dtype for it."""
    wanted = _dtypes.meant(wanted)
    if isinstance(data, Tensor):
        return np.array(data._array, None if wanted is None else wanted.numpy)
    if isinstance(data, np.ndarray):
        if wanted is None:
            _dtypes.dtype_given(data.dtype)
        return np.array(data, None if wanted is None else wanted.numpy, order="C")
    if isinstance(data, np.generic):
        return np.array(data, None if wanted is None else wanted.numpy)
    _check_nested(data, 0)
    plain = _plain(data)
    if wanted is None and any(isinstance(leaf, Tensor) for leaf in _leaves(data)):
        wanted = _common_dtype(data)
    if wanted is not None:
        if wanted.numpy.kind in "iu":  # PyTorch truncates floats and refuses what overflows
            return _checked_integers(plain, wanted)
        with np.errstate(over="ignore"):
            return np.array(plain, wanted.numpy)
    array = np.array(plain)
    if array.dtype.kind == "O" or array.dtype == np.uint64:
        raise ValueError(f"Overflow when unpacking long long: {data!r}")
    if array.size == 0 or array.dtype.kind == "f":
        kept = array.dtype if _holds_arrays(data) else _dtypes.get_default_dtype().numpy
        with np.errstate(over="ignore"):
            return array.astype(kept)
    if array.dtype.kind in "iu" and not _holds_arrays(data):
        return array.astype(np.int64)
    _dtypes.from_numpy_dtype(array.dtype)
    return array


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, (list, tuple)):
        for item in data:
            yield from _leaves(item)
    else:
        yield data


def _common_dtype(data: Any) -> dtype:
    """Of numbers and tensors, which all count alike."""
    kinds = (
        leaf._array.dtype if isinstance(leaf, Tensor) else _dtypes.scalar_dtype(leaf)
        for leaf in _leaves(data)
    )
    return _dtypes.from_numpy_dtype(functools.reduce(_dtypes.promote_numpy, kinds))


def _plain(data: Any) -> Any:
    if isinstance(data, Tensor):
        if data._array.size != 1:
            if data.dtype.is_floating_point:
                raise ValueError("only one element tensors can be converted to Python scalars")
            raise TypeError(
                "only integer tensors of a single element can be converted to an index; use "
                "stack() or cat() to join larger ones"
            )
        return data._array.item()
    return [_plain(item) for item in data] if isinstance(data, (list, tuple, range)) else data


def _holds_arrays(data: Any) -> bool:
    """Whether the first leaf of nested data is NumPy's or a tensor's, with a dtype of its own."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic)) and not isinstance(data, float)


def _checked_integers(plain: Any, wanted: dtype) -> Array:
    array = np.array(plain)
    if array.dtype.kind == "O" or array.dtype == np.uint64:
        raise ValueError(f"Overflow when unpacking long long: {plain!r}")
    info = np.iinfo(wanted.numpy)
    wraps = info.min == 0 and array.dtype.kind != "f"  # whole numbers below 0 in an unsigned dtype
    least = -int(info.max) if wraps else int(info.min)
    counted = array.size and array.dtype.kind != "b"
    if counted and not least <= array.min() <= array.max() <= int(info.max):
        raise RuntimeError(f"value cannot be converted to type {wanted} without overflow")
    with np.errstate(invalid="ignore"):
        return (array.astype(np.int64) if array.dtype.kind == "f" else array).astype(wanted.numpy)


def _is_number(item: Any) -> bool:
    return isinstance(item, (*SCALARS, Tensor)) or (hasattr(item, "ndim") and item.ndim == 0)


def _check_nested(data: Any, depth: int) -> None:
    """Refuse ragged or non-numeric data in PyTorch's words."""
    if isinstance(data, (list, tuple)):
        if data and isinstance(data[0], (str, bytes)):
            raise ValueError(f"too many dimensions {type(data[0]).__name__!r}: {data!r}")
        for item in data:
            if not isinstance(item, (list, tuple)):
                _check_nested(item, depth + 1)
        lengths = [-1 if _is_number(x) else len(x) for x in data]
        for item, length in zip(data, lengths, strict=True):
            if length != lengths[0]:
                if min(length, lengths[0]) < 0:
                    raise TypeError(
                        f"expected a rectangular nest of numbers, got {item!r} beside {data[0]!r}"
                    )
                raise ValueError(
                    f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
                )
            _check_nested(item, depth + 1)
    elif not isinstance(data, (*SCALARS, Tensor, np.ndarray, range)):
        if isinstance(data, (str, bytes)):
            raise TypeError(f"new(): invalid data type {type(data).__name__!r}: {data!r}")
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}: {data!r}")


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
        TypeError: for text, or numbers beside sequences.
        RuntimeError: for other data that is not numbers; for integers that are asked for
            gradients; for numbers that `dtype` cannot hold.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(data, Tensor):
        warn_caller(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor)."
        )
    array = _from_data(data, dtype)
    return finish(array, device=device, pin_memory=pin_memory, requires_grad=requires_grad)


def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing its memory (and its graph) where it can."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    dtype = _dtypes.meant(dtype)
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
    _dtypes.dtype_given(ndarray.dtype)
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().)"
        )
    if not ndarray.flags.writeable:
        warn_caller(
            "The given NumPy array is not writable, and neither is a tensor over its memory: "
            "changing it in place raises. Copy the array first, as in torch.tensor(array)."
        )
    return Tensor._wrap_any(ndarray.view())


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor over the memory of anything that speaks DLPack."""
    return Tensor._wrap_any(np.from_dlpack(ext_tensor))


def asarray(
    obj: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a tensor: over its own memory where possible, unless a copy is asked for.

    Args:
        obj: a tensor, an ndarray, a storage, bytes or another buffer, a number, or nested sequences
            of them.
        dtype: by default the data's.
        device: the CPU.
        copy: True for a copy, False to refuse one, None for one where needed.
        requires_grad: whether to record what is computed from it.

    Raises:
        ValueError: if a copy is needed and refused.
    """
    if isinstance(obj, UntypedStorage):
        obj = memory_of(obj._owner)
    if isinstance(obj, BUFFERS):
        tensor = frombuffer(obj, dtype=dtype or _dtypes.get_default_dtype())
    else:
        tensor = as_tensor(obj, dtype=dtype, device=device)
        if isinstance(obj, Tensor) and obj.requires_grad and not tensor.dtype.is_floating_point:
            raise RuntimeError(
                "asarray: only Tensors of floating point can require gradients, not "
                f"{tensor.dtype}; detach() the tensor first"
            )
    held = obj._array if isinstance(obj, Tensor) else obj
    shares = isinstance(obj, BUFFERS) or (
        isinstance(held, np.ndarray) and held.dtype == tensor._array.dtype
    )
    if copy is False and not shares:
        raise ValueError(
            f"asarray: can't alias {type(obj).__name__} as {tensor.dtype} without a copy"
        )
    if copy and shares:
        tensor = tensor.clone()
    if requires_grad:
        tensor = (tensor.detach() if tensor.requires_grad else tensor).requires_grad_()
    return tensor


def frombuffer(
    buffer: Any, *, dtype: dtype, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A vector over the memory of a buffer (bytes, bytearray, memoryview, array...).

    Args:
        buffer: whatever holds bytes.
        dtype: how to read them.
        count: how many elements; -1 for all that there are.
        offset: how many bytes to leave out at the start.
        requires_grad: whether to record what is computed from it.

    Raises:
        ValueError: if `buffer` is none, or does not hold so many elements after `offset`.
    """
    try:
        length = memoryview(buffer).nbytes
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    dtype = _dtypes.meant(dtype)
    size = dtype.itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % size:
        raise ValueError(
            f"buffer length ({length} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({size})"
        )
    if count > 0 and offset + count * size > length:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must "
            f"not be greater than actual buffer length ({length} bytes)"
        )
    array = np.frombuffer(buffer, dtype.stored, count, offset)
    if not array.flags.writeable:
        warn_caller(
            "The given buffer is not writable, and neither is a tensor over its memory: changing "
            "it in place raises. Give a bytearray, as in bytearray(buffer)."
        )
    return finish(array, requires_grad=requires_grad)


def scalar_tensor(
    s: Any,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A number as a 0-d tensor, of the default dtype unless another is given."""
    value = number("scalar_tensor", "s", s)
    array = scalar_as(value, numpy_dtype("scalar_tensor", dtype), filling=True)
    return finish(
        array, device=device, layout=layout, pin_memory=pin_memory, requires_grad=requires_grad
    )


def number(who: str, name: str, value: Any) -> Any:
    """`value` as a Python number; a 0-d tensor counts as one.

    Raises:
        TypeError: if it is none.
    """
    if isinstance(value, Tensor) and value._array.ndim == 0:
        return value._array.item()
    if np.iscomplexobj(value):
        raise NotImplementedError(f"{who}: complex numbers are not covered by minitorch")
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return value
    raise TypeError(f"{who}(): argument '{name}' must be Number, not {type(value).__name__}")


def complex(real: Tensor, imag: Tensor) -> Tensor:
    """Refused: complex numbers are out of scope.

    Raises:
        NotImplementedError: always.
    """
    raise NotImplementedError("torch.complex: complex numbers are not covered by minitorch")


# ---- filled -----------------------------------------------------------------------------------


@takes_out("zeros", MADE)
@spelled_out
def zeros(
    *sizes: Any, size: Any = None, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Zeros of the given size.

    >>> zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    shape = positive_shape("zeros", (shape_given("zeros", "size", sizes, size),))
    return finish(np.zeros(shape, numpy_dtype("zeros", dtype)), **options)


@takes_out("ones", MADE)
@spelled_out
def ones(
    *sizes: Any, size: Any = None, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Ones of the given size."""
    shape = positive_shape("ones", (shape_given("ones", "size", sizes, size),))
    return finish(np.ones(shape, numpy_dtype("ones", dtype)), **options)


@takes_out("empty", MADE)
def empty(
    *sizes: Any,
    size: Any = None,
    dtype: dtype | None = None,
    device: Any = None,
    layout: Any = None,
    pin_memory: bool | None = False,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Room of the given size, to be filled: zeros here, whatever was in memory in PyTorch."""
    shape = positive_shape("empty", (shape_given("empty", "size", sizes, size),))
    array = np.zeros(shape, numpy_dtype("empty", dtype))
    if memory_format is not None:
        axes = memory_order("empty", memory_format, len(shape))
        if axes is None:
            raise RuntimeError("unsupported memory format Preserve")
        array = in_order(array, axes)
    return finish(
        array, device=device, layout=layout, pin_memory=pin_memory, requires_grad=requires_grad
    )


@spelled_out
def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Room of the given size, whose dimensions lie in memory in the order `physical_layout`.

    Raises:
        RuntimeError: unless that names each dimension once.
    """
    shape, order = positive_shape("empty_permuted", (size,)), tuple(physical_layout)
    if sorted(order) != list(range(len(shape))):
        raise RuntimeError(
            f"empty_permuted: physical_layout must name each of {len(shape)} dimensions once, "
            f"got {order}"
        )
    array = np.zeros([shape[dim] for dim in order], numpy_dtype("empty_permuted", dtype))
    return finish(array.transpose(np.argsort(order)), **options)


@spelled_out
def empty_strided(
    size: Any, stride: Any, *, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Room of the given size, its elements so many apart along each dimension.

    Raises:
        RuntimeError: for sizes and strides of unequal length, or negative ones.
    """
    shape = positive_shape("empty_strided", (size,))
    steps = positive_shape("empty_strided", (stride,))
    if len(shape) != len(steps):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
            f"({len(steps)})"
        )
    last = sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    room = np.zeros(0 if 0 in shape else last + 1, numpy_dtype("empty_strided", dtype))
    array = np.lib.stride_tricks.as_strided(room, shape, [n * room.itemsize for n in steps])
    return finish(array, **options)


@takes_out("full", MADE)
@spelled_out
def full(
    size: Any, fill_value: Any, *, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """`fill_value` everywhere; the dtype is its own unless given."""
    if isinstance(size, int):
        raise TypeError("full(): argument 'size' (position 1) must be tuple of ints, not int")
    value = number("full", "fill_value", fill_value)
    wanted = numpy_dtype("full", dtype, _dtypes.scalar_dtype(value))
    shape = positive_shape("full", (size,))
    array = np.full(shape, scalar_as(value, wanted, filling=math.prod(shape) == 1))
    return finish(array, **options)


@takes_out("eye", MADE)
@spelled_out
def eye(
    n: int, m: int | None = None, *, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """Ones on the diagonal of an (n, m) matrix, zeros elsewhere."""
    rows = integer("eye", "n", n)
    columns = rows if m is None else integer("eye", "m", m)
    for name, value in (("n", rows), ("m", columns)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {value}")
    return finish(np.eye(rows, columns, dtype=numpy_dtype("eye", dtype)), **options)


def _like(
    who: str,
    input: Any,
    fill_value: Any,
    dtype: dtype | None = None,
    memory_format: Any = None,
    **options: Unpack[Options],
) -> Tensor:
    array = require_tensor(who, "input", input)._array
    axes = memory_order(who, memory_format, array.ndim)
    wanted = numpy_dtype(who, dtype, array.dtype)
    value = scalar_as(number(who, "fill_value", fill_value), wanted, filling=array.size == 1)
    filled = np.full(array.shape, value, value.dtype)
    if axes is not None or not array.flags.c_contiguous:
        filled = in_order(filled, order_of(array) if axes is None else axes)
    made = finish(filled, **options)
    return made.as_subclass(input._result_class) if input._decides_result_class else made


@spelled_out
def zeros_like(input: Tensor, **options: Unpack[LikeOptions]) -> Tensor:
    """Zeros of `input`'s shape, dtype and memory layout."""
    return _like("zeros_like", input, 0, **options)


@spelled_out
def ones_like(input: Tensor, **options: Unpack[LikeOptions]) -> Tensor:
    """Ones of `input`'s shape, dtype and memory layout."""
    return _like("ones_like", input, 1, **options)


@spelled_out
def empty_like(input: Tensor, **options: Unpack[LikeOptions]) -> Tensor:
    """Room of `input`'s shape, dtype and memory layout: zeros here."""
    return _like("empty_like", input, 0, **options)


@spelled_out
def full_like(input: Tensor, fill_value: Any, **options: Unpack[LikeOptions]) -> Tensor:
    """`fill_value` in `input`'s shape, dtype and memory layout."""
    return _like("full_like", input, fill_value, **options)


# ---- sequences --------------------------------------------------------------------------------


@takes_out("arange", MADE)
@spelled_out
def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """From `start` (0 if only one bound is given) by `step` up to, but not including, `end`.

    Raises:
        RuntimeError: for a step of 0, one that leads away from `end`, or an infinite bound.
        ValueError: for a step that int64 cuts off to 0.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    if start is None and end is None:
        raise TypeError('arange() missing 1 required positional arguments: "end"')
    if end is None:
        start, end = 0, start
    bounds = {"start": 0 if start is None else start, "end": end, "step": step}
    first, last, by = (number("arange", name, value) for name, value in bounds.items())
    whole = all(isinstance(v, (int, np.integer)) for v in (first, last, by))
    default = _dtypes.int64.numpy if whole else _dtypes.get_default_dtype().numpy
    wanted = numpy_dtype("arange", dtype, default)
    if wanted.kind == "b":
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if wanted == np.int64 and not whole and math.isfinite(last):
        if by and not int(by):
            raise ValueError(f"step must be nonzero, and a whole number for int64, got {by}")
        first, last, by, whole = int(first), int(last), int(by), True  # cut off, as in PyTorch
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}")
    if (last - first) * by < 0:
        raise RuntimeError(
            "upper bound and lower bound inconsistent with step sign: "
            f"arange({first}, {last}, {by})"
        )
    count = -((first - last) // by) if whole else math.ceil((last - first) / by)
    if wanted.kind != "f":  # for the narrow integer dtypes, PyTorch cuts off after it has counted
        values = np.arange(count, dtype=np.int64) * int(by) + int(first)
    else:
        values = first + np.arange(count, dtype=np.float64) * by
    with np.errstate(over="ignore"):
        array = values.astype(wanted)
    return finish(array, **options)


@takes_out("linspace", MADE)
@spelled_out
def linspace(
    start: Any, end: Any, steps: int, *, dtype: dtype | None = None, **options: Unpack[Options]
) -> Tensor:
    """`steps` values, evenly apart, from `start` to `end` inclusive.

    Raises:
        RuntimeError: for a negative number of steps, or bounds with dimensions.
    """
    return finish(_evenly("linspace", start, end, steps, dtype), **options)


@takes_out("logspace", MADE)
@spelled_out
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtype | None = None,
    **options: Unpack[Options],
) -> Tensor:
    """`base` to the powers of `linspace`: from base**start to base**end inclusive.

    Raises:
        RuntimeError: for a negative number of steps, or bounds with dimensions.
    """
    wanted = numpy_dtype("logspace", dtype)
    if wanted.kind == "b":
        raise NotImplementedError("\"logspace_cpu\" not implemented for 'Bool'")
    wide = wanted if wanted.kind == "f" else np.dtype(np.float64)
    if wanted.kind != "f":
        start, end = (int(scalar_as(number("logspace", "bound", v), wanted)) for v in (start, end))
    powers = _evenly("logspace", start, end, steps, wide)
    with np.errstate(all="ignore"):
        array = np.power(float(base), powers.astype(np.float64)).astype(wanted)
    return finish(array, **options)


def _evenly(who: str, start: Any, end: Any, steps: Any, wanted: Any) -> Array:
    for name, bound in (("start", start), ("end", end)):
        if isinstance(bound, Tensor) and bound._array.ndim:
            raise RuntimeError(
                f"{who} only supports 0-dimensional start and end tensors, but got {name} with "
                f"{bound._array.ndim} dimension(s)."
            )
    first, last = number(who, "start", start), number(who, "end", end)
    count = integer(who, "steps", steps)
    if count < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {count}")
    wanted = wanted if isinstance(wanted, np.dtype) else numpy_dtype(who, wanted)
    if wanted.kind == "b":
        raise NotImplementedError(f"\"{who}_cpu\" not implemented for 'Bool'")
    if count == 1:
        return np.array([first]).astype(wanted)
    # From both ends to the middle, in the dtype itself (a whole number's in float): PyTorch's
    # rounding.
    whole = wanted.kind != "f"
    real = np.float32 if whole else wanted.type
    a, b = (real(scalar_as(v, wanted) if whole else v) for v in (first, last))
    step = (b - a) / real(max(count - 1, 1))
    numbers = np.arange(count).astype(real)
    half = count // 2
    lower, upper = a + step * numbers[:half], b - step * (real(count - 1) - numbers[half:])
    return np.concatenate([lower, upper]).astype(wanted)


def tril_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The places on and below a diagonal of a (row, col) matrix: their rows, and their columns."""
    return _triangle("tril_indices", np.tril_indices, row, col, offset, dtype, device, layout)


def triu_indices(
    row: int,
    col: int,
    offset: int = 0,
    *,
    dtype: dtype | None = None,
    device: Any = None,
    layout: Any = None,
) -> Tensor:
    """The places on and above a diagonal of a (row, col) matrix: their rows, and their columns."""
    return _triangle("triu_indices", np.triu_indices, row, col, offset, dtype, device, layout)


def _triangle(
    who: str, places: Any, row: int, col: int, offset: int, dtype: Any, device: Any, layout: Any
) -> Tensor:
    for name, value in (("row", row), ("col", col)):
        if integer(who, name, value) < 0:
            raise RuntimeError(f"{name} must be non-negative, got {value}")
    wanted = numpy_dtype(who, dtype, _dtypes.int64.numpy)
    if wanted.kind not in "iu":
        raise NotImplementedError(f'"{who}" not implemented for {dtype}')
    array = np.stack(places(row, offset, col)).astype(wanted)
    return finish(array, device=device, layout=layout)
