"""Decompositions of matrices: larger ones, random ones, and those without one."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from oracle import same, says_less, the_torch

import minitorch


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.data())
def test_triangular_systems_as_pytorchs(data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    n, k = data.draw(st.integers(0, 40)), data.draw(st.integers(0, 3))
    batches = [(), (2,), (1,), (3, 1), (0,)]
    batch_a, batch_b = data.draw(st.sampled_from(batches)), data.draw(st.sampled_from(batches))
    upper, left, unit = (data.draw(st.booleans()) for _ in range(3))
    a = rng.standard_normal((*batch_a, n, n)) / max(n, 1) + 2 * np.eye(n)
    b = rng.standard_normal((*batch_b, n, k) if left else (*batch_b, k, n))
    if data.draw(st.booleans()):
        a, b = a.swapaxes(-1, -2), b.copy("F")
    same(
        lambda m, a, b: m.linalg.solve_triangular(a, b, upper=upper, left=left, unitriangular=unit),
        a,
        b,
    )


@settings(derandomize=True, max_examples=25, deadline=None)
@given(st.integers(0, 99), st.integers(1, 30), st.booleans(), st.sampled_from([(), (2,), (2, 1)]))
def test_cholesky_as_pytorchs(seed: int, n: int, upper: bool, batch: tuple[int, ...]) -> None:
    x = np.random.default_rng(seed).standard_normal((*batch, n, n))
    a = x @ x.swapaxes(-1, -2) + np.eye(n)
    a += np.triu(np.ones(n), 1) if upper is False else np.tril(np.ones(n), -1)  # is not read
    same(lambda m, a: m.linalg.cholesky(a, upper=upper), a)


def test_what_is_beside_the_triangle_is_not_read() -> None:
    a = np.array([[1.0, np.nan], [1.0, 2.0]])
    same(lambda m, a, b: m.linalg.solve_triangular(a, b, upper=False), a, np.ones((2, 1)))
    singular = np.zeros((2, 2))
    same(lambda m, a, b: m.linalg.solve_triangular(a, b, upper=True), singular, np.ones((2, 1)))


REFUSED: dict[str, Any] = {
    "not square": lambda m: m.linalg.cholesky(m.ones(2, 3)),
    "a vector": lambda m: m.linalg.cholesky(m.ones(2)),
    "integers": lambda m: m.linalg.cholesky(m.ones(2, 2).long()),
    "indefinite": lambda m: m.linalg.cholesky(-m.eye(2)),
    "indefinite in the second": lambda m: m.linalg.cholesky(m.stack([m.eye(2), m.ones(2, 2)])),
    "A not square": lambda m: m.linalg.solve_triangular(m.ones(2, 3), m.ones(2, 2), upper=True),
    "A a vector": lambda m: m.linalg.solve_triangular(m.ones(2), m.ones(2, 2), upper=True),
    "B a vector": lambda m: m.linalg.solve_triangular(m.ones(2, 2), m.ones(2), upper=True),
    "B of another size": lambda m: m.linalg.solve_triangular(
        m.ones(2, 2), m.ones(3, 2), upper=True
    ),
    "other batches": lambda m: m.linalg.solve_triangular(
        m.ones(3, 2, 2), m.ones(4, 2, 1), upper=True
    ),
    "half": lambda m: m.linalg.cholesky(m.eye(2).half()),
    "cholesky, half": lambda m: m.cholesky(m.eye(2).half()),
    "cholesky_ex checks": lambda m: m.linalg.cholesky_ex(-m.eye(2), check_errors=True),
    "cholesky_solve, vectors": lambda m: m.cholesky_solve(m.ones(2), m.eye(2)),
    "cholesky_inverse, 2 by 3": lambda m: m.cholesky_inverse(m.ones(2, 3)),
    "triangular_solve, integers": lambda m: m.triangular_solve(m.eye(2).int(), m.eye(2).int()),
    "solve, singular": lambda m: m.linalg.solve(m.ones(2, 2), m.ones(2)),
    "solve, second singular": lambda m: m.linalg.solve(SINGULAR(m), m.ones(2, 1)),
    "solve_ex checks": lambda m: m.linalg.solve_ex(m.ones(2, 2), m.ones(2), check_errors=True),
    "solve, vector from the right": lambda m: m.linalg.solve(m.eye(2), m.ones(2), left=False),
    "solve, other sizes": lambda m: m.linalg.solve(m.eye(2), m.ones(3, 1)),
    "solve, other sizes from the right": lambda m: m.linalg.solve(
        m.eye(2), m.ones(2, 3), left=False
    ),
    "solve, other dtypes": lambda m: m.linalg.solve(m.eye(2), m.ones(2).double()),
    "solve, other batches": lambda m: m.linalg.solve(m.ones(3, 2, 2), m.ones(4, 2, 1)),
    "inv, singular": lambda m: m.linalg.inv(m.ones(2, 2)),
    "inv, second singular": lambda m: SINGULAR(m).inverse(),
    "inv_ex checks": lambda m: m.linalg.inv_ex(m.ones(2, 2), check_errors=True),
    "inv, half": lambda m: m.linalg.inv(m.eye(2).half()),
    "inv, number": lambda m: m.linalg.inv(m.ones(())),
    "det, 2 by 3": lambda m: m.linalg.det(m.ones(2, 3)),
    "slogdet, integers": lambda m: m.slogdet(m.eye(2).long()),
    "matrix_power, singular": lambda m: m.linalg.matrix_power(m.ones(2, 2), -1),
    "matrix_power, 2 by 3": lambda m: m.matrix_power(m.ones(2, 3), 2),
    "matrix_exp, integers": lambda m: m.matrix_exp(m.eye(2).long()),
    "vander, one": lambda m: m.linalg.vander(m.ones(3), N=1),
    "vander, bools": lambda m: m.linalg.vander(m.ones(3).bool()),
    "tensorinv, ind": lambda m: m.linalg.tensorinv(m.ones(2, 2), ind=0),
    "tensorinv, sizes": lambda m: m.linalg.tensorinv(m.ones(2, 3, 4), ind=1),
    "tensorsolve, sizes": lambda m: m.linalg.tensorsolve(m.ones(2, 3, 5), m.ones(2, 3)),
    "lu_factor, zero": lambda m: m.linalg.lu_factor(m.ones(2, 2)),
    "lu_factor, second zero": lambda m: m.linalg.lu_factor(SINGULAR(m)),
    "lu, no pivots": lambda m: m.linalg.lu(m.eye(2), pivot=False),
    "lu_factor, vector": lambda m: m.linalg.lu_factor(m.ones(2)),
    "lu_solve, pivots of another shape": lambda m: m.linalg.lu_solve(
        m.eye(2), m.ones(3).int(), m.ones(2, 1)
    ),
    "lu_solve, long pivots": lambda m: m.linalg.lu_solve(m.eye(2), m.ones(2).long(), m.ones(2, 1)),
    "lu_unpack, long pivots": lambda m: m.lu_unpack(m.eye(2), m.ones(2).long()),
    "ldl_factor, integers": lambda m: m.linalg.ldl_factor(m.eye(2).long()),
    "ldl_factor, singular": lambda m: m.linalg.ldl_factor(m.ones(2, 2)),
    "ldl_solve, other sizes": lambda m: m.linalg.ldl_solve(m.eye(2), m.ones(2).int(), m.ones(3, 1)),
    "qr, mode": lambda m: m.linalg.qr(m.eye(2), "whole"),
    "qr, r's gradient": lambda m: m.linalg.qr(m.eye(2).requires_grad_(), "r")[1].sum().backward(),
    "qr, complete's gradient": lambda m: (
        m.linalg.qr(m.ones(3, 2).requires_grad_(), "complete")[1].sum().backward()
    ),
    "geqrf, vector": lambda m: m.geqrf(m.ones(2)),
    "geqrf's gradient": lambda m: m.geqrf(m.eye(2).requires_grad_())[0].sum().backward(),
    "ldl_factor's gradient": lambda m: (
        m.linalg.ldl_factor(m.eye(2).requires_grad_())[0].sum().backward()
    ),
    "householder_product, wide": lambda m: m.linalg.householder_product(m.ones(2, 3), m.ones(2)),
    "householder_product, long tau": lambda m: m.linalg.householder_product(
        m.ones(3, 2), m.ones(3)
    ),
    "householder_product, other batches": lambda m: m.linalg.householder_product(
        m.ones(2, 3, 2), m.ones(3, 2)
    ),
    "ormqr, sizes": lambda m: m.ormqr(m.ones(3, 2), m.ones(2), m.ones(2, 2)),
    "ormqr, other batches": lambda m: m.ormqr(m.ones(3, 2), m.ones(2), m.ones(1, 3, 2)),
    "svd, NaN": lambda m: m.linalg.svd(m.full((2, 2), float("nan"))),
    "svd, driver": lambda m: m.linalg.svd(m.eye(2), driver="gesvd"),
    "svdvals, vector": lambda m: m.linalg.svdvals(m.ones(2)),
    "eigh, UPLO": lambda m: m.linalg.eigh(m.eye(2), UPLO="A"),
    "eigh, 2 by 3": lambda m: m.linalg.eigh(m.ones(2, 3)),
    "eig, NaN": lambda m: m.linalg.eig(m.full((2, 2), float("nan"))),
    "eigvals, 2 by 3": lambda m: m.linalg.eigvals(m.ones(2, 3)),
    "pinv, vector": lambda m: m.linalg.pinv(m.ones(2)),
    "pinv, symmetric 2 by 3": lambda m: m.linalg.pinv(m.ones(2, 3), hermitian=True),
    "matrix_rank, vector": lambda m: m.linalg.matrix_rank(m.ones(2)),
    "lstsq, driver": lambda m: m.linalg.lstsq(m.eye(2), m.eye(2), driver="gesvd"),
    "lstsq, sizes": lambda m: m.linalg.lstsq(m.ones(3, 2), m.ones(2, 1)),
    "lstsq, dtypes": lambda m: m.linalg.lstsq(m.ones(3, 2), m.ones(3, 1).double()),
    "cond, vector": lambda m: m.linalg.cond(m.ones(2)),
    "cond of 2 by 3": lambda m: m.linalg.cond(m.ones(2, 3), 1),
    "norm, nuc of a vector": lambda m: m.linalg.norm(m.ones(2), "nuc"),
    "norm, -2 of nothing": lambda m: m.linalg.matrix_norm(m.ones(0, 3), -2),
    "out of a gradient": lambda m: m.linalg.inv(m.eye(2).requires_grad_(), out=m.empty(2, 2)),
}
SINGULAR = lambda m: m.stack([m.eye(2), m.ones(2, 2)])  # noqa: E731


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(what: str) -> None:
    """By PyTorch's exception, or one of a narrower type; LinAlgError with its very words."""
    torch = the_torch()
    with pytest.raises((RuntimeError, IndexError)) as theirs:
        REFUSED[what](torch)
    with pytest.raises((RuntimeError, IndexError)) as ours:
        REFUSED[what](minitorch)
    if isinstance(theirs.value, torch.linalg.LinAlgError):
        assert isinstance(ours.value, minitorch.linalg.LinAlgError)
        assert str(ours.value).startswith(str(theirs.value).removesuffix("."))
    else:
        narrower = NotImplementedError, minitorch.linalg.LinAlgError
        assert isinstance(ours.value, (type(theirs.value), *narrower))
        assert says_less(ours.value, theirs.value) == "" or "INTERNAL ASSERT" in str(theirs.value)


