"""The order of memory of tensors and results, out of sight of whoever only computes.

A tensor's `_array` lies in memory as PyTorch's would. A result of a kernel that works best in
another order, its native layout, stays in that until someone asks for `_array`. Asking must not
change what is computed, and the order of memory is that of sums, and so decides how they are
rounded: so a tensor that was asked remembers the kernel's strides, and an operation that takes any
order gets the same one as before.

A Function says of itself:
    elementwise: each element of its output is computed of those at the same place in its operands,
        so that PyTorch lays it in memory as they lie.
    channels_last_from: from how many dimensions on its output lies channels last in PyTorch if an
        operand does; 0 for never.
    memory_layout: what it does with a native layout. None: it gets none (the default).
        'preserved': it takes any, and its output may come in the same. 'chosen': it takes any, and
        its output may come in one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._missing import MissingAttribute
from minitorch.kernels.layout import Axes, in_order, is_channels_last, laid_out, order_by, packed

if TYPE_CHECKING:
    from minitorch.autograd.function import Function
    from minitorch.autograd.views import View

NATIVE, NOT_C = 1, 2  # in a kernel's own order; not in C's, for PyTorch


class MemoryLayout:
    """The part of a tensor that holds its array, in one order of memory or another.

    A tensor in its native layout has no views, so that nothing else lies in its memory.
    """

    _array: Array
    _native: Array | None = None  # in the native layout; None if that is `_array`, or was settled
    _native_strides: tuple[int, ...] | None = None  # those that `_native` had before
    _axes: Axes | None = None  # the order in which `_array` will be laid; None for C's
    _slow_path: bool = False  # native, not in C's order, a view, made in inference mode...
    _view: View | None = None

    if not TYPE_CHECKING:  # or every misspelt attribute would pass the type checker

        def __getattr__(self, name: str) -> Any:
            if name == "_array" and self._native is not None:  # asked for: settle
                native, axes = self._native, self._axes
                self._array = packed(native) if axes is None else in_order(native, axes)
                self._native_strides, self._native = native.strides, None
                return self._array
            if name.startswith("_"):
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            raise MissingAttribute(name, self)

    @property
    def _any_layout(self) -> Array:
        """The array, its memory in whatever order it is in."""
        native = self._native
        return self._array if native is None else native

    @property
    def _numpy_dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the array."""
        native = self._native
        return (self._array if native is None else native).dtype

    @property
    def _native_layout(self) -> Array:
        """The array in the order in which a kernel made it, whether or not it was looked at."""
        if self._native is not None:
            return self._native
        strides = self._native_strides
        return self._array if strides is None else laid_out(self._array, strides)

    @property
    def _has_native_layout(self) -> bool:
        """Whether a kernel made it in an order of its own."""
        return self._native is not None or self._native_strides is not None

    def _share_native_layout(self, other: MemoryLayout) -> None:
        """Be computed with in the order of `other`, of which this is an alias."""
        if other._slow_path:
            self._slow_path = True
            self._native_strides = other._native_strides

    def _keep_native_layout(self, axes: Axes | None = None) -> None:
        """Let the memory stay in the order in which a kernel made it, until it is asked for.

        Args:
            axes: the order that it has in PyTorch, if that is not C's.
        """
        self._native = self.__dict__.pop("_array")
        self._slow_path = True
        if axes is not None:
            self._axes = axes

    def _lie_in(self, axes: Axes | None = None, native: bool = False) -> None:
        """Give a result that nobody has seen yet the order of memory that it has in PyTorch.

        Args:
            axes: the order; C's by default.
            native: whether a kernel had it in its own, in which it stays until it is asked for.
        """
        if axes == tuple(range(len(axes or ()))):
            axes = None
        self._view = None  # of what came on the way, which nobody has
        if self._native is not None:
            self._axes = axes
        elif (
            native
            or not (self._array if axes is None else self._array.transpose(axes)).flags.c_contiguous
        ):
            self._keep_native_layout(axes)
        elif axes is not None:
            self._slow_path = True

    def _strides_seen(self) -> tuple[int, ...]:
        """Strides in PyTorch's order, for somebody who need not ask for the array itself."""
        if self._native is None:
            return self._array.strides
        shape = self._native.shape
        step, strides = 1, [0] * len(shape)
        for axis in reversed(self._axes or range(len(shape))):
            strides[axis] = step
            step *= shape[axis]
        return tuple(strides)


def array_for(function: type[Function], operand: MemoryLayout) -> tuple[Array, int]:
    """The array that `function` computes with, and which of `NATIVE` and `NOT_C` it is."""
    native = operand._native
    if native is not None and function.memory_layout is not None:
        return native, NATIVE if operand._axes is None else NATIVE | NOT_C
    array = operand._array
    layout = 0 if array.flags.c_contiguous else NOT_C
    if operand._native_strides is None or function.memory_layout is None:
        return array, layout
    return operand._native_layout, layout | NATIVE


def lay_out(node: Function, result: MemoryLayout, operands: tuple[Any, ...], layouts: int) -> None:
    """Let a result lie in memory as PyTorch's would be laid.

    Args:
        layouts: `NATIVE` and `NOT_C`, or-ed over the operands, as `array_for` gave them.
    """
    array = result._array
    axes = _axes_seen(node, operands, array.shape) if layouts & NOT_C else None
    if axes is not None:
        result._lie_in(axes, native=layouts == NATIVE | NOT_C)
    elif (layouts != NOT_C or node.memory_layout == "chosen") and not array.flags.c_contiguous:
        result._keep_native_layout()


def _axes_seen(node: Function, operands: tuple[Any, ...], shape: tuple[int, ...]) -> Axes | None:
    """The order of memory that PyTorch gives the output; None if nothing is said of it."""
    least = node.channels_last_from
    if not (node.elementwise or least):
        return None
    strides = []
    for x in operands:
        if isinstance(x, MemoryLayout):
            seen, held = x._strides_seen(), x._any_layout.shape
            if least and is_channels_last(held, seen, least):
                return (0, *range(2, len(shape)), 1)
            extra = len(shape) - len(held)
            pairs = zip(seen, held, shape[extra:], strict=True)
            strides.append((*[0] * extra, *[s if n == m else 0 for s, n, m in pairs]))
    return order_by(shape, strides) if node.elementwise else None
