"""RMSprop: steps by the gradient over the root of its running mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class RMSprop(Optimizer):
    """Step by the gradient over the root of its running mean square.

    With g the gradient plus ``weight_decay * p``::

        v = alpha * v + (1 - alpha) * g**2
        p -= lr * b, where b = momentum * b + g / (sqrt(v) + eps)

    `centered` subtracts the square of the gradient's running mean from v.
    (Tieleman and Hinton, 2012, lecture 6.5; centered: Graves, 2013, https://arxiv.org/abs/1308.0850.)

    Args:
        params: parameters, or groups of them.
        lr, alpha, eps, weight_decay, momentum, centered: as above.
        maximize, foreach, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        common.check_lr(lr)
        common.check_range("epsilon value", eps)
        common.check_range("momentum value", momentum)
        common.check_range("weight_decay value", weight_decay)
        common.check_range("alpha value", alpha)
        common.check_implementation("RMSprop", differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, parameter: Tensor, state: State, group: Group) -> None:
        state["step"] = common.scalar(0.0, group)
        state["square_avg"] = common.zeros_like(parameter)
        if group["momentum"] > 0:
            state["momentum_buffer"] = common.zeros_like(parameter)
        if group["centered"]:
            state["grad_avg"] = common.zeros_like(parameter)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        alpha, momentum = group["alpha"], group["momentum"]
        size, eps, fade = common.constants(
            parameter, -common.number(group["lr"]), group["eps"], momentum
        )
        keep, rest, one, minus = common.constants(parameter, alpha, 1 - alpha, 1.0, -1.0)
        common.count(state)
        # What an option leaves out is stood in for by the gradient, which is not touched.
        mean = state["grad_avg"]._array if group["centered"] else grad
        buffer = state["momentum_buffer"]._array if momentum > 0 else grad
        square = state["square_avg"]._array
        for p, g, v, m, b, root, other, spare in common.pieces(
            parameter, grad, square, mean, buffer, spare=3
        ):
            g = common.decayed(p, g, group["weight_decay"], other)
            common.decay_towards_square(v, g, keep, rest, spare)
            if group["centered"]:
                common.approach(m, g, rest, spare)
                np.copyto(root, v)
                common.add_product(root, m, m, minus, spare)
                np.copyto(root, v, where=np.isinf(v))  # not inf - inf
                np.sqrt(root, out=root)
            else:
                np.sqrt(v, out=root)
            np.add(root, eps, out=root)
            if momentum > 0:
                np.multiply(b, fade, out=b)
                common.add_quotient(b, g, root, one, spare)
                np.add(p, np.multiply(b, size, out=root), out=p)
            else:
                common.add_quotient(p, g, root, size, spare)
