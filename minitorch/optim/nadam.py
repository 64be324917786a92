"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
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
        common.check_lr(lr)
        common.check_range("epsilon value", eps)
        common.check_betas(betas)
        common.check_range("weight_decay value", weight_decay)
        common.check_range("momentum_decay value", momentum_decay)
        common.check_implementation("NAdam", differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["mu_product"] = common.scalar(1.0, group)
        state["exp_avg"] = common.zeros_like(parameter)
        state["exp_avg_sq"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        lr, decay = common.number(group["lr"]), group["weight_decay"]
        beta1, beta2 = group["betas"]
        step = common.count(state)
        mu, next_mu = (
            beta1 * (1.0 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1)
        )
        product = state["mu_product"]._array
        np.multiply(product, product.dtype.type(mu), out=product)
        of_gradient, of_mean, correction, eps = common.constants(
            parameter,
            -lr * (1.0 - mu) / (1.0 - product.item()),
            -lr * next_mu / (1.0 - product.item() * next_mu),
            1 - beta2**step,
            group["eps"],
        )
        new, keep, rest, shrink = common.constants(
            parameter, 1 - beta1, beta2, 1 - beta2, 1 - lr * decay
        )
        averages = (state["exp_avg"]._array, state["exp_avg_sq"]._array)
        for p, g, m, v, root, other, spare in common.pieces(parameter, grad, *averages, spare=3):
            if decay and group["decoupled_weight_decay"]:
                np.multiply(p, shrink, out=p)
            else:
                g = common.decayed(p, g, decay, other)
            common.approach(m, g, new, spare)
            common.decay_towards_square(v, g, keep, rest, spare)
            np.divide(v, correction, out=root)
            np.sqrt(root, out=root)
            np.add(root, eps, out=root)
            common.add_quotient(p, g, root, of_gradient, spare)
            common.add_quotient(p, m, root, of_mean, spare)
