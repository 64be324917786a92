"""The end of `Function.apply` for a forward that gives several arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch._dtypes import Array
from minitorch.autograd.base import TensorBase, next_sequence_number
from minitorch.autograd.mode import mode
from minitorch.autograd.views import mark_view

if TYPE_CHECKING:
    from minitorch._tensor import Tensor
    from minitorch.autograd.function import Function


def record_several(
    node: Function,
    owner: TensorBase,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    outs: Sequence[Array],
    params: dict[str, Any],
    recording: bool,
) -> tuple[Tensor, ...]:
    """Make a tensor of each output, of `owner`'s class, and give it its place in the graph."""
    results = tuple([owner._wrap(np.asarray(out)) for out in outs])
    floats = [result._array.dtype.kind == "f" for result in results]
    if recording and any(floats):
        node.tensor_class = owner._result_class
        node.sequence = next_sequence_number()
        node.outputs = tuple([(result._array.shape, result._array.dtype) for result in results])
        for slot, result in enumerate(results):
            if floats[slot]:
                result._requires_grad, result._grad_fn, result._slot = True, node, slot
        if node._saved:
            node._pack(inputs, arrays, outs, results)
    for slot, result in enumerate(results):
        if mode.inference:
            result._inference = result._slow_path = True
        if node.views:
            mark_view(node, owner, result, params, slot, "several")
        elif node.memory_layout == "chosen" and not result._array.flags.c_contiguous:
            result._keep_native_layout()
    return results
