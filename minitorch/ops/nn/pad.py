"""Padding: more elements, or fewer, at either end of the last dimensions."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels import resample as kernels
from minitorch.ops.nn.resample import Resample
from minitorch.ops.nn.windows import Pairs, Sizes, check_dtype
from minitorch.ops.shape.index import Slice
from minitorch.ops.support.operands import laid, largest, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["pad"]


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """`input` with elements added at the ends of its last dimensions; negative numbers take away.

    Args:
        input: of any shape for 'constant'; for the other modes ``(N, C, *spatial)`` or
            ``(C, *spatial)`` with one to three spatial dimensions.
        pad: (before, after) of the last dimension, then of the one before it, and so on.
        mode: what is added: 'constant' `value`; 'reflect' the elements mirrored at the edge,
            which is not repeated; 'replicate' the edge; 'circular' the other end.
        value: for 'constant'; 0 by default.

    Raises:
        NotImplementedError: for an unknown mode, or one that is not for so many dimensions.
        RuntimeError: for an odd number of pads or too many, or more padding than there are
            elements to reflect.

    >>> import minitorch
    >>> x = minitorch.arange(1.0, 5.0).reshape(1, 4)
    >>> pad(x, (1, 2))
    tensor([[0., 1., 2., 3., 4., 0., 0.]])
    >>> pad(x, (1, 2), "reflect")
    tensor([[2., 1., 2., 3., 4., 3., 2.]])
    >>> pad(x, (-1, 1), "circular")
    tensor([[2., 3., 4., 2.]])
    """
    x = require_tensor("pad", "input", input)
    shape = x._array.shape
    pairs = _pairs(shape, pad)
    if mode == "constant":
        return _constant(x, pairs, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            f"pad: Unrecognised padding mode {mode}; one of 'constant', 'reflect', 'replicate', "
            "'circular'"
        )
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    dims = len(pairs)
    if dims not in (1, 2, 3) or len(shape) not in (dims + 1, dims + 2):
        raise NotImplementedError(
            f"pad: mode '{mode}' takes the padding of the last 1, 2 or 3 dimensions of a tensor of "
            f"one or two dimensions more; got {2 * dims} numbers for {len(shape)} dimensions"
        )
    sizes = shape[-dims:]
    if mode == "circular":
        return _circular(x, sizes, pairs)
    if 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"pad: mode '{mode}' expects non-zero sizes but for the batch, got {list(shape)}"
        )
    check_dtype("pad", x, "fiu")
    out = [size + before + after for size, (before, after) in zip(sizes, pairs, strict=True)]
    if any(n < 0 for n in out) or not any(out):
        raise RuntimeError(
            f"pad: input of size {list(sizes)} is too small for padding {pairs}. Calculated output "
            f"size: {out}"
        )
    tables = tuple(_edge(mode, size, *pair) for size, pair in zip(sizes, pairs, strict=True))
    name = "Reflection" if mode == "reflect" else "Replication"
    return Resample.apply(x, tables=tables, name=f"{name}Pad{dims}DBackward0")


def _pairs(shape: Sizes, pad: Any) -> Pairs:
    """The (before, after) of the last dimensions, in their order."""
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"pad(): argument 'pad' must be tuple of ints, not {type(pad).__name__}")
    try:
        numbers = [operator.index(n) for n in pad]
    except TypeError:
        raise TypeError(f"pad(): argument 'pad' must be tuple of ints, got {pad}") from None
    if len(numbers) % 2:
        raise RuntimeError(f"pad: Padding length must be divisible by 2, got {numbers}")
    if len(numbers) > 2 * len(shape):
        raise RuntimeError(
            "pad: Padding length should be less than or equal to two times the input dimension but "
            f"got padding length {len(numbers)} and input of dimension {len(shape)}"
        )
    return tuple(zip(numbers[-2::-2], numbers[::-2], strict=True))


class ConstantPad(Function):
    """y = an array of `value` with y[key] = x, for a key of slices."""

    channels_last_from = 4
    torch_name = "ConstantPadNdBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, *, shape: Sizes, key: tuple[slice, ...], value: Any) -> Array:
        self.key = key
        y = np.full(shape, value, x.dtype)
        y[key] = x
        return y

    def backward(self, grad: Tensor) -> Any:
        return Slice.apply(grad, key=self.key)


def _constant(x: Tensor, pairs: Pairs, value: Any) -> Tensor:
    shape = x._array.shape
    lead = len(shape) - len(pairs)
    sizes = list(shape[:lead])
    crop, key = [slice(None)] * lead, [slice(None)] * lead
    for size, (before, after) in zip(shape[lead:], pairs, strict=True):
        sizes.append(size + before + after)
        if sizes[-1] < 0 or size + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(
                f"pad: the padding {(before, after)} of a dimension of size {size} takes away more "
                "than there is"
            )
        crop.append(slice(max(-before, 0), size + min(after, 0)))
        key.append(slice(max(before, 0), sizes[-1] - max(after, 0)))
    if any(n < 0 for pair in pairs for n in pair):
        x = Slice.apply(x, key=tuple(crop))
    if not any(n > 0 for pair in pairs for n in pair):
        return x.clone()
    fill = _in_dtype(value, x._array.dtype)
    return ConstantPad.apply(x, shape=tuple(sizes), key=tuple(key), value=fill)


def _in_dtype(value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number in `dtype`, integers by dropping the fraction; refused if too large."""
    if dtype.kind == "b":
        return bool(value)
    if dtype.kind == "f":
        low, high = -largest(dtype), largest(dtype)
    else:
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    fits = low <= value <= high
    if not fits and (dtype.kind != "f" or np.isfinite(value)):
        raise RuntimeError(f"pad: value {value} cannot be converted to {dtype} without overflow")
    return dtype.type(value)


def _edge(mode: str, size: int, before: int, after: int) -> kernels.Table:
    """Find the element at each place of a padded axis."""
    if mode == "reflect" and max(before, after) >= size:
        raise RuntimeError(
            "pad: Padding size should be less than the corresponding input dimension, but got: "
            f"padding {(before, after)} of size {size}"
        )
    index = np.arange(-before, size + after)
    if mode == "reflect":
        index = np.abs(index)
        return kernels.picks(size, np.minimum(index, 2 * (size - 1) - index))
    return kernels.picks(size, np.clip(index, 0, size - 1))


def _circular(x: Tensor, sizes: Sizes, pairs: Pairs) -> Tensor:
    """Elements that a negative padding takes away come off first; what is left goes round."""
    tables = []
    for size, (before, after) in zip(sizes, pairs, strict=True):
        kept = size + min(before, 0) + min(after, 0)
        if kept < 0 or max(before, after) > kept:
            raise RuntimeError(
                f"pad: padding {(before, after)} leaves {max(kept, 0)} of {size} elements, and "
                "would wrap around more than once"
            )
        places = np.arange(-max(before, 0), kept + max(after, 0)) % max(kept, 1)
        tables.append(kernels.picks(size, places + max(-before, 0)))
    return laid(Resample.apply(x, tables=tuple(tables), name="CircularPadBackward0"))
