"""Adadelta: Adagrad with running means, and steps in the parameter's own units."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
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
        common.check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        common.check_range("epsilon value", eps)
        common.check_range("weight_decay value", weight_decay)
        common.check_implementation("Adadelta", differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["square_avg"] = common.zeros_like(parameter)
        state["acc_delta"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        lr, rho = common.number(group["lr"]), group["rho"]
        size, keep, rest, eps = common.constants(parameter, -lr, rho, 1 - rho, group["eps"])
        common.count(state)
        averages = (state["square_avg"]._array, state["acc_delta"]._array)
        for p, g, v, u, root, step, other, spare in common.pieces(
            parameter, grad, *averages, spare=4
        ):
            g = common.decayed(p, g, group["weight_decay"], other)
            common.decay_towards_square(v, g, keep, rest, spare)
            np.sqrt(np.add(v, eps, out=root), out=root)
            np.sqrt(np.add(u, eps, out=step), out=step)
            np.divide(step, root, out=step)
            np.multiply(step, g, out=step)
            common.decay_towards_square(u, step, keep, rest, spare)
            np.add(p, np.multiply(step, size, out=step), out=p)
