"""Distributions of transformed variables."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.independent import Independent
from minitorch.distributions.transforms import (
    ComposeTransform,
    Transform,
)
from minitorch.distributions.utils import sum_rightmost


class TransformedDistribution(Distribution):
    """Distributions of what transforms make, one after the other, of another's values.

    Args:
        base_distribution: the other.
        transforms: one, or a list.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for what is no transform, or too few dimensions.

    >>> import minitorch
    >>> from minitorch.distributions import AffineTransform, SigmoidTransform, Uniform
    >>> transforms = [SigmoidTransform().inv, AffineTransform(loc=1.0, scale=2.0)]
    >>> logistic = TransformedDistribution(Uniform(0.0, 1.0), transforms)
    >>> logistic.cdf(minitorch.tensor(1.0))
    tensor(0.5000)
    """

    arg_constraints: ClassVar[Any] = {}
    _expanded: ClassVar = {}

    def __init__(
        self, base_distribution: Any, transforms: Any, validate_args: bool | None = None
    ) -> None:
        if isinstance(transforms, Transform):
            transforms = [transforms]
        if not isinstance(transforms, list):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        if not all(isinstance(t, Transform) for t in transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        self.transforms = transforms
        shape = base_distribution.batch_shape + base_distribution.event_shape
        event_dim = len(base_distribution.event_shape)
        whole = ComposeTransform(transforms)
        domain_dim, codomain_dim = whole.domain.event_dim, whole.codomain.event_dim
        if len(shape) < domain_dim:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{domain_dim}, but got {shape}."
            )
        forward_shape = whole.forward_shape(shape)
        expanded = whole.inverse_shape(forward_shape)
        if shape != expanded:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - event_dim])
        if domain_dim > event_dim:
            base_distribution = Independent(base_distribution, domain_dim - event_dim)
        self.base_dist: Any = base_distribution
        cut = len(forward_shape) - max(codomain_dim, event_dim + codomain_dim - domain_dim)
        batch_shape, event_shape = Size(forward_shape[:cut]), Size(forward_shape[cut:])
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        shape = new._batch_shape + self._event_shape
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        new.transforms = self.transforms
        return new

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """The last transform's codomain."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        extra = len(self._event_shape) - support.event_dim
        return constraints.independent(support, extra) if extra > 0 else support

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the other distribution has."""
        return self.base_dist.has_rsample

    def _transformed(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        return self._transformed(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        event_dim, stretched, y = len(self._event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            near, far = transform.domain.event_dim, transform.codomain.event_dim
            event_dim += near - far
            term = transform.log_abs_det_jacobian(x, y)
            stretched = stretched + sum_rightmost(term, event_dim - near)
            y = x
        base = self.base_dist.log_prob(y)
        return sum_rightmost(base, event_dim - len(self.base_dist.event_shape)) - stretched

    def _turned(self, value: Tensor) -> Tensor:
        """Probabilities of the other tail, where the transforms go down."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._transformed(self.base_dist.icdf(self._turned(value)))
