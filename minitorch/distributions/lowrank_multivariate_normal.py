"""The normal distribution of vectors, of low rank."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.multivariate_normal import half_log_det, mahalanobis
from minitorch.distributions.utils import lazy_property, standard_normal
from minitorch.factory import eye
from minitorch.linalg import cholesky, solve_triangular
from minitorch.ops.shape.views import broadcast_tensors


def whitened(W: Tensor, D: Tensor, capacitance: Tensor) -> Tensor:
    """``C @ W.mT / D``, where ``C.mT @ C`` is the capacitance's inverse (Woodbury's identity)."""
    return solve_triangular(capacitance, W.mT / D.unsqueeze(-2), upper=False)


def lowrank_log_det(W: Tensor, D: Tensor, capacitance: Tensor) -> Tensor:
    """The logarithm of the determinant of ``W @ W.mT + D`` (the matrix determinant lemma)."""
    return 2 * half_log_det(capacitance) + D.log().sum(-1)


def lowrank_mahalanobis(W: Tensor, D: Tensor, x: Tensor, capacitance: Tensor) -> Tensor:
    """``x @ inverse(W @ W.mT + D) @ x`` for each vector x (Woodbury's identity)."""
    projected = (W.mT / D.unsqueeze(-2) @ x.unsqueeze(-1)).squeeze(-1)
    return (x.pow(2) / D).sum(-1) - mahalanobis(capacitance, projected)


class LowRankMultivariateNormal(Distribution):
    """Normal distributions of vectors, with ``cov_factor @ cov_factor.mT + cov_diag`` covariance.

    Args:
        loc: (..., N), the means.
        cov_factor: (..., N, M), where M is small.
        cov_diag: (..., N), a diagonal.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for shapes that do not fit.

    >>> import minitorch
    >>> p = LowRankMultivariateNormal(minitorch.zeros(2), minitorch.ones(2, 1), minitorch.ones(2))
    >>> p.covariance_matrix
    tensor([[2., 1.],
            [1., 2.]])
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support: ClassVar[Any] = constraints.real_vector
    has_rsample = True
    _expanded: ClassVar = {
        **{"loc": 1, "cov_diag": 1, "cov_factor": 2, "_capacitance_tril": None},
        **{"_unbroadcasted_cov_factor": None, "_unbroadcasted_cov_diag": None},
    }

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = loc.shape[-1:]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2:-1] != event_shape:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m"
            )
        if cov_diag.shape[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            wide_loc, self.cov_factor, wide_diag = broadcast_tensors(
                loc.unsqueeze(-1), cov_factor, cov_diag.unsqueeze(-1)
            )
        except RuntimeError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {loc.shape}, cov_factor {cov_factor.shape}, "
                f"cov_diag {cov_diag.shape}"
            ) from error
        self.loc, self.cov_diag = wide_loc[..., 0], wide_diag[..., 0]
        self._unbroadcasted_cov_factor = W = cov_factor
        self._unbroadcasted_cov_diag = D = cov_diag
        self._capacitance_tril = cholesky(W.mT / D.unsqueeze(-2) @ W + eye(W.size(-1)).to(W))
        super().__init__(self.loc.shape[:-1], event_shape, validate_args=validate_args)

    @property
    def _parts(self) -> tuple[Tensor, Tensor, Tensor]:
        return (
            self._unbroadcasted_cov_factor,
            self._unbroadcasted_cov_diag,
            self._capacitance_tril,
        )

    def _matrix(self, matrix: Tensor) -> Tensor:
        """A matrix, broadcast to the batch."""
        return matrix.expand(*self._batch_shape, -1, -1)

    @property
    def mean(self) -> Tensor:
        return self.loc

    mode = mean

    @lazy_property
    def variance(self) -> Any:
        W, D, _ = self._parts
        return (W.pow(2).sum(-1) + D).expand(*self._batch_shape, *self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The covariance's lower triangular factor."""
        W, D, _ = self._parts
        root = D.sqrt().unsqueeze(-1)
        scaled = W / root
        return self._matrix(root * cholesky(scaled @ scaled.mT + eye(W.size(-2)).to(W)))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        W, D, _ = self._parts
        return self._matrix(W @ W.mT + D.diag_embed())

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        A = whitened(*self._parts)
        return self._matrix(self._unbroadcasted_cov_diag.reciprocal().diag_embed() - A.mT @ A)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        W, D, _ = self._parts
        in_factor = standard_normal(shape[:-1] + W.shape[-1:], self.loc)
        in_diag = standard_normal(shape, self.loc)
        return self.loc + (W @ in_factor.unsqueeze(-1)).squeeze(-1) + D.sqrt() * in_diag

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        W, D, capacitance = self._parts
        distance = lowrank_mahalanobis(W, D, value - self.loc, capacitance)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + lowrank_log_det(W, D, capacitance) + distance)

    def entropy(self) -> Tensor:
        constant = self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (0.5 * (constant + lowrank_log_det(*self._parts))).expand(self._batch_shape)
