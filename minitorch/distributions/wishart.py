"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.chi2 import Chi2
from minitorch.distributions.exp_family import ExponentialFamily
from minitorch.distributions.multivariate_normal import (
    SHAPED,
    OfCovariance,
    factor_of_inverse,
    half_log_det,
)
from minitorch.distributions.utils import NUMBERS, limits
from minitorch.factory import arange, tensor, tril_indices
from minitorch.linalg import cholesky, solve_triangular
from minitorch.ops.math.special import multigammaln
from minitorch.ops.shape.views import broadcast_shapes
from minitorch.sampling import randn


class Wishart(OfCovariance, ExponentialFamily):
    """Sums of ``x @ x.mT`` of `df` normal vectors x.

    They are drawn by their triangular factors: W. B. Smith and R. R. Hocking, "Algorithm AS 53:
    Wishart variate generator", 1972.

    Args:
        df: degrees of freedom, more than N - 1.
        covariance_matrix: (..., N, N), of the vectors.
        precision_matrix: its inverse.
        scale_tril: its lower triangular factor.
        validate_args: whether to check arguments.

    Raises:
        AssertionError: for several matrices or none.
        ValueError: for too few dimensions or degrees of freedom.

    >>> import minitorch
    >>> Wishart(3.0, minitorch.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support: ClassVar[Any] = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0
    _expanded: ClassVar = {
        **{"df": 0, "_dist_chi2": 1, "_unbroadcasted_scale_tril": 2},
        **dict.fromkeys(SHAPED, 2),
    }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        matrices = dict(zip(SHAPED, (scale_tril, covariance_matrix, precision_matrix), strict=True))
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if isinstance(df, NUMBERS):
            batch_shape = Size(matrix.shape[:-2])
            self.df = tensor(df, dtype=matrix.dtype)
        else:
            batch_shape = Size(broadcast_shapes(matrix.shape[:-2], df.shape))
            self.df = df.expand(batch_shape)
        event_shape = matrix.shape[-2:]
        n = event_shape[-1]
        if (self.df <= n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        setattr(self, name, matrix.expand(*batch_shape, -1, -1))
        if (self.df < n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 "
                "< df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        factors: Any = {"covariance_matrix": cholesky, "precision_matrix": factor_of_inverse}
        self._unbroadcasted_scale_tril = factors[name](matrix) if name in factors else matrix
        rows = arange(n, dtype=self._unbroadcasted_scale_tril.dtype)
        self._dist_chi2 = Chi2(self.df.expand(batch_shape).unsqueeze(-1) - rows)

    @property
    def arg_constraints(self) -> Any:
        """As of any distribution; the least `df` depends on the dimensions."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def _of_batch(self, x: Tensor) -> Tensor:
        return x.view(*self._batch_shape, 1, 1)

    @property
    def mean(self) -> Tensor:
        return self._of_batch(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self._event_shape[-1] - 1
        return self._of_batch(factor.masked_fill(factor <= 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        V = self.covariance_matrix
        diagonal = V.diagonal(dim1=-2, dim2=-1)
        return self._of_batch(self.df) * (
            V.pow(2) + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        )

    def _bartlett(self, sample_shape: Any) -> Tensor:
        """Draws by Bartlett's decomposition: a factor of chi and normal variables."""
        n = self._event_shape[-1]
        diagonal = self._dist_chi2.rsample(sample_shape).sqrt()
        noise = diagonal.clamp(min=limits(diagonal).eps).diag_embed()
        rows, columns = tril_indices(n, n, offset=-1)
        shape = (*sample_shape, *self._batch_shape, n * (n - 1) // 2)
        noise[..., rows, columns] = randn(shape, dtype=noise.dtype)
        L = self._unbroadcasted_scale_tril @ noise
        return L @ L.mT

    def _any_of_batch(self, found: Tensor) -> Tensor:
        dims = [-1 - i for i in range(len(self._batch_shape))]
        return found.amax(dims) if dims else found

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Tensor:
        sample = self._bartlett(tuple(sample_shape))
        # Whatever is positive-definite at first is drawn once more: so does PyTorch, which takes it
        # for singular (and says so in a warning that is left out here). The numbers are the same.
        again = self._any_of_batch(self.support.check(sample))
        for _ in range(10 if max_try_correction is None else max_try_correction):
            if not again.any():
                break
            fresh = self._bartlett((int(again.sum()),))
            sample[again] = fresh
            left = again.clone()  # for the mask is remembered for the gradient
            left[again] = self._any_of_batch(~self.support.check(fresh))
            again = left
        return sample

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        df, n, L = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        value = value.expand(broadcast_shapes(value.shape, (*L.shape[:-2], n, n)))
        half = solve_triangular(L, value, upper=False)
        trace = solve_triangular(L, half.mT, upper=False).diagonal(dim1=-2, dim2=-1).sum(-1)
        normalizer = df * (n * math.log(2) / 2 + half_log_det(L)) + multigammaln(df / 2, n)
        return (df - n - 1) * half_log_det(cholesky(value)) - trace / 2 - normalizer

    def entropy(self) -> Tensor:
        df, n = self.df, self._event_shape[-1]
        log_det = half_log_det(self._unbroadcasted_scale_tril)
        steps = arange(n, dtype=df.dtype) / 2
        digammas = ((df / 2).unsqueeze(-1) - steps).digamma().sum(-1)
        of_factor = (n + 1) * (n * math.log(2) / 2 + log_det)
        return of_factor + multigammaln(df / 2, n) - (df - n - 1) / 2 * digammas + df * n / 2

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        n = self._event_shape[-1]
        half = y + (n + 1) / 2
        log_det = 2 * half_log_det(cholesky(-2 * x))
        return half * (math.log(2) * n - log_det) + multigammaln(half, n)
