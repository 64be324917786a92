"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.optim.optimizer import Optimizer, check_range


class SGD(Optimizer):
    """Step against the gradient: ``p -= lr * v``, where ``v = momentum * v + (1 - dampening) * g``.

    g is the gradient plus ``weight_decay * p``; at the first step v = g. With `nesterov` the step
    is ``lr * (g + momentum * v)`` (Sutskever et al., 2013, in PyTorch's form:
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).

    Args:
        params: parameters, or groups of them.
        lr: the learning rate, >= 0.
        momentum, dampening, weight_decay, nesterov: as above.
        maximize: step along the gradient instead.
        foreach, fused: accepted; there is one implementation.
        differentiable: not covered.

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
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        check_range("learning rate", lr)
        check_range("momentum value", momentum)
        check_range("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        if differentiable:
            raise NotImplementedError("SGD: differentiable=True is not covered")
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

    def update(self, group: dict[str, Any]) -> None:
        """Step one group in place."""
        lr = group["lr"].item() if isinstance(group["lr"], Tensor) else group["lr"]
        momentum, decay = group["momentum"], group["weight_decay"]
        for parameter in group["params"]:
            if parameter._grad is None:
                continue
            p, g = parameter._array, parameter._grad._array
            if group["maximize"]:
                g = -g
            if decay:
                g = g + _times(p, decay)
            if momentum:
                g = self._with_momentum(parameter, g, group)
            np.subtract(p, _times(g, lr), out=p)
            parameter._bump_version()

    def _with_momentum(self, parameter: Tensor, g: Array, group: dict[str, Any]) -> Array:
        """The step's direction, with the velocity updated in place."""
        momentum = group["momentum"]
        state = self.state[parameter]
        velocity = state.get("momentum_buffer")
        if velocity is None:
            velocity = state["momentum_buffer"] = Tensor._wrap(np.array(g))
        else:
            v = velocity._array
            np.multiply(v, v.dtype.type(momentum), out=v)
            np.add(v, _times(g, 1 - group["dampening"]), out=v)
            velocity._bump_version()
        if group["nesterov"]:
            return g + _times(velocity._array, momentum)
        return velocity._array


def _times(array: Array, factor: float) -> Array:
    """``array * factor`` in the array's own dtype."""
    return array if factor == 1 else np.multiply(array, array.dtype.type(factor))
