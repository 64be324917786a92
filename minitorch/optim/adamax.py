"""Adamax: Adam with the largest gradient so far in place of the mean square."""

from __future__ import annotations

from typing import Any

from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Adamax(Optimizer):
    """Step by the gradient's running mean over the largest gradient, which fades by beta2.

    With g the gradient plus ``weight_decay * p``, and t the number of the step::

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, |g| + eps)
        p -= lr / (1 - beta1**t) * m / u

    (Kingma and Ba, 2015, section 7.1, https://arxiv.org/abs/1412.6980.)

    Args:
        params: parameters, or groups of them.
        lr, betas, eps, weight_decay: as above.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    averages = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        common.check(lr=lr, eps=eps, betas=betas, weight_decay=weight_decay)
        names = "lr betas eps weight_decay foreach maximize differentiable capturable"
        super().__init__(params, common.options(names, locals()))

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        m, u, (beta1, beta2) = state["exp_avg"], state["exp_inf"], group["betas"]
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        m.lerp_(g, 1 - beta1)
        u.mul_(beta2).maximum_(g.abs().add_(group["eps"]))
        p.addcdiv_(m, u, value=-group["lr"] / (1 - beta1**t))
