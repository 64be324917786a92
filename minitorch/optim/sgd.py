"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
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
        common.check_lr(lr)
        common.check_range("momentum value", momentum)
        common.check_range("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        common.check_implementation("SGD", differentiable, foreach, fused)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def move(self, parameter: Array, grad: Array, state: State, group: Group) -> None:
        momentum, decay = group["momentum"], common.number(group["weight_decay"])
        lr = np.array(common.number(group["lr"]), parameter.dtype)
        if not momentum and not decay and parameter.size <= common.SMALL:
            np.subtract(parameter, np.multiply(grad, lr), out=parameter)
            return
        dampening, nesterov = group["dampening"], group["nesterov"]
        if not momentum:
            for p, g, spare in common.pieces(parameter, grad, spare=1):
                g = common.decayed(p, g, decay, spare)
                np.subtract(p, np.multiply(g, lr, out=spare), out=p)
            return
        buffer = state.get("momentum_buffer")
        is_first = buffer is None
        if buffer is None:
            buffer = state["momentum_buffer"] = Tensor._wrap(np.empty_like(parameter))
        keep, rest = common.constants(parameter, momentum, 1 - dampening)
        for p, g, v, *spares in common.pieces(parameter, grad, buffer._array, spare=1 + nesterov):
            spare, step = spares[0], spares[-1]
            g = common.decayed(p, g, decay, spare)
            if is_first:
                np.copyto(v, g)
            else:
                np.multiply(v, keep, out=v)
                np.add(v, np.multiply(g, rest, out=spare) if dampening else g, out=v)
            if nesterov:
                v = np.add(g, np.multiply(v, keep, out=step), out=step)
            np.subtract(p, np.multiply(v, lr, out=step), out=p)
