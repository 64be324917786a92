"""What is done to all parameters of a model at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.factory import tensor
from minitorch.nn.utils import rnn
from minitorch.ops.shape import cat, stack

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "parameters_to_vector",
    "rnn",
    "vector_to_parameters",
]


def _gradients(parameters: Any) -> list[Tensor]:
    several = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [p.grad for p in several if p.grad is not None]


@no_grad()
def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients down together, if their common norm is above `max_norm`.

    Returns:
        The norm before.

    Raises:
        RuntimeError: for a norm that is not finite, if asked to.
    """
    grads = _gradients(parameters)
    if not grads:
        return tensor(0.0)
    total = stack([g.norm(norm_type) for g in grads]).norm(norm_type)
    if error_if_nonfinite and not np.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    scale = (max_norm / (total + 1e-6)).clamp(max=1.0)
    for gradient in grads:
        gradient.mul_(scale)
    return total


@no_grad()
def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every element of every gradient between ``-clip_value`` and ``clip_value``."""
    for gradient in _gradients(parameters):
        gradient.clamp_(-clip_value, clip_value)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, one after another, in one dimension."""
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give each parameter its stretch of `vec`.

    Raises:
        TypeError: if `vec` is no tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].reshape(parameter.shape).detach()
        start = end


__getattr__ = missing(__name__)
