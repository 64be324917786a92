"""Changing a tensor in place, and keeping every gradient right while doing so.

An in-place operation computes its result as usual, checks that it may be written, writes it into
the tensor's memory, and gives the tensor the result's place in the graph. For a view, the tensor
that owns the memory gets a `CopySlices` node: what was overwritten no longer gets a gradient, and
what was written does. Other views of that memory find their new history when they are next used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array, can_cast, from_numpy_dtype
from minitorch.autograd.base import TensorBase, next_sequence_number
from minitorch.autograd.copy_slices import rebase_history
from minitorch.autograd.function import Function
from minitorch.autograd.mode import mode
from minitorch.autograd.views import check_view
from minitorch.kernels.quiet import ignore_float_errors, restore
from minitorch.ops.support.operands import SCALARS, as_dtype, scalar_as, set_grad_fn_name

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


class CopyFrom(Function):
    """z = y, broadcast to x's shape: what was in x gets no gradient."""

    broadcasts = True
    torch_name = "CopyBackwards"

    def forward(self, x: Array, y: Array) -> Array:
        z = np.empty_like(x)
        np.copyto(z, y)
        return z

    def backward(self, grad: Tensor) -> Any:
        return grad.new_zeros(grad.shape), grad


def check_writable(target: TensorBase, *, overlaps: bool = False, leaves: bool = False) -> None:
    """Refuse an in-place change that would be wrong, before anything is changed.

    Args:
        target: the tensor to be written to.
        overlaps: whether elements may share one place in memory, as when all are set alike.
        leaves: whether it may be a leaf that requires grad, as when nothing will be recorded.

    Raises:
        RuntimeError: a leaf that requires grad (or a view of one) while recording; a view that
            cannot be differentiated through; elements that share one place in memory.
    """
    if target._is_stale():
        target._refresh()
    if target._inference and not mode.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed. You can make "
            "a clone to get a normal tensor before doing inplace update."
        )
    if mode.grad and not leaves:
        if target._requires_grad and target._grad_fn is None:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation. "
                "Do it inside torch.no_grad(), or change a clone()."
            )
        if target._view is not None:
            check_view(target)
    array = target._any_stored
    if (
        not overlaps
        and array.size > 1
        and any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )


def write_at_once(target: TensorBase, ufunc: np.ufunc, other: Any) -> bool:
    """Let NumPy write ``ufunc(target, other)`` over `target`, where there is nothing to record.

    Returns:
        Whether it is done. If not, nothing has been changed, and `assign` does it or says why not.
    """
    if target._native is not None or (mode.grad and target._requires_grad):
        return False
    array = target._array
    dtype = array.dtype
    if dtype.char not in (FLOATS if ufunc is np.divide else NUMBERS):
        return False
    if isinstance(other, TensorBase):
        if other._native is not None or (mode.grad and other._requires_grad):
            return False
        if other._slow_path and other._is_stale():
            return False
        values = other._array
        if values.dtype is not dtype:
            return False
    elif type(other) is int or (type(other) is float and dtype.char in FLOATS):
        if not -65504 <= other <= 65504:
            return False
        values = np.array(other, dtype)
    else:
        return False
    if target._slow_path:
        view = target._view
        if target._inference or not array.flags.c_contiguous or target._is_stale():
            return False
        if view is not None and mode.grad and view.base._requires_grad:
            return False
    previous = ignore_float_errors()
    try:
        ufunc(array, values, out=array)
    except ValueError:  # for shapes that do not fit, before anything is written
        return False
    finally:
        restore(previous)
    target._bump_version()
    return True


FLOATS, NUMBERS = "fd", "fdilq"  # NumPy's letters of the dtypes in which numbers are not rounded


def assign(target: Tensor, operation: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    """Write ``operation(*args, **kwargs)`` into `target`, as PyTorch's ``operation_`` does.

    Returns:
        `target`, changed.

    Raises:
        RuntimeError: as `check_writable`; or if the result has another shape, or a dtype of a
            higher kind. Nothing has been changed then.
    """
    check_writable(target)
    before = next_sequence_number()  # later nodes are of this operation
    result = operation(*args, **kwargs)
    array, values = target._any_stored, result._any_stored
    if values.shape != array.shape:
        raise RuntimeError(
            f"output with shape {list(array.shape)} doesn't match the broadcast shape "
            f"{list(values.shape)}"
        )
    if values.dtype != array.dtype:
        wanted, given = from_numpy_dtype(values.dtype), from_numpy_dtype(array.dtype)
        if not can_cast(wanted, given):
            raise RuntimeError(
                f"result type {wanted} can't be cast to the desired output type {given}"
            )
        result = as_dtype(result, given.numpy)
    _copy_saved_before_overwrite(target, result._grad_fn, before)
    return write(target, result)


def _copy_saved_before_overwrite(target: Tensor, node: Function | None, before: int) -> None:
    """Let the operation's own nodes keep a copy of what they saved of `target`, as PyTorch's do."""
    if target._storage is None:
        return
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, Function) and node.sequence >= before:
            node.copy_saved_before_overwrite(target._storage)
            stack += [edge[0] for edge in node.edges if edge is not None]