def test_different_dtypes_are_refused() -> None:
    """PyTorch does not look, and gives numbers that mean nothing."""
    with pytest.raises(RuntimeError, match="to have the same dtype"):
        minitorch.linalg.solve_triangular(
            minitorch.eye(2), minitorch.ones(2, 2).double(), upper=True
        )


MATRICES = st.tuples(
    st.integers(0, 99),
    st.sampled_from([(), (2,), (0,), (2, 1)]),
    st.integers(0, 40),
    st.integers(0, 40),
)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(MATRICES)
def test_factors_as_pytorchs(drawn: Any) -> None:
    """LU with pivots, QR with signs, reflectors: LAPACK's, of every shape."""
    seed, batch, rows, columns = drawn
    a = np.random.default_rng(seed).standard_normal((*batch, rows, columns))
    for function in (
        lambda m, a: m.linalg.lu_factor_ex(a),
        lambda m, a: m.linalg.lu(a),
        lambda m, a: m.geqrf(a),
        lambda m, a: m.linalg.qr(a, "complete"),
        lambda m, a: m.linalg.svdvals(a),
        lambda m, a: m.linalg.matrix_rank(a),
        lambda m, a: m.linalg.pinv(a) if min(a.shape[-2:]) < 20 else a,
    ):
        same(function, a, gradients=False, tolerance=1e-8)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(MATRICES, st.booleans(), st.booleans())
