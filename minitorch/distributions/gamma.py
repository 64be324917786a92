"""The gamma distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.exp_family import ExponentialFamily
from minitorch.distributions.utils import broadcast_all, limits
from minitorch.factory import as_tensor
from minitorch.ops.math.bivariate import igamma, xlogy
from minitorch.ops.math.random import _standard_gamma


class Gamma(ExponentialFamily):
    """Gamma distributions, of density ``x**(concentration - 1) * exp(-rate * x)``, scaled.

    Args:
        concentration, rate: numbers or tensors that broadcast.
        validate_args: whether to check arguments.

    Samples are differentiable: a draw moves with the concentration so that its `cdf` stays.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> a = minitorch.tensor(2.0, requires_grad=True)
    >>> x = Gamma(a, 1.0).rsample()
    >>> x.backward()
    >>> x.item() > 0, a.grad > 0
    (True, tensor(True))
    """

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support: ClassVar[Any] = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded: ClassVar = {"concentration": 0, "rate": 0}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        value = _standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=limits(value).tiny)  # whose gradient stays
        return value

    def log_prob(self, value: Any) -> Tensor:
        value = as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        a, rate = self.concentration, self.rate
        return xlogy(a, rate) + xlogy(a - 1, value) - rate * value - a.lgamma()

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return igamma(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
