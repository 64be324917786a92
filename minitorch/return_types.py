"""The named tuples that some operations return: PyTorch's ``torch.return_types``.

>>> import minitorch
>>> minitorch.tensor([3.0, 1.0]).min(dim=0)
torch.return_types.min(
values=tensor(1.),
indices=tensor(1))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from minitorch._tensor import Tensor


def _print(result: NamedTuple) -> str:
    parts = ",\n".join(f"{name}={value!r}" for name, value in result._asdict().items())
    return f"torch.return_types.{type(result).__name__}(\n{parts})"


class _ValuesAndIndices(NamedTuple):
    """Some elements, and where along the dimension they were."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return _print(self)


class _EigenvaluesAndVectors(NamedTuple):
    """Eigenvalues, and the eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return _print(self)


class _SignAndLog(NamedTuple):
    """A determinant as its sign and the logarithm of its magnitude."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return _print(self)


class _Orthogonal(NamedTuple):
    """Orthogonal columns, and a triangle."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return _print(self)


class _Triangles(NamedTuple):
    """A permutation, a lower triangle and an upper one."""

    P: Tensor
    L: Tensor
    U: Tensor

    def __repr__(self) -> str:
        return _print(self)


class aminmax(NamedTuple):
    """Result of `aminmax`."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return _print(self)


class cummax(_ValuesAndIndices):
    """Result of `cummax`."""


class cummin(_ValuesAndIndices):
    """Result of `cummin`."""


class geqrf(NamedTuple):
    """Result of `geqrf`: R and the reflectors below it, and their factors."""

    a: Tensor
    tau: Tensor

    def __repr__(self) -> str:
        return _print(self)


class histogram(NamedTuple):
    """Result of `histogram`."""

    hist: Tensor
    bin_edges: Tensor

    def __repr__(self) -> str:
        return _print(self)


class histogramdd(NamedTuple):
    """Result of `histogramdd`."""

    hist: Tensor
    bin_edges: tuple[Tensor, ...]

    def __repr__(self) -> str:
        return _print(self)


class kthvalue(_ValuesAndIndices):
    """Result of `kthvalue`."""


class linalg_cholesky_ex(NamedTuple):
    """Result of `linalg.cholesky_ex`."""

    L: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_eig(_EigenvaluesAndVectors):
    """Result of `linalg.eig`."""


class linalg_eigh(_EigenvaluesAndVectors):
    """Result of `linalg.eigh`."""


class linalg_inv_ex(NamedTuple):
    """Result of `linalg.inv_ex`."""

    inverse: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_ldl_factor(NamedTuple):
    """Result of `linalg.ldl_factor`."""

    LD: Tensor
    pivots: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_ldl_factor_ex(NamedTuple):
    """Result of `linalg.ldl_factor_ex`."""

    LD: Tensor
    pivots: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_lstsq(NamedTuple):
    """Result of `linalg.lstsq`."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_lu(_Triangles):
    """Result of `linalg.lu`."""


class linalg_lu_factor(NamedTuple):
    """Result of `linalg.lu_factor`."""

    LU: Tensor
    pivots: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_lu_factor_ex(NamedTuple):
    """Result of `linalg.lu_factor_ex`."""

    LU: Tensor
    pivots: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_qr(_Orthogonal):
    """Result of `linalg.qr`."""


class linalg_slogdet(_SignAndLog):
    """Result of `linalg.slogdet`."""


class linalg_solve_ex(NamedTuple):
    """Result of `linalg.solve_ex`."""

    result: Tensor
    info: Tensor

    def __repr__(self) -> str:
        return _print(self)


class linalg_svd(NamedTuple):
    """Result of `linalg.svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return _print(self)


class lu_unpack(_Triangles):
    """Result of `lu_unpack`."""


class max(_ValuesAndIndices):
    """Result of `max` over a dimension."""


class median(_ValuesAndIndices):
    """Result of `median` over a dimension."""


class min(_ValuesAndIndices):
    """Result of `min` over a dimension."""


class mode(_ValuesAndIndices):
    """Result of `mode`."""


class nanmedian(_ValuesAndIndices):
    """Result of `nanmedian` over a dimension."""


class qr(_Orthogonal):
    """Result of `qr`."""


class slogdet(_SignAndLog):
    """Result of `slogdet`."""


class sort(_ValuesAndIndices):
    """Result of `sort`."""


class svd(NamedTuple):
    """Result of `svd`."""

    U: Tensor
    S: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return _print(self)


class topk(_ValuesAndIndices):
    """Result of `topk`."""


class triangular_solve(NamedTuple):
    """Result of `triangular_solve`."""

    solution: Tensor
    cloned_coefficient: Tensor

    def __repr__(self) -> str:
        return _print(self)
