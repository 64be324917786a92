"""Parametrizations to use: `weight_norm`, `spectral_norm` and `orthogonal`.

>>> from minitorch import nn
>>> layer = weight_norm(nn.Linear(2, 3))
>>> [name for name, _ in layer.named_parameters()]
['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, TypeVar

import minitorch
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.nn import functional as F
from minitorch.nn.modules.module import Module
from minitorch.nn.utils.parametrize import register_parametrization
from minitorch.nn.utils.spectral_norm import as_matrix, check_iterations, dim_of_outputs
from minitorch.ops.nn.normalization import norm_except_dim, weight_norm as weight_of

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_of(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Make a parameter the product of a learned norm, original0, and direction, original1.

    Args:
        dim: for each index of this dimension there is a norm; None for one altogether.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def old_names(state_dict: Any, prefix: str, *_: Any) -> None:
        """Take what the old `weight_norm` saved, too."""
        keys = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in keys):
            for number, key in enumerate(keys):
                new = f"{prefix}parametrizations.{name}.original{number}"
                state_dict[new] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(old_names)
    return module


class _SpectralNorm(Module):
    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got "
                f"{dim})"
            )
        check_iterations(n_power_iterations)
        self.dim, self.eps = dim % ndim, eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            u, v = (matrix.new_empty(size).normal_(0, 1) for size in matrix.size())
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._better(matrix, 15)

    @no_grad()
    def _better(self, matrix: Tensor, steps: int) -> None:
        """Power iteration: bring _u and _v nearer to the first singular vectors."""
        for _ in range(steps):
            self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._better(matrix, self.n_power_iterations)
        # The next call will change these buffers; this one's graph keeps copies.
        return weight / self._u.clone().dot(matrix.mv(self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value  # the singular value is not known, and 1 is as good as any


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Make a parameter the quotient of its original and that one's largest singular value.

    The arguments are those of `minitorch.nn.utils.spectral_norm`.

    Raises:
        ValueError: for no such parameter, or no iterations.
        IndexError: for no such dimension.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    dim = dim_of_outputs(module) if dim is None else dim
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    register_parametrization(module, name, made)
    return module


class _OrthMaps(Enum):
    """The maps from matrices to orthogonal ones, by the names that `orthogonal` takes."""

    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _orthogonalized(A: Tensor) -> Tensor:
    """The Q of A = QR whose R has no negative number in its diagonal."""
    X, tau = minitorch.geqrf(A)
    Q = minitorch.linalg.householder_product(X, tau)
    return Q * X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _is_orthogonal(Q: Tensor) -> bool:
    n, k = Q.size(-2), Q.size(-1)
    eps = 10.0 * n * minitorch.finfo(Q.dtype).eps
    return minitorch.allclose(Q.mH @ Q, minitorch.eye(k, dtype=Q.dtype), atol=eps)


class _Orthogonal(Module):
    """A matrix with orthonormal columns (rows, if it is wide) as a function of any matrix."""

    base: Tensor | None

    def __init__(
        self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        n, k = X.size(-2), X.size(-1)
        if self.orthogonal_map is _OrthMaps.householder:
            A = X.tril(diagonal=-1)
            tau = 2.0 / (1.0 + (A * A).sum(dim=-2))
            Q = minitorch.linalg.householder_product(A, tau)
            # The diagonal holds signs, which are no numbers to learn.
            Q = Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = X.tril()
            if n != k:
                rest = X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)
                X = minitorch.cat([X, rest], dim=-1)
            A = X - X.mT  # skew-symmetric
            if self.orthogonal_map is _OrthMaps.matrix_exp:
                Q = minitorch.matrix_exp(A)
            else:
                I = minitorch.eye(n, dtype=A.dtype)  # noqa: E741
                Q = minitorch.linalg.solve(
                    minitorch.add(I, A, alpha=-0.5), minitorch.add(I, A, alpha=0.5)
                )
            Q = Q[..., :k]
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if wide else Q

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        given, wide = Q, Q.size(-2) < Q.size(-1)
        if wide:
            Q = Q.mT
        n, k = Q.size(-2), Q.size(-1)
        if hasattr(self, "base"):
            if n != k:  # complete it to a square
                drawn = minitorch.randn(*Q.size()[:-2], n, n - k, dtype=Q.dtype)
                Q = minitorch.cat([Q, drawn], dim=-1)
            self.base = Q.clone() if n == k and _is_orthogonal(Q) else _orthogonalized(Q)
            made = minitorch.zeros_like(given)
            made.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return made
        if self.orthogonal_map is not _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        A, tau = minitorch.geqrf(Q)
        # In A = QR, R is to have a positive diagonal: its signs go to where forward reads them.
        # A reflection that LAPACK does not want to use has a tau of exactly zero.
        signs = A.diagonal(dim1=-2, dim2=-1)
        signs.sign_()
        signs.copy_(minitorch.where(tau == 0.0, -signs, signs))
        return A.mT if wide else A


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Make a parameter a matrix (or batch of them) of orthonormal columns, or rows if it is wide.

    Args:
        orthogonal_map: 'matrix_exp', 'cayley' or 'householder'; by default the first if the matrix
            is square, and the last if it is not.
        use_trivialization: whether to keep an orthogonal matrix as a factor, which makes learning
            easier.

    Raises:
        ValueError: for no such parameter, no matrix, or another map.

    >>> import minitorch
    >>> weight = orthogonal(minitorch.nn.Linear(3, 5)).weight
    >>> bool(minitorch.allclose(weight.T @ weight, minitorch.eye(3), atol=1e-6))
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square else "householder"
    found = getattr(_OrthMaps, orthogonal_map, None)
    if found is None:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    made = _Orthogonal(weight, found, use_trivialization=use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module


__getattr__ = missing(__name__)
