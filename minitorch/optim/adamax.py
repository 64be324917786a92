"""Adamax: Adam with the largest gradient so far in place of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
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
        common.check_lr(lr)
        common.check_range("epsilon value", eps)
        common.check_betas(betas)
        common.check_range("weight_decay value", weight_decay)
        common.check_implementation("Adamax", differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["exp_avg"] = common.zeros_like(parameter)
        state["exp_inf"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        beta1, beta2 = group["betas"]
        lr = common.number(group["lr"]) / (1 - beta1 ** common.count(state))
        size, new, keep, eps = common.constants(parameter, -lr, 1 - beta1, beta2, group["eps"])
        averages = (state["exp_avg"]._array, state["exp_inf"]._array)
        for p, g, m, u, other, spare in common.pieces(parameter, grad, *averages, spare=2):
            g = common.decayed(p, g, group["weight_decay"], other)
            common.approach(m, g, new, spare)
            np.multiply(u, keep, out=u)
            np.abs(g, out=spare)
            np.add(spare, eps, out=spare)
            np.maximum(u, spare, out=u)
            common.add_quotient(p, m, u, size, spare)
