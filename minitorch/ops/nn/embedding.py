"""Tables looked up by index: `embedding`, bags of them, and one-hot rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.function import Function
from minitorch.kernels.rows import add_rows, first_largest
from minitorch.ops.math.select import where
from minitorch.ops.shape.index import Take
from minitorch.ops.support.operands import caller_stacklevel, require_tensor

if TYPE_CHECKING:
    from minitorch._tensor import Tensor

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _check_indices(who: str, indices: Any) -> Array:
    index = require_tensor(who, "input", indices)._array
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"Expected tensor for argument #1 'indices' of {who} to have one of the following "
            f"scalar types: Long, Int; but got {indices.dtype}; convert with .long()"
        )
    return index


def _renormalize(weight: Tensor, index: Array, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to `max_norm`, in place and outside the graph."""
    rows, table = np.unique(index), weight._array
    with np.errstate(all="ignore"):
        norms = np.linalg.norm(table[rows], norm_type, axis=1)
        long = norms > max_norm
        if long.any():
            scale = max_norm / (norms[long] + 1e-7)
            table[rows[long]] *= scale[:, None].astype(table.dtype)
            weight._bump_version()


class TakeRows(Function):
    """y = w[index], rows of a matrix: shape (*index, D)."""

    torch_name = "EmbeddingBackward0"
    differentiable_inputs = slice(1)
    backward_takes_arrays = True
    returns_fresh_gradients = True

    def forward(self, w: Array, index: Array) -> Array:
        self.rows = w.shape[0]
        self.save(index)
        return w.take(index, 0)  # quicker than w[index]

    def backward(self, grad: Tensor) -> Any:
        (index,) = self.saved
        return PutRows.apply(grad, index, rows=self.rows), None


