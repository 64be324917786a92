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

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._missing import MissingAttribute
from minitorch.kernels.bfloat16 import BFLOAT16, narrow, read
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
    # The memory of a tensor of bfloat16; None of any other. It is `_native` as well, and `_array`
    # is made of it anew each time: the numbers, to be read only.
    _bits: Array | None = None
    _native_strides: tuple[int, ...] | None = None  # those that `_native` had before
    _axes: Axes | None = None  # the order in which `_array` will be laid; None for C's
    _result_class: Any
    _slow_path: bool = False  # native, not in C's order, a view, made in inference mode...
    _view: View | None = None

    if not TYPE_CHECKING:  # or every misspelt attribute would pass the type checker

        def __getattr__(self, name: str) -> Any:
            if name == "_array" and self._native is not None:  # asked for: settle
                native, axes = self._native, self._axes
                if self._bits is not None:
                    return read(native)
                self._array = packed(native) if axes is None else in_order(native, axes)
                self._native_strides, self._native = native.strides, None
                return self._array
            if name.startswith("_"):
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            raise MissingAttribute(name, self)

    @classmethod
    def _wrap_stored(cls, array: Array) -> Any:
        """A tensor over an array as it lies in memory: of numbers, or the bits of bfloat16."""
        tensor: Any = object.__new__(cls._result_class)
        tensor._hold(array)
        return tensor

    def _hold(self, array: Array) -> None:
        """Lie in the memory of `array` (see `_wrap_stored`), which is not copied."""
        self._native = self._bits = None
        if array.dtype.kind != "V" and array.dtype.isnative:
            self._array = array
            return
        attributes(self).pop("_array", None)
        self._native = self._bits = array if array.dtype.kind == "V" else narrow(array)
        self._slow_path = True

    def _add(self, values: Array) -> None:
        """Add numbers in place."""
        if self._bits is None:
            np.add(self._array, values, out=self._array)
        else:
            self._write(np.add(self._array, values))

    @property
    def _stored(self) -> Array:
        """The array as it lies in memory: the numbers, or the bits of bfloat16."""
        bits = self._bits
        return self._array if bits is None else bits

    @property
    def _any_stored(self) -> Array:
        """`_stored`, in whatever order it is in; for what does not look at the numbers."""
        native = self._native
        return self._array if native is None else native

    def _write(self, values: Any, key: Any = ...) -> None:
        """Put `values` (an array) where `key` says, rounded to bfloat16 if it is of that."""
        bits = self._bits
        if bits is None:
            self._any_layout[key] = values
        else:
            bits[key] = narrow(values)

    @property
    def _any_layout(self) -> Array:
        """The array, its memory in whatever order it is in."""
        native = self._native
        return self._array if native is None or self._bits is not None else native

    @property
    def _numpy_dtype(self) -> np.dtype[Any]:
        """NumPy's dtype of the array."""
        native = self._native
        if native is None:
            return self._array.dtype
        return native.dtype if self._bits is None else BFLOAT16

    @property
    def _native_layout(self) -> Array:
        """The array in the order in which a kernel made it, whether or not it was looked at."""
        if self._native is not None:
            return self._any_layout
        strides = self._native_strides
        return self._array if strides is None else laid_out(self._array, strides)

    @property
    def _has_native_layout(self) -> bool:
        """Whether a kernel made it in an order of its own."""
        native = self._native is not None and self._bits is None
        return native or self._native_strides is not None

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
        if self._bits is not None:
            return
        self._native = attributes(self).pop("_array")
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
        if (bits := self._bits) is not None:
            self._hold(packed(bits) if axes is None else in_order(bits, axes))
        elif self._native is not None:
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
        if self._native is None or self._bits is not None:
            return self._stored.strides
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
    axes = axes_seen(node, operands, array.shape) if layouts & NOT_C else None
    if axes is not None:
        result._lie_in(axes, native=layouts == NATIVE | NOT_C)
    elif (layouts != NOT_C or node.memory_layout == "chosen") and not array.flags.c_contiguous:
        result._keep_native_layout()


def axes_seen(node: Function, operands: tuple[Any, ...], shape: tuple[int, ...]) -> Axes | None:
    """The order of memory that PyTorch gives the output; None if nothing is said of it."""
    least = node.channels_last_from
    if not (node.elementwise or least):
        return None
    strides = []
    for x in operands:
        if isinstance(x, MemoryLayout):
            seen, held = x._strides_seen(), x._any_stored.shape
            if least and is_channels_last(held, seen, least):
                return (0, *range(2, len(shape)), 1)
            extra = len(shape) - len(held)
            pairs = zip(seen, held, shape[extra:], strict=True)
            strides.append((*[0] * extra, *[s if n == m else 0 for s, n, m in pairs]))
    return order_by(shape, strides) if node.elementwise else None


attributes: Callable[[Any], dict[str, Any]] = vars(MemoryLayout)["__dict__"].__get__
"""All attributes of a tensor: its ``__dict__`` shows those alone that are the user's."""
