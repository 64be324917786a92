"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.transformed_distribution import TransformedDistribution
from minitorch.distributions.transforms import SigmoidTransform
from minitorch.distributions.utils import ODDS, OfOdds, broadcast_all, clamp_probs
from minitorch.sampling import rand


class LogitRelaxedBernoulli(OfOdds, Distribution):
    """Logits of `RelaxedBernoulli`, which have fewer overflows.

    Args:
        temperature: a tensor.
        probs, logits: one of them: a number or a tensor.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both `probs` and `logits`, or neither.
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support: ClassVar[Any] = constraints.real
    _expanded: ClassVar = {"temperature": None, **ODDS}

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        off = logits - value.mul(self.temperature)
        return self.temperature.log() + off - 2 * off.exp().log1p()


class Relaxed(TransformedDistribution):
    """Distributions of a temperature, whose parameters are those of what they transform."""

    @property
    def temperature(self) -> Any:
        """The lower, the nearer to the values of what is not relaxed."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """Logarithms of odds, or of probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self.base_dist.probs


class RelaxedBernoulli(Relaxed):
    """Values in 0 to 1 that are near ones and zeros at a low temperature, and differentiable.

    C. J. Maddison, A. Mnih and Y. W. Teh, "The Concrete Distribution", 2017,
    https://arxiv.org/abs/1611.00712.

    Args:
        temperature: a tensor.
        probs, logits: one of them, of a one: a number or a tensor.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both `probs` and `logits`, or neither.

    >>> import minitorch
    >>> p = RelaxedBernoulli(minitorch.tensor(0.1), 0.5)
    >>> p.has_rsample, p.temperature
    (True, tensor(0.1000))
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support: ClassVar[Any] = constraints.unit_interval
    has_rsample = True
    _expanded: ClassVar = {}

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)
