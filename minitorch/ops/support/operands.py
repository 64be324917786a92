"""Arguments of operations: promoted, and their dims and shapes checked; and what ends a function.

What ends it: a result's order of memory, and PyTorch's name of its node. Functions for one, two and
three dimensions are made of a general one here, too.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array, Scalar, dtype, meant
from minitorch.autograd.base import TensorBase
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.kernels import bfloat16
from minitorch.kernels.bfloat16 import BFLOAT16, rounded
from minitorch.kernels.layout import is_channels_last, order_by
from minitorch.kernels.quiet import ignore_float_errors, restore
from minitorch.ops.support.cast import Cast

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

PACKAGE = str(Path(__file__).parents[2])
P = ParamSpec("P")
R = TypeVar("R")
Operand = Any  # a tensor, an ndarray or a Python number
SCALARS = (bool, int, float, np.generic)
OPERANDS = (TensorBase, *SCALARS, np.ndarray)  # what an operator can take beside a tensor


def also_named(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let an operation's arguments be given by other names as well: ``other="own"``."""

    def decorate(operation: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(operation)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs:
                for other, own in names.items():
                    if other in kwargs and own not in kwargs:
                        kwargs[own] = kwargs.pop(other)
            return operation(*args, **kwargs)

        return called

    return decorate


# PyTorch takes NumPy's names where it takes a `dim`.
accept_axis_keepdims = also_named(axis="dim", keepdims="keepdim")


def in_1d_2d_3d(
    general: Callable[Concatenate[int, P], R], one: str, three: str
) -> tuple[Callable[P, R], Callable[P, R], Callable[P, R]]:
    """Three functions of `general`, for its first argument `dims` = 1, 2 and 3.

    Args:
        general: ``_name``, for ``name1d`` and so on; its docstring is that of two dimensions.
        one, three: the docstrings of the others.
    """

    def of_dims(dims: int, doc: str) -> Callable[P, R]:
        own: Any = renamed(general, f"{general.__name__[1:]}{dims}d")
        check_call = _check_call  # the copy sees other globals

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return own(dims, *args, **kwargs)
            except TypeError:
                check_call(own, "dims", args, kwargs)
                raise

        return _without("dims", call, own, doc)

    return of_dims(1, one), of_dims(2, general.__doc__ or ""), of_dims(3, three)


def written_in_place(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function ``operation_`` for an `operation` that takes ``inplace=True``."""
    own: Any = renamed(operation, operation.__name__ + "_")
    check_call = _check_call

    def call(*args: Any, **kwargs: Any) -> Tensor:
        try:
            return own(*args, **kwargs, inplace=True)
        except TypeError:
            check_call(own, "inplace", args, kwargs)
            raise

    return _without("inplace", call, own, f"`{operation.__name__}`, written into `input`.")


def renamed(function: Any, name: str) -> Any:
    """`function` under another name, which its errors say where the arguments do not fit."""
    state = function.__globals__, function.__name__, function.__defaults__, function.__closure__
    copy = types.FunctionType(function.__code__, *state)
    copy.__qualname__, copy.__kwdefaults__ = name, function.__kwdefaults__
    copy.__annotations__, copy.__doc__ = function.__annotations__, function.__doc__
    return copy


def _without(name: str, call: Any, whole: Any, doc: str) -> Any:
    """`call` shown as `whole` is, but for the argument `name` and the docstring."""
    state = whole.__globals__, whole.__qualname__, None, call.__closure__
    copy: Any = types.FunctionType(call.__code__.replace(co_name=whole.__qualname__), *state)
    copy.__doc__, copy.__qualname__, copy.__wrapped__ = (
        inspect.cleandoc(doc),
        whole.__qualname__,
        whole,
    )
    copy.__signature__ = _signature_without(name, whole)
    copy.__annotations__ = {k: v for k, v in whole.__annotations__.items() if k != name}
    return copy


def _signature_without(name: str, whole: Any) -> inspect.Signature:
    signature = inspect.signature(whole)
    kept = [p for p in signature.parameters.values() if p.name != name]
    return signature.replace(parameters=kept)


def _check_call(whole: Any, name: str, args: Any, kwargs: Any) -> None:
    """Refuse arguments that do not fit `whole` without its argument `name`.

    Raises:
        TypeError: in Python's words, which do not count or name the argument.
    """
    signature = _signature_without(name, whole)
    most = [p for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    if len(args) > len(most):
        least = sum(p.default is p.empty for p in most)
        takes = f"from {least} to {len(most)}" if least < len(most) else str(least)
        takes += " positional arguments" if len(most) > 1 else " positional argument"
        raise TypeError(
            f"{whole.__qualname__}() takes {takes} but {len(args)} were given"
        ) from None
    for given in kwargs:
        if given not in signature.parameters:
            raise TypeError(
                f"{whole.__qualname__}() got an unexpected keyword argument {given!r}"
            ) from None


def is_tensor(value: object) -> bool:
    """Whether `value` is a tensor."""
    return isinstance(value, TensorBase)


def require_tensor(who: str, name: str, value: Any) -> Tensor:
    """`value` as a tensor, or a TypeError that says which argument of which operation it is."""
    if isinstance(value, TensorBase):
        return value  # type: ignore[return-value]
    raise TypeError(f"{who}(): argument '{name}' must be Tensor, not {type(value).__name__}")


def _raw(who: str, operand: Operand) -> Any:
    if isinstance(operand, OPERANDS):
        if not isinstance(operand, TensorBase):
            return operand
        bits = operand._bits
        return operand._any_layout if bits is None else bits
    raise TypeError(
        f"{who}(): expected Tensors or numbers as operands, got {type(operand).__name__}"
    )


def as_dtype(operand: Operand, dtype: np.dtype[Any]) -> Operand:
    """`operand` in `dtype`: a tensor stays in the graph, a number becomes a constant."""
    if isinstance(operand, TensorBase):
        held = operand._array.dtype if operand._bits is None else BFLOAT16
        return operand if held == dtype else Cast.apply(operand, dtype=dtype)
    if not isinstance(operand, np.ndarray):
        return number(operand, dtype)
    return rounded(operand) if dtype == BFLOAT16 else np.asarray(operand, dtype)


def promote(who: str, *operands: Operand, floating: bool = False) -> list[Operand]:
    """The operands in their common dtype by PyTorch's rules; at least one must be a tensor.

    With `floating`, integers become the default floating dtype, as for a division.
    """
    dtype = result_dtype(who, *operands)
    if floating and dtype.kind != "f":
        dtype = _dtypes.get_default_dtype().numpy
    return [as_dtype(operand, dtype) for operand in operands]


def result_dtype(who: str, *operands: Operand) -> np.dtype[Any]:
    """The operands' common dtype by PyTorch's rules; at least one must be a tensor."""
    if not any(isinstance(operand, (TensorBase, np.ndarray)) for operand in operands):
        kinds = ", ".join(type(operand).__name__ for operand in operands)
        raise TypeError(
            f"{who}() received an invalid combination of arguments: got ({kinds}), expected at "
            "least one Tensor"
        )
    return _dtypes.result_dtype([_raw(who, operand) for operand in operands])


def promote_pair(who: str, a: Operand, b: Operand) -> tuple[Operand, Operand]:
    """Two operands in their common dtype; quick where there is nothing to do."""
    a_is, b_is = isinstance(a, TensorBase), isinstance(b, TensorBase)
    if a_is and b_is:
        if a._numpy_dtype is b._numpy_dtype:
            return a, b
    elif a_is:
        if type(b) is float or type(b) is int:
            dtype = a._numpy_dtype
            if dtype.kind == "f" or (dtype.kind in "iu" and type(b) is int):
                return a, number(b, dtype)
    elif b_is and (type(a) is float or type(a) is int):
        dtype = b._numpy_dtype
        if dtype.kind == "f" or (dtype.kind in "iu" and type(a) is int):
            return number(a, dtype), b
    first, second = promote(who, a, b)
    return first, second


def number(value: Scalar, dtype: np.dtype[Any]) -> Array:
    """A Python number as a 0-d array. Beyond an integer type's range it wraps around, as in C."""
    if not dtype.isnative:
        return rounded(np.array(float(value)))
    try:
        if dtype.kind != "f" or -65504 <= value <= 65504:
            return np.array(value, dtype)
        if type(value) is int and not -(2**63) <= value < 2**64:
            raise OverflowError
        previous = ignore_float_errors()  # NumPy would warn of an overflow to inf
        try:
            return np.array(value, dtype)
        finally:
            restore(previous)
    except OverflowError:
        if not -(2**63) <= value < 2**64:
            raise OverflowError(f"int too big to convert: {value}") from None
        return np.array(int(value) & (2 ** (8 * dtype.itemsize) - 1), np.uint64).astype(dtype)


def dtype_of(operand: Operand) -> np.dtype[Any]:
    """The NumPy dtype of a tensor or an ndarray."""
    return operand._numpy_dtype if isinstance(operand, TensorBase) else operand.dtype


def array_of(operand: Operand) -> Array:
    """The array of a tensor; an ndarray is its own."""
    return operand._array if isinstance(operand, TensorBase) else operand


def broadcast(function: type[Function], who: str, a: Operand, b: Operand, **params: Any) -> Any:
    """Apply a Function to two operands in their common dtype; shapes are refused as by PyTorch."""
    x, y = promote_pair(who, a, b)
    try:
        return function.apply(x, y, **params)
    except ValueError:  # NumPy's, for shapes that do not fit: said better here
        broadcast_shape(who, array_of(x).shape, array_of(y).shape)
        raise


largest = functools.cache(bfloat16.largest)


def scalar_as(value: Any, dtype: np.dtype[Any], *, filling: bool = False) -> Array:
    """A Python number to be written into a tensor, as a 0-d array.

    Args:
        value: the number.
        dtype: the tensor's.
        filling: whether a finite number that float16 cannot hold becomes infinite, as when PyTorch
            assigns it, or fills a tensor of one element; all else refuses it.

    Raises:
        RuntimeError: if `dtype` cannot hold it. Below 0, a whole number wraps around in an unsigned
            dtype, as in PyTorch; a fraction is cut off.
        OverflowError: for a whole number that no 64 bits hold.
    """
    kind = dtype.kind
    if isinstance(value, np.bool_):
        value = bool(value)  # which NumPy does not compare with large numbers
    whole = isinstance(value, (int, np.integer))
    if whole and not -(2**63) <= value < 2**64:
        raise OverflowError(f"int too big to convert: {value}")
    if kind == "b":
        return np.array(bool(value))
    if kind == "f":
        most = largest(dtype)
        if -most <= value <= most or not math.isfinite(value):
            return np.array(value, dtype) if dtype.isnative else number(value, dtype)
        if filling and dtype.itemsize == 2:
            with np.errstate(over="ignore"):
                return np.array(value, dtype)
    else:
        info = np.iinfo(dtype)
        least = -int(info.max) if whole and kind == "u" else int(info.min)
        if least <= value <= int(info.max):
            return np.array(int(value) % 2 ** (8 * dtype.itemsize), np.uint64).astype(dtype)
    name = _dtypes.from_numpy_dtype(dtype).name
    raise RuntimeError(f"value {value} cannot be converted to type {name} without overflow")


def check_representable(value: Operand, dtype: np.dtype[Any], *, filling: bool = False) -> None:
    """Refuse a Python number that `scalar_as` would; a tensor or None is no number."""
    if not isinstance(value, (TensorBase, np.ndarray)) and value is not None:
        scalar_as(value, dtype, filling=filling)


def cast_for_sum(who: str, input: Any, dtype: dtype | None) -> Tensor:
    """`input` in the dtype to add or multiply it up in: int64 for integers, unless one is given.

    Raises:
        RuntimeError: for a tensor that requires grad and a dtype that has none, as in PyTorch.
    """
    x = require_tensor(who, "input", input)
    if dtype is None:
        return x if x.is_floating_point() else as_dtype(x, np.dtype(np.int64))
    dtype = meant(dtype)
    assert dtype is not None
    if mode.grad and x._requires_grad and not dtype.is_floating_point:
        raise RuntimeError(f"{who}: Autograd not support dtype: {dtype}; detach() the tensor first")
    return as_dtype(x, dtype.numpy)


def caller_stacklevel() -> int:
    """Return the `stacklevel` of a warning of the caller's that is to show the user's own line.

    It is counted, and not known: `minitorch.amp` and `minitorch.overrides` put functions between.
    """
    level, frame = 1, inspect.currentframe()
    frame = None if frame is None else frame.f_back
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    return level


def warn_caller(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn in PyTorch's words, at the user's own line."""
    warnings.warn(text, category, stacklevel=caller_stacklevel())


def not_bool(who: str, *operands: Operand) -> None:
    """Refuse bool tensors, for which PyTorch has no such operation (NotImplementedError)."""
    for operand in operands:
        if dtype_of(operand).kind == "b":
            raise NotImplementedError(
                f"\"{who}\" not implemented for 'Bool'; convert the tensor with .int() or .float()"
            )


def not_integer(who: str, dtype: np.dtype[Any]) -> None:
    """Refuse integers and bools, where PyTorch has the operation for floats only."""
    if dtype.kind != "f":
        raise NotImplementedError(
            f'"{who}" not implemented for {dtype}; convert the tensor with .float()'
        )


def floating(input: Tensor) -> Tensor:
    """`input`, cast to the default floating dtype if it holds integers."""
    if input._array.dtype.kind == "f":
        return input
    return as_dtype(input, _dtypes.get_default_dtype().numpy)


HALVES = (np.dtype(np.float16), BFLOAT16)


def is_half(x: Any) -> bool:
    """Whether `x` is a tensor of float16 or bfloat16."""
    return isinstance(x, TensorBase) and x._numpy_dtype in HALVES


def in_wider(operation: Callable[..., Any], *operands: Operand, **options: Any) -> Any:
    """Run `operation` in the next wider dtype, its results rounded once.

    So PyTorch computes with float16 in float32, with bfloat16 too, and adds up float32 in float64.
    """
    narrow = next(x._numpy_dtype for x in operands if isinstance(x, TensorBase))
    wider = np.dtype(np.float32 if narrow in HALVES else np.float64)
    wide = [
        as_dtype(x, wider) if isinstance(x, TensorBase) and x._numpy_dtype == narrow else x
        for x in operands
    ]
    results = operation(*wide, **options)
    if not isinstance(results, tuple):
        return _rounded(results, narrow)
    return tuple([_rounded(result, narrow) for result in results])


def _rounded(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    maker = x._grad_fn
    rounded: Tensor = as_dtype(x, dtype)
    return rounded if maker is None else set_grad_fn_name(maker.name(), rounded)


def wrap_dim(dim: Any, ndim: int) -> int:
    """`dim` counted from the front, or an IndexError. A 0-d tensor has dims 0 and -1."""
    if type(dim) is int and -ndim <= dim < ndim:  # nearly always
        return dim if dim >= 0 else dim + ndim
    try:
        index = operator.index(dim)
    except TypeError:
        raise TypeError(f"dim: expected an int, got {dim!r} of {type(dim).__name__}") from None
    span = max(ndim, 1)
    if not -span <= index < span:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
            f"but got {index})"
        )
    return index % span


def wrap_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """A dim, several, or None (all), counted from the front; one that is there twice is refused."""
    if dim is None:
        return tuple(range(ndim))
    if not isinstance(dim, (tuple, list)):
        return (wrap_dim(dim, ndim),)[:ndim]  # none of a 0-d tensor, which has dims 0 and -1
    if not dim:
        return tuple(range(ndim))
    dims = tuple(wrap_dim(d, ndim) for d in dim)
    if len(set(dims)) != len(dims):
        repeated = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims {dim}")
    return dims if ndim else ()


def shape_of(who: str, sizes: Sequence[Any]) -> tuple[int, ...]:
    """A shape given as separate ints or as one sequence of them; a TypeError for anything else."""
    if len(sizes) == 1 and not isinstance(sizes[0], (int, np.integer)):
        first = sizes[0]
        if isinstance(first, (tuple, list)):
            sizes = first
        elif getattr(first, "ndim", 0):  # a tensor or an array of sizes
            sizes = tuple(first)
    kinds = set(map(type, sizes))
    if kinds == {int}:
        return tuple(sizes)
    try:
        if bool not in kinds:
            return tuple(operator.index(size) for size in sizes)
    except TypeError:
        pass
    raise TypeError(f"{who}(): argument 'size' must be a tuple of ints, got {sizes!r}")


def shape_given(who: str, name: str, given: tuple[Any, ...], named: Any) -> tuple[int, ...]:
    """The shape (or dims) of a method that takes ``*sizes`` or the keyword `name`, not both."""
    if named is None:
        if not given:
            raise TypeError(f'{who}() missing 1 required positional arguments: "{name}"')
        return shape_of(who, given)
    if given:
        raise TypeError(f"{who}() got {given!r} and {name}={named!r}: give the one or the other")
    return shape_of(who, (named,))


def check_constant(function: str, **operands: Tensor | None) -> None:
    """Refuse operands that require grad, of a function with no derivative in them."""
    for name, operand in operands.items():
        if operand is not None and mode.grad and operand._requires_grad:
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument "
                f"'{name}'. This input cannot have requires_grad True."
            )


def integer(who: str, name: str, value: Any) -> int:
    """`value` as an int, or a TypeError if it is none."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{who}(): argument '{name}' must be int, not {type(value).__name__}")


def memory_order(who: str, memory_format: Any, ndim: int) -> tuple[int, ...] | None:
    """The order of axes in memory that a memory format stands for; None to preserve what there is.

    Raises:
        RuntimeError: for a format of another number of dimensions.
        TypeError: if it is no memory format.
    """
    if memory_format is None or memory_format is _dtypes.preserve_format:
        return None
    if not isinstance(memory_format, _dtypes.memory_format):
        raise TypeError(
            f"{who}(): argument 'memory_format' must be torch.memory_format, not "
            f"{type(memory_format).__name__}"
        )
    if memory_format is _dtypes.contiguous_format:
        return tuple(range(ndim))
    rank = 4 if memory_format is _dtypes.channels_last else 5
    if ndim != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {memory_format.name} format")
    return (0, *range(2, rank), 1)


def positive_shape(who: str, sizes: Sequence[Any]) -> tuple[int, ...]:
    """`shape_of` a tensor to be made, which has no negative sizes."""
    shape = shape_of(who, sizes)
    if any(n < 0 for n in shape):
        raise RuntimeError(
            f"{who}: Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def set_grad_fn_name(node_name: str, result: Tensor) -> Tensor:
    """`result` of a composition, its last node shown under PyTorch's name for the whole.

    The node must be the composition's own: one that returns its input as it is has none.
    """
    if result._grad_fn is not None:
        result._grad_fn.torch_name = node_name
    return result


def laid(result: Tensor, like: Tensor | None = None) -> Tensor:
    """`result`, fresh and nobody's view, in the order of memory of `like`, or by default in C's."""
    result._lie_in(None if like is None else order_by(like._array.shape, [like._strides_seen()]))
    return result


def laid_by_columns(result: Tensor) -> Tensor:
    """`result`, fresh, with the elements of a column side by side, as LAPACK gives matrices."""
    ndim = result.ndim
    result._lie_in((*range(ndim - 2), ndim - 1, ndim - 2))
    return result


def laid_as_images(result: Tensor, like: Tensor, least: int = 4) -> Tensor:
    """`result`, fresh and nobody's view, channels last in memory if the images `like` are."""
    if is_channels_last(like.shape, like._strides_seen(), least):
        ndim = result.ndim
        result._lie_in((0, *range(2, ndim), 1))
    return result


def broadcast_shape(who: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to; an error names the two sizes that do not match."""
    if all(shape == shapes[0] for shape in shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        pass
    ndim = max(len(shape) for shape in shapes)
    padded = [(1,) * (ndim - len(shape)) + shape for shape in shapes]
    for dim in reversed(range(ndim)):
        sizes = [shape[dim] for shape in padded if shape[dim] != 1]
        if len(set(sizes)) > 1:
            raise RuntimeError(
                f"The size of tensor a ({sizes[0]}) must match the size of tensor b "
                f"({next(s for s in sizes if s != sizes[0])}) at non-singleton dimension {dim} "
                f"({who} of shapes {' and '.join(str(list(s)) for s in shapes)})"
            )
    raise RuntimeError(f"{who}: cannot broadcast shapes {shapes}")
