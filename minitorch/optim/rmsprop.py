"""RMSprop: steps by the gradient over the root of its running mean square."""

from __future__ import annotations

from typing import Any

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

    averages = ("square_avg", "momentum_buffer", "grad_avg")

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
        common.check(lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        names = "lr momentum alpha eps centered weight_decay capturable foreach maximize"
        super().__init__(params, common.options(f"{names} differentiable", locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        super().init_state(parameter, state, group)
        if not group["momentum"] > 0:
            del state["momentum_buffer"]
        if not group["centered"]:
            del state["grad_avg"]

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        v, alpha = state["square_avg"], group["alpha"]
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        v.mul_(alpha).addcmul_(g, g, value=1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"].lerp_(g, 1 - alpha)
            variance = v.add(0).addcmul_(mean, mean, value=-1)
            v = variance.copy_where_(v.isinf(), v)  # not inf - inf
        root = v.sqrt().add_(group["eps"])
        if group["momentum"] > 0:
            b = state["momentum_buffer"].mul_(group["momentum"]).addcdiv_(g, root)
            p.add_(b, alpha=-group["lr"])
        else:
            p.addcdiv_(g, root, value=-group["lr"])
