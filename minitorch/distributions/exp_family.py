"""Exponential families, whose entropies and divergences follow from their normalisers."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad
from minitorch.distributions.distribution import Distribution


class ExponentialFamily(Distribution):
    """Distributions of density ``exp(x @ t(value) - F(x) + k(value))`` in natural parameters x.

    Subclasses give `_natural_params`, the log normaliser F in `_log_normalizer`, and the mean of
    the carrier measure k: what follows is F. Nielsen and R. Nock, "Entropies and Cross-entropies of
    Exponential Families", 2010.
    """

    _mean_carrier_measure: Any = NotImplemented

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *args: Any, **kwargs: Any) -> Any:  # of as many tensors
        raise NotImplementedError

    def _expected(self) -> tuple[tuple[Tensor, ...], Tensor, tuple[Tensor, ...]]:
        """The natural parameters, F, and its gradients: the means of the sufficient statistics.

        Unlike in PyTorch, all are differentiable in the distribution's own parameters.
        """
        given = self._natural_params
        with enable_grad():
            params = tuple(p.clone().requires_grad_() for p in given)  # that F alone depends on
            normalizer = self._log_normalizer(*params)
            means = grad(normalizer.sum(), params, create_graph=True)
        if not any(p.requires_grad for p in given):
            return given, normalizer.detach(), tuple(mean.detach() for mean in means)
        return params, normalizer, means

    def entropy(self) -> Tensor:
        if self._mean_carrier_measure is NotImplemented:
            raise NotImplementedError
        params, normalizer, means = self._expected()
        result = normalizer - self._mean_carrier_measure
        for param, mean in zip(params, means, strict=True):
            result = result - (param * mean).reshape(*self._batch_shape, -1).sum(-1)
        return result
