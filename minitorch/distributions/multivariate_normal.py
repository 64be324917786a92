"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.utils import lazy_property, standard_normal
from minitorch.factory import eye
from minitorch.linalg import cholesky, solve_triangular
from minitorch.ops.shape.views import broadcast_shapes

SHAPED = ("scale_tril", "covariance_matrix", "precision_matrix")


class OfCovariance(Distribution):
    """Distributions of vectors with a covariance, which may be given in three ways."""

    _unbroadcasted_scale_tril: Tensor

    def _matrix(self, matrix: Tensor) -> Tensor:
        """A matrix, broadcast to the batch."""
        return matrix.expand(*self._batch_shape, *matrix.shape[-2:])

    @lazy_property
    def scale_tril(self) -> Any:
        """The covariance's lower triangular factor."""
        return self._matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        L = self._unbroadcasted_scale_tril
        return self._matrix(L @ L.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        return self._matrix(inverse_of_product(self._unbroadcasted_scale_tril))


class MultivariateNormal(OfCovariance):
    """Normal distributions of vectors, by their means and one of three matrices.

    Args:
        loc: (..., N), the means.
        covariance_matrix: (..., N, N), positive-definite.
        precision_matrix: its inverse.
        scale_tril: its lower triangular factor L, with ``L @ L.mT`` the covariance.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for several matrices or none, or too few dimensions.
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support: ClassVar[Any] = constraints.real_vector
    has_rsample = True
    _expanded: ClassVar = {"loc": 1, **dict.fromkeys(SHAPED, 2)}

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = dict(zip(SHAPED, (scale_tril, covariance_matrix, precision_matrix), strict=True))
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(
                f"{what} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand(*batch_shape, -1, -1))
        self.loc = loc.expand(*batch_shape, -1)
        super().__init__(Size(batch_shape), self.loc.shape[-1:], validate_args=validate_args)
        factors: Any = {"covariance_matrix": cholesky, "precision_matrix": factor_of_inverse}
        self._unbroadcasted_scale_tril = factors[name](matrix) if name in factors else matrix

    @property
    def mean(self) -> Tensor:
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        squares = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return squares.expand(*self._batch_shape, *self._event_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        distance = mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        constant = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (constant + distance) - half_log_det(self._unbroadcasted_scale_tril)

    def entropy(self) -> Tensor:
        constant = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi))
        return (constant + half_log_det(self._unbroadcasted_scale_tril)).expand(self._batch_shape)


def half_log_det(L: Tensor) -> Tensor:
    """Half the logarithm of the determinant of ``L @ L.mT``."""
    return L.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def mahalanobis(L: Tensor, x: Tensor) -> Tensor:
    """``x @ inverse(L @ L.mT) @ x`` for each vector x; the batches broadcast."""
    return solve_triangular(L, x.unsqueeze(-1), upper=False).pow(2).sum((-2, -1))


def inverse_of_product(L: Tensor) -> Tensor:
    """The inverse of ``L @ L.mT``."""
    # The factor anew: as in PyTorch, the gradient is that of a function of the product.
    inverse = solve_triangular(cholesky(L @ L.mT), eye(L.shape[-1], dtype=L.dtype), upper=False)
    return inverse.mT @ inverse


def factor_of_inverse(P: Tensor) -> Tensor:
    """The lower triangular L with ``L @ L.mT`` the inverse of P.

    Back to front, the factor of P is upper triangular: P = U U^T, and L is U's inverse transposed.
    """
    U = cholesky(P.flip(-2, -1)).flip(-2, -1)
    return solve_triangular(U.mT, eye(P.shape[-1], dtype=P.dtype), upper=False)


def _batch_mv(bmat: Tensor, bvec: Tensor) -> Tensor:
    """Each matrix times its vector; the batches broadcast."""
    return (bmat @ bvec.unsqueeze(-1)).squeeze(-1)


# PyTorch's names, which libraries import.
_batch_mahalanobis, _precision_to_scale_tril = mahalanobis, factor_of_inverse
