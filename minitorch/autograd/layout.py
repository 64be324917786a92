"""The order of memory of what a Function takes and makes; `TensorBase` says how it is kept.

A Function says of itself:
    elementwise: each element of its output is computed of those at the same place in its operands,
        so that PyTorch lays it in memory as they lie.
    channels_last_from: from how many dimensions on its output lies channels last in PyTorch if an
        operand does; 0 for never.
    order: what it does with memory in another order than PyTorch's. None: it gets none (the
        default). 'follows': it takes any, and its output may come in the same. 'makes': its output
        may come in an order of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase
from minitorch.kernels.layout import Axes, is_channels_last, order_by

if TYPE_CHECKING:
    from minitorch.autograd.function import Function

NATIVE, NOT_C = 1, 2  # in a kernel's own order; not in C's, for PyTorch


def array_for(function: type[Function], operand: TensorBase) -> tuple[Array, int]:
    """The array that `function` computes with, and which of `NATIVE` and `NOT_C` it is."""
    native = operand._loose
    if native is not None and function.order is not None:
        return native, NATIVE if operand._axes is None else NATIVE | NOT_C
    array = operand._array
    layout = 0 if array.flags.c_contiguous else NOT_C
    if operand._native_strides is None or function.order is None:
        return array, layout
    return operand._for_kernels(), layout | NATIVE


def lay_out(node: Function, result: TensorBase, operands: tuple[Any, ...], layouts: int) -> None:
    """Let a result lie in memory as PyTorch's would, if its operands lay so."""
    array = result._array
    axes = _axes_seen(node, operands, array.shape) if layouts & NOT_C else None
    if axes is not None:
        result._lie_in(axes, native=layouts == NATIVE | NOT_C)
    elif (layouts != NOT_C or node.order == "makes") and not array.flags.c_contiguous:
        result._loosen()


def _axes_seen(node: Function, operands: tuple[Any, ...], shape: tuple[int, ...]) -> Axes | None:
    """The order of memory that PyTorch gives the output; None if nothing is said of it."""
    least = node.channels_last_from
    if not (node.elementwise or least):
        return None
    strides = []
    for x in operands:
        if isinstance(x, TensorBase):
            seen, held = x._strides_seen(), x._peek().shape
            if least and is_channels_last(held, seen, least):
                return (0, *range(2, len(shape)), 1)
            extra = len(shape) - len(held)
            pairs = zip(seen, held, shape[extra:], strict=True)
            strides.append((*[0] * extra, *[s if n == m else 0 for s, n, m in pairs]))
    return order_by(shape, strides) if node.elementwise else None
