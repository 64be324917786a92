"""Adafactor: Adam's adaptive steps with little memory, from row and column means alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array, from_numpy_dtype
from minitorch._tensor import Tensor
from minitorch._type_info import finfo
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Adafactor(Optimizer):
    """Step by the gradient over the root of a factored estimate of its mean square.

    Of a matrix only the running means R of each row's and C of each column's squares are kept;
    their product over R's mean estimates the mean square V. A vector keeps V itself. With t the
    number of the step, and the weight of new squares ``t**beta2_decay``::

        u = g / max(sqrt(V), eps[0])
        size = min(lr, 1 / sqrt(t)) * max(eps[1], rms(p))
        p -= lr * weight_decay * p;  p -= size * u / max(1, rms(u) / d)

    (Shazeer and Stern, 2018, https://arxiv.org/abs/1804.04235.)

    Args:
        params: parameters, or groups of them.
        lr, beta2_decay, d, weight_decay: as above.
        eps: as above; a first one of None stands for the dtype's own precision.
        maximize, foreach: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not common.number(lr) >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        names = "lr beta2_decay eps d weight_decay foreach maximize"
        super().__init__(params, common.options(names, locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        array = parameter._array
        if array.ndim > 1:
            *batch, rows, columns = array.shape
            state["row_var"] = Tensor._wrap(np.zeros((*batch, rows, 1), array.dtype))
            state["col_var"] = Tensor._wrap(np.zeros((*batch, 1, columns), array.dtype))
        else:
            state["variance"] = common.zeros_like(parameter)

    def step_parameter(self, p: Array, g: Array, state: State, group: Group, t: Any) -> None:
        """The rule, of whole arrays: it looks at all of a row or column at once."""
        single = np.result_type(p.dtype, np.float32).type  # float16 is computed in float32
        smallest, least_scale = group["eps"]
        if smallest is None:
            smallest = finfo(from_numpy_dtype(p.dtype)).eps
        new, size = single(t ** group["beta2_decay"]), min(group["lr"], 1 / t**0.5)
        size *= max(least_scale, _root_mean_square(p))
        if group["weight_decay"]:
            np.multiply(p, single(1 - group["lr"] * group["weight_decay"]), out=p)
        if g.ndim > 1:
            row, column = state["row_var"]._array, state["col_var"]._array
            row += np.subtract(_mean_square(g, -1), row, dtype=single) * new
            column += np.subtract(_mean_square(g, -2), column, dtype=single) * new
            square = row * column
            square /= np.maximum(row.mean(-2, keepdims=True), smallest)
        else:
            square = state["variance"]._array
            square += np.subtract(g * g, square, dtype=single) * new
        root = np.sqrt(np.maximum(square, smallest * smallest), dtype=single)
        u = np.multiply(np.reciprocal(root).astype(p.dtype), g)
        p += u * single(-size / max(1.0, _root_mean_square(u) / group["d"]))


def _norm(x: Array, axis: int | None) -> Array:
    """The root of the sum of squares, added up in float32 at least."""
    wide = x.astype(np.float32) if x.itemsize == 2 else x
    return np.sqrt(np.add.reduce(wide * wide, axis, keepdims=True)).astype(x.dtype)


def _mean_square(x: Array, axis: int) -> Array:
    return np.square(_norm(x, axis)) / np.float32(x.shape[axis]).astype(x.dtype)


def _root_mean_square(x: Array) -> float:
    return _norm(x, None).item() / x.size**0.5
