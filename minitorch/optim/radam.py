"""RAdam: Adam that waits with its adaptive step until the mean square can be trusted."""

from __future__ import annotations

from typing import Any

from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class RAdam(Optimizer):
    """`Adam` whose step is scaled by how much the running mean square varies; plain at first.

    With Adam's m and v, and t the number of the step::

        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / (1 - beta2**t)
        p -= lr * m / (1 - beta1**t) * r / (sqrt(v) + eps) * sqrt(1 - beta2**t)

    where ``r**2 = (length - 4) (length - 2) longest / ((longest - 4) (longest - 2) length)``; while
    length <= 5 the step is only ``lr * m / (1 - beta1**t)``.
    (Liu et al., 2020, https://arxiv.org/abs/1908.03265.)

    Args:
        params: parameters, or groups of them.
        lr, betas, eps: as above.
        weight_decay: what of p is added to its gradient, or, with `decoupled_weight_decay`, taken
            from p itself, times lr.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    averages = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        common.check(lr=lr, eps=eps, betas=betas, weight_decay=weight_decay)
        names = "lr betas eps weight_decay maximize foreach capturable decoupled_weight_decay"
        super().__init__(params, common.options(f"{names} differentiable", locals()))

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        (beta1, beta2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        if decay and group["decoupled_weight_decay"]:
            p.mul_(1 - lr * decay)
        elif decay:
            g = g.add(p, alpha=decay)
        m.lerp_(g, 1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        correction, longest = 1 - beta2**t, 2 / (1 - beta2) - 1
        length = longest - 2 * t * beta2**t / correction
        move = m.div(1 - beta1**t).mul_(lr)
        if length > 5:
            above = (length - 4) * (length - 2) * longest
            r = (above / ((longest - 4) * (longest - 2) * length)) ** 0.5
            move.mul_(correction**0.5 / v.sqrt().add_(group["eps"])).mul_(r)
        p.add_(move, alpha=-1)
