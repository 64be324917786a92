"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class ASGD(Optimizer):
    """Gradient descent with fading steps, and the average of the parameter from step `t0` on.

    With g the gradient plus ``weight_decay * p``, and t the number of the step::

        p -= eta * (g + lambd * p)
        average += mu * (p - average)
        eta = lr / (1 + lambd * lr * t)**alpha;  mu = 1 / max(1, t - t0)

    The average is ``optimizer.state[p]["ax"]``; steps only change p.
    (Polyak and Juditsky, 1992, https://doi.org/10.1137/0330046.)

    Args:
        params: parameters, or groups of them.
        lr, lambd, alpha, t0, weight_decay: as above.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
        NotImplementedError: for an lr that requires grad together with `differentiable`.
    """

    averages = ("ax",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        common.check(lr=lr)
        if differentiable and isinstance(lr, Tensor) and lr.requires_grad:
            raise NotImplementedError(
                "ASGD: its step size is kept as a number, so that no gradient reaches lr; give lr "
                "as a number, or use another optimizer"
            )
        common.check(weight_decay=weight_decay)
        names = "lr lambd alpha t0 weight_decay foreach maximize differentiable capturable"
        super().__init__(params, common.options(names, locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["eta"] = common.scalar(common.number(group["lr"]), group)
        state["mu"] = common.scalar(1.0, group)
        state["ax"] = common.zeros_like(parameter)

    def advance(self, state: State, parameter: Tensor, group: Group) -> tuple[float, float]:
        """This step's eta and mu; those of the next are in the state from now on."""
        now = state["eta"].item(), state["mu"].item()
        lr, t = common.number(group["lr"]), super().advance(state, parameter, group)
        eta = lr / (1 + group["lambd"] * lr * t) ** group["alpha"]
        state["eta"]._array[...] = common.scalar(eta, group)._array
        state["mu"]._array[...] = common.scalar(1 / max(1, t - group["t0"]), group)._array
        return now

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        eta, mu = t
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        p.mul_(1 - group["lambd"] * eta).add_(g, alpha=-eta)
        if mu == 1:
            state["ax"].copy_(p)
        else:
            state["ax"].lerp_(p, mu)
