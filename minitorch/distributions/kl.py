"""Divergences between distributions, by a table of pairs of their types."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from minitorch._tensor import Tensor
from minitorch.distributions.bernoulli import Bernoulli
from minitorch.distributions.beta import Beta
from minitorch.distributions.binomial import Binomial
from minitorch.distributions.categorical import Categorical
from minitorch.distributions.cauchy import Cauchy
from minitorch.distributions.continuous_bernoulli import ContinuousBernoulli
from minitorch.distributions.dirichlet import Dirichlet
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.exp_family import ExponentialFamily
from minitorch.distributions.exponential import Exponential
from minitorch.distributions.gamma import Gamma
from minitorch.distributions.geometric import Geometric
from minitorch.distributions.gumbel import Gumbel
from minitorch.distributions.half_normal import HalfNormal
from minitorch.distributions.independent import Independent
from minitorch.distributions.laplace import Laplace
from minitorch.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    lowrank_log_det,
    lowrank_mahalanobis,
    whitened,
)
from minitorch.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_det,
    mahalanobis,
)
from minitorch.distributions.normal import Normal
from minitorch.distributions.one_hot_categorical import OneHotCategorical
from minitorch.distributions.pareto import Pareto
from minitorch.distributions.poisson import Poisson
from minitorch.distributions.transformed_distribution import TransformedDistribution
from minitorch.distributions.uniform import Uniform
from minitorch.distributions.utils import euler_constant, sum_rightmost
from minitorch.factory import full_like
from minitorch.linalg import solve_triangular
from minitorch.nn.functional import softplus
from minitorch.ops.math.bivariate import xlogy

Divergence = Callable[[Any, Any], Tensor]
_registered: dict[tuple[type, type], Divergence] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[[Divergence], Divergence]:
    """A decorator for the function that gives the divergence of a pair of types.

    Raises:
        TypeError: for what is no type. Any type will do: libraries have their own distributions.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type):
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


# ---- infinite ---------------------------------------------------------------------------------

# Where q gives no probability to values that p draws: by the type of p, a parameter of its shape,
# and the types of q.
_INFINITE: dict[type, tuple[str, tuple[type, ...]]] = {
    Beta: ("concentration1", (Pareto,)),
    ContinuousBernoulli: ("probs", (Pareto,)),
    Exponential: ("rate", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    Gamma: ("concentration", (Beta, ContinuousBernoulli, Pareto, Uniform)),
    Gumbel: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Laplace: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Normal: ("loc", (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)),
    Pareto: ("scale", (Beta, ContinuousBernoulli, Uniform)),
    Poisson: ("rate", (Bernoulli, Binomial)),
}
for _type_p, (_name, _types_q) in _INFINITE.items():
    for _type_q in _types_q:
        register_kl(_type_p, _type_q)(
            lambda p, q, name=_name: full_like(getattr(p, name), math.inf)  # type: ignore[misc]
        )


# ---- of a type and itself ---------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros = zeros.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)
    return ones + zeros


@register_kl(Beta, Beta)
def _beta_beta(p: Beta, q: Beta) -> Tensor:
    return _dirichlet_dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _binomial_binomial(p: Binomial, q: Binomial) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    of_trial = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * of_trial).masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Categorical, Categorical)