def write(target: Tensor, result: Tensor) -> Tensor:
    """Put `result` (of the same shape and dtype) into `target`'s memory and its place in the graph.

    `check_writable` must have passed.
    """
    recorded = mode.grad and (result._requires_grad or target._requires_grad)
    view = target._view
    if recorded and view is not None:
        view.check_change(target)
    if recorded and view is None and not result._requires_grad:
        result = CopyFrom.apply(target, result)  # a constant, as of a comparison: no gradient
    if target._bits is None:
        target._any_layout[...] = result._any_layout
    else:
        target._write(result._any_layout)
    target._bump_version()
    if recorded or (mode.grad and view is not None and view.base._requires_grad):
        if view is None:
            target._set_history(result)
        else:
            rebase_history(target, view, result)
    return target


def reshape_in_place(target: Tensor, operation: Callable[..., Tensor], *args: Any) -> Tensor:
    """Let `target` become the view ``operation(target, *args)`` of itself, as ``t_`` does.

    Its views keep their memory, and find their gradient by going back to what it was. The graph
    learns of the new shape even while nothing is recorded: no number has changed.

    Returns:
        `target`, over the same memory.

    Raises:
        RuntimeError: as `check_writable`; for a view that cannot be differentiated through.
    """
    check_writable(target, overlaps=True)
    # A view keeps the way to its base: through a stand-in for what it was.
    before: Tensor = target
    if target._view is not None:
        before = target._wrap_stored(target._stored)
        before._storage, before._view = target._storage, target._view
        before._slow_path = True
        before._requires_grad = target._requires_grad
        before._grad_fn, before._slot = target._grad_fn, target._slot
    shape = target._stored.shape
    previous, mode.grad = mode.grad, before._grad_fn is not None
    try:
        after = operation(before, *args)
    finally:
        mode.grad = previous
    if after._grad_fn is not None:
        target._set_history(after)
    step = None if after._view is None else after._view.step
    target._hold(after._stored)
    target._native_strides = None
    if after._view is not None and before._view is not None:
        after._view.origin = before._view.origin
        target._view = after._view
    target._undo = (*target._undo, None if step is None else step.function.undo(shape, step.params))
    target._bump_version()
    return target


def copy_(target: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Write `other`, broadcast and cast, into `target`.

    Raises:
        RuntimeError: as `assign`.
    """
    check_writable(target)
    return _copy(target, other)


def fill_(target: Tensor, value: Any) -> Tensor:
    """Set every element to `value` (a number or a 0-d tensor).

    Raises:
        RuntimeError: as `assign`; for a value with dimensions.
    """
    if isinstance(value, TensorBase) and value._array.ndim:
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value._array.ndim} dimensions."
        )
    check_writable(target, overlaps=True)
    return _copy(target, value)


def zero_(target: Tensor) -> Tensor:
    """Set every element to 0."""
    return fill_(target, 0)


def put(target: Tensor, value: Any) -> Tensor:
    """`copy_` as an assignment does it: leading dimensions of size 1 in `value` do not count."""
    check_writable(target)
    if not isinstance(value, SCALARS):
        shape: tuple[int, ...] = value.shape
        extra = len(shape) - target._array.ndim
        if extra > 0 and all(size == 1 for size in shape[:extra]):
            value = value.reshape(shape[extra:])
    return set_grad_fn_name("PutBackward0", _copy(target, value))


def _copy(target: Tensor, source: Any) -> Tensor:
    if isinstance(source, (bool, int, float)):
        value: Any = scalar_as(source, target._numpy_dtype, filling=target._array.size == 1)
    else:
        value = as_dtype(source, target._numpy_dtype)
    array = value._array if isinstance(value, TensorBase) else value
    shape = target._array.shape
    if array.ndim > len(shape) or any(
        n not in (1, m) for n, m in zip(reversed(array.shape), reversed(shape), strict=False)
    ):
        raise RuntimeError(
            f"The expanded size of the tensor {list(shape)} must match the existing size: cannot "
            f"copy a value of shape {list(array.shape)} into it"
        )
    needs_graph = mode.grad and (
        target._requires_grad
        or (isinstance(value, TensorBase) and value._requires_grad)
        or (target._view is not None and target._view.base._requires_grad)
    )
    if needs_graph:
        return write(target, CopyFrom.apply(target, value))
    if np.may_share_memory(target._stored, array):
        array = array.copy()
    if target._bits is None:
        target._array[...] = array
    else:
        target._write(array)
    target._bump_version()
    return target
