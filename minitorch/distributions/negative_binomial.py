"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.gamma import Gamma
from minitorch.distributions.utils import ODDS, OfOdds, lazy_property
from minitorch.nn.functional import logsigmoid
from minitorch.ops.math.random import poisson


class NegativeBinomial(OfOdds, Distribution):
    """Numbers of successes before `total_count` failures.

    Args:
        total_count: of failures, not negative; need not be whole.
        probs, logits: one of them, of a success; broadcasts with `total_count`.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both `probs` and `logits`, or neither.

    >>> import minitorch
    >>> NegativeBinomial(3, minitorch.tensor(0.5)).mean
    tensor(3.)
    """

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support: ClassVar[Any] = constraints.nonnegative_integer
    _expanded: ClassVar = {"total_count": 0, **ODDS}

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    @lazy_property
    def _gamma(self) -> Any:
        """Of the rate, for this is a Poisson distribution whose rate is itself drawn."""
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return poisson(self._gamma.sample(sample_shape=sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        powers = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        ways = (n + value).lgamma() - (1.0 + value).lgamma() - n.lgamma()
        return powers + ways.masked_fill(n + value == 0.0, 0.0)
