"""The distribution of correlation matrices of Lewandowski, Kurowicka and Joe."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._dtypes import Size
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.beta import Beta
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.utils import broadcast_all, limits
from minitorch.factory import arange
from minitorch.ops.math.special import multigammaln
from minitorch.ops.shape.views import cat
from minitorch.sampling import randn


class LKJCholesky(Distribution):
    """Lower triangular factors of correlation matrices of density ``det**(concentration - 1)``.

    They are drawn row by row ("the onion"): D. Lewandowski, D. Kurowicka and H. Joe, "Generating
    random correlation matrices based on vines and extended onion method", 2009.

    Args:
        dim: of the matrices, 2 or more.
        concentration: a number or a tensor; 1 is uniform over correlation matrices.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for fewer dimensions.

    >>> import minitorch
    >>> L = LKJCholesky(3, 0.5).sample()
    >>> minitorch.allclose((L @ L.mT).diagonal(), minitorch.ones(3))
    True
    """

    arg_constraints: ClassVar[Any] = {"concentration": constraints.positive}
    support: ClassVar[Any] = constraints.corr_cholesky
    _expanded: ClassVar = {"dim": None, "concentration": 0, "_beta": 1}

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = arange(dim - 1, dtype=self.concentration.dtype)
        offset = cat([offset.new_zeros((1,)), offset])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        y = self._beta.sample(sample_shape).unsqueeze(-1)
        normals = randn(self._extended_shape(sample_shape), dtype=y.dtype).tril(-1)
        with no_grad():
            directions = normals / normals.norm(dim=-1, keepdim=True)
            directions[..., 0, :] = 0.0  # of length 0
            w = y.sqrt() * directions
            rest = (1 - (w**2).sum(-1)).clamp(min=limits(w).tiny)
            return w + rest.sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        unscaled = (order * diagonal.log()).sum(-1)
        n = self.dim - 1
        alpha = self.concentration + 0.5 * n
        above = 0.5 * n * math.log(math.pi) + multigammaln(alpha - 0.5, n)
        return unscaled - (above - alpha.lgamma() * n)
