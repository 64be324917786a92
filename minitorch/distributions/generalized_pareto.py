"""The generalised Pareto distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.utils import broadcast_all
from minitorch.factory import ones_like, zeros_like
from minitorch.ops.math.compare import isclose
from minitorch.ops.math.select import where
from minitorch.sampling import rand


class GeneralizedPareto(Distribution):
    """Values beyond a high threshold: of survival ``(1 + c * (x - loc) / scale)**(-1 / c)``.

    Args:
        loc, scale: the threshold and the width.
        concentration: c, the weight of the tail: 0 is exponential, below it there is an end. All
            are numbers or tensors that broadcast.
        validate_args: whether to check arguments.

    >>> GeneralizedPareto(0.0, 1.0, 0.5).mean
    tensor(2.)
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    _expanded: ClassVar = {"loc": 0, "scale": 0, "concentration": 0}

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def _tail(self) -> tuple[Tensor, Tensor]:
        """Where the tail is exponential, and the concentration, 1 there."""
        is_zero = isclose(self.concentration, zeros_like(self.concentration))
        return is_zero, where(is_zero, 1.0, self.concentration)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, c = self._tail()
        power = 1 / c + ones_like(z)
        tail = where(power == 0, power, power * (c * z).log1p())
        return -self.scale.log() - where(is_zero, z, tail)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of a larger value."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, c = self._tail()
        return where(is_zero, -z, -(c * z).log1p() / c)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        is_zero, c = self._tail()
        log_rest = (-value).log1p()
        curved = self.loc + self.scale / c * (-c * log_rest).expm1()
        return where(is_zero, self.loc - self.scale * log_rest, curved)

    @property
    def mean(self) -> Tensor:
        exists = self.concentration < 1
        c = where(exists, self.concentration, 0.5)
        return where(exists, self.loc + self.scale / (1 - c), math.nan)

    @property
    def variance(self) -> Tensor:
        exists = self.concentration < 0.5
        c = where(exists, self.concentration, 0.25)
        return where(exists, self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From the threshold to the end, if there is one."""
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, where(self.concentration < 0, end, math.inf))
