"""The logistic normal distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.normal import Normal
from minitorch.distributions.transformed_distribution import TransformedDistribution
from minitorch.distributions.transforms import StickBreakingTransform


class LogisticNormal(TransformedDistribution):
    """Shares that sum to 1, made of normal variables by `StickBreakingTransform`.

    Args:
        loc, scale: (..., K - 1), the normal variables' means and standard deviations.
        validate_args: whether to check arguments.

    >>> import minitorch
    >>> LogisticNormal(minitorch.zeros(3), 1.0).sample().shape
    torch.Size([4])
    """

    arg_constraints: ClassVar[Any] = {"loc": constraints.real, "scale": constraints.positive}
    support: ClassVar[Any] = constraints.simplex
    has_rsample = True
    _expanded: ClassVar = {}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        """The normal variables' means."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The normal variables' standard deviations."""
        return self.base_dist.base_dist.scale
