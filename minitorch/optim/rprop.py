"""Rprop: only the sign of the gradient counts, and each element has a step size of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Rprop(Optimizer):
    """Step against the gradient's sign; steps grow while the sign stays and shrink when it turns.

    A step size is multiplied by ``etas[1]`` where the gradient has the sign of the one before, and
    by ``etas[0]`` where it has the other, in which case this step is left out.
    (Riedmiller and Braun, 1993, https://doi.org/10.1109/ICNN.1993.298623.)

    Args:
        params: parameters, or groups of them.
        lr: the step size at first.
        etas: as above.
        step_sizes: the smallest and the largest step size.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        common.check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        common.check_implementation("Rprop", differentiable)
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["prev"] = common.zeros_like(parameter)
        state["step_size"] = Tensor._wrap(
            np.full_like(parameter._array, common.number(group["lr"]))
        )

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        common.count(state)
        previous, sizes = state["prev"]._array, state["step_size"]._array
        for p, g, before, size, spare in common.pieces(parameter, grad, previous, sizes, spare=1):
            np.multiply(g, before, out=spare)
            turned = spare < 0
            np.multiply(size, grow, out=size, where=spare > 0)
            np.multiply(size, shrink, out=size, where=turned)
            np.clip(size, smallest, largest, out=size)
            np.copyto(before, g)
            np.copyto(before, 0, where=turned)
            np.sign(before, out=spare)
            np.multiply(spare, size, out=spare)
            np.subtract(p, spare, out=p)
