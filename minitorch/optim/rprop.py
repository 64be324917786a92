"""Rprop: only the sign of the gradient counts, and each element has a step size of its own."""

from __future__ import annotations

from typing import Any

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

    averages = ("prev", "step_size")

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
        common.check(lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        names = "lr etas step_sizes foreach maximize differentiable capturable"
        super().__init__(params, common.options(names, locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        super().init_state(parameter, state, group)
        state["step_size"] = state["step_size"] + group["lr"]

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        before, size = state["prev"], state["step_size"]
        shrink, grow = group["etas"]
        turn = g.mul(before)
        size.mul_where_(turn > 0, grow).mul_where_(turn < 0, shrink).clamp_(*group["step_sizes"])
        before.copy_(g).copy_where_(turn < 0, 0)
        p.addcmul_(before.sign(), size, value=-1)
