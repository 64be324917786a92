"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.categorical import Categorical
from minitorch.distributions.distribution import Distribution


class MixtureSameFamily(Distribution):
    """Mixtures: first a component is drawn, then a value from it.

    Args:
        mixture_distribution: a `Categorical`, of which component.
        component_distribution: a distribution whose last batch dimension are the components.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for what is no such distribution, or shapes that do not fit.

    >>> import minitorch
    >>> d = minitorch.distributions
    >>> normals = d.Normal(minitorch.tensor([-1.0, 3.0]), 1.0)
    >>> MixtureSameFamily(d.Categorical(minitorch.ones(2)), normals).mean
    tensor(1.)
    """

    arg_constraints: ClassVar[Any] = {}
    _expanded: ClassVar = {
        **{"_component_distribution": 1, "_mixture_distribution": 0},
        **{"_num_component": None, "_event_ndims": None},
    }

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        of_mixture = mixture_distribution.batch_shape
        of_components = component_distribution.batch_shape[:-1]
        for size1, size2 in zip(reversed(of_mixture), reversed(of_components), strict=False):
            if size1 != 1 and size2 != 1 and size1 != size2:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({of_mixture}) is not compatible with "
                    f"`component_distribution.batch_shape`({of_components})"
                )
        count, components = (
            mixture_distribution.logits.shape[-1],
            component_distribution.batch_shape[-1],
        )
        if count != components:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = count
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(of_components, event_shape, validate_args=validate_args)

    @constraints.dependent_property
    def support(self) -> Any:
        """The components'."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """Of which component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    def _mean_of(self, of_component: Tensor) -> Tensor:
        """The mean over the components of what they have."""
        probs = self._mixture_distribution.probs
        missing = len(self._batch_shape) - len(self._mixture_distribution.batch_shape)
        if len(self._mixture_distribution.batch_shape) == 1:
            missing = 0
        shape = (*probs.shape[:-1], *(1,) * missing, probs.shape[-1], *(1,) * self._event_ndims)
        return (probs.reshape(shape) * of_component).sum(-1 - self._event_ndims)

    @property
    def mean(self) -> Tensor:
        return self._mean_of(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        components = self._component_distribution
        off = components.mean - self._pad(self.mean)
        return self._mean_of(components.variance) + self._mean_of(off.pow(2.0))

    def _pad(self, x: Tensor) -> Tensor:
        return x.unsqueeze(-1 - self._event_ndims)

    def cdf(self, value: Tensor) -> Tensor:
        cdfs = self._component_distribution.cdf(self._pad(value))
        return (cdfs * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        log_probs = self._component_distribution.log_prob(self._pad(value))
        return (log_probs + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            values = self._component_distribution.sample(sample_shape)
            dim = len(sample_shape) + len(self._batch_shape)
            chosen = chosen.reshape(*chosen.shape, *(1,) * (self._event_ndims + 1))
            chosen = chosen.expand(*chosen.shape[: dim + 1], *self._event_shape)
            return values.gather(dim, chosen).squeeze(dim)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self._mixture_distribution},\n  "
            f"{self._component_distribution})"
        )
