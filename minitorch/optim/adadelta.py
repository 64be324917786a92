"""Adadelta: Adagrad with running means, and steps in the parameter's own units."""

from __future__ import annotations

from typing import Any

from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Adadelta(Optimizer):
    """Step by the gradient, times the root of the mean square of steps over that of gradients.

    With g the gradient plus ``weight_decay * p``::

        v = rho * v + (1 - rho) * g**2
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d**2
        p -= lr * d

    (Zeiler, 2012, https://arxiv.org/abs/1212.5701.)

    Args:
        params: parameters, or groups of them.
        lr, rho, eps, weight_decay: as above.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    averages = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        common.check(lr=lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        common.check(eps=eps, weight_decay=weight_decay)
        names = "lr rho eps weight_decay maximize capturable foreach differentiable"
        super().__init__(params, common.options(names, locals()))

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        v, u, rho, eps = state["square_avg"], state["acc_delta"], group["rho"], group["eps"]
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        v.mul_(rho).addcmul_(g, g, value=1 - rho)
        d = u.add(eps).sqrt_().div_(v.add(eps).sqrt_()).mul_(g)
        u.mul_(rho).addcmul_(d, d, value=1 - rho)
        p.add_(d, alpha=-group["lr"])
