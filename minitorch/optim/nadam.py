"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._tensor import Tensor
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class NAdam(Optimizer):
    """`Adam` whose step mixes the new gradient with the running mean that comes after it.

    With Adam's m and v, t the number of the step, and M(t) the product of mu(1) to mu(t)::

        mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)
        mixed = (1 - mu(t)) / (1 - M(t)) * g + mu(t + 1) / (1 - M(t + 1)) * m
        p -= lr * mixed / (sqrt(v / (1 - beta2**t)) + eps)

    (Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ.)

    Args:
        params: parameters, or groups of them.
        lr, betas, eps, momentum_decay: as above.
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
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        common.check(
            lr=lr, eps=eps, betas=betas, weight_decay=weight_decay, momentum_decay=momentum_decay
        )
        names = "lr betas eps weight_decay momentum_decay decoupled_weight_decay maximize foreach"
        super().__init__(params, common.options(f"{names} capturable differentiable", locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["mu_product"] = common.scalar(1.0, group)
        state["exp_avg"] = common.zeros_like(parameter)
        state["exp_avg_sq"] = common.zeros_like(parameter)

    def advance(self, state: State, parameter: Tensor, group: Group) -> tuple[float, ...]:
        """The step's number, mu of it and of the next, and the product of all mu so far."""
        step = super().advance(state, parameter, group)
        mu, next_mu = (
            group["betas"][0] * (1.0 - 0.5 * 0.96 ** (t * group["momentum_decay"]))
            for t in (step, step + 1)
        )
        product = state["mu_product"]._array
        np.multiply(product, product.dtype.type(mu), out=product)
        return step, mu, next_mu, product.item()

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        t, mu, next_mu, product = t
        (beta1, beta2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        if decay and group["decoupled_weight_decay"]:
            p.mul_(1 - lr * decay)
        elif decay:
            g = g.add(p, alpha=decay)
        m.lerp_(g, 1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        root = v.div(1 - beta2**t).sqrt_().add_(group["eps"])
        p.addcdiv_(g, root, value=-lr * (1 - mu) / (1 - product))
        p.addcdiv_(m, root, value=-lr * next_mu / (1 - product * next_mu))
