"""Forward mode, where the library has it: a Jacobian from one tangent for each input element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.autograd.base import TensorBase
from minitorch.autograd.gradcheck.bridge import Bridge
from minitorch.autograd.gradcheck.jacobian import Subject, compare, flowing
from minitorch.autograd.gradcheck.numeric import Array
from minitorch.autograd.gradcheck.report import Jacobian


def forward_jacobians(bridge: Bridge, inputs: Sequence[Any]) -> list[Array]:
    """For each wanted input the Jacobian (its elements, all elements of flowing outputs), by jvp.

    Args:
        bridge: the function.
        inputs: minitorch's tensors for those that are floating.
    """
    library, flows = bridge.library, [out._requires_grad for out in bridge(*inputs)]
    natives = bridge.natives([x._array if isinstance(x, TensorBase) else x for x in inputs])
    found = []
    for number in bridge.wanted:
        tangent = np.zeros_like(inputs[number]._array)
        rows = []
        for place in np.ndindex(tangent.shape):
            tangent[place] = 1
            tangents: list[Any] = [None] * len(inputs)
            tangents[number] = library.wrap(tangent, natives[number])
            made = library.jvp(bridge.func, natives, tangents)
            parts = [library.unwrap(t) for t, flow in zip(made, flows, strict=True) if flow]
            rows.append(np.concatenate([part.reshape(-1) for part in parts], dtype=np.float64))
            tangent[place] = 0
        width = rows[0].size if rows else sum(f._array.size for f in flowing(bridge(*inputs)))
        found.append(np.array(rows).reshape(len(rows), width))
    return found


def compare_forward(
    func: Any, inputs: Sequence[Any], subject: Subject, order: int
) -> list[Jacobian]:
    """The Jacobians by jvp, with a verdict on each element; at order 2 those of the gradients.

    Raises:
        NotImplementedError: if the library has no forward mode.
    """
    bridge = func if order == 1 else func.func
    if not isinstance(bridge, Bridge):
        raise NotImplementedError("gradcheck: minitorch has no forward-mode differentiation")
    if order == 2:
        bridge, inputs = func.bridge(inputs)
    backwards = forward_jacobians(bridge, inputs)
    found = compare(subject, order, backwards=backwards)
    for j in found:
        j.forward = True
    return found
