"""The Poisson distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.exp_family import ExponentialFamily
from minitorch.distributions.utils import broadcast_all
from minitorch.ops.math.random import poisson


class Poisson(ExponentialFamily):
    """Counts of mean `rate`.

    Args:
        rate: a number or a tensor.
        validate_args: whether to check arguments.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> Poisson(4.0).sample((3,))
    tensor([7., 3., 5.])
    """

    arg_constraints: ClassVar[Any] = {"rate": constraints.nonnegative}
    support: ClassVar[Any] = constraints.nonnegative_integer
    _expanded: ClassVar = {"rate": 0}

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.rate

    variance = mean

    @property
    def mode(self) -> Tensor:
        return self.rate.floor()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.rate.log(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        return x.exp()