def test_ldl_as_pytorchs(drawn: Any, whole: bool, no_diagonal: bool) -> None:
    seed, batch, n, columns = drawn
    a = np.random.default_rng(seed).standard_normal((*batch, n, n))
    a = np.round(a * 2) if whole else a
    a[..., range(n), range(n)] *= not no_diagonal
    lower = np.tril(a)
    if n and np.abs(np.linalg.det(lower + np.tril(a, -1).swapaxes(-1, -2))).min(initial=1) < 1e-3:
        return  # what is nearly singular divides by rounding
    same(lambda m, a: m.linalg.ldl_factor_ex(a), a, gradients=False, tolerance=1e-6)
    b = np.random.default_rng(seed).standard_normal((n, columns))
    same(
        lambda m, a, b: m.linalg.ldl_solve(*m.linalg.ldl_factor(a), b),
        a,
        b,
        gradients=False,
        tolerance=1e-5,
    )


EMPTY = [
    "inv",
    "inv_ex",
    "det",
    "slogdet",
    "cholesky",
    "cholesky_ex",
    "qr",
    "svd",
    "svdvals",
    "eigh",
    "eigvalsh",
    "pinv",
    "cond",
    "matrix_rank",
    "matrix_exp",
    "lu",
    "lu_factor_ex",
    "ldl_factor_ex",
]


