"""Affine layers."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.factory import empty
from minitorch.nn import functional as F
from minitorch.nn.modules.conv import reset_affine
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter


class Linear(Module):
    """``x @ weight.T + bias`` with a learned weight and bias.

    Shape: ``(*, in_features)`` to ``(*, out_features)``.

    >>> import minitorch
    >>> Linear(3, 2)(minitorch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, dtype=dtype, device=device))
        if bias:
            self.bias: Parameter | None = Parameter(empty(out_features, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1 / sqrt(in), 1 / sqrt(in)), as PyTorch does."""
        reset_affine(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Identity(Module):
    """Gives back what it gets, whatever it was constructed with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input