def _categorical_categorical(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(Cauchy, Cauchy)
def _cauchy_cauchy(p: Cauchy, q: Cauchy) -> Tensor:
    square = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return square.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_continuous(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    of_p = p.mean * p.logits + p._cont_bern_log_norm() + (-p.probs).log1p()
    return of_p - (p.mean * q.logits + q._cont_bern_log_norm() + (-q.probs).log1p())


@register_kl(Dirichlet, Dirichlet)
def _dirichlet_dirichlet(p: Dirichlet, q: Dirichlet) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    normalizers = q._log_normalizer(b) - p._log_normalizer(a)
    return normalizers + ((a - b) * (a.digamma() - total.digamma().unsqueeze(-1))).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential_exponential(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - ratio.log() - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _family_family(p: ExponentialFamily, q: ExponentialFamily) -> Tensor:
    """Bregman's divergence of the log normaliser, from q's natural parameters to p's."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    params, normalizer, means = p._expected()
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, mean in zip(params, q._natural_params, means, strict=True):
        term = (of_q - of_p) * mean
        # (a family's parameters may have different event dimensions: so have a Wishart's)
        result = result - sum_rightmost(term, term.dim() - len(q._batch_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma_gamma(p: Gamma, q: Gamma) -> Tensor:
    a, b = p.concentration, q.concentration
    normalizers = b.lgamma() - a.lgamma() + b * (p.rate / q.rate).log()
    return normalizers + (a - b) * a.digamma() + (q.rate - p.rate) * (a / p.rate)


@register_kl(Geometric, Geometric)
def _geometric_geometric(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _gumbel_gumbel(p: Gumbel, q: Gumbel) -> Tensor:
    ratio, off = p.scale / q.scale, (p.loc - q.loc) / q.scale
    power = ((1 + ratio).lgamma() - off).exp()
    return off - ratio.log() + ratio * euler_constant + power - (1 + euler_constant)


@register_kl(HalfNormal, HalfNormal)
def _half_normal_half_normal(p: HalfNormal, q: HalfNormal) -> Tensor:
    return _normal_normal(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Laplace, Laplace)
def _laplace_laplace(p: Laplace, q: Laplace) -> Tensor:
    ratio, off = p.scale / q.scale, (p.loc - q.loc).abs()
    return off / q.scale - ratio.log() + ratio * (-off / p.scale).exp() - 1


@register_kl(Normal, Normal)
def _normal_normal(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_one_hot(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categorical_categorical(p._categorical, q._categorical)


@register_kl(Pareto, Pareto)
def _pareto_pareto(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return result.masked_fill(p.scale < q.scale, math.inf)


@register_kl(Poisson, Poisson)
def _poisson_poisson(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform_uniform(p: Uniform, q: Uniform) -> Tensor:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


# ---- of normal vectors ------------------------------------------------------------------------


def _same_dimension(p: Distribution, q: Distribution, kind: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {kind} with different event shapes cannot be computed: "
            f"{p.event_shape} and {q.event_shape}"
        )


def _square(x: Tensor) -> Tensor:
    """The sum of squares of a matrix."""
    return x.pow(2).sum((-2, -1))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_multivariate(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_dimension(p, q, "Multivariate Normals")
    L_p, L_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    trace = _square(solve_triangular(L_q, L_p, upper=False))
    distance = mahalanobis(L_q, q.loc - p.loc)
    return half_log_det(L_q) - half_log_det(L_p) + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _lowrank_lowrank(p: LowRankMultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_dimension(p, q, "Low Rank Multivariate Normals")
    W, D, _ = p._parts
    _, D_q, capacitance = q._parts
    log_dets = lowrank_log_det(*q._parts) - lowrank_log_det(*p._parts)
    distance = lowrank_mahalanobis(*q._parts[:2], q.loc - p.loc, capacitance)
    A = whitened(*q._parts)
    of_factor = _square(W * D_q.rsqrt().unsqueeze(-1)) - _square(A @ W)
    trace = (D / D_q).sum(-1) - _square(A * D.sqrt().unsqueeze(-2)) + of_factor
    return 0.5 * (log_dets + trace + distance - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _multivariate_lowrank(p: MultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_dimension(p, q, "(Low Rank) Multivariate Normals")
    L = p._unbroadcasted_scale_tril
    _, D_q, capacitance = q._parts
    log_dets = lowrank_log_det(*q._parts) - 2 * half_log_det(L)
    distance = lowrank_mahalanobis(*q._parts[:2], q.loc - p.loc, capacitance)
    trace = _square(L * D_q.rsqrt().unsqueeze(-1)) - _square(whitened(*q._parts) @ L)
    return 0.5 * (log_dets + trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _lowrank_multivariate(p: LowRankMultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_dimension(p, q, "(Low Rank) Multivariate Normals")
    W, D, _ = p._parts
    L = q._unbroadcasted_scale_tril
    log_dets = 2 * half_log_det(L) - lowrank_log_det(*p._parts)
    roots = (solve_triangular(L, x, upper=False) for x in (W, D.sqrt().diag_embed()))
    trace = sum(_square(root) for root in roots)
    return 0.5 * (log_dets + trace + mahalanobis(L, q.loc - p.loc) - p.event_shape[0])


# ---- of two types -----------------------------------------------------------------------------


def _cross_entropy_with_normal(mean: Tensor, variance: Tensor, q: Normal) -> Tensor:
    """The mean under p of ``-log(q)``, which depends on p's first moments alone."""
    of_scale = 0.5 * math.log(2 * math.pi) + q.scale.log()
    return of_scale + 0.5 * (variance + (mean - q.loc).pow(2)) / q.scale.pow(2)


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Uniform, Normal)
def _any_normal(p: Distribution, q: Normal) -> Tensor:
    return _cross_entropy_with_normal(p.mean, p.variance, q) - p.entropy()


@register_kl(Pareto, Normal)
def _pareto_normal(p: Pareto, q: Normal) -> Tensor:
    alpha = p.alpha.masked_fill(p.alpha <= 2, 3)  # a number that does no harm
    over = p.scale / (alpha - 1)
    variance = alpha * over.pow(2) / (alpha - 2)
    result = _cross_entropy_with_normal(alpha * over, variance, q) - p.entropy()
    return result.masked_fill(p.alpha <= 2, math.inf)


def _cross_entropy_with_gamma(mean: Tensor, mean_log: Tensor, q: Any) -> Tensor:
    """The mean under p of ``-log(q)``, for a gamma or exponential q."""
    a: Any = getattr(q, "concentration", None)
    if a is None:
        return q.rate * mean - q.rate.log()
    return a.lgamma() - a * q.rate.log() - (a - 1) * mean_log + q.rate * mean


@register_kl(Beta, Exponential)
@register_kl(Beta, Gamma)
def _beta_gamma(p: Beta, q: Any) -> Tensor:
    a, b = p.concentration1, p.concentration0
    mean_log = a.digamma() - (a + b).digamma()
    return _cross_entropy_with_gamma(p.mean, mean_log, q) - p.entropy()


@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
def _any_exponential(p: Distribution, q: Exponential) -> Tensor:
    return q.rate * p.mean - q.rate.log() - p.entropy()


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    mean_log = -p.rate.log() - euler_constant
    return _cross_entropy_with_gamma(p.mean, mean_log, q) - p.entropy()


@register_kl(Pareto, Exponential)
@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Pareto, q: Any) -> Tensor:
    alpha = p.alpha.masked_fill(p.alpha <= 1, 2)  # a number that does no harm
    mean = alpha * p.scale / (alpha - 1)
    mean_log = p.scale.log() + alpha.reciprocal()
    result = _cross_entropy_with_gamma(mean, mean_log, q) - p.entropy()
    return result.masked_fill(p.alpha <= 1, math.inf)


@register_kl(Uniform, Exponential)
@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Uniform, q: Any) -> Tensor:
    result = _cross_entropy_with_gamma(p.mean, _mean_log(p.low, p.high), q) - p.entropy()
    return result.masked_fill(p.low < 0, math.inf)


