"""`Function.apply` where an operand is of bfloat16: all is computed in float32, and rounded once.

So do PyTorch's kernels for the CPU. What the node keeps is float32, in numbers that bfloat16 holds,
and so are the gradients that a walk hands to it; those that it makes are rounded at their edges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import Edge, TensorBase, next_sequence_number
from minitorch.autograd.layout import array_for, axes_seen
from minitorch.autograd.mode import mode
from minitorch.autograd.saved import ROUNDED, SavedArray
from minitorch.autograd.views import mark_view
from minitorch.kernels.bfloat16 import BFLOAT16, FLOAT32, narrow, native, widen
from minitorch.kernels.quiet import ignore_float_errors, restore

if TYPE_CHECKING:
    from minitorch.autograd.function import Function


def apply_rounded(cls: type[Function], inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Run `forward` on the inputs' numbers in float32 and, where a gradient is wanted, record it.

    Floats that it gives are of bfloat16 if the first floating-point operand is, unless the Function
    `keeps_dtype`. One that makes views gets the bits themselves.
    """
    inputs = tuple([native(x) if isinstance(x, np.ndarray) else x for x in inputs])
    node = cls()
    node.rounded = node.hooked = True  # (hooked: not for the short cuts)
    tensors = [x for x in inputs if isinstance(x, TensorBase)]
    owner: Any = next((x for x in tensors if x._decides_result_class), tensors[0])
    arrays: list[Any] = []
    edges: list[Edge | None] = []
    recording = False
    for operand in inputs:
        edge = None
        if isinstance(operand, TensorBase):
            if mode.grad and operand._view is not None:
                if operand._is_stale():
                    operand._refresh()
                recording = recording or operand._view.base._requires_grad
            if mode.grad and operand._requires_grad:
                edge, recording = operand._edge(), True
        edges.append(edge)
        arrays.append(_given(cls, operand))
    if recording:
        node.edges = edges
        for observer in mode.observers:
            observer.before_forward(node, inputs, arrays, params)
    previous = ignore_float_errors()
    try:
        out = node.forward(*arrays, **params)
    finally:
        restore(previous)
    outs = out if type(out) is tuple else (out,)
    first = next((x for x in tensors if x._numpy_dtype.kind == "f"), owner)
    rounds = first._numpy_dtype == BFLOAT16 and not cls.keeps_dtype
    results = tuple([_made(owner, np.asarray(each), rounds) for each in outs])
    _record(node, owner, inputs, arrays, outs, results, params, recording)
    return results if type(out) is tuple else results[0]


def _given(cls: type[Function], operand: Any) -> Any:
    """Find the array of an operand that forward gets."""
    if not isinstance(operand, TensorBase):
        return operand
    bits = operand._bits
    if bits is None:
        return array_for(cls, operand)[0]
    return bits if cls.views else widen(bits)


def _made(owner: Any, array: Array, rounds: bool) -> Any:
    """The tensor of an output."""
    if rounds and array.dtype == FLOAT32:
        array = narrow(array)
    return owner._wrap_stored(array)


def _record(
    node: Function,
    owner: Any,
    inputs: tuple[Any, ...],
    arrays: list[Any],
    outs: tuple[Any, ...],
    results: tuple[Any, ...],
    params: dict[str, Any],
    recording: bool,
) -> None:
    """Give the results their order of memory and, if `recording`, their place in the graph."""
    node.outputs = tuple([(result.shape, result._numpy_dtype) for result in results])
    floats = [dtype.kind == "f" for _, dtype in node.outputs]
    if recording and any(floats):
        node.tensor_class, node.sequence = owner._result_class, next_sequence_number()
        for slot, result in enumerate(results):
            if floats[slot]:
                result._requires_grad, result._grad_fn, result._slot = True, node, slot
        if node._saved:
            node._pack(inputs, arrays, outs, results)
            node._saved = tuple([_exact(item) for item in node._saved])
    for slot, result in enumerate(results):
        if mode.inference:
            result._inference = result._slow_path = True
        if node.views:
            mark_view(node, owner, result, params, slot, "several" if len(results) > 1 else "")
        elif result._bits is not None:
            _lay_out(node, result, inputs)


def _lay_out(node: Function, result: Any, inputs: tuple[Any, ...]) -> None:
    """Let a result lie in memory as PyTorch's would, as `layout.lay_out` does."""
    in_order = all([x._any_stored.flags.c_contiguous for x in inputs if isinstance(x, TensorBase)])
    axes = None if in_order else axes_seen(node, inputs, result.shape)
    if axes is not None or in_order or node.memory_layout == "chosen":
        result._lie_in(axes)


def _exact(item: Any) -> Any:
    """A saved tensor, that of an output with its numbers in float32."""
    if type(item) is not SavedArray:
        return item
    if item.array.dtype == BFLOAT16:  # the output, rounded
        return item._replace(array=native(item.array), loose=ROUNDED)
    return item