@pytest.mark.parametrize("shape", [(0, 0), (0, 2, 2), (2, 0, 0), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("name", EMPTY)
def test_empty_matrices(name: str, shape: tuple[int, ...]) -> None:
    same(lambda m, a: getattr(m.linalg, name)(a), np.ones(shape), gradients=False)
    tensor = minitorch.ones(shape, requires_grad=True)
    try:
        outs = getattr(minitorch.linalg, name)(tensor)
    except RuntimeError:
        return  # PyTorch's, too
    outs = (outs,) if isinstance(outs, minitorch.Tensor) else outs
    for out in outs[1:2] if name == "svd" else outs:  # the columns beyond the values have none
        if out.requires_grad and "ldl" not in name:
            (grad,) = minitorch.autograd.grad(out.sum(), tensor, retain_graph=True)
            assert grad.shape == shape and not grad.any()


def test_what_is_said_of_singular_matrices() -> None:
    one = np.array([[1.0, 2.0], [3.0, 4.0]])
    pair = np.stack([one, np.ones((2, 2))])
    for function in (
        lambda m, a: m.linalg.inv_ex(a)[1],
        lambda m, a: m.linalg.inv_ex(a)[0][0],
        lambda m, a: m.linalg.solve_ex(a, m.ones_like(a))[1],
        lambda m, a: m.linalg.solve_ex(a, m.ones_like(a))[0][0],
        lambda m, a: m.linalg.lu_factor_ex(a),
        lambda m, a: m.linalg.ldl_factor_ex(a)[2],
        lambda m, a: m.linalg.cholesky_ex(a)[1],
        lambda m, a: m.linalg.cond(a, 1),
        lambda m, a: m.linalg.slogdet(a),
        lambda m, a: m.logdet(a),
        lambda m, a: m.linalg.det(a),
    ):
        same(function, pair, gradients=False)
    assert not minitorch.linalg.inv_ex(minitorch.tensor(pair))[0][1].isfinite().any()
    L, info = minitorch.linalg.cholesky_ex(minitorch.tensor([[1.0, 1.0], [1.0, 1.0]]))
    assert info.item() == 2 and L[:, 0].tolist() == [1.0, 1.0] and L[1, 1].isnan()


def test_the_determinant_has_all_derivatives() -> None:
    """Of matrices of any rank, also of those that are only singular but for rounding."""
    for rank in range(4):
        rng = np.random.default_rng(rank)
        a = rng.standard_normal((3, rank)) @ rng.standard_normal((rank, 3))
        x = minitorch.tensor(a, requires_grad=True)
        assert minitorch.autograd.gradcheck(minitorch.det, (x,))
        assert minitorch.autograd.gradgradcheck(minitorch.det, (x,))

        def leibniz(x: Any) -> Any:
            even = sum(x[0, i] * x[1, (i + 1) % 3] * x[2, (i + 2) % 3] for i in range(3))
            return even - sum(x[0, i] * x[1, (i + 2) % 3] * x[2, (i + 1) % 3] for i in range(3))

        third = []
        for function in (minitorch.det, leibniz):
            (g,) = minitorch.autograd.grad(function(x), x, create_graph=True)
            (g,) = minitorch.autograd.grad((g * g).sum() + g[0, 0], x, create_graph=True)
            third.append(minitorch.autograd.grad((g * g).sum(), x)[0])
        np.testing.assert_allclose(*third, rtol=1e-7, atol=1e-9)


def test_a_large_singular_matrix() -> None:
    a = np.random.default_rng(0).standard_normal((40, 39)) / 6
    a = np.concatenate([a, a[:, :1]], 1)
    same(lambda m, a: m.linalg.det(a).detach() * 0 + a.sum(), a)
    x = minitorch.tensor(a, requires_grad=True)
    (grad,) = minitorch.autograd.grad(x.det(), x)
    null = np.zeros(40)
    null[0], null[-1] = 1, -1
    assert abs(a @ null).max() < 1e-12 and abs(grad.numpy()[:, 1:-1]).max() < 1e-9
    left, right = (np.linalg.det(np.delete(np.delete(a, 0, 0), k, 1)) for k in (0, 39))
    np.testing.assert_allclose(grad.numpy()[0, [0, 39]], [left, -right], rtol=1e-6)


def test_equal_values_and_their_gradients() -> None:
    """Where the gradient exists it is finite; where it does not it is none, as PyTorch's."""
    eye = np.eye(3)
    same(lambda m, a: m.linalg.eigh(a)[1] @ m.linalg.eigh(a)[1].mT, eye, gradients=False)
    x = minitorch.eye(3, requires_grad=True)
    for function in (minitorch.linalg.eigvalsh, minitorch.linalg.svdvals):
        (grad,) = minitorch.autograd.grad(function(x).sum(), x)
        np.testing.assert_allclose(grad.numpy(), eye, atol=1e-6)
    (grad,) = minitorch.autograd.grad(minitorch.linalg.pinv(x).sum(), x)
    np.testing.assert_allclose(grad.numpy(), -np.ones((3, 3)), atol=1e-6)
    for matrix in (x, minitorch.zeros(3, 3, requires_grad=True)):
        vectors = minitorch.linalg.eigh(matrix).eigenvectors
        weight = minitorch.arange(9.0).reshape(3, 3)
        assert not minitorch.autograd.grad((vectors * weight).sum(), matrix)[0].isfinite().all()


def test_vectors_beyond_the_singular_values_have_no_gradient() -> None:
    x = minitorch.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
    for tensor, number in ((x, 0), (x.mT, 2)):
        part = minitorch.linalg.svd(tensor)[number]
        with pytest.raises(RuntimeError, match="have no derivative"):
            part.sum().backward()
    minitorch.linalg.svd(x).U[:, :1].abs().sum().backward()  # these have one
    assert x.grad is not None


def test_eigenvalues_that_are_not_real_are_refused() -> None:
    turn = minitorch.tensor([[0.0, -1.0], [1.0, 0.0]])
    for function in (minitorch.linalg.eig, minitorch.linalg.eigvals):
        with pytest.raises(NotImplementedError, match="complex eigenvalues"):
            function(turn)


def test_pivots_that_are_no_rows_are_refused() -> None:
    """PyTorch reads beyond the matrix."""
    for bad in ([0, 1], [1, 3], [-1, 2]):
        pivots = minitorch.tensor(bad, dtype=minitorch.int32)
        with pytest.raises(RuntimeError, match="between 1 and 2"):
            minitorch.lu_unpack(minitorch.eye(2), pivots)
        with pytest.raises(RuntimeError, match="between 1 and 2"):
            minitorch.linalg.lu_solve(minitorch.eye(2), pivots, minitorch.ones(2, 1))


def test_out() -> None:
    def written(m: Any, a: Any) -> Any:
        outs = [m.empty(0, dtype=a.dtype) for _ in range(3)]
        m.linalg.inv(a, out=outs[0])
        m.linalg.qr(a, out=(outs[1], outs[2]))
        single = m.linalg.matrix_power(a, 3, out=m.empty(a.shape, dtype=a.dtype))
        return [*outs, single, m.linalg.matrix_norm(a, 2, out=m.empty((), dtype=a.dtype))]

    same(written, np.array([[1.0, 2.0], [3.0, 5.0]]), gradients=False)


@pytest.mark.filterwarnings("ignore:torch.qr is deprecated")
def test_results_have_pytorchs_names() -> None:
    torch = the_torch()
    a = [[4.0, 2.0], [2.0, 5.0]]
    for name in [
        "inv_ex",
        "slogdet",
        "cholesky_ex",
        "qr",
        "svd",
        "eigh",
        "eig",
        "lu",
        "lu_factor",
        "lu_factor_ex",
        "ldl_factor",
        "ldl_factor_ex",
    ]:
        ours, theirs = (getattr(m.linalg, name)(m.tensor(a)) for m in (minitorch, torch))
        assert type(ours).__name__ == type(theirs).__name__
        fields = [field for field in dir(theirs) if not field.startswith(("_", "n_"))]
        assert set(fields) - {"count", "index"} == set(ours._fields)
        assert repr(ours).split("(")[0] == repr(theirs).split("(")[0]
    for name in ["qr", "svd", "geqrf", "slogdet"]:
        ours, theirs = (getattr(m, name)(m.tensor(a)) for m in (minitorch, torch))
        assert type(ours).__name__ == type(theirs).__name__ and hasattr(theirs, ours._fields[0])


def test_how_many_components_there_can_be() -> None:
    torch = the_torch()
    for options in ({"q": 3}, {"q": -1}, {"niter": -1}):
        for m in (torch, minitorch):
            with pytest.raises(ValueError, match=r"non-negative integer"):
                m.pca_lowrank(m.ones(2, 4), **options)
