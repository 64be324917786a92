"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.exp_family import ExponentialFamily
from minitorch.distributions.utils import ODDS, OfOdds, broadcast_all, clamp_probs, lazy_property
from minitorch.factory import ones_like
from minitorch.nn.functional import binary_cross_entropy_with_logits
from minitorch.ops.math.select import where
from minitorch.sampling import rand


class ContinuousBernoulli(OfOdds, ExponentialFamily):
    """Values in 0 to 1 of density ``probs**x * (1 - probs)**(1 - x)``, scaled.

    G. Loaiza-Ganem and J. P. Cunningham, "The continuous Bernoulli: fixing a pervasive error in
    variational autoencoders", 2019, https://arxiv.org/abs/1907.06845.

    Args:
        probs, logits: one of them: a number or a tensor.
        lims: between these, about 1/2, where the formulas are 0 / 0, `probs` takes their series.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both or neither.

    >>> import minitorch
    >>> ContinuousBernoulli(0.5).log_prob(minitorch.tensor(0.3))
    tensor(0.)
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support: ClassVar[Any] = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded: ClassVar = {"_lims": None, **ODDS}

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._take(probs, logits)
        if probs is not None:
            constraint = self.arg_constraints["probs"]
            if validate_args is not None and not constraint.check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = self._param = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    @lazy_property
    def probs(self) -> Any:
        """The parameter, kept away from 0 and 1."""
        return clamp_probs(self.logits.sigmoid())

    def _is_far(self) -> Tensor:
        """Where the formulas hold."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _far_probs(self) -> Tensor:
        """`probs`, with a number that does no harm where the formulas do not hold."""
        return where(self._is_far(), self.probs, self._lims[0] * ones_like(self.probs))

    def _log_odds_against(self) -> Tensor:
        far = self._far_probs()
        return (-far).log1p() - far.log()

    def _cont_bern_log_norm(self) -> Tensor:
        """The logarithm of the factor that scales the density: of 2 artanh(1 - 2p) / (1 - 2p)."""
        far = self._far_probs()
        below = where(far <= 0.5, far, 0.0)
        above = where(far >= 0.5, far, 1.0)
        log_width = where(far <= 0.5, (-2.0 * below).log1p(), (2.0 * above - 1.0).log())
        x = (self.probs - 0.5).pow(2)
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return where(self._is_far(), self._log_odds_against().abs().log() - log_width, series)

    @property
    def mean(self) -> Tensor:
        far, x = self._far_probs(), self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.pow(2)) * x
        return where(self._is_far(), far / (2.0 * far - 1.0) + 1 / self._log_odds_against(), series)

    @property
    def variance(self) -> Tensor:
        far, x = self._far_probs(), (self.probs - 0.5).pow(2)
        exact = far * (far - 1.0) / (1.0 - 2.0 * far).pow(2) + self._log_odds_against().pow(-2)
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return where(self._is_far(), exact, series)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.probs.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        unscaled = -binary_cross_entropy_with_logits(logits, value, reduction="none")
        return unscaled + self._cont_bern_log_norm()

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        far = self._far_probs()
        exact = (far**value * (1.0 - far) ** (1.0 - value) + far - 1.0) / (2.0 * far - 1.0)
        inside = where(self._is_far(), exact, value)
        return where(value <= 0.0, 0.0, where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        far = self._far_probs()
        log_ratio = (-far + value * (2.0 * far - 1.0)).log1p() - (-far).log1p()
        return where(self._is_far(), log_ratio / -self._log_odds_against(), value)

    def entropy(self) -> Tensor:
        log_0, log_1 = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log_0 - log_1) - self._cont_bern_log_norm() - log_0

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        low, high = (limit - 0.5 for limit in self._lims)
        is_far = (x <= low) | (x > high)
        far = where(is_far, x, low * ones_like(x))
        series = 0.5 * x + x.pow(2) / 24.0 - x.pow(4) / 2880.0
        return where(is_far, far.expm1().abs().log() - far.abs().log(), series)
