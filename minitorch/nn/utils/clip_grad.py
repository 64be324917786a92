"""Gradients held within bounds, all parameters' together."""

from __future__ import annotations

import types
import warnings
from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.factory import tensor
from minitorch.nn.init import _renamed
from minitorch.ops.math.norms import vector_norm
from minitorch.ops.shape.views import stack


def _listed(tensors: Any) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters: Any) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Any,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all the elements of all the tensors, as if they were one vector.

    Raises:
        RuntimeError: for a norm that is not finite, if asked to.

    >>> import minitorch
    >>> get_total_norm([minitorch.tensor([3.0]), minitorch.tensor([[4.0]])])
    tensor(5.)
    """
    norm_type = float(norm_type)
    several = _listed(tensors)
    if not several:
        return tensor(0.0)
    total = vector_norm(stack([vector_norm(t, norm_type) for t in several]), norm_type)
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by ``max_norm / total_norm``, unless that is above 1."""
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for gradient in _gradients(parameters):
        gradient.mul_(scale)


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
    several = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not several:
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total = get_total_norm(_gradients(several), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(several, max_norm, total, foreach)
    return total


clip_grad_norm = _renamed(clip_grad_norm_, "torch.nn.utils")


@no_grad()
def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Hold every element of every gradient between ``-clip_value`` and ``clip_value``."""
    limit = float(clip_value)
    for gradient in _gradients(parameters):
        gradient.clamp_(-limit, limit)
