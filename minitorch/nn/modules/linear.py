"""Affine layers."""

from __future__ import annotations

import math
from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.nn import functional as F, init
from minitorch.nn.modules.conv import reset_affine
from minitorch.nn.modules.lazy import LazyModuleMixin
from minitorch.nn.modules.module import Module
from minitorch.nn.modules.utils import add_affine
from minitorch.nn.parameter import Parameter, UninitializedParameter

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


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


class NonDynamicallyQuantizableLinear(Linear):
    """A `Linear`, under the name that PyTorch gives the one at the end of an attention."""


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


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` that finds out its in_features when it is first called.

    Shape: ``(*, in_features)`` to ``(*, out_features)``.

    Raises:
        AssertionError: for a first input that does not fit weights loaded before.

    >>> import minitorch
    >>> layer = LazyLinear(2)
    >>> layer
    LazyLinear(in_features=0, out_features=2, bias=True)
    >>> _ = layer(minitorch.zeros(5, 3))
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias as `Linear` does, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self: Any, input: Tensor) -> None:
        """Give weight and bias the shapes that the input asks for, and draw them."""
        given = input.shape[-1]
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = given
                self.weight.materialize((self.out_features, given))
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))
                self.reset_parameters()
        if self.in_features == 0:  # the weights were loaded
            held = self.weight.shape[-1]
            if given != held:
                raise AssertionError(
                    f"The in_features inferred from input: {given} is not equal to in_features "
                    f"from self.weight: {held}"
                )
            self.in_features = given
