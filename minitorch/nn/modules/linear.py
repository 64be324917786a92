"""Affine layers."""

from __future__ import annotations

import math
from typing import Any

from minitorch._tensor import Tensor
from minitorch.nn import functional as F, init
from minitorch.nn.modules.conv import reset_affine
from minitorch.nn.modules.module import Module
from minitorch.nn.modules.utils import add_affine
from minitorch.nn.parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """Gives back what it gets, whatever it was constructed with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return input


class Linear(Module):
    """``x @ weight.T + bias`` with a learned weight and bias.

    Shape: ``(*, in_features)`` to ``(*, out_features)``.

    >>> import minitorch
    >>> Linear(3, 2)(minitorch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    weight: Parameter
    bias: Parameter | None

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
        shape = (out_features, in_features)
        add_affine(self, shape, out_features if bias else None, device, dtype)

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


class Bilinear(Module):
    """``x1 @ weight[o] @ x2 + bias[o]`` for each output o, with a learned weight and bias.

    Shape: ``(*, in1_features)`` and ``(*, in2_features)`` to ``(*, out_features)``.

    Raises:
        ValueError: for no inputs.

    >>> import minitorch
    >>> Bilinear(3, 4, 2)(minitorch.zeros(5, 3), minitorch.zeros(5, 4)).shape
    torch.Size([5, 2])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        add_affine(self, shape, out_features if bias else None, device, dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias from U(-1 / sqrt(in1), 1 / sqrt(in1)), as PyTorch does."""
        if self.in1_features <= 0:
            raise ValueError(
                f"in1_features must be > 0, but got (in1_features={self.in1_features})"
            )
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
