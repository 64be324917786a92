"""Adagrad: steps by the gradient over the root of the sum of all its squares so far."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Adagrad(Optimizer):
    """Step by the gradient over the root of the sum of its squares so far.

    With g the gradient plus ``weight_decay * p``, and t the number of the step::

        s = s + g**2
        p -= lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    (Duchi, Hazan and Singer, 2011, https://jmlr.org/papers/v12/duchi11a.html.)

    Args:
        params: parameters, or groups of them.
        lr, lr_decay, weight_decay, eps: as above.
        initial_accumulator_value: s at the start.
        maximize, foreach, fused, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    averages = ("sum",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        common.check(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay)
        common.check(initial_accumulator_value=initial_accumulator_value, eps=eps)
        common.check_implementation(differentiable, foreach, fused)
        names = "lr lr_decay eps weight_decay initial_accumulator_value foreach maximize"
        super().__init__(params, common.options(f"{names} differentiable fused", locals()))
        for group in self.param_groups:
            for parameter in group["params"]:  # also those that will never have a gradient
                self.init_state(parameter, self.state[parameter], group)

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        super().init_state(parameter, state, group)
        state["sum"].fill_(self.defaults["initial_accumulator_value"])

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        total = state["sum"].addcmul_(g, g)
        size = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        p.addcdiv_(g, total.sqrt().add_(group["eps"]), value=-size)
