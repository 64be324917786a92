"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minitorch._tensor import Tensor
from minitorch.ops.shape.views import cat


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, one after another, in one dimension."""
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give each parameter its stretch of `vec`, whose memory they share then.

    Raises:
        TypeError: if `vec` is no tensor.
        RuntimeError: if it is too short.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).detach()
        start = end