def _mean_log(low: Tensor, high: Tensor) -> Tensor:
    """The mean logarithm between two numbers."""
    return (xlogy(high, high) - xlogy(low, low)) / (high - low) - 1


def _cross_entropy_with_gumbel(mean: Tensor, mean_power: Tensor, q: Gumbel) -> Tensor:
    """The mean under p of ``-log(q)``; `mean_power` is that of ``exp(-x / q.scale)``."""
    off = q.loc / q.scale
    return q.scale.log() + mean / q.scale - off + off.exp() * mean_power


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Exponential, q: Gumbel) -> Tensor:
    product = p.rate * q.scale
    return _cross_entropy_with_gumbel(p.mean, product / (product + 1), q) - p.entropy()


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Gamma, q: Gumbel) -> Tensor:
    mean_power = (1 + (p.rate * q.scale).reciprocal()).pow(-p.concentration)
    return _cross_entropy_with_gumbel(p.mean, mean_power, q) - p.entropy()


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Normal, q: Gumbel) -> Tensor:
    # (in one power, which does not overflow where the two means are large and near)
    mean_power = (0.5 * (p.scale / q.scale).pow(2) + (q.loc - p.loc) / q.scale).exp()
    return q.scale.log() + (p.loc - q.loc) / q.scale + mean_power - p.entropy()


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Uniform, q: Gumbel) -> Tensor:
    ratio = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * ((-high).exp() - (-low).exp())


def _cross_entropy_with_continuous(mean: Tensor, q: ContinuousBernoulli) -> Tensor:
    return -mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous(p: Beta, q: ContinuousBernoulli) -> Tensor:
    return _cross_entropy_with_continuous(p.mean, q) - p.entropy()


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    result = _cross_entropy_with_continuous(p.mean, q) - p.entropy()
    return result.masked_fill((p.high >= 1) | (p.low <= 0), math.inf)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Beta, q: Uniform) -> Tensor:
    result = (q.high - q.low).log() - p.entropy()
    return result.masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_uniform(p: ContinuousBernoulli, q: Uniform) -> Tensor:
    result = (q.high - q.low).log() - p.entropy()
    return result.masked_fill((q.low >= 0) | (q.high <= 1), math.inf)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    off = p.loc - q.loc
    z = off / p.scale
    mean_size = math.sqrt(2 / math.pi) * p.scale * (-0.5 * z.pow(2)).exp()
    mean_size = mean_size + off * (math.sqrt(0.5) * z).erf()
    return (2 * q.scale).log() + mean_size / q.scale - p.entropy()


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    a, b = q.concentration1, q.concentration0
    powers = (a - 1) * _mean_log(p.low, p.high) + (b - 1) * _mean_log(1 - p.high, 1 - p.low)
    result = q._log_normalizer(a, b) - powers - p.entropy()
    return result.masked_fill((p.high > 1) | (p.low < 0), math.inf)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    of_scale = q.alpha.log() + q.alpha * q.scale.log()
    result = (q.alpha + 1) * _mean_log(p.low, p.high) - of_scale - p.entropy()
    return result.masked_fill(p.low < q.scale, math.inf)
