"""The op table: decompositions of matrices, systems of equations, and functions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.case import EMPTY, Array, case, normal


def definite(m: Any, x: Any) -> Any:
    """A positive-definite matrix made of any one."""
    return x @ x.mT + m.eye(x.shape[-1], dtype=x.dtype)


def regular(m: Any, x: Any) -> Any:
    """A matrix with a diagonal away from 0."""
    return x + 4 * m.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x: Any) -> Any:
    """A symmetric matrix made of any one."""
    return x + x.mT


def spread(m: Any, x: Any) -> Any:
    """A matrix with real eigenvalues that are far from each other, and any eigenvectors."""
    values = m.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    basis = regular(m, x)
    return basis * values @ m.linalg.inv(basis)


def pivots(m: Any, *numbers: Any) -> Any:
    """The pivots of an LU decomposition."""
    return m.tensor(list(numbers), dtype=m.int32)


def real(x: Any) -> Any:
    """The real part of a result that is complex in PyTorch."""
    return x.real if "complex" in str(x.dtype) else x


def unsigned(parts: Any, *columns: int, rows: tuple[int, ...] = ()) -> Any:
    """The results, but for the signs of vectors in the columns or rows of some of them."""
    return [
        part * part[..., :1, :].sign()
        if number in columns
        else part * part[..., :1].sign()
        if number in rows
        else part
        for number, part in enumerate(parts)
    ]


def seeded(m: Any, name: str, *args: Any, **options: Any) -> Any:
    """A function that draws, of the same seed; its vectors without their signs."""
    m.manual_seed(0)
    return unsigned(getattr(m, name)(*args, **options), 0, 2)


def of_rank(rank: int, n: int) -> Any:
    """Whole numbers, n by n, of a rank."""

    def make(draws: np.random.Generator) -> Array:
        left, right = draws.integers(-3, 4, (2, n, rank))
        return (left @ right.T).astype(np.float64)

    return make


def each_size(name: str, function: Any, *shapes: tuple[int, ...]) -> list[Any]:
    """A row of the same function for each shape."""
    return [
        case(f"{name}, {' by '.join(map(str, shape))}", function, normal(*shape))
        for shape in shapes
    ]


EMPTY_OF_ALL = dict.fromkeys(["float16", "int64", "uint8", "bool"], EMPTY)
ROUNDED = {"float32": "PyTorch's second derivative is all rounding"}
REFUSED = dict.fromkeys(["float64", "float32"], "PyTorch changes in place what its gradient needs")

# In integers and bool PyTorch refuses the matrix product of `definite` or the operation itself.
CHOLESKY = [
    case("linalg.cholesky", lambda m, x: m.linalg.cholesky(definite(m, x)), normal(3, 3)),
    case(
        "linalg.cholesky, upper, batch",
        lambda m, x: m.linalg.cholesky(definite(m, x), upper=True),
        normal(2, 2, 3, 3),
    ),
    case(
        "linalg.cholesky, empty",
        lambda m, x: m.linalg.cholesky(x),
        normal(0, 0),
        unlike={"float16": "PyTorch has it for empty matrices only"},
    ),
    case("cholesky", lambda m, x: m.cholesky(definite(m, x), True), normal(3, 3)),
    case("linalg.cholesky_ex", lambda m, x: m.linalg.cholesky_ex(definite(m, x)), normal(2, 3, 3)),
    case(
        "cholesky_solve",
        lambda m, b, x: m.cholesky_solve(b, regular(m, x).tril()),
        normal(3, 2),
        normal(2, 3, 3),
    ),
    case(
        "cholesky_solve, upper",
        lambda m, b, x: b.cholesky_solve(regular(m, x).triu(), upper=True),
        normal(3, 2),
        normal(3, 3),
    ),
    case(
        "cholesky_inverse",
        lambda m, x: m.cholesky_inverse(regular(m, x).tril()),
        normal(2, 3, 3),
    ),
    case(
        "cholesky_inverse, upper",
        lambda m, x: regular(m, x).triu().cholesky_inverse(upper=True),
        normal(3, 3),
    ),
    case(
        "linalg.solve_triangular",
        lambda m, x, y: m.linalg.solve_triangular(regular(m, x), y, upper=False),
        normal(3, 3),
        normal(3, 2),
    ),
    case(
        "linalg.solve_triangular, upper, batches broadcast",
        lambda m, x, y: m.linalg.solve_triangular(regular(m, x), y, upper=True),
        normal(2, 1, 3, 3),
        normal(2, 3, 2),
    ),
    case(
        "linalg.solve_triangular, from the right",
        lambda m, x, y: m.linalg.solve_triangular(regular(m, x), y, upper=True, left=False),
        normal(3, 3),
        normal(2, 3),
    ),
    case(
        "linalg.solve_triangular, unitriangular",
        lambda m, x, y: m.linalg.solve_triangular(x, y, upper=False, unitriangular=True),
        normal(3, 3),
        normal(3, 2),
    ),
    case(
        "triangular_solve",
        lambda m, b, x: m.triangular_solve(b, regular(m, x))[0],
        normal(3, 2),
        normal(2, 3, 3),
    ),
    case(
        "triangular_solve, transposed",
        lambda m, b, x: b.triangular_solve(regular(m, x), False, True)[0],
        normal(3, 2),
        normal(3, 3),
    ),
]

SYSTEMS = [
    case(
        "linalg.solve",
        lambda m, x, b: m.linalg.solve(regular(m, x), b),
        normal(3, 3),
        normal(3, 2),
    ),
    case(
        "linalg.solve, vector",
        lambda m, x, b: m.linalg.solve(regular(m, x), b),
        normal(3, 3),
        normal(3),
    ),
    case(
        "linalg.solve, vectors",
        lambda m, x, b: m.linalg.solve(regular(m, x), b),
        normal(2, 3, 3),
        normal(2, 3),
    ),
    case(
        "linalg.solve, from the right, batches broadcast",
        lambda m, x, b: m.linalg.solve(regular(m, x), b, left=False),
        normal(2, 1, 3, 3),
        normal(2, 2, 3),
    ),
    case(
        "linalg.solve, empty",
        lambda m, x, b: m.linalg.solve(x, b),
        normal(2, 0, 0),
        normal(2, 0, 3),
        unlike=EMPTY_OF_ALL,
    ),
    case(
        "linalg.solve_ex",
        lambda m, x, b: m.linalg.solve_ex(regular(m, x), b),
        normal(2, 3, 3),
        normal(3, 2),
    ),
    case("linalg.inv", lambda m, x: m.linalg.inv(regular(m, x)), normal(2, 3, 3)),
    case("linalg.inv, empty", lambda m, x: m.linalg.inv(x), normal(0, 2, 2)),
    case("linalg.inv_ex", lambda m, x: m.linalg.inv_ex(regular(m, x)), normal(3, 3)),
    case("inverse", lambda m, x: regular(m, x).inverse(), normal(3, 3)),
    case("linalg.tensorinv", lambda m, x: m.linalg.tensorinv(x, 1), normal(6, 3, 2)),
    case(
        "linalg.tensorsolve",
        lambda m, x, b: m.linalg.tensorsolve(x, b),
        normal(2, 3, 6),
        normal(2, 3),
    ),
    case(
        "linalg.tensorsolve, dims",
        lambda m, x, b: m.linalg.tensorsolve(x, b, dims=(0,)),
        normal(6, 2, 3),
        normal(2, 3),
    ),
    case("linalg.det", lambda m, x: m.linalg.det(x), normal(2, 3, 3)),
    case("linalg.det, one element", lambda m, x: m.linalg.det(x), normal(1, 1)),
    case("linalg.det, empty", lambda m, x: m.linalg.det(x), normal(0, 0), unlike=EMPTY_OF_ALL),
    case("det", lambda m, x: m.det(x), normal(4, 4)),
    case("det, rank 2 of 3", lambda m, x: x.det(), of_rank(2, 3)),
    case("det, rank 1 of 3", lambda m, x: x.det(), of_rank(1, 3), unlike=ROUNDED),
    case("det, rank 1 of 4", lambda m, x: x.det(), of_rank(1, 4), unlike=ROUNDED),
    case(
        "det, some singular",
        lambda m, x, y: m.stack([x, y]).det(),
        of_rank(2, 3),
        normal(3, 3),
    ),
    case("linalg.slogdet", lambda m, x: m.linalg.slogdet(x), normal(2, 3, 3)),
    case("slogdet", lambda m, x: x.slogdet(), normal(3, 3)),
    case("logdet", lambda m, x: definite(m, x).logdet(), normal(2, 3, 3)),
    *each_size("linalg.lu", lambda m, x: m.linalg.lu(x), (3, 3), (2, 2, 4), (2, 4, 2)),
    *each_size("linalg.lu_factor", lambda m, x: m.linalg.lu_factor(x), (3, 3), (3, 5), (5, 3)),
    case("linalg.lu_factor_ex", lambda m, x: m.linalg.lu_factor_ex(x), normal(2, 3, 3)),
    case("lu", lambda m, x: m.lu(x, get_infos=True), normal(3, 3)),
    case("lu, empty", lambda m, x: x.lu(), normal(0, 3), unlike=EMPTY_OF_ALL),
    case(
        "lu_unpack",
        lambda m, x: m.lu_unpack(x, pivots(m, 3, 3, 3)),
        normal(3, 4),
    ),
    case(
        "lu_unpack, no pivots",
        lambda m, x: m.lu_unpack(x, pivots(m, 3, 3, 3), unpack_pivots=False),
        normal(4, 3),
    ),
    case(
        "linalg.lu_solve",
        lambda m, x, b: m.linalg.lu_solve(regular(m, x), pivots(m, 2, 3, 3), b),
        normal(3, 3),
        normal(2, 3, 2),
    ),
    case(
        "linalg.lu_solve, adjoint",
        lambda m, x, b: m.linalg.lu_solve(regular(m, x), pivots(m, 2, 3, 3), b, adjoint=True),
        normal(3, 3),
        normal(3, 2),
    ),
    case(
        "linalg.lu_solve, from the right",
        lambda m, x, b: m.linalg.lu_solve(regular(m, x), pivots(m, 3, 2, 3), b, left=False),
        normal(3, 3),
        normal(2, 3),
    ),
    case(
        "lu_solve",
        lambda m, b, x: b.lu_solve(regular(m, x), pivots(m, 2, 3, 3)),
        normal(3, 2),
        normal(3, 3),
    ),
]

ORTHOGONAL = [
    *each_size("linalg.qr", lambda m, x: m.linalg.qr(x), (3, 3), (2, 4, 2), (2, 2, 4)),
    case("linalg.qr, complete", lambda m, x: m.linalg.qr(x, "complete"), normal(2, 3)),
    case(
        "linalg.qr, complete and tall",
        lambda m, x: m.linalg.qr(x.detach(), "complete"),
        normal(4, 2),
        differentiable=False,
    ),
    case(
        "linalg.qr, r",
        lambda m, x: m.linalg.qr(x.detach(), "r"),
        normal(3, 2),
        differentiable=False,
    ),
    case("linalg.qr, empty", lambda m, x: m.linalg.qr(x), normal(3, 0), unlike=EMPTY_OF_ALL),
    case("qr", lambda m, x: x.qr(), normal(3, 2)),
    case(
        "linalg.householder_product",
        lambda m, x, tau: m.linalg.householder_product(x, tau),
        normal(2, 4, 3),
        normal(2, 2),
    ),
    case("orgqr", lambda m, x, tau: m.orgqr(x, tau), normal(3, 3), normal(3)),
    case(
        "ormqr",
        lambda m, x, tau, y: m.ormqr(x, tau, y),
        normal(3, 2),
        normal(2),
        normal(3, 2),
    ),
    case(
        "ormqr, transposed",
        lambda m, x, tau, y: x.ormqr(tau, y, transpose=True),
        normal(2, 3, 2),
        normal(2, 2),
        normal(2, 3, 1),
    ),
    case(
        "ormqr, from the right",
        lambda m, x, tau, y: m.ormqr(x, tau, y, left=False),
        normal(3, 2),
        normal(2),
        normal(2, 3),
    ),
    case(
        "geqrf",
        lambda m, x: m.geqrf(x.detach()),
        normal(2, 4, 3),
        differentiable=False,
    ),
]

SPECTRAL = [
    *each_size(
        "linalg.svd",
        lambda m, x: unsigned(m.linalg.svd(x, full_matrices=False), 0, rows=(2,)),
        (3, 3),
        (2, 4, 2),
        (2, 2, 4),
    ),
    case(
        "linalg.svd, full",
        lambda m, x: m.linalg.svd(x)[1],
        normal(3, 2),
    ),
    case(
        "linalg.svd, of three, one wanted",
        lambda m, x: unsigned(m.linalg.svd(x, False)[:1], 0),
        normal(4, 3),
    ),
    case(
        "linalg.svd, empty", lambda m, x: m.linalg.svd(x, False), normal(0, 3), unlike=EMPTY_OF_ALL
    ),
    case("linalg.svdvals", lambda m, x: m.linalg.svdvals(x), normal(2, 3, 4)),
    case("svd", lambda m, x: unsigned(m.svd(x), 0, 2), normal(4, 3)),
    case(
        "svd, no vectors",
        lambda m, x: x.detach().svd(compute_uv=False),
        normal(4, 3),
        differentiable=False,
    ),
    case("svd_lowrank", lambda m, x: seeded(m, "svd_lowrank", x, q=2), normal(2, 4, 3)),
    case(
        "svd_lowrank, wide, M",
        lambda m, x, y: seeded(m, "svd_lowrank", x, q=2, M=y),
        normal(3, 4),
        normal(1, 4),
    ),
    case("pca_lowrank", lambda m, x: seeded(m, "pca_lowrank", x, q=2), normal(4, 3)),
    case(
        "linalg.eigh",
        lambda m, x: unsigned(m.linalg.eigh(symmetric(x)), 1),
        normal(2, 3, 3),
        unlike={"bool": "the sum of bools has equal eigenvalues"},
    ),
    case(
        "linalg.eigh, upper",
        lambda m, x: unsigned(m.linalg.eigh(symmetric(x), "U")[1:], 0),
        normal(3, 3),
    ),
    case("linalg.eigvalsh", lambda m, x: m.linalg.eigvalsh(symmetric(x)), normal(2, 3, 3)),
    case(
        "linalg.eigvalsh, empty",
        lambda m, x: m.linalg.eigvalsh(x),
        normal(0, 0),
        unlike=EMPTY_OF_ALL,
    ),
    case(
        "linalg.eig",
        lambda m, x: [real(y) for y in unsigned(map(real, m.linalg.eig(spread(m, x))), 1)],
        normal(3, 3),
    ),
    case(
        "linalg.eigvals",
        lambda m, x: real(m.linalg.eigvals(spread(m, x))),
        normal(2, 3, 3),
    ),
    *each_size("linalg.pinv", lambda m, x: m.linalg.pinv(x), (4, 3), (2, 4, 2), (2, 2, 4)),
    case(
        "linalg.pinv, rank 2 of 3",
        lambda m, x, y: m.linalg.pinv(x @ y),
        normal(4, 2),
        normal(2, 3),
    ),
    case(
        "linalg.pinv, symmetric",
        lambda m, x: m.linalg.pinv(symmetric(x), hermitian=True),
        normal(2, 3, 3),
    ),
    case(
        "linalg.pinv, tolerances",
        lambda m, x: m.linalg.pinv(x, atol=m.tensor(1e-3, dtype=x.dtype), rtol=1e-2),
        normal(3, 2),
    ),
    case("pinverse", lambda m, x: x.pinverse(), normal(3, 2)),
    case(
        "linalg.matrix_rank",
        lambda m, x: m.linalg.matrix_rank(x),
        of_rank(2, 4),
        differentiable=False,
    ),
    case(
        "linalg.matrix_rank, tol",
        lambda m, x: m.linalg.matrix_rank(symmetric(x), 1.0, True),
        normal(3, 4, 4),
        differentiable=False,
    ),
    *(
        case(
            f"linalg.lstsq, {driver}, {M} by {N}",
            lambda m, a, b, driver=driver: m.linalg.lstsq(a, b, driver=driver),
            normal(2, M, N),
            normal(2, M, 2),
        )
        for driver in ("gels", "gelsy", "gelsd", "gelss")
        for M, N in ((4, 2), (2, 3))
    ),
    case(
        "linalg.lstsq, vectors",
        lambda m, a, b: m.linalg.lstsq(a, b)[0],
        normal(2, 4, 2),
        normal(2, 4),
    ),
    *(
        case(
            f"linalg.matrix_norm, {order}",
            lambda m, x, order=order: m.linalg.matrix_norm(x, order, (0, 2), keepdim=order == 2),
            normal(2, 2, 3),
        )
        for order in (2, -2, "nuc")
    ),
    case("linalg.norm, nuc", lambda m, x: m.linalg.norm(x, "nuc"), normal(3, 2)),
    case("norm.nuc", lambda m, x: x.norm("nuc"), normal(3, 2)),
    case("linalg.cond", lambda m, x: m.linalg.cond(x), normal(2, 3, 2)),
    case("linalg.cond, -2", lambda m, x: m.linalg.cond(x, -2), normal(3, 3)),
    *(
        case(
            f"linalg.cond, {order}",
            lambda m, x, order=order: m.linalg.cond(regular(m, x), order),
            normal(2, 3, 3),
            unlike=REFUSED,
        )
        for order in ("fro", 1, -1)
    ),
    case(
        "linalg.cond, constant",
        lambda m, x: m.linalg.cond(regular(m, x.detach()), "nuc"),
        normal(2, 3, 3),
        differentiable=False,
    ),
]

FUNCTIONS = [
    case("linalg.matrix_power", lambda m, x: m.linalg.matrix_power(x, 5), normal(2, 3, 3)),
    case("linalg.matrix_power, 0", lambda m, x: m.linalg.matrix_power(x, 0), normal(2, 2)),
    case("linalg.matrix_power, 1", lambda m, x: m.linalg.matrix_power(x, 1), normal(2, 2)),
    case(
        "linalg.matrix_power, -3",
        lambda m, x: m.linalg.matrix_power(regular(m, x), -3),
        normal(3, 3),
    ),
    case("matrix_power", lambda m, x: x.matrix_power(2), normal(3, 3)),
    case(
        "linalg.matrix_exp",
        lambda m, x: m.linalg.matrix_exp(x),
        normal(2, 3, 3),
        unlike={"float16": "PyTorch's is infinite or NaN"},
    ),
    case(
        "matrix_exp, scaled",
        lambda m, x: (x * 2).matrix_exp(),
        normal(3, 3),
        unlike={
            "float16": "PyTorch's is infinite or NaN",
            "float32": "PyTorch's second derivative rounds more than ours",
        },
    ),
    case("matrix_exp, empty", lambda m, x: m.matrix_exp(x), normal(0, 0)),
    case("linalg.vander", lambda m, x: m.linalg.vander(x), normal(2, 3)),
    case("linalg.vander, 5", lambda m, x: m.linalg.vander(x, N=5), normal(3)),
]

CASES = [*CHOLESKY, *SYSTEMS, *ORTHOGONAL, *SPECTRAL, *FUNCTIONS]
