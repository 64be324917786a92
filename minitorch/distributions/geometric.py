"""The geometric distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.utils import ODDS, OfOdds, broadcast_all, empty_as, limits
from minitorch.factory import zeros_like
from minitorch.nn.functional import binary_cross_entropy_with_logits


class Geometric(OfOdds, Distribution):
    """Numbers of failures before the first success.

    Args:
        probs, logits: one of them, of a success: a number or a tensor.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both or neither, or a success that cannot be.

    >>> Geometric(0.25).mean
    tensor(3.)
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support: ClassVar[Any] = constraints.nonnegative_integer
    _expanded: ClassVar = ODDS

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            value = self.probs
            raise ValueError(
                f"Expected parameter probs ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"of distribution {self!r} to be positive but found invalid values:\n"
                f"{value.detach()[value <= 0]}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        tiny = limits(self.probs).tiny
        with no_grad():
            u = empty_as(self._extended_shape(sample_shape), self.probs).uniform_(tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        probs = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        of_trial = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return of_trial / self.probs
