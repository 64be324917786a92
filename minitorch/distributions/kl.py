"""Divergences between distributions, by a table of pairs of their types."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from minitorch._tensor import Tensor
from minitorch.distributions.bernoulli import Bernoulli
from minitorch.distributions.categorical import Categorical
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_det,
    mahalanobis,
)
from minitorch.distributions.normal import Normal
from minitorch.distributions.uniform import Uniform
from minitorch.factory import full_like
from minitorch.nn.functional import softplus
from minitorch.ops.math.decompositions import solve_triangular

Divergence = Callable[[Any, Any], Tensor]
_registered: dict[tuple[type, type], Divergence] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[[Divergence], Divergence]:
    """A decorator for the function that gives the divergence of a pair of types.

    Raises:
        TypeError: for a type that is no distribution.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def register(function: Divergence) -> Divergence:
        _registered[type_p, type_q] = function
        return function

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Kullback and Leibler's divergence of q from p: the expectation under p of log(p / q).

    Raises:
        NotImplementedError: for a pair of types that is not in the table.

    >>> import minitorch
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    type_p, type_q = type(p), type(q)
    found = [
        (type_p.__mro__.index(left), type_q.__mro__.index(right), function)
        for (left, right), function in _registered.items()
        if issubclass(type_p, left) and issubclass(type_q, right)
    ]
    if not found:
        names = f"p type {type_p.__name__} and q type {type_q.__name__}"
        raise NotImplementedError(f"No KL(p || q) is implemented for {names}")
    by_p = min(found, key=lambda entry: entry[:2])  # the most specific; the first type decides
    by_q = min(found, key=lambda entry: (entry[1], entry[0]))
    if by_p[2] is not by_q[2]:
        left, right = type_p.__mro__[by_p[0]], type_q.__mro__[by_q[1]]
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl("
            f"{left.__name__}, {right.__name__})",
            RuntimeWarning,
            stacklevel=2,
        )
    return by_p[2](p, q)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros = zeros.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)
    return ones + zeros


@register_kl(Categorical, Categorical)
def _categorical_categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(Normal, Normal)
def _normal_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            f"computed: {p.event_shape} and {q.event_shape}"
        )
    L_p, L_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    trace = solve_triangular(L_q, L_p, upper=False).pow(2).sum((-2, -1))
    distance = mahalanobis(L_q, q.loc - p.loc)
    return half_log_det(L_q) - half_log_det(L_p) + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Uniform, Uniform)
def _uniform_uniform(p: Uniform, q: Uniform) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width = p.high - p.low
    of_width = (math.sqrt(math.pi * 2) * q.scale / width).log()
    distance = ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return of_width + 0.5 * (width.pow(2) / 12 + distance) / q.scale.pow(2)


@register_kl(Normal, Uniform)
def _normal_uniform(p: Normal, q: Uniform) -> Tensor:
    return full_like(p.loc, math.inf)
