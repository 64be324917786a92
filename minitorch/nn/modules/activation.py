"""Activations as layers; what they compute is in `minitorch.nn.functional`.

Shape: any, to the same, unless a layer says otherwise. `inplace` overwrites the input.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.factory import empty
from minitorch.nn import functional as F, init as inits
from minitorch.nn.modules._functional import UnaryModule
from minitorch.nn.modules.attention import MultiheadAttention as MultiheadAttention  # as PyTorch
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _Inplace(UnaryModule):
    """An activation whose only option is whether to overwrite the input."""

    _shown: ClassVar[tuple[str, ...]] = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return self._function(input, self.inplace)


class ReLU(_Inplace, function=F.relu):
    """``max(x, 0)``.

    >>> import minitorch
    >>> ReLU()(minitorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """


class SELU(_Inplace, function=F.selu):
    """The scaled exponential unit, which keeps mean and variance (Klambauer et al., 2017)."""


class SiLU(_Inplace, function=F.silu):
    """``x * sigmoid(x)``, also known as swish."""


class Mish(_Inplace, function=F.mish):
    """``x * tanh(softplus(x))`` (Misra, 2019)."""


class Hardsigmoid(_Inplace, function=F.hardsigmoid):
    """``clamp(x + 3, 0, 6) / 6``."""

    _shown = ()  # as in PyTorch


class Hardswish(_Inplace, function=F.hardswish):
    """``x * clamp(x + 3, 0, 6) / 6`` (Howard et al., Searching for MobileNetV3, 2019)."""

    _shown = ()  # as in PyTorch


class Hardtanh(UnaryModule, function=F.hardtanh, options=("min_val", "max_val", "inplace")):
    """``clamp(x, min_val, max_val)``; `min_value` and `max_value` are their old names.

    Raises:
        AssertionError: unless the one is less than the other.
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("min", min_value), ("max", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{name}_value` is deprecated and renamed to `{name}_val`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})"
            )


class ReLU6(Hardtanh):
    """``clamp(x, 0, 6)``."""

    _shown = ("inplace",)

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)


class _Alpha(UnaryModule, options=("alpha", "inplace")):
    """An exponential unit with a scale."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace


class ELU(_Alpha, function=F.elu):
    """``x`` above 0, ``alpha * (exp(x) - 1)`` below (Clevert et al., 2015)."""


class CELU(_Alpha, function=F.celu):
    """``x`` above 0, ``alpha * (exp(x / alpha) - 1)`` below (Barron, 2017)."""


class LeakyReLU(UnaryModule, function=F.leaky_relu, options=("negative_slope", "inplace")):
    """``x`` above 0, ``negative_slope * x`` below."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace


class RReLU(UnaryModule, function=F.rrelu, options=("lower", "upper", "training", "inplace")):
    """`LeakyReLU` with a slope drawn from U(lower, upper) for each element, in training.

    In evaluation the slope is the mean of the two.
    """

    _shown = ("lower", "upper", "inplace")

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace = lower, upper, inplace


class PReLU(UnaryModule, function=F.prelu):
    """`LeakyReLU` with a learned slope, one for all channels or one each (He et al., 2015).

    Args:
        num_parameters: 1, or the size of dimension 1.
        init: the initial slope.
    """

    _options, _shown = ("weight",), ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope back to `init`."""
        inits.constant_(self.weight, self.init)


class Threshold(UnaryModule, function=F.threshold, options=("threshold", "value", "inplace")):
    """``x`` where it is above `threshold`, else `value`."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace


class GELU(UnaryModule, function=F.gelu, options=("approximate",)):
    """``x`` times the normal distribution's P(X <= x) (Hendrycks & Gimpel, 2016).

    Args:
        approximate: 'none', or 'tanh' for the approximation that GPT-2 uses.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate


class GLU(UnaryModule, function=F.glu, options=("dim",)):
    """The first half along `dim` times the sigmoid of the second (Dauphin et al., 2016).

    Shape: an even size along `dim`, to half of it.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim


class _Shrink(UnaryModule, options=("lambd",)):
    """Base of `Hardshrink` and `Softshrink`."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Hardshrink(_Shrink, function=F.hardshrink):
    """``x``, but 0 between -lambd and lambd."""


class Softshrink(_Shrink, function=F.softshrink):
    """``x`` drawn towards 0 by `lambd`, and 0 between -lambd and lambd."""


class Softplus(UnaryModule, function=F.softplus, options=("beta", "threshold")):
    """``log(1 + exp(beta * x)) / beta``, and ``x`` itself where ``beta * x > threshold``."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold


class Sigmoid(UnaryModule, function=F.sigmoid):
    """``1 / (1 + exp(-x))``."""


class LogSigmoid(UnaryModule, function=F.logsigmoid):
    """The logarithm of the sigmoid."""


class Tanh(UnaryModule, function=F.tanh):
    """The hyperbolic tangent."""


class Tanhshrink(UnaryModule, function=F.tanhshrink):
    """``x - tanh(x)``."""


class Softsign(UnaryModule, function=F.softsign):
    """``x / (1 + abs(x))``."""


class _AlongDim(UnaryModule):
    """A softmax of some kind along a dimension.

    Without one, PyTorch's guess is made, with its warning against that, at the line of the call:
    two frames above `forward`.
    """

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return self._function(input, self.dim, _stacklevel=5)


class Softmax(_AlongDim, function=F.softmax):
    """``exp(x) / sum(exp(x))`` along `dim`.

    >>> import minitorch
    >>> Softmax(dim=0)(minitorch.zeros(4))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """


class LogSoftmax(_AlongDim, function=F.log_softmax):
    """The logarithm of the softmax along `dim`."""


class Softmin(_AlongDim, function=F.softmin):
    """The softmax of ``-x`` along `dim`."""


class Softmax2d(Module):
    """The softmax over the channels, at each place of an image.

    Shape: ``(N, C, H, W)`` or ``(C, H, W)``, to the same.

    Raises:
        ValueError: for any other number of dimensions.
    """

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead"
            )
        return F.softmax(input, -3)
