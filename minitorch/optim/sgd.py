"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.kernels import steps
from minitorch.kernels.cache_blocks import COMPUTED_IN, SMALL
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class SGD(Optimizer):
    """Step against the gradient: ``p -= lr * v``, where ``v = momentum * v + (1 - dampening) * g``.

    g is the gradient plus ``weight_decay * p``; at the first step v = g. With `nesterov` the step
    is ``lr * (g + momentum * v)`` (Sutskever et al., 2013, in PyTorch's form:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).

    Args:
        params: parameters, or groups of them.
        lr: the learning rate, >= 0.
        momentum, dampening, weight_decay, nesterov: as above.
        maximize, foreach, fused, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.

    >>> import minitorch
    >>> w = minitorch.ones(1, requires_grad=True)
    >>> optimizer = SGD([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.5000], requires_grad=True)
    """

    averages = ("momentum_buffer",)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        common.check(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        common.check_implementation(differentiable, foreach, fused)
        names = "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused"
        super().__init__(params, common.options(names, locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        """Leave it empty: a parameter has a state from its first step with momentum on."""

    def advance(self, state: State, parameter: Tensor, group: Group) -> bool:
        """Say whether this is the first step with momentum."""
        if not group["momentum"] or state.get("momentum_buffer") is not None:
            return False
        state["momentum_buffer"] = common.zeros_like(parameter)
        return True

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        if group["weight_decay"]:
            g = g.add(p, alpha=group["weight_decay"])
        if group["momentum"]:
            v, is_first = state["momentum_buffer"], t
            if is_first:
                v.copy_(g)
            else:
                v.mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
            g = g.add(v, alpha=group["momentum"]) if group["nesterov"] else v
        p.add_(g, alpha=-group["lr"])

    def step_parameter(self, p: Array, g: Array, state: State, group: Group, t: Any) -> None:
        momentum, decay = group["momentum"], group["weight_decay"]
        if not (momentum or decay or p.size > SMALL or p.dtype in COMPUTED_IN):
            # What `update` comes to, in a third of the time.
            np.subtract(p, np.multiply(g, group["lr"]), out=p)
            return
        v = state["momentum_buffer"]._array if momentum else p
        numbers = group["lr"], momentum, group["dampening"], decay, group["nesterov"]
        if p.dtype in COMPUTED_IN or not steps.sgd(p, g, v, *numbers, t):
            super().step_parameter(p, g, state, group, t)