class Weigh(Function):
    """y = x: its gradient is scaled by 1 over how often its row's index occurs, 0 for padding."""

    def forward(self, x: Array, index: Array, *, padding: int | None, by_freq: bool) -> Array:
        self.padding, self.by_freq = padding, by_freq
        self.save(index)
        return x.copy()

    def backward(self, grad: Tensor) -> Any:
        (index,) = self.saved
        i = index._array
        if self.by_freq:
            _, inverse, counts = np.unique(i, return_inverse=True, return_counts=True)
            often = counts[inverse.reshape(i.shape)].astype(grad._array.dtype)
            grad = grad / grad._wrap(np.expand_dims(often, -1))
        if self.padding is not None:
            grad = where(grad._wrap(np.expand_dims(i == self.padding, -1)), 0.0, grad)
        return grad, None


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` at the indices `input`.

    Args:
        padding_idx: this row gets no gradient.
        max_norm: rows that are looked up and have a larger `norm_type`-norm are scaled down to it
            first, in place.
        scale_grad_by_freq: divide a row's gradient by how often it was looked up.
        sparse: sparse gradients are not covered.

    Shape: input ``(*)``, weight ``(V, D)``; output ``(*, D)``.

    Raises:
        IndexError: for an index outside 0..V - 1.
        AssertionError: for a `padding_idx` outside -V..V - 1.
        RuntimeError: for another dtype of indices, or a weight that is no matrix.
        NotImplementedError: for sparse=True.

    >>> import minitorch
    >>> embedding(minitorch.tensor([1, 1]), minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [3., 4.]])
    """
    w = require_tensor("embedding", "weight", weight)
    table = w._array
    if sparse:
        raise NotImplementedError("embedding: sparse gradients are not covered; use sparse=False")
    if padding_idx is not None:
        if not -len(table) <= padding_idx < len(table):
            raise AssertionError(
                f"Padding_idx must be within num_embeddings, {-len(table)} to {len(table) - 1}, "
                f"got {padding_idx}"
            )
        padding_idx %= len(table)
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got shape {list(table.shape)}")
    index = _check_indices("embedding", input)
    if index.size and not (index.min() >= 0 and index.max() < len(table)):
        wrong = index[(index < 0) | (index >= len(table))]
        raise IndexError(
            f"index out of range in self: {wrong.flat[0]} is not in 0..{len(table) - 1}"
        )
    if max_norm is not None:
        _renormalize(w, index, max_norm, norm_type)
    rows = TakeRows.apply(w, input)  # (*, D)
    if rows.requires_grad and (padding_idx is not None or scale_grad_by_freq):
        rows = Weigh.apply(rows, input, padding=padding_idx, by_freq=scale_grad_by_freq)
    return rows


class PutRows(Function):
    """y = zeros of (rows, D) with y[index] += x, one row of x (*index, D) an index."""

    torch_name = "EmbeddingDenseBackward0"
    differentiable_inputs = slice(1)
    backward_takes_arrays = True

    def forward(self, x: Array, index: Array, *, rows: int) -> Array:
        self.save(index)
        return add_rows(x.reshape(index.size, x.shape[-1]), index.reshape(-1), rows)

    def backward(self, grad: Tensor) -> Any:
        (index,) = self.saved
        return TakeRows.apply(grad, index), None


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of each bag of rows of `weight`; 0 for an empty bag.

    Args:
        offsets: where in a 1-d `input` each bag starts.
        mode: 'sum', 'mean' or 'max'.
        per_sample_weights: a factor for each row, for 'sum' only.
        include_last_offset: `offsets` ends with where the last bag ends.
        padding_idx: this index counts for nothing.
        max_norm, norm_type, scale_grad_by_freq, sparse: as in `embedding`.

    Shape: input ``(B, N)``, or ``(N)`` with offsets ``(B)``; weight ``(V, D)``; output ``(B, D)``.

    Raises:
        ValueError: for shapes, offsets or a mode that do not fit.
        RuntimeError: for indices or offsets out of range, or dtypes that do not fit.
        NotImplementedError: for sparse=True, or per_sample_weights in another mode than 'sum'.

    >>> import minitorch
    >>> table = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> embedding_bag(minitorch.tensor([0, 1, 1]), table, minitorch.tensor([0, 1]), mode="sum")
    tensor([[1., 2.],
            [6., 8.]])
    """
    who = "embedding_bag"
    x, w = require_tensor(who, "input", input), require_tensor(who, "weight", weight)
    if w._array.dtype == np.int64 and x._array.dtype.kind == "f":
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. "
            "Usage `embedding_bag(weight, input, ...)` is deprecated, "
            "and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=caller_stacklevel(),
        )
        x, w = w, x
    table, factors = w._array, per_sample_weights
    if factors is not None and factors._array.shape != x._array.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(factors._array.shape)}) is not None, "
            f"then it must have the same shape as the input ({list(x._array.shape)})"
        )
    if table.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {table.ndim}")
    starts, bags = _bags(x, offsets, include_last_offset)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if sparse:
        raise NotImplementedError(f"{who}: sparse gradients are not covered; use sparse=False")
    index = _check_indices(who, x).reshape(-1)
    if factors is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}')."
        )
    if table.dtype.kind != "f":
        raise RuntimeError(f"embedding_bag: weight has to be of a floating dtype, got {w.dtype}")
    if factors is not None and factors._array.dtype != table.dtype:
        raise RuntimeError(
            f"embedding_bag: weight is {w.dtype} but per_sample_weights is {factors.dtype}"
        )
    wrong = np.flatnonzero((index < 0) | (index >= len(table)))
    if wrong.size:
        raise RuntimeError(
            f"Index {wrong[0]} of input takes value {index[wrong[0]]} which is not in the valid "
            f"range [0, {len(table)})"
        )
    keep = bags >= 0
    if padding_idx is not None:
        if not -len(table) <= padding_idx < len(table):
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, {-len(table)} through "
                f"{len(table) - 1}, but got {padding_idx}"
            )
        keep &= index != padding_idx % len(table)
    if max_norm is not None:
        _renormalize(w, index, max_norm, norm_type)
    flat, factors = x.reshape(-1), None if factors is None else factors.reshape(-1)
    if not keep.all():
        flat, bags = x._wrap(index[keep]), bags[keep]
        factors = None if factors is None else factors[np.flatnonzero(keep)]
    rows = TakeRows.apply(w, flat)  # (indices, D)
    if scale_grad_by_freq and rows.requires_grad:
        rows = Weigh.apply(rows, flat, padding=None, by_freq=True)
    if mode == "max":
        return _largest(rows, bags, len(starts))
    if factors is not None:
        rows = rows * factors.unsqueeze(-1)
    sums = PutRows.apply(rows, w._wrap(bags), rows=len(starts))  # (bags, D)
    if mode == "sum":
        return sums
    counts = np.maximum(np.bincount(bags, minlength=len(starts)), 1)
    return sums / w._wrap(counts[:, None].astype(table.dtype))


def _bags(x: Tensor, offsets: Tensor | None, include_last: bool) -> tuple[Array, Array]:
    """Where each bag starts, and the bag that each index of `x` is in (-1: in none)."""
    shape = x._array.shape
    if len(shape) == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                "of fixed length sequences."
            )
        return np.arange(shape[0]), np.repeat(np.arange(shape[0]), shape[1])
    if len(shape) != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {len(shape)}"
        )
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    starts = offsets._array
    if starts.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor, got shape {list(starts.shape)}")
    _check_indices("embedding_bag", offsets)
    size = end = shape[0]
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {size} but got offsets[-1] of "
            f"{starts[-1]}"
        )
    if (starts[1:] < starts[:-1]).any():
        raise RuntimeError(f"embedding_bag: offsets must not decrease, got {starts.tolist()}")
    if include_last:
        if not starts.size:
            raise RuntimeError("include_last_offset: number of offsets should be at least 1")
        starts, end = starts[:-1], int(starts[-1])
    bags = np.searchsorted(starts, np.arange(size), side="right") - 1
    bags[end:] = -1
    return starts, bags


def _largest(rows: Tensor, bags: Array, count: int) -> Tensor:
    """The maximum of each bag's rows; its gradient goes to the first row that has it."""
    D = rows._array.shape[1]
    filled, starts = np.unique(bags, return_index=True)
    if not filled.size:
        return rows.new_zeros(count, D) + rows.sum(0)
    best = Take.apply(rows, first_largest(rows._array, starts), np.arange(D)[None, :])
    return PutRows.apply(best, rows._wrap(filled), rows=count)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each class index a row of zeros with a one at the index, as int64.

    Args:
        num_classes: the length of a row; by default the largest index and one.

    Shape: ``(*)`` to ``(*, num_classes)``.

    Raises:
        RuntimeError: for another dtype than int64, an index out of range, or nothing to infer
            `num_classes` from.

    >>> import minitorch
    >>> one_hot(minitorch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    index = require_tensor("one_hot", "tensor", tensor)._array
    if index.dtype != np.int64:
        raise RuntimeError(
            "one_hot is only applicable to index tensor of type LongTensor, "
            f"got {tensor.dtype}; convert with .long()"
        )
    if num_classes == -1:
        if not index.size:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(index.max()) + 1
    if index.size and index.min() < 0:
        raise RuntimeError(f"Class values must be non-negative, got {index.min()}.")
    if num_classes < 0 or (index.size and index.max() >= num_classes):
        raise RuntimeError(
            f"Class values must be smaller than num_classes ({num_classes}), got {index.max()}."
            if index.size
            else f"num_classes must not be negative, got {num_classes}"
        )
    return tensor._wrap((index[..., None] == np.arange(num_classes)).astype(np.int64))
