"""RAdam: Adam that waits with its adaptive step until the mean square can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
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
        common.check_lr(lr)
        common.check_range("epsilon value", eps)
        common.check_betas(betas)
        common.check_range("weight_decay value", weight_decay)
        common.check_implementation("RAdam", differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["exp_avg"] = common.zeros_like(parameter)
        state["exp_avg_sq"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        lr, decay = common.number(group["lr"]), group["weight_decay"]
        beta1, beta2 = group["betas"]
        step = common.count(state)
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / correction
        rectification = 1.0
        if adaptive := length > 5.0:
            above = (length - 4) * (length - 2) * longest
            rectification = (above / ((longest - 4) * (longest - 2) * length)) ** 0.5
        new, keep, rest, shrink = common.constants(
            parameter, 1 - beta1, beta2, 1 - beta2, 1 - lr * decay
        )
        debias, size, root_of_correction, eps, rectify = common.constants(
            parameter, 1 - beta1**step, lr, correction**0.5, group["eps"], rectification
        )
        averages = (state["exp_avg"]._array, state["exp_avg_sq"]._array)
        for p, g, m, v, root, other, spare in common.pieces(parameter, grad, *averages, spare=3):
            if decay and group["decoupled_weight_decay"]:
                np.multiply(p, shrink, out=p)
            else:
                g = common.decayed(p, g, decay, other)
            common.approach(m, g, new, spare)
            common.decay_towards_square(v, g, keep, rest, spare)
            np.divide(m, debias, out=other)
            np.multiply(other, size, out=other)
            if adaptive:
                np.sqrt(v, out=root)
                np.add(root, eps, out=root)
                np.divide(root_of_correction, root, out=root)
                np.multiply(other, root, out=other)
                np.multiply(other, rectify, out=other)
            np.subtract(p, other, out=p)
