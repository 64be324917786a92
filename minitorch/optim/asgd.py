"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
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
    """

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
        common.check_lr(lr)
        common.check_range("weight_decay value", weight_decay)
        common.check_implementation("ASGD", differentiable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["eta"] = common.scalar(common.number(group["lr"]), group)
        state["mu"] = common.scalar(1.0, group)
        state["ax"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        lr, lambd = common.number(group["lr"]), group["lambd"]
        eta, mu = state["eta"].item(), state["mu"].item()
        size, shrink, weight = common.constants(parameter, -eta, 1 - lambd * eta, mu)
        for p, g, average, other, spare in common.pieces(
            parameter, grad, state["ax"]._array, spare=2
        ):
            g = common.decayed(p, g, group["weight_decay"], other)
            np.multiply(p, shrink, out=p)
            np.add(p, np.multiply(g, size, out=other), out=p)
            if mu == 1:
                np.copyto(average, p)
            else:
                common.approach(average, p, weight, spare)
        step_number = common.count(state)
        state["eta"]._array[...] = common.scalar(
            lr / (1 + lambd * lr * step_number) ** group["alpha"], group
        )._array
        state["mu"]._array[...] = common.scalar(1 / max(1, step_number - group["t0"]), group)._array
