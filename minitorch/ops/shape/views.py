"""Operations that move elements without changing them: views where memory allows, else copies."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, Size, contiguous_format, dtype as DType, meant, result_dtype
from minitorch.autograd.function import Function
from minitorch.autograd.views import ViewStep
from minitorch.kernels.layout import in_order, laid_out, order_kept, preserved, stretched
from minitorch.ops.support import operands as args
from minitorch.ops.support.operands import require_tensor, shape_given, shape_of, wrap_dim
from minitorch.ops.support.out import JOINED, takes_out

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = [
    "adjoint",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "chunk",
    "clone",
    "flatten",
    "flip",
    "movedim",
    "permute",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "split",
    "split_with_sizes",
    "squeeze",
    "stack",
    "swapaxes",
    "t",
    "tile",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
]


# ---- reshaping --------------------------------------------------------------------------------


class Reshape(Function):
    """y = x's elements in order, in another shape: a view if x's memory allows."""

    views = True
    torch_name = "ViewBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, *, shape: tuple[int, ...]) -> Array:
        self.shape = x.shape
        return x.reshape(shape)

    def backward(self, grad: Tensor) -> Any:
        return Reshape.apply(grad, shape=self.shape)

    @classmethod
    def undo(cls, shape: tuple[int, ...], params: dict[str, Any]) -> ViewStep:
        return ViewStep(Reshape, {"shape": shape}, 0)


class Refold(Reshape):
    """y = x, an intermediate result of no other use, in another shape: no view, to the outside."""

    views = False


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(map(dims.index, range(len(dims))))


@functools.lru_cache(maxsize=256)
def _reshaped(who: str, own: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with its -1 worked out, refused unless it has as many elements as the shape `own`."""
    count = math.prod(own)
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(size < -1 for size in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    known = math.prod(size for size in shape if size != -1)
    if -1 in shape:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of {count} elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if count % known == 0:
            return tuple(count // known if size == -1 else size for size in shape)
    elif known == count:
        return shape
    raise RuntimeError(
        f"shape '{list(shape)}' is invalid for input of size {count} "
        f"({who} of a tensor of shape {list(own)})"
    )


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The same elements in another shape; one size may be -1. A view where memory allows.

    Raises:
        RuntimeError: if the sizes do not multiply out to the number of elements.

    >>> import minitorch
    >>> minitorch.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    x = require_tensor("reshape", "input", input)
    wanted = shape_given("reshape", "shape", sizes, shape)
    return Reshape.apply_view(x, shape=_reshaped("reshape", x._array.shape, wanted))


def view(input: Tensor, *sizes: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """The same memory in another shape; or, given a dtype, its bytes read as that dtype.

    Raises:
        RuntimeError: if the sizes do not fit, or if only a copy could have that shape.
    """
    x = require_tensor("view", "input", input)
    if len(sizes) == 1 and isinstance(sizes[0], (DType, type)):
        (dtype,), sizes = sizes, ()
    if dtype is not None:
        return _view_dtype(x, meant(dtype))
    wanted = shape_given("view", "size", sizes, size)
    y: Tensor = Reshape.apply_view(x, shape=_reshaped("view", x._array.shape, wanted))
    if y._view is None and x._array.size and not y._inference:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return y


def _view_dtype(x: Tensor, dtype: Any) -> Tensor:
    """x's bytes read as `dtype`, outside the graph.

    Raises:
        RuntimeError: if x requires grad (a float's bits have no derivative), or if its last
            dimension does not hold a whole number of the new elements in a row.
    """
    if x._requires_grad:
        raise RuntimeError("view(dtype): cannot be differentiated; detach() the tensor first")
    array, wanted = x._stored, dtype.stored
    if wanted.itemsize != array.itemsize:
        size, told = array.itemsize, f"to view {x.dtype} as {dtype} (different element sizes)"
        if array.ndim == 0:
            raise RuntimeError(f"self.dim() cannot be 0 {told}")
        if array.shape[-1] * size % wanted.itemsize:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {wanted.itemsize // size} {told}, but got "
                f"{array.shape[-1]}"
            )
        if array.strides[-1] != size and array.size:
            raise RuntimeError(
                f"self.stride(-1) must be 1 {told}, but got {array.strides[-1] // size}"
            )
    y = x._wrap_stored(array.view(wanted))
    y._storage = x._shared_storage()
    return y


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` viewed in `other`'s shape."""
    return view(input, other._array.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` in `other`'s shape."""
    return reshape(input, other._array.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` made one.

    Raises:
        RuntimeError: if start_dim comes after end_dim.
    """
    x = require_tensor("flatten", "input", input)
    shape = x._array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(x, (1,))
    if start == end:
        return x
    merged = math.prod(shape[start : end + 1])
    return Reshape.apply_view(x, shape=(*shape[:start], merged, *shape[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes`, one of which may be -1."""
    shape = require_tensor("unflatten", "input", input)._array.shape
    if not shape:
        raise RuntimeError(f"unflatten: dimension {dim} specified, but the tensor has none")
    d = wrap_dim(dim, len(shape))
    sizes = shape_of("unflatten", (sizes,)) if isinstance(sizes, (tuple, list)) else sizes
    if not isinstance(sizes, tuple):
        raise TypeError(
            f"unflatten(): argument 'sizes' must be tuple of ints, not {type(sizes).__name__}"
        )
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if sizes.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if -1 in sizes:
        rest = -math.prod(sizes)
        if rest == 0:
            raise RuntimeError(
                f"unflatten: the -1 in {list(sizes)} can be any value and is ambiguous"
            )
        sizes = tuple(shape[d] // rest if s == -1 else s for s in sizes)
    if math.prod(sizes) != shape[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} "
            f"({shape[d]}) in the input tensor"
        )
    return reshape(input, (*shape[:d], *sizes, *shape[d + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return reshape(contiguous(input), -1)


class Squeeze(Reshape):
    """y = x without one dimension, if it is of size 1."""

    torch_name = "SqueezeBackward1"


class SqueezeAll(Squeeze):
    """y = x without any dimension of size 1."""

    torch_name = "SqueezeBackward0"


class SqueezeSeveral(Squeeze):
    """y = x without those of several dimensions that are of size 1."""

    torch_name = "SqueezeBackward2"


@args.accept_axis_keepdims
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without the dimensions of size 1; given `dim`, only without those of them."""
    x = require_tensor("squeeze", "input", input)
    shape = x._array.shape
    chosen = args.wrap_dims(dim, len(shape)) if dim != () else ()
    kept = tuple(s for d, s in enumerate(shape) if s != 1 or d not in chosen)
    kind = SqueezeAll if dim is None else SqueezeSeveral if isinstance(dim, tuple) else Squeeze
    return kind.apply_view(x, shape=kept)


class Unsqueeze(Reshape):
    """y = x with a new dimension of size 1."""

    torch_name = "UnsqueezeBackward0"


@args.accept_axis_keepdims
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`."""
    x = require_tensor("unsqueeze", "input", input)
    shape = x._array.shape
    d = wrap_dim(dim, len(shape) + 1)
    return Unsqueeze.apply_view(x, shape=(*shape[:d], 1, *shape[d:]))


class Permute(Function):
    """y = x with its dimensions in another order."""

    views = True
    backward_takes_arrays = True

    def forward(self, x: Array, *, dims: tuple[int, ...]) -> Array:
        self.dims = dims
        return x.transpose(dims)

    def backward(self, grad: Tensor) -> Any:
        return Permute.apply(grad, dims=_inverse(self.dims))

    @classmethod
    def undo(cls, shape: tuple[int, ...], params: dict[str, Any]) -> ViewStep:
        return ViewStep(Permute, {"dims": _inverse(params["dims"])}, 0)


def permute(input: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """The dimensions in the order `dims`.

    Raises:
        RuntimeError: unless each dimension is named once.
    """
    x = require_tensor("permute", "input", input)
    given = shape_given("permute", "dims", order, dims)
    return Permute.apply_view(x, dims=_permutation(given, x._array.ndim))


@functools.lru_cache(maxsize=256)
def _permutation(given: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The dimensions in the order `given`, refused unless each is named once."""
    if len(given) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(given)}"
        )
    wrapped = tuple(wrap_dim(d, ndim) for d in given)
    if len(set(wrapped)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return wrapped


class Transpose(Permute):
    """y = x with two dimensions swapped."""


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """With `dim0` and `dim1` swapped."""
    x = require_tensor("transpose", "input", input)
    order = list(range(x._array.ndim))
    a, b = wrap_dim(dim0, len(order)), wrap_dim(dim1, len(order))
    if order:
        order[a], order[b] = order[b], order[a]
    return Transpose.apply_view(x, dims=tuple(order))


swapaxes = args.also_named(axis0="dim0", axis1="dim1")(transpose)


class T(Permute):
    """y = a matrix transposed."""


def t(input: Tensor) -> Tensor:
    """A matrix transposed; a vector or a scalar as it is.

    Raises:
        RuntimeError: for more than two dimensions.
    """
    ndim = require_tensor("t", "input", input)._array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return T.apply_view(input, dims=tuple(reversed(range(ndim))))


def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped: of real matrices, the transpose.

    Raises:
        RuntimeError: for fewer than two dimensions (but none at all).
    """
    if require_tensor("adjoint", "input", input)._array.ndim == 1:
        raise RuntimeError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return transpose(input, -2, -1) if input._array.ndim else alias(input)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With the dimensions at `source` moved to `destination`, the others in order.

    Raises:
        RuntimeError: for lists of unequal length, or a dimension named twice.
    """
    ndim = require_tensor("movedim", "input", input)._array.ndim
    if isinstance(source, (tuple, list)) != isinstance(destination, (tuple, list)):
        raise TypeError(
            "movedim(): source and destination must be two ints or two tuples of ints, got "
            f"{source!r} and {destination!r}"
        )
    given = source if isinstance(source, (tuple, list)) else (source,)
    wanted = destination if isinstance(destination, (tuple, list)) else (destination,)
    if len(given) != len(wanted):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(given)} dims) should "
            f"contain the same number of dims as destination ({list(wanted)} dims)"
        )
    sources, targets = ([wrap_dim(d, ndim) for d in dims] for dims in (given, wanted))
    for name, dims in (("source", sources), ("destination", targets)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({dims})")
    if ndim == 0:
        return alias(input)
    order = [d for d in range(ndim) if d not in sources]
    for target, d in sorted(zip(targets, sources, strict=True)):
        order.insert(target, d)
    return permute(input, *order)


class Expand(Function):
    """y = x repeated along new and size-1 dimensions, without a copy."""

    views = True

    def forward(self, x: Array, *, shape: tuple[int, ...]) -> Array:
        self.shape = x.shape
        return stretched(x, shape)

    def backward(self, grad: Tensor) -> Any:
        return sum_to_size(grad, self.shape)


def expand(input: Tensor, *sizes: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """Repeated along size-1 and new leading dimensions, without a copy; -1 keeps a size.

    Raises:
        RuntimeError: if a dimension of another size would have to change.
    """
    x = require_tensor("expand", "input", input)
    wanted = shape_given("expand", "size", sizes, size)
    return Expand.apply_view(x, shape=_expanded(x._array.shape, wanted))


@functools.lru_cache(maxsize=256)
def _expanded(shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
    """`sizes` with each -1 worked out, refused unless `shape` can be expanded to them."""
    wanted = list(sizes)
    extra = len(wanted) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand({list(shape)}, size={wanted}): the number of sizes provided ({len(wanted)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    for d, length in enumerate(wanted):
        own = shape[d - extra] if d >= extra else None
        if length == -1 and own is not None:
            wanted[d] = own
        elif length == -1:
            raise RuntimeError(
                f"expand: The expanded size of the tensor (-1) isn't allowed in a leading, "
                f"non-existing dimension {d}"
            )
        elif length < 0 or (own is not None and own not in (1, length)):
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({own}) "
                f"at non-singleton dimension {d}.  Target sizes: {wanted}.  "
                f"Tensor sizes: {list(shape)}"
            )
    return tuple(wanted)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` expanded to `other`'s shape."""
    return expand(input, other._array.shape)


def broadcast_to(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """`input` expanded to `size`."""
    return expand(input, *sizes, size=size)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of `shapes` (tuples, or ints for vectors) would have together.

    Raises:
        RuntimeError: if they do not broadcast, or a size is negative.

    >>> broadcast_shapes((2, 1), (3,), 1)
    torch.Size([2, 3])
    """
    given = [shape_of("broadcast_shapes", (shape,)) for shape in shapes]
    for shape in given:
        if any(n < 0 for n in shape):
            raise RuntimeError(f"broadcast_shapes: expected sizes of at least 0, got {list(shape)}")
    return Size(args.broadcast_shape("broadcast_shapes", *given) if given else ())


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors expanded to their common shape.

    Raises:
        RuntimeError: if they do not broadcast.
    """
    xs = [require_tensor("broadcast_tensors", f"tensors[{i}]", x) for i, x in enumerate(tensors)]
    if not xs:
        return ()
    shape = args.broadcast_shape("broadcast_tensors", *(x._array.shape for x in xs))
    return tuple(expand(x, shape) for x in xs)


def sum_to_size(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Summed down to `size`, which must broadcast to `input`'s shape: expand's opposite.

    Raises:
        RuntimeError: if `size` does not broadcast to the shape.
    """
    shape, wanted = input._array.shape, shape_given("sum_to_size", "size", sizes, size)
    if shape == wanted:
        return input if wanted else input.sum()  # which makes int64 of integers, as in PyTorch
    extra = len(shape) - len(wanted)
    if extra < 0 or any(w not in (1, s) for w, s in zip(wanted, shape[extra:], strict=True)):
        raise RuntimeError(
            f"size {list(wanted)} is not expandable to size {list(shape)}: each of its sizes must "
            "be 1 or equal, counted from the back"
        )
    stretched = tuple(
        d for d, s in enumerate(shape) if d < extra or (wanted[d - extra] == 1 and s != 1)
    )
    total = input.sum(stretched, keepdim=True) if stretched else input
    return reshape(total, wanted) if extra else total


def repeat(input: Tensor, *times: Any, repeats: Any = None) -> Tensor:
    """Copied `repeats` times along each dimension, new ones in front."""
    x = require_tensor("repeat", "input", input)
    return _repeat(x, shape_given("repeat", "repeats", times, repeats))


def _repeat(x: Tensor, times: tuple[int, ...]) -> Tensor:
    shape = x._array.shape
    extra = len(times) - len(shape)
    if extra < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            f"tensor (got {list(times)} for shape {list(shape)})"
        )
    padded = (1,) * extra + shape
    pairs = list(zip(times, padded, strict=True))
    whole = tuple(n * size for n, size in pairs)
    if any(n < 0 for n in whole):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(whole)}: {list(whole)}"
        )
    apart = tuple(n for size in padded for n in (1, size))
    wanted = tuple(n for many, size in pairs for n in (max(many, 0), size))
    y = reshape(Expand.apply(reshape(x, apart), shape=wanted), whole)
    return y if y._view is None else fresh(y)  # repeated once, or not at all: still a copy


def tile(input: Tensor, *times: Any, dims: Any = None) -> Tensor:
    """Copied `dims` times along each dimension, counted from the back as in NumPy."""
    x = require_tensor("tile", "input", input)
    given = shape_given("tile", "dims", times, dims)
    return _repeat(x, (1,) * (x._array.ndim - len(given)) + given)


class Clone(Function):
    """y = x, in memory of its own: of the same order, and of the very same strides if `exact`."""

    elementwise = True
    memory_layout = "preserved"
    backward_takes_arrays = True

    def forward(self, x: Array, *, exact: bool = False) -> Array:
        return laid_out(x, x.strides) if exact else preserved(x)

    def backward(self, grad: Tensor) -> Any:
        return grad


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy, in the graph, its memory in the same order.

    Raises:
        RuntimeError: for a memory_format of another number of dimensions.
    """
    x = require_tensor("clone", "input", input)
    axes = args.memory_order("clone", memory_format, x.ndim)
    if axes is None or (
        x._has_native_layout and axes[1:] == tuple(range(1, len(axes))) and not x._axes
    ):
        return Clone.apply(x, exact=x._has_native_layout)
    return _reordered(x, axes)


class Reorder(Function):
    """y = x, in memory of its own that runs along `axes`, the first with the largest steps."""

    torch_name = "CloneBackward0"
    backward_takes_arrays = True

    def forward(self, x: Array, *, axes: tuple[int, ...]) -> Array:
        return in_order(x, axes)

    def backward(self, grad: Tensor) -> Any:
        return grad


def _reordered(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    y: Tensor = Reorder.apply(x, axes=axes)
    y._slow_path = True  # not in C's order, as far as can be told
    return y


def fresh(input: Tensor) -> Tensor:
    """A copy, in the graph, its memory in order."""
    return clone(input, memory_format=contiguous_format)


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """`input` itself if its elements already lie in order, else a copy that does."""
    array = input._array if input._bits is None else input._bits
    if memory_format is None and array.flags.c_contiguous:
        return input
    axes = args.memory_order("contiguous", memory_format or contiguous_format, array.ndim)
    if (array if axes is None else array.transpose(axes)).flags.c_contiguous:
        return input
    if axes is None:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    return _reordered(input, axes)


def ordered_as(input: Tensor, like: Tensor) -> Tensor:
    """A copy with the strides of `like` if they leave no gaps, else in order."""
    axes = order_kept(like._array)
    return _reordered(input, tuple(range(like._array.ndim)) if axes is None else axes)


class Alias(Function):
    """y = x, over the same memory."""

    views = True
    backward_takes_arrays = True

    def forward(self, x: Array) -> Array:
        return x.view()

    def backward(self, grad: Tensor) -> Any:
        return grad


def alias(input: Tensor) -> Tensor:
    """A view of the whole tensor."""
    return Alias.apply(input)


# ---- joining and cutting ----------------------------------------------------------------------


def tensor_list(who: str, tensors: Any) -> list[Tensor]:
    """`tensors`, refused unless they are a sequence of tensors, and at least one."""
    if args.is_tensor(tensors) or not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"{who}(): argument 'tensors' (position 1) must be tuple of Tensors, "
            f"not {type(tensors).__name__}"
        )
    if not tensors and who in ("cat", "stack"):
        kind = ValueError if who == "cat" else RuntimeError  # as in PyTorch
        raise kind(f"{who}(): expected a non-empty list of Tensors")
    if not tensors:
        raise RuntimeError(f"{who} expects a non-empty TensorList")
    return [require_tensor(who, f"tensors[{i}]", x) for i, x in enumerate(tensors)]


class Cat(Function):
    """y = the inputs one after another along `dim`; each gets its own stretch of the gradient.

    An input of shape (0,) is passed over, but stays in the graph.
    """

    def forward(self, *xs: Array, dim: int) -> Array:
        self.dim = dim
        self.sizes = [x.shape[dim] if x.shape != (0,) else 0 for x in xs]
        self.ranks = [x.ndim for x in xs]
        joined = np.concatenate([x for x in xs if x.shape != (0,)] or xs, dim)
        return joined if joined.flags.c_contiguous else np.ascontiguousarray(joined)

    def backward(self, grad: Tensor) -> Any:
        pieces = split(grad, self.sizes, self.dim)
        return tuple(
            (piece if piece.ndim == rank else piece.reshape(-1)) if self.needs(i) else None
            for i, (piece, rank) in enumerate(zip(pieces, self.ranks, strict=True))
        )


@takes_out("cat", JOINED)
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after another along `dim` (or `axis`, NumPy's name for it).

    Shape: equal but along `dim`; a 1-d tensor of no elements is passed over, as in PyTorch.

    Raises:
        RuntimeError: for an empty list, 0-d tensors, or sizes that differ elsewhere.

    >>> import minitorch
    >>> minitorch.cat([minitorch.zeros(1, 2), minitorch.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    xs = tensor_list("cat", tensors)
    dtype = result_dtype([x._array for x in xs])
    for position, x in enumerate(xs):
        if x._array.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {position}) cannot be concatenated"
            )
    parts = [x for x in xs if x._array.shape != (0,)]
    if not parts:  # whatever `dim` says, as in PyTorch
        parts, dim, axis = xs, 0, None
    first = parts[0]._array.shape
    axis = wrap_dim(dim if axis is None else axis, len(first))
    for position, x in enumerate(parts):
        shape = x._array.shape
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        if shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {axis}. Expected "
                f"{list(first)} but got {list(shape)} for tensor number {position} in the list."
            )
    return Cat.apply(*(args.as_dtype(x, dtype) for x in xs), dim=axis)


@takes_out("stack", JOINED)
@args.accept_axis_keepdims
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side along a new dimension `dim`.

    Raises:
        RuntimeError: for an empty list or shapes that differ.
    """
    xs = tensor_list("stack", tensors)
    first = xs[0]._array.shape
    axis = wrap_dim(dim, len(first) + 1)
    for position, x in enumerate(xs):
        if x._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(x._array.shape)} at entry {position}"
            )
    return args.set_grad_fn_name("StackBackward0", cat([unsqueeze(x, axis) for x in xs], axis))


class Split(Function):
    """ys = x cut along `dim` at `sizes`, as views."""

    views = True

    def forward(self, x: Array, *, sizes: tuple[int, ...], dim: int) -> tuple[Array, ...]:
        self.dim = dim
        before = (slice(None),) * dim
        return tuple(x[(*before, slice(a, b))] for a, b in pairwise(accumulate(sizes, initial=0)))

    def backward(self, *grads: Tensor) -> Any:
        return Cat.apply(*grads, dim=self.dim)


@args.also_named(split_size="split_size_or_sections")
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along `dim` into views of one size (the last may be smaller), or of the sizes listed.

    Raises:
        RuntimeError: if the sizes are negative or do not add up to the dimension's.
    """
    x = require_tensor("split", "tensor", tensor)
    if x._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, x._array.ndim)
    length = x._array.shape[axis]
    if not isinstance(split_size_or_sections, (int, np.integer)):
        return split_with_sizes(x, split_size_or_sections, axis)
    size = operator.index(split_size_or_sections)
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    count = max(-(-length // size) if size else 1, 1)
    return Split.apply(x, sizes=(*[size] * (count - 1), length - size * (count - 1)), dim=axis)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along `dim` into views of the sizes listed.

    Raises:
        RuntimeError: if the sizes are negative or do not add up to the dimension's.
    """
    x = require_tensor("split_with_sizes", "input", input)
    if x._array.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, x._array.ndim)
    if not isinstance(split_sizes, (tuple, list)):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' must be tuple of ints, not "
            f"{type(split_sizes).__name__}"
        )
    length, sizes = x._array.shape[axis], shape_of("split_with_sizes", (split_sizes,))
    if any(s < 0 for s in sizes):
        raise RuntimeError(
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={list(sizes)}"
        )
    if sum(sizes) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's "
            f"size at dimension {axis}), but got split_sizes={list(sizes)}"
        )
    return Split.apply(x, sizes=sizes, dim=axis)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along `dim` into at most `chunks` views of equal size, but for the last.

    Raises:
        RuntimeError: for no chunks, or a 0-d tensor.
    """
    x, count = require_tensor("chunk", "input", input), args.integer("chunk", "chunks", chunks)
    if x._array.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if count <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = wrap_dim(dim, x._array.ndim)
    length = x._array.shape[axis]
    if length == 0:  # as many as asked for, all of them empty
        return split_with_sizes(x, [0] * count, axis)
    return split(x, -(-length // count), axis)


class Unbind(Function):
    """ys = x at each index of `dim`, as views."""

    views = True

    def forward(self, x: Array, *, dim: int) -> tuple[Array, ...]:
        self.dim = dim
        before: Any = (slice(None),) * dim
        return tuple(x[(*before, i, ...)] for i in range(x.shape[dim]))

    def backward(self, *grads: Tensor) -> Any:
        return stack(grads, self.dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """One view for each index along `dim`, without that dimension.

    Raises:
        IndexError: for a 0-d tensor.
    """
    x = require_tensor("unbind", "input", input)
    if x._array.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, x._array.ndim)
    return Unbind.apply(x, dim=axis) if x._array.shape[axis] else ()


class Flip(Function):
    """y = x with the order along `dims` reversed, copied."""

    backward_takes_arrays = True

    def forward(self, x: Array, *, dims: tuple[int, ...]) -> Array:
        self.dims = dims
        return preserved(np.flip(x, dims))

    def backward(self, grad: Tensor) -> Any:
        return Flip.apply(grad, dims=self.dims)


def flip(input: Tensor, *axes: Any, dims: Any = None) -> Tensor:
    """With the order along `dims` reversed, copied."""
    x = require_tensor("flip", "input", input)
    given = shape_given("flip", "dims", axes, dims)
    return Flip.apply(x, dims=args.wrap_dims(given, x._array.ndim) if given else ())


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Shifted along `dims`, what falls off one end coming in at the other.

    Raises:
        RuntimeError: for no shifts, or another number of dims.
    """
    x = require_tensor("roll", "input", input)
    several = shape_of("roll", (shifts,))
    along = () if dims is None else shape_of("roll", (dims,))
    if not several:
        raise RuntimeError("`shifts` required")
    if not along and len(several) == 1:
        return reshape(roll(ravel(x), several, (0,)), x._array.shape)
    if len(several) != len(along):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(several)}, dims:{len(along)}"
        )
    if x._array.size == 0:
        return clone(x)
    for shift, dim in zip(several, along, strict=True):
        axis = wrap_dim(dim, x._array.ndim)
        length = x._array.shape[axis]
        at = -shift % length
        x = cat(list(reversed(split_with_sizes(x, [at, length - at], axis))), axis)
    return x
